"""The words of others: every shop and gateway spells the same status differently.

``Sent for Refund``, ``sentForRefund`` and ``SENT_FOR_REFUND`` are one word here. Tables of words are written
with the meaning first, so that one can read what is taken for a success and what is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from refundkit.errors import InvalidValueError

__all__ = ["meaning", "quoted", "words"]

M = TypeVar("M")

MAX_LENGTH = 100
# Brackets because some connectors hand on Adyen's answer as "[refund-received]".
_SEPARATORS = re.compile(r"[\s_.\-\[\]]+", re.ASCII)


def words(table: Mapping[M, str]) -> Mapping[str, M]:
    """Turn a table of meanings, each with its words, into one of words, each with its meaning."""
    pairs = [(_squeezed(word), meaning) for meaning, line in table.items() for word in line.split()]
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidValueError("A table of words names a word twice.", field="table", value=table)
    return found


def meaning(
    raw: object, gateway: object, anywhere: Mapping[str, M], at: Mapping[str, Mapping[str, M]]
) -> M | None:
    """Look *raw* up *at* the gateway, where a word may have a meaning of its own, and then *anywhere*."""
    word = _squeezed(raw)
    special = at.get(_squeezed(gateway), {})
    return special.get(word, anywhere.get(word))


def quoted(raw: object) -> str:
    """Keep a raw word so that a report can hold it: at most 100 printable characters, "" if it is no text."""
    text = str.__str__(raw)[:MAX_LENGTH] if isinstance(raw, str) else ""
    return "".join(character if character.isprintable() else "?" for character in text)


def _squeezed(raw: object) -> str:
    """Leave out what separates, and write it small; "" for what is no plain text."""
    if not isinstance(raw, str) or len(raw) > MAX_LENGTH or not raw.isascii():
        return ""
    return _SEPARATORS.sub("", raw).lower()
