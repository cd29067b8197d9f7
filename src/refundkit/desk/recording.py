"""Recording: what a gateway says becomes what the order says. Pure functions; facts are never refused.

Every road ends here: the answer to a refund, a webhook's fetch, the sweep, a look at the dashboard's
refunds. A report is matched to a refund of ours, or rebuilt as ours, or adopted as external (law T2); what
should not have been possible is recorded as well and raises a flag (law T1).
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from refundkit.desk.adoption import adopt, corrected, rebuild
from refundkit.desk.disputes import record_dispute
from refundkit.desk.hearing import Hearing
from refundkit.desk.recorder import Recorder
from refundkit.desk.timing import is_leased
from refundkit.model.events import EventKind
from refundkit.model.marks import FlagKind
from refundkit.model.orders import Order
from refundkit.model.payments import Payment
from refundkit.model.refunds import FailureCode, Refund, RefundStatus
from refundkit.model.reports import PaymentReport, RefundReport

__all__ = ["record_answer", "record_report", "settle_by_hand", "watch_exposure"]


# The answer to one call.


def record_answer(recorder: Recorder, refund_id: str, report: RefundReport, *, attempt: int) -> Recorder:
    """Record what the gateway answered to attempt number *attempt* of one refund.

    A "no" without a refund of its own behind it fails the refund only if no other attempt is in doubt (E4).
    """
    before = recorder.order
    refund = before.refund(refund_id)
    if _is_of_another(before, refund, report):
        return _disbelieved(recorder, refund, report)
    if report.status is RefundStatus.FAILED and report.reference is None:
        return _declined(recorder, refund, report, attempt)
    if refund.status is RefundStatus.FAILED or _is_another(refund, report):
        # Either this answer is late or what is recorded was wrong; only the gateway's own list can tell.
        return recorder.urging()
    recorder = _known(recorder, refund, report, _forwards_only)
    return recorder if recorder.order is before else _noted(recorder, refund.payment_id, before)


def _is_of_another(order: Order, refund: Refund, report: RefundReport) -> bool:
    """Whether an answer was mixed up: it carries the id or the reference of another refund of the order."""
    if report.refund_id not in (None, refund.id):
        return True
    twin = _by_reference(order, refund.gateway, report)
    return twin is not None and twin.id != refund.id


def _disbelieved(recorder: Recorder, refund: Refund, report: RefundReport) -> Recorder:
    """Leave the refund unanswered, and have the gateway asked."""
    if refund.status is not RefundStatus.SUBMITTED:
        return recorder.urging()
    unclear = attrs.evolve(refund, leased_until=None, unclear_at=recorder.now)
    text = f"{refund.gateway} answered with another refund: {report.reference or report.refund_id}."
    return (
        recorder.on(recorder.order.with_refund(unclear))
        .saying(EventKind.REFUND_UNCLEAR, refund=unclear, text=text)
        .urging()
    )


def _is_another(refund: Refund, report: RefundReport) -> bool:
    return None not in (refund.reference, report.reference) and refund.reference != report.reference


def _declined(recorder: Recorder, refund: Refund, report: RefundReport, attempt: int) -> Recorder:
    if refund.status is not RefundStatus.SUBMITTED:
        return recorder
    if refund.unclear_at is not None or refund.attempts != attempt:
        return _doubted(recorder, refund, report, attempt)
    return _move(recorder, refund, report).urging()


def _doubted(recorder: Recorder, refund: Refund, report: RefundReport, attempt: int) -> Recorder:
    """Keep the money reserved: "already refunded" may be our own refund, whose answer was lost."""
    is_newest = refund.attempts == attempt
    doubted = attrs.evolve(
        refund,
        failure=report.failure or FailureCode.UNKNOWN,
        failure_text=report.reason,
        raw_status=report.raw_status,
        unclear_at=refund.unclear_at or refund.last_sent_at,
        # An answer to an older attempt says nothing of the newest one, which may be on its way.
        leased_until=None if is_newest else refund.leased_until,
    )
    text = f"Declined after an unclear attempt: {report.reason or report.raw_status}"
    return (
        recorder.on(recorder.order.with_refund(doubted))
        .saying(EventKind.REFUND_UNCLEAR, refund=doubted, text=text)
        .urging()
    )


# Everything that is true of one payment.


def record_report(recorder: Recorder, hearing: Hearing, report: PaymentReport) -> Recorder:
    """Record all that a gateway says of one payment; with no news, nothing changes."""
    before = recorder.order
    if hearing.is_own:
        recorder = _confirm(recorder, hearing, report)
        for dispute in report.disputes:
            recorder = record_dispute(recorder, hearing, dispute)
    for refund in report.refunds or ():
        recorder = _record_refund(recorder, hearing, refund)
    return recorder if recorder.order is before else _noted(recorder, hearing.payment.id, before)


def _noted(recorder: Recorder, payment_id: str, before: Order) -> Recorder:
    """Remember in which version this payment was last reported on."""
    payment = recorder.order.payment(payment_id)
    noted = attrs.evolve(payment, reported_version=recorder.order.version + 1)
    return watch_exposure(recorder.on(recorder.order.with_payment(noted)), payment_id, before)


def watch_exposure(recorder: Recorder, payment_id: str, before: Order) -> Recorder:
    """Flag the order if more has left it by one payment than was captured, and more than *before*."""
    exposure = recorder.order.payment_sums[payment_id].exposure
    if exposure <= before.payment_sums[payment_id].exposure:
        return recorder
    text = f"{exposure} more than was captured left payment {payment_id}, refunds and chargebacks together."
    return recorder.flagging(FlagKind.OVER_REFUNDED, payment_id, text)


def _confirm(recorder: Recorder, hearing: Hearing, report: PaymentReport) -> Recorder:
    payment = recorder.order.payment(hearing.payment.id)
    if hearing.is_stale or report.captured.currency != payment.captured.currency:
        return recorder
    confirmed = attrs.evolve(
        payment, confirmed=report.captured, fee=payment.fee if report.fee is None else report.fee
    )
    if confirmed == payment:
        return recorder
    recorder = recorder.on(recorder.order.with_payment(confirmed))
    if report.captured == (payment.captured if payment.confirmed is None else payment.confirmed):
        return recorder
    text = f"{hearing.gateway} confirms {report.captured} of the {payment.captured} registered."
    return recorder.saying(
        EventKind.PAYMENT_CONFIRMED, payment_id=payment.id, amount=report.captured, text=text
    )


# Refunds: match, rebuild, adopt.


def _record_refund(recorder: Recorder, hearing: Hearing, report: RefundReport) -> Recorder:
    if report.status not in _NEWS:
        # The gateway has it and does not say how it stands.
        report = attrs.evolve(report, status=RefundStatus.PENDING)
    known = _by_reference(recorder.order, hearing.gateway, report) or _by_id(
        recorder.order, hearing.gateway, report
    )
    if known is None:
        return _unknown(recorder, hearing, report)
    if known.reference is None and not _is_about(recorder.order, known, hearing.payment):
        return _mismatched(recorder, known, attrs.evolve(report, payment=hearing.payment.reference))
    if hearing.is_stale:
        return _known(recorder, known, report, _forwards_only)
    if known.payment_id == hearing.payment.id:
        recorder = corrected(recorder, known, report)
    return _known(recorder, recorder.order.refund(known.id), report, _any_way)


def _is_about(order: Order, refund: Refund, payment: Payment) -> bool:
    """Whether what is told of *payment* is told of the one that *refund* is for; two gateways may share a name."""
    own = order.payment(refund.payment_id)
    return own.id == payment.id or payment.reference in own.references


def _by_reference(order: Order, gateway: str, report: RefundReport) -> Refund | None:
    if report.reference is None:
        return None
    same = (r for r in order.refunds if r.gateway == gateway and r.reference == report.reference)
    return next(same, None)


def _by_id(order: Order, gateway: str, report: RefundReport) -> Refund | None:
    """Find ours under the id that the gateway echoes, unless ours is another refund at the gateway already."""
    same = (r for r in order.refunds if r.id == report.refund_id and r.is_ours and r.gateway == gateway)
    return next((r for r in same if r.reference is None and r.failure is not FailureCode.MISMATCH), None)


def _unknown(recorder: Recorder, hearing: Hearing, report: RefundReport) -> Recorder:
    order = recorder.order
    if not report.amount.is_positive:
        return recorder
    if report.refund_id is not None:
        twin = next((r for r in order.refunds if r.id == report.refund_id), None)
        return (
            rebuild(recorder, hearing.payment, hearing.gateway, report)
            if twin is None
            else _repeated(recorder, hearing, report, twin)
        )
    waiting = [] if hearing.can.echoes_refund_id else _unanswered(order, hearing)
    if any(is_leased(refund, recorder.now) for refund in waiting):
        # Its answer is on the way and will say which it is; the sweep looks at what is left then.
        return recorder.postponing(max(refund.leased_until or recorder.now for refund in waiting))
    if waiting:
        text = f"{hearing.gateway} has a refund of {report.amount} that may be one of ours; confirm() which it is."
        return recorder.flagging(FlagKind.AMBIGUOUS, hearing.payment.id, text)
    return adopt(recorder, hearing.payment, hearing.gateway, report)


def _unanswered(order: Order, hearing: Hearing) -> list[Refund]:
    return [
        refund
        for refund in order.refunds
        if refund.status is RefundStatus.SUBMITTED
        and refund.payment_id == hearing.payment.id
        and refund.gateway == hearing.gateway
    ]


def _repeated(recorder: Recorder, hearing: Hearing, report: RefundReport, twin: Refund) -> Recorder:
    adopted = adopt(recorder, hearing.payment, hearing.gateway, report)
    if adopted is recorder:
        return recorder
    recorder = adopted
    text = f"{hearing.gateway} has a second refund under the name {twin.id}: {report.reference} of {report.amount}."
    return recorder.flagging(FlagKind.REPEATED, twin.id, text)


# A refund that is known: move it, or find that it is not what was asked for.

MayMove = Callable[[Refund, RefundStatus], bool]


def _any_way(refund: Refund, status: RefundStatus) -> bool:
    return refund.status is not status


def _forwards_only(refund: Refund, status: RefundStatus) -> bool:
    return refund.precedes(status)


def _known(recorder: Recorder, refund: Refund, report: RefundReport, may_move: MayMove) -> Recorder:
    if refund.is_ours and _differs(recorder.order, refund, report):
        return _mismatched(recorder, refund, report)
    if may_move(refund, report.status):
        return _move(recorder, refund, report)
    if refund.reference is None and report.reference is not None:
        return recorder.on(recorder.order.with_refund(attrs.evolve(refund, reference=report.reference)))
    return recorder


def _differs(order: Order, refund: Refund, report: RefundReport) -> bool:
    if report.status is RefundStatus.FAILED:
        return False
    foreign = report.payment is not None and not order.payment(refund.payment_id).answers_to(report.payment)
    return foreign or report.amount != refund.amount


def _mismatched(recorder: Recorder, refund: Refund, report: RefundReport) -> Recorder:
    """Record what the gateway did instead of what it was asked for, once, as the fact that it is (law E5)."""
    order = recorder.order
    released = refund.moved(
        RefundStatus.FAILED,
        failure=FailureCode.MISMATCH,
        reference=None,
        settled_at=recorder.now,
        leased_until=None,
    )
    payment = next((p for p in order.payments if report.payment and p.answers_to(report.payment)), None)
    recorder = recorder.on(order.with_refund(released)).saying(EventKind.REFUND_MISMATCHED, refund=released)
    recorder = adopt(recorder, payment or order.payment(refund.payment_id), refund.gateway, report)
    whence = report.payment or refund.payment_id
    text = f"{refund.gateway} gave back {report.amount} of {whence} where {refund.amount} was asked for."
    return recorder.flagging(FlagKind.MISMATCHED, refund.id, text)


_NEWS = {
    RefundStatus.PENDING: EventKind.REFUND_PENDING,
    RefundStatus.SUCCEEDED: EventKind.REFUND_SUCCEEDED,
    RefundStatus.FAILED: EventKind.REFUND_FAILED,
}


def _move(recorder: Recorder, refund: Refund, report: RefundReport) -> Recorder:
    moved = refund.moved(
        report.status,
        reference=report.reference or refund.reference,
        raw_status=report.raw_status,
        failure=(report.failure or FailureCode.UNKNOWN) if report.status is RefundStatus.FAILED else None,
        failure_text=report.reason,
        # A gateway tells when a refund was made; when it settled is when we hear of it.
        settled_at=None if report.status is RefundStatus.PENDING else recorder.now,
        leased_until=None,
        outside_cap=refund.outside_cap or (refund.status is RefundStatus.FAILED and refund.is_ours),
    )
    recorder = recorder.on(recorder.order.with_refund(moved))
    recorder = recorder.saying(_news(refund, moved), refund=moved, text=moved.failure_text)
    return _revived(recorder, moved) if refund.status is RefundStatus.FAILED else recorder


def settle_by_hand(recorder: Recorder, refund: Refund, report: RefundReport) -> Recorder:
    """Move a refund on a person's word, where the gateway cannot tell."""
    return _move(recorder, refund, report)


def _news(before: Refund, after: Refund) -> EventKind:
    if before.status is RefundStatus.FAILED:
        return EventKind.REFUND_REVIVED
    if before.status is RefundStatus.SUCCEEDED:
        failed = after.status is RefundStatus.FAILED
        return EventKind.REFUND_FAILED_AFTER_SUCCESS if failed else EventKind.REFUND_REOPENED
    return _NEWS[after.status]


def _revived(recorder: Recorder, refund: Refund) -> Recorder:
    text = f"Refund {refund.id} of {refund.amount} had failed, and {refund.gateway} says that it is {refund.status}."
    return recorder.flagging(FlagKind.REVIVED, refund.id, text)
