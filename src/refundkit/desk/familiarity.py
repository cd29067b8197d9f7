"""Familiarity: before the first refund of a payment that nobody has heard of for long, the gateway is asked.

A store that was restored from an older backup has lost its newest refunds. A caller who asks again asks under
the same key, and the gateway answers with the first result, for as long as it remembers keys. A refund that
is lost *and* forgotten can only be older than that, and then everything the store knows of the payment is
older, too. So exactly then the gateway is looked at first, and what it has of ours is rebuilt (law T2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from refundkit.desk.acceptance import foresee
from refundkit.desk.asking import Look, fetch_all, send, unanswered
from refundkit.desk.office import Office
from refundkit.desk.recorder import Recorder
from refundkit.desk.timing import Lease
from refundkit.errors import GatewayUnavailableError, RefundDenied
from refundkit.model.orders import Order
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund
from refundkit.model.requests import RefundRequest
from refundkit.policy.reasons import Reason
from refundkit.stores.base import Change

__all__ = ["changed_after_look", "send_after"]


class _UnfamiliarError(Exception):
    """A refund of this order could be lost and forgotten: nothing is written before the gateways were asked."""


def changed_after_look(
    office: Office, order_id: str, request: RefundRequest, step: Callable[[Recorder], Recorder]
) -> tuple[Change, Look | None]:
    """Apply *step*, which accepts *request*; ask the gateways about the order first where that is needed.

    Raises:
        RefundDenied: if the request is refused as things stand; then nobody is asked.
    """

    def careful(recorder: Recorder) -> Recorder:
        if _needs_look(office, recorder.order, request):
            raise _UnfamiliarError
        return step(recorder)

    try:
        # Inside of the change, because nearly every order is familiar and need not be read twice.
        return office.change(order_id, careful), None
    except _UnfamiliarError:
        look = fetch_all(office, order_id, also=(request.via,) if request.via else ())
        return office.change(order_id, step), look


def _needs_look(office: Office, order: Order, request: RefundRequest) -> bool:
    if order.request(request.key) is not None or not any(_strangers(office, order, request.via)):
        return False
    try:
        plan = foresee(order, request, office.circumstances(order), tuple(office.gateways))
    except RefundDenied:
        # It is refused as things stand, and nobody needs to be asked.
        return False
    return not plan.needs_review


def send_after(office: Office, order: Order, refund: Refund, *, look: Look | None, lease: Lease) -> Order:
    """Send a refund, unless its gateway should have been looked at and could not: then the sweep does both."""
    if look is None or look.failure is None or look.told_all(refund):
        return send(office, order, refund, lease)
    text = f"{refund.gateway} could not be asked first what it knows of payment {refund.payment_id}."
    return unanswered(office, refund, order.id, GatewayUnavailableError(text, gateway=refund.gateway)).order


def _strangers(office: Office, order: Order, via: str | None) -> Iterable[tuple[str, Payment]]:
    """Yield gateways with payments of which the newest that is known is older than their memory for keys."""
    now = office.clock()
    for payment in order.payments:
        for name in dict.fromkeys((payment.gateway, via or payment.gateway)):
            can = office.ability(order, name, payment)
            if isinstance(can, Reason) or can.by_person or not payment.captured.is_positive:
                continue
            looked_at = _looked_at(order, payment, name, can.idempotency_window)
            if looked_at is None or now - looked_at >= can.idempotency_window:
                yield name, payment


def _looked_at(order: Order, payment: Payment, gateway: str, window: timedelta) -> datetime | None:
    """Return when last nothing of *payment* can have been lost: at its capture, or when *gateway* was looked at.

    A refund of ours vouches for everything before it only if it was itself made so late that it needed a look.
    Whoever took the money is looked at each time, another gateway only when it is to give the money back.
    """
    at = payment.captured_at or order.placed_at
    made = (
        refund.created_at
        for refund in order.refunds
        if refund.payment_id == payment.id and refund.key and gateway in (refund.gateway, payment.gateway)
    )
    for moment in sorted(moment for moment in made if moment is not None):
        if at is None or moment - at >= window:
            at = moment
    return at
