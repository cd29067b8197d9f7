"""The marks of an order that somebody has to ask, or to look: set once, and cleared by whom they concern."""

from datetime import timedelta

import attrs
import pytest

from refundkit import Actor, EventKind
from refundkit.desk.recorder import Recorder
from refundkit.model.marks import FlagKind
from refundkit.testing.builders import NOW, make_order, make_refund

MINUTE, TICK = timedelta(minutes=1), timedelta(microseconds=1)
KIM = Actor.staff("kim")


def recorder(**order):
    """Record something on an order."""
    return Recorder(order=make_order(**order), now=NOW, actor=KIM)


@pytest.mark.parametrize(
    ("known", "mark"),
    [(None, NOW), (NOW + MINUTE, NOW), (NOW, NOW - TICK), (NOW - MINUTE, NOW - MINUTE - TICK)],
)
def test_urging_sets_a_mark_that_nobody_has_taken_up(known, mark):
    """Law T3: at once, and never the same mark twice."""
    assert recorder(fetch_due_at=known).urging().order.fetch_due_at == mark


def test_waiting_sets_both_dates():
    """Since when the gateways have to be asked, and when the sweep tries."""
    order = recorder().waiting(NOW - MINUTE, until=NOW + MINUTE).order

    assert (order.fetch_due_at, order.due_at) == (NOW - MINUTE, NOW + MINUTE)


@pytest.mark.parametrize(
    ("asked", "now", "left"),
    [
        (NOW, NOW, (None, None)),
        (NOW, NOW - TICK, (NOW - TICK, NOW)),
        (NOW, None, (None, NOW)),
        (None, NOW, (NOW, NOW)),
        (None, None, (None, NOW)),
    ],
)
def test_a_mark_is_taken_away_by_who_took_it_up(asked, now, left):
    """Law T3: what was marked after somebody began to ask has to be asked for again."""
    before = make_order(fetch_due_at=asked)

    order = recorder(fetch_due_at=now, due_at=NOW).heard(before).order

    assert (order.fetch_due_at, order.due_at) == left


def test_a_flag_is_raised_and_told_once():
    """Law T1: kind, subject, text and time; the same flag again is no news."""
    flagged = recorder().flagging(FlagKind.REVIVED, "r-1", "Look.")

    (flag,) = flagged.order.flags
    assert (flag.kind, flag.subject, flag.text, flag.raised_at) == (FlagKind.REVIVED, "r-1", "Look.", NOW)
    (event,) = flagged.events
    assert (event.kind, event.text, event.actor) == (EventKind.ORDER_FLAGGED, "Look.", KIM)
    assert dict(event.data) == {"flag": "revived", "subject": "r-1"}
    assert flagged.flagging(FlagKind.REVIVED, "r-1", "Look.") is flagged


def test_an_event_of_a_refund_names_it():
    """Law T4: refund, payment and amount, and whatever else is told."""
    refund = make_refund()
    (event,) = recorder().saying(EventKind.REFUND_PENDING, refund=refund, text="x" * 5000).events

    assert (event.refund_id, event.payment_id, event.amount) == (refund.id, "p-1", refund.amount)
    assert (event.order_id, event.at, event.actor, len(event.text)) == ("o-1", NOW, KIM, 4000)


@pytest.mark.parametrize(("text", "kept"), [("a\0b", "a?b"), ("a\ud800b", "a?b"), ("ä€", "ä€"), ("", "")])
def test_what_no_database_holds_is_replaced(text, kept):
    """Law S3: the error of a gateway may bring anything along."""
    (event,) = recorder().saying(EventKind.REFUND_UNCLEAR, text=text).events

    assert event.text == kept


def test_going_on_with_another_order_keeps_the_events():
    """What was told stays told."""
    told = recorder().saying(EventKind.ORDER_ANNOTATED, text="a")
    order = attrs.evolve(told.order, tags=("vip",))

    assert (told.on(order).events, told.on(order).order) == (told.events, order)
