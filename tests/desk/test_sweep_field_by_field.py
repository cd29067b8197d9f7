"""What the sweep writes down when it sends again, believes a no, postpones, or calls for help (laws E1, E4)."""

from datetime import timedelta

import attrs
import pytest

from refundkit import EventKind, FailureCode, RefundStatus
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import Shop, eur

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def swept(shop, **wait):
    """Wait, let the sweep come, and return the only refund."""
    shop.clock.advance(**wait)
    shop.desk.recover()
    return shop.only_refund


def of_kind(shop, kind):
    """Return the events of one kind."""
    return [event for event in shop.desk.timeline("o-1") if event.kind is kind]


# Sending again.


def test_what_is_sent_again_keeps_its_first_time():
    """Law E1: one more attempt, the time of this one, and the time of the first, which the window counts from."""
    shop = Shop(Fault.LOST_REQUEST, Fault.LOST_REQUEST)
    first = shop.refund("40.00").refunds[0]
    began = shop.clock.now

    again = swept(shop, hours=1)

    assert (first.attempts, first.first_sent_at, first.last_sent_at) == (1, began, began)
    assert (again.attempts, again.first_sent_at, again.last_sent_at) == (2, began, began + HOUR)
    assert (again.unclear_at, again.leased_until, again.prepared) == (began + HOUR, None, first.prepared)
    (event,) = of_kind(shop, EventKind.REFUND_RESUBMITTED)
    assert (event.refund_id, event.amount, event.at) == (again.id, eur("40.00"), began + HOUR)


def test_a_new_window_begins_with_a_new_first_time():
    """Law E1: when the gateway has forgotten the key and knows of nothing, the window counts from the new attempt."""
    shop = Shop(Fault.LOST_REQUEST, Fault.LOST_REQUEST, Fault.LOST_REQUEST)
    shop.refund("40.00")

    once = swept(shop, hours=21)
    assert (once.attempts, once.first_sent_at) == (2, shop.clock.now)
    began = shop.clock.now
    twice = swept(shop, hours=7)
    assert (twice.attempts, twice.first_sent_at, twice.last_sent_at) == (3, began, shop.clock.now)


def test_an_attempt_whose_lease_ran_out_is_unclear_from_when_it_was_sent():
    """Law E4: a process that died may have sent; the next attempt remembers since when that is open."""

    class Death(BaseException):
        """The process dies."""

    def dies(call):
        raise Death

    shop = Shop()
    real, shop.gateway.refund = shop.gateway.refund, dies
    with pytest.raises(Death):
        shop.refund("40.00")
    began, shop.gateway.refund = shop.clock.now, real
    shop.gateway.faults.append(Fault.UNAVAILABLE)

    again = swept(shop, minutes=10)

    assert (again.attempts, again.unclear_at) == (2, began)


def test_what_is_leased_is_left_alone():
    """Law E1: while somebody may be sending it, the sweep sends nothing."""
    shop = Shop(Fault.LOST_REQUEST)
    shop.refund("40.00")
    order = shop.order
    leased = attrs.evolve(order.refunds[0], leased_until=shop.clock.now + 5 * HOUR)
    shop.store.change(
        "o-1", lambda known: (attrs.evolve(known.with_refund(leased), due_at=shop.clock.now), ())
    )

    assert swept(shop, hours=1).attempts == 1
    assert len(shop.gateway.calls) == 1
    assert swept(shop, hours=5).attempts == 2


# A no that is believed at last.


def test_a_no_is_believed_with_its_reason_and_a_time():
    """Law E4: after the quarantine the gateway knows of nothing: the refund fails as it was declined, and now."""
    shop = Shop(Fault.LOST_REQUEST, Fault.DECLINE)
    shop.refund("40.00")
    doubted = swept(shop, hours=1)
    assert (doubted.status, doubted.failure) == (RefundStatus.SUBMITTED, FailureCode.DECLINED)

    failed = swept(shop, hours=7)

    assert (failed.status, failed.settled_at, failed.leased_until) == (
        RefundStatus.FAILED,
        shop.clock.now,
        None,
    )
    (event,) = of_kind(shop, EventKind.REFUND_FAILED)
    assert (event.refund_id, event.amount, event.text) == (failed.id, eur("40.00"), "fake said no.")
    assert shop.order.refundable == eur("100.00")


# An order that cannot be asked about.


def test_what_cannot_be_asked_waits_longer_and_longer():
    """The mark says since when, and the next turn comes the later, the longer it lasts."""
    shop = Shop(Fault.LOST_REQUEST)
    shop.refund("40.00")
    shop.gateway.down = True
    shop.clock.advance(minutes=31)
    first = shop.desk.recover()
    began = shop.clock.now

    assert (first.unreachable, first.orders) == (("o-1",), ("o-1",))
    assert (shop.order.fetch_due_at, shop.order.due_at) == (began, began + timedelta(seconds=30))
    shop.clock.advance(minutes=5)
    shop.desk.recover()
    assert (shop.order.fetch_due_at, shop.order.due_at) == (began, shop.clock.now + 5 * MINUTE)
    shop.clock.advance(minutes=30)
    shop.desk.recover()
    assert (shop.order.fetch_due_at, shop.order.due_at) == (began, shop.clock.now + HOUR)


def test_what_can_be_asked_again_is_settled():
    """When the gateway is back, the mark goes and the refund comes to rest."""
    shop = Shop(Fault.LOST_ANSWER)
    shop.refund("40.00")
    shop.gateway.down = True
    swept(shop, minutes=31)
    shop.gateway.down = False

    settled = swept(shop, minutes=31)

    assert (settled.status, shop.order.fetch_due_at) == (RefundStatus.SUCCEEDED, None)
    assert shop.desk.recover().unreachable == ()


# Overdue.


def overdue_at(shop, days):
    """Let the gateway be silent, sweep after so many days, and return the flags."""
    shop.gateway.down = True
    shop.clock.advance(days=days)
    shop.desk.recover()
    return [(flag.kind.value, flag.subject) for flag in shop.order.flags]


def test_three_days_without_an_answer_are_overdue():
    """Law E4: to the second; and a person who looked has three more days."""
    shop = Shop(Fault.LOST_REQUEST, Fault.LOST_REQUEST)
    refund = shop.refund("40.00").refunds[0]

    shop.clock.advance(days=3, seconds=-1)
    shop.gateway.down = True
    shop.desk.recover()
    assert shop.order.flags == ()
    shop.clock.advance(seconds=1)
    shop.store.change("o-1", lambda order: (attrs.evolve(order, due_at=shop.clock.now), ()))
    shop.desk.recover()
    assert [(flag.kind.value, flag.subject) for flag in shop.order.flags] == [("overdue", refund.id)]
    shop.desk.acknowledge("o-1", actor=shop.order.requests[0].request.actor)
    assert overdue_at(shop, 2) == []
    assert overdue_at(shop, 1) == [("overdue", refund.id)]


def test_only_what_is_unanswered_is_overdue():
    """Law E4: pending and settled refunds have an answer; each refund is counted by itself."""
    shop = Shop(Fault.PENDING, None, Fault.LOST_REQUEST)
    for number in range(3):
        shop.refund("10.00", key=f"r-{number}")
    unanswered = shop.order.refunds[2]

    assert overdue_at(shop, 4) == [("overdue", unanswered.id)]
