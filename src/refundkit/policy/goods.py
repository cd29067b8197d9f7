"""Goods and money: how many units of each delivery the customer shall have, as the order stands now.

Everything that is ever taken back follows from `units_owed`, everything that is handed over from `units_free`.
Between the two lies what is being refunded: a refund that is pending takes nothing back, what it may give back is
not handed over either, and one that fails after it had succeeded has the goods handed over again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

from refundkit.model.deliveries import Delivery
from refundkit.model.disputes import DisputeFunds
from refundkit.model.orders import Order
from refundkit.model.refunds import Refund, RefundStatus
from refundkit.model.requests import AcceptedRequest
from refundkit.money import Money
from refundkit.policy.reasons import Reason

__all__ = ["Revocation", "obstacle", "units_free", "units_owed"]


class Revocation(StrEnum):
    """Whether goods are taken back when their money is given back; they are never handed over after that."""

    ON_REFUND = "on_refund"
    NEVER = "never"


def units_owed(order: Order, revocation: Revocation = Revocation.ON_REFUND) -> Mapping[str, int]:
    """Return how many units of each delivery of *order* the customer shall have, by delivery id.

    That is its quantity, less what was refunded for certain: everything, once all money has come back; else
    the units of each request of which every refund has succeeded. An amount without units takes nothing back.
    Where the shop takes nothing back, the customer also keeps what was handed over already.
    """
    revision = _revision(order, _has_succeeded)
    owed = _units(order, revision, _has_succeeded, given_back=order.refunded)
    if revocation is Revocation.ON_REFUND:
        return owed
    return {delivery.id: max(owed[delivery.id], delivery.handed_over) for delivery in order.deliveries}


def units_free(order: Order) -> Mapping[str, int]:
    """Return how many units of each delivery of *order* may be handed over now, by delivery id.

    That is its quantity, less what was refunded and less what may yet be: of a refund that is under way nobody
    knows the end, so what it gives back is neither handed over nor taken back before that.
    """
    given_back = order.refunded + order.reserved
    revisions = {_revision(order, _has_succeeded), _revision(order, _may_succeed)}
    ends = [_units(order, revision, _may_succeed, given_back=given_back) for revision in revisions]
    return {delivery.id: min(units[delivery.id] for units in ends) for delivery in order.deliveries}


Counts = Callable[[Refund], bool]


def _has_succeeded(refund: Refund) -> bool:
    return refund.status is RefundStatus.SUCCEEDED


def _may_succeed(refund: Refund) -> bool:
    return refund.is_alive


def _units(order: Order, revision: int, counts: Counts, *, given_back: Money) -> Mapping[str, int]:
    """Return how many units of each delivery are left, once the refunds that count have given back so much."""
    if given_back.is_positive and order.captured - given_back <= order.withheld:
        return dict.fromkeys((delivery.id for delivery in order.deliveries), 0)
    kept = _units_kept(order, revision, counts)
    units = {line.id: line.quantity for line in order.lines}
    before = _units_before(order, units)
    return {
        delivery.id: _share(
            delivery, kept[delivery.line_id], units[delivery.line_id], before.get(delivery.id)
        )
        for delivery in order.deliveries
    }


def _revision(order: Order, counts: Counts) -> int:
    """Return the newest revision of which the difference was given back; until then the lines before it count."""
    done = [number for number, accepted in enumerate(order.revisions, 1) if _is_done(order, accepted, counts)]
    return done[-1] if done else 0


def _units_kept(order: Order, revision: int, counts: Counts) -> Mapping[str, int]:
    """Return how many units of each registered line the customer keeps."""
    lines = (order.revisions[revision - 1].request.revision or ()) if revision else order.lines
    kept = Counter({line.id: line.quantity for line in lines})
    for line_id, units in _units_returned(order, revision, counts):
        kept[line_id] -= units
    return {line.id: max(kept[line.id], 0) for line in order.lines}


def _units_returned(order: Order, revision: int, counts: Counts) -> Iterator[tuple[str, int]]:
    for accepted in order.requests:
        is_return = accepted.request.revision is None and accepted.revision >= revision
        if is_return and _is_done(order, accepted, counts):
            yield from ((line.line_id, line.quantity) for line in accepted.lines)


def _is_done(order: Order, accepted: AcceptedRequest, counts: Counts) -> bool:
    """Whether every refund of a request counts; a revision that costs the same has none."""
    legs = order.legs(accepted.key)
    return all(map(counts, legs)) and bool(legs or accepted.request.revision is not None)


def _share(delivery: Delivery, kept: int, units: int, before: int | None) -> int:
    """Return what is left of one delivery, when the customer keeps so many of the *units* of its line.

    Deliveries of one kind that together are the line's units are taken back from the last one on. Otherwise a
    delivery stands for all units of its line, and is taken back in proportion, never more than was returned.
    """
    if before is not None:
        return min(max(kept - before, 0), delivery.quantity)
    return min(-(-kept * delivery.quantity // units), delivery.quantity)


def _units_before(order: Order, units: Mapping[str, int]) -> Mapping[str, int]:
    """Return, for each delivery in a full set, how many of its line's units are in those before it.

    The first deliveries of one kind that add up to all units are a set, the next ones another: so what is added
    later, such as a replacement, changes nothing about those before it.
    """
    before: dict[str, int] = {}
    begun: dict[tuple[str, str], dict[str, int]] = {}
    totals: Counter[tuple[str, str]] = Counter()
    for delivery in order.deliveries:
        alike = (delivery.line_id, delivery.kind)
        begun.setdefault(alike, {})[delivery.id] = totals[alike]
        totals[alike] += delivery.quantity
        if totals[alike] == units[delivery.line_id]:
            before.update(begun.pop(alike))
            totals[alike] = 0
    return before


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
