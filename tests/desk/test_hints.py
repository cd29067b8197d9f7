"""A webhook may be faster than the shop: what it names is kept until an order answers to it."""

from refundkit import EventKind
from tests.desk.shop import Shop, a_payment, an_order, eur, kinds_of


def test_a_webhook_that_comes_before_its_order_is_kept():
    """Law T1: the dashboard's refund is found by the first sweep after the order was registered."""
    shop = Shop()
    shop.gateway.confirm_captured("ref-2", eur("100.00"))
    shop.gateway.refund_elsewhere("ref-2", eur("25.00"))
    assert shop.desk.receive("fake", **shop.gateway.webhook("ref-2")) == ()
    assert shop.desk.recover().orders == ()
    shop.desk.register(an_order(id="o-2", payments=(a_payment(2),)))
    assert kinds_of(shop.desk.recover().events) == [EventKind.REFUND_ADOPTED]
    assert shop.desk.order("o-2").refunded == eur("25.00")
    assert shop.store.hints() == ()


def test_a_webhook_that_comes_before_its_payment_is_kept():
    """A payment that is recorded later answers to it as well."""
    shop = Shop()
    shop.gateway.confirm_captured("ref-2", eur("50.00"))
    shop.gateway.refund_elsewhere("ref-2", eur("25.00"))
    shop.desk.receive("fake", **shop.gateway.webhook("ref-2"))
    shop.desk.record_payment("o-1", a_payment(2, "50.00"))
    shop.desk.recover()
    assert shop.order.refunded == eur("25.00")


def test_a_process_that_dies_after_registering_loses_no_hint():
    """The sweep follows a hint that the registering process did not live to follow."""
    shop = Shop()
    shop.desk.receive("fake", **shop.gateway.webhook("ref-2"))
    shop.store.add(an_order(id="o-2", payments=(a_payment(2),)), ())
    assert shop.desk.recover().orders == ("o-2",)


def test_an_order_that_is_registered_at_the_same_moment_is_found():
    """Between the look for the order and the keeping of the hint, somebody registers it."""
    shop = Shop()
    real = shop.store.keep_hint

    def slow(gateway, reference, *, at):
        shop.desk.register(an_order(id="o-2", payments=(a_payment(2),)))
        real(gateway, reference, at=at)

    shop.store.keep_hint = slow
    shop.gateway.confirm_captured("ref-2", eur("100.00"))
    shop.gateway.refund_elsewhere("ref-2", eur("25.00"))
    assert kinds_of(shop.desk.receive("fake", **shop.gateway.webhook("ref-2"))) == [EventKind.REFUND_ADOPTED]
