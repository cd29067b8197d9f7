"""Wording: how a payment is called on paper, without anything that only machines understand."""

from __future__ import annotations

from refundkit.model.payments import Payment

__all__ = ["in_words", "paid_with", "way_back"]


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
    return in_words(*way_back(payment, gateway))


def way_back(payment: Payment, gateway: str) -> tuple[str, str]:
    """Return the method by which money of *payment* goes back through *gateway*, and the last four of its card.

    Either is empty where it is not known, or means nothing: what goes back another way goes to no card.
    """
    if gateway != payment.gateway:
        return gateway.replace("_", " "), ""
    return (payment.method or "").replace("_", " "), payment.last4 or ""


def in_words(method: str, last4: str) -> str:
    """Name a method with the last four digits of its card, as far as they are known.

    >>> in_words("", "4242")
    'card ending in 4242'
    """
    return f"{method or 'card'} ending in {last4}" if last4 else method
