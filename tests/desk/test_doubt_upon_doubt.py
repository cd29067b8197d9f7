"""The quarantine counts from the newest attempt that may be on its way, whatever is known of older ones (law E4)."""

from datetime import timedelta

import attrs
import pytest

from refundkit import FailureCode, RefundReport, RefundStatus, Timing
from refundkit.desk.asking import Look
from refundkit.desk.recovery import Step, next_step
from refundkit.gateways.base import Capabilities
from refundkit.testing.clock import FakeClock
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import Shop, eur

NOW = FakeClock().now
MINUTE = timedelta(minutes=1)


class Death(BaseException):
    """The process is killed; nothing catches it."""


def dying(shop, under_way):
    """Have the next process that sends killed while its request is under way."""
    real = shop.gateway.refund

    def die(call):
        under_way.append(call)
        shop.gateway.refund = real
        raise Death

    shop.gateway.refund = die


def swept_to_death(shop):
    """Let another process sweep, and die of it."""
    with pytest.raises(Death):
        shop.new_desk().recover()


def test_a_second_attempt_that_died_under_way_is_waited_for():
    """Law E4: without keys, a request that a dead process sent minutes ago is not sent again on the word of silence."""
    shop = Shop(Fault.LOST_REQUEST, can={"idempotency_window": timedelta(0)})
    shop.refund("40.00")
    shop.clock.advance(minutes=20)
    under_way = []
    dying(shop, under_way)
    swept_to_death(shop)

    shop.clock.advance(minutes=6)
    shop.desk.recover()
    assert (len(shop.gateway.calls), shop.only_refund.attempts) == (1, 2)

    shop.gateway.refund(under_way[0])
    shop.clock.advance(hours=2)
    shop.desk.recover()
    assert (shop.only_refund.status, shop.moved) == (RefundStatus.SUCCEEDED, eur("40.00"))


def test_a_late_no_does_not_speak_for_a_newer_attempt():
    """Law E4: the first attempt's no arrives late, and the second one's request is still under way."""
    shop = Shop()
    under_way = []
    real = shop.gateway.refund

    def overtaken(call):
        shop.clock.advance(minutes=14)
        shop.gateway.refund = real
        dying(shop, under_way)
        swept_to_death(shop)
        amount = call.refund.amount
        return RefundReport(status=RefundStatus.FAILED, amount=amount, failure=FailureCode.DECLINED)

    shop.gateway.refund = overtaken
    shop.refund("40.00")
    shop.clock.advance(minutes=6)
    shop.desk.recover()
    assert (shop.only_refund.status, shop.order.refundable) == (RefundStatus.SUBMITTED, eur("60.00"))

    shop.gateway.refund(under_way[0])
    shop.clock.advance(hours=2)
    shop.desk.recover()
    assert (shop.only_refund.status, shop.moved) == (RefundStatus.SUCCEEDED, eur("40.00"))
    assert shop.flags() == []


REFUND = attrs.evolve(Shop(Fault.LOST_REQUEST).refund("40.00").refunds[0], unclear_at=None)


@pytest.mark.parametrize(
    ("known", "counts_from"),
    [
        ({"unclear_at": NOW}, NOW),
        ({"unclear_at": None}, NOW + 20 * MINUTE),
        ({"unclear_at": NOW, "leased_until": NOW + 22 * MINUTE}, NOW + 20 * MINUTE),
        ({"unclear_at": NOW + 21 * MINUTE, "leased_until": NOW + 22 * MINUTE}, NOW + 21 * MINUTE),
        ({"unclear_at": None, "leased_until": NOW + 22 * MINUTE}, NOW + 20 * MINUTE),
    ],
)
def test_where_the_quarantine_counts_from(known, counts_from):
    """Law E4: from the last unclear answer, or from an attempt that nobody has told of, whichever is later."""
    refund = attrs.evolve(REFUND, last_sent_at=NOW + 20 * MINUTE, **known)
    can = Capabilities(idempotency_window=timedelta(0))

    def step(asked_at):
        look = Look(asked_at=asked_at, told=frozenset({("fake", "p-1")}))
        return next_step(refund, can, look, quarantine=Timing().quarantine)

    assert step(counts_from + 15 * MINUTE) is Step.SEND
    assert step(counts_from + 15 * MINUTE - timedelta(microseconds=1)) is Step.WAIT
