"""Registration: an order comes in without a history, and its first event tells of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import attrs

from refundkit.errors import InvalidValueError
from refundkit.model.deliveries import Delivery, DeliveryStatus
from refundkit.model.events import Event, EventKind
from refundkit.model.orders import Order
from refundkit.model.parties import Actor

__all__ = ["made_due", "registration", "require_new", "require_undone"]

# No clock is asked: the same order, registered again, must be the same.
_SINCE_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def require_new(order: Order) -> None:
    """Refuse an order that claims things which only the desk writes.

    Raises:
        InvalidValueError: if it has refunds, flags, a version, or marks of what gateways reported.
    """
    history = (order.requests, order.refunds, order.disputes, order.flags, order.credit_notes)
    marks = (order.version, order.due_at, order.delivery_due_at, order.redelivered_at)
    reported = (payment.confirmed is not None or payment.reported_version for payment in order.payments)
    if any(history) or any(marks) or any(reported) or order.fetch_due_at is not None:
        raise InvalidValueError(
            f"Order {order.id} brings a history; register it without, then tell what happened with "
            "record_external().",
            field="refunds",
            value=order.id,
        )
    for delivery in order.deliveries:
        require_undone(order, delivery)


def require_undone(order: Order, delivery: Delivery) -> None:
    """Refuse a delivery that somebody has begun, unless all that it says is what the customer has already.

    Raises:
        InvalidValueError: if it claims attempts, or to be delivered without saying how many units.
    """
    handed_over = delivery.status is DeliveryStatus.DELIVERED and delivery.handed_over > 0
    begun = (delivery.move, delivery.moves, delivery.attempts, delivery.due_at, delivery.leased_until)
    if any(begun) or not (handed_over or delivery.is_new):
        raise InvalidValueError(
            f"Delivery {delivery.id} of order {order.id} brings a history; leave it pending, or say what the "
            "customer has already with status=DELIVERED and handed_over=.",
            field="deliveries",
            value=delivery.id,
        )


def made_due(order: Order) -> Order:
    """Have the goods of a new order looked at, in the very transaction that registers it."""
    return attrs.evolve(order, delivery_due_at=_SINCE_EVER) if order.deliveries else order


def registration(order: Order, *, at: datetime, actor: Actor) -> Event:
    """Return the first event of an order."""
    return Event(order_id=order.id, kind=EventKind.ORDER_REGISTERED, at=at, actor=actor, amount=order.total)
