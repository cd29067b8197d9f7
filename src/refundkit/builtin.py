"""The gateways that refundkit brings along, registered like any other plugin's."""

from __future__ import annotations

from refundkit.gateways.base import Gateway
from refundkit.gateways.manual import ManualGateway
from refundkit.gateways.paypal import PayPalGateway
from refundkit.gateways.shopify import ShopifyGateway
from refundkit.gateways.stripe import StripeGateway
from refundkit.plugins import hookimpl

__all__ = ["refundkit_gateways"]


@hookimpl
def refundkit_gateways() -> tuple[type[Gateway], ...]:
    """Return the built-in gateways; none of them imports its vendor's SDK before it is built."""
    return (ManualGateway, PayPalGateway, ShopifyGateway, StripeGateway)
