"""The laws about goods, checked at every commit and at the service itself, by arithmetic of their own.

A unit of goods is where money is not, or the other way round: never in both hands on account of us.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

from refundkit import (
    Delivery,
    DeliveryMove,
    DisputeFunds,
    Event,
    EventKind,
    Order,
    Refund,
    RefundStatus,
)
from refundkit.model.refunds import RefundOrigin
from tests.simulation.chance import SKEW, Trouble
from tests.simulation.laws import ALIVE, capacity

if TYPE_CHECKING:
    from tests.simulation.goods import Parcel, SimulatedDeliverer
    from tests.simulation.world import World

__all__ = ["GoodsLaws", "is_back", "is_blocked", "units_left"]

COOLDOWN = 60.0
HANDS_OVER = (DeliveryMove.DELIVER, DeliveryMove.REDELIVER)


class GoodsLaws:
    """Remembers what was committed about goods and what was sent, and says when a law is broken."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.begun: dict[tuple[str, str, DeliveryMove, int], int] = {}
        self.keys: dict[tuple[str, str, DeliveryMove, int], str] = {}
        self.taken_back: dict[tuple[str, str], int] = {}
        self.sent_again: dict[str, float] = {}

    def broken(self, law: str, text: str) -> NoReturn:
        """Say which law is broken, and how."""
        self.world.laws.broken(law, text)

    # At the service.

    def sent(self, deliverer: SimulatedDeliverer, parcel: Parcel) -> None:
        """Judge a request that leaves: committed before, as it is, under one key (E1, E2)."""
        self.world.laws.asked()
        name = (*parcel.subject, parcel.move, parcel.number)
        if self.begun.get(name) != parcel.units:
            self.broken("E1", f"{parcel} leaves, and {self.begun.get(name)} units were committed")
        if self.keys.setdefault(name, parcel.key) != parcel.key:
            self.broken("E2", f"{parcel} had the key {self.keys[name]}")
        if parcel.move is DeliveryMove.REDELIVER and not deliverer.redeliverable:
            self.broken("E2", f"{parcel} is never sent again")
        if parcel.move is DeliveryMove.REVOKE and not deliverer.revocable:
            self.broken("E2", f"{parcel} cannot be taken back")

    def executed(self, deliverer: SimulatedDeliverer, parcel: Parcel) -> None:
        """Judge what the service has just done: never more than there is, never behind its revocation."""
        delivery = self._delivery(parcel)
        if deliverer.shelf.has[parcel.subject] > delivery.quantity:
            self.broken("E2", f"{parcel} makes {deliverer.shelf.has[parcel.subject]} of {delivery.quantity}")
        if parcel.move is DeliveryMove.REVOKE:
            self.taken_back[parcel.subject] = parcel.number
        elif parcel.number <= self.taken_back.get(parcel.subject, -1):
            self.broken("E4", f"{parcel} arrives after it was taken back")

    def _delivery(self, parcel: Parcel) -> Delivery:
        order = self.world.store.real.get(parcel.order)
        return next(one for one in order.deliveries if one.id == parcel.delivery)

    # At a commit.

    def committed(self, before: Order, after: Order, events: tuple[Event, ...]) -> None:
        """Judge what a commit does about goods."""
        self._letters(before, after)
        again = [event for event in events if event.kind is EventKind.ORDER_REDELIVERED]
        if again or before.redelivered_at != after.redelivered_at:
            self._cooldown(after, [event.actor.name for event in again])
        known = {delivery.id: delivery for delivery in before.deliveries}
        told = {event.data.get("delivery"): event.kind for event in events if "delivery" in event.data}
        for delivery in after.deliveries:
            was = known.pop(delivery.id, None)
            if was is not None and was is not delivery:
                self._delivery_changed(after, was, delivery, told.get(delivery.id))
        if known:
            self.broken("T5", f"deliveries disappeared: {', '.join(known)}")

    def _letters(self, before: Order, after: Order) -> None:
        """The customer is told of what succeeded, of refunds of ours, and once."""
        marked = {refund.id for refund in before.refunds if refund.notified_at is not None}
        for refund in after.refunds:
            if refund.notified_at is None or refund.id in marked:
                continue
            if refund.status is not RefundStatus.SUCCEEDED or refund.origin is not RefundOrigin.REQUEST:
                self.broken("S6", f"the customer is to be told of {refund.id}, which is {refund.status}")

    def _cooldown(self, order: Order, by: list[str]) -> None:
        now = self.world.loop.now
        apart = now - self.sent_again.get(order.id, -COOLDOWN)
        allowance = 2 * SKEW if Trouble.SKEW in self.world.fate.rates else 0.0
        if apart < COOLDOWN - allowance:
            self.broken("E3", f"{order.id} is sent again after {apart:.3f} seconds")
        self.sent_again[order.id] = now
        if by != ["kim"]:
            self.broken("T4", f"{order.id} is sent again, and no event says by whom")

    def _delivery_changed(self, order: Order, was: Delivery, now: Delivery, told: EventKind | None) -> None:
        if (was.line_id, was.kind, was.target, was.quantity) != (
            now.line_id,
            now.kind,
            now.target,
            now.quantity,
        ):
            self.broken("T5", f"{was.id} changed what it is")
        if now.leased_until is not None and now.leased_until != was.leased_until:
            self._begun(order, was, now)
        elif now.handed_over != was.handed_over:
            self._ended(was, now, told)
        if now.status is not was.status and told is None and now.status.value != "delivered":
            self.broken("T4", f"{now.id} became {now.status}, and no event says so")

    def _begun(self, order: Order, was: Delivery, now: Delivery) -> None:
        """Judge a try by what the order is worth at this very commit."""
        if was.move is now.move and (was.units, was.moves) != (now.units, now.moves):
            self.broken("E1", f"{now.id} changed the units of the move under way")
        if was.leased_until is not None and was.leased_until > _latest(self.world):
            self.broken("E1", f"{now.id} is leased by somebody else")
        self.begun[order.id, now.id, now.move, now.moves] = now.units
        if now.move in HANDS_OVER:
            self._handing_over(order, now)
        elif was.move is not DeliveryMove.REVOKE:
            self._taking_back(order, was, now)

    def _handing_over(self, order: Order, delivery: Delivery) -> None:
        again = delivery.move is DeliveryMove.REDELIVER
        total = delivery.units if again else delivery.handed_over + delivery.units
        free = units_left(order, delivery, _may_be_back)
        if total > free:
            self.broken("C1", f"{total} of {delivery.id} are handed over, and {free} are free")
        if is_blocked(order):
            self.broken(
                "D1", f"{delivery.id} is handed over on an order that is disputed, rejected or flagged"
            )

    def _taking_back(self, order: Order, was: Delivery, now: Delivery) -> None:
        owed = units_left(order, now, is_back)
        if now.handed_over <= owed:
            self.broken("E4", f"{now.units} of {now.id} are taken back, and no refund of them has succeeded")
        # Of what may have been handed over everything is taken back.
        expected = now.handed_over - (0 if was.move is DeliveryMove.DELIVER else owed)
        if now.units != expected:
            self.broken("C6", f"{now.units} of {now.id} are taken back, and {expected} were refunded")

    def _ended(self, was: Delivery, now: Delivery, told: EventKind | None) -> None:
        more = now.handed_over - was.handed_over
        kind = EventKind.DELIVERY_DELIVERED if more > 0 else EventKind.DELIVERY_REVOKED
        if abs(more) != was.units or told is not kind:
            self.broken("T4", f"{now.id} went from {was.handed_over} to {now.handed_over}, told as {told}")


def _latest(world: World) -> datetime:
    """Return the time of the clock that is most ahead."""
    skew = SKEW if Trouble.SKEW in world.fate.rates else 0.0
    return world.loop.clock() + timedelta(seconds=skew)


def is_blocked(order: Order) -> bool:
    """Whether nothing may be handed over, whatever was paid."""
    disputed = any(dispute.is_open or dispute.funds is DisputeFunds.WITHDRAWN for dispute in order.disputes)
    return disputed or bool(order.flags) or any(a.request.purpose.value == "reject" for a in order.requests)


def is_back(refund: Refund) -> bool:
    """Whether the money of a refund is back for certain."""
    return refund.status is RefundStatus.SUCCEEDED


def _may_be_back(refund: Refund) -> bool:
    return refund.status in ALIVE


def units_left(order: Order, delivery: Delivery, counts: Callable[[Refund], bool]) -> int:
    """Count the units of a delivery that the customer has paid for and not got the money back of."""
    money = sum(refund.amount.minor for refund in order.refunds if counts(refund))
    if money and money >= sum(map(capacity, order.payments)):
        return 0
    (line,) = (line for line in order.lines if line.id == delivery.line_id)
    returned = 0
    for accepted in order.requests:
        legs = [refund for refund in order.refunds if refund.key == accepted.key]
        if legs and all(map(counts, legs)):
            returned += sum(part.quantity for part in accepted.lines if part.line_id == line.id)
    kept = max(line.quantity - returned, 0)
    if ":unit-" in delivery.id:
        return int(kept >= int(delivery.id.partition(":unit-")[2]))
    return -(-kept * delivery.quantity // line.quantity)
