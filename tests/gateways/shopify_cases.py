"""What the tests of the Shopify gateway have in common: payments, refunds, records and signatures."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from refundkit.desk.refunds import RefundDesk
from refundkit.gateways.base import RefundCall, Webhook
from refundkit.gateways.shopify import ShopifyGateway
from refundkit.model.orders import Order
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund
from refundkit.money import Money
from refundkit.stores.memory import MemoryStore
from refundkit.testing.clock import FakeClock
from refundkit.testing.sandbox.shopify import ShopifySandbox

SHOP = "example.myshopify.com"
TOKEN = "shpat_ThisIsTheVerySecretToken"
SECRET = "ThisIsTheVerySecretClientSecret"
NOW = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
ORDER = "gid://shopify/Order/1"
PARENT = "gid://shopify/OrderTransaction/11"
REFUNDED = "gid://shopify/OrderTransaction/12"


def gateway(**options: Any) -> ShopifyGateway:
    """Make a gateway with a token that no message may ever show."""
    return ShopifyGateway(**{"shop": SHOP, "token": TOKEN, "webhook_secrets": SECRET, **options})


def gateway_to(sandbox: ShopifySandbox, **options: Any) -> ShopifyGateway:
    """Make a gateway to a sandbox."""
    known = {"shop": sandbox.shop, "token": sandbox.token, "webhook_secrets": sandbox.secret}
    return ShopifyGateway(**{**known, "base_url": sandbox.url, **options})


def payment(reference: str = PARENT, amount: str = "50.00", currency: str = "USD", **more: Any) -> Payment:
    """Make a captured payment of an order at Shopify."""
    known = {"id": "p1", "gateway": "shopify", "group": ORDER, "method": "shopify_payments"}
    return Payment(**{**known, "reference": reference, "captured": Money.of(amount, currency), **more})


def refund(amount: str = "12.50", currency: str = "USD", name: str = "refund-1") -> Refund:
    """Make a refund of that payment."""
    return Refund(id=name, payment_id="p1", gateway="shopify", amount=Money.of(amount, currency))


def call(
    shopify: ShopifyGateway, wanted: Refund | None = None, source: Payment | None = None, **more: Any
) -> RefundCall:
    """Prepare a refund and make the call that the desk would make."""
    wanted, source = wanted or refund(), source or payment()
    known = {"request": shopify.prepare(wanted, source), "deadline": NOW + timedelta(minutes=2)}
    return RefundCall(**{"refund": wanted, "payment": source, **known, **more})


def bought(sandbox: ShopifySandbox, *amounts: Any, **options: Any) -> tuple[Payment, ...]:
    """Place an order at the sandbox, and return its payments as they are imported."""
    return gateway_to(sandbox).import_order(sandbox.place_order(*amounts, **options)).payments


def desk_for(
    sandbox: ShopifySandbox,
    *amounts: Any,
    clock: FakeClock | None = None,
    sleep: Callable[[float], None] | None = None,
    **options: Any,
) -> tuple[RefundDesk, Order]:
    """Open a desk for a sandbox, with one imported order; it waits only if *sleep* does."""
    shopify = gateway_to(sandbox)
    desk = RefundDesk(
        store=MemoryStore(), gateways=[shopify], clock=clock or FakeClock(), sleep=sleep or (lambda _: None)
    )
    return desk, desk.register(shopify.import_order(sandbox.place_order(*amounts, **options)))


def asked(shopify: ShopifySandbox, name: str) -> list[dict[str, Any]]:
    """Return the requests whose document holds *name*."""
    return [one.json() for one in shopify.requests if name in one.json()["query"]]


def money(amount: str, currency: str = "USD") -> dict[str, Any]:
    """Make a MoneyBag as far as it is asked for."""
    return {"presentmentMoney": {"amount": amount, "currencyCode": currency}}


def transaction(name: str = REFUNDED, **more: Any) -> dict[str, Any]:
    """Make a refund transaction as Shopify writes it."""
    return {
        "id": name,
        "kind": "REFUND",
        "status": "SUCCESS",
        "gateway": "shopify_payments",
        "errorCode": None,
        "createdAt": "2026-11-01T12:00:00Z",
        "processedAt": "2026-11-01T12:00:01Z",
        "amountSet": money("12.5"),
        "parentTransaction": {"id": PARENT},
        **more,
    }


def sale(name: str = PARENT, amount: str = "50.0", **more: Any) -> dict[str, Any]:
    """Make the transaction of a payment."""
    known = {"kind": "SALE", "amountSet": money(amount), "parentTransaction": None}
    return transaction(name, **{**known, **more})


def refund_record(*transactions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make a Refund as Shopify writes it."""
    made = list(transactions or (transaction(),))
    known = {"id": "gid://shopify/Refund/5", "note": "refundkit:refund-1", "transactions": {"nodes": made}}
    return {**known, **more}


def created(refund: Any = None, errors: Any = (), **more: Any) -> dict[str, Any]:
    """Make the answer to refundCreate."""
    return {"data": {"refundCreate": {"refund": refund, "userErrors": list(errors), **more}}}


def order_record(*transactions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make the answer to an order query: one sale, and what is named."""
    order = {"id": ORDER, "transactions": [sale(), *transactions], "refunds": [], "disputes": [], **more}
    return {"data": {"order": order}}


def signature(body: bytes, secret: str = SECRET) -> str:
    """Sign *body* as Shopify does."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def webhook(body: Any = None, header: str | None = None, name: str = "X-Shopify-Hmac-Sha256") -> Webhook:
    """Make a webhook; signed rightly, unless *header* says otherwise."""
    raw = body if isinstance(body, bytes) else json.dumps({"order_id": 1} if body is None else body).encode()
    return Webhook(body=raw, headers={name: signature(raw) if header is None else header}, received_at=NOW)
