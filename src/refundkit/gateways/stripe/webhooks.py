"""Webhooks of Stripe: who sent it, when, for whom, and which payments it names.

Verified here on the raw bytes, before anything is parsed (law S1), because stripe-python 16.1 checks only
the past and lets UnicodeDecodeError and TypeError out of hostile headers and bodies. Nothing else of the
content is believed: the payments that it names are fetched.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NoReturn

from attrs import frozen

from refundkit.errors import WebhookError
from refundkit.gateways.base import Webhook
from refundkit.gateways.guards import Hidden, is_any_of
from refundkit.gateways.records import Record, strict_object

__all__ = ["NAMED_BY", "PAYMENT_ID", "Endpoint", "references_of", "verify"]

HEADER: Final = "stripe-signature"
MAX_BODY: Final = 256 * 1024
MAX_HEADER: Final = 4_096
MAX_SIGNATURES: Final = 10
TOLERANCE_SECONDS: Final = 300

# What is given back to: a payment intent, or a charge (py_ for some methods). It goes into a URL (law S5).
PAYMENT_ID: Final = re.compile(r"(?:pi|ch|py)_[A-Za-z0-9_]{1,200}", re.ASCII)
_TIME = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)

# Which fields of an event's object name a payment; events about anything else name none.
NAMED_BY: Final[dict[str, tuple[str, ...]]] = {
    "payment_intent": ("id", "latest_charge"),
    "charge": ("payment_intent", "id"),
    "refund": ("payment_intent", "charge"),
    "dispute": ("payment_intent", "charge"),
}


@frozen(kw_only=True)
class Endpoint:
    """Whose events are taken: those of this ``account`` (None: the key's own) in this mode (law S7)."""

    account: str | None
    test: bool


def verify(webhook: Webhook, secrets: Hidden[tuple[str, ...]]) -> None:
    """Require that one of *secrets* signed these very bytes, not long before or after they arrived.

    Raises:
        WebhookError: if not.
    """
    if len(webhook.body) > MAX_BODY:
        _refuse(f"is larger than {MAX_BODY} bytes", http_status=413)
    at, signatures = _header(webhook.headers.get(HEADER, ""))
    if not is_any_of(signatures, _expected(at, webhook, secrets)):
        _refuse("is not signed with a secret of this endpoint")
    _check_age(int(at), webhook.received_at)


def references_of(webhook: Webhook, endpoint: Endpoint) -> tuple[str, ...]:
    """Return the ids of the payments that a verified *webhook* is about, each once.

    Raises:
        WebhookError: if it is no event of this endpoint, or unreadable.
    """
    event = strict_object(webhook.body)
    if event is None:
        _refuse("is not strict JSON of an object")
    if event.get("object") != "event":
        _refuse("is no snapshot event (thin events of API v2 are not supported: choose snapshot events)")
    if event.get("livemode") is not (not endpoint.test):
        _refuse(f"is not from {'test' if endpoint.test else 'live'} mode, as the API key is")
    if event.get("account") != endpoint.account:
        _refuse("is about another account")
    data = event.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    if not isinstance(about, dict):
        _refuse("holds no object")
    return tuple(dict.fromkeys(_named(about)))


def _expected(at: str, webhook: Webhook, secrets: Hidden[tuple[str, ...]]) -> list[bytes]:
    # On its own, because error trackers send the variables of the function that raises (law S2).
    signed = at.encode() + b"." + webhook.body
    return [hmac.digest(secret.encode(), signed, hashlib.sha256) for secret in secrets()]


def _header(header: str) -> tuple[str, list[bytes]]:
    """Split ``t=…,v1=…,v1=…`` into the time, as it was signed, and the signatures; skip other schemes."""
    if not 0 < len(header) <= MAX_HEADER:
        _refuse(f"has no {HEADER} header of at most {MAX_HEADER} characters")
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for scheme, _, value in parts if scheme == "t"]
    signatures = [value for scheme, _, value in parts if scheme == "v1"]
    if len(times) != 1 or not _TIME.fullmatch(times[0]):
        _refuse("is signed at no readable time")
    if not 1 <= len(signatures) <= MAX_SIGNATURES or not all(map(_SIGNATURE.fullmatch, signatures)):
        _refuse("has no readable signature")
    return times[0], [bytes.fromhex(signature) for signature in signatures]


def _check_age(signed_at_seconds: int, received_at: datetime) -> None:
    # Both ways: a time in the future would be a signature that can be replayed for as long.
    if abs(received_at.timestamp() - signed_at_seconds) > TOLERANCE_SECONDS:
        _refuse(f"was not signed within {TOLERANCE_SECONDS} seconds of its arrival (is the clock right?)")


def _named(about: Record) -> Iterator[str]:
    kind = about.get("object")
    for name in NAMED_BY.get(kind, ()) if isinstance(kind, str) else ():
        value = about.get(name)
        found = value.get("id") if isinstance(value, dict) else value
        if found is None:
            continue
        if not isinstance(found, str) or not PAYMENT_ID.fullmatch(found):
            _refuse(f"names a payment by something that is no id ({kind}.{name})")
        yield found


def _refuse(what: str, http_status: int = 400) -> NoReturn:
    """Say what is wrong with it, and never what is in it (law S2)."""
    raise WebhookError(f"The Stripe webhook {what}.", http_status=http_status)
