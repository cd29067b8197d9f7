"""What a gateway is told may reach the customer; what staff wrote about the customer must not."""

import json

import pytest

from refundkit import ManualGateway, Money, Order, Payment, RefundRequest, plan_refund
from refundkit.gateways.stripe import StripeGateway
from refundkit.testing.clock import FakeClock

GATEWAYS = [
    pytest.param(ManualGateway(), "cash-1", id="manual"),
    pytest.param(StripeGateway(api_key="sk_test_123"), "pi_1", id="stripe"),
]


@pytest.mark.parametrize(("gateway", "reference"), GATEWAYS)
def test_reason_and_note_stay_in_the_shop(gateway, reference):
    """Law S6: neither the reason nor the note of a request is in what a gateway is sent."""
    payment = Payment(id="p", gateway=gateway.name, reference=reference, captured=Money.of(10, "EUR"))
    order = Order(id="o", currency="EUR", payments=(payment,))
    request = RefundRequest(key="k", reason="customer lies", note="third time this year", return_id="r-1")
    plan = plan_refund(order, request, now=FakeClock()())
    sent = json.dumps(dict(gateway.prepare(plan.refunds[0], payment)), default=dict)
    assert "lies" not in sent
    assert "third time" not in sent
