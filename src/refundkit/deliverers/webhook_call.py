"""Webhook calls: another server hands over the goods, and is told so by one signed HTTP call."""

from __future__ import annotations

import hashlib
import hmac
import json
import weakref
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from refundkit.deliverers.base import Deliverer, DeliveryCall, Receipt
from refundkit.deliverers.late import late_import
from refundkit.deliverers.options import checked_name, checked_secrets, utc_now
from refundkit.errors import DeliveryError, InvalidValueError
from refundkit.hidden import Hidden
from refundkit.logs import get_logger
from refundkit.model.deliveries import Delivery
from refundkit.processes import PerProcess

__all__ = ["SIGNATURE", "WebhookCallDeliverer", "signature"]

SIGNATURE: Final = "Refundkit-Signature"
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_SECONDS: Final = 600
# "Not any more" and "this makes no sense": sure to have done nothing, and sure to say so again.
_NEVER: Final = frozenset({410, 422})

_log = get_logger("webhook_call")


def signature(body: bytes, secrets: tuple[str, ...], at: datetime) -> str:
    """Sign *body* at a moment: ``t=<unix seconds>,v1=<hex>``, with one ``v1`` per secret.

    Each is the HMAC-SHA256, under that secret, of the seconds, a full stop and the body.
    """
    seconds = str(int(at.timestamp()))
    signed = seconds.encode() + b"." + body
    digests = (hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets)
    return ",".join((f"t={seconds}", *(f"v1={digest}" for digest in digests)))


class WebhookCallDeliverer(Deliverer):
    """Tells a server of the shop, or of a partner, to hand over; and to take back, if it has a ``revoke_url``.

    Both addresses are fixed here: nothing in an order decides who is called. They begin with https://, or with
    http:// for this machine or with ``allow_http``. Each call is signed with all ``secrets`` (`signature`) in
    the header Refundkit-Signature, and carries the move's key as Idempotency-Key. ``timeout`` is (connect, read)
    in seconds. Redirects are not followed.

    An answer of 2xx means done; 410 and 422 mean no, for good; after anything else the same call is repeated.
    """

    kind: ClassVar[str] = "webhook_call"

    def __init__(
        self,
        *,
        url: str,
        secrets: str | tuple[str, ...],
        revoke_url: str | None = None,
        timeout: tuple[float, float] = (5, 15),
        allow_http: bool = False,
        clock: Callable[[], datetime] = utc_now,
        name: str | None = None,
        test: bool | None = False,
    ) -> None:
        self.name = checked_name(name, self.kind)
        self.test = test
        self.revocable = revoke_url is not None
        urls = (url,) if revoke_url is None else (url, revoke_url)
        for address in urls:
            _check_url(address, "https http" if allow_http else "https")
        # An address may hold a password.
        self._url, self._revoke_url = Hidden(url), Hidden(revoke_url)
        self._secrets = Hidden(checked_secrets(secrets))
        self._clock = clock
        waits = _checked_timeout(timeout)
        clients = PerProcess(lambda: _client(waits))
        clients()  # at once, so that a missing httpx is told where the deliverer is made
        self._clients = Hidden(clients)
        weakref.finalize(self, _close, clients)

    def deliver(self, call: DeliveryCall) -> Receipt:
        status = self._call(self._url(), call)
        return Receipt(text=f"{self.name} was called and answered {status}.")

    def revoke(self, call: DeliveryCall) -> Receipt:
        url = self._revoke_url()
        if url is None:
            return super().revoke(call)
        status = self._call(url, call)
        return Receipt(text=f"{self.name} was called to take back and answered {status}.")

    def where_it_is(self, delivery: Delivery) -> str:
        return f"{self.name} handed it over to {delivery.target}."

    def _call(self, url: str, call: DeliveryCall) -> int:
        if self._clock() >= call.deadline:
            raise DeliveryError(f"The time to call {self.name} is over.")
        body = json.dumps(_content(call), separators=(",", ":")).encode()
        headers = {
            "content-type": "application/json",
            "idempotency-key": call.key,
            SIGNATURE.lower(): signature(body, self._secrets(), self._clock()),
        }
        status = self._status_of(url, body, headers)
        if 200 <= status < 300:
            return status
        raise DeliveryError(f"{self.name} answered {status}.", is_final=status in _NEVER, http_status=status)

    def _status_of(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        cause = ""
        try:
            # What the server writes is not read: nothing depends on it, and it may have no end.
            with self._clients()().stream("POST", url, content=body, headers=headers) as response:
                return int(response.status_code)
        except Exception as error:  # noqa: BLE001 - httpx lets errors of ssl, socket and idna through too
            cause = type(error).__name__
        # Raised outside: that error leads to the address and the headers.
        _log.warning("call.unanswered", deliverer=self.name, error=cause)
        raise DeliveryError(f"{self.name} gave no answer ({cause}).")


def _content(call: DeliveryCall) -> Mapping[str, Any]:
    """Return what the server is told; nothing in it depends on the time, so that a repeated call is the same."""
    return {
        "action": call.move,
        "key": call.key,
        "order": call.order.id,
        "test": call.order.test,
        "delivery": call.delivery.id,
        "kind": call.delivery.kind,
        "target": call.delivery.target,
        "units": call.units,
        "line": {"id": call.line.id, "name": call.line.name, "sku": call.line.sku},
    }


def _check_url(url: object, schemes: str) -> None:
    """Require an address that goods may be asked for at.

    Raises:
        InvalidValueError: if others on the way could read along, or change what is said.
    """
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        is_safe = parts.scheme in schemes.split() or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    except ValueError:
        parts, is_safe = urlsplit(""), False
    if not is_safe or not parts.hostname:
        # The address stays out of the message: it may hold a password.
        raise InvalidValueError(
            "url and revoke_url must begin with https://; http:// only for this machine, or with allow_http.",
            field="url",
        )


def _checked_timeout(timeout: object) -> tuple[float, float]:
    pair = timeout if isinstance(timeout, tuple) else ()
    if len(pair) != 2 or not all(type(part) in (int, float) and 0 < part < MAX_SECONDS for part in pair):
        raise InvalidValueError(
            f"timeout must be (connect, read) in seconds, such as (5, 15), not {timeout!r}.", field="timeout"
        )
    return pair


@cache
def _trust() -> Any:
    """Read the certificates once: it takes 100 ms."""
    return late_import("httpx", kind=WebhookCallDeliverer.kind).create_ssl_context()


def _close(clients: PerProcess[Any]) -> None:
    for client in clients.made:
        client.close()


def _client(timeout: tuple[float, float]) -> Any:
    library = late_import("httpx", kind=WebhookCallDeliverer.kind)
    connect, read = timeout
    return library.Client(
        timeout=library.Timeout(read, connect=connect, pool=connect),
        follow_redirects=False,
        trust_env=False,
        verify=_trust(),
        headers={"accept": "*/*", "user-agent": "refundkit"},
    )
