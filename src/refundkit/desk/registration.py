"""Registration: an order comes in without a history, and its first event tells of it."""

from __future__ import annotations

from datetime import datetime

from refundkit.errors import InvalidValueError
from refundkit.model.events import Event, EventKind
from refundkit.model.orders import Order
from refundkit.model.parties import Actor

__all__ = ["registration", "require_new"]


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


def registration(order: Order, *, at: datetime, actor: Actor) -> Event:
    """Return the first event of an order."""
    return Event(order_id=order.id, kind=EventKind.ORDER_REGISTERED, at=at, actor=actor, amount=order.total)
