"""Sending again: what failed, what did not arrive, what is never sent again, and how soon."""

from datetime import timedelta

import pytest

from refundkit import (
    EventKind,
    GiftCardDeliverer,
    InvalidValueError,
    MemoryStore,
    OrderNotFoundError,
    RedeliveryDenied,
    RefundRequest,
    RefundStatus,
    Revocation,
)
from refundkit.testing.builders import NOW
from refundkit.testing.deliverer_contract import DeliveryMishap
from refundkit.testing.fake_deliverer import DeliveryFault, FakeDeliverer
from refundkit.testing.fake_gateway import Fault
from tests.deliveries.benches import Bank
from tests.deliveries.shop import KIM, LEE, Shop, a_delivery, an_order, eur, only

FAIL, LOST, FINAL = DeliveryFault.FAIL, DeliveryFault.LOST_ANSWER, DeliveryFault.FINAL


def codes(denied):
    """Return the codes of all reasons."""
    return [reason.code for reason in denied.value.reasons]


def test_by_default_what_failed_is_sent_again():
    """What the customer has is left alone; the timeline names who wanted it."""
    shop = Shop(FAIL)
    shop.deliver()
    result = shop.desk.redeliver("o-1", actor=LEE)
    assert (shop.done("keys"), shop.done("book"), result.failed) == (["deliver"], ["deliver"], ())
    assert shop.told()[-2:] == [("order.redelivered", "lee"), ("delivery.delivered", "lee")]


def test_what_was_delivered_is_sent_again_when_it_is_named():
    """The customer has as many units as before; it is a move of its own with a key of its own."""
    shop = Shop()
    shop.deliver()
    shop.desk.redeliver("o-1", "book", actor=KIM)
    assert (shop.done("book"), shop.has("book"), shop.done("keys")) == (
        ["deliver", "redeliver"],
        1,
        ["deliver"],
    )
    assert len(set(shop.keys_of("book"))) == 2
    assert shop.of("book").handed_over == 1


@pytest.mark.parametrize("fault", [FAIL, LOST])
def test_sending_again_is_repeated_like_anything_else(fault):
    """A redelivery that failed is tried again under its key, and sent once more in all."""
    shop = Shop()
    shop.deliver()
    shop.goods.misbehave(fault)
    shop.desk.redeliver("o-1", ["book"], actor=KIM)
    assert shop.status("book") == "failed"
    shop.later(minutes=1)
    assert (shop.status("book"), shop.done("book")) == ("delivered", ["deliver", "redeliver"])


def test_a_redelivery_that_was_refused_for_good_can_be_asked_for_again():
    """Under a new key, because the old one was answered for good."""
    shop = Shop(order=only("book"))
    shop.deliver()
    shop.goods.misbehave(FINAL)
    shop.desk.redeliver("o-1", ["book"], actor=KIM)
    assert shop.status("book") == "dead_lettered"
    shop.clock.advance(minutes=1)
    shop.desk.redeliver("o-1", actor=KIM)
    assert (shop.status("book"), shop.done("book")) == ("delivered", ["deliver", "redeliver"])


def test_a_minute_for_each_order():
    """Whoever comes too early is told the seconds left; another order has a minute of its own."""
    shop = Shop()
    shop.deliver()
    shop.desk.redeliver("o-1", ["book"], actor=KIM)
    shop.clock.advance(seconds=17.5)
    with pytest.raises(RedeliveryDenied, match="wait for 43 more seconds") as denied:
        shop.new_desk().redeliver("o-1", ["keys"], actor=LEE)
    assert (denied.value.seconds_left, codes(denied)) == (43, ["cooling_down"])
    shop.clock.advance(seconds=42.5)
    shop.desk.redeliver("o-1", ["keys"], actor=LEE)
    assert shop.done("keys") == ["deliver", "redeliver"]


def test_a_refusal_begins_no_cooldown():
    """Nothing was sent, so nobody has to wait."""
    shop = Shop()
    shop.deliver()
    with pytest.raises(RedeliveryDenied) as denied:
        shop.desk.redeliver("o-1", actor=KIM)
    assert (codes(denied), denied.value.seconds_left) == (["nothing_failed"], 0)
    shop.desk.redeliver("o-1", ["book"], actor=KIM)


def test_a_clock_that_was_set_back_holds_nobody_for_long():
    """A redelivery from tomorrow stops nobody, and the next minute is counted by the clock as it is now."""
    shop = Shop()
    shop.deliver()
    shop.desk.redeliver("o-1", ["book"], actor=KIM)
    shop.clock.advance(days=-1)
    shop.desk.redeliver("o-1", ["book"], actor=KIM)
    with pytest.raises(RedeliveryDenied) as denied:
        shop.desk.redeliver("o-1", ["book"], actor=KIM)
    assert denied.value.seconds_left == 60
    shop.clock.advance(minutes=1)
    shop.desk.redeliver("o-1", ["book"], actor=KIM)
    assert shop.done("book") == ["deliver", *["redeliver"] * 3]


def test_the_minute_begins_when_it_is_written():
    """Whoever had to wait for the database begins the minute after that, not before."""

    class Busy(MemoryStore):
        """A store that makes everybody wait for a lock."""

        waits = staticmethod(lambda: None)

        def change(self, order_id, function):
            """Change the order when it is free."""
            self.waits()
            return super().change(order_id, function)

    shop = Shop(store=Busy())
    shop.clock.now = NOW
    shop.deliver()
    shop.store.waits = lambda: shop.clock.advance(seconds=10)
    shop.desk.redeliver("o-1", ["book"], actor=KIM)
    (event,) = [one for one in shop.store.events("o-1") if one.kind is EventKind.ORDER_REDELIVERED]
    assert event.at == shop.order.redelivered_at == NOW + timedelta(seconds=10)


def test_gift_cards_are_never_sent_again():
    """The refusal says where the original code is, and never the code itself."""
    bank = Bank()
    card = GiftCardDeliverer(issue=bank.issue)
    gift = a_delivery("keys", kind="gift_card", target="jo@example.org")
    shop = Shop(order=an_order(deliveries=(gift, a_delivery("book"))), others=(card,))
    shop.deliver()
    with pytest.raises(RedeliveryDenied) as denied:
        shop.desk.redeliver("o-1", ["keys", "book"], actor=KIM)
    assert codes(denied) == ["only_once"]
    assert "sent to jo@example.org on 2026-11-01" in str(denied.value)
    ((first, second),) = bank.cards.values()
    assert f"ending in {first.replace('-', '')[-4:]}" in str(denied.value)
    assert not any(code in str(denied.value) + repr(shop.order) for code in (first, second))
    assert shop.done("book") == ["deliver"]


def test_a_gift_card_that_failed_is_issued_once():
    """It was never sent, so it is tried again, under the key of the first try."""
    bank = Bank()
    card = GiftCardDeliverer(issue=bank.issue)
    shop = Shop(order=only("book", kind="gift_card"), others=(card,))
    bank.let(DeliveryMishap.LOST_REPLY)
    shop.deliver()
    shop.desk.redeliver("o-1", actor=KIM)
    assert (shop.status("book"), len(bank.cards)) == ("delivered", 1)


def test_what_was_refunded_is_not_sent_again():
    """Neither before nor after it was taken back."""
    shop = Shop()
    shop.deliver()
    shop.refund(lines={"book": 1})
    for _ in range(2):
        with pytest.raises(RedeliveryDenied) as denied:
            shop.desk.redeliver("o-1", ["book"], actor=KIM)
        assert codes(denied) == ["nothing_owed"]
        shop.desk.sweep()


def test_what_is_being_refunded_is_not_sent_again():
    """While the money is on its way back nothing is sent, and when the bank says no, it may be."""
    shop = Shop(bank=(Fault.PENDING,))
    shop.deliver()
    shop.refund(lines={"book": 1})
    with pytest.raises(RedeliveryDenied, match="is being given back") as denied:
        shop.desk.redeliver("o-1", ["book"], actor=KIM)
    assert codes(denied) == ["refund_under_way"]
    shop.bank(RefundStatus.FAILED)
    shop.desk.redeliver("o-1", ["book"], actor=KIM)
    assert shop.done("book") == ["deliver", "redeliver"]


def test_what_the_customer_may_keep_is_not_sent_again():
    """Where nothing is taken back, what was refunded is still not sent once more."""
    shop = Shop(revocation=Revocation.NEVER)
    shop.deliver()
    shop.refund(lines={"book": 1})
    with pytest.raises(RedeliveryDenied) as denied:
        shop.desk.redeliver("o-1", ["book"], actor=KIM)
    assert codes(denied) == ["nothing_owed"]


def test_a_gift_card_of_which_the_rest_was_refunded_is_not_sent_again():
    """One of two cards was refused for good and refunded: the customer has the other, and no way leads to a third."""
    shop = Shop(None, order=only("keys"), can={"redeliverable": False})
    shop.refund("first", lines={"keys": 1})
    shop.deliver()
    shop.bank(RefundStatus.FAILED, "first")
    shop.goods.misbehave(FINAL)
    shop.deliver()
    assert (shop.status("keys"), shop.has("keys")) == ("dead_lettered", 1)
    shop.refund("second", amount=eur("5.00"))
    shop.refund("third", lines={"keys": 1})
    with pytest.raises(InvalidValueError, match="nothing to try again"):
        shop.desk.retry("o-1", "keys", actor=KIM)
    shop.desk.sweep()
    assert (shop.status("keys"), shop.has("keys")) == ("delivered", 1)
    with pytest.raises(RedeliveryDenied) as denied:
        shop.desk.redeliver("o-1", ["keys"], actor=KIM)
    assert codes(denied) == ["only_once"]


def test_every_reason_is_told_at_once():
    """A rejected order is not sent again, whatever is asked for."""
    shop = Shop()
    shop.deliver()
    shop.refunds.reject("o-1", RefundRequest(key="no", reason="fraud"))
    with pytest.raises(RedeliveryDenied) as denied:
        shop.desk.redeliver("o-1", ["book", "keys"], actor=KIM)
    assert codes(denied) == ["order_rejected", "nothing_owed", "nothing_owed"]


def test_nobody_sends_again_what_is_being_sent():
    """Somebody is at it right now."""

    class Busy(FakeDeliverer):
        def deliver(self, call):
            with pytest.raises(RedeliveryDenied) as denied:
                shop.desk.redeliver("o-1", ["book"], actor=KIM)
            seen.extend(codes(denied))
            return super().deliver(call)

    seen = []
    shop = Shop(order=only("book", kind="busy"), others=(Busy(name="busy"),))
    shop.deliver()
    assert seen == ["in_progress"]


def test_a_part_that_was_refunded_is_not_sent_again():
    """Of two keys one is left; that one is sent again, also where nothing can be taken back."""
    shop = Shop(order=only("keys"), can={"revocable": False})
    shop.deliver()
    shop.refund(lines={"keys": 1})
    shop.desk.redeliver("o-1", ["keys"], actor=KIM)
    assert (shop.goods.calls[-1].move, shop.goods.calls[-1].units) == ("redeliver", 1)


def test_a_delivery_that_is_not_there():
    """A wrong name is no refusal but a mistake."""
    with pytest.raises(OrderNotFoundError, match="has no delivery 'lamp'"):
        Shop().desk.redeliver("o-1", ["lamp"], actor=KIM)


def test_a_deliverer_that_is_gone_is_a_reason():
    """Law C5: the refusal names what is installed."""
    shop = Shop(order=only("book", kind="parrot"))
    with pytest.raises(RedeliveryDenied) as denied:
        shop.desk.redeliver("o-1", ["book"], actor=KIM)
    assert codes(denied) == ["deliverer_not_installed"]
