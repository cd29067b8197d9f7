"""What the tests of the Stripe gateway have in common: made-up payments, refunds, records and signatures."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from refundkit.gateways.base import RefundCall, Webhook
from refundkit.gateways.stripe import StripeGateway
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund
from refundkit.money import Money

KEY = "sk_test_ThisIsTheVerySecretKey"
SECRET = "whsec_ThisIsTheVerySecretSecret"
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
NOW_SECONDS = int(NOW.timestamp())


def gateway(**options: Any) -> StripeGateway:
    """Make a gateway with a key that no message may ever show."""
    return StripeGateway(**{"api_key": KEY, "webhook_secrets": SECRET, **options})


def payment(reference: str = "pi_1", amount: str = "50.00", currency: str = "USD", **more: Any) -> Payment:
    """Make a captured payment."""
    captured = Money.of(amount, currency)
    return Payment(id="p1", gateway="stripe", reference=reference, captured=captured, **more)


def refund(amount: str = "12.50", currency: str = "USD", name: str = "refund-1") -> Refund:
    """Make a refund of that payment."""
    return Refund(id=name, payment_id="p1", gateway="stripe", amount=Money.of(amount, currency))


def call(stripe: StripeGateway, wanted: Refund | None = None, source: Payment | None = None) -> RefundCall:
    """Prepare a refund and make the call that the desk would make."""
    wanted, source = wanted or refund(), source or payment()
    return RefundCall(refund=wanted, payment=source, request=stripe.prepare(wanted, source), deadline=NOW)


def refund_record(**more: Any) -> dict[str, Any]:
    """Make a refund as Stripe writes it."""
    return {
        "object": "refund",
        "id": "re_1",
        "amount": 1250,
        "currency": "usd",
        "status": "succeeded",
        "payment_intent": "pi_1",
        "charge": "ch_1",
        "created": NOW_SECONDS,
        "metadata": {"refundkit_id": "refund-1"},
        "reason": None,
        "failure_reason": None,
        **more,
    }


def charge_record(**more: Any) -> dict[str, Any]:
    """Make a captured charge as Stripe writes it, with the fee expanded."""
    return {
        "object": "charge",
        "id": "ch_1",
        "amount": 5000,
        "amount_captured": 5000,
        "currency": "usd",
        "captured": True,
        "status": "succeeded",
        "disputed": False,
        "payment_intent": "pi_1",
        "balance_transaction": {"object": "balance_transaction", "fee": 175, "currency": "usd"},
        **more,
    }


def intent_record(**more: Any) -> dict[str, Any]:
    """Make a succeeded payment intent as Stripe writes it, with its charge expanded."""
    return {
        "object": "payment_intent",
        "id": "pi_1",
        "amount": 5000,
        "amount_received": 5000,
        "currency": "usd",
        "status": "succeeded",
        "latest_charge": charge_record(),
        **more,
    }


def dispute_record(**more: Any) -> dict[str, Any]:
    """Make a dispute as Stripe writes it."""
    return {
        "object": "dispute",
        "id": "du_1",
        "amount": 5000,
        "currency": "usd",
        "status": "needs_response",
        "reason": "fraudulent",
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "created": NOW_SECONDS,
        "evidence_details": {"due_by": NOW_SECONDS + 86_400},
        "balance_transactions": [],
        **more,
    }


def page(*records: dict[str, Any], has_more: bool = False, url: str = "/v1/refunds") -> dict[str, Any]:
    """Make one page of a list."""
    return {"object": "list", "data": list(records), "has_more": has_more, "url": url}


def event(about: Any = None, **more: Any) -> bytes:
    """Make the body of an event of test mode about *about* (a refund, unless told otherwise)."""
    about = refund_record() if about is None else about
    content = {
        "object": "event",
        "id": "evt_1",
        "type": "refund.updated",
        "livemode": False,
        "data": {"object": about},
    }
    return json.dumps({**content, **more}).encode()


def signature(body: bytes, secret: str = SECRET, at: int | str = NOW_SECONDS) -> str:
    """Sign *body* as Stripe does."""
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def webhook(body: bytes | None = None, header: str | None = None, name: str = "Stripe-Signature") -> Webhook:
    """Make a webhook; signed rightly, unless *header* says otherwise."""
    body = event() if body is None else body
    header = f"t={NOW_SECONDS},v1={signature(body)}" if header is None else header
    return Webhook(body=body, headers={name: header}, received_at=NOW)
