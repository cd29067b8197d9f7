"""A webhook may be faster than the shop: what it names is kept until an order answers to it."""

from refundkit import EventKind, StoreError
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


def test_a_hint_is_kept_for_ninety_days():
    """What nobody registers does not fill the store for ever; until then it is followed."""
    shop = Shop()
    shop.desk.receive("fake", **shop.gateway.webhook("ref-2"))
    shop.clock.advance(days=1)
    shop.desk.receive("fake", **shop.gateway.webhook("ref-3"))
    shop.clock.advance(days=89, microseconds=1)
    shop.desk.recover()
    for number in (2, 3):
        shop.store.add(an_order(id=f"o-{number}", payments=(a_payment(number),)), ())
    assert [hint.reference for hint in shop.store.hints()] == ["ref-3"]


def test_a_hint_about_an_order_that_cannot_be_changed_holds_up_no_other():
    """One broken record is logged, and the others are asked about."""
    shop = Shop()
    for number in (2, 3):
        shop.desk.receive("fake", **shop.gateway.webhook(f"ref-{number}"))
        shop.store.add(an_order(id=f"o-{number}", payments=(a_payment(number),)), ())
    real = shop.store.change

    def broken(order_id, function):
        if order_id == "o-2":
            raise StoreError("The database refused what breaks a law.")
        return real(order_id, function)

    shop.store.change = broken
    assert shop.desk.recover().orders == ("o-3",)
    assert [hint.order_id for hint in shop.store.hints()] == ["o-2"]
    shop.store.change = real
    assert shop.desk.recover().orders == ("o-2",)


def test_what_could_be_no_name_is_not_kept():
    """Law S3: no store has to hold what a webhook calls a payment when no payment could be called so."""
    shop = Shop()
    kept = []
    shop.store.keep_hint = lambda *names, **_: kept.append(names[1])
    shop.gateway.parse_webhook = lambda _: ("", "\0", "x" * 256, " a", "\ud800", "ref-9")
    shop.desk.receive("fake", body=b"", headers={})
    assert kept == ["ref-9"]
