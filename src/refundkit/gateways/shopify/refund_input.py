"""The request that gives money back: a RefundInput of one transaction, stored before it is sent (law E1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from refundkit.errors import InvalidValueError, shown
from refundkit.gateways.shopify.amounts import to_shopify
from refundkit.gateways.shopify.disputes import PAYMENTS_GATEWAY
from refundkit.gateways.shopify.reading import NOTE_PREFIX, ORDER_ID, TRANSACTION_ID
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund

__all__ = ["checked_order", "is_complete", "refund_input", "require_order"]

_REFUND_ID = re.compile(r"[A-Za-z0-9_.:-]{1,255}", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,19}(?:\.[0-9]{1,4})?", re.ASCII)


def refund_input(refund: Refund, payment: Payment) -> dict[str, Any]:
    """Return the RefundInput for *refund*, which names one parent transaction and one amount.

    The parent decides what is refunded, and how: ``gateway`` must be there, and Shopify takes the parent's
    own if it is another one. The note carries our id and nothing else; reasons stay here (law S6), and
    ``notify`` is left out, so that the customer hears of it from the shop.

    Raises:
        InvalidValueError: if an id is not one of Shopify's, or the currency is unknown to it.
    """
    order = require_order(payment)
    transaction = {
        "orderId": order,
        "parentId": _require(TRANSACTION_ID, payment.reference, "transaction"),
        "gateway": payment.method or PAYMENTS_GATEWAY,
        "kind": "REFUND",
        "amount": to_shopify(refund.amount),
    }
    request = {
        "orderId": order,
        "note": f"{NOTE_PREFIX}{_require(_REFUND_ID, refund.id, 'refund')}",
        "transactions": [transaction],
    }
    # Required if the customer paid in another currency than the shop's; what is meant is the customer's.
    if payment.details.get("shop_currency", refund.amount.currency) != refund.amount.currency:
        request["currency"] = refund.amount.currency
    return request


def require_order(payment: Payment) -> str:
    """Return the id of the order that *payment* belongs to at Shopify.

    Raises:
        InvalidValueError: if it has none.
    """
    return checked_order(payment.group)


def checked_order(reference: object) -> str:
    """Require the id of an order (law S5).

    Raises:
        InvalidValueError: if it is none.
    """
    return _require(ORDER_ID, reference, "order")


def is_complete(request: Mapping[str, Any], name: str) -> bool:
    """Whether a stored *request* may be sent under the key *name*.

    Without its one transaction, Shopify "will determine how to apply the refund" itself.
    """
    several = request.get("transactions")
    one = several[0] if isinstance(several, list) and len(several) == 1 else {}
    return (
        _fits(_REFUND_ID, name)
        and _fits(ORDER_ID, request.get("orderId"))
        and _fits(TRANSACTION_ID, one.get("parentId"))
        and one.get("kind") == "REFUND"
        and _fits(_AMOUNT, one.get("amount"))
        and Decimal(one["amount"]) > 0
    )


def _fits(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _require(pattern: re.Pattern[str], value: object, what: str) -> str:
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    examples = {
        "order": "Shopify order, such as 'gid://shopify/Order/1' (it belongs into Payment.group)",
        "transaction": "Shopify transaction, such as 'gid://shopify/OrderTransaction/1'",
        "refund": "refund for Shopify; use letters, digits and _ . : - only",
    }
    raise InvalidValueError(f"{shown(value)} is no id of a {examples[what]}.", field=what, value=value)
