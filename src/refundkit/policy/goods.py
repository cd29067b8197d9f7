"""Goods and money: how many units of each delivery the customer shall have, as the order stands now.

Everything that is ever handed over or taken back follows from this one function. So a refund that is pending
takes nothing back, and one that fails after it had succeeded has the goods handed over again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from refundkit.model.deliveries import Delivery
from refundkit.model.disputes import DisputeFunds
from refundkit.model.orders import Order
from refundkit.model.refunds import RefundStatus
from refundkit.model.requests import AcceptedRequest
from refundkit.policy.reasons import Reason

__all__ = ["Revocation", "obstacle", "units_owed"]


class Revocation(StrEnum):
    """Whether goods are taken back when their money is given back."""

    ON_REFUND = "on_refund"
    NEVER = "never"


def units_owed(order: Order, revocation: Revocation = Revocation.ON_REFUND) -> Mapping[str, int]:
    """Return how many units of each delivery of *order* the customer shall have, by delivery id.

    That is its quantity, less what was refunded for certain: everything, once all money has come back; else
    the units of each request of which every refund has succeeded. An amount without units takes nothing back.
    """
    if revocation is Revocation.NEVER:
        return {delivery.id: delivery.quantity for delivery in order.deliveries}
    if _all_given_back(order):
        return dict.fromkeys((delivery.id for delivery in order.deliveries), 0)
    kept = _units_kept(order)
    return {delivery.id: units for delivery in order.deliveries for units in [_share(order, delivery, kept)]}


def _all_given_back(order: Order) -> bool:
    return order.refunded.is_positive and order.captured - order.refunded <= order.withheld


def _units_kept(order: Order) -> Mapping[str, int]:
    """Return how many units of each registered line the customer keeps.

    A revision counts once its difference was given back; until then the lines before it do.
    """
    done = [number for number, accepted in enumerate(order.revisions, 1) if _is_done(order, accepted)]
    revision = done[-1] if done else 0
    lines = (order.revisions[revision - 1].request.revision or ()) if revision else order.lines
    kept = {line.id: line.quantity for line in lines}
    for line_id, units in _units_returned(order, revision):
        kept[line_id] = kept.get(line_id, 0) - units
    return {line.id: max(kept.get(line.id, 0), 0) for line in order.lines}


def _units_returned(order: Order, revision: int) -> Iterator[tuple[str, int]]:
    for accepted in order.requests:
        is_return = accepted.request.revision is None and accepted.revision >= revision
        if is_return and _is_done(order, accepted):
            yield from ((line.line_id, line.quantity) for line in accepted.lines)


def _is_done(order: Order, accepted: AcceptedRequest) -> bool:
    """Whether every refund of a request has succeeded; a revision that costs the same has none."""
    legs = order.legs(accepted.key)
    return all(leg.status is RefundStatus.SUCCEEDED for leg in legs) and bool(
        legs or accepted.request.revision is not None
    )


def _share(order: Order, delivery: Delivery, kept: Mapping[str, int]) -> int:
    """Return what is left of one delivery, when the customer keeps so many units of its line.

    Deliveries of one kind that together are the line's units are taken back from the last one on. Otherwise a
    delivery stands for all units of its line, and is taken back in proportion, never more than was returned.
    """
    (line,) = (line for line in order.lines if line.id == delivery.line_id)
    alike = [one for one in order.deliveries if (one.line_id, one.kind) == (line.id, delivery.kind)]
    if sum(one.quantity for one in alike) == line.quantity:
        before = sum(one.quantity for one in alike[: alike.index(delivery)])
        return min(max(kept[line.id] - before, 0), delivery.quantity)
    return min(-(-kept[line.id] * delivery.quantity // line.quantity), delivery.quantity)


def obstacle(order: Order) -> Reason | None:
    """Say why nothing may be handed over on *order* now, whatever is owed; None if it may."""
    if order.is_rejected:
        return Reason("order_rejected", f"Order {order.id} was rejected.")
    if any(dispute.is_open or dispute.funds is DisputeFunds.WITHDRAWN for dispute in order.disputes):
        return Reason("order_disputed", f"Order {order.id} is disputed.")
    if order.is_flagged:
        return Reason(
            "order_flagged", f"A person must look at order {order.id} first; then acknowledge() it."
        )
    if order.captured < order.total:
        return Reason("not_paid", f"Order {order.id} is not paid: {order.captured} of {order.total}.")
    return None
