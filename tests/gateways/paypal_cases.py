"""What the tests of the PayPal gateway have in common: refunds, calls, and a seam that answers as it is told."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from refundkit.gateways.base import RefundCall, Webhook
from refundkit.gateways.paypal import Answer, PayPalGateway, Resource, Silence
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund, refund_id
from refundkit.money import Money
from refundkit.testing.sandbox.paypal_webhooks import headers_of

CLIENT_ID = "AThisIsTheVerySecretClientId"
SECRET = "EThisIsTheVerySecretClientSecret"
WEBHOOK_ID = "8PT597110X687430LKGECATA"
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
REFUND_ID = refund_id("order-1", "return-1", "3C679366HH908993F", "paypal")


def gateway(**options: Any) -> PayPalGateway:
    """Make a gateway with credentials that no message may ever show."""
    own = {"client_id": CLIENT_ID, "client_secret": SECRET, "webhook_id": WEBHOOK_ID, "live": False}
    return PayPalGateway(**{**own, **options})


def payment(reference: str = "3C679366HH908993F", amount: str = "50.00", currency: str = "EUR") -> Payment:
    """Make a captured payment in an order."""
    captured = Money.of(amount, currency)
    return Payment(
        id="p1", gateway="paypal", reference=reference, group="5O190127TN364715T", captured=captured
    )


def refund(amount: str = "12.50", currency: str = "EUR", name: str = "return-1") -> Refund:
    """Make the refund of request *name*."""
    made = refund_id("order-1", name, "3C679366HH908993F", "paypal")
    return Refund(id=made, payment_id="p1", gateway="paypal", amount=Money.of(amount, currency))


def call(paypal: PayPalGateway, wanted: Refund | None = None, source: Payment | None = None) -> RefundCall:
    """Prepare a refund and make the call that the desk would make."""
    wanted, source = wanted or refund(), source or payment()
    return RefundCall(refund=wanted, payment=source, request=paypal.prepare(wanted, source), deadline=NOW)


def webhook(message: Mapping[str, Any], at: datetime = NOW) -> Webhook:
    """Make a webhook of what `PayPalSandbox.webhook` returned."""
    return Webhook(received_at=at, **message)


def refund_record(**more: Any) -> dict[str, Any]:
    """Make a refund as PayPal writes it."""
    return {
        "id": "1JU08902781691411",
        "status": "COMPLETED",
        "amount": {"currency_code": "EUR", "value": "12.50"},
        "custom_id": REFUND_ID,
        "seller_payable_breakdown": {"total_refunded_amount": {"currency_code": "EUR", "value": "49.99"}},
        "create_time": "2026-11-21T04:00:00-08:00",
        "links": [
            {"rel": "self", "href": "https://api.paypal.com/v2/payments/refunds/1JU08902781691411"},
            {"rel": "up", "href": "https://api.paypal.com/v2/payments/captures/3C679366HH908993F"},
        ],
        **more,
    }


def capture_record(**more: Any) -> dict[str, Any]:
    """Make a completed capture as PayPal writes it."""
    return {
        "id": "3C679366HH908993F",
        "status": "COMPLETED",
        "amount": {"currency_code": "EUR", "value": "50.00"},
        "seller_receivable_breakdown": {"paypal_fee": {"currency_code": "EUR", "value": "1.75"}},
        "supplementary_data": {"related_ids": {"order_id": "5O190127TN364715T"}},
        **more,
    }


def order_record(*refunds: Any, captures: Any = None) -> dict[str, Any]:
    """Make an order with one capture, unless told otherwise."""
    payments = {"captures": [capture_record()] if captures is None else captures, "refunds": list(refunds)}
    return {"id": "5O190127TN364715T", "purchase_units": [{"payments": payments}]}


def dispute_record(**more: Any) -> dict[str, Any]:
    """Make an open inquiry as PayPal writes it."""
    return {
        "dispute_id": "PP-D-12345",
        "create_time": "2026-11-20T10:00:00.000Z",
        "reason": "UNAUTHORISED",
        "status": "OPEN",
        "dispute_amount": {"currency_code": "EUR", "value": "50.00"},
        "dispute_life_cycle_stage": "INQUIRY",
        "seller_response_due_date": "2026-12-01T00:00:00.000Z",
        **more,
    }


class Told:
    """A seam that answers as it is told; nothing of an SDK, and no network."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {
            "refund": refund_record(),
            "capture": capture_record(),
            "order": order_record(),
            "disputes_of_capture": {"links": []},
            "dispute": dispute_record(),
            "verify": {"verification_status": "SUCCESS"},
            **answers,
        }
        self.asked: list[tuple[Any, ...]] = []

    def __call__(self, account: Any) -> "Told":
        """Stand in for the function that makes a transport."""
        self.account = account
        return self

    def refund(self, capture_id: str, body: Mapping[str, Any], key: str) -> Answer | Silence:
        """Note and answer."""
        self.asked.append(("refund", capture_id, body, key))
        return self._answer("refund", 201)

    def read(self, resource: Resource, identifier: str) -> Answer | Silence:
        """Note and answer."""
        self.asked.append((resource.name.lower(), identifier))
        return self._answer(resource.name.lower(), 200)

    def verify(self, body: bytes) -> Answer | Silence:
        """Note and answer."""
        self.asked.append(("verify", body))
        return self._answer("verify", 200)

    def _answer(self, name: str, status: int) -> Answer | Silence:
        answer = self.answers[name]
        return Answer(status=status, record=answer) if isinstance(answer, dict) else answer


def refused(status: int, issue: str = "", **more: Any) -> Answer:
    """Make an answer in which PayPal says no."""
    record: dict[str, Any] = {"name": "SOME_NAME", "message": "No.", "debug_id": "f00", **more}
    if issue:
        record["details"] = [{"issue": issue, "description": "Because."}]
    return Answer(status=status, record=record)


def event(resource: Any = None, kind: Any = "refund", **more: Any) -> bytes:
    """Make the body of an event."""
    resource = refund_record() if resource is None else resource
    content = {"id": "WH-1", "resource_type": kind, "event_type": "SOMETHING", "resource": resource}
    return json.dumps({**content, **more}).encode()


def signed(body: bytes | None = None, at: Any = NOW, **changed: str) -> Webhook:
    """Make a webhook with PayPal's headers, some of them *changed* (their names with underscores)."""
    body = event() if body is None else body
    headers = headers_of(body, WEBHOOK_ID, number=1, at=at)
    headers |= {f"PAYPAL-{name.upper().replace('_', '-')}": value for name, value in changed.items()}
    return Webhook(body=body, headers=headers, received_at=NOW)
