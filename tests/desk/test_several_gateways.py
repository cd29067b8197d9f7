"""One order, several gateways: one that is away, one that gives back what another took, one that is gone."""

from datetime import timedelta

import pytest

from refundkit import EventKind, InvalidValueError, ManualGateway, MemoryStore, RefundStatus
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import KIM, Shop, a_payment, a_request, an_order, eur, kinds_of


def two_gateways(*faults):
    """Return a shop whose order was paid at two gateways, and the second of them."""
    other = FakeGateway(name="other")
    payments = a_payment(1, "70.00"), a_payment(2, "30.00", gateway="other")
    return Shop(*faults, order=an_order(payments=payments), others=[other]), other


def credit_shop(**can):
    """Return a shop with a machine that gives back as credit what others took, and that machine."""
    credit = FakeGateway(name="credit", any_payment=True, **can)
    return Shop(others=[credit]), credit


def restored(shop, *gateways):
    """Restore the shop from a backup of two days ago that knew the order only; the gateways forget their keys."""
    shop.store = MemoryStore()
    shop.desk = shop.new_desk()
    shop.desk.register(an_order())
    shop.clock.advance(days=2)
    for gateway in gateways:
        gateway.forget_keys()


def test_a_gateway_that_is_away_does_not_hold_up_the_others():
    """Law E6: the refund at the gateway that answers comes to its end, also while the order's other one is gone."""
    shop, other = two_gateways(Fault.LOST_REQUEST)
    shop.refund("50.00")
    other.down = True
    shop.clock.advance(minutes=1)

    assert shop.desk.recover().unreachable == ("o-1",)
    assert shop.only_refund.status is RefundStatus.SUCCEEDED


def test_a_gateway_that_is_away_is_sent_nothing():
    """Law E4: both legs are unclear, one gateway can be asked: that leg is settled, the other one waits."""
    shop, other = two_gateways(Fault.LOST_REQUEST)
    other.faults.append(Fault.LOST_REQUEST)
    shop.refund()
    other.down = True
    sent = len(other.calls)
    shop.clock.advance(hours=1)
    shop.desk.recover()

    assert [leg.status for leg in shop.order.refunds] == [RefundStatus.SUCCEEDED, RefundStatus.SUBMITTED]
    assert len(other.calls) == sent
    other.down = False
    shop.clock.advance(hours=1)
    shop.desk.recover()
    assert other.returned("EUR") == eur("30.00")


def test_credit_is_not_given_twice_after_a_restore():
    """Law E2: the gateway that is to give the money back is looked at first, not only the one that took it."""
    shop, credit = credit_shop()
    shop.refund("40.00", via="credit")
    restored(shop, credit)

    assert shop.refund("40.00", via="credit").returned == eur("40.00")
    assert credit.returned("EUR") == eur("40.00")


def test_a_look_at_one_gateway_does_not_vouch_for_another():
    """Law E2: a card refund after the restore asked the card's gateway only; the credit is still to be found."""
    shop, credit = credit_shop()
    shop.refund("40.00", via="credit")
    restored(shop, credit)

    shop.refund("10.00", key="return-2")
    assert shop.refund("40.00", via="credit").returned == eur("40.00")
    assert credit.returned("EUR") == eur("40.00")


def test_the_shorter_memory_decides():
    """Law E2: the credit's gateway forgets within hours what the card's remembers for weeks."""
    credit = FakeGateway(name="credit", any_payment=True)
    shop = Shop(others=[credit], can={"idempotency_window": timedelta(days=45)})
    shop.refund("40.00", via="credit")
    restored(shop, credit)

    assert shop.refund("40.00", via="credit").returned == eur("40.00")
    assert credit.returned("EUR") == eur("40.00")


def test_a_young_credit_needs_no_second_look():
    """Who was looked at an hour ago is not asked again."""
    shop, credit = credit_shop()
    shop.clock.advance(days=2)
    shop.refund("10.00", via="credit")
    looks = shop.gateway.fetches, credit.fetches
    shop.clock.advance(hours=1)
    shop.refund("10.00", via="credit", key="return-2")
    assert (shop.gateway.fetches, credit.fetches) == looks


def test_reconciling_finds_credit_that_the_store_has_lost():
    """Law T2: a machine that may give back any payment is asked about all of them; people are not."""
    shop, credit = credit_shop()
    shop.others = (*shop.others, ManualGateway(any_payment=True))
    shop.refund("40.00", via="credit")
    restored(shop, credit)

    found = shop.desk.reconcile(since=shop.clock.now - timedelta(days=9))
    assert kinds_of(found.events) == [EventKind.REFUND_REBUILT]
    assert shop.order.refunded == eur("40.00")


def test_reconciling_tells_what_the_gateways_said_that_could_be_asked():
    """Of an order with two gateways, one of them down, what the other one told is among the events."""
    shop, other = two_gateways()
    shop.gateway.confirm_captured("ref-1", eur("70.00"))
    shop.gateway.refund_elsewhere("ref-1", eur("5.00"))
    other.down = True

    found = shop.desk.reconcile(since=shop.clock.now - timedelta(days=9))
    assert found.unreachable == ("o-1",)
    assert EventKind.REFUND_ADOPTED in kinds_of(found.events)


def test_reconciling_goes_on_after_an_order_that_breaks():
    """One order that cannot be recorded keeps no other from being asked about."""
    shop = Shop()
    shop.desk.register(an_order(id="o-2", payments=(a_payment(2),)))
    shop.gateway.confirm_captured("ref-2", eur("100.00"))
    shop.gateway.refund_elsewhere("ref-2", eur("5.00"))
    real = shop.store.get

    def broken(order_id):
        if order_id == "o-1":
            raise ValueError("unreadable")
        return real(order_id)

    shop.store.get = broken
    found = shop.desk.reconcile(since=shop.clock.now - timedelta(days=9))
    assert (found.orders, found.unreachable) == (2, ("o-1",))
    assert kinds_of(found.events) == [EventKind.REFUND_ADOPTED]


def test_two_gateways_may_call_their_payments_the_same():
    """Law C4: a lost answer about the second of two payments with one number is not taken for the first one's."""
    credit = FakeGateway(Fault.LOST_ANSWER, name="credit", any_payment=True)
    payments = (
        a_payment(1, "70.00", reference="1001"),
        a_payment(2, "30.00", gateway="till", reference="1001"),
    )
    shop = Shop(order=an_order(payments=payments), others=[FakeGateway(name="till"), credit])
    shop.desk.refund("o-1", a_request(via="credit", payments={"p-2": eur("30.00")}))
    shop.clock.advance(minutes=5)
    shop.desk.recover()

    refund = shop.only_refund
    assert (refund.payment_id, refund.status, shop.flags()) == ("p-2", RefundStatus.SUCCEEDED, [])


# Gone, or with other credentials.


def gone(shop):
    """Take the gateway away."""
    shop.gateway = FakeGateway(name="another")
    shop.desk = shop.new_desk()


def turned_into_a_test(shop):
    """Give the gateway test credentials."""
    shop.gateway.test = True


@pytest.mark.parametrize("change", [gone, turned_into_a_test], ids=lambda change: change.__name__)
def test_a_gateway_that_must_not_be_asked_any_more_is_a_persons_case(change):
    """Laws C5 and S7: nothing is sent, after three days a person is asked, and a person's word settles it."""
    shop = Shop(Fault.LOST_REQUEST)
    shop.refund("40.00")
    sent = list(shop.gateway.calls)
    card = shop.gateway
    change(shop)
    for _ in range(4):
        shop.clock.advance(days=1)
        shop.desk.recover()

    assert shop.flags() == ["overdue"]
    assert card.calls == sent
    shop.desk.confirm(shop.only_refund.id, actor=KIM, status=RefundStatus.FAILED, note="nothing was paid out")
    assert shop.order.refundable == eur("100.00")


def test_a_success_is_looked_at_again_when_its_gateway_is_back():
    """Law E7: a process that lacks the gateway takes no look off the timetable."""
    shop = Shop()
    shop.refund("40.00")
    other = shop.new_desk(gateways=[])
    shop.clock.advance(days=1)
    other.recover()
    reference = shop.only_refund.reference
    shop.gateway.settle(reference, RefundStatus.FAILED)
    shop.clock.advance(days=6)
    assert kinds_of(shop.desk.recover().events) == [EventKind.REFUND_FAILED_AFTER_SUCCESS]


def test_what_waits_for_a_person_takes_no_ones_turn():
    """No sweep is spent on money that somebody has to hand out."""
    paid = a_payment(gateway="manual", reference="receipt-1")
    shop = Shop(order=an_order(payments=(paid,)), gateway=ManualGateway(settles="on_confirmation"))
    shop.refund("40.00")
    assert shop.order.due_at is None


# Webhooks.


def test_a_webhook_about_two_orders_marks_both_before_it_asks():
    """Law T1: the first order cannot be asked about, and the second is not forgotten for that."""
    shop = Shop()
    shop.desk.register(an_order(id="o-2", payments=(a_payment(2),)))
    shop.gateway.parse_webhook = lambda _: ("ref-1", "ref-2")

    def broken(payments):
        raise KeyboardInterrupt

    shop.gateway.fetch = broken
    with pytest.raises(KeyboardInterrupt):
        shop.desk.receive("fake", body=b"", headers={})
    assert shop.desk.order("o-2").fetch_due_at == shop.clock.now


def test_a_gateway_that_cannot_tell_what_it_can_do_breaks_no_webhook():
    """Law T1: a webhook is answered with success, and the sweep has the last look."""
    shop = Shop()

    def broken(payment):
        raise ValueError("a bug in a plugin")

    shop.gateway.capabilities = broken
    assert shop.desk.receive("fake", **shop.gateway.webhook("ref-1")) == ()
    assert shop.order.fetch_due_at is not None


@pytest.mark.parametrize("limit", [0, -1])
def test_a_sweep_of_nothing_is_refused(limit):
    """A limit that would settle nothing, or everything but one, is a mistake."""
    with pytest.raises(InvalidValueError, match="settles nothing"):
        Shop().desk.recover(limit=limit)
