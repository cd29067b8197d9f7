"""Nobody refunds what is not theirs: orders own payments, and tests never meet real money (laws C4, C5, S7)."""

import pytest

from refundkit import (
    ManualGateway,
    OrderNotFoundError,
    PluginError,
    ReferenceTakenError,
    RefundDenied,
    RefundStatus,
)
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import KIM, Shop, a_payment, a_request, an_order, eur


def codes(denied):
    """Return why it was refused."""
    return [reason.code for reason in denied.value.reasons]


def test_a_payment_of_another_order_is_refused():
    """Law C4: the order in the path is the guard; a payment id of another order is unknown here."""
    shop = Shop()
    shop.desk.register(an_order(id="o-2", payments=(a_payment(2),)))
    with pytest.raises(RefundDenied, match="no payment 'p-2'") as denied:
        shop.refund("10.00", payments={"p-2": eur("10.00")})
    assert "unknown_payment" in codes(denied)
    assert shop.gateway.calls == []


@pytest.mark.parametrize(
    "taken",
    [
        {"reference": "ref-1"},
        {"reference": "charge-1"},
        {"reference": "ref-9", "aliases": ("ref-1",)},
        {"reference": "ref-9", "aliases": ("charge-1",)},
        {"reference": "ref-9", "group": "basket-7"},
    ],
    ids=["reference", "alias as reference", "reference as alias", "alias", "group"],
)
def test_a_reference_belongs_to_one_order_only(taken):
    """Law C4: under whatever name, a payment of the gateway cannot be registered or recorded on two orders."""
    shop = Shop(order=an_order(payments=(a_payment(aliases=("charge-1",), group="basket-7"),)))
    stolen = a_payment(2, **taken)
    with pytest.raises(ReferenceTakenError, match="belongs to order o-1"):
        shop.desk.register(an_order(id="o-2", payments=(stolen,)))
    with pytest.raises(OrderNotFoundError):
        shop.desk.order("o-2")
    shop.desk.register(an_order(id="o-2", payments=()))
    with pytest.raises(ReferenceTakenError) as refused:
        shop.desk.record_payment("o-2", stolen)
    assert refused.value.order_id == "o-1"
    assert shop.desk.order("o-2").payments == ()


def test_the_same_reference_at_another_gateway_is_another_payment():
    """Law C4: references are the gateway's own."""
    shop = Shop(others=[FakeGateway(name="other")])
    shop.desk.register(an_order(id="o-2", payments=(a_payment(gateway="other"),)))
    assert shop.desk.refund("o-2", a_request()).returned == eur("100.00")


@pytest.mark.parametrize(
    "call",
    [
        lambda desk: desk.order("o-9"),
        lambda desk: desk.refund("o-9", a_request()),
        lambda desk: desk.preview("o-9", a_request()),
        lambda desk: desk.refresh("o-9"),
        lambda desk: desk.timeline("o-9"),
        lambda desk: desk.acknowledge("o-9", actor=KIM),
        lambda desk: desk.record_payment("o-9", a_payment(9)),
        lambda desk: desk.confirm("no-such-refund", actor=KIM),
        lambda desk: desk.record_external("o-1", "p-9", eur("1.00"), reference="r", actor=KIM),
        lambda desk: desk.remove_document("o-1", "d-9", actor=KIM),
    ],
)
def test_what_is_not_there_is_told_so(call):
    """An order, payment, refund or document that does not exist is OrderNotFoundError."""
    with pytest.raises(OrderNotFoundError):
        call(Shop().desk)


@pytest.mark.parametrize("status", ["pending", "authorized", "failed", "voided"])
def test_only_captured_money_is_refundable(status):
    """Law C5: a payment that is not captured has nothing to give back."""
    shop = Shop(order=an_order(payments=(a_payment(status=type(a_payment().status)(status)),)))
    with pytest.raises(RefundDenied, match="Nothing is left"):
        shop.refund()


def test_a_gateway_that_is_not_installed_is_a_reason():
    """Law C5: no crash, no gateway asked, and the message names what is installed."""
    shop = Shop(order=an_order(payments=(a_payment(gateway="klarna"),)))
    with pytest.raises(RefundDenied, match="'klarna' is not installed here") as denied:
        shop.refund("10.00")
    assert "gateway_not_installed" in codes(denied)


def test_two_gateways_need_two_names():
    """A desk with two gateways of one name would ask the wrong one."""
    with pytest.raises(PluginError, match="Two gateways are named 'fake'"):
        Shop(others=[FakeGateway()])


# Test and live.


@pytest.mark.parametrize(("order", "gateway"), [(True, False), (False, True)])
def test_test_orders_and_live_credentials_never_meet(order, gateway):
    """Law S7: neither a test order at a live gateway nor a live order at a test gateway is refunded."""
    shop = Shop(order=an_order(test=order), gateway=FakeGateway(test=gateway))
    with pytest.raises(RefundDenied) as denied:
        shop.refund("10.00")
    assert "test_and_live" in codes(denied)
    with pytest.raises(RefundDenied):
        shop.desk.preview("o-1", a_request())
    assert shop.gateway.calls == []


@pytest.mark.parametrize(("order", "gateway"), [(True, True), (False, False), (True, None), (False, None)])
def test_test_orders_meet_test_credentials(order, gateway):
    """Law S7: what fits together works, and a gateway without the difference serves both."""
    shop = Shop(order=an_order(test=order), gateway=FakeGateway(test=gateway))
    assert shop.refund("10.00").returned == eur("10.00")


def test_looking_does_not_mix_test_and_live_either():
    """Law S7: refresh, webhooks and reconcile ask no live gateway about a test order."""
    shop = Shop(order=an_order(test=True), gateway=FakeGateway(test=False))
    shop.desk.refresh("o-1")
    shop.desk.receive("fake", **shop.gateway.webhook("ref-1"))
    shop.desk.reconcile(since=shop.clock())
    assert shop.gateway.fetches == 0


def test_the_sweep_sends_no_test_refund_with_live_credentials():
    """Law S7: the shop went live under the same gateway name while a test refund was still unclear."""
    shop = Shop(
        Fault.LOST_REQUEST, order=an_order(test=True), gateway=FakeGateway(Fault.LOST_REQUEST, test=True)
    )
    shop.refund("10.00")
    live = FakeGateway(test=False)
    desk = shop.new_desk(gateways=[live])
    shop.clock.advance(hours=1)
    desk.recover()
    assert live.calls == []
    assert live.fetches == 0
    shop.clock.advance(hours=2)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUCCEEDED


def test_a_refund_of_a_gateway_that_is_gone_waits_for_a_person():
    """Law C5: the sweep leaves it alone, and a person may settle it."""
    shop = Shop(Fault.LOST_REQUEST)
    shop.refund("10.00")
    desk = shop.new_desk(gateways=[ManualGateway()])
    shop.clock.advance(days=2)
    assert desk.recover().unsettled == ("o-1",)
    assert desk.confirm(shop.only_refund.id, actor=KIM).status is RefundStatus.SUCCEEDED
