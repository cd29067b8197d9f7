"""Deliveries that are added later, retried, or marked by hand; and what an order may not bring along."""

import pytest

from refundkit import (
    DeliveryStatus,
    DeliveryTiming,
    EventKind,
    InvalidValueError,
    OrderNotFoundError,
    PluginError,
)
from refundkit.testing.fake_deliverer import DeliveryFault, FakeDeliverer
from tests.deliveries.shop import KIM, LEE, Shop, a_delivery, an_order, only

FAIL, LOST = DeliveryFault.FAIL, DeliveryFault.LOST_ANSWER


def test_deliveries_are_added_to_a_paid_order():
    """An order that had none gets some later; adding the same ones again changes nothing."""
    shop = Shop(order=an_order(deliveries=()))
    shop.desk.add("o-1", [a_delivery("book")], actor=KIM)
    before = shop.order
    shop.desk.add("o-1", [a_delivery("book")], actor=KIM)
    assert shop.order == before
    assert shop.told() == [("delivery.added", "kim")]
    shop.desk.sweep()
    assert shop.has("book") == 1


@pytest.mark.parametrize(
    ("order", "delivery", "words"),
    [
        (an_order(payments=(), deliveries=()), a_delivery("book"), "is not paid"),
        (an_order(), a_delivery("book", target="elsewhere"), "has another delivery of that id"),
        (an_order(deliveries=()), a_delivery("book", kind="parrot"), "'parrot' is not installed"),
        (an_order(deliveries=()), a_delivery("lamp"), "which order o-1 does not have"),
        (an_order(deliveries=()), a_delivery("book", attempts=1), "brings a history"),
    ],
)
def test_what_cannot_be_added(order, delivery, words):
    """The refusal says why, and nothing is changed."""
    shop = Shop(order=order)
    before = shop.order
    with pytest.raises(InvalidValueError, match=words):
        shop.desk.add("o-1", [delivery], actor=KIM)
    assert shop.order == before


@pytest.mark.parametrize("history", [{"status": DeliveryStatus.DELIVERED}, {"moves": 1}, {"attempts": 2}])
def test_an_order_brings_no_history_of_deliveries(history):
    """What claims to be delivered says how many units the customer has."""
    with pytest.raises(InvalidValueError, match="brings a history"):
        Shop(order=only("book", **history))


def test_what_the_customer_has_already_is_not_handed_over():
    """An order may be registered whose goods were delivered by other means."""
    shop = Shop(order=only("book", status=DeliveryStatus.DELIVERED, handed_over=1))
    shop.deliver()
    assert shop.goods.calls == []


def test_a_person_marks_it_as_delivered():
    """The customer has it by whatever way it came; nobody tries any longer."""
    shop = Shop(FAIL, order=only("book"))
    shop.deliver()
    shop.desk.mark_delivered("o-1", "book", actor=LEE, note="sent by mail")
    before = shop.order
    shop.desk.mark_delivered("o-1", "book", actor=LEE)
    assert shop.order == before
    shop.later(days=2)
    assert (shop.status("book"), shop.of("book").handed_over, len(shop.goods.calls)) == ("delivered", 1, 1)
    assert shop.told() == [("delivery.failed", "kim"), ("delivery.delivered", "lee")]


def test_what_was_refunded_is_not_marked_as_delivered():
    """The sweep would take it back at once."""
    shop = Shop(order=only("book"))
    shop.refund()
    with pytest.raises(InvalidValueError, match="its money was given back"):
        shop.desk.mark_delivered("o-1", "book", actor=LEE)


def test_a_dead_letter_is_retried_by_a_person():
    """It has as many tries as a new one, and the timeline names who wanted it."""
    timing = DeliveryTiming(most_attempts=1)
    shop = Shop(FAIL, LOST, None, order=only("book"), timing=timing)
    shop.deliver()
    shop.desk.retry("o-1", "book", actor=LEE)
    assert shop.status("book") == "dead_lettered"
    shop.desk.retry("o-1", "book", actor=LEE)
    assert (shop.status("book"), shop.has("book"), len(set(shop.keys_of("book")))) == ("delivered", 1, 1)
    assert ("delivery.retried", "lee") in shop.told()


def test_there_must_be_something_to_retry():
    """What was delivered is sent again with redeliver(), and what does not exist is not found."""
    shop = Shop(order=only("book"))
    shop.deliver()
    with pytest.raises(InvalidValueError, match=r"nothing to try again. redeliver\(\)"):
        shop.desk.retry("o-1", "book", actor=KIM)
    for command in (shop.desk.retry, shop.desk.mark_delivered):
        with pytest.raises(OrderNotFoundError, match="has no delivery 'lamp'"):
            command("o-1", "lamp", actor=KIM)


def test_two_deliverers_of_one_name_are_an_error():
    """A delivery names its deliverer, so the name must say which."""
    with pytest.raises(PluginError, match="Two deliverers are named 'fake'"):
        Shop(others=(FakeDeliverer(),))


@pytest.mark.parametrize("wrong", [{"retries": ()}, {"most_attempts": 0}])
def test_a_timing_needs_waits_and_tries(wrong):
    """Nonsense is refused when it is made."""
    with pytest.raises(InvalidValueError):
        DeliveryTiming(**wrong)


def test_a_download_is_noted():
    """The timeline tells that the customer fetched the goods, should it be disputed."""
    shop = Shop(order=only("book"))
    shop.desk.record_download("o-1", "book")
    (event,) = (one for one in shop.store.events("o-1") if one.kind is EventKind.DELIVERY_DOWNLOADED)
    assert (event.actor.kind, event.data["delivery"]) == ("customer", "book")
    with pytest.raises(OrderNotFoundError):
        shop.desk.record_download("o-1", "lamp")
