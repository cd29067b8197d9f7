"""Overdue: when the sweep cannot find out for days what became of a refund, a person is asked to."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from refundkit.desk.office import Office
from refundkit.desk.recorder import Recorder
from refundkit.model.events import EventKind
from refundkit.model.marks import FlagKind
from refundkit.model.orders import Order
from refundkit.model.refunds import Refund, RefundStatus

__all__ = ["call_for_help"]


def call_for_help(office: Office, order_id: str) -> None:
    """Flag every refund of the order that was asked for long ago and is still unanswered.

    From then on a person decides: nothing is sent until the flag is cleared, and `confirm` can settle it.
    Whatever its gateway says meanwhile is recorded as ever.
    """
    order, now = office.store.get(order_id), office.clock()
    for refund in order.refunds:
        if _is_overdue(office, order, refund, now):
            office.change(order_id, partial(_flagged, refund=refund))


def _is_overdue(office: Office, order: Order, refund: Refund, now: datetime) -> bool:
    if not refund.is_reserving or order.awaits_person(refund):
        return False
    if office.is_by_person(order, refund):
        return False
    waiting = [refund.created_at or now, *_flagged_at(office, order, refund)]
    is_pending = refund.status is RefundStatus.PENDING
    return now - max(waiting) >= (office.timing.overdue_pending if is_pending else office.timing.overdue)


def _flagged_at(office: Office, order: Order, refund: Refund) -> list[datetime]:
    """Return when people were asked about *refund* before; they may have cleared the flag to let it go on."""
    return [
        event.at
        for event in office.store.events(order.id)
        if event.kind is EventKind.ORDER_FLAGGED
        and event.data.get("flag") == FlagKind.OVERDUE
        and event.data.get("subject") == refund.id
    ]


def _flagged(recorder: Recorder, refund: Refund) -> Recorder:
    if not recorder.order.refund(refund.id).is_reserving:
        return recorder
    text = (
        f"Refund {refund.id} of {refund.amount} was asked for on {refund.created_at:%Y-%m-%d}, and nobody could find "
        f"out since what became of it; look at {refund.gateway} and confirm() it, or acknowledge() to try again."
    )
    return recorder.flagging(FlagKind.OVERDUE, refund.id, text)
