"""What an order cost, as a receipt shows it."""

from decimal import Decimal

import pytest
from hypothesis import given

from refundkit import LineKind, Money, OrderLine, Payment, PaymentFailure, PaymentStatus, RefundRequest
from refundkit.model.totals import total_of
from refundkit.testing.builders import eur, make_accepted, make_line, make_order, make_payment
from tests.strategies import orders

FOUR_CUPS = OrderLine(
    id="cups", quantity=4, total=eur(3961), tax=eur(360), unit_price=eur(1000), discount=eur(399)
)
SHIPPING = OrderLine(
    id="post",
    total=eur(575),
    tax=eur(75),
    tax_rate=Decimal(15),
    discount=eur(575),
    kind=LineKind.SHIPPING,
)
WRAPPING = OrderLine(id="wrap", total=eur(100), kind=LineKind.FEE)


@given(orders())
def test_totals_add_up(order):
    """Of every order: subtotal + shipping + fees − discounts = total, and total − gift card = final; tax is within."""
    totals = order.totals
    assert (
        totals.subtotal + totals.shipping + totals.fees - totals.discounts == totals.total == total_of(order)
    )
    assert totals.final + totals.gift_card == totals.total
    assert totals.tax <= totals.total
    if order.lines_in_force:
        assert totals.total == order.total


def test_a_receipt():
    """Four cups with tax on top and 3.99 off, shipping at half price, wrapping; 20.00 of it by gift card."""
    order = make_order(
        lines=(FOUR_CUPS, SHIPPING, WRAPPING),
        payments=(
            make_payment(captured=eur(2636)),
            make_payment(id="p-2", reference="card-7", captured=eur(2000), method="Gift card"),
        ),
    )
    totals = order.totals
    assert [str(amount.decimal) for amount in (totals.subtotal, totals.shipping, totals.fees)] == [
        "43.60",
        "11.50",
        "1.00",
    ]
    assert (totals.discounts, totals.tax) == (eur(399 + 575), eur(435))
    assert (totals.total, totals.gift_card, totals.final) == (eur(4636), eur(2000), eur(2636))


@pytest.mark.parametrize(
    ("payment", "counted"),
    [
        ({"method": "gift_card"}, True),
        ({"method": "Store Credit"}, True),
        ({"method": "GIFT-CARD"}, True),
        ({"method": "GiftCard"}, True),
        ({"gateway": "store_credit"}, True),
        ({"gateway": "store_credit", "method": "card"}, False),
        ({"method": "card"}, False),
        ({"method": "gift_card", "status": PaymentStatus.FAILED}, False),
        ({"method": "gift_card", "confirmed": eur(0)}, False),
    ],
)
def test_what_counts_as_a_gift_card(payment, counted):
    """By its method, or by its gateway where no method is told; and only what was captured."""
    totals = make_order(payments=(make_payment(**payment),)).totals
    assert totals.gift_card == (eur(10000) if counted else eur(0))


def test_without_lines_the_payment_is_the_order():
    """An order that nobody knows the lines of cost what was paid for it."""
    order = make_order(lines=())
    totals = order.totals
    assert (totals.subtotal, totals.total, totals.final) == (eur(10000), eur(10000), eur(10000))
    assert total_of(order) == eur(10000)


def test_a_discount_in_another_currency_counts_as_none():
    """Law M4: it was noted for the records, and two currencies never meet."""
    line = make_line(discount=Money.of(5, "USD"))
    assert make_order(lines=(line,)).totals.discounts == eur(0)


def test_totals_are_of_the_lines_in_force():
    """After a revision the receipt is about what the customer keeps."""
    kept = (make_line(id="kept", total=eur(4000), tax=None),)
    request = RefundRequest(key="change", reason="one less", revision=kept)
    order = make_order().with_request(make_accepted(request, lines=(), revision=1), [])
    assert order.totals.subtotal == eur(4000)


def test_a_gift_card_may_have_paid_more():
    """Nothing is clamped: what was left to pay is negative then."""
    paid = make_payment(captured=eur(12000), method="gift_card")
    assert make_order(payments=(paid,)).totals.final == eur(0) - eur(2000)


@pytest.mark.parametrize(
    ("details", "digits"),
    [
        ({"last4": "4242"}, "4242"),
        ({"card": {"brand": "visa", "last_digits": "0005"}}, "0005"),
        ({"source": {"card": {"last_four": "1881"}}}, "1881"),
        ({"last4": "4242424242424242"}, None),
        ({"last4": "x4242"}, None),
        ({"last4": 4242}, None),
        ({"last4": "٤٢٤٢"}, None),
        ({"number": "4242"}, None),
        ({}, None),
    ],
)
def test_last_four_digits_and_never_more(details, digits):
    """Law S2: exactly four digits are shown, and anything else is not taken for them."""
    assert make_payment(details=details).last4 == digits


@pytest.mark.parametrize("failure", PaymentFailure)
def test_a_failed_payment_says_why_in_words(failure):
    """As it stands on a page: "insufficient funds"."""
    assert failure.label == failure.value.replace("_", " ")


def test_an_updated_payment_keeps_what_it_shows():
    """A payment that failed later still tells its reason and its card."""
    failed = {"status": PaymentStatus.FAILED, "failure": PaymentFailure.EXPIRED_CARD}
    paid: Payment = make_payment(captured=eur(0), details={"last4": "4242"})
    newer = paid.updated(make_payment(captured=eur(0), details={"last4": "4242"}, **failed))
    assert (newer.last4, newer.failure) == ("4242", PaymentFailure.EXPIRED_CARD)
