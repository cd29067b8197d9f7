"""Disputes, as a gateway reports them: only the money that it withdrew consumes the cap (law D1)."""

from __future__ import annotations

import attrs

from refundkit.desk.hearing import Hearing
from refundkit.desk.recorder import Recorder
from refundkit.model.disputes import Dispute, DisputeFunds, DisputeStatus
from refundkit.model.events import EventKind
from refundkit.model.marks import FlagKind
from refundkit.model.payments import Payment
from refundkit.model.reports import DisputeReport

__all__ = ["record_dispute"]


def record_dispute(recorder: Recorder, hearing: Hearing, report: DisputeReport) -> Recorder:
    """Record where a dispute stands; the same again changes nothing."""
    order = recorder.order
    known = next(
        (d for d in order.disputes if (d.payment_id, d.reference) == (hearing.payment.id, report.reference)),
        None,
    )
    dispute = _dispute(hearing.payment, report)
    if known == dispute or (known is not None and hearing.is_stale):
        return recorder
    recorder = recorder.on(order.with_dispute(dispute)).saying(
        _dispute_news(known, dispute),
        payment_id=dispute.payment_id,
        amount=dispute.amount,
        text=dispute.reason,
        data={
            "dispute": dispute.reference,
            "stage": dispute.stage,
            "status": dispute.status,
            "funds": dispute.funds,
        },
    )
    if dispute.withdrawn.is_zero or dispute.amount.currency == order.currency:
        return recorder
    # Money that no sum of this order can hold.
    text = f"{hearing.gateway} withdrew {dispute.amount} on an order in {order.currency}."
    return recorder.flagging(FlagKind.MISMATCHED, dispute.reference, text)


def _dispute(payment: Payment, report: DisputeReport) -> Dispute:
    return Dispute(payment_id=payment.id, **attrs.asdict(report, recurse=False))


def _dispute_news(known: Dispute | None, dispute: Dispute) -> EventKind:
    if dispute.status is DisputeStatus.WON:
        return EventKind.DISPUTE_WON
    if (
        dispute.status in (DisputeStatus.LOST, DisputeStatus.ACCEPTED)
        and dispute.funds is DisputeFunds.WITHDRAWN
    ):
        return EventKind.DISPUTE_LOST
    if not dispute.is_open:
        return EventKind.DISPUTE_CLOSED
    return EventKind.DISPUTE_OPENED if known is None else EventKind.DISPUTE_UPDATED
