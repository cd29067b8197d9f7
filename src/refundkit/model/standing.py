"""The status of an order: derived, with one precedence that this module documents and nothing else repeats.

The first that holds, from the top:

============================  ==================================================================
REJECTED                      the order was rejected
DISPUTED                      a dispute is open, or has taken money
REFUNDED                      money was given back for certain, and none is left but what is withheld
PARTIALLY_REFUNDED            money was given back for certain
DELIVERED                     paid, and every delivery is done
PARTIALLY_DELIVERED           paid, and some delivery is done
PAID                          what was captured covers the lines
FAILED                        there are payments, and every one failed or was voided
PENDING                       none of these
============================  ==================================================================

A refund that is only pending changes nothing here: the money has not arrived.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from refundkit.model.deliveries import DeliveryStatus
from refundkit.model.disputes import DisputeFunds
from refundkit.model.payments import PaymentStatus

if TYPE_CHECKING:
    from refundkit.model.orders import Order

__all__ = ["OrderStatus", "status_of"]


class OrderStatus(StrEnum):
    """Where an order stands."""

    PENDING = "pending"
    FAILED = "failed"
    PAID = "paid"
    PARTIALLY_DELIVERED = "partially_delivered"
    DELIVERED = "delivered"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    REJECTED = "rejected"


def status_of(order: Order) -> OrderStatus:
    """Derive the status of *order*."""
    if order.is_rejected:
        return OrderStatus.REJECTED
    if any(dispute.is_open or dispute.funds is DisputeFunds.WITHDRAWN for dispute in order.disputes):
        return OrderStatus.DISPUTED
    if order.refunded.is_positive:
        return _refunded(order)
    return _paid(order)


def _refunded(order: Order) -> OrderStatus:
    still_here = order.refundable + order.reserved
    return OrderStatus.REFUNDED if still_here <= order.withheld else OrderStatus.PARTIALLY_REFUNDED


def _paid(order: Order) -> OrderStatus:
    if order.captured.is_positive and order.captured >= order.total:
        return _delivered(order)
    unsuccessful = {PaymentStatus.FAILED, PaymentStatus.VOIDED}
    if order.payments and all(payment.status in unsuccessful for payment in order.payments):
        return OrderStatus.FAILED
    return OrderStatus.PENDING


def _delivered(order: Order) -> OrderStatus:
    done = [delivery.status is DeliveryStatus.DELIVERED for delivery in order.deliveries]
    if done and all(done):
        return OrderStatus.DELIVERED
    return OrderStatus.PARTIALLY_DELIVERED if any(done) else OrderStatus.PAID
