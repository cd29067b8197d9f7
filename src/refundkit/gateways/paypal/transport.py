"""The seam: all that the gateway needs of an SDK, in three calls.

The official SDK fills it (`refundkit.gateways.paypal.client`); another one can, in a few lines, by handing
``PayPalGateway(transport=...)`` a function that makes a `Transport` of an `Account`. Whoever fills it sends
each request exactly once, with timeouts, follows no redirect, reads no netrc, refreshes the access token
once on a 401, returns what came back whatever its status, and never raises for what the network does.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Protocol

from attrs import field, frozen

from refundkit.gateways.guards import Hidden, check_timeout, check_url
from refundkit.gateways.records import Record

__all__ = ["Account", "Answer", "Resource", "Silence", "Transport"]


class Resource(Enum):
    """What can be read, by the id that follows; the value is the path below the base URL."""

    CAPTURE = "/v2/payments/captures/{id}"
    ORDER = "/v2/checkout/orders/{id}"
    DISPUTES_OF_CAPTURE = "/v1/customer/disputes?disputed_transaction_id={id}&page_size=50"
    DISPUTE = "/v1/customer/disputes/{id}"


@frozen(kw_only=True)
class Account:
    """Where PayPal is asked, and as whom: ``credentials`` are (client id, client secret).

    ``timeout`` is (connect, read) in seconds.
    """

    credentials: Hidden[tuple[str, str]] = field(repr=False)
    base_url: str
    timeout: tuple[float, float]

    def __attrs_post_init__(self) -> None:
        check_timeout(self.timeout)
        check_url(self.base_url, "the client secret")


@frozen(kw_only=True)
class Answer:
    """What came back: ``headers`` under lower-case names, ``record`` None if the body is no JSON object."""

    status: int
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    record: Record | None = field(default=None, repr=False)


@frozen(kw_only=True)
class Silence:
    """Nothing came back. ``sent`` is False only if it is certain that the request never left; ``why`` is free text."""

    sent: bool
    why: str


class Transport(Protocol):
    """Three calls to PayPal. The ids that they are given have been checked (law S5)."""

    def refund(self, capture_id: str, body: Mapping[str, Any], key: str) -> Answer | Silence:
        """POST /v2/payments/captures/{id}/refund with ``PayPal-Request-Id: key`` and ``return=representation``."""

    def read(self, resource: Resource, identifier: str) -> Answer | Silence:
        """GET what *resource* says."""

    def verify(self, body: bytes) -> Answer | Silence:
        """POST /v1/notifications/verify-webhook-signature with exactly these bytes."""
