"""Webhooks of PayPal: a cheap look at headers, age and shape, then PayPal's own word, then the ids in it.

PayPal signs ``id|time|webhook id|crc32(body)``. A CRC is no digest: from one genuine message, other bodies with
the same signature are made in a moment. So even a verified webhook is only a hint, and this reads nothing but
ids out of it. The certificate is never fetched from here; its address is checked all the same, so that PayPal
is not asked about every forgery.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from refundkit.errors import WebhookError
from refundkit.gateways.base import Webhook
from refundkit.gateways.paypal.guards import is_id
from refundkit.gateways.paypal.reading import capture_of_refund, items, moment
from refundkit.gateways.records import Record, UnreadableError, inner, strict_object

__all__ = [
    "CERT_HOSTS",
    "HEADERS",
    "MAX_AGE",
    "MAX_AHEAD",
    "MAX_BODY",
    "event_of",
    "references_of",
    "verification",
]

MAX_BODY: Final = 256 * 1024
# The time is that "of the HTTP transmission", so a message that PayPal sends again days later has a new one.
MAX_AGE: Final = timedelta(minutes=30)
MAX_AHEAD: Final = timedelta(minutes=5)

# Live first, then PayPal's sandbox.
CERT_HOSTS: Final = {
    False: frozenset({"api.paypal.com", "api-m.paypal.com"}),
    True: frozenset({"api.sandbox.paypal.com", "api-m.sandbox.paypal.com"}),
}
CERT_PATH: Final = re.compile(r"/v1/notifications/certs/[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}", re.ASCII)

# The names of PayPal's OpenAPI description, the headers that hold them, and what they may look like.
HEADERS: Final[dict[str, tuple[str, re.Pattern[str]]]] = {
    "auth_algo": ("paypal-auth-algo", re.compile(r"SHA(?:256|384|512)withRSA", re.ASCII)),
    "cert_url": ("paypal-cert-url", re.compile(r"https://[!-~]{1,480}", re.ASCII)),
    "transmission_id": ("paypal-transmission-id", re.compile(r"[A-Za-z0-9-]{1,50}", re.ASCII)),
    "transmission_sig": ("paypal-transmission-sig", re.compile(r"[A-Za-z0-9+/]{1,498}={0,2}", re.ASCII)),
    "transmission_time": (
        "paypal-transmission-time",
        re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,20}(?:Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII),
    ),
}


def event_of(webhook: Webhook, *, test: bool) -> tuple[dict[str, str], Record]:
    """Look at a webhook without asking anybody: return its signature headers and its event.

    Raises:
        WebhookError: if a header is missing or odd, if it is too old, from the future or too large, if its
            certificate is not at PayPal's, or if its body is not exactly one strict JSON object.
    """
    if len(webhook.body) > MAX_BODY:
        _refuse(f"is larger than {MAX_BODY} bytes", http_status=413)
    signed = {name: _header(webhook, *rule) for name, rule in HEADERS.items()}
    _check_age(signed["transmission_time"], webhook.received_at)
    _check_certificate(signed["cert_url"], test=test)
    # Before the bytes are put into a request of ours: more than one object could add keys to that request.
    event = strict_object(webhook.body)
    if event is None:
        _refuse("is not strict JSON of an object")
    return signed, event


def verification(signed: dict[str, str], webhook_id: str, body: bytes) -> bytes:
    """Write the request that asks PayPal; the event goes in byte by byte, because reordered keys do not verify."""
    known = json.dumps({**signed, "webhook_id": webhook_id}).encode()
    return known[:-1] + b', "webhook_event": ' + body + b"}"


def references_of(event: Record) -> tuple[str, ...]:
    """Return the captures and orders that a verified *event* is about, each once; none for other news.

    Raises:
        WebhookError: if something in the place of an id is none.
    """
    try:
        named = list(_named(event, inner(event, "resource")))
    except UnreadableError:
        named = [None]
    # They go into look-ups and may go into URLs (law S5).
    if not all(map(is_id, named)):
        _refuse("names a payment by something that is no id")
    return tuple(dict.fromkeys(named))


def _named(event: Record, resource: Record) -> Iterator[Any]:
    kind = event.get("resource_type")
    if kind == "dispute":
        yield from (one.get("seller_transaction_id") for one in items(resource, "disputed_transactions"))
    elif kind in ("capture", "checkout-order"):
        yield resource.get("id")
    # The resource of PAYMENT.CAPTURE.REFUNDED is a refund: its id is no capture's, that one stands in the links.
    yield from filter(None, [capture_of_refund(resource)])
    related = inner(inner(resource, "supplementary_data"), "related_ids")
    yield from (related[name] for name in ("capture_id", "order_id") if name in related)


def _header(webhook: Webhook, name: str, shape: re.Pattern[str]) -> str:
    value = webhook.headers.get(name, "")
    if not shape.fullmatch(value):
        _refuse(f"has no readable {name} header")
    return value


def _check_age(sent_at: str, received_at: datetime) -> None:
    at = moment({"at": sent_at}, "at")
    if at is None:
        _refuse("was sent at no readable time")
    if not -MAX_AHEAD <= received_at - at <= MAX_AGE:
        _refuse(f"was not sent within {MAX_AGE} before its arrival (is the clock right?)")


def _check_certificate(url: str, *, test: bool) -> None:
    # Compared as it is written: user names, ports, other hosts that end alike, dots and escapes all differ.
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if (
        parts.netloc not in CERT_HOSTS[test]
        or not CERT_PATH.fullmatch(parts.path)
        or parts.query
        or parts.fragment
    ):
        _refuse("is signed with a certificate that is not at PayPal's address")


def _refuse(what: str, http_status: int = 400) -> NoReturn:
    """Say what is wrong with it, and never what is in it (law S2)."""
    raise WebhookError(f"The PayPal webhook {what}.", http_status=http_status)
