"""What PayPal's records mean: captures, orders and refunds become reports.

Read strictly where money is concerned: an amount that is no plain number, a currency that is unknown, a
refund without an id raise. Words that PayPal may add to at any time (a status) are taken as they come.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import attrs

from refundkit.errors import InvalidValueError
from refundkit.gateways.paypal.amounts import from_paypal
from refundkit.gateways.paypal.guards import is_id, plain
from refundkit.gateways.records import Record, UnreadableError, inner, objects, text
from refundkit.model.refunds import RefundStatus
from refundkit.model.reports import RefundReport
from refundkit.model.statuses import normalize_status
from refundkit.model.words import quoted
from refundkit.money import Money

__all__ = [
    "NOT_CAPTURED",
    "SERVICE",
    "capture_of_refund",
    "captured_of",
    "fee_of",
    "is_refund_id",
    "items",
    "moment",
    "order_of",
    "refund_report",
    "refunds_of",
]

# Whose words `normalize_status` and `normalize_dispute` are asked for.
SERVICE: Final = "paypal"
NOT_CAPTURED: Final = frozenset({"PENDING", "DECLINED", "FAILED"})
_UP = re.compile(r"(?:https://[a-z0-9.-]+|)/v[0-9]/payments/captures/([A-Za-z0-9-]{1,64})", re.ASCII)


def is_refund_id(value: object) -> bool:
    """Whether *value* is a UUID as refundkit writes it, which is what all ids of its refunds are.

    ``custom_id`` belongs to everybody who refunds, other software included; a shop's order number in it must
    not make a refund ours (law T2).
    """
    if not isinstance(value, str) or len(value) != 36:
        return False
    try:
        return str(UUID(value)) == value
    except ValueError:
        return False


def refund_report(record: Record) -> RefundReport:
    """Read a refund.

    ``total_refunded_amount`` is a sum over the capture and not looked at.

    Raises:
        UnreadableError: if it is no refund, or its amount is missing.
        InvalidValueError: if its amount cannot exist.
    """
    said = normalize_status(record.get("status"), SERVICE)
    status = said.status if isinstance(said.status, RefundStatus) else RefundStatus.PENDING
    ours = record.get("custom_id")
    return RefundReport(
        # None, or a word from the future: not known to have ended.
        status=status,
        amount=from_paypal(record.get("amount")),
        reference=text(record, "id"),
        raw_status=said.raw,
        refund_id=ours if is_refund_id(ours) else None,
        payment=capture_of_refund(record),
        failure=said.failure if status is RefundStatus.FAILED else None,
        reason=plain(inner(record, "status_details").get("reason")),
        at=moment(record, "create_time"),
    )


def capture_of_refund(record: Record) -> str | None:
    """Return the id of the capture that a refund came out of, None if the refund does not name it."""
    ups = [link.get("href") for link in items(record, "links") if link.get("rel") == "up"]
    matches = [_UP.fullmatch(href) for href in ups if isinstance(href, str)]
    return next((match[1] for match in matches if match), None)


def refunds_of(order: Record, capture_id: str) -> tuple[RefundReport, ...]:
    """Return every refund of one capture of an *order*.

    Raises:
        UnreadableError: if the order does not hold that capture, or a refund may be of it and may not:
            then a refund that is not listed might exist.
    """
    payments = [inner(unit, "payments") for unit in items(order, "purchase_units")]
    captures = [capture for payment in payments for capture in items(payment, "captures")]
    ours = next((capture for capture in captures if capture.get("id") == capture_id), None)
    if ours is None:
        raise UnreadableError(f"the order does not hold capture {capture_id}")
    reports = _of_capture(payments, capture_id, is_only=len(captures) == 1)
    return tuple(_without_id(report, ours.get("custom_id")) for report in reports)


def _without_id(report: RefundReport, inherited: object) -> RefundReport:
    """Drop an id that the refund has only because its capture has it."""
    return report if report.refund_id != inherited else attrs.evolve(report, refund_id=None)


def _of_capture(payments: list[Record], capture_id: str, *, is_only: bool) -> Iterator[RefundReport]:
    for record in (refund for payment in payments for refund in items(payment, "refunds")):
        source = capture_of_refund(record)
        if source is None and not is_only:
            raise UnreadableError("a refund of the order does not name its capture")
        if source in (None, capture_id):
            yield refund_report(record)


def captured_of(capture: Record) -> Money:
    """Return what was captured, refunded since or not; zero while it is pending, and if it was declined."""
    amount = from_paypal(capture.get("amount"))
    return Money.zero(amount.currency) if quoted(capture.get("status")) in NOT_CAPTURED else amount


def fee_of(capture: Record) -> Money | None:
    """Return PayPal's fee, if it is told in the currency of the payment."""
    try:
        fee = from_paypal(inner(capture, "seller_receivable_breakdown").get("paypal_fee"))
        return fee if fee.currency == from_paypal(capture.get("amount")).currency else None
    except (UnreadableError, InvalidValueError):  # worth knowing, but not worth failing for
        return None


def order_of(capture: Record) -> str | None:
    """Return the order that a capture belongs to, where it says so."""
    found = inner(inner(capture, "supplementary_data"), "related_ids").get("order_id")
    return found if isinstance(found, str) and is_id(found) else None


def items(record: Record, name: str) -> list[Record]:
    """Return a list of objects; [] if it is missing.

    Raises:
        UnreadableError: if it is something else.
    """
    return objects(record, name) if name in record else []


def moment(record: Record, name: str) -> datetime | None:
    """Return a time, which PayPal writes with any offset; None if it is none."""
    value: Any = record.get(name)
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
