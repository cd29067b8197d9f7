"""Builders: whole values in one call, each field of which a test may name.

They are pure: the same call makes the same value.

>>> make_refund(amount=eur(500)).status
<RefundStatus.SUCCEEDED: 'succeeded'>
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from refundkit.model.disputes import Dispute, DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.events import Event, EventKind
from refundkit.model.lines import OrderLine
from refundkit.model.marks import Flag, FlagKind
from refundkit.model.orders import Order
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund, RefundLine, RefundStatus, refund_id
from refundkit.model.requests import AcceptedRequest, RefundRequest, RequestLine
from refundkit.money import Money

__all__ = [
    "NOW",
    "eur",
    "make_accepted",
    "make_dispute",
    "make_event",
    "make_flag",
    "make_line",
    "make_order",
    "make_payment",
    "make_refund",
    "make_request",
    "with_request",
]

NOW = datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=UTC)


def eur(minor: int) -> Money:
    """Return so many euro cents."""
    return Money.of_minor(minor, "EUR")


def make_line(**changes: Any) -> OrderLine:
    """Make ``line-1``: two mugs for 100.00 EUR, of which 15.97 is tax."""
    values: dict[str, Any] = {
        "id": "line-1",
        "name": "Mug",
        "quantity": 2,
        "total": eur(10000),
        "tax": eur(1597),
    }
    return OrderLine(**values | changes)


def make_payment(**changes: Any) -> Payment:
    """Make ``p-1``: 100.00 EUR captured by stripe as ``pi_1``."""
    values: dict[str, Any] = {
        "id": "p-1",
        "gateway": "stripe",
        "reference": "pi_1",
        "captured": eur(10000),
        "captured_at": NOW,
    }
    return Payment(**values | changes)


def make_order(id: str = "o-1", **changes: Any) -> Order:  # noqa: A002 - it is the field's name
    """Make an order of one line, paid by one payment; its reference is ``pi_`` and the order's id."""
    values: dict[str, Any] = {
        "id": id,
        "currency": "EUR",
        "lines": (make_line(),),
        "payments": (make_payment(reference=f"pi_{id}"),),
        "placed_at": NOW,
    }
    return Order(**values | changes)


def make_request(**changes: Any) -> RefundRequest:
    """Make the request ``return-1`` for 10.00 EUR."""
    values: dict[str, Any] = {"key": "return-1", "reason": "arrived broken"}
    if not {"lines", "revision"} & changes.keys():
        values["amount"] = eur(1000)
    return RefundRequest(**values | changes)


def make_accepted(request: RefundRequest | None = None, **changes: Any) -> AcceptedRequest:
    """Make what an order keeps of *request*: all of it belongs to ``line-1``, without a unit."""
    request = request or make_request()
    amount = eur(1000) if request.amount is None else request.amount
    share = RequestLine(line_id="line-1", quantity=0, amount=amount, tax=eur(0), withheld=eur(0))
    values: dict[str, Any] = {
        "request": request,
        "digest": request.digest,
        "accepted_at": NOW,
        "lines": (share,),
        "withheld": eur(0),
    }
    return AcceptedRequest(**values | changes)


def make_refund(order_id: str = "o-1", **changes: Any) -> Refund:
    """Make the leg of ``return-1`` that gave 10.00 EUR back to payment ``p-1``, all of it for ``line-1``."""
    key, amount = changes.get("key", "return-1"), changes.get("amount", eur(1000))
    values: dict[str, Any] = {
        "id": refund_id(order_id, str(key), "pi_1", "stripe"),
        "payment_id": "p-1",
        "gateway": "stripe",
        "amount": amount,
        "status": RefundStatus.SUCCEEDED,
        "lines": (RefundLine(line_id="line-1", amount=amount, tax=amount * 0),),
        "key": key,
        "created_at": NOW,
    }
    return Refund(**values | changes)


def make_dispute(**changes: Any) -> Dispute:
    """Make an open chargeback ``dp_1`` over 20.00 EUR of payment ``p-1``."""
    values: dict[str, Any] = {
        "reference": "dp_1",
        "payment_id": "p-1",
        "amount": eur(2000),
        "stage": DisputeStage.CHARGEBACK,
        "status": DisputeStatus.NEEDS_RESPONSE,
        "funds": DisputeFunds.WITHDRAWN,
    }
    return Dispute(**values | changes)


def make_flag(**changes: Any) -> Flag:
    """Make a flag that payment ``p-1`` was over-refunded."""
    values: dict[str, Any] = {
        "kind": FlagKind.OVER_REFUNDED,
        "subject": "p-1",
        "text": "Look at it.",
        "raised_at": NOW,
    }
    return Flag(**values | changes)


def make_event(order_id: str = "o-1", **changes: Any) -> Event:
    """Make an event of a refund that was submitted."""
    values: dict[str, Any] = {"order_id": order_id, "kind": EventKind.REFUND_SUBMITTED, "at": NOW}
    return Event(**values | changes)


def with_request(
    order: Order, key: str, amount: Money, status: RefundStatus = RefundStatus.SUBMITTED
) -> Order:
    """Return *order* with a request *key* over *amount* of its first payment, and its one refund in *status*."""
    parts = {} if order.lines else {"lines": ()}
    refund = make_refund(
        order.id, key=key, amount=amount, status=status, payment_id=order.payments[0].id, **parts
    )
    return order.with_request(make_accepted(make_request(key=key, amount=amount), **parts), [refund])
