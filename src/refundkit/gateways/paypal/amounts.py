"""PayPal's amounts: decimal strings, with decimals by PayPal's own table.

ISO 4217 gives the forint and the New Taiwan dollar two decimals; PayPal takes none of them: "decimal amounts
cause an error". The list is that of https://developer.paypal.com/docs/reports/reference/paypal-supported-currencies/.
"""

from __future__ import annotations

import re
from typing import Any, Final

from refundkit.errors import InvalidValueError
from refundkit.gateways.records import UnreadableError
from refundkit.money import Money

__all__ = ["CURRENCIES", "NO_DECIMALS", "from_paypal", "to_paypal"]

NO_DECIMALS: Final = frozenset({"HUF", "JPY", "TWD"})
# fmt: off
CURRENCIES: Final = frozenset({
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "INR",
    "JPY", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD",
})
# fmt: on
# The pattern of PayPal's OpenAPI description, without the minus and bounded to what Money can hold.
_VALUE = re.compile(r"([0-9]{0,19})(?:\.([0-9]{1,12}))?", re.ASCII)


def to_paypal(money: Money) -> dict[str, str]:
    """Return *money* as PayPal writes it.

    >>> to_paypal(Money.of("12.50", "EUR")), to_paypal(Money.of(1200, "HUF"))
    ({'currency_code': 'EUR', 'value': '12.50'}, {'currency_code': 'HUF', 'value': '1200'})

    Raises:
        InvalidValueError: if PayPal takes no such amount (half a forint), or not this currency.
    """
    if money.currency not in CURRENCIES:
        raise InvalidValueError(
            f"PayPal takes no {money.currency}; it takes {', '.join(sorted(CURRENCIES))}.",
            field="currency",
            value=money.currency,
        )
    amount = money.decimal
    if money.currency not in NO_DECIMALS:
        return {"currency_code": money.currency, "value": f"{amount:f}"}
    if amount != amount.to_integral_value():
        raise InvalidValueError(
            f"PayPal cannot express {money}: its amounts of {money.currency} have no decimals; "
            "ask for a whole amount.",
            field="amount",
            value=money,
        )
    return {"currency_code": money.currency, "value": f"{amount.to_integral_value():f}"}


def from_paypal(amount: Any) -> Money:
    """Return what PayPal means by an *amount* with ``currency_code`` and ``value``, of any ISO currency.

    >>> from_paypal({"currency_code": "HUF", "value": "1200"})
    Money('1200.00', 'HUF')

    Raises:
        UnreadableError: if it is no amount, or a negative one.
        InvalidValueError: if there is no such amount, or the currency is unknown.
    """
    value = amount.get("value") if isinstance(amount, dict) else None
    match = _VALUE.fullmatch(value) if isinstance(value, str) else None
    if match is None or not match[0]:
        raise UnreadableError("an amount is no plain decimal number")
    return Money.of(f"{match[1] or '0'}.{match[2] or '0'}", amount.get("currency_code"))
