"""What is going to be asked is written down before anybody is asked (law E1)."""

import pytest

from refundkit import EventKind, Money, RefundStatus
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import Shop, a_request, an_order, eur, two_payments


class LookingGateway(FakeGateway):
    """A gateway that looks into the shop's store whenever it is called."""

    def __init__(self, *faults, **options):
        super().__init__(*faults, **options)
        self.shop = None
        self.seen = []

    def refund(self, call):
        """Remember what is stored at this moment."""
        stored = self.shop.store.get("o-1").refund(call.refund.id)
        self.seen.append((stored, call))
        self._write_elsewhere()
        return super().refund(call)

    def fetch(self, payments):
        """Write to the store meanwhile."""
        self._write_elsewhere()
        return super().fetch(payments)

    def _write_elsewhere(self):
        # Raises if the store is in the middle of a change, and would wait for ever if it were locked.
        self.shop.store.change("o-1", lambda order: (order, ()))
        assert not self.shop.store._lock.locked()


def looking_shop(*faults, **options):
    """Return a shop whose gateway looks into its store."""
    gateway = LookingGateway(*faults)
    shop = Shop(gateway=gateway, **options)
    gateway.shop = shop
    return shop


def test_submitted_and_exact_request_are_stored_before_the_gateway_is_called():
    """Law E1: from inside the gateway one reads SUBMITTED and the very request that was handed over."""
    shop = looking_shop()
    shop.refund("40.00")
    ((stored, call),) = shop.gateway.seen
    assert stored.status is RefundStatus.SUBMITTED
    assert stored.prepared == call.request == {"payment": "ref-1", "amount": 4000, "refund_id": stored.id}
    assert stored == call.refund
    assert shop.store.get("o-1").reserved == eur("0.00")


def test_money_is_reserved_while_the_gateway_is_asked():
    """Law E1: at the moment of asking the money is set aside, so that nobody else can give it back."""
    shop = looking_shop()
    reserved = []
    shop.gateway._write_elsewhere = lambda: reserved.append(shop.order.reserved)
    shop.refund("40.00")
    assert reserved == [eur("40.00")]


def test_all_legs_are_stored_before_the_first_is_sent():
    """Law E1: a request over two payments reserves both before it asks for either."""
    shop = looking_shop(order=an_order(payments=two_payments()))
    reserved = []
    shop.gateway._write_elsewhere = lambda: reserved.append(shop.order.reserved)
    shop.refund()
    assert reserved == [eur("100.00"), eur("30.00")]


def test_no_change_of_the_store_is_open_while_a_gateway_is_asked():
    """Law E1: neither refund() nor fetch() of the gateway runs inside a change of the store."""
    shop = looking_shop(Fault.LOST_REQUEST)
    shop.refund("40.00")
    shop.clock.advance(minutes=5)
    shop.desk.refresh("o-1")
    shop.desk.recover()
    assert len(shop.gateway.seen) == 2
    assert shop.only_refund.status is RefundStatus.SUCCEEDED


def test_a_resent_request_is_equal_to_the_stored_one():
    """Law E1: what is sent again after an unclear attempt is word for word what was stored."""
    shop = looking_shop(Fault.LOST_REQUEST, Fault.LOST_REQUEST)
    shop.refund("40.00")
    stored = shop.only_refund.prepared
    for _ in range(2):
        shop.clock.advance(hours=1)
        shop.desk.recover()
    assert [call.request for _, call in shop.gateway.seen] == [stored] * 3
    assert shop.kinds().count(EventKind.REFUND_RESUBMITTED) == 2


def test_a_resent_request_is_not_prepared_anew():
    """Law E1: a new version of the gateway's code does not change what is sent again."""
    shop = Shop(Fault.LOST_REQUEST)
    shop.refund("40.00")
    shop.gateway.prepare = lambda _refund, _payment: pytest.fail("a stored request is prepared once")
    shop.clock.advance(hours=1)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUCCEEDED


def test_a_gateway_that_cannot_prepare_leaves_nothing_behind():
    """Law E1: what cannot be prepared is neither stored nor asked for."""
    shop = Shop()
    shop.gateway.prepare = lambda _refund, _payment: {"amount": 0.5}
    with pytest.raises(ValueError, match="JSON without floats"):
        shop.refund("40.00")
    assert shop.order.refunds == ()
    assert shop.order.refundable == Money.of("100.00", "EUR")
    assert shop.gateway.calls == []


def test_a_sender_that_was_paused_too_long_sends_nothing():
    """Law E1: whoever wakes up after its lease leaves the refund to the sweep, which may have sent it."""
    shop = Shop()
    shop.options["listeners"] = [lambda _event: shop.clock.advance(minutes=3)]
    desk = shop.new_desk()
    slow = desk.refund("o-1", a_request(amount=eur("40.00")))
    assert shop.gateway.calls == []
    assert slow.pending == eur("40.00")
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    assert len(shop.gateway.calls) == 1
