"""Shopify: refunds through the GraphQL Admin API, with httpx, which is imported when a gateway is made."""

from refundkit.gateways.shopify.gateway import ShopifyGateway
from refundkit.gateways.shopify.options import API_VERSION, OLDEST_VERSION

__all__ = ["API_VERSION", "OLDEST_VERSION", "ShopifyGateway"]
