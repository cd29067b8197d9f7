"""Evidence: what a shop hands in when a customer disputes a payment, gathered from an order and its timeline.

What was ordered and paid, what was handed over, what the customer was told, what was given back, and which documents
there are. Only what was chosen here gets in: no reason, note or text of the timeline (law S6), no secret (law S2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import urlsplit

from attrs import field, frozen

from refundkit.model import fields
from refundkit.model.events import Event, EventKind
from refundkit.model.lines import OrderLine
from refundkit.model.orders import Order
from refundkit.model.parties import ActorKind
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund, RefundStatus
from refundkit.records.figures import notes_to_correct
from refundkit.records.wording import paid_with

__all__ = ["SECTIONS", "Evidence", "Fact", "evidence"]


@frozen(kw_only=True)
class Fact:
    """One thing that happened, in a sentence; ``at`` is None where nobody knows when."""

    text: str = field(validator=fields.text)
    at: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )


@frozen(kw_only=True)
class Evidence:
    """All that speaks for the shop about one order; each part is sorted by time."""

    order_id: str
    customer: str
    confirmation: tuple[Fact, ...]
    deliveries: tuple[Fact, ...]
    downloads: tuple[Fact, ...]
    messages: tuple[Fact, ...]
    refunds: tuple[Fact, ...]
    documents: tuple[Fact, ...]

    @property
    def text(self) -> str:
        """The whole of it as plain text, with a heading for each part that has something in it."""
        parts = [f"Order {self.order_id}\n{self.customer}".rstrip()]
        for name, title in SECTIONS.items():
            facts: tuple[Fact, ...] = getattr(self, name)
            if facts:
                parts.append("\n".join([title, *(f"- {_dated(fact)}" for fact in facts)]))
        return "\n\n".join(parts) + "\n"


SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "confirmation": "Order and payment",
        "deliveries": "Delivery",
        "downloads": "Downloads",
        "messages": "Messages to the customer",
        "refunds": "Refunds",
        "documents": "Documents",
    }
)


def _dated(fact: Fact) -> str:
    text = " ".join(fact.text.split())
    return text if fact.at is None else f"{fact.at:%Y-%m-%d %H:%M} UTC: {text}"


def evidence(order: Order, events: Iterable[Event], *, downloads: Iterable[Fact] = ()) -> Evidence:
    """Gather what speaks for the shop about *order*: ``evidence(desk.order(order_id), desk.timeline(order_id))``.

    *downloads* are those that the shop has logged itself, beside the ones in the timeline.
    """
    told = tuple(event for event in events if event.order_id == order.id)
    customer = order.customer
    known = () if customer is None else filter(None, (customer.name, customer.email))
    return Evidence(
        order_id=order.id,
        customer=", ".join(known),
        confirmation=_sorted(_confirmation(order)),
        deliveries=_sorted(_steps(order, told, _HANDED)),
        downloads=_sorted((*_steps(order, told, _FETCHED), *downloads)),
        messages=_sorted(_messages(order, told)),
        refunds=_sorted(_refund(order, refund) for refund in order.refunds),
        documents=_sorted(_documents(order)),
    )


def _sorted(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    latest = datetime.max.replace(tzinfo=UTC)
    return tuple(sorted(facts, key=lambda fact: fact.at or latest))


def _fact(text: str, at: datetime | None = None) -> Fact:
    return Fact(text=text[: fields.MAX_TEXT], at=at)


# The order as it was registered, and its payments.


def _confirmation(order: Order) -> Iterator[Fact]:
    for line in order.lines:
        yield _fact(f"Ordered: {_line(line)}.", order.placed_at)
    for payment in order.payments:
        yield _fact(f"Paid: {_payment(payment)}.", payment.captured_at)


def _line(line: OrderLine) -> str:
    tax = "" if line.tax is None else f", with {line.tax} of tax"
    return f"{line.quantity} × {line.name or line.sku or line.id} for {line.total}{tax}"


def _payment(payment: Payment) -> str:
    how = paid_with(payment, payment.gateway) or payment.gateway
    return f"{payment.captured} by {how}, {payment.status}, {payment.gateway} reference {payment.reference}"


# What was handed over.

_HANDED: Mapping[EventKind, str] = MappingProxyType(
    {
        EventKind.DELIVERY_ADDED: "To be delivered",
        EventKind.DELIVERY_DELIVERED: "Delivered",
        EventKind.DELIVERY_FAILED: "A delivery failed and will be tried again",
        EventKind.DELIVERY_DEAD_LETTERED: "A delivery failed for good",
        EventKind.DELIVERY_RETRIED: "A delivery was tried again",
        EventKind.DELIVERY_REVOKED: "Taken back",
        EventKind.DELIVERY_REVOCATION_FAILED: "Could not be taken back",
        EventKind.ORDER_REDELIVERED: "Sent again",
    }
)
_FETCHED: Mapping[EventKind, str] = MappingProxyType({EventKind.DELIVERY_DOWNLOADED: "Fetched"})


def _steps(order: Order, events: Iterable[Event], words: Mapping[EventKind, str]) -> Iterator[Fact]:
    for event in events:
        if event.kind in words:
            for name in _named(event):
                yield _fact(f"{words[event.kind]}{_by(event)}: {_goods(order, event, name)}.", event.at)


def _named(event: Event) -> tuple[str, ...]:
    """Return the deliveries that *event* is about."""
    several = event.data.get("deliveries")
    return several if isinstance(several, tuple) else (str(event.data.get("delivery", "")),)


def _by(event: Event) -> str:
    """Say what a customer did themselves; who it was in the shop is nobody's business."""
    if event.actor.kind is not ActorKind.CUSTOMER:
        return ""
    return " by the customer" if event.kind in _FETCHED else " at the customer's request"


def _goods(order: Order, event: Event, name: str) -> str:
    delivery = next((delivery for delivery in order.deliveries if delivery.id == name), None)
    if delivery is None:
        return name or "goods of this order"
    what = next(
        (line.name or line.id for line in order.lines if line.id == delivery.line_id), delivery.line_id
    )
    units = event.data.get("units")
    count = f"{units} × " if isinstance(units, int) and units else ""
    return f"{count}{what}, {delivery.kind.replace('_', ' ')} to {_public(delivery.target)}"


def _public(target: str) -> str:
    """Return where something went; of an address on the web only its host, since the rest may be a secret."""
    if "://" not in target:
        return target
    try:
        return urlsplit(target).hostname or "a web address"
    except ValueError:
        return "a web address"


# Messages, refunds, documents.


def _messages(order: Order, events: Iterable[Event]) -> Iterator[Fact]:
    for event in _letters(events):
        amount = "" if event.amount is None else f" of {event.amount}"
        yield _fact(f"The customer was written to about the refund{amount}{_said(order, event)}.", event.at)


def _letters(events: Iterable[Event]) -> Iterable[Event]:
    """Return the letters that were certainly written: one that failed is taken back by a later event."""
    letters: dict[str | None, Event] = {}
    for event in events:
        if event.kind is EventKind.CUSTOMER_NOTIFIED:
            letters[event.refund_id] = event
        elif event.kind is EventKind.CUSTOMER_NOT_NOTIFIED:
            letters.pop(event.refund_id, None)
    return letters.values()


def _said(order: Order, event: Event) -> str:
    """Quote what the letter said beside the figures."""
    refund = next((refund for refund in order.refunds if refund.id == event.refund_id), None)
    accepted = None if refund is None or refund.key is None else order.request(refund.key)
    return f': "{accepted.request.message}"' if accepted is not None and accepted.request.message else ""


def _refund(order: Order, refund: Refund) -> Fact:
    how = paid_with(order.payment(refund.payment_id), refund.gateway) or refund.gateway
    reference = "" if refund.reference is None else f", {refund.gateway} reference {refund.reference}"
    return _fact(f"{_standing(refund)} ({how}{reference}).", refund.settled_at or refund.created_at)


def _standing(refund: Refund) -> str:
    if refund.status is RefundStatus.SUCCEEDED:
        return f"{refund.amount} was given back"
    failed = refund.status is RefundStatus.FAILED
    return f"A refund of {refund.amount} {'failed' if failed else 'is under way'}"


def _documents(order: Order) -> Iterator[Fact]:
    for document in order.documents:
        name = f"{document.kind.label} {document.number or document.id}"
        yield _fact(f"{name[0].upper()}{name[1:]}.", document.issued_at)
    stale = notes_to_correct(order)
    for note in order.credit_notes:
        rest = ", to be corrected: its refund did not last" if note in stale else ""
        yield _fact(f"Credit note {note.name} over {note.gross}{rest}.", note.issued_at)
