"""Stripe's minor units, which are not those of ISO 4217.

Stripe counts in 0, 2 or 3 decimals by a list of its own, and some of its units must end in zeros. The lists
are those of https://docs.stripe.com/currencies; that the units of three-decimal currencies end in 0 is seen
only in quotations of that page, so it is kept as the stricter reading.
"""

from __future__ import annotations

from typing import Final

from refundkit._iso4217 import EXPONENTS
from refundkit.errors import InvalidValueError
from refundkit.money import Money

__all__ = ["CURRENCIES", "HUNDREDFOLD", "THREE_DECIMALS", "ZERO_DECIMALS", "from_stripe", "to_stripe"]

ZERO_DECIMALS: Final = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
THREE_DECIMALS: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
# They have no decimals any more, but Stripe still takes them as if they had two.
HUNDREDFOLD: Final = frozenset({"ISK", "UGX"})
# Where ISO counts in two decimals so does Stripe, or it says so above. Any other currency (IQD, CLF) would
# have to be guessed, and a wrong guess refunds ten times too much.
CURRENCIES: Final = frozenset(
    {code for code, exponent in EXPONENTS.items() if exponent == 2}
    | ZERO_DECIMALS
    | THREE_DECIMALS
    | HUNDREDFOLD
)
MAX_DIGITS: Final = 12


def to_stripe(money: Money) -> int:
    """Return *money* in Stripe's minor units.

    >>> to_stripe(Money.of("12.50", "EUR")), to_stripe(Money.of(500, "JPY")), to_stripe(Money.of(500, "UGX"))
    (1250, 500, 50000)

    Raises:
        InvalidValueError: if Stripe cannot express this amount, or does not know the currency.
    """
    units, rest = _rescaled(money.minor, EXPONENTS[money.currency], _decimals(money.currency))
    step = _step(money.currency)
    if rest or units % step or len(str(abs(units))) > MAX_DIGITS:
        raise InvalidValueError(
            f"Stripe cannot express {money}: its amounts of {money.currency} have "
            f"{_decimals(money.currency)} decimals, are multiples of {step}, and have at most "
            f"{MAX_DIGITS} digits; ask for an amount that it can.",
            field="amount",
            value=money,
        )
    return units


def from_stripe(units: int, currency: str) -> Money:
    """Return what Stripe means by so many *units* of *currency* (an ISO 4217 code, upper case).

    >>> from_stripe(1250, "EUR"), from_stripe(50000, "UGX"), from_stripe(3, "MGA")
    (Money('12.50', 'EUR'), Money('500', 'UGX'), Money('3.00', 'MGA'))

    Raises:
        InvalidValueError: if there is no such amount (half a króna), or the currency is unknown.
    """
    decimals = _decimals(currency)
    minor, rest = _rescaled(units, decimals, EXPONENTS[currency])
    if rest:
        raise InvalidValueError(
            f"Stripe says {units} units of {currency}, which is no amount of that currency.",
            field="amount",
            value=units,
        )
    return Money.of_minor(minor, currency)


def _rescaled(units: int, decimals: int, wanted: int) -> tuple[int, int]:
    """Count *units* in another number of decimals; the second number is what does not fit."""
    factor: int = 10 ** abs(wanted - decimals)
    return (units * factor, 0) if wanted >= decimals else divmod(units, factor)


def _decimals(currency: str) -> int:
    if currency not in CURRENCIES:
        raise InvalidValueError(
            f"It is not known how Stripe counts {currency}.", field="currency", value=currency
        )
    if currency in ZERO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def _step(currency: str) -> int:
    if currency in HUNDREDFOLD:
        return 100
    return 10 if currency in THREE_DECIMALS else 1
