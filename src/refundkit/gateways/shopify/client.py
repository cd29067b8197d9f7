"""The HTTP client: imported late, locked away, and asked without retries and redirects."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from refundkit.gateways.bodies import latest_end, whole
from refundkit.gateways.guards import late_import
from refundkit.gateways.outcomes import retry_after
from refundkit.gateways.records import strict_object
from refundkit.gateways.shopify.answers import Reply, plain
from refundkit.gateways.shopify.options import Connection

if TYPE_CHECKING:
    import httpx

__all__ = ["MAX_ANSWER", "open_client", "post"]

MAX_ANSWER: Final = 1024 * 1024
_DIGITS: Final = 40


def open_client(connection: Connection) -> httpx.Client:
    """Make a client that asks once, never follows a redirect, and may be shared by threads.

    Raises:
        PluginError: if httpx is not installed.
    """
    library = _httpx()
    connect, read = connection.timeout
    client: httpx.Client = library.Client(
        timeout=library.Timeout(read, connect=connect, pool=connect),
        follow_redirects=False,
        verify=_trust(),
        headers={"accept": "application/json", "user-agent": "refundkit"},
    )
    return client


@cache
def _trust() -> Any:
    """Read the certificates once: it takes 100 ms, and an app may have a gateway for each of many shops."""
    return _httpx().create_ssl_context()


def _httpx() -> Any:
    with late_import("Shopify", "httpx"):
        return import_module("httpx")


def post(client: httpx.Client, connection: Connection, payload: dict[str, Any], token: str) -> Reply:
    """Post one GraphQL request and read the answer, at most `MAX_ANSWER` bytes of it.

    Raises:
        UnreadableError: if the answer is too large, or came too slowly.
        httpx.HTTPError: if there is no answer; it leads to the token, so let nobody see it.
    """
    headers = {"x-shopify-access-token": token}
    ends = latest_end(connection.timeout)
    with client.stream("POST", connection.url, json=payload, headers=headers) as response:
        body = whole(response.iter_bytes(), limit=MAX_ANSWER, ends=ends)
        return Reply(
            http_status=response.status_code,
            # A server that echoes the token must not bring it into a message.
            content=strict_object(body.replace(token.encode(), b"[hidden]"), fraction=_decimal),
            request_id=plain(response.headers.get("x-request-id", "")),
            version=plain(response.headers.get("x-shopify-api-version", "")),
            retry_after_seconds=retry_after(response.headers.get("retry-after")),
        )


def _decimal(digits: str) -> Decimal:
    # 1e999999999 would be a number that takes minutes to write out.
    if len(digits) > _DIGITS or "e" in digits.lower():
        raise ValueError("too many digits")
    return Decimal(digits)
