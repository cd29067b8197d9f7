"""Adoption: a refund that is found at a gateway is rebuilt as ours, or adopted as made elsewhere (law T2)."""

from __future__ import annotations

import json
from uuid import uuid5

import attrs

from refundkit.desk.recorder import Recorder
from refundkit.model.events import EventKind
from refundkit.model.marks import FlagKind
from refundkit.model.orders import Order
from refundkit.model.payments import Payment
from refundkit.model.refunds import NAMESPACE, Refund, RefundLine, RefundOrigin, RefundStatus
from refundkit.model.reports import RefundReport
from refundkit.money import Money
from refundkit.policy.attribution import attribute, cut_lines, request_line

__all__ = ["adopt", "corrected", "rebuild"]


def rebuild(recorder: Recorder, payment: Payment, gateway: str, report: RefundReport) -> Recorder:
    """Write down again a refund of ours that the store has lost, as after a restored backup."""
    name = report.refund_id or ""
    refund = _found(recorder, payment, gateway, report, name)
    sums = recorder.order.payment_sums[payment.id]
    fits = refund.amount.currency == recorder.order.currency and refund.amount <= (
        sums.payment.captured - sums.reserved - sums.returned
    )
    rebuilt = attrs.evolve(refund, origin=RefundOrigin.REBUILT, outside_cap=not fits)
    return _added(recorder, rebuilt, EventKind.REFUND_REBUILT, report)


def adopt(recorder: Recorder, payment: Payment, gateway: str, report: RefundReport) -> Recorder:
    """Record a refund that was made elsewhere; it is never executed by us."""
    if not report.amount.is_positive:
        return recorder
    name = _external_id(payment, gateway, report)
    if any(refund.id == name for refund in recorder.order.refunds):
        return recorder
    refund = _found(recorder, payment, gateway, report, name)
    return _added(recorder, refund, EventKind.REFUND_ADOPTED, report)


def _external_id(payment: Payment, gateway: str, report: RefundReport) -> str:
    known: list[object] = [gateway, report.reference, report.refund_id]
    if report.reference is None and report.refund_id is None:
        # A gateway that names its refunds by nothing: all that can tell two of them apart is when and how much.
        known += [payment.reference, report.amount.minor, report.at.isoformat() if report.at else None]
    return str(uuid5(NAMESPACE, json.dumps(["external", *known])))


def _found(recorder: Recorder, payment: Payment, gateway: str, report: RefundReport, name: str) -> Refund:
    return Refund(
        id=name,
        payment_id=payment.id,
        gateway=gateway,
        amount=report.amount,
        status=report.status,
        origin=RefundOrigin.EXTERNAL,
        reference=report.reference,
        raw_status=report.raw_status,
        failure=report.failure,
        failure_text=report.reason,
        revision=recorder.order.revision,
        created_at=report.at or recorder.now,
        settled_at=None if report.status is RefundStatus.PENDING else report.at or recorder.now,
    )


def _added(recorder: Recorder, refund: Refund, kind: EventKind, report: RefundReport) -> Recorder:
    """Add a found refund, with its money attributed to lines as far as they go (law C6)."""
    order = recorder.order
    if refund.amount.currency != order.currency:
        return _foreign(_placed(recorder, refund, kind), refund)
    if not refund.is_alive:
        return _placed(recorder, refund, kind)
    lines, excess = _attributed(order, refund.amount)
    recorder = _placed(recorder, attrs.evolve(refund, lines=lines), kind)
    if excess.is_zero:
        return recorder
    text = f"{excess} of refund {report.reference or refund.id} is more than the lines have left."
    return recorder.flagging(FlagKind.UNATTRIBUTED, refund.id, text)


def _attributed(order: Order, amount: Money) -> tuple[tuple[RefundLine, ...], Money]:
    """Return the parts of *amount* line by line, and what is more than the lines have left."""
    shares = attribute(order, amount)
    parts = [request_line(order.line_sums[key], money) for key, money in shares.by_line.items()]
    return cut_lines(parts, [amount])[0], shares.excess


def _placed(recorder: Recorder, refund: Refund, kind: EventKind) -> Recorder:
    return recorder.on(recorder.order.with_refund(refund)).saying(
        kind, refund=refund, data={"status": refund.status}
    )


def _foreign(recorder: Recorder, refund: Refund) -> Recorder:
    """Flag money that no sum of this order can hold."""
    text = f"{refund.gateway} gave back {refund.amount} on an order in {recorder.order.currency}."
    return recorder.flagging(FlagKind.MISMATCHED, refund.id, text)


# A refund made elsewhere that was written down with another amount, by hand or by a gateway that changed its mind.


def corrected(recorder: Recorder, refund: Refund, report: RefundReport) -> Recorder:
    """Take over the amount that the gateway says of a refund made elsewhere, and have a person look (law T1)."""
    if refund.is_ours or report.amount == refund.amount or not report.amount.is_positive:
        return recorder
    if report.status is RefundStatus.FAILED:
        return recorder
    order = recorder.order
    others = attrs.evolve(order, refunds=tuple(known for known in order.refunds if known is not refund))
    # Lines of an older revision are closed; nothing of them is counted any more.
    counts = refund.revision == order.revision and report.amount.currency == order.currency
    lines = _attributed(others, report.amount)[0] if counts and refund.lines else ()
    newer = attrs.evolve(refund, amount=report.amount, lines=lines)
    text = (
        f"{refund.gateway} says that {report.reference or refund.id} gave back {report.amount}; "
        f"{refund.amount} was written down."
    )
    recorder = recorder.on(order.with_refund(newer)).saying(
        EventKind.REFUND_MISMATCHED, refund=newer, text=text
    )
    return recorder.flagging(FlagKind.MISMATCHED, refund.id, text)
