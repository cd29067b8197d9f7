"""Records: the JSON objects that services send, read strictly, and what they say on one line.

What a service sends is untrusted, whoever signed it: bounded in size by who reads it, in depth and digits
here (law S3).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NoReturn

__all__ = ["Record", "UnreadableError", "inner", "objects", "scrubber", "strict_object", "text", "thawed"]

Record = dict[str, Any]

MAX_DEPTH: Final = 32
MAX_DIGITS: Final = 20
# How much of a text is looked at, and how much of it is kept.
MAX_TEXT: Final = 2_000
MAX_LINE: Final = 500
_CARD_NUMBER = r"[0-9](?:[ -]?[0-9]){12,18}"


class UnreadableError(ValueError):
    """A record lacks something; the message names the field, never its value (law S2)."""


def strict_object(body: bytes, *, fraction: Callable[[str], Any] = str) -> Record | None:
    """Return *body* as a JSON object, None if it is anything else: no NaN, no duplicate key, no deep nesting.

    *fraction* makes numbers that are not whole from their digits, and raises ValueError for those that it
    does not take; floats there are none.

    >>> strict_object(b'{"amount": 12.50}'), strict_object(b'{"amount": 1, "amount": 2}')
    ({'amount': '12.50'}, None)
    """
    try:
        record = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=lambda digits: fraction(_bounded(digits)),
            parse_int=_small_int,
        )
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and _is_shallow(record) else None


def _unique(pairs: list[tuple[str, Any]]) -> Record:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("duplicate key")  # json would keep the last one, others the first
    return record


def _no_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _bounded(digits: str) -> str:
    if len(digits) > 2 * MAX_DIGITS:
        raise ValueError("too many digits")
    return digits


def _small_int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError("too many digits")
    return int(digits)


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inside for outside in level for inside in _inside(outside)]
    return not level


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def text(record: Mapping[str, Any], name: str) -> str:
    """Return a text that must be there.

    Raises:
        UnreadableError: if it is not.
    """
    value = record.get(name)
    if type(value) is not str or not value:
        raise UnreadableError(f"{name} is missing")
    return value


def inner(record: Mapping[str, Any], name: str) -> Record:
    """Return the record within a record; {} if there is none."""
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def objects(record: Mapping[str, Any], name: str) -> list[Record]:
    """Return the list of records within a record.

    Raises:
        UnreadableError: if it is something else: what cannot be read might be a refund.
    """
    value = record.get(name)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise UnreadableError(f"{name} is no list of objects")
    return value


def scrubber(secrets: str) -> Callable[[object], str]:
    """Return what takes a service's text on one printable line, without card numbers and *secrets* (law S2).

    *secrets* is a regular expression for whatever looks like a secret of this service. What is no text is "".

    >>> scrubber("sk_[a-z]+")("No such key: sk_live, or 4242 4242 4242 4242")
    'No such key: [hidden], or [hidden]'
    """
    hidden = re.compile(f"{secrets}|{_CARD_NUMBER}")

    def plain(value: object) -> str:
        if type(value) is not str:
            return ""
        line = " ".join(value[:MAX_TEXT].split())
        printable = "".join(character for character in line if character.isprintable())
        return hidden.sub("[hidden]", printable)[:MAX_LINE]

    return plain


def thawed(value: Any) -> Any:
    """Undo the freezing of a stored request: JSON and SDKs know dicts and lists only."""
    if isinstance(value, Mapping):
        return {key: thawed(inside) for key, inside in value.items()}
    return [thawed(inside) for inside in value] if isinstance(value, tuple) else value
