"""What people do to an order by hand. Pure steps; each says in the timeline who did it."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from refundkit.desk.hearing import Hearing
from refundkit.desk.recorder import Recorder
from refundkit.desk.recording import record_report, settle_by_hand, watch_exposure
from refundkit.errors import InvalidValueError
from refundkit.model.capabilities import Capabilities
from refundkit.model.dispute_statuses import NormalizedDispute, normalize_dispute
from refundkit.model.documents import Document
from refundkit.model.events import EventKind
from refundkit.model.marks import Note
from refundkit.model.orders import Order
from refundkit.model.parties import Actor, ActorKind
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund, RefundStatus
from refundkit.model.reports import DisputeReport, PaymentReport, RefundReport
from refundkit.model.statuses import normalize_status
from refundkit.money import Money

__all__ = [
    "acknowledge",
    "add_document",
    "annotate",
    "confirm",
    "record_external",
    "record_payment",
    "remove_document",
    "require_shop",
    "tags_of",
    "waits_for_person",
]


def record_payment(recorder: Recorder, payment: Payment) -> Recorder:
    """Add a payment, or what was learned about a known one; captured money only grows."""
    known = next((known for known in recorder.order.payments if known.id == payment.id), None)
    # What reports brought on an order stays there.
    newer = attrs.evolve(payment, confirmed=None, reported_version=0)
    newer = newer if known is None else known.updated(payment)
    if newer == known:
        return recorder
    recorded = recorder.on(recorder.order.with_payment(newer)).saying(
        EventKind.PAYMENT_RECORDED,
        payment_id=newer.id,
        amount=newer.captured,
        data={"status": newer.status, "failure": newer.failure},
    )
    return recorded if known is None else watch_exposure(recorded, newer.id, recorder.order)


# Refunds that only a person can know about.


def require_shop(actor: Actor) -> None:
    """Refuse a word about money that comes neither from the shop's people nor from its programs.

    Raises:
        InvalidValueError: if it is a customer's or a gateway's.
    """
    if actor.kind not in (ActorKind.STAFF, ActorKind.SYSTEM):
        raise InvalidValueError(
            f"{actor} cannot say this; somebody of the shop has to (Actor.staff), or a program of it (Actor.system).",
            field="actor",
            value=actor,
        )


def waits_for_person(order: Order, refund: Refund, can: Capabilities | None) -> bool:
    """Whether a person may settle *refund*: its gateway cannot tell, or is not there any more."""
    if can is None or can.by_person:
        return True
    return order.awaits_person(refund)


def confirm(recorder: Recorder, refund: Refund, report: RefundReport, can: Capabilities | None) -> Recorder:
    """Settle a refund on a person's word; a refund that stands there already stays as it is.

    Raises:
        InvalidValueError: if its gateway can be asked instead, if it is settled otherwise, if *report* names
            what is another refund already, or if the person is not of the shop.
    """
    require_shop(recorder.actor)
    if refund.status is report.status:
        return recorder
    if not refund.is_reserving:
        raise InvalidValueError(
            f"Refund {refund.id} is {refund.status} and cannot be confirmed as {report.status}; "
            "only what its gateway says can change it now.",
            field="status",
            value=report.status,
        )
    if not waits_for_person(recorder.order, refund, can):
        raise InvalidValueError(
            f"Gateway {refund.gateway} knows what became of refund {refund.id}; ask it with refresh().",
            field="refund_id",
            value=refund.id,
        )
    if can is None or not can.by_person:
        _require_no_other(recorder.order, refund, report)
    return settle_by_hand(recorder, refund, report)


def _require_no_other(order: Order, refund: Refund, report: RefundReport) -> None:
    """Refuse to count one refund at a gateway twice; by hand, one bank transfer may well settle two."""
    if report.reference is None or report.status is RefundStatus.FAILED:
        return
    for other in order.refunds:
        same = (other.gateway, other.reference) == (refund.gateway, report.reference)
        if same and other.id != refund.id and other.is_alive:
            raise InvalidValueError(
                f"{other.gateway} {other.reference} is refund {other.id} of {other.amount} already. If {refund.id} "
                "was not made beside it, confirm it as FAILED.",
                field="reference",
                value=report.reference,
            )


def record_external(
    recorder: Recorder, payment: Payment, *, amount: Money, reference: str, word: str, kind: str
) -> Recorder:
    """Record a refund, or a dispute, that happened elsewhere, in the word that *kind* of gateway has for it.

    Raises:
        InvalidValueError: if *reference* is a refund that was made here or is recorded with another amount,
            if the amount is not above zero or of another currency, or if the person is not of the shop.
    """
    require_shop(recorder.actor)
    _require_external(recorder.order, payment, amount, reference)
    captured = payment.captured if payment.confirmed is None else payment.confirmed
    heard = PaymentReport(reference=payment.reference, captured=captured)
    said = normalize_status(word, gateway=kind)
    if isinstance(said.status, RefundStatus):
        refund = RefundReport(
            status=said.status, amount=amount, reference=reference, raw_status=said.raw, failure=said.failure
        )
        heard = attrs.evolve(heard, refunds=(refund,))
    else:
        heard = attrs.evolve(heard, disputes=(_dispute(amount, reference, normalize_dispute(word, kind)),))
    hearing = Hearing(payment=payment, gateway=payment.gateway, can=Capabilities(), is_stale=False)
    return record_report(recorder, hearing, heard)


def _require_external(order: Order, payment: Payment, amount: Money, reference: str) -> None:
    if not amount.is_positive:
        raise InvalidValueError(
            f"An external refund gives back more than {amount}.", field="amount", value=amount
        )
    if amount.currency != order.currency:
        raise InvalidValueError(
            f"Order {order.id} is in {order.currency} and has no refund of {amount}.",
            field="amount",
            value=amount,
        )
    for refund in order.refunds:
        if refund.gateway == payment.gateway and refund.reference == reference:
            _require_same_external(refund, payment, amount)


def _require_same_external(refund: Refund, payment: Payment, amount: Money) -> None:
    if refund.is_ours or (refund.payment_id, refund.amount) != (payment.id, amount):
        recorded = f"is recorded with {refund.amount} of payment {refund.payment_id}"
        raise InvalidValueError(
            f"{refund.gateway} {refund.reference} is refund {refund.id}, which "
            f"{'was made here' if refund.is_ours else recorded}.",
            field="reference",
            value=refund.reference,
        )


def _dispute(amount: Money, reference: str, said: NormalizedDispute) -> DisputeReport:
    return DisputeReport(
        reference=reference,
        amount=amount,
        stage=said.stage,
        status=said.status,
        funds=said.funds,
        raw_status=said.raw,
    )


# Flags, notes, tags, documents.


def acknowledge(recorder: Recorder, note: str) -> Recorder:
    """Clear every flag; the timeline keeps what they were.

    Raises:
        InvalidValueError: if the person is not of the shop.
    """
    require_shop(recorder.actor)
    if not recorder.order.flags:
        return recorder
    cleared = [f"{flag.kind}: {flag.text}" for flag in recorder.order.flags]
    return recorder.on(attrs.evolve(recorder.order, flags=())).saying(
        EventKind.ORDER_ACKNOWLEDGED, text=note, data={"flags": cleared}
    )


def annotate(recorder: Recorder, note: str, add_tags: Iterable[str], remove_tags: Iterable[str]) -> Recorder:
    """Add a note, add and remove tags; nothing else of an order can be edited."""
    order = recorder.order
    tags = tuple(sorted((set(order.tags) | set(add_tags)) - set(remove_tags)))
    written = (Note(text=note, actor=recorder.actor, at=recorder.now),) if note else ()
    annotated = attrs.evolve(order, notes=order.notes + written, tags=tags)
    if annotated == order:
        return recorder
    return recorder.on(annotated).saying(EventKind.ORDER_ANNOTATED, text=note, data={"tags": tags})


def add_document(recorder: Recorder, document: Document) -> Recorder:
    """Note that a document was issued."""
    order = recorder.order.with_document(document)
    if order == recorder.order:
        return recorder
    data = {"document": document.id, "kind": document.kind, "number": document.number}
    return recorder.on(order).saying(EventKind.DOCUMENT_ADDED, data=data)


def remove_document(recorder: Recorder, document_id: str) -> Recorder:
    """Note that a document was taken back.

    Raises:
        OrderNotFoundError: if the order has no such document.
        InvalidValueError: if documents of its kind cannot be taken back.
    """
    order = recorder.order.without_document(document_id)
    return recorder.on(order).saying(EventKind.DOCUMENT_REMOVED, data={"document": document_id})


def tags_of(tags: Iterable[str]) -> tuple[str, ...]:
    """Take several tags.

    Raises:
        InvalidValueError: if it is one text, which would be taken apart letter by letter.
    """
    if isinstance(tags, str):
        raise InvalidValueError(f"Give tags as a list, such as [{tags!r}].", field="tags", value=tags)
    return tuple(tags)
