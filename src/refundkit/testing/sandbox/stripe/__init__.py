"""A sandbox of Stripe: the part that refunds need, as strict as Stripe, for the real SDK to talk to."""

from refundkit.testing.sandbox.stripe.server import StripeSandbox

__all__ = ["StripeSandbox"]
