"""Familiarity: before the first refund of a payment that nobody has heard of for long, the gateway is asked.

A store that was restored from an older backup has lost its newest refunds. A caller who asks again asks under
the same key, and the gateway answers with the first result, for as long as it remembers keys. A refund that
is lost *and* forgotten can only be older than that, and then everything the store knows of the payment is
older, too. So exactly then the gateway is looked at first, and what it has of ours is rebuilt (law T2).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from refundkit.desk.asking import Look, fetch_all, send, unanswered
from refundkit.desk.office import Office
from refundkit.desk.timing import Lease
from refundkit.errors import GatewayUnavailableError
from refundkit.model.orders import Order
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund
from refundkit.model.requests import RefundRequest
from refundkit.policy.plan import make_plan
from refundkit.policy.reasons import Reason

__all__ = ["look_first", "send_after"]


def look_first(office: Office, order_id: str, request: RefundRequest) -> Look | None:
    """Ask the gateways about the order, if a refund of it could be lost and forgotten; None if not.

    Raises:
        RefundDenied: if the request is refused as things stand; then nobody is asked.
    """
    order = office.store.get(order_id)
    if order.request(request.key) is not None or not any(_strangers(office, order)):
        return None
    if make_plan(order, request, office.circumstances(order)).needs_review:
        return None
    return fetch_all(office, order_id)


def send_after(office: Office, order: Order, refund: Refund, *, look: Look | None, lease: Lease) -> Order:
    """Send a refund, unless its gateway should have been looked at and could not: then the sweep does both."""
    if look is None or look.failure is None or look.told_all(refund):
        return send(office, order, refund, lease)
    text = f"{refund.gateway} could not be asked first what it knows of payment {refund.payment_id}."
    return unanswered(office, refund, order.id, GatewayUnavailableError(text, gateway=refund.gateway)).order


def _strangers(office: Office, order: Order) -> Iterable[Payment]:
    """Yield the payments of which the newest that is known is older than the gateway's memory for keys."""
    now = office.clock()
    for payment in order.payments:
        can = office.ability(order, payment.gateway, payment)
        if isinstance(can, Reason) or can.by_person or not payment.captured.is_positive:
            continue
        newest = _newest(order, payment)
        if newest is None or now - newest >= can.idempotency_window:
            yield payment


def _newest(order: Order, payment: Payment) -> datetime | None:
    known = [payment.captured_at or order.placed_at]
    known += [
        moment
        for refund in order.refunds
        if refund.payment_id == payment.id
        for moment in (refund.created_at, refund.first_sent_at)
    ]
    return max((moment for moment in known if moment is not None), default=None)
