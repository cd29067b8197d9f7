"""The gateways and deliverers that refundkit brings along, registered like any other plugin's."""

from __future__ import annotations

from refundkit.deliverers.base import Deliverer
from refundkit.deliverers.file_download import FileDownloadDeliverer
from refundkit.deliverers.gift_card import GiftCardDeliverer
from refundkit.deliverers.webhook_call import WebhookCallDeliverer
from refundkit.gateways.base import Gateway
from refundkit.gateways.manual import ManualGateway
from refundkit.gateways.paypal import PayPalGateway
from refundkit.gateways.shopify import ShopifyGateway
from refundkit.gateways.stripe import StripeGateway
from refundkit.plugins import hookimpl

__all__ = ["refundkit_deliverers", "refundkit_gateways"]


@hookimpl
def refundkit_gateways() -> tuple[type[Gateway], ...]:
    """Return the built-in gateways; none of them imports its vendor's SDK before it is built."""
    return (ManualGateway, PayPalGateway, ShopifyGateway, StripeGateway)


@hookimpl
def refundkit_deliverers() -> tuple[type[Deliverer], ...]:
    """Return the built-in deliverers; none of them imports a library before it is built."""
    return (FileDownloadDeliverer, GiftCardDeliverer, WebhookCallDeliverer)
