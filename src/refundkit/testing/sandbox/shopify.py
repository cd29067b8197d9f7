"""A Shopify shop on a loopback port: the part of the GraphQL Admin API that refunds need.

It keeps idempotency keys for a day, counts costs against a bucket, refuses over-refunds in Shopify's words,
is strict about fields, arguments and scopes, signs webhooks, and misbehaves as a test tells it to::

    with ShopifySandbox() as shopify:
        order = shopify.place_order("100.00")
        gateway = ShopifyGateway(shop=shopify.shop, token=shopify.token, base_url=shopify.url)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from attrs import frozen

from refundkit.testing.sandbox.faults import Fault
from refundkit.testing.sandbox.server import Clock, Reply, Request, Sandbox
from refundkit.testing.sandbox.shopify_books import Refused, ShopifyBooks, amount_of, money_text, utc_now
from refundkit.testing.sandbox.shopify_graphql import Denied, Engine, idempotency_key
from refundkit.testing.sandbox.shopify_orders import order_record
from refundkit.testing.sandbox.shopify_webhooks import webhook_body

__all__ = ["SCOPES", "ShopifySandbox"]

Record = dict[str, Any]

SCOPES: Final = frozenset({"read_orders", "write_orders", "read_shopify_payments_disputes"})
VERSIONS: Final = ("2026-01", "2026-04", "2026-07", "2026-10")
KEY_LIFETIME: Final = timedelta(hours=24)
BUCKET: Final = 2_000.0
RESTORE_PER_SECOND: Final = 100.0
COSTS: Final = {"mutation": 30, "query": 25}
_INVALID_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"  # noqa: S105
_NO_DIRECTIVE = "The @idempotent directive is required for this mutation but was not provided."
_OTHER_INPUT = "The same idempotency key cannot be used with different operation parameters."
_FAILED_BEFORE = "A previous request with this idempotency key failed. Retry with a new idempotency key."
_IN_PROGRESS = "This request is currently in progress, please try again."


@frozen(kw_only=True)
class _Kept:
    """What one idempotency key stands for."""

    digest: str
    payload: Record
    first_at: datetime


class ShopifySandbox(Sandbox):
    """One shop.

    ``token`` and ``scopes`` are what requests are let in with, ``secret`` is what webhooks are signed with.
    ``statuses`` are taken by the next refunds' transactions ("PENDING", "FAILURE"), one after the other.
    ``available`` is how many points the bucket holds. All of them may be changed at any time.
    """

    shop: Final = "sandbox.myshopify.com"

    def __init__(self, *, clock: Clock = utc_now) -> None:
        super().__init__(clock=clock)
        self.token = "shpat_SandboxTokenOfTheShop"  # noqa: S105 - a made-up one
        self.secret = "sandbox-client-secret"  # noqa: S105 - a made-up one
        self.scopes = set(SCOPES)
        self.statuses: deque[str] = deque()
        self.available = BUCKET
        self.books = ShopifyBooks(clock)
        self._restored_at = clock()
        self._keys: dict[str, _Kept] = {}
        self._version = VERSIONS[-1]
        self._engine = Engine(
            {
                "QueryRoot.order": self._order,
                "QueryRoot.refund": self._refund,
                "QueryRoot.dispute": self._dispute,
                "Mutation.refundCreate": self._refund_create,
                "Order.totalRefundedSet": lambda one, _: self.books.refunded(one, one["transactions"]),
                "Order.netPaymentSet": lambda one, _: self.books.net_payment(one),
                "Order.displayFinancialStatus": lambda one, _: self.books.financial_status(one),
                "Refund.totalRefundedSet": lambda one, _: self.books.refunded(
                    one["order"], one["transactions"]
                ),
            }
        )

    # What a test does.

    def place_order(self, *amounts: str | tuple[str, str], **options: Any) -> str:
        """Place an order paid by one sale for each of *amounts* (amount, or gateway and amount); return its id.

        *options*: ``currency`` (the customer's), ``shop_currency``, ``lines`` and ``shipping`` (see
        `refundkit.testing.sandbox.shopify_orders`), ``taxes_included``, ``total``, ``email``, ``test``.
        """
        pairs = [one if isinstance(one, tuple) else ("shopify_payments", one) for one in amounts]
        with self.lock:
            order = order_record(self.books, [Decimal(amount) for _, amount in pairs], options)
            for gateway, amount in pairs:
                self.books.add_transaction(order, "SALE", amount, gateway=gateway)
            return str(order["id"])

    def add_transaction(self, order_id: str, kind: str, amount: str, **changes: Any) -> str:
        """Add any transaction to an order; ``parent`` may be another one's id. Return its id."""
        with self.lock:
            parent = self.books.transactions.get(changes.pop("parent", ""))
            order = self.books.orders[order_id]
            return str(self.books.add_transaction(order, kind, amount, parent=parent, **changes)["id"])

    def payments_of(self, order_id: str) -> tuple[str, ...]:
        """Return the ids of an order's sales and captures."""
        taken = self.books.orders[order_id]["transactions"]
        return tuple(one["id"] for one in taken if one["kind"] in ("SALE", "CAPTURE"))

    def refunds_of(self, order_id: str) -> tuple[Record, ...]:
        """Return the refund transactions of an order, oldest first."""
        with self.lock:
            return tuple(
                one for one in self.books.orders[order_id]["transactions"] if one["kind"] == "REFUND"
            )

    def returned(self, order_id: str) -> Decimal:
        """Return what was given back of an order or still may be: everything that is not dead."""
        alive = (one for one in self.refunds_of(order_id) if one["status"] not in ("FAILURE", "ERROR"))
        return sum((amount_of(one) for one in alive), Decimal(0))

    def refund_elsewhere(self, order_id: str, amounts: Mapping[str, str], note: str | None = None) -> str:
        """Refund in the dashboard, over all rules: *amounts* by payment ({}: no money moves). Return the Refund."""
        with self.lock:
            order = self.books.orders[order_id]
            made = [
                self.books.add_transaction(order, "REFUND", amount, parent=self.books.transactions[parent])
                for parent, amount in amounts.items()
            ]
            return str(self.books.add_refund(order, made, note)["id"])

    def settle(self, transaction_id: str, status: str, error_code: str | None = None) -> None:
        """Bring a transaction to another status, as a bank would days later."""
        with self.lock:
            self.books.transactions[transaction_id].update(status=status, errorCode=error_code)

    def open_dispute(self, order_id: str, amount: str, kind: str = "CHARGEBACK", **changes: Any) -> str:
        """Open a dispute about an order; return its id."""
        with self.lock:
            order = self.books.orders[order_id]
            record = {
                "id": self.books.new_id("ShopifyPaymentsDispute"),
                "status": "NEEDS_RESPONSE",
                "type": kind,
                "amount": {
                    "amount": money_text(Decimal(amount)),
                    "currencyCode": order["presentmentCurrencyCode"],
                },
                "evidenceDueBy": "2026-11-20T19:00:00-05:00",
                "initiatedAt": self.books.now(),
                "reasonDetails": {"reason": "FRAUDULENT", "networkReasonCode": "4827"},
                "order": order,
                **changes,
            }
            self.books.disputes[record["id"]] = record
            order["disputes"].append(_Summary(record))
            return str(record["id"])

    def move_dispute(self, dispute_id: str, status: str, kind: str | None = None) -> None:
        """Bring a dispute on; an inquiry becomes a chargeback by its *kind*."""
        with self.lock:
            record = self.books.disputes[dispute_id]
            record.update(status=status, type=kind or record["type"])

    def webhook(self, topic: str, subject: str, *, prefix: str = "X-Shopify-") -> dict[str, Any]:
        """Return body and headers of a signed webhook about an order, Refund, transaction or dispute."""
        with self.lock:
            body = json.dumps(webhook_body(self.books, topic, subject)).encode()
        digest = hmac.digest(self.secret.encode(), body, hashlib.sha256)
        headers = {
            f"{prefix}Topic": topic,
            f"{prefix}Shop-Domain": self.shop,
            f"{prefix}API-Version": self._version,
            f"{prefix}Webhook-Id": self.books.new_id("Webhook"),
            f"{prefix}Hmac-Sha256": base64.b64encode(digest).decode(),
        }
        return {"body": body, "headers": headers}

    def forget_keys(self) -> None:
        """Forget every idempotency key, as Shopify does after a day."""
        with self.lock:
            self._keys.clear()

    # What Shopify does.

    def handle(self, request: Request) -> Reply:
        """Answer one GraphQL request."""
        version = request.path.removeprefix("/admin/api/").removesuffix("/graphql.json")
        if request.method != "POST" or request.path != f"/admin/api/{version}/graphql.json":
            return Reply(status=404, body={"errors": "Not Found"})
        # An unsupported version is silently served by the oldest one that is supported.
        self._version = version if version in VERSIONS else VERSIONS[0]
        headers = {"X-Shopify-API-Version": self._version, "X-Request-Id": f"request-{len(self.requests)}"}
        if request.headers.get("x-shopify-access-token") != self.token:
            return Reply(status=401, headers=headers, body={"errors": _INVALID_TOKEN})
        return Reply(headers=headers, body=self._answered(request))

    def refusal(self, fault: Fault, request: Request) -> Reply:
        """Refuse in Shopify's words: mostly with HTTP 200."""
        if fault is Fault.THROTTLED:
            return Reply(body=self._throttled(COSTS["mutation"], 0.0))
        if fault is Fault.SERVER_ERROR_500:
            text = "Internal error. Looks like something went wrong on our end."
            extensions = {"code": "INTERNAL_SERVER_ERROR", "requestId": "request-0"}
            return Reply(body={"errors": [{"message": text, "extensions": extensions}]})
        if fault is Fault.CONFLICT_409:
            return Reply(body={"data": {"refundCreate": _user_errors(_IN_PROGRESS)}})
        return Reply(
            status=429, headers={"Retry-After": "2.0"}, body={"errors": "Exceeded 2 calls per second."}
        )

    def _answered(self, request: Request) -> Record:
        try:
            asked = request.json()
        except ValueError:
            asked = {}
        document = asked.get("query")
        cost = COSTS["mutation" if "mutation" in str(document) else "query"]
        self._restore()
        if self.available < cost:
            return self._throttled(cost, self.available)
        self.available -= cost
        body = self._engine.execute(document, asked.get("variables"))
        return {**body, "extensions": {"cost": self._cost(cost, cost, self.available)}}

    def _restore(self) -> None:
        passed = (self.clock() - self._restored_at).total_seconds()
        self.available = min(BUCKET, self.available + passed * RESTORE_PER_SECOND)
        self._restored_at = self.clock()

    def _throttled(self, cost: int, available: float) -> Record:
        error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
        return {"errors": [error], "extensions": {"cost": self._cost(cost, None, available)}}

    def _cost(self, requested: int, actual: int | None, available: float) -> Record:
        return {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": BUCKET,
                "currentlyAvailable": int(available),
                "restoreRate": RESTORE_PER_SECOND,
            },
        }

    # Resolvers.

    def _order(self, _: object, info: Any, id: str) -> Record | None:  # noqa: A002 - GraphQL's name
        self._require("read_orders", "order")
        return self.books.orders.get(id)

    def _refund(self, _: object, info: Any, id: str) -> Record | None:  # noqa: A002 - GraphQL's name
        self._require("read_orders", "refund")
        return self.books.refunds.get(id)

    def _dispute(self, _: object, info: Any, id: str) -> Record | None:  # noqa: A002 - GraphQL's name
        self._require("read_shopify_payments_disputes", "dispute")
        if not id.startswith("gid://shopify/ShopifyPaymentsDispute/"):
            raise Denied("Invalid id", "RESOURCE_NOT_FOUND")
        return self.books.disputes.get(id)

    def _refund_create(self, _: object, info: Any, input: Record) -> Record:  # noqa: A002 - GraphQL's name
        self._require("write_orders", "refundCreate")
        key = idempotency_key(info)
        if key is None and self._version >= "2026-04":
            raise Denied(_NO_DIRECTIVE, "BAD_REQUEST")
        if key is None:
            return self._refunded(input)
        if not key.strip():
            raise Denied("The idempotency key must not be blank.", "BAD_REQUEST")
        return self._once(key, input)

    def _once(self, key: str, data: Record) -> Record:
        digest = json.dumps(data, sort_keys=True, default=str)
        kept = self._keys.get(key)
        if kept is None or self.clock() >= kept.first_at + KEY_LIFETIME:
            payload = self._refunded(data)
            self._keys[key] = _Kept(digest=digest, payload=payload, first_at=self.clock())
            return payload
        if kept.digest != digest:
            return _user_errors(_OTHER_INPUT)
        # The result is rebuilt from what is written down now, so it may differ from the first one.
        return kept.payload if kept.payload["refund"] else _user_errors(_FAILED_BEFORE)

    def _refunded(self, data: Record) -> Record:
        statuses = [self.statuses.popleft()] if self.statuses else []
        try:
            refund = self.books.refund(data, statuses)
        except Refused as error:
            return {"refund": None, "order": None, "userErrors": [error.record]}
        return {"refund": refund, "order": refund["order"], "userErrors": []}

    def _require(self, scope: str, field: str) -> None:
        if scope not in self.scopes:
            text = f"Access denied for {field} field. Required access: `{scope}` access scope."
            raise Denied(text, "ACCESS_DENIED", requiredAccess=f"`{scope}` access scope.")


class _Summary:
    """A dispute as its order shows it: under another name, with fewer fields, always as it stands now."""

    def __init__(self, dispute: Record) -> None:
        self._dispute = dispute
        self._begun_as = dispute["type"]

    def get(self, name: str) -> Any:
        """Read a field, as one does of a record."""
        if name == "initiatedAs":
            return self._begun_as
        value = self._dispute[name]
        return value.replace("ShopifyPaymentsDispute", "OrderDisputeSummary") if name == "id" else value


def _user_errors(text: str) -> Record:
    return {"refund": None, "order": None, "userErrors": [{"field": None, "message": text}]}
