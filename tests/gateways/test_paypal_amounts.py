"""PayPal's decimals: its own table, in both directions."""

from collections.abc import Iterator
from typing import Any

import pytest

from refundkit.errors import InvalidValueError
from refundkit.gateways.paypal.amounts import CURRENCIES, NO_DECIMALS, from_paypal, to_paypal
from refundkit.gateways.records import UnreadableError
from refundkit.model.refunds import RefundStatus
from refundkit.money import Money
from refundkit.testing.sandbox.paypal import PayPalSandbox
from tests.gateways.paypal_cases import call, gateway, payment, refund


@pytest.fixture(name="paypal")
def opened() -> Iterator[PayPalSandbox]:
    """Open a PayPal."""
    with PayPalSandbox() as sandbox:
        yield sandbox


def give_back(paypal: PayPalSandbox, amount: str, currency: str) -> Any:
    """Take a payment and refund it."""
    ours = paypal.gateway()
    return ours.refund(call(ours, refund(amount, currency), paypal.capture(amount, currency)))


@pytest.mark.parametrize(
    ("amount", "currency", "value"),
    [("1200", "HUF", "1200"), ("500", "JPY", "500"), ("30", "TWD", "30"), ("12.50", "USD", "12.50")],
)
def test_decimals_are_paypals(paypal: PayPalSandbox, amount: str, currency: str, value: str) -> None:
    """HUF, JPY and TWD have none, whatever ISO 4217 says; a decimal point would be an error."""
    made = give_back(paypal, amount, currency)
    assert paypal.requests[-1].json()["amount"] == {"currency_code": currency, "value": value}
    assert (made.status, made.amount) == (RefundStatus.SUCCEEDED, Money.of(amount, currency))


@pytest.mark.parametrize("currency", ["HUF", "TWD"])
def test_half_a_forint_is_refused_before_anything_is_reserved(currency: str) -> None:
    """ISO 4217 knows it, PayPal does not."""
    with pytest.raises(InvalidValueError, match="no decimals"):
        gateway().prepare(refund("12.50", currency), payment(currency=currency))


def test_a_currency_that_paypal_does_not_take_is_refused() -> None:
    """Kuwaiti dinars."""
    with pytest.raises(InvalidValueError, match="takes no KWD"):
        gateway().prepare(refund("12.500", "KWD"), payment(currency="KWD"))


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_every_currency_comes_back_as_it_went(paypal: PayPalSandbox, currency: str) -> None:
    """Through the gateway's own table and the sandbox's."""
    amount = "700" if currency in NO_DECIMALS else "7.05"
    money = Money.of(amount, currency)
    assert from_paypal(to_paypal(money)) == money
    assert give_back(paypal, amount, currency).amount == money


@pytest.mark.parametrize(
    "amount",
    [None, {}, [], "1.00", {"value": 10, "currency_code": "EUR"}, {"value": "-1.00", "currency_code": "EUR"},
     {"value": "1e3", "currency_code": "EUR"}, {"value": "", "currency_code": "EUR"},
     {"value": "NaN", "currency_code": "EUR"}, {"value": "\u0661", "currency_code": "EUR"},
     {"value": "9" * 30, "currency_code": "EUR"}, {"value": ".", "currency_code": "EUR"}],
)  # fmt: skip
def test_what_is_no_amount_is_not_read_as_one(amount: Any) -> None:
    """PayPal's pattern, without the minus."""
    with pytest.raises(UnreadableError):
        from_paypal(amount)


@pytest.mark.parametrize(
    ("value", "currency", "money"),
    [(".50", "EUR", "0.50"), ("1200.00", "HUF", "1200"), ("500.00", "JPY", "500"), ("007", "EUR", "7")],
)
def test_unusual_amounts_are_read(value: str, currency: str, money: str) -> None:
    """All that PayPal's pattern allows."""
    assert from_paypal({"value": value, "currency_code": currency}) == Money.of(money, currency)


@pytest.mark.parametrize(
    "amount", [{"value": "1.005", "currency_code": "EUR"}, {"value": "1.00", "currency_code": "EURO"},
               {"value": "1.00"}, {"value": "0.5", "currency_code": "JPY"}]
)  # fmt: skip
def test_amounts_that_cannot_exist_are_refused(amount: Any) -> None:
    """Nothing is rounded and no currency guessed (law M2)."""
    with pytest.raises(InvalidValueError):
        from_paypal(amount)
