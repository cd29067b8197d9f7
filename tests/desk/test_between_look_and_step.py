"""The sweep decides, the world goes on, and then it writes: what changed in between is not overridden (laws E1, E4)."""

from contextlib import suppress

import attrs
import pytest

from refundkit import EventKind, FailureCode, RefundStatus
from refundkit.desk import recovery
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import Shop, a_payment, an_order, eur, kinds_of

SUBMITTED, SUCCEEDED, FAILED = RefundStatus.SUBMITTED, RefundStatus.SUCCEEDED, RefundStatus.FAILED


@pytest.fixture
def meanwhile(monkeypatch):
    """Let something happen, once, after the sweep has decided about a refund and before it writes."""
    decide = recovery.next_step

    def then(happens):
        def overtaken(*args, **more):
            step = decide(*args, **more)
            monkeypatch.setattr(recovery, "next_step", decide)
            happens()
            return step

        monkeypatch.setattr(recovery, "next_step", overtaken)

    return then


class PowerCut(BaseException):
    """The process dies."""


@pytest.mark.parametrize("dies", [True, False], ids=["and is at it", "and came to an end"])
def test_another_sweeper_was_faster(meanwhile, dies):
    """Law E1: the attempt belongs to who wrote it; nobody else sends it, and the next refund gets its turn."""
    shop = Shop(*[Fault.LOST_REQUEST] * 3)
    for number in range(2):
        shop.refund("10.00", key=f"r-{number}")
    shop.clock.advance(hours=1)

    def other_sweeper():
        real = shop.gateway.refund
        if dies:
            shop.gateway.refund = dying
        with suppress(PowerCut):
            shop.new_desk().refund("o-1", shop.order.requests[0].request)
        shop.gateway.refund = real

    def dying(call):
        raise PowerCut

    meanwhile(other_sweeper)
    sweep = shop.desk.recover()

    first, second = shop.order.refunds
    assert (first.attempts, second.attempts) == (2, 2)
    assert [call.refund.id for call in shop.gateway.calls[2:]].count(first.id) == (0 if dies else 1)
    assert (sweep.unreachable, shop.order.refund(second.id).attempts) == ((), 2)


def test_the_gateway_answered_in_between(meanwhile):
    """Law E4: a no that was to be believed is not, because the gateway shows the refund by now."""
    shop = Shop(Fault.LOST_REQUEST, Fault.DECLINE)
    shop.refund("40.00")
    shop.clock.advance(hours=1)
    shop.desk.recover()
    shop.clock.advance(hours=7)

    def arrives():
        shop.gateway.refund_elsewhere("ref-1", eur("40.00"), refund_id=shop.only_refund.id)
        shop.new_desk().refresh("o-1")

    meanwhile(arrives)

    assert shop.desk.recover().unreachable == ()
    assert shop.only_refund.status is SUCCEEDED
    assert EventKind.REFUND_FAILED not in shop.kinds()


@pytest.mark.parametrize(("seconds", "calls"), [(59, 2), (60, 1), (61, 1)])
def test_the_gateway_may_have_forgotten_the_key_in_between(meanwhile, seconds, calls):
    """Law E1: to the second, nothing is repeated that the gateway may not know again; the next sweep decides anew."""
    shop = Shop(Fault.LOST_REQUEST)
    shop.refund("40.00")
    shop.clock.advance(hours=19, minutes=59)
    meanwhile(lambda: shop.clock.advance(seconds=seconds))

    assert shop.desk.recover().unreachable == ()
    assert len(shop.gateway.calls) == calls
    assert shop.only_refund.status is (SUCCEEDED if calls == 2 else SUBMITTED)
    shop.clock.advance(hours=2)
    shop.desk.recover()
    assert shop.moved == eur("40.00")


def test_a_lease_that_ran_out_is_over_with_the_refund():
    """Law E4: a no that is believed at last leaves nobody in charge of the refund."""
    shop = Shop(Fault.LOST_REQUEST)
    shop.refund("40.00")
    declined = attrs.evolve(
        shop.only_refund, failure=FailureCode.DECLINED, leased_until=shop.clock.now, failure_text="no"
    )
    shop.store.change("o-1", lambda order: (order.with_refund(declined), ()))
    shop.clock.advance(hours=1)
    shop.desk.recover()

    assert (shop.only_refund.status, shop.only_refund.leased_until) == (FAILED, None)


# One refund after another.


def test_what_waits_holds_up_no_other():
    """Law E6: a no that nobody believes yet waits for its quarantine, and the refund after it is sent."""
    shop = Shop(Fault.LOST_REQUEST, Fault.LOST_REQUEST)
    for number in range(2):
        shop.refund("10.00", key=f"r-{number}")
    doubted = attrs.evolve(
        shop.order.refunds[0], failure=FailureCode.DECLINED, unclear_at=shop.clock.now, failure_text="no"
    )
    shop.store.change("o-1", lambda order: (order.with_refund(doubted), ()))
    shop.clock.advance(minutes=10)
    shop.desk.recover()

    assert [refund.status for refund in shop.order.refunds] == [SUBMITTED, SUCCEEDED]


def test_what_needs_a_person_holds_up_no_other():
    """Law E6: the gateway of the first refund is gone from here, and the second one is sent all the same."""
    gone = FakeGateway(Fault.LOST_REQUEST, name="gone")
    payments = (a_payment(1, "50.00", gateway="gone"), a_payment(2, "50.00"))
    shop = Shop(Fault.LOST_REQUEST, others=[gone], order=an_order(payments=payments))
    shop.refund("100.00")
    shop.clock.advance(hours=1)
    desk = shop.new_desk(gateways=[shop.gateway])

    sweep = desk.recover()

    assert (sweep.unreachable, EventKind.REFUND_SUCCEEDED in kinds_of(sweep.events)) == ((), True)
    assert [refund.status for refund in shop.order.refunds] == [SUBMITTED, SUCCEEDED]
