"""What a gateway is: it gives money back, and it says what is true of payments. Nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from attrs import field, frozen

from refundkit.errors import InvalidValueError, PluginError, WebhookError, shown
from refundkit.gateways.guards import Hidden
from refundkit.model import fields
from refundkit.model.capabilities import Capabilities, WhileDisputed
from refundkit.model.fields import FrozenMap
from refundkit.model.orders import Order
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund
from refundkit.model.reports import PaymentReport, RefundReport

__all__ = ["Capabilities", "Gateway", "RefundCall", "Webhook", "WhileDisputed"]


@frozen(kw_only=True)
class RefundCall:
    """One call to give money back: ``request`` is what `Gateway.prepare` gave, as it was stored.

    The gateway must not send after ``deadline``; the refund's id is the idempotency key.
    """

    refund: Refund = field(validator=fields.instance(Refund))
    payment: Payment = field(validator=fields.instance(Payment))
    request: Mapping[str, Any] = field(converter=fields.to_map, validator=fields.json_map, repr=False)
    deadline: datetime = field(converter=fields.to_utc, validator=fields.moment)


def _to_headers(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return FrozenMap({str(name).lower(): str(content) for name, content in value.items()})


def _to_hidden(body: bytes | Hidden[bytes]) -> Hidden[bytes]:
    if isinstance(body, Hidden):  # attrs.evolve hands over what is there already
        return body
    if type(body) is not bytes:
        raise InvalidValueError(
            f"A webhook's body is the raw bytes as they arrived, not {type(body).__name__}; "
            "parsing them first would change what was signed.",
            field="body",
            value=shown(type(body)),
        )
    return Hidden(body)


@frozen(kw_only=True)
class Webhook:
    """A message as it arrived: raw ``body``, ``headers`` under lower-case names, and when it came.

    The body is in no repr, ``asdict`` or pickle of it (law S2).
    """

    _body: Hidden[bytes] = field(alias="body", converter=_to_hidden, eq=lambda hidden: hidden(), repr=False)
    headers: Mapping[str, str] = field(
        converter=_to_headers, validator=fields.instance(FrozenMap), repr=False
    )
    received_at: datetime = field(converter=fields.to_utc, validator=fields.moment)

    @property
    def body(self) -> bytes:
        """The raw bytes, as they were signed."""
        return self._body()


class Gateway(ABC):
    """One account at one payment service, under a ``name`` of its own.

    Two Stripe accounts are two gateways with two names. ``kind`` is the name under which the class is
    configured. ``test`` says whether the credentials are test credentials (None: there is no difference):
    a test order never meets live credentials (law S7).
    """

    kind: ClassVar[str] = ""
    name: str
    test: bool | None = None

    @abstractmethod
    def capabilities(self, payment: Payment) -> Capabilities:
        """Say what can be done with *payment*. Asked often: no I/O."""

    @abstractmethod
    def prepare(self, refund: Refund, payment: Payment) -> Mapping[str, Any]:
        """Return the request that will be sent, JSON-ready and free of secrets. Pure: no I/O, no clock.

        Raises:
            InvalidValueError: if the service could not take this refund (an amount that it cannot express).
        """

    @abstractmethod
    def refund(self, call: RefundCall) -> RefundReport:
        """Give money back, exactly as ``call.request`` says, under the idempotency key ``call.refund.id``.

        A "no" of the service is a report with status FAILED.

        Raises:
            GatewayUnavailableError: only if it is certain that nothing was executed.
            OutcomeUnknownError: if it may have been executed.
        """

    @abstractmethod
    def fetch(self, payments: tuple[Payment, ...]) -> tuple[PaymentReport, ...]:
        """Say what is true now of *payments*, all of one order and of this gateway; one report each.

        Raises:
            GatewayUnavailableError: if the service could not be asked.
        """

    def parse_webhook(self, webhook: Webhook) -> tuple[str, ...]:
        """Verify *webhook*, then name the payments that it is about: references, aliases or groups.

        Raises:
            WebhookError: if anything about it is forged, stale, foreign or unreadable.
        """
        raise WebhookError(f"Gateway {self.name} takes no webhooks.", http_status=404)

    def import_order(self, reference: str) -> Order:
        """Read an order that the service keeps, with its lines and payments, ready to be registered.

        Raises:
            PluginError: if the service keeps no orders.
            GatewayUnavailableError: if the service could not be asked.
        """
        raise PluginError(f"Gateway {self.name} keeps no orders that could be imported.", gateway=self.name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"
