"""The timeline in plain words."""

from __future__ import annotations

import pytest
from hypothesis import given

from refundkit import Actor, EventKind
from refundkit.records.timeline import DEEDS, HAPPENINGS, actor_name, describe, timeline_text
from refundkit.testing.builders import eur, make_event
from tests.strategies import events

KIM = Actor.staff("kim")
CASES = [
    (
        {"kind": EventKind.REFUND_REQUESTED, "actor": KIM, "amount": eur(5000), "text": "scratched\nlamp"},
        "kim (staff) asked for 50.00 EUR back: scratched lamp",
    ),
    (
        {"kind": EventKind.REFUND_SUCCEEDED, "payment_id": "card", "amount": eur(5000)},
        "The refund of 50.00 EUR to payment card succeeded.",
    ),
    (
        {"kind": EventKind.REFUND_SUCCEEDED, "payment_id": "cash", "amount": eur(500), "actor": KIM},
        "The refund of 5.00 EUR to payment cash succeeded, says kim (staff).",
    ),
    (
        {
            "kind": EventKind.PAYMENT_RECORDED,
            "payment_id": "card",
            "amount": eur(0),
            "data": {"status": "failed", "failure": "insufficient_funds"},
        },
        "a program recorded payment card as failed, with 0.00 EUR captured: insufficient funds",
    ),
    (
        {"kind": EventKind.CUSTOMER_NOT_NOTIFIED, "amount": eur(5), "data": {"error": "TimeoutError"}},
        "The customer could not be written to about the refund of 0.05 EUR: it will be tried again (TimeoutError)",
    ),
    (
        {
            "kind": EventKind.CUSTOMER_NOT_NOTIFIED,
            "amount": eur(5),
            "data": {"error": "TimeoutError", "given_up": True},
        },
        "The customer could not be written to about the refund of 0.05 EUR: nobody tries again (TimeoutError)",
    ),
    (
        {"kind": EventKind.DELIVERY_FAILED, "text": "no room", "data": {"delivery": "d-1"}},
        "Delivery d-1 failed and will be tried again: no room",
    ),
    (
        {"kind": EventKind.DELIVERY_DELIVERED, "actor": KIM, "data": {"delivery": "d-1"}},
        "Handed over: delivery d-1, at the request of kim (staff).",
    ),
    (
        {
            "kind": EventKind.DELIVERY_DELIVERED,
            "actor": KIM,
            "data": {"delivery": "d-1", "by_hand": True},
        },
        "Handed over: delivery d-1, says kim (staff).",
    ),
    (
        {"kind": EventKind.DELIVERY_DOWNLOADED, "actor": Actor.customer(), "data": {"delivery": "d-1"}},
        "Downloaded: delivery d-1 by the customer.",
    ),
    (
        {"kind": EventKind.ORDER_FLAGGED, "actor": KIM, "text": "too much"},
        "A person must look at the order: too much",
    ),
    (
        {"kind": EventKind.ORDER_REDELIVERED, "actor": KIM, "data": {"deliveries": ("d-1", "d-2")}},
        "kim (staff) had deliveries d-1, d-2 sent again.",
    ),
]


@pytest.mark.parametrize(("event", "said"), CASES, ids=[said for _, said in CASES])
def test_events_in_words(event, said):
    """Who, what, how much, and why."""
    assert describe(make_event(**event)) == said


def test_every_kind_has_a_sentence():
    """As something that somebody did, or as something that happened; not as both."""
    assert DEEDS.keys() | HAPPENINGS.keys() == set(EventKind)
    assert DEEDS.keys().isdisjoint(HAPPENINGS)


@given(events())
def test_whatever_happened_is_one_line(event):
    """Line breaks and control characters of whoever wrote a text stay out of the page."""
    assert describe(event).isprintable()


@pytest.mark.parametrize(
    ("actor", "name"),
    [
        (KIM, "kim (staff)"),
        (Actor.customer("jo"), "jo (customer)"),
        (Actor.customer(), "the customer"),
        (Actor.staff(""), "somebody (staff)"),
        (Actor.system("refundkit"), "refundkit (system)"),
        (Actor.system(), "a program"),
        (Actor.gateway("stripe"), "stripe (gateway)"),
        (Actor.gateway(""), "the gateway"),
    ],
)
def test_actors_are_named(actor, name):
    """By name and kind; without a name by kind alone."""
    assert actor_name(actor) == name


def test_the_timeline_is_a_line_for_each_event():
    """With its time in UTC."""
    asked = make_event(kind=EventKind.REFUND_REQUESTED, actor=KIM, amount=eur(100), text="late")
    done = make_event(kind=EventKind.REFUND_SUCCEEDED, payment_id="card", amount=eur(100))
    assert timeline_text([asked, done]) == (
        "2026-11-01 12:00  kim (staff) asked for 1.00 EUR back: late\n"
        "2026-11-01 12:00  The refund of 1.00 EUR to payment card succeeded.\n"
    )
