"""Goods when the money is moved elsewhere, comes and goes, or is fought over; and when clocks are wrong."""

import pytest

from refundkit import (
    DisputeFunds,
    DisputeReport,
    DisputeStage,
    DisputeStatus,
    RedeliveryDenied,
    RefundStatus,
)
from refundkit.testing.fake_deliverer import DeliveryFault
from tests.deliveries.shop import KIM, Shop, a_delivery, eur, only

FAIL, LOST = DeliveryFault.FAIL, DeliveryFault.LOST_ANSWER
S = RefundStatus


@pytest.mark.parametrize(("amount", "left"), [("100.00", 0), ("40.00", 2)])
def test_a_refund_in_the_dashboard_takes_goods_back_when_it_is_everything(amount, left):
    """Nobody knows which units a part of the money was for; of all of it everybody knows."""
    shop = Shop()
    shop.deliver()
    shop.gateway.refund_elsewhere("ref-1", eur(amount))
    shop.refunds.refresh("o-1")
    shop.desk.sweep()
    assert (shop.has("keys"), shop.has("book")) == (left, left // 2)


def test_a_refund_that_comes_back_and_goes_again():
    """Taken back, handed over again, taken back again: each once, however often somebody looks."""
    shop = Shop(order=only("book"))
    shop.deliver()
    shop.refund()
    for status in (S.FAILED, S.SUCCEEDED):
        shop.desk.sweep()
        shop.bank(status)
        shop.desk.sweep()
    shop.later(hours=1)
    assert shop.done("book") == ["deliver", "revoke", "deliver", "revoke"]
    assert (shop.status("book"), shop.has("book"), shop.order.is_flagged) == ("revoked", 0, True)


def test_what_is_fought_over_stays_where_it_is():
    """While a dispute has the money nothing is handed over, sent again or taken back; when it is won, all goes on."""
    shop = Shop(FAIL)
    shop.deliver()
    assert (shop.has("keys"), shop.has("book")) == (0, 1)
    _dispute(shop, "lost", "withdrawn")
    shop.later(days=1)
    with pytest.raises(RedeliveryDenied) as denied:
        shop.desk.redeliver("o-1", actor=KIM)
    assert [reason.code for reason in denied.value.reasons] == ["order_disputed"]
    assert (shop.has("keys"), shop.has("book")) == (0, 1)
    _dispute(shop, "won", "reinstated")
    shop.desk.sweep()
    assert (shop.has("keys"), shop.has("book")) == (2, 1)


def _dispute(shop, status, funds):
    report = DisputeReport(
        reference="dp-1",
        amount=eur("100.00"),
        stage=DisputeStage.CHARGEBACK,
        status=DisputeStatus(status),
        funds=DisputeFunds(funds),
    )
    shop.gateway.dispute("ref-1", report)
    shop.refunds.refresh("o-1")


def test_what_is_added_to_a_refunded_order_is_called_off():
    """Nobody is asked to hand over what nobody paid for any more."""
    shop = Shop(order=only("book"))
    shop.refund()
    shop.desk.add("o-1", [a_delivery("keys")], actor=KIM)
    shop.desk.sweep()
    assert (shop.status("keys"), shop.goods.calls) == ("revoked", [])


def test_what_is_refunded_is_called_off_whoever_comes_first():
    """Somebody works on the other delivery before the sweep has seen that the money is back."""
    shop = Shop(can={"redeliverable": False})
    shop.refund(lines={"book": 1})
    shop.desk.mark_delivered("o-1", "keys", actor=KIM)
    shop.desk.sweep()
    assert (shop.status("book"), shop.goods.calls) == ("revoked", [])


def test_nobody_knows_and_the_process_died():
    """The money went back while it was tried: when the lease is over, a person is asked, with nobody's help."""
    shop = Shop(order=only("book"), can={"revocable": False})
    ask = shop.goods._answer

    def die(call):
        ask(call)
        shop.refund()
        shop.desk.sweep()
        raise KeyboardInterrupt

    shop.goods._answer = die
    with pytest.raises(KeyboardInterrupt):
        shop.deliver()
    shop.later(minutes=5)
    assert (shop.status("book"), shop.order.delivery_due_at) == ("dead_lettered", None)


@pytest.mark.parametrize("fault", [FAIL, LOST])
def test_a_clock_that_is_set_back_doubles_nothing(fault):
    """Tries come later, under their key, and nothing is handed over or taken back twice."""
    shop = Shop(fault, order=only("book"))
    shop.deliver()
    shop.clock.advance(hours=-3)
    shop.desk.sweep()
    assert shop.has("book") == int(fault is LOST)
    shop.later(hours=4)
    assert (shop.status("book"), shop.done("book")) == ("delivered", ["deliver"])
    shop.goods.misbehave(fault)
    shop.refund()
    shop.desk.sweep()
    shop.clock.advance(hours=-3)
    shop.later(hours=4)
    assert (shop.status("book"), shop.done("book")) == ("revoked", ["deliver", "revoke"])
