"""What must be said of a value, and what is taken for granted where nobody said anything."""

from datetime import timedelta

import attrs
import pytest

from refundkit.model.capabilities import WhileDisputed
from refundkit.model.deliveries import DeliveryStatus
from refundkit.model.lines import LineKind
from refundkit.model.parties import Actor
from refundkit.model.payments import PaymentStatus
from refundkit.model.refunds import RefundOrigin, RefundStatus
from refundkit.model.requests import Purpose, RefundReason
from tests.model.test_every_field import FIELDS

# One word more here would break every shop and every plugin that makes such a value.
MUST_BE_SAID = {
    "AcceptedRequest": "request digest accepted_at lines withheld",
    "Actor": "kind",
    "CreditNote": "series number order_id refund_id issued_at seller buyer lines gross",
    "CreditNoteLine": "description gross tax",
    "Delivery": "id line_id kind target",
    "Dispute": "reference payment_id amount stage status funds",
    "DisputeReport": "reference amount stage status funds",
    "Document": "id kind",
    "Event": "order_id kind at",
    "Flag": "kind subject text raised_at",
    "LineRefund": "line_id",
    "NormalizedDispute": "raw stage status funds is_known",
    "NormalizedStatus": "raw status",
    "Note": "text actor at",
    "Order": "id currency",
    "OrderLine": "id total",
    "OrderTotals": "subtotal discounts tax shipping fees gift_card",
    "Payment": "id gateway reference captured",
    "PaymentReport": "reference captured",
    "Refund": "id payment_id gateway amount",
    "RefundLine": "line_id amount tax",
    "RefundReport": "status amount",
    "RefundRequest": "key reason",
    "RequestLine": "line_id quantity amount tax withheld",
}
# Everything else is nothing: no money, no name, no moment.
TAKEN_FOR_GRANTED = {
    # A gateway can do what most gateways can.
    **dict.fromkeys((f"Capabilities.{what}" for what in ("full", "partial", "multiple")), True),
    "Capabilities.echoes_refund_id": True,
    "Capabilities.knows_absence": True,
    "Capabilities.idempotency_window": timedelta(hours=20),
    "Capabilities.while_disputed": WhileDisputed.NOTHING,
    "Capabilities.while_inquiry": WhileDisputed.ANYTHING,
    # One of it, and it is at its beginning.
    "Delivery.quantity": 1,
    "Delivery.status": DeliveryStatus.PENDING,
    "OrderLine.quantity": 1,
    "OrderLine.kind": LineKind.ITEM,
    "Payment.status": PaymentStatus.CAPTURED,
    "Refund.status": RefundStatus.PLANNED,
    "Refund.origin": RefundOrigin.REQUEST,
    # A program did it, for a reason that has no word of its own.
    "Event.actor": Actor.system(),
    "RefundRequest.actor": Actor.system(),
    "RefundRequest.reason_type": RefundReason.OTHER,
    "RefundRequest.purpose": Purpose.REFUND,
    "NormalizedStatus.is_known": True,
}


def default(name):
    """Return what a field holds where nobody says it; NOTHING if it must be said."""
    given = FIELDS[name][1].default
    return given.factory() if hasattr(given, "factory") else given


@pytest.mark.parametrize("kind", sorted({name.partition(".")[0] for name in FIELDS}))
def test_what_must_be_said(kind):
    """No value asks for more than it needs."""
    fields = {name for name in FIELDS if name.startswith(f"{kind}.") and default(name) is attrs.NOTHING}

    assert fields == {f"{kind}.{field}" for field in MUST_BE_SAID.get(kind, "").split()}


@pytest.mark.parametrize("name", [name for name in FIELDS if default(name) is not attrs.NOTHING])
def test_what_nobody_said(name):
    """Law C2: what is not said is nothing, unless it stands in the table of what is taken for granted."""
    held = default(name)

    if name in TAKEN_FOR_GRANTED:
        assert (held, type(held)) == (TAKEN_FOR_GRANTED[name], type(TAKEN_FOR_GRANTED[name]))
    else:
        assert held in (None, "", 0, (), {})
        assert held is not True
