"""What a field of a value may hold: identifiers, texts, moments, money of one currency, frozen mappings.

Input comes from shops, gateways and webhooks, so everything is bounded in size and checked for its exact
type: ``True`` is no quantity, ``2.9`` is no quantity, and a naive datetime is no moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

import attrs

from refundkit.errors import InvalidValueError, shown
from refundkit.money import Money

__all__ = [
    "FrozenMap",
    "amount",
    "choice",
    "count",
    "flag",
    "identifier",
    "instance",
    "is_identifier",
    "moment",
    "optional",
    "positive",
    "text",
    "to_map",
    "to_utc",
    "tuple_of",
    "unique",
]

MAX_ID = 255
MAX_TEXT = 4_000
MAX_DEPTH = 16
MAX_ENTRIES = 500
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

V_co = TypeVar("V_co", covariant=True)
Validator = Callable[[Any, "attrs.Attribute[Any]", Any], None]


class FrozenMap(Mapping[str, V_co]):
    """A mapping that never changes: it compares, hashes and pickles by its content."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, V_co] | Iterable[tuple[str, V_co]] = ()) -> None:
        self._items = dict(items)

    def __getitem__(self, key: str) -> V_co:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenMap, (self._items,)

    def __repr__(self) -> str:
        return repr(self._items)


def to_map(value: Any) -> Any:
    """Freeze a JSON-ready mapping in depth; what is not JSON-ready is left for `json_map` to refuse."""
    return _frozen(value, 0) if isinstance(value, Mapping) else value


def _frozen(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise InvalidValueError(f"A mapping may be nested {MAX_DEPTH} levels deep, not more.")
    if isinstance(value, Mapping):
        return FrozenMap({key: _frozen(inner, depth + 1) for key, inner in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(inner, depth + 1) for inner in value)
    return value.value if isinstance(value, StrEnum) else value


def json_map(owner: Any, field: attrs.Attribute[Any], value: Any) -> None:
    """Require a mapping of str to str, int, bool, None, and sequences and mappings of these."""
    if not isinstance(value, FrozenMap):
        _refuse(owner, field, value, "a mapping")
    entries = _entries(owner, field, value)
    if entries > MAX_ENTRIES:
        _refuse(owner, field, f"{entries} entries", f"a mapping of at most {MAX_ENTRIES} entries")


def _entries(owner: Any, field: attrs.Attribute[Any], value: Any) -> int:
    if isinstance(value, FrozenMap):
        for key in value:
            if type(key) is not str or len(key) > MAX_ID or not is_storable(key):
                _refuse(owner, field, key, f"a mapping with str keys of at most {MAX_ID} characters")
        return len(value) + sum(_entries(owner, field, inner) for inner in value.values())
    if isinstance(value, tuple):
        return len(value) + sum(_entries(owner, field, inner) for inner in value)
    if value is not None and type(value) not in (str, int, bool):
        _refuse(owner, field, value, "JSON without floats (str, int, bool, None, lists and mappings of them)")
    if type(value) is str and (len(value) > MAX_TEXT or not is_storable(value)):
        _refuse(owner, field, f"{len(value)} characters", f"texts of at most {MAX_TEXT} characters")
    if type(value) is int and not -(2**63) < value < 2**63:
        # Nothing else could be written as JSON, or read from it, everywhere.
        _refuse(owner, field, value, "whole numbers below 2**63")
    return 0


def to_utc(value: Any) -> Any:
    """Turn an aware datetime into UTC; anything else is left for `moment` to refuse."""
    if not isinstance(value, datetime) or value.utcoffset() is None or value.tzinfo is UTC:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:  # the first and the last hours of the calendar have no UTC
        return value


def moment(owner: Any, field: attrs.Attribute[Any], value: Any) -> None:
    """Require an aware datetime."""
    if not isinstance(value, datetime) or value.utcoffset() != timedelta(0):
        _refuse(owner, field, value, "an aware datetime, such as datetime.now(UTC)")


def identifier(owner: Any, field: attrs.Attribute[Any], value: Any) -> None:
    """Require a printable str of 1 to 255 characters without spaces around it."""
    if not is_identifier(value):
        _refuse(owner, field, value, f"a printable str of 1 to {MAX_ID} characters without spaces around it")


def is_identifier(value: Any) -> bool:
    """Whether *value* could be an id, a reference or a key."""
    is_plain = type(value) is str and value.isprintable()
    return is_plain and 1 <= len(value) <= MAX_ID and value == value.strip()


def text(owner: Any, field: attrs.Attribute[Any], value: Any) -> None:
    """Require a str of at most 4,000 characters that a database can hold."""
    if type(value) is not str or len(value) > MAX_TEXT or not is_storable(value):
        _refuse(owner, field, value, f"a str of at most {MAX_TEXT} characters")


def is_storable(value: str) -> bool:
    """Whether PostgreSQL could hold it: neither NUL nor half of a surrogate pair."""
    return _UNSTORABLE.search(value) is None


def count(owner: Any, field: attrs.Attribute[Any], value: Any) -> None:
    """Require a whole number of zero and more (an int; no bool)."""
    if type(value) is not int or not 0 <= value < 2**31:
        _refuse(owner, field, value, "a whole number of zero and more")


def positive(owner: Any, field: attrs.Attribute[Any], value: Any) -> None:
    """Require a whole number above zero (an int; no bool)."""
    count(owner, field, value)
    if value == 0:
        _refuse(owner, field, value, "a whole number above zero")


def flag(owner: Any, field: attrs.Attribute[Any], value: Any) -> None:
    """Require True or False themselves."""
    if type(value) is not bool:
        _refuse(owner, field, value, "True or False")


def amount(owner: Any, field: attrs.Attribute[Any], value: Any) -> None:
    """Require Money that is not negative."""
    if type(value) is not Money:
        _refuse(owner, field, value, "Money, such as Money.of('12.50', 'EUR')")
    if value.minor < 0:
        _refuse(owner, field, value, "an amount of zero or more")


def instance(kind: type) -> Validator:
    """Require an instance of *kind*."""

    def check(owner: Any, field: attrs.Attribute[Any], value: Any) -> None:
        if not isinstance(value, kind):
            _refuse(owner, field, value, f"{kind.__name__}")

    return check


def choice(kind: type) -> Validator:
    """Require a member of the enum *kind* itself, not its text."""

    def check(owner: Any, field: attrs.Attribute[Any], value: Any) -> None:
        if type(value) is not kind:
            members = ", ".join(f"{kind.__name__}.{name}" for name in kind.__members__)  # type: ignore[attr-defined]
            _refuse(owner, field, value, f"one of {members}")

    return check


def optional(check: Validator) -> Validator:
    """Allow None as well."""

    def check_optional(owner: Any, field: attrs.Attribute[Any], value: Any) -> None:
        if value is not None:
            check(owner, field, value)

    return check_optional


def tuple_of(kind: type) -> Validator:
    """Require a tuple of *kind*."""

    def check(owner: Any, field: attrs.Attribute[Any], value: Any) -> None:
        if type(value) is not tuple:
            _refuse(owner, field, value, f"a tuple of {kind.__name__}")
        for item in value:
            if not isinstance(item, kind):
                _refuse(owner, field, item, f"a tuple of {kind.__name__}")

    return check


def unique(owner: object, name: str, keys: Iterable[str]) -> None:
    """Require that *keys* name each thing once; *name* says what they are."""
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise InvalidValueError(
                f"{type(owner).__name__} has two {name} {key!r}; each needs its own.", field=name, value=key
            )
        seen.add(key)


def _refuse(owner: Any, field: attrs.Attribute[Any], value: Any, wanted: str) -> None:
    raise InvalidValueError(
        f"{type(owner).__name__}.{field.name} must be {wanted}, not {shown(value)}.",
        field=field.name,
        value=value,
    )
