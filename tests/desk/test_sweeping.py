"""The sweep brings everything unsettled to rest, and leaves all else alone."""

import pytest

from refundkit import EventKind, FailureCode, RefundStatus, StoreBusyError, StoreError, Timing
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import KIM, Shop, a_payment, a_request, an_order, eur, kinds_of


def many_unclear(count, **options):
    """Return a shop with so many more orders, each with an unclear refund of 10.00."""
    shop = Shop(*[Fault.LOST_REQUEST] * count, **options)
    for number in range(2, count + 2):
        shop.desk.register(an_order(id=f"o-{number}", payments=(a_payment(number),)))
        shop.desk.refund(f"o-{number}", a_request(amount=eur("10.00")))
    return shop


def test_nothing_due_touches_nothing():
    """A sweep over refunds that are settled for good asks no gateway and changes no order."""
    shop = Shop(timing=Timing(after_success=()))
    shop.refund("40.00")
    before = shop.order
    shop.clock.advance(days=400)
    swept = shop.desk.recover()
    assert (swept.orders, swept.events, swept.unsettled, swept.unreachable) == ((), (), (), ())
    assert shop.gateway.fetches == 0
    assert shop.order == before


def test_a_sweep_takes_as_many_orders_as_it_may():
    """The limit bounds one sweep; the next goes on."""
    shop = many_unclear(5)
    shop.clock.advance(hours=1)
    taken = [len(shop.desk.recover(limit=2).orders) for _ in range(4)]
    assert taken == [2, 2, 1, 0]


def test_the_longest_due_come_first():
    """Nobody waits for ever behind younger ones."""
    shop = Shop(*[Fault.LOST_REQUEST] * 3)
    for number in (4, 3, 2):
        shop.desk.register(an_order(id=f"o-{number}", payments=(a_payment(number),)))
        shop.desk.refund(f"o-{number}", a_request(amount=eur("10.00")))
        shop.clock.advance(minutes=10)
    assert shop.desk.recover(limit=1).orders == ("o-4",)


def test_an_order_that_waits_for_a_person_does_not_hold_up_the_others():
    """What no program can settle is looked at now and then, not first in every sweep."""
    shop = Shop(*[Fault.LOST_REQUEST] * 2, can={"knows_absence": False})
    shop.refund("10.00")
    shop.clock.advance(days=2)
    shop.desk.recover()
    assert shop.flags() == ["undecided"]
    shop.desk.register(an_order(id="o-2", payments=(a_payment(2),)))
    shop.desk.refund("o-2", a_request(amount=eur("10.00")))
    shop.clock.advance(minutes=1)
    assert shop.desk.recover(limit=1).orders == ("o-2",)


def test_an_order_in_quarantine_is_not_looked_at_all_the_time():
    """A doubted decline waits; the sweep does not spin on it."""
    shop = Shop(Fault.LOST_REQUEST, Fault.DECLINE)
    shop.refund("10.00")
    shop.clock.advance(minutes=5)
    shop.desk.recover()
    shop.desk.recover()
    fetches = shop.gateway.fetches
    for _ in range(10):
        shop.clock.advance(seconds=30)
        shop.desk.recover()
    assert shop.gateway.fetches - fetches <= 1
    shop.clock.advance(hours=2)
    shop.desk.recover()
    assert shop.only_refund.failure is FailureCode.DECLINED
    assert shop.only_refund.status is RefundStatus.FAILED


def test_a_sweep_that_dies_loses_nothing():
    """A claimed order is due again when the lease is over."""
    shop = many_unclear(1)
    shop.clock.advance(hours=1)
    real, shop.gateway.fetch = shop.gateway.fetch, lambda _payments: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        shop.desk.recover()
    shop.gateway.fetch = real
    assert shop.desk.recover().orders == ()
    shop.clock.advance(minutes=2)
    assert shop.desk.recover().orders == ("o-2",)
    assert shop.moved == eur("10.00")


def test_unreachable_gateways_are_told_and_tried_again():
    """While a gateway is down its orders stay due, and nothing is sent."""
    shop = many_unclear(2)
    shop.clock.advance(hours=1)
    shop.gateway.down = True
    calls = len(shop.gateway.calls)
    swept = shop.desk.recover()
    assert set(swept.unreachable) == set(swept.unsettled) == {"o-2", "o-3"}
    assert len(shop.gateway.calls) == calls
    shop.gateway.down = False
    shop.clock.advance(minutes=2)
    assert shop.desk.recover().unsettled == ()
    assert shop.moved == eur("20.00")


def test_one_order_that_cannot_be_recorded_does_not_stop_the_sweep():
    """A bug that one order's facts bring to light leaves the other orders their turn."""
    shop = many_unclear(3)
    shop.clock.advance(hours=1)
    real = shop.gateway.capabilities

    def broken(payment):
        if payment.id == "p-2":
            raise ZeroDivisionError
        return real(payment)

    shop.gateway.capabilities = broken
    swept = shop.desk.recover()
    assert swept.unreachable == ("o-2",)
    assert shop.moved == eur("20.00")
    del shop.gateway.capabilities
    shop.clock.advance(hours=1)
    shop.desk.recover()
    assert shop.moved == eur("30.00")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(RefundStatus.SUCCEEDED, EventKind.REFUND_SUCCEEDED), (RefundStatus.FAILED, EventKind.REFUND_FAILED)],
)
def test_pending_refunds_are_polled_until_they_are_settled(status, kind):
    """Without any webhook the sweep hears how it ended, and then leaves the order alone."""
    shop = Shop(Fault.PENDING)
    reference = shop.refund("40.00").refunds[0].reference
    for _ in range(3):
        shop.clock.advance(hours=1)
        swept = shop.desk.recover()
        assert swept.orders == swept.unsettled == ("o-1",)
        assert swept.events == ()
    shop.gateway.settle(reference, status)
    shop.clock.advance(hours=1)
    swept = shop.desk.recover()
    assert kinds_of(swept.events) == [kind]
    assert swept.unsettled == ()
    assert shop.is_at_rest()


def test_a_pending_refund_is_polled_in_time_however_often_the_order_is_annotated():
    """Notes do not put off the look at the gateway."""
    shop = Shop(Fault.PENDING)
    shop.refund("40.00")
    for _ in range(4):
        shop.clock.advance(minutes=20)
        shop.desk.annotate("o-1", actor=KIM, note="customer called")
    assert shop.desk.recover().orders == ("o-1",)


def test_a_pending_refund_is_not_sent_again():
    """The gateway has it; asking is enough."""
    shop = Shop(Fault.PENDING)
    shop.refund("40.00")
    shop.gateway.forget_keys()
    shop.clock.advance(days=30)
    shop.desk.recover()
    assert len(shop.gateway.calls) == 1


def test_a_sweep_sends_one_leg_and_leaves_the_other():
    """Each refund of an order has its own way."""
    first, second = a_payment(1, "70.00"), a_payment(2, "30.00")
    shop = Shop(Fault.LOST_REQUEST, Fault.PENDING, order=an_order(payments=(first, second)))
    shop.refund()
    shop.clock.advance(minutes=1)
    shop.desk.recover()
    assert [refund.status for refund in shop.order.refunds] == [RefundStatus.SUCCEEDED, RefundStatus.PENDING]
    assert len(shop.gateway.calls) == 3


def test_an_order_of_which_one_gateway_is_down_stays_due():
    """The order comes up again until that gateway could be asked as well."""
    other = FakeGateway(Fault.LOST_REQUEST, name="other")
    payments = (a_payment(1, "70.00"), a_payment(2, "30.00", gateway="other"))
    shop = Shop(Fault.LOST_REQUEST, order=an_order(payments=payments), others=[other])
    shop.refund()
    other.down = True
    shop.clock.advance(minutes=5)
    assert shop.desk.recover().unreachable == ("o-1",)
    other.down = False
    shop.clock.advance(minutes=5)
    assert shop.desk.recover().unsettled == ()
    assert shop.order.refunded == eur("100.00")


def test_attempts_are_spread_out():
    """The waits after the first, second, … attempt grow."""
    shop = Shop(*[Fault.LOST_REQUEST] * 9)
    shop.refund("40.00")
    waits = []
    for _ in range(5):
        wait = shop.order.due_at - shop.clock()
        waits.append(wait.total_seconds())
        shop.clock.now = shop.order.due_at
        shop.desk.recover()
    assert waits == sorted(waits)
    assert waits[0] == 30
    assert shop.only_refund.attempts == 6


def test_a_crash_between_storing_and_sending_is_made_up_for():
    """The process died before it asked; the lease runs out, and the sweep asks."""
    shop = Shop()
    shop.gateway.refund = lambda _call: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        shop.refund("40.00")
    del shop.gateway.refund
    assert shop.desk.recover().orders == ()
    shop.clock.advance(minutes=2)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    assert shop.only_refund.unclear_at is not None


# A record that cannot be read or written.


def broken_store(shop, *, method, error):
    """Have a method of the store fail for order o-3."""
    real = getattr(shop.store, method)

    def fails(order_id, *rest):
        if order_id == "o-3":
            raise error
        return real(order_id, *rest)

    setattr(shop.store, method, fails)


@pytest.mark.parametrize("method", ["get", "events", "change"])
@pytest.mark.parametrize(
    "error", [ValueError("'x' is not a valid RefundStatus"), StoreError("refused")], ids=["value", "store"]
)
def test_one_order_with_a_broken_record_does_not_stop_the_sweep(method, error):
    """Its claim brings it up again; the others are settled, and the events are told."""
    heard = []
    shop = many_unclear(3)
    shop.clock.advance(hours=1)
    broken_store(shop, method=method, error=error)
    shop.desk = shop.new_desk(listeners=[lambda event: heard.append(event.order_id)])

    swept = shop.desk.recover()
    assert (swept.orders, swept.unreachable) == (("o-2", "o-3", "o-4"), ("o-3",))
    assert swept.unsettled == ()
    assert {"o-2", "o-4"} <= set(heard)
    shop.clock.advance(minutes=3)
    assert shop.desk.recover().orders == ("o-3",)


def test_a_store_that_is_busy_ends_the_sweep():
    """Nothing is gained by asking a store that is held by others about one order after the other."""
    shop = many_unclear(3)
    shop.clock.advance(hours=1)
    broken_store(shop, method="change", error=StoreBusyError("held"))
    with pytest.raises(StoreBusyError):
        shop.desk.recover()


def test_a_store_that_is_away_ends_the_sweep():
    """An order that fails because nothing can be read any more is not the order's fault."""
    shop = many_unclear(3)
    shop.clock.advance(hours=1)
    asked = []

    def away(order_id):
        asked.append(order_id)
        raise StoreError("The database failed.")

    def away_as_well(*args, **options):
        raise StoreError("The database failed.")

    shop.store.get, shop.store.undelivered = away, away_as_well
    with pytest.raises(StoreError):
        shop.desk.recover()
    assert set(asked) == {"o-2"}
