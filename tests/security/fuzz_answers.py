"""Targets for answers: whatever a service answers, nobody but `GatewayError` comes out of a gateway.

The network is left out: what the vendor's client would hand over is handed over at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from attrs import field, frozen

from refundkit.errors import GatewayError, InvalidValueError
from refundkit.gateways.base import Gateway, RefundCall
from refundkit.gateways.paypal import Answer
from refundkit.gateways.records import strict_object
from refundkit.gateways.shopify.answers import Reply, failure_of_reply
from refundkit.gateways.stripe import reading as stripe_reading
from refundkit.gateways.stripe.answers import attempt as attempt_stripe
from refundkit.model.payments import Payment
from tests.gateways import paypal_cases, shopify_cases, stripe_cases

__all__ = ["ANSWERS", "GATEWAYS", "AnswerTarget"]


@frozen(kw_only=True)
class AnswerTarget:
    """Seeds, what is done with an input, and what may come out."""

    seeds: tuple[bytes, ...] = field(repr=False)
    attempt: Callable[[bytes], object] = field(repr=False)
    documented: tuple[type[Exception], ...]


def _written(*records: Any) -> tuple[bytes, ...]:
    return tuple(json.dumps(record).encode() for record in records)


# Stripe: its records are read by functions of our own, after the SDK has parsed them.


def _stripe(data: bytes) -> None:
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(record, dict):
        for read in (_stripe_refund, _stripe_payment, stripe_reading.dispute_report):
            _stripe_read(read, record)


def _stripe_read(read: Callable[[Any], object], record: Any) -> None:
    answer = attempt_stripe(lambda: read(record))
    kind = getattr(answer, "kind", "UnreadableError")
    assert not isinstance(kind, str) or kind in {"UnreadableError", "InvalidValueError"}, kind


def _stripe_refund(record: Any) -> object:
    stripe_reading.is_refund(record)
    return stripe_reading.refund_report(record, "pi_1", {"pi_1", "ch_1"})


def _stripe_payment(record: Any) -> object:
    charge = stripe_reading.charge_of(record)
    captured = stripe_reading.captured_of(record)
    return captured, stripe_reading.fee_of(charge, captured.currency)


# PayPal and Shopify: the whole gateway, above its transport.


class _PayPal(paypal_cases.Told):
    """A PayPal that answers every question with the same."""

    said: Answer | None = None

    def _answer(self, name: str, status: int) -> Any:
        self.asked.clear()
        return self.said


_paypal_told = _PayPal()
_paypal = paypal_cases.gateway(transport=_paypal_told)


def _ask_paypal(data: bytes) -> None:
    status = (200, 201, 422, 404, 400, 401, 409, 429, 500)[data[0] % 9 if data else 0]
    _paypal_told.said = Answer(status=status, record=strict_object(data[1:]))
    _ask_all(_paypal, PAYPAL_CALL, PAYPAL_CALL.payment)


class _Session:
    """A session with a shop that answers every question with the same."""

    said: Reply | None = None

    def ask(self, document: str, variables: Any) -> Any:
        """Answer as `Session` would."""
        assert self.said is not None
        return failure_of_reply(self.said) or self.said


_shop = _Session()
_shopify = shopify_cases.gateway()
_shopify._session = _shop  # type: ignore[assignment]
_shopify._reader._session = _shop  # type: ignore[assignment]


def _ask_shopify(data: bytes) -> None:
    from refundkit.gateways.shopify.client import _decimal

    status = (200, 200, 200, 401, 404, 422, 429, 500)[data[0] % 8 if data else 0]
    _shop.said = Reply(http_status=status, content=strict_object(data[1:], fraction=_decimal))
    _ask_all(_shopify, SHOPIFY_CALL, SHOPIFY_CALL.payment)
    _quietly(lambda: _shopify.import_order(shopify_cases.ORDER), GatewayError, InvalidValueError)


def _ask_all(gateway: Gateway, call: RefundCall, payment: Payment) -> None:
    _quietly(lambda: gateway.refund(call), GatewayError)
    _quietly(lambda: gateway.fetch((payment,)), GatewayError)


def _quietly(question: Callable[[], object], *documented: type[Exception]) -> None:
    with suppress(*documented):
        question()


GATEWAYS: dict[str, Gateway] = {"stripe": stripe_cases.gateway(), "paypal": _paypal, "shopify": _shopify}
PAYPAL_CALL = paypal_cases.call(_paypal)
SHOPIFY_CALL = shopify_cases.call(_shopify)

_IMPORT = {
    "id": shopify_cases.ORDER,
    "name": "#1001",
    "createdAt": "2026-11-01T12:00:00Z",
    "email": "ann@example.com",
    "test": False,
    "taxesIncluded": True,
    "currencyCode": "USD",
    "presentmentCurrencyCode": "USD",
    "totalPriceSet": shopify_cases.money("50.0"),
    "shippingLines": {
        "pageInfo": {"hasNextPage": False},
        "nodes": [
            {
                "id": "gid://shopify/ShippingLine/1",
                "title": "Post",
                "discountedPriceSet": shopify_cases.money("5.0"),
                "taxLines": [],
            }
        ],
    },
    "lineItems": {
        "pageInfo": {"hasNextPage": False, "endCursor": "x"},
        "nodes": [
            {
                "id": "gid://shopify/LineItem/1",
                "name": "Mug",
                "sku": "M-1",
                "quantity": 2,
                "originalTotalSet": shopify_cases.money("40.0"),
                "originalUnitPriceSet": shopify_cases.money("20.0"),
                "discountAllocations": [],
                "taxLines": [{"ratePercentage": 19.0, "priceSet": shopify_cases.money("1.0")}],
            }
        ],
    },
    "transactions": [shopify_cases.sale(), shopify_cases.transaction()],
    "refunds": [shopify_cases.refund_record()],
    "disputes": [],
}


def _paypal_seeds() -> tuple[bytes, ...]:
    refused = {
        "name": "UNPROCESSABLE_ENTITY",
        "details": [{"issue": "CAPTURE_FULLY_REFUNDED", "description": "No."}],
    }
    links = {"items": [{"dispute_id": "PP-D-1"}], "links": []}
    order = {**paypal_cases.capture_record(), **paypal_cases.order_record(paypal_cases.refund_record())}
    everything = {**links, **paypal_cases.dispute_record(), **order, "id": "3C679366HH908993F"}
    return tuple(
        status + text
        for status, text in zip(
            (b"\x00", b"\x00", b"\x02", b"\x00", b"\x00"),
            _written(paypal_cases.refund_record(), paypal_cases.capture_record(), refused, everything, order),
            strict=True,
        )
    )


ANSWERS = {
    "stripe": AnswerTarget(
        seeds=_written(
            stripe_cases.refund_record(),
            stripe_cases.charge_record(),
            stripe_cases.intent_record(),
            stripe_cases.dispute_record(balance_transactions=[{"amount": -5000}]),
        ),
        attempt=_stripe,
        documented=(),
    ),
    "paypal": AnswerTarget(seeds=_paypal_seeds(), attempt=_ask_paypal, documented=()),
    "shopify": AnswerTarget(
        seeds=tuple(
            b"\x00" + text
            for text in _written(
                shopify_cases.created(shopify_cases.refund_record()),
                shopify_cases.created(None, [{"field": ["a"], "message": "No."}]),
                {"data": {"order": _IMPORT, "dispute": {"id": "gid://shopify/ShopifyPaymentsDispute/1"}}},
                {"errors": [{"message": "x", "extensions": {"code": "THROTTLED"}, "path": ["refundCreate"]}]},
            )
        ),
        attempt=_ask_shopify,
        documented=(),
    ),
}
