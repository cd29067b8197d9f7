"""Stripe: refunds through its official SDK, which is imported when a gateway is made, not before."""

from refundkit.gateways.stripe.gateway import API_VERSION, StripeGateway
from refundkit.gateways.stripe.options import REASONS

__all__ = ["API_VERSION", "REASONS", "StripeGateway"]
