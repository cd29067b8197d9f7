"""Money and goods together: what was refunded is taken back, and what came back is handed over again, once."""

from contextlib import suppress

import attrs
import pytest

from refundkit import DeliveryError, DeliveryTiming, RefundRequest, RefundStatus, Revocation
from refundkit.desk import dispatch
from refundkit.testing.fake_deliverer import DeliveryFault, FakeDeliverer
from refundkit.testing.fake_gateway import Fault
from tests.deliveries.shop import KIM, Shop, a_delivery, an_order, eur, only

FAIL, LOST, FINAL = DeliveryFault.FAIL, DeliveryFault.LOST_ANSWER, DeliveryFault.FINAL
S = RefundStatus


def delivered(*faults, **options):
    """Return a shop that has handed everything over, where *faults* happen next."""
    shop = Shop(**options)
    shop.deliver()
    shop.goods.misbehave(*faults)
    return shop


def test_a_refund_takes_everything_back():
    """When all the money has come back, the next sweep takes back all goods."""
    shop = delivered()
    shop.refund()
    shop.desk.sweep()
    assert (shop.has("keys"), shop.has("book")) == (0, 0)
    assert (shop.status("keys"), shop.status("book")) == ("revoked", "revoked")
    assert shop.order.delivery_due_at is None


def test_only_the_refunded_units_are_taken_back():
    """Of two keys one is returned, and the book stays."""
    shop = delivered()
    shop.refund(lines={"keys": 1})
    shop.desk.sweep()
    assert (shop.has("keys"), shop.has("book")) == (1, 1)
    assert (shop.status("keys"), shop.of("keys").handed_over) == ("delivered", 1)


def test_money_without_units_takes_nothing_back():
    """Somebody gets 5.00 back for a scratch and keeps the book."""
    shop = delivered()
    shop.refund(amount=eur("5.00"))
    shop.desk.sweep()
    assert (shop.has("keys"), shop.has("book")) == (2, 1)


def test_a_pending_refund_takes_nothing_back():
    """Not before the money is back for certain."""
    shop = delivered(bank=(Fault.PENDING,))
    shop.refund()
    shop.desk.sweep()
    assert (shop.status("keys"), shop.has("keys")) == ("delivered", 2)
    shop.bank(S.SUCCEEDED)
    shop.desk.sweep()
    assert (shop.status("keys"), shop.has("keys")) == ("revoked", 0)


def test_a_shop_may_take_nothing_back():
    """With Revocation.NEVER the customer keeps what was handed over."""
    shop = delivered(revocation=Revocation.NEVER)
    shop.refund()
    shop.desk.sweep()
    assert (shop.has("keys"), shop.has("book")) == (2, 1)


def test_what_cannot_be_taken_back_stays():
    """A deliverer that is not revocable is not asked."""
    shop = delivered(can={"revocable": False})
    shop.refund()
    shop.desk.sweep()
    assert (shop.has("book"), shop.status("book")) == (1, "delivered")
    assert shop.order.delivery_due_at is None


def test_a_refund_that_fails_after_success_hands_over_again_once():
    """Law E7 for goods: the money came back to the shop, so the customer gets the goods again, exactly once."""
    shop = delivered(order=only("book"))
    shop.refund()
    shop.desk.sweep()
    shop.bank(S.FAILED)
    for _ in range(3):
        shop.desk.sweep()
    assert shop.done("book") == ["deliver", "revoke", "deliver"]
    assert (shop.has("book"), shop.status("book")) == (1, "delivered")
    assert len(set(shop.keys_of("book"))) == 3


def test_the_refund_fails_before_anything_was_taken_back():
    """Nobody noticed, and nothing happens to the goods."""
    shop = delivered(order=only("book"))
    shop.refund()
    shop.bank(S.FAILED)
    shop.desk.sweep()
    assert shop.done("book") == ["deliver"]


def test_a_lost_answer_when_delivering_again():
    """Law E2: the second handing-over has one key of its own, however often it is tried."""
    shop = delivered(order=only("book"))
    shop.refund()
    shop.desk.sweep()
    shop.bank(S.FAILED)
    shop.goods.misbehave(LOST, LOST)
    shop.desk.sweep()
    shop.later(hours=1)
    shop.later(hours=1)
    assert (shop.has("book"), shop.done("book")) == (1, ["deliver", "revoke", "deliver"])


def test_a_revocation_that_fails_is_a_state_of_its_own():
    """It is repeated on the same schedule and under one key; nobody believes that the goods are back before."""
    shop = delivered(FAIL, order=only("book"))
    shop.refund()
    shop.desk.sweep()
    assert (shop.status("book"), shop.of("book").handed_over) == ("revocation_failed", 1)
    shop.later(minutes=1)
    assert (shop.status("book"), shop.has("book")) == ("revoked", 0)
    assert len(set(shop.keys_of("book")[1:])) == 1


def test_a_revocation_is_given_up_and_retried_by_a_person():
    """After the last try nobody tries any longer, until a person does."""
    shop = delivered(FAIL, FAIL, order=only("book"), timing=DeliveryTiming(most_attempts=2))
    shop.refund()
    shop.desk.sweep()
    shop.later(minutes=1)
    assert (shop.status("book"), shop.order.delivery_due_at) == ("revocation_failed", None)
    shop.later(days=3)
    assert shop.has("book") == 1
    shop.desk.retry("o-1", "book", actor=KIM)
    assert (shop.status("book"), shop.has("book")) == ("revoked", 0)


@pytest.mark.parametrize("fault", [FAIL, LOST])
def test_the_refund_fails_while_the_goods_are_taken_back(fault):
    """Whether they were taken back is found out first; then they are handed over again, if they were."""
    shop = delivered(fault, order=only("book"))
    shop.refund()
    shop.desk.sweep()
    shop.bank(S.FAILED)
    shop.later(minutes=5)
    assert (shop.has("book"), shop.status("book")) == (1, "delivered")


def test_the_refund_fails_after_the_revocation_was_refused_for_good():
    """The goods stay with the customer, who shall have them again: all is well."""
    shop = delivered(FINAL, order=only("book"))
    shop.refund()
    shop.desk.sweep()
    assert (shop.status("book"), shop.order.delivery_due_at) == ("revocation_failed", None)
    shop.bank(S.FAILED)
    shop.desk.sweep()
    assert (shop.status("book"), shop.has("book"), shop.done("book")) == ("delivered", 1, ["deliver"])


@pytest.mark.parametrize("fault", [FAIL, LOST])
def test_the_money_goes_back_while_nobody_knows_whether_the_goods_arrived(fault):
    """They are taken back to be sure, and never handed over to somebody who has the money."""
    shop = Shop(fault, order=only("book"))
    shop.deliver()
    shop.refund()
    shop.desk.sweep()
    assert len(shop.goods.calls) == 1
    shop.later(minutes=15)
    assert (shop.has("book"), shop.status("book"), shop.of("book").handed_over) == (0, "revoked", 0)


@pytest.mark.parametrize("fault", [FAIL, LOST])
def test_a_part_of_the_money_goes_back_while_nobody_knows(fault):
    """Of two keys one is refunded: all that may have arrived is taken back, then one is handed over."""
    shop = Shop(fault, order=only("keys"))
    shop.deliver()
    shop.refund(lines={"keys": 1})
    shop.later(minutes=15)
    assert (shop.has("keys"), shop.status("keys"), shop.of("keys").handed_over) == (1, "delivered", 1)


def test_nobody_knows_and_nothing_can_be_taken_back():
    """Then it is a person's case, and nobody hands over what was refunded."""
    shop = Shop(LOST, order=only("book"), can={"revocable": False})
    shop.deliver()
    shop.refund()
    shop.desk.sweep()
    assert (shop.status("book"), shop.order.delivery_due_at) == ("dead_lettered", None)
    shop.later(days=2)
    assert len(shop.goods.calls) == 1


def test_what_was_never_handed_over_is_called_off():
    """A refund before the delivery leaves nothing to do, and nobody is asked."""
    shop = Shop(order=only("book"))
    shop.refund()
    shop.desk.sweep()
    assert (shop.status("book"), shop.goods.calls) == ("revoked", [])
    shop.bank(S.FAILED)
    shop.desk.sweep()
    assert (shop.status("book"), shop.has("book")) == ("delivered", 1)


def test_only_what_is_left_is_handed_over():
    """One of two keys was refunded before anything was delivered."""
    shop = Shop(order=only("keys"))
    shop.refund(lines={"keys": 1})
    shop.desk.sweep()
    assert (shop.has("keys"), shop.status("keys")) == (1, "delivered")


def test_a_rejected_order_gives_its_goods_back():
    """Nothing may be handed over any more, but what was handed over is taken back."""
    shop = delivered()
    shop.refunds.reject("o-1", RefundRequest(key="no", reason="fraud"))
    shop.desk.sweep()
    assert (shop.has("keys"), shop.has("book")) == (0, 0)


def test_a_revised_order_keeps_what_the_customer_keeps():
    """The customer keeps one key; the other key and the book are taken back with the difference."""
    shop = delivered()
    (keys, _) = shop.order.lines
    kept = attrs.evolve(keys, quantity=1, total=eur("20.00"))
    shop.refunds.change("o-1", RefundRequest(key="change", reason="less", revision=(kept,)))
    shop.desk.sweep()
    assert (shop.has("keys"), shop.has("book")) == (1, 0)


def test_three_cards_of_one_line_are_taken_back_one_by_one():
    """Deliveries that together are a line's units are taken back from the last one on."""
    cards = tuple(a_delivery("keys", id=f"card-{number}", quantity=1) for number in (1, 2))
    shop = delivered(order=an_order(deliveries=cards))
    shop.refund(lines={"keys": 1})
    shop.desk.sweep()
    assert [one.status.value for one in shop.order.deliveries] == ["delivered", "revoked"]


def test_a_refund_takes_back_what_was_about_to_be_sent_again():
    """Whoever wanted it again got the money instead."""
    shop = delivered(FAIL, order=only("book"))
    shop.desk.redeliver("o-1", ["book"], actor=KIM)
    assert shop.status("book") == "failed"
    shop.refund()
    shop.desk.sweep()
    assert shop.done("book") == ["deliver"]
    shop.later(minutes=15)
    assert (shop.status("book"), shop.done("book")) == ("revoked", ["deliver", "revoke"])


class Slow(FakeDeliverer):
    """Keeps the first request on its way, and leaves whoever made it in doubt."""

    on_its_way = trouble = None

    def deliver(self, call):
        """Hand over, all but the first time."""
        if self.on_its_way is None:
            self.on_its_way = call
            raise self.trouble
        return super().deliver(call)


@pytest.mark.parametrize("trouble", [DeliveryError("no answer"), KeyboardInterrupt()], ids=["late", "dies"])
def test_a_request_that_arrives_late_does_not_come_after_the_revocation(trouble):
    """The goods are taken back once no request can be on its way, whether its process lives or has died."""
    slow = Slow(name="slow")
    slow.trouble = trouble
    shop = Shop(order=only("book", kind="slow"), others=(slow,))
    with suppress(KeyboardInterrupt):
        shop.deliver()
    shop.refund()
    shop.later(minutes=12)
    FakeDeliverer.deliver(slow, slow.on_its_way)
    shop.later(minutes=5)
    assert (slow.moves("o-1", "book"), shop.status("book")) == (["deliver", "revoke"], "revoked")


def test_while_the_money_is_on_its_way_back_nothing_is_handed_over():
    """A refund of which nobody knows the end takes nothing back and gives nothing out; then it is decided."""
    shop = Shop(order=only("keys"), bank=(Fault.PENDING,))
    shop.refund(lines={"keys": 1})
    result = shop.deliver()
    assert (shop.has("keys"), [reason.code for reason in result.reasons]) == (1, ["refund_under_way"])
    assert shop.order.delivery_due_at is None
    shop.bank(S.FAILED)
    shop.desk.sweep()
    assert shop.has("keys") == 2


def test_a_refund_that_is_reopened_gives_nothing_out():
    """The bank works on it once more: what was taken back stays here until it has failed."""
    shop = delivered(order=only("book"))
    shop.refund()
    shop.desk.sweep()
    shop.bank(S.PENDING)
    shop.desk.sweep()
    assert (shop.has("book"), shop.status("book")) == (0, "revoked")
    shop.bank(S.FAILED)
    shop.desk.sweep()
    assert (shop.has("book"), shop.status("book")) == (1, "delivered")


def test_what_nobody_knows_about_waits_for_the_refund():
    """Neither tried again nor taken back while the money is on its way; then one of the two."""
    shop = Shop(LOST, order=only("book"), bank=(Fault.PENDING,))
    shop.deliver()
    shop.refund()
    shop.later(days=1)
    assert len(shop.goods.calls) == 1
    shop.bank(S.FAILED)
    shop.desk.sweep()
    assert (shop.status("book"), shop.done("book")) == ("delivered", ["deliver"])


def test_a_shop_that_takes_nothing_back_hands_nothing_over_for_money_that_is_back():
    """What the customer has stays with them; what they do not have was given back as money."""
    shop = Shop(order=only("keys"), revocation=Revocation.NEVER)
    shop.refund(lines={"keys": 1})
    shop.desk.sweep()
    assert shop.has("keys") == 1
    shop.refund("the rest")
    shop.desk.sweep()
    assert (shop.has("keys"), shop.status("keys")) == (1, "delivered")


def test_a_shop_that_takes_nothing_back_calls_off_what_nobody_has():
    """Refunded before the sweep: it is never handed over."""
    shop = Shop(LOST, order=an_order(), revocation=Revocation.NEVER)
    dispatch.bring_on(shop.desk._dispatch, "o-1", "keys")
    shop.refund()
    shop.later(hours=1)
    assert (shop.status("keys"), shop.status("book")) == ("dead_lettered", "revoked")
    assert (len(shop.goods.calls), shop.order.delivery_due_at) == (1, None)


def test_a_replacement_does_not_bring_back_what_was_refunded():
    """A card that is added later changes nothing about those before it."""
    cards = tuple(a_delivery("keys", id=f"card-{number}", quantity=1) for number in (1, 2))
    shop = delivered(order=an_order(deliveries=cards))
    shop.refund(lines={"keys": 1})
    shop.desk.sweep()
    shop.desk.add("o-1", [a_delivery("keys", id="card-3", quantity=1)], actor=KIM)
    shop.desk.sweep()
    assert [one.status.value for one in shop.order.deliveries] == ["delivered", "revoked", "delivered"]


@pytest.mark.parametrize("fault", [FAIL, LOST])
def test_a_person_ends_a_revocation_that_nobody_knows_about(fault):
    """The customer has what they shall have, says a person: nothing more is taken back."""
    shop = delivered(fault, order=only("keys"))
    shop.refund(lines={"keys": 1})
    shop.desk.sweep()
    assert shop.status("keys") == "revocation_failed"
    shop.desk.mark_delivered("o-1", "keys", actor=KIM)
    shop.later(hours=1)
    assert (shop.of("keys").handed_over, shop.done("keys").count("revoke")) == (1, int(fault is LOST))


class Crowd(FakeDeliverer):
    """Lets the world go on while it hands over."""

    meanwhile = staticmethod(lambda: None)

    def deliver(self, call):
        """Hand over, and let something happen before anybody hears of it."""
        receipt = super().deliver(call)
        self.meanwhile()
        return receipt


def test_the_money_goes_back_while_the_goods_are_on_their_way():
    """The refund that comes between question and answer is seen at once afterwards."""
    crowd = Crowd(name="crowd")
    shop = Shop(order=only("book", kind="crowd"), others=(crowd,))
    crowd.meanwhile = shop.refund
    shop.deliver()
    assert (shop.status("book"), crowd.moves("o-1", "book")) == ("revoked", ["deliver", "revoke"])
