"""How PayPal signs webhooks, and how it verifies them when it is asked.

The signature covers ``id|time|webhook id|crc32(body)``, as PayPal's does; an HMAC with a secret of the
sandbox stands in for RSA. So everything holds that holds at PayPal: other bytes of the same event do not
verify, and other events with the same CRC do.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

__all__ = ["FIELDS", "headers_of", "is_signed", "raw_event"]

SECRET: Final = b"the private key of PayPal's sandbox"
CERT_URL: Final = "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270"
FIELDS: Final[Mapping[str, str]] = {
    "auth_algo": "PAYPAL-AUTH-ALGO",
    "cert_url": "PAYPAL-CERT-URL",
    "transmission_id": "PAYPAL-TRANSMISSION-ID",
    "transmission_sig": "PAYPAL-TRANSMISSION-SIG",
    "transmission_time": "PAYPAL-TRANSMISSION-TIME",
}
_EVENT: Final = b'"webhook_event":'


def headers_of(body: bytes, webhook_id: str, *, number: int, at: datetime) -> dict[str, str]:
    """Sign *body* for one webhook; *number* makes the transmission id."""
    name = f"69cd13f0-d67a-11e5-baa3-{number:012x}"
    time = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    values = {
        "auth_algo": "SHA256withRSA",
        "cert_url": CERT_URL,
        "transmission_id": name,
        "transmission_time": time,
        "transmission_sig": _signature(name, time, webhook_id, body),
    }
    return {FIELDS[field]: value for field, value in values.items()}


def is_signed(asked: Mapping[str, Any], event: bytes) -> bool:
    """Say whether these very bytes of an event were signed with what is *asked* about."""
    signature = _signature(
        str(asked["transmission_id"]), str(asked["transmission_time"]), str(asked["webhook_id"]), event
    )
    right = hmac.compare_digest(signature.encode(), str(asked["transmission_sig"]).encode())
    return right and asked["cert_url"] == CERT_URL


def raw_event(request: bytes) -> bytes:
    """Cut the event, which comes last, out of a verification request, byte by byte, with the space around it."""
    start = request.index(_EVENT) + len(_EVENT)
    return request[start : request.rindex(b"}")].removeprefix(b" ")


def _signature(name: str, time: str, webhook_id: str, body: bytes) -> str:
    message = f"{name}|{time}|{webhook_id}|{zlib.crc32(body)}".encode()
    return base64.b64encode(hmac.digest(SECRET, message, hashlib.sha256)).decode()
