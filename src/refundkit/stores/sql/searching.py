"""Searching: what `OrderFilter` and `OrderSort` say in Python, said in SQL, page by page.

Every page begins behind the place where the last one ended, so a long list is never counted through again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from refundkit.model.orders import Order
from refundkit.model.refunds import RESERVING, RefundStatus
from refundkit.stores.base import OrderColumn, OrderFilter, OrderSort
from refundkit.stores.sql import columns, reading, tables
from refundkit.stores.sql.cells import Row

__all__ = ["PAGE", "Section", "page", "sections", "statement"]

PAGE = 100

_O = tables.orders.c
_COLUMNS: Mapping[OrderColumn, tuple[sa.Column[Any], ...]] = {
    OrderColumn.ID: (),
    OrderColumn.PLACED_AT: (_O.placed_at,),
    OrderColumn.EMAIL: (_O.customer_email,),
    OrderColumn.STATUS: (_O.status,),
    OrderColumn.TOTAL: (_O.currency, _O.total_minor),
    OrderColumn.REFUNDED: (_O.currency, _O.refunded_minor),
    OrderColumn.FLAGGED: (_O.flagged,),
    OrderColumn.TEST: (_O.test,),
}


@frozen(kw_only=True)
class Section:
    """A part of a list: the orders for which ``holds``, by ``keys``, of which the last is the id."""

    keys: tuple[sa.Column[Any], ...]
    descending: bool
    holds: tuple[sa.ColumnElement[bool], ...] = ()

    @property
    def order(self) -> tuple[sa.ColumnElement[Any], ...]:
        """What to sort by."""
        return tuple(key.desc() if self.descending else key.asc() for key in self.keys)

    def behind(self, last: Row) -> sa.ColumnElement[bool]:
        """Say that an order comes behind the one with the row *last*."""
        place = sa.tuple_(*(sa.literal(getattr(last, key.name), key.type) for key in self.keys))
        return sa.tuple_(*self.keys) < place if self.descending else sa.tuple_(*self.keys) > place


def sections(sort: OrderSort) -> tuple[Section, ...]:
    """Return the parts of a list in turn: orders with a value in the column, then those without one."""
    chosen = _COLUMNS[sort.by]
    if not any(column.nullable for column in chosen):
        return (Section(keys=(*chosen, _O.id), descending=sort.descending),)
    known = tuple(column.is_not(None) for column in chosen)
    unknown = tuple(column.is_(None) for column in chosen)
    return (
        Section(keys=(*chosen, _O.id), descending=sort.descending, holds=known),
        Section(keys=(_O.id,), descending=sort.descending, holds=unknown),
    )


def page(
    connection: sa.Connection, wanted: OrderFilter, section: Section, after: Row | None
) -> tuple[list[Order], Row | None]:
    """Read the next orders of *section* that *wanted* accepts, behind the row *after*; return the last row too.

    The last row is None if there are no more.
    """
    rows = connection.execute(statement(wanted, section, after)).all()
    return reading.several(connection, rows), rows[-1] if len(rows) == PAGE else None


def statement(wanted: OrderFilter, section: Section, after: Row | None) -> sa.Select[Any]:
    """Select the rows of the next page."""
    chosen = (column for column in _O if column is not _O.registered)
    select = sa.select(*chosen).where(*section.holds, *_conditions(wanted))
    if after is not None:
        select = select.where(section.behind(after))
    return select.order_by(*section.order).limit(PAGE)


def _conditions(wanted: OrderFilter) -> Iterator[sa.ColumnElement[bool]]:
    """Say in SQL what `OrderFilter.accepts` says in Python."""
    if wanted.statuses:
        yield _O.status.in_(wanted.statuses)
    if wanted.email is not None:
        yield _O.customer_email == wanted.email.casefold()
    if wanted.gateway is not None:
        yield _has(tables.payments, tables.payments.c.gateway == wanted.gateway)
    if wanted.tag is not None:
        yield _has(tables.tags, tables.tags.c.tag == wanted.tag)
    if wanted.payment_status is not None:
        yield _has(tables.payments, tables.payments.c.status == wanted.payment_status)
    if wanted.delivery_status is not None:
        yield _has(tables.deliveries, tables.deliveries.c.status == wanted.delivery_status)
    yield from _switches(wanted)
    yield from _moments(wanted)


def _moments(wanted: OrderFilter) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.placed_from is not None:
        yield _O.placed_at >= wanted.placed_from
    if wanted.placed_before is not None:
        yield _O.placed_at < wanted.placed_before
    if wanted.captured_from is not None:
        captured_at = tables.payments.c.captured_at
        yield _has(tables.payments, captured_at.is_(None) | (captured_at >= wanted.captured_from))
    if wanted.refunded_from is not None:
        yield _O.id.in_(_refunded(wanted.refunded_from))


# Written out, not bound: only so do the databases see that a partial index holds what is asked for.
_FLAGGED = sa.literal_column("refundkit_orders.flagged", columns.Truth)
# As text, because a Boolean is compared with 1 on SQLite, and then it sees nothing.
_UNSETTLED = sa.text(columns.choice("status", RESERVING))
_SUCCEEDED = sa.text(columns.choice("status", [RefundStatus.SUCCEEDED]))


def _switches(wanted: OrderFilter) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.flagged is not None:
        yield _FLAGGED if wanted.flagged else sa.not_(_FLAGGED)
    if wanted.unsettled is not None:
        unsettled = _has(tables.refunds, _UNSETTLED)
        yield unsettled if wanted.unsettled else sa.not_(unsettled)
    if wanted.test is not None:
        yield _O.test == wanted.test


def _has(table: sa.Table, condition: sa.ColumnElement[bool] | sa.TextClause) -> sa.ColumnElement[bool]:
    return _O.id.in_(sa.select(table.c.order_id).where(condition))


def _refunded(since: datetime) -> sa.CompoundSelect[Any]:
    """Select the orders of which something succeeded since; two selects, because OR would pass by the index."""
    refunds = tables.refunds.c
    succeeded = sa.select(refunds.order_id).where(_SUCCEEDED)
    return sa.union_all(
        succeeded.where(refunds.settled_at >= since), succeeded.where(refunds.settled_at.is_(None))
    )
