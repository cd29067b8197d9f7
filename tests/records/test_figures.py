"""The figures: what was given back, through whom, why, when, and what it cost; no two currencies in one number."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refundkit import (
    CreditNoteDesk,
    Money,
    Party,
    Payment,
    RefundFigure,
    RefundReason,
    RefundStatus,
    refund_figures,
)
from refundkit.records.figures import fees_lost
from refundkit.serialization import to_json
from refundkit.testing.builders import make_order, make_payment, make_refund
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import KIM, Shop, eur
from tests.records.orders import mug_order, paid


def refunded(minor: int, *, at: datetime = datetime(2026, 11, 15, tzinfo=UTC), **changes):
    """Return a refund of the first payment that succeeded."""
    given = {
        "id": f"r-{minor}-{at:%m%d%H}",
        "amount": Money.of_minor(minor, "EUR"),
        "settled_at": at,
        "lines": (),
    }
    return make_refund(**{**given, **changes})


def order_of(*refunds, fee: str | None = None, captured: str = "100.00", **changes):
    """Return an order of which so much went back."""
    kept = None if fee is None else eur(fee)
    return make_order(payments=(make_payment(captured=eur(captured), fee=kept),), refunds=refunds, **changes)


def test_by_gateway_reason_and_month():
    """Each gateway, reason and month has a row of its own, sorted by month first."""
    autumn, winter = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    damaged = {"reason_type": RefundReason.DAMAGED}
    orders = [
        order_of(refunded(500, at=winter, **damaged), refunded(300, at=autumn, **damaged)),
        order_of(refunded(200, at=autumn, **damaged), refunded(100, at=autumn, gateway="cash", **damaged)),
        order_of(refunded(50, at=autumn)),
    ]
    rows = [
        (one.month, one.gateway, one.reason and one.reason.value, one.refunds, str(one.refunded))
        for one in refund_figures(orders).figures
    ]
    assert rows == [
        ("2026-11", "cash", "damaged", 1, "1.00 EUR"),
        ("2026-11", "stripe", None, 1, "0.50 EUR"),
        ("2026-11", "stripe", "damaged", 2, "5.00 EUR"),
        ("2026-12", "stripe", "damaged", 1, "5.00 EUR"),
    ]


def test_currencies_are_never_added():
    """Law M4: the same gateway, reason and month in two currencies are two rows."""
    yen = Payment(id="p-1", gateway="stripe", reference="pi_y", captured=Money.of(900, "JPY"))
    foreign = refunded(1, amount=Money.of(500, "JPY"))
    orders = [
        order_of(refunded(300)),
        make_order(currency="JPY", lines=(), payments=(yen,), refunds=(foreign,)),
    ]
    figures = refund_figures(orders)
    assert [str(one.refunded) for one in figures.figures] == ["3.00 EUR", "500 JPY"]
    assert (figures.total("EUR"), figures.total("JPY")) == (eur("3.00"), Money.of(500, "JPY"))
    assert figures.total("USD") == Money.of(0, "USD")


@pytest.mark.parametrize("status", [RefundStatus.SUBMITTED, RefundStatus.PENDING, RefundStatus.FAILED])
def test_only_what_succeeded_is_refunded(status):
    """What is under way or failed is in no figure, and costs nothing."""
    figures = refund_figures([order_of(refunded(300, status=status), fee="1.00")])
    assert figures.figures == ()


def test_test_orders_are_left_out():
    """Law S7: money that is play money is in no figure."""
    assert refund_figures([order_of(refunded(300), test=True)]).figures == ()


def test_months_begin_where_the_shop_is():
    """Half past eleven in the evening in UTC is the next month in Berlin; a month nobody knows is empty."""
    late = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    orders = [order_of(refunded(300, at=late))]
    assert [one.month for one in refund_figures(orders).figures] == ["2026-10"]
    berlin = refund_figures(orders, zone=ZoneInfo("Europe/Berlin"))
    assert [one.month for one in berlin.figures] == ["2026-11"]
    unknown = order_of(refunded(300, settled_at=None, created_at=None))
    assert [one.month for one in refund_figures([unknown]).figures] == [""]


def test_what_a_refund_costs():
    """A fee of 1.00 on 100.00: half of it is lost with half of the money, all of it with all of the money."""
    first = refunded(5000, at=datetime(2026, 11, 1, tzinfo=UTC))
    second = refunded(4999, at=datetime(2026, 12, 1, tzinfo=UTC))
    last = refunded(1, at=datetime(2026, 12, 2, tzinfo=UTC))
    figures = refund_figures([order_of(last, first, second, fee="1.00")])
    assert [(one.month, one.fees) for one in figures.figures] == [
        ("2026-11", (eur("0.50"),)),
        ("2026-12", (eur("0.50"),)),
    ]
    assert figures.fees("EUR") == eur("1.00")


def test_fees_in_another_currency():
    """A fee is counted in the currency in which it was charged, beside the refund and not in it."""
    payment = make_payment(captured=eur("100.00"), fee=Money.of("0.30", "USD"))
    order = make_order(payments=(payment,), refunds=(refunded(10000),))
    (one,) = refund_figures([order]).figures
    assert (one.refunded, one.fees) == (eur("100.00"), (Money.of("0.30", "USD"),))


def test_no_fee_is_no_cost():
    """Where no fee is known there is none; a refund in a foreign currency takes no part of it either."""
    assert refund_figures([order_of(refunded(300))]).figures[0].fees == ()
    foreign = refunded(300, amount=Money.of(500, "JPY"))
    assert refund_figures([order_of(foreign, fee="1.00")]).figures[0].fees == ()


def test_more_than_was_captured_costs_no_more_than_the_fee():
    """Refunds beyond the capture lose nothing that was not there."""
    figures = refund_figures([order_of(refunded(9000), refunded(8000), fee="1.00")])
    assert figures.fees("EUR") == eur("1.00")
    nothing = refund_figures([order_of(refunded(100), fee="1.00", captured="0.00")])
    assert nothing.fees("EUR") == eur("1.00")


@given(parts=st.lists(st.integers(1, 5000), min_size=1, max_size=8), fee=st.integers(0, 700))
def test_parts_of_a_fee_add_up(parts, fee):
    """Law M1: however a payment goes back, the parts of its fee are never negative and add up to the fee."""
    payment = make_payment(captured=Money.of_minor(sum(parts), "EUR"), fee=Money.of_minor(fee, "EUR"))
    refunds = tuple(refunded(part, id=f"r-{number}") for number, part in enumerate(parts))
    order = make_order(payments=(payment,), refunds=refunds)
    shares = [share.minor for _, share in fees_lost(order)]
    assert min(shares) >= 0
    assert sum(shares) == fee


def test_a_note_that_bookkeeping_must_correct():
    """A credit note whose refund came back is listed until the refund lasts again; nothing is refunded meanwhile."""
    shop = Shop(order=mug_order(payments=(paid(fee=eur("1.00")),)))
    shop.refund()
    note = CreditNoteDesk(store=shop.store, seller=Party(name="Shop"), eligible="all").issue_credit_notes()
    assert refund_figures([shop.order]).to_correct == ()
    shop.gateway.settle(shop.only_refund.reference, RefundStatus.FAILED)
    shop.desk.refresh("o-1")
    assert refund_figures(shop.desk.orders()).to_correct == note
    assert refund_figures(shop.desk.orders()).figures == ()


def test_from_a_desk():
    """Figures of a shop: adopted refunds have no reason, pending ones no figure."""
    shop = Shop(None, Fault.PENDING, order=mug_order())
    shop.refund("10.00", "a", reason_type=RefundReason.DAMAGED)
    shop.refund("5.00", "b")
    shop.desk.record_external("o-1", "p-1", eur("1.00"), reference="re-9", actor=KIM)
    figures = refund_figures(shop.desk.orders()).figures
    assert [(one.reason, one.refunded) for one in figures] == [
        (None, eur("1.00")),
        (RefundReason.DAMAGED, eur("10.00")),
    ]
    assert isinstance(shop.gateway, FakeGateway)


def test_as_json():
    """Figures have a JSON shape."""
    figure = RefundFigure(
        gateway="stripe",
        reason=RefundReason.DAMAGED,
        month="2026-11",
        currency="EUR",
        refunds=1,
        refunded=eur("3.00"),
        fees=(eur("0.10"),),
    )
    assert to_json(figure)["refunded"] == {"amount": "3.00", "currency": "EUR"}
    assert to_json(attrs.evolve(figure, reason=None))["reason"] is None
