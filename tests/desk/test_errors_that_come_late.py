"""An attempt that fails when others have gone on: its error speaks for itself only (laws E1, E4, T3)."""

from contextlib import suppress

import pytest

from refundkit import EventKind, OutcomeUnknownError, RefundStatus, Timing
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import Shop, eur

SUBMITTED, SUCCEEDED = RefundStatus.SUBMITTED, RefundStatus.SUCCEEDED


class PowerCut(BaseException):
    """A process dies."""


def late(shop, meanwhile):
    """Let the next attempt hear nothing until *meanwhile* has happened."""
    real = shop.gateway.refund

    def refund(call):
        shop.gateway.refund = real
        meanwhile()
        raise OutcomeUnknownError("No answer.", gateway="fake")

    shop.gateway.refund = refund


def test_it_takes_nothing_back():
    """Law T3: the sweep has sent the refund meanwhile, and it is done."""
    shop = Shop()

    def sweep():
        shop.clock.advance(hours=1)
        shop.new_desk().recover()

    late(shop, sweep)
    result = shop.refund("40.00")

    assert (result.returned, shop.only_refund.attempts) == (eur("40.00"), 2)
    assert EventKind.REFUND_UNCLEAR not in shop.kinds()


def test_it_leaves_what_somebody_has_found_meanwhile():
    """Law T3: the very attempt that was not answered has worked, and another process has seen it."""
    shop = Shop()
    real = shop.gateway.refund

    def unanswered(call):
        real(call)
        shop.new_desk().refresh("o-1")
        raise OutcomeUnknownError("No answer.", gateway="fake")

    shop.gateway.refund = unanswered
    result = shop.refund("40.00")

    assert (result.returned, shop.only_refund.attempts) == (eur("40.00"), 1)
    assert (shop.only_refund.unclear_at, EventKind.REFUND_UNCLEAR in shop.kinds()) == (None, False)


def test_it_takes_no_lease_from_a_newer_attempt():
    """Law E1: another process is sending by now; what it wrote stays as it wrote it."""
    shop, seen = Shop(), []

    def dies(call):
        seen.append(shop.only_refund)
        raise PowerCut

    def sweep():
        shop.clock.advance(hours=1)
        shop.gateway.refund, real = dies, shop.gateway.refund
        with suppress(PowerCut):
            shop.new_desk().recover()
        shop.gateway.refund = real

    late(shop, sweep)
    shop.refund("40.00")

    assert (shop.only_refund.attempts, [shop.only_refund]) == (2, seen)
    assert shop.only_refund.leased_until > shop.clock()


@pytest.mark.parametrize(
    ("fault", "status"),
    [(None, SUCCEEDED), (Fault.PENDING, RefundStatus.PENDING), (Fault.DECLINE, RefundStatus.FAILED)],
)
def test_an_answer_is_no_error(fault, status):
    """Law E4: done, on its way, or no: each of them is an answer."""
    assert Shop(fault).refund("40.00").refunds[0].status is status


def test_it_is_told_of_its_refund():
    """Law T4: refund, payment and amount, and the words of the gateway."""
    shop = Shop(Fault.LOST_REQUEST)
    shop.refund("40.00")

    event = shop.desk.timeline("o-1")[-1]
    assert (event.kind, event.refund_id) == (EventKind.REFUND_UNCLEAR, shop.only_refund.id)
    assert (event.payment_id, event.amount) == ("p-1", eur("40.00"))
    assert event.text == "fake did not answer."


@pytest.mark.parametrize(("seconds", "is_sent"), [(119, True), (120, False), (121, False)])
def test_who_is_too_late_to_send_leaves_all_as_it_is(seconds, is_sent):
    """Law E4: to the second; nothing is told and nothing given back, since the sweep may have the turn by now."""
    shop = Shop()

    def slow(event):
        if event.kind is EventKind.REFUND_SUBMITTED:
            shop.clock.advance(seconds=seconds)

    shop.desk = shop.new_desk(listeners=[slow])
    shop.refund("40.00")

    assert len(shop.gateway.calls) == is_sent
    assert (EventKind.REFUND_UNCLEAR in shop.kinds(), shop.only_refund.leased_until is None) == (
        False,
        is_sent,
    )


def test_who_is_always_overtaken_gives_up():
    """Law T3: after three looks that others were faster than, the last one is left to the sweep."""
    shop = Shop()
    fetch, looks = shop.gateway.fetch, []

    def overtaken(payments):
        looks.append(payments)
        reports = fetch(payments)
        shop.gateway.fetch = fetch
        shop.gateway.refund_elsewhere("ref-1", eur("1.00"))
        shop.new_desk().refresh("o-1")
        shop.gateway.fetch = overtaken
        return reports

    shop.gateway.fetch = overtaken
    shop.desk.refresh("o-1")

    assert (len(looks), shop.order.fetch_due_at) == (3, shop.clock())


def test_the_next_try_counts_from_when_the_last_one_was_given_up():
    """Law E4: an answer that was waited for for minutes delays the next try by as much."""
    shop = Shop()

    def silent(call):
        shop.clock.advance(minutes=1)
        raise OutcomeUnknownError("No answer.", gateway="fake")

    shop.gateway.refund = silent
    shop.refund("40.00")

    assert shop.order.due_at == shop.clock() + Timing().retry_after(1)
