"""Shopify's amounts: decimal numbers as text, in the currency that the customer paid in.

Shopify counts decimals as ISO 4217 does (its own library Shopify/money reads the ISO list; Stripe's
exceptions apply there to Stripe only). It writes them as it likes: "15.0", "20", "12.50".
"""

from __future__ import annotations

from typing import Any, Final

from refundkit._iso4217 import EXPONENTS
from refundkit.errors import InvalidValueError
from refundkit.gateways.records import UnreadableError
from refundkit.money import Money

__all__ = ["CURRENCIES", "from_shopify", "to_shopify"]

# The enum CurrencyCode of 2026-10, without the four that ISO 4217 does not list: JEP, KID, USDC and XXX.
_CODES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BYR"
    " BZD CAD CDF CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD"
    " GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT"
    " LAK LBP LKR LRD LSL LTL LVL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO"
    " NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLL SOS"
    " SRD SSP STD STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VEF VES VND VUV"
    " WST XAF XCD XOF XPF YER ZAR ZMW"
)
CURRENCIES: Final = frozenset(_CODES.split())


def to_shopify(money: Money) -> str:
    """Write *money* with all decimals of its currency.

    >>> to_shopify(Money.of("12.5", "EUR")), to_shopify(Money.of(500, "JPY"))
    ('12.50', '500')

    Raises:
        InvalidValueError: if Shopify does not know the currency.
    """
    if money.currency not in CURRENCIES:
        raise InvalidValueError(
            f"Shopify knows no currency {money.currency}.", field="currency", value=money.currency
        )
    return f"{money.decimal:f}"


def from_shopify(record: Any) -> Money:
    """Read a MoneyV2; trailing zeros mean nothing, more decimals than the currency has are an error.

    >>> from_shopify({"amount": "15.0", "currencyCode": "USD"})
    Money('15.00', 'USD')
    >>> from_shopify({"amount": "20.00", "currencyCode": "VND"})
    Money('20', 'VND')

    Raises:
        UnreadableError: if it is no amount of a known currency.
    """
    amount, currency = (
        (record.get("amount"), record.get("currencyCode")) if _is_record(record) else (None,) * 2
    )
    if type(amount) is not str or type(currency) is not str or currency not in EXPONENTS:
        raise UnreadableError("an amount is missing, or of an unknown currency")
    return Money.of(amount, currency)


def _is_record(value: Any) -> bool:
    return isinstance(value, dict)
