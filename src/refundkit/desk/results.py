"""Results: what the desk's methods answer."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from refundkit.model.deliveries import Delivery, DeliveryStatus
from refundkit.model.events import Event
from refundkit.model.orders import Order
from refundkit.model.refunds import Refund, RefundStatus
from refundkit.money import Money
from refundkit.policy.reasons import Reason

__all__ = [
    "CustomerRecord",
    "DeliveryResult",
    "DeliverySweep",
    "Reconciliation",
    "Recovery",
    "RefundResult",
    "worth",
]

_UNSUCCESSFUL = frozenset(
    {DeliveryStatus.FAILED, DeliveryStatus.DEAD_LETTERED, DeliveryStatus.REVOCATION_FAILED}
)


@frozen(kw_only=True)
class RefundResult:
    """What became of a request so far: its ``refunds``, and how much is ``returned``, ``pending``, ``failed``.

    Money that is pending is set aside; whether it arrives, only the gateway can say. Calling again with the
    same request tells how it stands now.
    """

    order_id: str
    key: str
    refunds: tuple[Refund, ...]
    returned: Money
    pending: Money
    failed: Money

    @classmethod
    def of(cls, order: Order, key: str) -> RefundResult:
        """Sum up the legs of request *key*."""
        legs = order.legs(key)
        return cls(
            order_id=order.id,
            key=key,
            refunds=legs,
            returned=worth(order, (leg for leg in legs if leg.status is RefundStatus.SUCCEEDED)),
            pending=worth(order, (leg for leg in legs if leg.is_reserving)),
            failed=worth(order, (leg for leg in legs if leg.status is RefundStatus.FAILED)),
        )

    @property
    def is_settled(self) -> bool:
        """Whether nothing is pending."""
        return self.pending.is_zero


def worth(order: Order, legs: Iterable[Refund]) -> Money:
    """Add *legs* up; one that was found to be in another currency, and flagged, fits in no sum of the order."""
    return Money.sum((leg.amount for leg in legs if leg.amount.currency == order.currency), order.currency)


@frozen(kw_only=True)
class CustomerRecord:
    """What is known of a customer: the orders under an e-mail address, test orders left out of the figures."""

    email: str
    orders: tuple[Order, ...]

    @property
    def has_chargebacks(self) -> bool:
        """Whether any dispute of theirs took or takes money: the chargeback flag."""
        return any(dispute.withdrawn.is_positive for order in self._real for dispute in order.disputes)

    @property
    def refunded(self) -> tuple[Money, ...]:
        """What was given back for certain, one amount per currency, in the order of currency codes."""
        currencies = sorted({order.currency for order in self._real})
        return tuple(
            Money.sum((order.refunded for order in self._real if order.currency == code), code)
            for code in currencies
        )

    @property
    def _real(self) -> tuple[Order, ...]:
        return tuple(order for order in self.orders if not order.test)


@frozen(kw_only=True)
class Recovery:
    """What one sweep did: orders it looked at, what happened there, and the orders that it could not settle."""

    orders: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    unsettled: tuple[str, ...] = ()
    unreachable: tuple[str, ...] = ()


@frozen(kw_only=True)
class Reconciliation:
    """What a comparison with the gateways found: orders looked at, events recorded, orders not reachable."""

    orders: int
    events: tuple[Event, ...]
    unreachable: tuple[str, ...]


@frozen(kw_only=True)
class DeliveryResult:
    """How the goods of an order stand; ``reasons`` say why something of it is not handed over."""

    order_id: str
    deliveries: tuple[Delivery, ...]
    reasons: tuple[Reason, ...] = ()

    @property
    def delivered(self) -> tuple[Delivery, ...]:
        """The deliveries that the customer has."""
        return tuple(one for one in self.deliveries if one.status is DeliveryStatus.DELIVERED)

    @property
    def failed(self) -> tuple[Delivery, ...]:
        """The deliveries whose last try failed, to hand over or to take back."""
        return tuple(one for one in self.deliveries if one.status in _UNSUCCESSFUL)


@frozen(kw_only=True)
class DeliverySweep:
    """What one sweep of the delivery desk did: orders it looked at, what happened there, and where something failed."""

    orders: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    failing: tuple[str, ...] = ()
