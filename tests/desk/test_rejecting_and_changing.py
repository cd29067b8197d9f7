"""Rejecting an order gives everything back and cancels it; changing it gives the difference back."""

import pytest

from refundkit import (
    Document,
    DocumentKind,
    EventKind,
    InvalidValueError,
    OrderLine,
    OrderStatus,
    PlanChangedError,
    RefundDenied,
)
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import KIM, Shop, a_request, an_order, eur

SMALLER = (OrderLine(id="table", name="Table", total=eur("60.00")),)


def codes(denied):
    """Return why it was refused."""
    return [reason.code for reason in denied.value.reasons]


def test_reject_gives_all_back_and_cancels():
    """One command, and the timeline tells both."""
    shop = Shop()
    result = shop.desk.reject("o-1", a_request())
    assert result.returned == shop.moved == eur("100.00")
    assert shop.order.status is OrderStatus.REJECTED
    assert EventKind.ORDER_REJECTED in shop.kinds()


def test_reject_where_nothing_is_left_only_cancels():
    """An order that was refunded, or never paid, can be rejected; no gateway is asked."""
    shop = Shop()
    shop.refund()
    result = shop.desk.reject("o-1", a_request("reject-1"))
    assert result.refunds == ()
    assert shop.order.status is OrderStatus.REJECTED
    unpaid = Shop(order=an_order(payments=()))
    unpaid.desk.reject("o-1", a_request())
    assert unpaid.order.is_rejected
    assert unpaid.gateway.calls == []


def test_an_order_is_rejected_once():
    """Another key is refused, the same key is the same rejection."""
    shop = Shop()
    first = shop.desk.reject("o-1", a_request())
    with pytest.raises(RefundDenied, match="rejected already") as denied:
        shop.desk.reject("o-1", a_request("reject-2"))
    assert "already_rejected" in codes(denied)
    assert shop.desk.reject("o-1", a_request()) == first


def test_a_preview_shows_a_rejection():
    """request.rejecting() is the wish that reject() carries out."""
    shop = Shop()
    plan = shop.desk.preview("o-1", a_request().rejecting())
    assert shop.desk.reject("o-1", a_request(), expect=plan).returned == plan.amount


def test_an_order_on_the_paid_undelivered_list_is_not_rejected():
    """The list cannot be taken back; a refund that is no rejection goes through."""
    shop = Shop()
    shop.desk.add_document("o-1", Document(id="d-1", kind=DocumentKind.PAID_UNDELIVERED_LIST))
    with pytest.raises(RefundDenied, match="cannot be taken back any more: paid undelivered list d-1"):
        shop.desk.reject("o-1", a_request())
    assert not shop.order.is_rejected
    assert shop.refund("40.00").returned == eur("40.00")


def test_an_invoice_blocks_until_it_is_removed():
    """First take the invoice back, then the money."""
    shop = Shop()
    shop.desk.add_document("o-1", Document(id="d-1", kind=DocumentKind.BILLING_INVOICE, number="R-17"))
    with pytest.raises(RefundDenied, match="Remove first: billing invoice R-17"):
        shop.refund("40.00")
    shop.desk.remove_document("o-1", "d-1")
    assert shop.refund("40.00").returned == eur("40.00")


def test_reject_takes_no_amount():
    """A rejection gives back all that is left; an amount with it is a contradiction."""
    with pytest.raises(InvalidValueError, match="gives back all that is left"):
        Shop().desk.reject("o-1", a_request(amount=eur("1.00")))


def test_a_rejection_whose_refund_fails_stands_and_can_be_paid_out_later():
    """The order stays cancelled; the money is asked for again under a new key."""
    shop = Shop(Fault.DECLINE)
    assert shop.desk.reject("o-1", a_request()).failed == eur("100.00")
    assert shop.order.is_rejected
    assert shop.refund(key="return-2").returned == eur("100.00")


def test_change_replaces_the_lines_and_gives_the_difference_back():
    """Law C8: the customer keeps the table; the lamps' money goes back."""
    shop = Shop()
    result = shop.desk.change("o-1", a_request(revision=SMALLER))
    assert result.returned == eur("40.00")
    assert [line.id for line in shop.order.lines_in_force] == ["table"]
    assert [line.id for line in shop.order.lines] == ["lamp", "table"]
    assert EventKind.ORDER_REVISED in shop.kinds()
    assert shop.order.balance == eur("0.00")


def test_a_change_that_costs_more_than_is_left_is_refused():
    """Law C8: a revision can only give money back."""
    shop = Shop()
    shop.refund("50.00")
    with pytest.raises(RefundDenied, match=r"only 50\.00 EUR is left") as denied:
        shop.desk.change("o-1", a_request("change-1", revision=SMALLER))
    assert "revision_exceeds" in codes(denied)


def test_a_change_without_a_revision_is_an_error():
    """Whoever forgets the lines would give everything back."""
    with pytest.raises(InvalidValueError, match="has no revision"):
        Shop().desk.change("o-1", a_request())


def test_a_change_is_done_once():
    """Law E3: the retry of a change neither revises nor refunds again."""
    shop = Shop()
    request = a_request(revision=SMALLER)
    assert shop.desk.change("o-1", request) == shop.desk.change("o-1", request)
    assert shop.order.revision == 1
    assert shop.moved == eur("40.00")


def test_a_change_of_equal_worth_gives_nothing_back():
    """Law C8: no money moves and no gateway is asked, but the lines are others."""
    shop = Shop()
    other = (OrderLine(id="sofa", total=eur("100.00")),)
    assert shop.desk.change("o-1", a_request(revision=other)).refunds == ()
    assert [line.id for line in shop.order.lines_in_force] == ["sofa"]
    assert shop.gateway.calls == []


def test_a_failed_refund_leaves_the_revision_standing_and_a_balance():
    """Law C8: the shop owes the customer, and "all that is left" includes it."""
    shop = Shop(Fault.DECLINE)
    shop.desk.change("o-1", a_request(revision=SMALLER))
    assert shop.order.balance == eur("-40.00")
    assert shop.refund("40.00", key="return-2").returned == eur("40.00")
    assert shop.order.balance == eur("0.00")


def test_a_change_expects_the_plan_that_was_shown():
    """Law P1: also for changes."""
    shop = Shop()
    plan = shop.desk.preview("o-1", a_request(revision=SMALLER))
    shop.desk.record_external("o-1", "p-1", eur("5.00"), reference="x-1", actor=KIM)
    with pytest.raises(PlanChangedError):
        shop.desk.change("o-1", a_request(revision=SMALLER), expect=plan)
