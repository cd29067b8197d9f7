"""Cells: what goes into single columns, and what is made of it again."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, TypeVar

import sqlalchemy as sa

from refundkit.money import Money
from refundkit.stores.sql.columns import Moment, Truth

__all__ = ["Raw", "Row", "Values", "json_text", "minor", "money", "raw", "remembered", "same"]

Row = Any  # something with a column per attribute, of which no type checker knows
Raw = tuple[Any, ...]  # a row as the driver gave it
Values = dict[str, Any]
V = TypeVar("V")

# A FrozenMap is the only part of a JSON-ready value that json does not know.
_ENCODER = json.JSONEncoder(default=dict, separators=(",", ":"), allow_nan=False)
json_text = _ENCODER.encode


def raw(table: sa.Table) -> sa.Select[Any]:
    """Select the rows of *table* as the driver gives them, for the functions that `remembered` makes."""
    cells: list[sa.ColumnElement[Any]] = [
        sa.type_coerce(column, sa.types.NULLTYPE).label(column.name) for column in table.c
    ]
    return sa.select(*cells)


def remembered(table: sa.Table, make: Callable[..., V]) -> Callable[..., V]:
    """Return a function that makes values of raw rows of *table*, and remembers what it made of equal ones.

    An order is read again with every change, and nearly all of its rows are the same as before. Making their
    values is most of the work of reading it, so that is done once for each content of a row.
    """
    readers = {column.name: _READERS.get(type(column.type)) for column in table.c}

    @lru_cache(maxsize=4096)
    def read(cells: Raw, *more: Any) -> V:
        named = zip(readers.items(), cells, strict=True)
        return make(
            SimpleNamespace(**{name: reader(cell) if reader else cell for (name, reader), cell in named}),
            *more,
        )

    return read


_READERS: dict[type, Callable[[Any], Any]] = {Moment: Moment.read, Truth: Truth.read}


def minor(name: str, value: Money | None) -> Values:
    """Make the two columns of money that may be missing or of another currency."""
    return {
        f"{name}_minor": None if value is None else value.minor,
        f"{name}_currency": None if value is None else value.currency,
    }


def money(minor_units: int | None, currency: str | None) -> Money | None:
    """Make money of its two columns."""
    return None if minor_units is None or currency is None else Money.of_minor(minor_units, currency)


def same(source: Any, *names: str) -> Values:
    """Take over what has the same name in the row as in the value."""
    return {name: getattr(source, name) for name in names}
