"""Stripe's minor units, as its list of currencies says; kept apart from the gateway's table on purpose."""

from __future__ import annotations

from typing import Final

from refundkit._iso4217 import EXPONENTS
from refundkit.money import Money
from refundkit.testing.sandbox.stripe.refusals import refuse

__all__ = ["check_units", "money", "shown", "units"]

ZERO_DECIMALS: Final = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
THREE_DECIMALS: Final = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
# The last digits of these must be zeros.
STEPS: Final = {"ISK": 100, "UGX": 100, **dict.fromkeys(THREE_DECIMALS, 10)}
MAX_DIGITS: Final = 12
_SIGNS: Final = {"USD": "$", "EUR": "€", "GBP": "£"}


def decimals(currency: str) -> int:
    """Say in how many decimals Stripe counts *currency*."""
    if currency.upper() in ZERO_DECIMALS:
        return 0
    return 3 if currency.upper() in THREE_DECIMALS else 2


def units(amount: Money) -> int:
    """Return *amount* in Stripe's units, for a test that thinks in money.

    >>> units(Money.of("5.00", "EUR")), units(Money.of(5, "JPY")), units(Money.of(5, "ISK"))
    (500, 5, 500)
    """
    return int(amount.decimal.scaleb(decimals(amount.currency)))


def money(amount: int, currency: str) -> Money:
    """Return what *amount* of Stripe's units is.

    >>> money(500, "eur"), money(5, "jpy"), money(500, "isk")
    (Money('5.00', 'EUR'), Money('5', 'JPY'), Money('5', 'ISK'))
    """
    exponent = EXPONENTS[currency.upper()] - decimals(currency)
    minor, rest = divmod(amount * 10 ** max(exponent, 0), 10 ** max(-exponent, 0))
    if rest:
        raise ValueError(f"{amount} units of {currency} are no amount")
    return Money.of_minor(minor, currency.upper())


def shown(amount: int, currency: str) -> str:
    """Write *amount* as Stripe's messages do."""
    number = f"{amount / 10 ** decimals(currency):,.{decimals(currency)}f}"
    sign = _SIGNS.get(currency.upper())
    return f"{sign}{number}" if sign else f"{number} {currency.lower()}"


def check_units(amount: int, currency: str) -> None:
    """Refuse an amount that *currency* does not have."""
    step = STEPS.get(currency.upper(), 1)
    if amount % step:
        refuse(f"Invalid amount: {currency.lower()} is charged in multiples of {step}.", param="amount")
    if len(str(amount)) > MAX_DIGITS:
        refuse(f"Amounts have at most {MAX_DIGITS} digits.", param="amount", code="amount_too_large")
