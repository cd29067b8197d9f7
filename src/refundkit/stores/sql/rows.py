"""Rows: every value of an order as a row of its table, and back.

A `Part` is one kind of values that an order has several of. Values are made of rows by the constructors that
everybody uses, so what somebody wrote into the database by hand is checked as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from refundkit.model.credit_notes import CreditNote
from refundkit.model.deliveries import Delivery, DeliveryMove, DeliveryStatus
from refundkit.model.documents import Document, DocumentKind
from refundkit.model.events import Event, EventKind
from refundkit.model.marks import Flag, FlagKind, Note
from refundkit.model.orders import Order
from refundkit.model.parties import Actor, ActorKind, Customer
from refundkit.model.totals import total_of
from refundkit.serialization import dumps, from_json, to_json
from refundkit.stores.base import News, email_key
from refundkit.stores.sql import rows_money, tables
from refundkit.stores.sql.cells import Raw, Row, Values, json_text, minor, money, remembered, same

__all__ = ["PARTS", "Part", "event", "event_row", "grouped", "news", "order", "order_row", "registered"]


@frozen(kw_only=True)
class Part:
    """One kind of values of an order: ``values`` lists them, ``row`` makes the columns of one at its position.

    ``is_kept``: once written, a row of it is never taken away again (law T5).
    """

    table: sa.Table
    values: Callable[[Order], Sequence[Any]]
    row: Callable[[int, Any], Values]
    is_kept: bool = False


# Deliveries, documents, flags and tags.


_DELIVERY_STATE = (
    *("handed_over", "units", "moves", "attempts", "last_error"),
    *("delivered_at", "due_at", "leased_until", "unclear_at"),
)


def _delivery_row(position: int, delivery: Delivery) -> Values:
    return {
        **same(delivery, "id", "line_id", "kind", "target", "status", "quantity", "move"),
        **same(delivery, *_DELIVERY_STATE),
        "position": position,
        "revision": 0,
        "details": json_text(delivery.details),
    }


def _as_delivery(row: Row) -> Delivery:
    return Delivery(
        status=DeliveryStatus(row.status),
        move=None if row.move is None else DeliveryMove(row.move),
        details=json.loads(row.details),
        **same(row, "id", "line_id", "kind", "target", "quantity", *_DELIVERY_STATE),
    )


def _credit_note_row(position: int, note: CreditNote) -> Values:
    return {**same(note, "series", "number", "refund_id"), "position": position, "note": dumps(note)}


def _as_credit_note(row: Row) -> CreditNote:
    return from_json(json.loads(row.note), CreditNote)


def _document_row(position: int, document: Document) -> Values:
    return {**same(document, "id", "kind", "number", "issued_at"), "position": position}


def _as_document(row: Row) -> Document:
    return Document(kind=DocumentKind(row.kind), **same(row, "id", "number", "issued_at"))


def _flag_row(position: int, flag: Flag) -> Values:
    return {**same(flag, "kind", "subject", "text", "raised_at"), "position": position}


def _as_flag(row: Row) -> Flag:
    return Flag(kind=FlagKind(row.kind), **same(row, "subject", "text", "raised_at"))


_delivery = remembered(tables.deliveries, _as_delivery)
_credit_note = remembered(tables.credit_notes, _as_credit_note)
_document = remembered(tables.documents, _as_document)
_flag = remembered(tables.flags, _as_flag)
_tag = remembered(tables.tags, lambda row: row.tag)

# In the order of their foreign keys.
PARTS = (
    Part(table=tables.order_lines, values=rows_money.line_values, row=rows_money.line_row, is_kept=True),
    Part(table=tables.payments, values=rows_money.payment_values, row=rows_money.payment_row, is_kept=True),
    Part(
        table=tables.requests, values=lambda order: order.requests, row=rows_money.request_row, is_kept=True
    ),
    Part(table=tables.refunds, values=lambda order: order.refunds, row=rows_money.refund_row, is_kept=True),
    Part(table=tables.refund_lines, values=rows_money.refund_line_values, row=rows_money.refund_line_row),
    Part(
        table=tables.disputes, values=lambda order: order.disputes, row=rows_money.dispute_row, is_kept=True
    ),
    Part(table=tables.deliveries, values=lambda order: order.deliveries, row=_delivery_row),
    Part(table=tables.documents, values=lambda order: order.documents, row=_document_row),
    Part(
        table=tables.credit_notes,
        values=lambda order: order.credit_notes,
        row=_credit_note_row,
        is_kept=True,
    ),
    Part(table=tables.flags, values=lambda order: order.flags, row=_flag_row),
    Part(
        table=tables.tags,
        values=lambda order: order.tags,
        row=lambda position, tag: {"position": position, "tag": tag},
    ),
)

# The order itself.


def order_row(order: Order) -> Values:
    """Make the columns that every change writes; what it is due at and what was registered are not among them."""
    return {
        **same(order, "currency", "placed_at", "test", "status", "fetch_due_at", "redelivered_at", "version"),
        "parts": sum(1 << place for place, part in enumerate(PARTS) if part.values(order)),
        "customer_email": email_key(order),
        "total_minor": total_of(order).minor,
        "refunded_minor": order.refunded.minor,
        "flagged": order.is_flagged,
        "customer": None if order.customer is None else dumps(order.customer),
        "notes": json_text([to_json(note) for note in order.notes]),
        "metadata": json_text(order.metadata),
    }


_REFUND_ID = list(tables.refunds.c).index(tables.refunds.c.id)
_OF_REFUND = list(tables.refund_lines.c).index(tables.refund_lines.c.refund_id)


def order(row: Row, parts: Mapping[sa.Table, Sequence[Raw]]) -> Order:
    """Make an order of its row and the raw rows of its parts, each in the order of their positions."""
    lines = grouped(parts[tables.refund_lines], _OF_REFUND)
    return Order(
        **same(row, "id", "currency", "placed_at", "test", "fetch_due_at", "version"),
        **same(row, "due_at", "delivery_due_at", "redelivered_at"),
        customer=None if row.customer is None else from_json(json.loads(row.customer), Customer),
        notes=tuple(from_json(note, Note) for note in json.loads(row.notes)),
        metadata=json.loads(row.metadata),
        lines=tuple(map(rows_money.line, parts[tables.order_lines])),
        payments=tuple(map(rows_money.payment, parts[tables.payments])),
        requests=tuple(map(rows_money.request, parts[tables.requests])),
        refunds=tuple(
            rows_money.refund(each, lines.get(each[_REFUND_ID], ())) for each in parts[tables.refunds]
        ),
        disputes=tuple(map(rows_money.dispute, parts[tables.disputes])),
        deliveries=tuple(map(_delivery, parts[tables.deliveries])),
        documents=tuple(map(_document, parts[tables.documents])),
        credit_notes=tuple(map(_credit_note, parts[tables.credit_notes])),
        flags=tuple(map(_flag, parts[tables.flags])),
        tags=tuple(map(_tag, parts[tables.tags])),
    )


def grouped(rows: Iterable[Raw], place: int) -> Mapping[Any, tuple[Raw, ...]]:
    """Group *rows* by the cell at *place*."""
    groups: dict[Any, list[Raw]] = {}
    for row in rows:
        groups.setdefault(row[place], []).append(row)
    return {key: tuple(group) for key, group in groups.items()}


def registered(text: str) -> Order:
    """Read the order as it was registered."""
    return from_json(json.loads(text), Order)


# Events.


def event_row(event: Event) -> Values:
    """Make the columns of a new event; no listener has heard of it."""
    return {
        **same(event, "order_id", "version", "number", "kind", "at", "payment_id", "refund_id", "text"),
        "actor_kind": event.actor.kind,
        "actor_name": event.actor.name,
        **minor("amount", event.amount),
        "data": json_text(event.data),
    }


def news(row: Row) -> News:
    """Make of an event's row what its listeners still have to hear."""
    return News(event=event(row), taken_by=frozenset(json.loads(row.taken_by or "[]")))


def event(row: Row) -> Event:
    """Make an event of its row."""
    return Event(
        kind=EventKind(row.kind),
        actor=Actor(ActorKind(row.actor_kind), row.actor_name),
        amount=money(row.amount_minor, row.amount_currency),
        data=json.loads(row.data),
        **same(row, "order_id", "version", "number", "at", "payment_id", "refund_id", "text"),
    )
