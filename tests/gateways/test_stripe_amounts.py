"""Stripe's minor units: for every currency that the facts list, both ways, exactly or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refundkit._iso4217 import EXPONENTS
from refundkit.errors import InvalidValueError
from refundkit.gateways.stripe.amounts import (
    CURRENCIES,
    HUNDREDFOLD,
    THREE_DECIMALS,
    ZERO_DECIMALS,
    from_stripe,
    to_stripe,
)
from refundkit.money import Money
from tests.gateways.stripe_cases import gateway, payment, refund


@pytest.mark.parametrize(
    "currency",
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"],
)
def test_currencies_without_decimals_are_counted_in_whole_units(currency: str) -> None:
    """500 is 500."""
    assert currency in ZERO_DECIMALS
    assert to_stripe(Money.of(500, currency)) == 500
    assert from_stripe(500, currency) == Money.of(500, currency)


@pytest.mark.parametrize("currency", ["UGX", "ISK"])
def test_two_currencies_are_counted_a_hundredfold(currency: str) -> None:
    """They have no decimals, but Stripe wants two zeros behind them; half of one is no amount."""
    assert currency in HUNDREDFOLD
    assert to_stripe(Money.of(500, currency)) == 50_000
    assert from_stripe(50_000, currency) == Money.of(500, currency)
    with pytest.raises(InvalidValueError, match="no amount of that currency"):
        from_stripe(50_050, currency)


@pytest.mark.parametrize("currency", ["BHD", "JOD", "KWD", "OMR", "TND"])
def test_three_decimals_end_in_zero(currency: str) -> None:
    """1.230 goes, 1.234 does not: nobody asked us to round it (law M2)."""
    assert currency in THREE_DECIMALS
    assert to_stripe(Money.of("1.230", currency)) == 1_230
    assert from_stripe(1_234, currency) == Money.of("1.234", currency)
    with pytest.raises(InvalidValueError, match=r"cannot express 1\.234") as refused:
        to_stripe(Money.of("1.234", currency))
    assert refused.value.value == Money.of("1.234", currency)


@pytest.mark.parametrize("currency", ["EUR", "USD", "GBP", "HUF", "TWD", "COP", "IDR"])
def test_most_currencies_have_two_decimals(currency: str) -> None:
    """Also those whose decimals nobody uses: only payouts of HUF and TWD are special."""
    assert to_stripe(Money.of("12.50", currency)) == 1_250
    assert from_stripe(1_250, currency) == Money.of("12.50", currency)


def test_an_ariary_has_no_fifths_at_stripe() -> None:
    """ISO gives MGA two decimals, Stripe none: a part of an ariary cannot be sent, and is not rounded (law M2)."""
    assert to_stripe(Money.of("3.00", "MGA")) == 3
    with pytest.raises(InvalidValueError, match="cannot express"):
        to_stripe(Money.of("3.20", "MGA"))


@pytest.mark.parametrize("currency", ["IQD", "LYD", "CLF", "UYI"])
def test_a_currency_that_would_have_to_be_guessed_is_refused(currency: str) -> None:
    """A wrong guess refunds ten times too much; so it is no capability either."""
    assert currency not in CURRENCIES
    with pytest.raises(InvalidValueError, match="not known how Stripe counts"):
        to_stripe(Money.of_minor(1, currency))
    with pytest.raises(InvalidValueError, match="not known how Stripe counts"):
        from_stripe(1, currency)
    assert currency not in (gateway().capabilities(payment()).currencies or ())


def test_more_digits_than_stripe_takes_are_refused() -> None:
    """Twelve digits are the end."""
    assert to_stripe(Money.of_minor(999_999_999_999, "USD")) == 999_999_999_999
    with pytest.raises(InvalidValueError, match="at most 12 digits"):
        to_stripe(Money.of_minor(1_000_000_000_000, "USD"))


def test_a_refund_that_stripe_cannot_express_is_not_prepared() -> None:
    """It is refused before anything is reserved or sent."""
    with pytest.raises(InvalidValueError, match="cannot express"):
        gateway().prepare(refund("1.234", "KWD"), payment(currency="KWD", amount="5.000"))


@given(currency=st.sampled_from(sorted(CURRENCIES)), units=st.integers(0, 10**9))
def test_there_and_back_is_the_same(currency: str, units: int) -> None:
    """What can be sent comes back as it was (law M2)."""
    step = 100 if currency in HUNDREDFOLD else 10
    money = from_stripe(units * step, currency)
    assert to_stripe(money) == units * step
    assert money.currency in EXPONENTS
