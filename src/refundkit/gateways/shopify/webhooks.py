"""Webhooks of Shopify: signed bytes that name an order, and nothing that would be believed besides.

The signature covers the body alone: topic, shop and ids in the headers are unsigned and not looked at, and
there is no signed time, so an old webhook can be sent again; all that it brings about is another fetch. The
secret is the app's, so webhooks of every shop with this app verify: the order's id is what routes them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Any, Final, NoReturn

from refundkit.errors import WebhookError
from refundkit.gateways.base import Webhook
from refundkit.gateways.guards import Hidden, is_any_of
from refundkit.gateways.records import strict_object
from refundkit.gateways.shopify.reading import ORDER_ID

__all__ = ["HEADERS", "MAX_BODY", "TOPICS", "orders_of", "verify"]

# The second spelling is that of the newer events, which drop the prefix.
HEADERS: Final = ("x-shopify-hmac-sha256", "shopify-hmac-sha256")
MAX_BODY: Final = 256 * 1024

# How the body of each topic names its order. The topic itself is unsigned, so the field decides.
TOPICS: Final = {
    "refunds/create": "order_id",
    "order_transactions/create": "order_id",
    "disputes/create": "order_id",
    "disputes/update": "order_id",
    "orders/updated": "admin_graphql_api_id",
}

_SIGNATURE = re.compile(r"[A-Za-z0-9+/]{43}=", re.ASCII)


def verify(webhook: Webhook, secrets: Hidden[tuple[str, ...]]) -> None:
    """Require that one of *secrets* signed these very bytes.

    Raises:
        WebhookError: if not.
    """
    if len(webhook.body) > MAX_BODY:
        _refuse(f"is larger than {MAX_BODY} bytes", http_status=413)
    given = [webhook.headers[name].strip() for name in HEADERS if name in webhook.headers]
    signatures = [one.encode() for one in given if _SIGNATURE.fullmatch(one)]
    if not signatures or len(signatures) < len(given):
        _refuse(f"has no readable {HEADERS[0]} header")
    if not is_any_of(signatures, _expected(webhook, secrets)):
        _refuse("is not signed with a secret of this app")


def orders_of(webhook: Webhook) -> tuple[str, ...]:
    """Return the id of the order that a verified *webhook* is about; nothing if it is about none.

    Raises:
        WebhookError: if it is unreadable.
    """
    body = strict_object(webhook.body)
    if body is None:
        _refuse("is not strict JSON of an object")
    if body.get("order_id") is not None:
        return (_order(body["order_id"]),)
    name = body.get("admin_graphql_api_id")
    return (name,) if isinstance(name, str) and ORDER_ID.fullmatch(name) else ()


def _expected(webhook: Webhook, secrets: Hidden[tuple[str, ...]]) -> list[bytes]:
    # On its own, because error trackers send the variables of the function that raises (law S2).
    return [
        base64.b64encode(hmac.digest(secret.encode(), webhook.body, hashlib.sha256)) for secret in secrets()
    ]


def _order(number: Any) -> str:
    if type(number) is not int or not 0 < number < 10**20:
        _refuse("names an order by something that is no number")
    return f"gid://shopify/Order/{number}"


def _refuse(what: str, http_status: int = 400) -> NoReturn:
    """Say what is wrong with it, and never what is in it (law S2)."""
    raise WebhookError(f"The Shopify webhook {what}.", http_status=http_status)
