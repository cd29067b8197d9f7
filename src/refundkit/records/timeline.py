"""Timeline: what happened to an order, in sentences for the people of the shop.

Reasons and notes are in it, so it is for their eyes only (law S6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Final

from refundkit.model.events import Event, EventKind
from refundkit.model.parties import Actor, ActorKind

__all__ = ["actor_name", "describe", "timeline_text"]

# What somebody did: the sentence begins with who it was.
DEEDS: Final[Mapping[EventKind, str]] = {
    EventKind.ORDER_REGISTERED: "registered the order over {amount}",
    EventKind.ORDER_REVISED: "changed the order, which is over {amount} now",
    EventKind.ORDER_REJECTED: "cancelled the order",
    EventKind.ORDER_ACKNOWLEDGED: "looked at the order and cleared its flags",
    EventKind.ORDER_ANNOTATED: "annotated the order",
    EventKind.ORDER_REDELIVERED: "had {delivery} sent again",
    EventKind.DOCUMENT_ADDED: "added the {kind} {document}",
    EventKind.DOCUMENT_REMOVED: "took back document {document}",
    EventKind.PAYMENT_RECORDED: "recorded {payment} as {status}, with {amount} captured",
    EventKind.REFUND_REQUESTED: "asked for {amount} back",
    EventKind.REFUND_SUBMITTED: "had {amount} sent back to {payment}",
    EventKind.REFUND_RESUBMITTED: "had {amount} sent back to {payment} again, under the same key",
    EventKind.DELIVERY_ADDED: "added {delivery}",
    EventKind.DELIVERY_RETRIED: "had {delivery} tried again",
    EventKind.CUSTOMER_NOTIFIED: "wrote to the customer about the refund of {amount}",
    EventKind.CREDIT_NOTE_ISSUED: "issued a credit note over {amount}",
}

# What happened: who says so, or asked for it, is added, unless it is a program of ours.
HAPPENINGS: Final[Mapping[EventKind, str]] = {
    EventKind.ORDER_FLAGGED: "A person must look at the order",
    EventKind.PAYMENT_CONFIRMED: "The gateway confirms {amount} of {payment}",
    EventKind.REFUND_UNCLEAR: "Whether the refund of {amount} to {payment} was made is not clear yet",
    EventKind.REFUND_PENDING: "The refund of {amount} to {payment} is pending at the gateway",
    EventKind.REFUND_SUCCEEDED: "The refund of {amount} to {payment} succeeded",
    EventKind.REFUND_FAILED: "The refund of {amount} to {payment} failed",
    EventKind.REFUND_FAILED_AFTER_SUCCESS: "The refund of {amount} to {payment} had succeeded and came back",
    EventKind.REFUND_REOPENED: "The refund of {amount} to {payment} had succeeded and is pending again",
    EventKind.REFUND_REVIVED: "The refund of {amount} to {payment} had failed and lives after all",
    EventKind.REFUND_ADOPTED: "A refund of {amount} to {payment} was made elsewhere and is recorded",
    EventKind.REFUND_REBUILT: "A refund of ours of {amount} to {payment} was found again at the gateway",
    EventKind.REFUND_MISMATCHED: "The gateway did something else than the refund of {amount} to {payment}",
    EventKind.DISPUTE_OPENED: "A dispute over {amount} of {payment} was opened",
    EventKind.DISPUTE_UPDATED: "The dispute over {amount} of {payment} is {status}",
    EventKind.DISPUTE_WON: "The dispute over {amount} of {payment} is won",
    EventKind.DISPUTE_LOST: "The dispute over {amount} of {payment} is lost",
    EventKind.DISPUTE_CLOSED: "The dispute over {amount} of {payment} is closed",
    EventKind.DELIVERY_DELIVERED: "Handed over: {delivery}",
    EventKind.DELIVERY_DOWNLOADED: "Downloaded: {delivery}",
    EventKind.DELIVERY_FAILED: "{delivery} failed and will be tried again",
    EventKind.DELIVERY_DEAD_LETTERED: "{delivery} failed and is not tried again",
    EventKind.DELIVERY_REVOKED: "Taken back: {delivery}",
    EventKind.DELIVERY_REVOCATION_FAILED: "{delivery} could not be taken back",
    EventKind.CUSTOMER_NOT_NOTIFIED: "The customer could not be written to about the refund of {amount}",
}


# What a deliverer was asked to do, and who had it asked.
_TRIES: Final = frozenset(
    {
        EventKind.DELIVERY_DELIVERED,
        EventKind.DELIVERY_FAILED,
        EventKind.DELIVERY_DEAD_LETTERED,
        EventKind.DELIVERY_REVOKED,
        EventKind.DELIVERY_REVOCATION_FAILED,
    }
)


def describe(event: Event) -> str:
    """Say in one line what *event* says.

    >>> from datetime import datetime
    >>> from refundkit.money import Money
    >>> kim, now = Actor.staff("kim"), datetime(2026, 11, 1, tzinfo=UTC)
    >>> asked = {"kind": EventKind.REFUND_REQUESTED, "amount": Money.of(50, "EUR"), "text": "scratched"}
    >>> describe(Event(order_id="A-1001", at=now, actor=kim, **asked))
    'kim (staff) asked for 50.00 EUR back: scratched'
    """
    detail = _line(event.text) or _detail(event)
    said = _sentence(event)
    return f"{said}: {detail}" if detail else f"{said}."


def timeline_text(events: Iterable[Event]) -> str:
    """Say what *events* say, line by line, each with its time in UTC."""
    return "".join(f"{event.at.astimezone(UTC):%Y-%m-%d %H:%M}  {describe(event)}\n" for event in events)


def actor_name(actor: Actor) -> str:
    """Call an actor by name and kind: "kim (staff)", "the customer"."""
    name = _line(actor.name)
    return f"{name} ({actor.kind})" if name else _NAMELESS[actor.kind]


_NAMELESS: Final = {
    ActorKind.CUSTOMER: "the customer",
    ActorKind.STAFF: "somebody (staff)",
    ActorKind.SYSTEM: "a program",
    ActorKind.GATEWAY: "the gateway",
}


def _sentence(event: Event) -> str:
    who, parts = actor_name(event.actor), _parts(event)
    if event.kind in DEEDS:
        return f"{who} {DEEDS[event.kind].format_map(parts)}"
    happened = HAPPENINGS[event.kind].format_map(parts)
    happened = happened[0].upper() + happened[1:]
    return happened if event.actor.kind is ActorKind.SYSTEM else f"{happened}{_whose(event).format(who)}"


def _whose(event: Event) -> str:
    """Say what the actor has to do with what happened: they report it, did it, or asked for it."""
    if event.kind is EventKind.ORDER_FLAGGED:
        return ""
    if event.kind is EventKind.DELIVERY_DOWNLOADED:
        return " by {}"
    asked = event.kind in _TRIES and not event.data.get("by_hand")
    return ", at the request of {}" if asked else ", says {}"


def _parts(event: Event) -> Mapping[str, str]:
    """Return the words that a sentence may use; what an event does not tell is put in general words."""
    told = event.data
    return {
        "amount": "an unknown amount" if event.amount is None else str(event.amount),
        "payment": "a payment" if event.payment_id is None else f"payment {event.payment_id}",
        "delivery": _delivery(told),
        "document": _words(told.get("number") or told.get("document") or ""),
        "kind": _words(told.get("kind") or "document").replace("_", " "),
        "status": _words(told.get("status") or "recorded").replace("_", " "),
    }


def _delivery(told: Mapping[str, object]) -> str:
    if told.get("delivery"):
        return f"delivery {_words(told['delivery'])}"
    several = told.get("deliveries")
    return f"deliveries {_words(several)}" if several else "a delivery"


def _detail(event: Event) -> str:
    """Return what an event without a text has to say besides its sentence."""
    told = event.data
    if event.kind is EventKind.CUSTOMER_NOT_NOTIFIED:
        return _not_notified(told)
    if event.kind is EventKind.PAYMENT_RECORDED and told.get("failure"):
        return _words(told["failure"]).replace("_", " ")
    return ""


def _not_notified(told: Mapping[str, object]) -> str:
    error = _words(told.get("error") or "unknown")
    if told.get("unclear"):
        return f"whether the letter went out is not known, so nobody writes again ({error})"
    return f"nobody tries again ({error})" if told.get("given_up") else f"it will be tried again ({error})"


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_words, value))
    return _line(str(value))


def _line(text: str) -> str:
    """Put *text* on one line, without anything that a terminal would act on."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())
