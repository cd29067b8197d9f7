"""What must be true of the goods in the end: each customer has what they paid for, or their money, never both."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from attrs import frozen

from refundkit import Delivery, DeliveryMove, DeliveryStatus, EventKind, Order, RefundStatus
from refundkit.stores.base import Store
from tests.chaos.shop import CAPTURED, GOODS_TIMING

__all__ = ["GoodsFindings", "inspect_goods"]


@frozen(kw_only=True)
class GoodsFindings:
    """The figures of one run."""

    handed_over: int
    taken_back: int
    sent_again: int
    stranded: int

    def __str__(self) -> str:
        return (
            f"goods: {self.handed_over} times handed over, {self.taken_back} taken back, "
            f"{self.sent_again} sent again, {self.stranded} for a person"
        )


def inspect_goods(store: Store, orders: dict[str, Order], shelf: dict[str, Any]) -> GoodsFindings:
    """Compare every delivery with the shelf, and with what the money says.

    Raises:
        AssertionError: if anybody has too much or too little, or was sent something again too soon.
    """
    assert shelf["over"] == [], "more than there is"
    stranded = 0
    for order in orders.values():
        for delivery in order.deliveries:
            stranded += _judge(order, delivery, shelf["has"].get(f"{order.id} {delivery.id}", 0))
        _judge_again(store, order, shelf["sent_again"])
    kinds = [event.kind for name in orders for event in store.events(name)]
    return GoodsFindings(
        handed_over=kinds.count(EventKind.DELIVERY_DELIVERED),
        taken_back=kinds.count(EventKind.DELIVERY_REVOKED),
        sent_again=sum(shelf["sent_again"].values()),
        stranded=stranded,
    )


def _judge(order: Order, delivery: Delivery, has: int) -> bool:
    """Judge one delivery; say whether it is left to a person."""
    owed, name = _owed(order, delivery), f"{order.id} {delivery.id}"
    if delivery.status is DeliveryStatus.DEAD_LETTERED:
        # Nobody knows whether it arrived, it cannot be taken back, and the money went back.
        assert (delivery.kind, delivery.move, owed) == ("gift", DeliveryMove.DELIVER, 0), name
        assert delivery.handed_over <= has <= delivery.handed_over + delivery.units, name
        return True
    assert (delivery.move, delivery.leased_until, delivery.handed_over) == (None, None, has), name
    assert has >= owed, name
    assert has == owed or delivery.kind == "gift", name
    return False


def _owed(order: Order, delivery: Delivery) -> int:
    gone = [refund for refund in order.refunds if refund.status is RefundStatus.SUCCEEDED]
    if sum(refund.amount.minor for refund in gone) == sum(CAPTURED.values()):
        return 0
    units = delivery.quantity
    for accepted in order.requests:
        legs = order.legs(accepted.key)
        if all(leg in gone for leg in legs):
            units -= sum(line.quantity for line in accepted.lines if line.line_id == delivery.line_id)
    return units


def _judge_again(store: Store, order: Order, sent: dict[str, int]) -> None:
    asked = [event for event in store.events(order.id) if event.kind is EventKind.ORDER_REDELIVERED]
    apart = [later.at - earlier.at for earlier, later in pairwise(asked)]
    assert all(each >= GOODS_TIMING.cooldown for each in apart), f"{order.id} was sent again too soon"
    for delivery in order.deliveries:
        wanted = sum(delivery.id in event.data["deliveries"] for event in asked)
        assert sent.get(f"{order.id} {delivery.id}", 0) <= wanted, delivery.id
