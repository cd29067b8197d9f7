"""File downloads: links that are signed, expire, and stop working when the money was given back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from attrs import frozen

from refundkit.deliverers.base import Deliverer, DeliveryCall, Receipt
from refundkit.deliverers.late import late_import
from refundkit.deliverers.options import asked, checked_function, checked_name, checked_secrets, utc_now
from refundkit.errors import DeliveryError, InvalidValueError, OrderNotFoundError
from refundkit.hidden import Hidden
from refundkit.model.deliveries import Delivery, DeliveryStatus
from refundkit.model.orders import Order
from refundkit.policy.goods import Revocation, units_owed

__all__ = ["Download", "FileDownloadDeliverer"]

MAX_TOKEN: Final = 2_048
_SALT: Final = "refundkit.file_download"
_OVER: Final = frozenset({DeliveryStatus.REVOKED, DeliveryStatus.REVOCATION_FAILED})

Send = Callable[[DeliveryCall, str], object]


@frozen(kw_only=True)
class Download:
    """What a valid link is for: ``target`` is the delivery's, and names the file."""

    order_id: str
    delivery_id: str
    target: str


class FileDownloadDeliverer(Deliverer):
    """Hands over files as signed links.

    ``url`` is the shop's own download page, with ``{token}`` in it. ``secrets`` sign: the first one new links,
    all of them verify, so that a secret can be replaced while old links live. A link lives for ``lifetime``.
    ``order`` finds the order of a link, as ``store.get`` does: a link of goods that were taken back, or whose
    money was given back, is refused (unless ``revocation`` says that goods are never taken back).
    ``send(call, link)`` writes to the customer; without it the shop shows `link` on a page of its own.
    """

    kind: ClassVar[str] = "file_download"
    revocable = True

    def __init__(
        self,
        *,
        url: str,
        secrets: str | tuple[str, ...],
        order: Callable[[str], Order],
        lifetime: timedelta = timedelta(days=7),
        send: Send | None = None,
        revocation: Revocation = Revocation.ON_REFUND,
        clock: Callable[[], datetime] = utc_now,
        name: str | None = None,
    ) -> None:
        self.name = checked_name(name, self.kind)
        self._url = _checked_url(url)
        self._lifetime = _checked_lifetime(lifetime)
        self._order = checked_function(order, "order")
        self._send = checked_function(send, "send")
        self._revocation = Revocation(revocation)
        self._signer = Hidden(_signer(checked_secrets(secrets), clock))

    def deliver(self, call: DeliveryCall) -> Receipt:
        if self._send is not None:
            link = self.link(call.order.id, call.delivery.id)
            asked(self._send, call, link)
        # The link itself is as good as the file: it is not written down.
        return Receipt(text=f"A link that lives for {_span(self._lifetime)} was made.")

    def revoke(self, call: DeliveryCall) -> Receipt:
        """Nothing needs to be sent: `check` refuses what was taken back."""
        return Receipt(text="Its links no longer work.")

    def where_it_is(self, delivery: Delivery) -> str:
        return "It can be downloaded; a new link can be made at any time."

    def link(self, order_id: str, delivery_id: str) -> str:
        """Return a link that lives from now on; whether it works is decided when it is used."""
        return self._url.replace("{token}", str(self._signer().dumps([self.name, order_id, delivery_id])))

    def check(self, token: str) -> Download:
        """Say what the link with this *token* is for, if it is genuine and may be used now.

        Raises:
            DeliveryError: if it is forged, too old, or of goods that the customer shall not have.
        """
        order_id, delivery_id = self._read(token)
        try:
            order = self._order(order_id)
        except OrderNotFoundError:
            raise _refused("This link is for an order that is not here.") from None
        delivery = next((one for one in order.deliveries if one.id == delivery_id), None)
        if delivery is None or delivery.kind != self.name:
            raise _refused("This link is for something that is not downloaded here.")
        self._require_owed(order, delivery)
        return Download(order_id=order.id, delivery_id=delivery.id, target=delivery.target)

    def _read(self, token: object) -> tuple[str, str]:
        """Return order and delivery that *token* names, after its signature was verified."""
        library = late_import("itsdangerous", kind=self.kind)
        if not isinstance(token, str) or not token.isascii() or len(token) > MAX_TOKEN:
            raise _refused("This is no download link.")
        try:
            name, order_id, delivery_id = self._signer().loads(token, max_age=self._lifetime.total_seconds())
        except library.SignatureExpired:
            raise _refused("This link is too old; ask for a new one.") from None
        except (library.BadData, ValueError, TypeError):
            raise _refused("This is no download link of ours.") from None
        if name != self.name:
            raise _refused("This link is for something that is not downloaded here.")
        return str(order_id), str(delivery_id)

    def _require_owed(self, order: Order, delivery: Delivery) -> None:
        if delivery.status in _OVER or not delivery.handed_over:
            raise _refused("This download is not available.")
        if not units_owed(order, self._revocation)[delivery.id]:
            raise _refused("This download is not available any more, because its money was given back.")


def _refused(message: str) -> DeliveryError:
    return DeliveryError(message, is_final=True)


def _checked_url(url: object) -> str:
    if not isinstance(url, str) or url.count("{token}") != 1:
        raise InvalidValueError(
            "url must be the address of the download page with {token} in it once, such as "
            "https://shop.example/download/{token}.",
            field="url",
            value=url,
        )
    return url


def _checked_lifetime(lifetime: object) -> timedelta:
    if not isinstance(lifetime, timedelta) or lifetime < timedelta(seconds=1):
        raise InvalidValueError(
            f"lifetime must be a timedelta of a second or more, not {lifetime!r}.",
            field="lifetime",
            value=lifetime,
        )
    return lifetime


def _signer(secrets: tuple[str, ...], clock: Callable[[], datetime]) -> Any:
    library = late_import("itsdangerous", kind=FileDownloadDeliverer.kind)

    class Signer(library.TimestampSigner):  # type: ignore[misc,name-defined]
        """Signs by the clock of the shop."""

        def get_timestamp(self) -> int:
            return int(clock().timestamp())

    class Serializer(library.URLSafeTimedSerializer):  # type: ignore[misc,name-defined]
        """Writes by that clock."""

        default_signer = Signer

    # The library signs with the last key; here the newest comes first.
    return Serializer(list(reversed(secrets)), salt=_SALT, signer_kwargs={"digest_method": hashlib.sha256})


def _span(lifetime: timedelta) -> str:
    """Write 7 days as such, and an hour without "0 days"."""
    whole_days = lifetime.days if lifetime == timedelta(days=lifetime.days) else 0
    return f"{whole_days} day{'' if whole_days == 1 else 's'}" if whole_days else str(lifetime)
