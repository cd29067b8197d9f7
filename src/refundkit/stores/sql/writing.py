"""Writing: which rows differ between an order and a newer one, and the statements for just these."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa
from attrs import Factory, frozen
from sqlalchemy.dialects import postgresql, sqlite

from refundkit.errors import StoreError
from refundkit.model.events import Event
from refundkit.model.orders import Order
from refundkit.serialization import dumps
from refundkit.stores.base import Hint, Work, names_of, require_free
from refundkit.stores.sql import rows, tables
from refundkit.stores.sql.cells import Values, json_text
from refundkit.stores.sql.rows import Part
from refundkit.stores.sql.transactions import OutpacedError

__all__ = [
    "drop_hint",
    "drop_hints",
    "insert_events",
    "insert_order",
    "keep_hint",
    "mark_delivered",
    "mark_taken",
    "next_number",
    "put_back",
    "update_order",
]

Lock = Callable[[sa.Select[Any]], sa.Select[Any]]

# Each dialect has an INSERT of its own that knows ON CONFLICT; here they say the same.
_ADD_ORDER: dict[str, sa.Executable] = {
    "sqlite": sqlite.insert(tables.orders).on_conflict_do_nothing().returning(tables.orders.c.id),
    "postgresql": postgresql.insert(tables.orders).on_conflict_do_nothing().returning(tables.orders.c.id),
}

# The same SQL on both engines. It waits for others who take the reference right now, and tells the owner.
_TAKE = sa.text(
    "INSERT INTO refundkit_payment_references (gateway, reference, order_id) "
    "VALUES (:gateway, :reference, :order_id) ON CONFLICT (gateway, reference) "
    "DO UPDATE SET order_id = refundkit_payment_references.order_id RETURNING order_id"
)


_CHANGE_ORDER = (
    sa.update(tables.orders)
    .where(tables.orders.c.id == sa.bindparam("at_id"), tables.orders.c.version == sa.bindparam("at_version"))
    .returning(tables.orders.c.id)
)


def insert_order(connection: sa.Connection, registered: Order, order: Order) -> None:
    """Write a new *order*, and beside it what was *registered*.

    Raises:
        OutpacedError: if somebody registered an order of that id in the meantime.
    """
    values = {
        "id": order.id,
        "due_at": order.due_at,
        "delivery_due_at": order.delivery_due_at,
        "registered": dumps(registered),
        **rows.order_row(order),
    }
    if connection.execute(_ADD_ORDER[connection.dialect.name], values).first() is None:
        raise OutpacedError
    for part in rows.PARTS:
        _write(connection, order.id, _difference(part, None, order))
    _take_references(connection, None, order)


_DUE = tuple(work.field for work in Work)


def update_order(connection: sa.Connection, old: Order, new: Order) -> None:
    """Write whatever differs between *old* and *new*, row by row.

    Raises:
        OutpacedError: if *old* is not the newest version any more.
        StoreError: if *new* is another order, or lacks what is never taken away.
    """
    _require_same_record(old, new)
    values = rows.order_row(new)
    # A change that leaves a due time alone keeps the lease that a sweep may have taken meanwhile.
    values |= {name: getattr(new, name) for name in _DUE if getattr(new, name) != getattr(old, name)}
    known = {"at_id": old.id, "at_version": old.version}
    if connection.execute(_CHANGE_ORDER, {**values, **known}).first() is None:
        raise OutpacedError
    for part in rows.PARTS:
        _write(connection, old.id, _difference(part, old, new))
    _take_references(connection, old, new)


def _require_same_record(old: Order, new: Order) -> None:
    if (new.id, new.currency, new.lines) != (old.id, old.currency, old.lines):
        raise StoreError(
            f"Id, currency and registered lines of order {old.id} never change; new lines come with a revision."
        )


def _take_references(connection: sa.Connection, old: Order | None, new: Order) -> None:
    known = _references(old) if old else set()
    # Sorted, so that two orders that want the same ones wait for each other in one direction only.
    for gateway, reference in sorted(_references(new) - known):
        values = {"gateway": gateway, "reference": reference, "order_id": new.id}
        require_free(gateway, reference, new.id, connection.execute(_TAKE, values).scalar_one())


def _references(order: Order) -> set[tuple[str, str]]:
    return {(payment.gateway, name) for payment in order.payments for name in names_of(payment)}


# The difference of one part.


@frozen
class _Difference:
    """The rows of one part that have to be written, by the key that tells them apart within the order."""

    part: Part
    gone: dict[tuple[object, ...], Values] = Factory(dict)
    come: dict[tuple[object, ...], Values] = Factory(dict)

    def key(self, row: Values) -> tuple[object, ...]:
        return tuple(row[name] for name in _key_names(self.part.table))

    @property
    def deleted(self) -> list[Values]:
        return [row for key, row in self.gone.items() if key not in self.come]

    @property
    def updated(self) -> list[Values]:
        return [row for key, row in self.come.items() if self.gone.get(key, row) != row]

    @property
    def inserted(self) -> list[Values]:
        return [row for key, row in self.come.items() if key not in self.gone]


_NOTHING = object()


def _difference(part: Part, old: Order | None, new: Order) -> _Difference:
    """Compare place by place; values that a change left alone are the very same objects, so this is quick."""
    difference = _Difference(part)
    before, after = part.values(old) if old else (), part.values(new)
    if before == after:
        return difference
    for position, (was, now) in enumerate(zip_longest(before, after, fillvalue=_NOTHING)):
        if was is now or was == now:
            continue
        for value, found in ((was, difference.gone), (now, difference.come)):
            if value is not _NOTHING:
                row = part.row(position, value)
                found[difference.key(row)] = row
    return difference


def _write(connection: sa.Connection, order_id: str, difference: _Difference) -> None:
    table = difference.part.table
    deleted, updated, inserted = difference.deleted, difference.updated, difference.inserted
    if deleted and difference.part.is_kept:
        raise StoreError(f"What order {order_id} has in {table.name} is never taken away again (law T5).")
    if deleted:
        connection.execute(_delete(table), [_at(order_id, table, row) for row in deleted])
    if updated:
        connection.execute(_update(table), [{**row, **_at(order_id, table, row)} for row in updated])
    if inserted:
        connection.execute(_insert(table), [{"order_id": order_id, **row} for row in inserted])


@cache
def _key_names(table: sa.Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key if column.name != "order_id")


def _at(order_id: str, table: sa.Table, row: Values) -> Values:
    return {"at_order_id": order_id, **{f"at_{name}": row[name] for name in _key_names(table)}}


def _is_at(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(*(column == sa.bindparam(f"at_{column.name}") for column in table.primary_key))


@cache
def _delete(table: sa.Table) -> sa.Delete:
    return sa.delete(table).where(_is_at(table))


@cache
def _update(table: sa.Table) -> sa.Update:
    return sa.update(table).where(_is_at(table))


@cache
def _insert(table: sa.Table) -> sa.Insert:
    return sa.insert(table)


# Events.


def insert_events(connection: sa.Connection, events: Iterable[Event]) -> None:
    """Append *events*."""
    if written := [rows.event_row(event) for event in events]:
        connection.execute(_insert(tables.events), written)


_DELIVERED = (
    sa.update(tables.events)
    .where(_is_at(tables.events), tables.events.c.delivered_at.is_(None))
    .values(delivered_at=sa.bindparam("moment"))
)


def mark_delivered(connection: sa.Connection, events: Iterable[Event]) -> None:
    """Set the time of delivery of *events*, unless it is set."""
    now = datetime.now(UTC)
    if at := [_event_at(event) | {"moment": now} for event in events]:
        connection.execute(_DELIVERED, at)


_TAKEN_BY = sa.select(tables.events.c.taken_by).where(_is_at(tables.events))
_TAKE_EVENT = sa.update(tables.events).where(_is_at(tables.events)).values(taken_by=sa.bindparam("names"))


def mark_taken(connection: sa.Connection, lock: Lock, event: Event, listeners: Iterable[str]) -> None:
    """Add *listeners* to those who have *event*; *lock* keeps others from doing so at the same time."""
    at = _event_at(event)
    known = connection.execute(lock(_TAKEN_BY), at).scalar_one_or_none()
    names = sorted({*json.loads(known or "[]"), *listeners})
    connection.execute(_TAKE_EVENT, at | {"names": json_text(names)})


def _event_at(event: Event) -> Values:
    return {f"at_{name}": getattr(event, name) for name in ("order_id", "version", "number")}


# Numbers without gaps.

_NEXT = sa.text(
    "INSERT INTO refundkit_series (series, last) VALUES (:series, 1) "
    "ON CONFLICT (series) DO UPDATE SET last = refundkit_series.last + 1 RETURNING last"
)
_PUT_BACK = sa.text("UPDATE refundkit_series SET last = last - 1 WHERE series = :series")


def next_number(connection: sa.Connection, series: str) -> int:
    """Take the next number of a series; others wait for theirs until this transaction has ended."""
    number: int = connection.execute(_NEXT, {"series": series}).scalar_one()
    return number


def put_back(connection: sa.Connection, series: str) -> None:
    """Put back the number that this transaction took and does not need."""
    connection.execute(_PUT_BACK, {"series": series})


# Hints.

_KEEP: dict[str, sa.Executable] = {
    "sqlite": sqlite.insert(tables.hints).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(tables.hints).on_conflict_do_nothing(),
}
_DROP = sa.delete(tables.hints).where(
    tables.hints.c.gateway == sa.bindparam("of"), tables.hints.c.reference == sa.bindparam("named")
)


_DROP_OLD = sa.delete(tables.hints).where(tables.hints.c.noted_at < sa.bindparam("before"))


def keep_hint(connection: sa.Connection, gateway: str, reference: str, at: datetime) -> None:
    """Keep a hint, unless it is kept already."""
    values = {"gateway": gateway, "reference": reference, "noted_at": at}
    connection.execute(_KEEP[connection.dialect.name], values)


def drop_hint(connection: sa.Connection, hint: Hint) -> None:
    """Forget a hint."""
    connection.execute(_DROP, {"of": hint.gateway, "named": hint.reference})


def drop_hints(connection: sa.Connection, before: datetime) -> None:
    """Forget old hints."""
    connection.execute(_DROP_OLD, {"before": before})
