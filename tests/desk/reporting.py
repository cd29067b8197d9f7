"""What stripe reports of payment p-1 of an order, and what is written down of it."""

from datetime import timedelta

from refundkit import Actor, Capabilities, EventKind, PaymentReport, RefundOrigin, RefundReport, RefundStatus
from refundkit.desk.hearing import Hearing
from refundkit.desk.recorder import Recorder
from refundkit.desk.recording import record_report
from refundkit.testing.builders import NOW, eur

SUBMITTED, PENDING, SUCCEEDED, FAILED = (
    RefundStatus.SUBMITTED,
    RefundStatus.PENDING,
    RefundStatus.SUCCEEDED,
    RefundStatus.FAILED,
)
EARLIER = NOW - timedelta(days=2)
EXTERNAL, REBUILT = RefundOrigin.EXTERNAL, RefundOrigin.REBUILT


def a_report(amount=1000, **changes):
    """Report a refund of 10.00 that was made in the dashboard, a while ago."""
    told = {
        "status": SUCCEEDED,
        "reference": "re_1",
        "raw_status": "word",
        "reason": "because",
        "at": EARLIER,
    }
    return RefundReport(amount=eur(amount), **{**told, **changes})


def heard(order, *reports, is_stale=False, echoes=True, **changes):
    """Record what stripe says of payment p-1."""
    payment, can = order.payment("p-1"), Capabilities(echoes_refund_id=echoes)
    hearing = Hearing(payment=payment, gateway="stripe", can=can, is_stale=is_stale)
    recorder = Recorder(order=order, now=NOW, actor=Actor.gateway("stripe"))
    told = {"captured": payment.captured, "refunds": reports, **changes}
    return record_report(recorder, hearing, PaymentReport(reference=payment.reference, **told))


def found(recorder):
    """Return the newest refund."""
    return recorder.order.refunds[-1]


def told(recorder):
    """Return what was told, without the flags."""
    return [
        (event.kind, event.refund_id, event.amount, dict(event.data))
        for event in recorder.events
        if event.kind is not EventKind.ORDER_FLAGGED
    ]
