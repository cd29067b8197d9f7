"""What a gateway is told may reach the customer; what staff wrote about the customer must not."""

import json

import pytest

from refundkit import ManualGateway, Money, Order, Payment, RefundRequest, plan_refund
from refundkit.gateways.paypal import PayPalGateway
from refundkit.gateways.shopify import ShopifyGateway
from refundkit.gateways.stripe import StripeGateway
from refundkit.testing.clock import FakeClock

TOKEN = "shpat_0123456789abcdef0123456789abcdef"
SHOPIFY = ShopifyGateway(shop="example.myshopify.com", token=TOKEN, webhook_secrets="secret")
PAYPAL = PayPalGateway(client_id="id", client_secret="secret", webhook_id="8PT597110X687430L", live=False)

GROUP = "gid://shopify/Order/1"

GATEWAYS = [
    pytest.param(PAYPAL, "3C679366HH908993F", id="paypal"),
    pytest.param(SHOPIFY, "gid://shopify/OrderTransaction/1", id="shopify"),
    pytest.param(ManualGateway(), "cash-1", id="manual"),
    pytest.param(StripeGateway(api_key="sk_test_123"), "pi_1", id="stripe"),
]


@pytest.mark.parametrize(("gateway", "reference"), GATEWAYS)
def test_reason_and_note_stay_in_the_shop(gateway, reference):
    """Law S6: neither the reason nor the note of a request is in what a gateway is sent."""
    payment = Payment(
        id="p", gateway=gateway.name, reference=reference, captured=Money.of(10, "EUR"), group=GROUP
    )
    order = Order(id="o", currency="EUR", payments=(payment,))
    request = RefundRequest(key="k", reason="customer lies", note="third time this year", return_id="r-1")
    plan = plan_refund(order, request, now=FakeClock()())
    sent = json.dumps(dict(gateway.prepare(plan.refunds[0], payment)), default=dict)
    assert "lies" not in sent
    assert "third time" not in sent
