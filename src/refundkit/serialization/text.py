"""JSON text that nobody vouches for: bounded in size, depth and digits before anything is made of it."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from refundkit.errors import InvalidValueError, shown

__all__ = ["MAX_BYTES", "parse"]

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
# Room for every int below 2**63, and its sign.
MAX_DIGITS = 20


def parse(source: str | bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """Parse JSON of at most *max_bytes* bytes of UTF-8, without floats and without a key that comes twice.

    >>> parse(b'{"quantity": 2}')
    {'quantity': 2}

    Raises:
        InvalidValueError: whatever is wrong with it.
    """
    return _parsed(_bounded(source, max_bytes))


def _bounded(text: str | bytes, max_bytes: int) -> str:
    if not isinstance(text, (str, bytes)):
        raise _refused(f"is a str or bytes, not {type(text).__name__}.")
    try:
        # A str has no more characters than bytes, so a huge one is refused without copying it.
        raw = text.encode() if isinstance(text, str) and len(text) <= max_bytes else text
        if len(raw) > max_bytes:
            raise _refused(f"has more than {max_bytes} bytes.")
        return raw.decode() if isinstance(raw, bytes) else raw
    except UnicodeError:
        raise _refused("is not valid UTF-8.") from None


def _parsed(text: str) -> Any:
    if _depth(text) > MAX_DEPTH:
        raise _refused(f"is nested more than {MAX_DEPTH} levels deep.")
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_short_int,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except json.JSONDecodeError as error:
        # Only where, not what: the error of json carries the whole text.
        raise _refused(f"is not JSON: {error.msg} at character {error.pos}.") from None


# Strings are matched whole, so that a bracket in a text does not count; an open one runs to the end.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)


def _depth(text: str) -> int:
    """Count how deep *text* is nested, without recursion, because json itself would recurse."""
    depth = deepest = 0
    for token in _TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0][0], 0)
        deepest = max(deepest, depth)
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            raise _refused(f"has the key {shown(key)} twice.")
        data[key] = value
    return data


def _short_int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise _refused(f"has a number of {len(digits)} digits.")
    return int(digits)


def _no_float(digits: str) -> NoReturn:
    raise _refused(f'has the float {digits[:40]}; write it as text, like "12.50".')


def _refused(reason: str) -> InvalidValueError:
    return InvalidValueError(f"The JSON text {reason}", field="text")
