"""A hearing: one report of one payment, who gave it, and whether it came too late to be believed in full."""

from __future__ import annotations

from attrs import frozen

from refundkit.model.capabilities import Capabilities
from refundkit.model.payments import Payment

__all__ = ["Hearing"]


@frozen(kw_only=True)
class Hearing:
    """One report of a payment, heard from ``gateway``, which can do what ``can`` says.

    ``is_stale``: another report of this payment was recorded since it was asked for (law T3).
    """

    payment: Payment
    gateway: str
    can: Capabilities
    is_stale: bool

    @property
    def is_own(self) -> bool:
        """Whether the gateway that took the money speaks."""
        return self.gateway == self.payment.gateway
