"""What a customer is told about a refund: figures and a message, and nothing that is the shop's own business."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refundkit import Actor, Customer, Note, Policy, RefundLine, RefundRequest, RefundStatus
from refundkit.records.notices import Addressees, Notice, notice_for
from refundkit.testing.builders import (
    NOW,
    eur,
    make_accepted,
    make_flag,
    make_order,
    make_payment,
    make_refund,
)

JO = Customer(name="Jo Doe", email="jo@example.org")
NOTIFY = Policy(notify=True)
# Whatever a marker stands in must not reach the customer. No letter of it is in the rest of the order.
MARKERS = st.text("§¶", min_size=1, max_size=40)


def an_order(request: RefundRequest, **changes: Any):
    """Return an order with *request*, and its one refund, which has succeeded."""
    order = make_order(customer=JO, **changes)
    return order.with_request(make_accepted(request), [make_refund(key=request.key)])


def a_notice(request: RefundRequest, **changes: Any) -> Notice:
    """Return what is told about the one refund of *request*."""
    order = an_order(request, **changes)
    return notice_for(order, order.refunds[0], NOTIFY)


@given(marker=MARKERS)
def test_what_only_the_shop_may_read_stays_there(marker):
    """Law S6: reason, note, actors, notes, flags, tags, metadata and errors reach no field of a notice."""
    request = RefundRequest(
        key="k",
        reason=marker,
        note=marker,
        actor=Actor.staff(marker),
        approved_by=Actor.staff(marker),
        return_id=marker,
        metadata={marker: marker},
        amount=eur(1000),
        message="Sorry.",
    )
    order = an_order(
        request,
        notes=(Note(text=marker, actor=Actor.staff(marker), at=NOW),),
        flags=(make_flag(text=marker),),
        tags=(marker,),
        metadata={marker: marker},
        payments=(make_payment(reference=marker, details={"memo": marker, "last4": "4242"}, method="card"),),
    )
    order = order.with_refund(
        attrs.evolve(
            order.refunds[0],
            reference=marker,
            raw_status=marker,
            failure_text=marker,
            prepared={"reason": marker},
        )
    )
    notice = notice_for(order, order.refunds[0], NOTIFY)
    assert set("§¶").isdisjoint(repr(notice) + str(attrs.asdict(notice)) + notice.way)
    assert (notice.text, notice.way) == ("Sorry.", "card ending in 4242")


@pytest.mark.parametrize("status", RefundStatus)
def test_only_what_succeeded_is_told(status):
    """Neither what is pending nor what failed."""
    order = an_order(RefundRequest(key="k", reason="r", amount=eur(1000)))
    refund = attrs.evolve(order.refunds[0], status=status)
    notice = notice_for(order.with_refund(refund), refund, NOTIFY)
    assert (notice is not None) is (status is RefundStatus.SUCCEEDED)


def test_what_was_told_is_not_told_again():
    """The mark on the refund is all it takes."""
    order = an_order(RefundRequest(key="k", reason="r", amount=eur(1000)))
    told = attrs.evolve(order.refunds[0], notified_at=NOW)
    assert notice_for(order.with_refund(told), told, NOTIFY) is None


@pytest.mark.parametrize(
    ("payment", "gateway", "way"),
    [
        ({"method": "card", "details": {"last4": "4242"}}, "stripe", "card ending in 4242"),
        ({"details": {"last4": "4242"}}, "stripe", "card ending in 4242"),
        ({"method": "bank_transfer"}, "stripe", "bank transfer"),
        ({}, "stripe", ""),
        ({"method": "card", "details": {"last4": "4242"}}, "store_credit", "store credit"),
    ],
)
def test_how_it_goes_back(payment, gateway, way):
    """The card that paid, in its last four digits; or another way, and then no card is named."""
    order = make_order(customer=JO, payments=(make_payment(**payment),))
    refund = make_refund(gateway=gateway, key=None)
    assert notice_for(order.with_refund(refund), refund, NOTIFY).way == way


def test_units_are_named_where_all_their_money_came_back():
    """Half of a line's money by this way, half by another: neither letter can claim the units."""
    request = RefundRequest(key="k", reason="r", lines={"line-1": 1})
    accepted = make_accepted(request)
    whole = attrs.evolve(accepted, lines=(attrs.evolve(accepted.lines[0], quantity=1),))
    order = make_order(customer=JO).with_request(whole, [make_refund(key="k")])
    half = RefundLine(line_id="line-1", amount=eur(500), tax=eur(0))
    parted = attrs.evolve(order.refunds[0], lines=(half,))
    lines = [notice_for(order, refund, NOTIFY).lines for refund in (order.refunds[0], parted)]
    assert [(line.name, line.quantity, line.amount) for (line,) in lines] == [
        ("Mug", 1, eur(1000)),
        ("Mug", None, eur(500)),
    ]


def test_money_in_a_foreign_currency_is_not_added():
    """Law M4: a leg that a gateway paid out in another currency is no part of the sum."""
    order = an_order(RefundRequest(key="k", reason="r", amount=eur(1000)))
    foreign = make_refund(id="r-2", key="k", amount=make_payment().captured.of(7, "JPY"), lines=())
    notice = notice_for(order.with_refund(foreign), order.refunds[0], NOTIFY)
    assert notice.of_request == eur(1000)


def test_addressees_are_named_by_origins():
    """A word in place of an origin is refused, rather than never matched."""
    with pytest.raises(ValueError, match="origins"):
        Addressees(origins="external")
