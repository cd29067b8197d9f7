"""Reading: orders and events, in a number of statements that does not depend on how many rows there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, reduce
from operator import or_
from typing import Any

import sqlalchemy as sa

from refundkit.model.events import Event
from refundkit.model.orders import Order
from refundkit.stores.base import News, Work
from refundkit.stores.sql import columns, rows, tables
from refundkit.stores.sql.cells import Raw, Row, raw

__all__ = [
    "due",
    "events_of",
    "find_owner",
    "find_refund",
    "hints",
    "one",
    "order_row",
    "registered",
    "several",
    "undelivered",
]

_O, _E = tables.orders.c, tables.events.c

# What was registered is large, and read by nobody but `registered`.
order_row = sa.select(*(column for column in _O if column is not _O.registered)).where(
    _O.id == sa.bindparam("id")
)
registered = sa.select(_O.registered).where(_O.id == sa.bindparam("id"))


def one(connection: sa.Connection, row: Row) -> Order:
    """Read the order of which *row* was read, in later statements: whoever locks the row sees all of it."""
    parts = _nothing()
    for table in _tables_of(row.parts):
        parts[table] = tuple(map(tuple, connection.execute(_of_one(table), {"id": row.id}).all()))
    return rows.order(row, parts)


def several(connection: sa.Connection, order_rows: Sequence[Row]) -> list[Order]:
    """Read the orders of which *order_rows* were read."""
    ids = [row.id for row in order_rows]
    found: dict[sa.Table, Mapping[str, tuple[Raw, ...]]] = {table: {} for table in _TABLES}
    for table in _tables_of(reduce(or_, (row.parts for row in order_rows), 0)):
        result = connection.execute(_of_several(table), {"ids": ids}).all()
        # order_id is the first column of every part.
        found[table] = rows.grouped(map(tuple, result), 0)
    return [rows.order(row, {table: of.get(row.id, ()) for table, of in found.items()}) for row in order_rows]


_TABLES = tuple(part.table for part in rows.PARTS)


def _nothing() -> dict[sa.Table, tuple[Raw, ...]]:
    return dict.fromkeys(_TABLES, ())


@cache
def _tables_of(parts: int) -> tuple[sa.Table, ...]:
    """Return the tables that the bits of *parts* stand for (see `rows.order_row`)."""
    return tuple(table for place, table in enumerate(_TABLES) if parts >> place & 1)


@cache
def _of_one(table: sa.Table) -> sa.Select[Any]:
    return _rows(table).where(table.c.order_id == sa.bindparam("id"))


@cache
def _of_several(table: sa.Table) -> sa.Select[Any]:
    return _rows(table).where(table.c.order_id.in_(sa.bindparam("ids", expanding=True)))


def _rows(table: sa.Table) -> sa.Select[Any]:
    """Select rows in the order of their positions."""
    select = raw(table).order_by(table.c.position)
    # The lines of later revisions are in the requests that made them.
    return select.where(table.c.revision == 0) if table is tables.order_lines else select


def due(work: Work, now: datetime, limit: int) -> sa.Select[tuple[str]]:
    """Select the orders whose time has come, the longest due first."""
    due_at = tables.orders.c[work.field]
    return sa.select(_O.id).where(due_at <= now).order_by(due_at, _O.id).limit(limit)


# Finding by what a gateway or a caller knows.


def find_owner(connection: sa.Connection, gateway: str, reference: str) -> str | None:
    """Return the order that a payment reference, alias or group belongs to."""
    known = tables.payment_references.c
    select = sa.select(known.order_id).where(known.gateway == gateway, known.reference == reference)
    return connection.execute(select).scalar_one_or_none()


def find_refund(connection: sa.Connection, refund_id: str) -> str | None:
    """Return the order that a refund belongs to."""
    known = tables.refunds.c
    select = sa.select(known.order_id).where(known.id == refund_id).order_by(known.order_id).limit(1)
    return connection.execute(select).scalar_one_or_none()


# Events.

_EVENTS = sa.select(tables.events).order_by(_E.order_id, _E.version, _E.number)


def events_of(connection: sa.Connection, order_id: str) -> tuple[Event, ...]:
    """Read the events of an order, oldest first."""
    return tuple(map(rows.event, connection.execute(_EVENTS.where(_E.order_id == order_id))))


def undelivered(
    connection: sa.Connection, order_id: str | None, after: Event | None, limit: int
) -> tuple[News, ...]:
    """Read what waits for listeners, by order id and then oldest first."""
    select = _EVENTS.where(_E.delivered_at.is_(None)).limit(limit)
    if order_id is not None:
        select = select.where(_E.order_id == order_id)
    if after is not None:
        place = (sa.literal(after.order_id, columns.Id), after.version, after.number)
        select = select.where(sa.tuple_(_E.order_id, _E.version, _E.number) > sa.tuple_(*place))
    return tuple(map(rows.news, connection.execute(select)))


# Hints.


def hints(order_id: str | None, limit: int) -> sa.Select[Any]:
    """Select the hints that an order answers to by now."""
    hint, known = tables.hints.c, tables.payment_references.c
    same = sa.and_(known.gateway == hint.gateway, known.reference == hint.reference)
    select = sa.select(hint.gateway, hint.reference, known.order_id).join_from(
        tables.hints, tables.payment_references, same
    )
    return (select if order_id is None else select.where(known.order_id == order_id)).limit(limit)
