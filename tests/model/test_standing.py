"""The status of an order: the table of `refundkit.model.standing`, row by row, and who precedes whom."""

from decimal import Decimal

import attrs
import pytest

from refundkit.model.deliveries import Delivery, DeliveryStatus
from refundkit.model.disputes import Dispute, DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.orders import Order
from refundkit.model.payments import PaymentStatus
from refundkit.model.refunds import RefundStatus
from refundkit.model.requests import Purpose, RestockingFee
from refundkit.model.standing import OrderStatus
from tests.model.builders import eur, line, order, paid, refunded, simple

DELIVERED, PENDING = DeliveryStatus.DELIVERED, DeliveryStatus.PENDING


def delivered(*statuses):
    """Order something that is handed over in several deliveries."""
    deliveries = [
        Delivery(id=f"d-{number}", line_id="line-1", kind="mail", target="kim", status=status)
        for number, status in enumerate(statuses)
    ]
    return simple(deliveries=deliveries)


def disputed(known, status=DisputeStatus.NEEDS_RESPONSE, funds=DisputeFunds.NONE, amount="100.00"):
    """Open a dispute about the payment of an order."""
    case = Dispute(
        reference="dp-1",
        payment_id="p1",
        amount=eur(amount),
        stage=DisputeStage.CHARGEBACK,
        status=status,
        funds=funds,
    )
    return known.with_dispute(case)


def unpaid(*statuses, captured="100.00"):
    """Order something whose payments came to nothing, or not yet."""
    payments = [paid(f"p{n}", eur(captured), status=status) for n, status in enumerate(statuses)]
    return order((line("line-1", eur(100)),), payments)


PAID, FAILED, VOIDED = PaymentStatus.CAPTURED, PaymentStatus.FAILED, PaymentStatus.VOIDED

ROWS = {
    "nothing paid yet": (lambda: order((line("line-1", eur(100)),), ()), "pending"),
    "payment pending": (lambda: unpaid(PaymentStatus.PENDING), "pending"),
    "payment authorized": (lambda: unpaid(PaymentStatus.AUTHORIZED), "pending"),
    "one failed, one pending": (lambda: unpaid(FAILED, PaymentStatus.PENDING), "pending"),
    "less than the lines": (lambda: unpaid(PAID, captured="99.99"), "pending"),
    "nothing at all": (lambda: Order(id="o", currency="EUR"), "pending"),
    "every payment failed": (lambda: unpaid(FAILED, VOIDED), "failed"),
    "paid": (simple, "paid"),
    "paid after a failure": (lambda: unpaid(FAILED, PAID), "paid"),
    "paid twice": (lambda: unpaid(PAID, PAID), "paid"),
    "without lines": (lambda: order((), (paid("p1", eur(1)),)), "paid"),
    "paid, nothing delivered": (lambda: delivered(PENDING, DeliveryStatus.FAILED), "paid"),
    "some delivered": (lambda: delivered(DELIVERED, PENDING), "partially_delivered"),
    "some revoked": (lambda: delivered(DELIVERED, DeliveryStatus.REVOKED), "partially_delivered"),
    "all delivered": (lambda: delivered(DELIVERED, DELIVERED), "delivered"),
    "delivered, not paid": (
        lambda: attrs.evolve(delivered(DELIVERED), payments=(paid("p1", eur(1)),)),
        "pending",
    ),
    "refund only pending": (lambda: refunded(simple(), RefundStatus.PENDING), "paid"),
    "refund only submitted": (lambda: refunded(simple(), RefundStatus.SUBMITTED), "paid"),
    "refund failed": (lambda: refunded(simple(), RefundStatus.FAILED), "paid"),
    "some refunded": (lambda: refunded(simple(), amount=eur(40)), "partially_refunded"),
    "delivered and some refunded": (
        lambda: refunded(delivered(DELIVERED), amount=eur(1)),
        "partially_refunded",
    ),
    "some refunded, the rest pending": (
        lambda: refunded(refunded(simple(), amount=eur(40)), RefundStatus.PENDING),
        "partially_refunded",
    ),
    "some refunded, the rest failed": (
        lambda: refunded(refunded(simple(), amount=eur(40)), RefundStatus.FAILED),
        "partially_refunded",
    ),
    "all refunded": (lambda: refunded(simple()), "refunded"),
    "all refunded but the fee": (
        lambda: refunded(simple(), restocking_fee=RestockingFee(percent=Decimal(10))),
        "refunded",
    ),
    "the fee refunded too": (
        lambda: refunded(
            refunded(simple(), restocking_fee=RestockingFee(percent=Decimal(10))), amount=eur(10)
        ),
        "refunded",
    ),
    "disputed": (lambda: disputed(simple()), "disputed"),
    "dispute of unknown status": (lambda: disputed(simple(), DisputeStatus.UNKNOWN), "disputed"),
    "disputed after a refund": (lambda: disputed(refunded(simple())), "disputed"),
    "dispute won": (
        lambda: disputed(simple(), DisputeStatus.WON, DisputeFunds.REINSTATED),
        "paid",
    ),
    "dispute lost": (lambda: disputed(simple(), DisputeStatus.LOST, DisputeFunds.WITHDRAWN), "disputed"),
    "dispute prevented": (lambda: disputed(simple(), DisputeStatus.PREVENTED), "paid"),
    "rejected": (lambda: refunded(simple(), purpose=Purpose.REJECT), "rejected"),
    "rejected, and the refund failed": (
        lambda: refunded(simple(), RefundStatus.FAILED, purpose=Purpose.REJECT),
        "rejected",
    ),
    "rejected and disputed": (lambda: disputed(refunded(simple(), purpose=Purpose.REJECT)), "rejected"),
    "rejected before it was paid": (
        lambda: refunded(unpaid(PaymentStatus.AUTHORIZED), purpose=Purpose.REJECT),
        "rejected",
    ),
}


@pytest.mark.parametrize(("make", "status"), list(ROWS.values()), ids=list(ROWS))
def test_row(make, status):
    """The first row that holds, from the top, is the status of an order."""
    assert make().status is OrderStatus(status)


def test_every_status_has_a_row():
    """No status is left untested."""
    assert {status for _, status in ROWS.values()} == {status.value for status in OrderStatus}
