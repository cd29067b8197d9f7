"""Columns: how moments, flags, ids and JSON are kept by SQLite and PostgreSQL alike.

SQLite's STRICT tables know INTEGER and TEXT only, so every type here says what it is there as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = [
    "Id",
    "Minor",
    "Moment",
    "Truth",
    "amount",
    "choice",
    "id_",
    "json_",
    "moment",
    "number",
    "one_of",
    "text",
]


class Moment(TypeDecorator[datetime]):
    """An aware moment in UTC with microseconds; on SQLite ISO text of one width, which sorts by time."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        return self.read(value)

    @staticmethod
    def read(value: Any) -> datetime | None:
        """Read what a driver gave: text of SQLite, or a moment in the time zone of PostgreSQL's session."""
        if value is None:
            return None
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


class Truth(TypeDecorator[bool]):
    """True or False; 1 or 0 on SQLite."""

    impl = sa.Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.Integer() if dialect.name == "sqlite" else sa.Boolean())

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> bool | None:
        return self.read(value)

    @staticmethod
    def read(value: Any) -> bool | None:
        """Read what a driver gave: 1 or 0 of SQLite."""
        return None if value is None else bool(value)


# Ids sort by code point, as Python sorts them, whatever the language of the database is.
Id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Minor = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def id_(name: str = "order_id", *, optional: bool = False) -> sa.Column[str]:
    """Make a column for an identifier."""
    return sa.Column(name, Id, nullable=optional)


def text(name: str, *, optional: bool = False) -> sa.Column[str]:
    """Make a column for text that nothing is looked up by."""
    return sa.Column(name, sa.Text, nullable=optional)


def json_(name: str, *, optional: bool = False) -> sa.Column[str]:
    """Make a column for JSON as ASCII text: it can hold NUL and everything else that JSON can say."""
    return sa.Column(name, sa.Text, nullable=optional)


def number(name: str, *, least: int = 0) -> sa.Column[int]:
    """Make a column for a whole number of *least* and more."""
    return sa.Column(name, sa.Integer, _check(name, f"{name} >= {least}"), nullable=False)


def moment(name: str, *, optional: bool = True) -> sa.Column[datetime]:
    """Make a column for a moment."""
    return sa.Column(name, Moment, nullable=optional)


def amount(name: str, *, least: int = 0) -> sa.Column[int]:
    """Make a column for an amount in minor units of the row's currency, *least* and more."""
    return sa.Column(
        f"{name}_minor", Minor, _check(f"{name}_minor", f"{name}_minor >= {least}"), nullable=False
    )


def one_of(name: str, members: type[StrEnum], *, optional: bool = False) -> sa.Column[str]:
    """Make a column for a member of an enum."""
    return sa.Column(name, Id, _check(name, choice(name, members)), nullable=optional)


def choice(name: str, members: Iterable[StrEnum]) -> str:
    """Say in SQL that *name* is one of *members*."""
    return f"{name} IN ({', '.join(sorted(repr(member.value) for member in members))})"


def _check(name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=name)
