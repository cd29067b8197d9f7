"""PayPal's amounts and texts, checked as strictly as PayPal does; apart from the gateway's own table on purpose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from refundkit.money import Money
from refundkit.testing.sandbox.messages import Request
from refundkit.testing.sandbox.paypal_refusals import RefusedError

__all__ = ["check_fields", "money_of", "object_of", "written"]

WHOLE: Final = frozenset({"HUF", "JPY", "TWD"})
# fmt: off
HUNDREDTHS: Final = frozenset({
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "ILS",
    "INR", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "USD",
})
# fmt: on
LENGTHS: Final[Mapping[str, int]] = {"custom_id": 127, "invoice_id": 127, "note_to_payer": 255}
FIELDS: Final = frozenset({"amount", "payment_instruction", *LENGTHS})
_VALUE = re.compile(r"-?[0-9]+|-?[0-9]*\.[0-9]+", re.ASCII)


def written(money: Money) -> dict[str, str]:
    """Write an amount as PayPal does: whole forints, yen and New Taiwan dollars, hundredths of all others."""
    value = f"{money.decimal:.0f}" if money.currency in WHOLE else f"{money.decimal:.2f}"
    return {"currency_code": money.currency, "value": value}


def money_of(amount: Any) -> Money:
    """Read the amount of a request.

    Raises:
        RefusedError: in PayPal's words, if it takes no such amount.
    """
    if not isinstance(amount, dict) or set(amount) != {"currency_code", "value"}:
        raise RefusedError(400, "MISSING_REQUIRED_PARAMETER", field="/amount")
    currency, value = amount["currency_code"], amount["value"]
    if not isinstance(value, str) or len(value) > 32 or not _VALUE.fullmatch(value):
        raise RefusedError(400, "INVALID_PARAMETER_SYNTAX", field="/amount/value")
    if currency not in WHOLE | HUNDREDTHS:
        raise RefusedError(422, "INVALID_CURRENCY_CODE", field="/amount/currency_code")
    _, _, decimals = value.partition(".")
    if decimals and currency in WHOLE:
        raise RefusedError(422, "DECIMALS_NOT_SUPPORTED", field="/amount/value")
    if len(decimals) > 2:
        raise RefusedError(422, "DECIMAL_PRECISION", field="/amount/value")
    if value.startswith("-") or not value.strip("0."):
        raise RefusedError(422, "CANNOT_BE_ZERO_OR_NEGATIVE", field="/amount/value")
    return Money.of(value if value[0] != "." else f"0{value}", currency)


def object_of(request: Request) -> Mapping[str, Any]:
    """Read the body of a request.

    Raises:
        RefusedError: if it is no JSON object, or does not say that it is JSON.
    """
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise RefusedError(400, "INVALID_PARAMETER_SYNTAX", field="Content-Type")
    try:
        body = request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise RefusedError(400, "MALFORMED_REQUEST_JSON")
    return body


def check_fields(body: Mapping[str, Any]) -> None:
    """Require fields that a refund has, and texts on one line of a bounded length.

    Raises:
        RefusedError: in PayPal's words.
    """
    for name, value in body.items():
        is_text = isinstance(value, str) and "\n" not in value
        if name not in FIELDS or (name in LENGTHS and not is_text):
            raise RefusedError(400, "INVALID_PARAMETER_SYNTAX", field=f"/{name}")
        if name in LENGTHS and not 1 <= len(value) <= LENGTHS[name]:
            raise RefusedError(400, "INVALID_STRING_LENGTH", field=f"/{name}")
