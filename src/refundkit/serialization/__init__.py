"""Values as JSON and back: the only place that knows their JSON shape.

::

    Money("12.50", "EUR")     {"amount": "12.50", "currency": "EUR"}
    enums                     their value: "succeeded"
    datetime                  "2026-03-01T12:00:00Z", with six decimals when there are microseconds
    timedelta                 seconds: 72000, or "0.500000" when there are microseconds
    Decimal                   a str: "19.5"
    tuples, frozensets        lists; sets are sorted
    mappings                  objects, in depth

Fields that hold their default are left out, so a value written today is still read when it has gained a
field; for the same reason the default of a stored field must never change. Reading is strict (law S3):
``2.9``, ``"2"`` and ``true`` are no quantity, and a key that is not known is refused. Whatever comes from
outside goes through `loads`, which also bounds size, depth and digits before anything is made of it.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, TypeVar

import attrs
import cattrs
from cattrs.errors import BaseValidationError

from refundkit.errors import InvalidValueError
from refundkit.serialization import shapes, text
from refundkit.serialization.misfits import explained

__all__ = ["dumps", "from_json", "loads", "make_converter", "to_json"]

V = TypeVar("V")


def to_json(value: object) -> dict[str, Any]:
    """Turn a value of refundkit into a JSON-ready dict.

    >>> from refundkit.money import Money
    >>> to_json(Money.of("12.5", "EUR"))
    {'amount': '12.50', 'currency': 'EUR'}

    Raises:
        InvalidValueError: if *value* is not one of refundkit's values.
    """
    if not attrs.has(type(value)):
        raise InvalidValueError(
            f"Only values of refundkit have a JSON shape, not {type(value).__name__}.", value=value
        )
    data: dict[str, Any] = _converter().unstructure(value)
    return data


def from_json(data: object, kind: type[V]) -> V:
    """Make a value of *kind* of what `to_json` gave. Any size is taken, so it is for data of our own.

    >>> from refundkit.money import Money
    >>> from_json({"amount": "12.50", "currency": "EUR"}, Money)
    Money('12.50', 'EUR')

    Raises:
        InvalidValueError: if anything is missing, unknown or of another type; ``field`` is the path to it.
    """
    try:
        value: V = _converter().structure(data, kind)
    except (BaseValidationError, InvalidValueError) as error:
        # Not "from error": the groups of cattrs would show every value on the way.
        raise explained(error, _name(kind)) from None
    return value


def dumps(value: object) -> str:
    """Write a value of refundkit as JSON text, ASCII only.

    >>> from refundkit.money import Money
    >>> dumps(Money.of("12.5", "EUR"))
    '{"amount":"12.50","currency":"EUR"}'

    Raises:
        InvalidValueError: if *value* is not one of refundkit's values.
    """
    return json.dumps(to_json(value), allow_nan=False, separators=(",", ":"))


def loads(source: str | bytes, kind: type[V], *, max_bytes: int = text.MAX_BYTES) -> V:
    """Read a value of *kind* from JSON text that may come from anywhere (law S3).

    At most *max_bytes* bytes of UTF-8 (256 KiB, if nothing is said) and 32 levels deep; keys are unique,
    and numbers are ints of at most 20 characters.

    >>> from refundkit.money import Money
    >>> loads('{"amount": "12.50", "currency": "EUR"}', Money)
    Money('12.50', 'EUR')
    >>> loads('{"amount": 12.5, "currency": "EUR"}', Money)
    Traceback (most recent call last):
        ...
    refundkit.errors.InvalidValueError: The JSON text has the float 12.5; write it as text, like "12.50".

    Raises:
        InvalidValueError: whatever is wrong with it.
    """
    return from_json(text.parse(source, max_bytes=max_bytes), kind)


def make_converter() -> cattrs.Converter:
    """Make a cattrs converter that knows the JSON shape; what is added to one is not added to another.

    Its ``structure`` raises the exception groups of cattrs; `from_json` is the one that explains.

    >>> from refundkit.money import Money
    >>> make_converter().unstructure(Money.of(3, "JPY"))
    {'amount': '3', 'currency': 'JPY'}
    """
    converter = cattrs.Converter(
        omit_if_default=True,
        unstruct_collection_overrides={tuple: list, frozenset: sorted},
    )
    shapes.add_writers(converter)
    shapes.add_readers(converter)
    return converter


@cache
def _converter() -> cattrs.Converter:
    """Keep one converter, because cattrs writes and compiles code for every class that it meets."""
    return make_converter()


def _name(kind: type) -> str:
    """Name the root of a path: "refund_request" for RefundRequest."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
