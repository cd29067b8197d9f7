"""Rows of what is about money: lines, payments, requests, refunds and disputes."""

from __future__ import annotations

import json
from decimal import Decimal

from refundkit.model.disputes import Dispute, DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.lines import LineKind, OrderLine
from refundkit.model.orders import Order
from refundkit.model.payments import Payment, PaymentFailure, PaymentStatus
from refundkit.model.refunds import FailureCode, Refund, RefundLine, RefundOrigin, RefundStatus
from refundkit.model.requests import AcceptedRequest, RefundReason
from refundkit.money import Money
from refundkit.serialization import dumps, from_json
from refundkit.stores.sql import tables
from refundkit.stores.sql.cells import Raw, Row, Values, json_text, minor, money, remembered, same

# Lines: the registered ones are revision 0, and every request that revised them adds one.

PlacedLine = tuple[int, int, OrderLine]


def line_values(order: Order) -> tuple[PlacedLine, ...]:
    """List the lines of every revision, with their revision and their place in it."""
    revised = (accepted.request.revision or () for accepted in order.revisions)
    return tuple(
        (revision, position, line)
        for revision, lines in enumerate((order.lines, *revised))
        for position, line in enumerate(lines)
    )


def line_row(_: int, placed: PlacedLine) -> Values:
    """Make the columns of a line."""
    revision, position, line = placed
    return {
        **same(line, "kind", "name", "quantity", "sku"),
        "revision": revision,
        "line_id": line.id,
        "position": position,
        "currency": line.total.currency,
        "total_minor": line.total.minor,
        "tax_minor": None if line.tax is None else line.tax.minor,
        "tax_rate": None if line.tax_rate is None else str(line.tax_rate),
        **minor("unit_price", line.unit_price),
        **minor("discount", line.discount),
    }


def _line(row: Row) -> OrderLine:
    return OrderLine(
        id=row.line_id,
        kind=LineKind(row.kind),
        total=Money.of_minor(row.total_minor, row.currency),
        tax=money(row.tax_minor, row.currency),
        tax_rate=None if row.tax_rate is None else Decimal(row.tax_rate),
        unit_price=money(row.unit_price_minor, row.unit_price_currency),
        discount=money(row.discount_minor, row.discount_currency),
        **same(row, "name", "quantity", "sku"),
    )


# Payments, with the counters of law C1.

CountedPayment = tuple[Payment, int, int]


def payment_values(order: Order) -> tuple[CountedPayment, ...]:
    """List the payments, each with what is reserved and returned of it by requests of ours."""
    sums = (order.payment_sums[payment.id] for payment in order.payments)
    return tuple((each.payment, each.reserved.minor, each.returned.minor) for each in sums)


def payment_row(position: int, counted: CountedPayment) -> Values:
    """Make the columns of a payment."""
    payment, reserved, returned = counted
    return {
        **same(payment, "id", "gateway", "reference", "captured_at", "status", "method", "failure"),
        "position": position,
        "currency": payment.captured.currency,
        "captured_minor": payment.captured.minor,
        "aliases": json_text(payment.aliases),
        "gateway_group": payment.group,
        **minor("fee", payment.fee),
        "details": json_text(payment.details),
        **minor("confirmed", payment.confirmed),
        "reported_version": payment.reported_version,
        "reserved_minor": reserved,
        "returned_minor": returned,
    }


def _payment(row: Row) -> Payment:
    return Payment(
        captured=Money.of_minor(row.captured_minor, row.currency),
        aliases=tuple(json.loads(row.aliases)),
        group=row.gateway_group,
        status=PaymentStatus(row.status),
        failure=None if row.failure is None else PaymentFailure(row.failure),
        fee=money(row.fee_minor, row.fee_currency),
        details=json.loads(row.details),
        confirmed=money(row.confirmed_minor, row.confirmed_currency),
        **same(row, "id", "gateway", "reference", "captured_at", "method", "reported_version"),
    )


# Requests: looked up by key, and otherwise whole.


def request_row(position: int, accepted: AcceptedRequest) -> Values:
    """Make the columns of a request: the whole of it, and what it is looked up by."""
    return {
        **same(accepted, "key", "digest", "accepted_at"),
        "position": position,
        "purpose": accepted.request.purpose,
        "accepted": dumps(accepted),
    }


def _request(row: Row) -> AcceptedRequest:
    return from_json(json.loads(row.accepted), AcceptedRequest)


# Refunds, and the parts of them that belong to lines.

_REFUND = (
    *(
        "id",
        "payment_id",
        "gateway",
        "key",
        "reference",
        "raw_status",
        "failure_text",
        "revision",
        "outside_cap",
    ),
    *("created_at", "first_sent_at", "last_sent_at", "leased_until", "unclear_at"),
    *("settled_at", "notified_at", "attempts"),
)


def refund_row(position: int, refund: Refund) -> Values:
    """Make the columns of a refund; its lines have rows of their own."""
    return {
        **same(refund, *_REFUND, "status", "reason_type", "origin", "failure"),
        "position": position,
        "currency": refund.amount.currency,
        "amount_minor": refund.amount.minor,
        "prepared": None if refund.prepared is None else json_text(refund.prepared),
    }


def _refund(row: Row, lines: tuple[Raw, ...]) -> Refund:
    return Refund(
        amount=Money.of_minor(row.amount_minor, row.currency),
        status=RefundStatus(row.status),
        lines=tuple(refund_line(line, row.currency) for line in lines),
        reason_type=None if row.reason_type is None else RefundReason(row.reason_type),
        origin=RefundOrigin(row.origin),
        failure=None if row.failure is None else FailureCode(row.failure),
        prepared=None if row.prepared is None else json.loads(row.prepared),
        **same(row, *_REFUND),
    )


PlacedRefundLine = tuple[str, int, int, RefundLine]


def refund_line_values(order: Order) -> tuple[PlacedRefundLine, ...]:
    """List the lines of every refund, with the refund's id and revision, and their place in it."""
    return tuple(
        (refund.id, refund.revision, position, line)
        for refund in order.refunds
        for position, line in enumerate(refund.lines)
    )


def refund_line_row(_: int, placed: PlacedRefundLine) -> Values:
    """Make the columns of a refund's line; its currency is the refund's."""
    refund_id, revision, position, line = placed
    return {
        "refund_id": refund_id,
        "revision": revision,
        "position": position,
        "line_id": line.line_id,
        "amount_minor": line.amount.minor,
        "tax_minor": line.tax.minor,
    }


def _refund_line(row: Row, currency: str) -> RefundLine:
    return RefundLine(
        line_id=row.line_id,
        amount=Money.of_minor(row.amount_minor, currency),
        tax=Money.of_minor(row.tax_minor, currency),
    )


# Disputes.


def dispute_row(position: int, dispute: Dispute) -> Values:
    """Make the columns of a dispute."""
    return {
        **same(dispute, "reference", "payment_id", "stage", "status", "funds", "reason", "raw_status"),
        **same(dispute, "due_by", "opened_at"),
        "position": position,
        "currency": dispute.amount.currency,
        "amount_minor": dispute.amount.minor,
    }


def _dispute(row: Row) -> Dispute:
    return Dispute(
        amount=Money.of_minor(row.amount_minor, row.currency),
        stage=DisputeStage(row.stage),
        status=DisputeStatus(row.status),
        funds=DisputeFunds(row.funds),
        **same(row, "reference", "payment_id", "reason", "raw_status", "due_by", "opened_at"),
    )


line = remembered(tables.order_lines, _line)
payment = remembered(tables.payments, _payment)
request = remembered(tables.requests, _request)
refund = remembered(tables.refunds, _refund)
refund_line = remembered(tables.refund_lines, _refund_line)
dispute = remembered(tables.disputes, _dispute)
