"""A sender has its turn, and nothing is sent when it is over, whatever the clock on the wall says (law E4)."""

import pytest

from refundkit import GatewayUnavailableError, Patience, RefundStatus, Timing
from refundkit.testing.fake_gateway import FakeGateway
from tests.desk.shop import Shop, a_payment, an_order, eur


class Seconds:
    """A clock that is never set: it only goes on."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        """Return how many have passed."""
        return self.now


@pytest.fixture
def seconds():
    """Return a clock that counts seconds."""
    return Seconds()


def shop_that_stands_still(seconds, stop, **desk):
    """Return a shop in which *stop* runs between the writing down of a refund and its sending."""
    shop = Shop(monotonic=seconds, **desk)
    real = shop.store.change

    def change(order_id, function):
        done = real(order_id, function)
        stop(shop)
        return done

    shop.store.change = change
    return shop


def test_a_process_that_stood_still_sends_nothing(seconds):
    """Law E4: it wakes up after its turn; by now the sweep may have sent the refund."""

    def sleep(shop):
        seconds.now += 121
        shop.clock.advance(seconds=121)

    shop = shop_that_stands_still(seconds, sleep)
    result = shop.refund("40.00")
    assert shop.gateway.calls == []
    assert result.pending == eur("40.00")


def test_a_clock_that_is_set_back_does_not_make_a_turn_longer(seconds):
    """Law E4: the seconds are counted on a clock that nobody can set."""

    def sleep(shop):
        seconds.now += 121
        shop.clock.advance(hours=-1)

    shop = shop_that_stands_still(seconds, sleep)
    shop.refund("40.00")
    assert shop.gateway.calls == []


def test_a_clock_that_is_set_forward_ends_the_turn(seconds):
    """Other machines go by the clock on the wall, so a sender does as well."""
    shop = shop_that_stands_still(seconds, lambda shop: shop.clock.advance(hours=1))
    shop.refund("40.00")
    assert shop.gateway.calls == []


def test_a_sweep_sends_later_what_was_not_sent(seconds):
    """Nothing is lost: the next one to get a turn sends it, once."""
    stops = [121]

    def sleep(shop):
        wait = stops.pop() if stops else 0
        seconds.now += wait
        shop.clock.advance(seconds=wait)

    shop = shop_that_stands_still(seconds, sleep)
    shop.refund("40.00")
    shop.clock.advance(minutes=10)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    assert len(shop.gateway.calls) == 1


def test_a_second_try_is_not_sent_after_the_turn(seconds):
    """Law E4: whoever waits for a busy gateway asks for the time again before the next try."""

    class Busy(FakeGateway):
        def refund(self, call):
            self.calls.append(call)
            raise GatewayUnavailableError("busy", gateway=self.name, retry_after_seconds=1.0)

    gateway = Busy()

    def sleep(_seconds):
        seconds.now += 500

    patient = Timing(patience=Patience())
    shop = Shop(gateway=gateway, monotonic=seconds, sleep=sleep, timing=patient)
    shop.refund("40.00")
    assert len(gateway.calls) == 1


def test_every_leg_of_a_request_has_the_same_turn(seconds):
    """A first leg that takes too long leaves no time for the second; the sweep sends that one."""
    slow = FakeGateway(name="slow")
    real = slow.refund

    def refund(call):
        seconds.now += 500
        return real(call)

    slow.refund = refund
    payments = a_payment(1, "70.00", gateway="slow"), a_payment(2, "30.00")
    shop = Shop(order=an_order(payments=payments), others=[slow], monotonic=seconds)
    result = shop.refund()
    assert (result.returned, result.pending) == (eur("70.00"), eur("30.00"))
    assert shop.gateway.calls == []
