"""Wording: how a payment is called on paper, without anything that only machines understand."""

from __future__ import annotations

from refundkit.model.payments import Payment

__all__ = ["paid_with"]


def paid_with(payment: Payment, gateway: str) -> str:
    """Say how the money of *payment* goes back through *gateway*; nothing where only the gateway's name is known.

    >>> from refundkit import Money
    >>> details = {"card": {"last4": "4242"}}
    >>> paid = Payment(
    ...     id="p1", gateway="stripe", reference="pi_1", captured=Money.of(5, "EUR"), method="card", details=details
    ... )
    >>> paid_with(paid, "stripe")
    'card ending in 4242'
    >>> paid_with(paid, "store_credit")
    'store credit'
    """
    if gateway != payment.gateway:
        return gateway.replace("_", " ")
    method = (payment.method or "").replace("_", " ")
    return f"{method or 'card'} ending in {payment.last4}" if payment.last4 else method
