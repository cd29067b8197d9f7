"""PayPal: refunds through its checkout SDK, which is imported when a gateway is made, not before."""

from refundkit.gateways.paypal.gateway import PayPalGateway
from refundkit.gateways.paypal.transport import Account, Answer, Resource, Silence, Transport

__all__ = ["Account", "Answer", "PayPalGateway", "Resource", "Silence", "Transport"]
