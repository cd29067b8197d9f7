"""The tables of the SQL store, with the laws that a database can keep by itself as a second wall.

Every value is in columns; JSON text stands only where nothing is looked up or added up: whole requests, the
order as it was registered, mappings, and what one event was about. Where rows belong to a list of the order,
``position`` is their place in it.

Nothing here may refuse what a gateway truly says (law T1). So external refunds and those outside the cap are
in no counter, and a refund's reference is not unique: one bank transfer may settle two refunds, and a refund
that turned out different shares its reference with the one that was asked for.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from refundkit.model.deliveries import DeliveryMove, DeliveryStatus
from refundkit.model.disputes import DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.documents import DocumentKind
from refundkit.model.lines import LineKind
from refundkit.model.marks import FlagKind
from refundkit.model.parties import ActorKind
from refundkit.model.payments import PaymentFailure, PaymentStatus
from refundkit.model.refunds import RESERVING, FailureCode, RefundOrigin, RefundStatus
from refundkit.model.requests import Purpose, RefundReason
from refundkit.model.standing import OrderStatus
from refundkit.stores.sql import columns, triggers
from refundkit.stores.sql.columns import Truth, amount, id_, json_, moment, number, one_of, text

__all__ = ["metadata"]

metadata = sa.MetaData(
    naming_convention={
        "ck": "%(table_name)s_%(constraint_name)s",
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(column_0_N_name)s_fk",
    }
)


def _table(name: str, *parts: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(f"refundkit_{name}", metadata, *parts, sqlite_strict=True)


def _of_order(name: str, *parts: sa.schema.SchemaItem, key: tuple[str, ...]) -> sa.Table:
    """Make a table whose rows belong to an order and are told apart by *key*."""
    owner = sa.ForeignKeyConstraint(["order_id"], ["refundkit_orders.id"])
    return _table(name, id_(), *parts, sa.PrimaryKeyConstraint("order_id", *key), owner)


def _check(name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=name)


def _money(name: str) -> tuple[sa.schema.SchemaItem, ...]:
    """Make columns for money that may be missing, or of another currency than the order's."""
    minor, currency = f"{name}_minor", f"{name}_currency"
    return (
        sa.Column(minor, columns.Minor),
        text(currency, optional=True),
        _check(minor, f"{minor} >= 0"),
        _check(name, f"({minor} IS NULL) = ({currency} IS NULL)"),
    )


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


orders = _table(
    "orders",
    sa.Column("id", columns.Id, primary_key=True),
    id_("currency"),
    id_("customer_email", optional=True),
    moment("placed_at"),
    sa.Column("test", Truth, nullable=False),
    # Derived from everything else, and written with every change: search needs them.
    one_of("status", OrderStatus),
    amount("total"),
    amount("refunded"),
    sa.Column("flagged", Truth, nullable=False),
    moment("fetch_due_at"),
    moment("due_at"),
    moment("delivery_due_at"),
    moment("redelivered_at"),
    number("version", least=1),
    # Which of the tables below have rows of this order, one bit each: the others are not read at all.
    number("parts"),
    json_("customer", optional=True),
    json_("notes"),
    json_("metadata"),
    json_("registered"),
    sa.Index("refundkit_orders_due", "due_at", "id", **_where("due_at IS NOT NULL")),
    sa.Index(
        "refundkit_orders_delivery_due",
        "delivery_due_at",
        "id",
        **_where("delivery_due_at IS NOT NULL"),
    ),
    sa.Index("refundkit_orders_by_email", "customer_email", "id"),
    sa.Index("refundkit_orders_by_placed_at", "placed_at", "id"),
    sa.Index("refundkit_orders_by_status", "status", "id"),
    sa.Index("refundkit_orders_flagged", "id", **_where("flagged")),
)

# Revision 0 is what was registered; the others are what requests made of it (law C8).
order_lines = _of_order(
    "order_lines",
    number("revision"),
    id_("line_id"),
    number("position"),
    one_of("kind", LineKind),
    text("name"),
    number("quantity", least=1),
    text("currency"),
    amount("total"),
    sa.Column("tax_minor", columns.Minor),
    text("tax_rate", optional=True),
    *_money("unit_price"),
    *_money("discount"),
    text("sku", optional=True),
    _check("tax", "tax_minor BETWEEN 0 AND total_minor"),
    key=("revision", "line_id"),
)

payments = _of_order(
    "payments",
    id_("id"),
    number("position"),
    id_("gateway"),
    id_("reference"),
    text("currency"),
    amount("captured"),
    moment("captured_at"),
    json_("aliases"),
    id_("gateway_group", optional=True),
    one_of("status", PaymentStatus),
    text("method", optional=True),
    one_of("failure", PaymentFailure, optional=True),
    *_money("fee"),
    json_("details"),
    *_money("confirmed"),
    number("reported_version"),
    # Law C1: refunds of ours only. Written as a difference, because the sum of two amounts may not fit.
    amount("reserved"),
    amount("returned"),
    _check("cap", "returned_minor <= captured_minor - reserved_minor"),
    sa.Index("refundkit_payments_by_gateway", "gateway", "order_id"),
    key=("id",),
)

# Everything a gateway may call a payment: its reference, its aliases, the group that it belongs to (law C4).
payment_references = _table(
    "payment_references",
    id_("gateway"),
    id_("reference"),
    id_(),
    sa.PrimaryKeyConstraint("gateway", "reference"),
    sa.ForeignKeyConstraint(["order_id"], [orders.c.id]),
)

# What webhooks named before an order of that reference was registered.
hints = _table(
    "hints",
    id_("gateway"),
    id_("reference"),
    moment("noted_at", optional=False),
    sa.PrimaryKeyConstraint("gateway", "reference"),
    sa.Index("refundkit_hints_by_noted_at", "noted_at"),
)

requests = _of_order(
    "requests",
    id_("key"),
    number("position"),
    text("digest"),
    moment("accepted_at", optional=False),
    one_of("purpose", Purpose),
    json_("accepted"),
    key=("key",),
)

refunds = _of_order(
    "refunds",
    id_("id"),
    number("position"),
    id_("payment_id"),
    id_("gateway"),
    text("currency"),
    amount("amount", least=1),
    one_of("status", RefundStatus),
    id_("key", optional=True),
    one_of("reason_type", RefundReason, optional=True),
    one_of("origin", RefundOrigin),
    id_("reference", optional=True),
    text("raw_status"),
    one_of("failure", FailureCode, optional=True),
    text("failure_text"),
    json_("prepared", optional=True),
    number("revision"),
    sa.Column("outside_cap", Truth, nullable=False),
    moment("created_at"),
    moment("first_sent_at"),
    moment("last_sent_at"),
    moment("leased_until"),
    moment("unclear_at"),
    moment("settled_at"),
    moment("notified_at"),
    number("attempts"),
    # Law C4: a refund names a payment of its own order.
    sa.ForeignKeyConstraint(["order_id", "payment_id"], [payments.c.order_id, payments.c.id]),
    sa.Index("refundkit_refunds_by_id", "id"),
    sa.Index("refundkit_refunds_unsettled", "order_id", **_where(columns.choice("status", RESERVING))),
    sa.Index(
        "refundkit_refunds_succeeded",
        "settled_at",
        "order_id",
        **_where(columns.choice("status", [RefundStatus.SUCCEEDED])),
    ),
    key=("id",),
)

refund_lines = _of_order(
    "refund_lines",
    id_("refund_id"),
    number("position"),
    number("revision"),
    id_("line_id"),
    amount("amount"),
    amount("tax"),
    _check("tax", "tax_minor <= amount_minor"),
    sa.ForeignKeyConstraint(["order_id", "refund_id"], [refunds.c.order_id, refunds.c.id]),
    sa.ForeignKeyConstraint(
        ["order_id", "revision", "line_id"],
        [order_lines.c.order_id, order_lines.c.revision, order_lines.c.line_id],
    ),
    key=("refund_id", "position"),
)

disputes = _of_order(
    "disputes",
    number("position"),
    id_("reference"),
    id_("payment_id"),
    text("currency"),
    amount("amount"),
    one_of("stage", DisputeStage),
    one_of("status", DisputeStatus),
    one_of("funds", DisputeFunds),
    text("reason"),
    text("raw_status"),
    moment("due_by"),
    moment("opened_at"),
    sa.ForeignKeyConstraint(["order_id", "payment_id"], [payments.c.order_id, payments.c.id]),
    key=("position",),
)

deliveries = _of_order(
    "deliveries",
    id_("id"),
    number("position"),
    # Deliveries are of the registered lines.
    number("revision"),
    id_("line_id"),
    text("kind"),
    text("target"),
    one_of("status", DeliveryStatus),
    number("quantity", least=1),
    number("handed_over"),
    one_of("move", DeliveryMove, optional=True),
    number("units"),
    number("moves"),
    number("attempts"),
    text("last_error"),
    moment("delivered_at"),
    moment("due_at"),
    moment("leased_until"),
    moment("unclear_at"),
    _check("handed_over_of_quantity", "handed_over <= quantity"),
    json_("details"),
    _check("registered", "revision = 0"),
    sa.ForeignKeyConstraint(
        ["order_id", "revision", "line_id"],
        [order_lines.c.order_id, order_lines.c.revision, order_lines.c.line_id],
    ),
    key=("id",),
)

documents = _of_order(
    "documents",
    id_("id"),
    number("position"),
    one_of("kind", DocumentKind),
    text("number"),
    moment("issued_at"),
    key=("id",),
)

# The last number that was used of each series of credit notes.
series = _table("series", id_("series"), number("last"), sa.PrimaryKeyConstraint("series"))

credit_notes = _of_order(
    "credit_notes",
    number("position"),
    id_("series"),
    number("number", least=1),
    id_("refund_id"),
    json_("note"),
    sa.ForeignKeyConstraint(["order_id", "refund_id"], [refunds.c.order_id, refunds.c.id]),
    sa.Index("refundkit_credit_notes_by_number", "series", "number", unique=True),
    key=("refund_id",),
)

flags = _of_order(
    "flags",
    number("position"),
    one_of("kind", FlagKind),
    id_("subject"),
    text("text"),
    moment("raised_at", optional=False),
    key=("position",),
)

tags = _of_order(
    "tags", number("position"), id_("tag"), sa.Index("refundkit_tags_by_tag", "tag"), key=("position",)
)

# The outbox too: an event waits until every listener has it. Only ``delivered_at`` and ``taken_by`` ever change.
events = _of_order(
    "events",
    number("version"),
    number("number"),
    text("kind"),
    moment("at", optional=False),
    one_of("actor_kind", ActorKind),
    text("actor_name"),
    text("payment_id", optional=True),
    text("refund_id", optional=True),
    *_money("amount"),
    text("text"),
    json_("data"),
    moment("delivered_at"),
    # The names of the listeners that have it already, while others have not.
    json_("taken_by", optional=True),
    sa.Index(
        "refundkit_events_undelivered", "order_id", "version", "number", **_where("delivered_at IS NULL")
    ),
    key=("version", "number"),
)

triggers.guard(
    metadata,
    triggers.Law(refunds, "DELETE", "a refund is never deleted (law T5)"),
    triggers.Law(events, "DELETE", "events are append-only (law T4)"),
    triggers.Law(
        events,
        "UPDATE",
        "events are append-only (law T4)",
        when=triggers.any_changed(
            column for column in events.c if column.name not in ("delivered_at", "taken_by")
        ),
    ),
    triggers.Law(
        payments,
        "UPDATE",
        "what was captured is never lowered (law C1)",
        when="NEW.captured_minor < OLD.captured_minor",
    ),
)
