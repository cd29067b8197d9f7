"""The end of a world's goods: nothing goes wrong any more, sweeps run, people try again. Then everybody has theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from refundkit import Actor, Delivery, DeliveryMove, DeliveryStatus, EventKind, Order, RefundStatus
from refundkit.model.refunds import RefundOrigin
from tests.simulation.goods_laws import is_back, is_blocked, units_left
from tests.simulation.schedule import EPOCH

if TYPE_CHECKING:
    from tests.simulation.goods import SimulatedDeliverer
    from tests.simulation.world import World

__all__ = ["bring_goods_to_rest"]

MOST_SWEEPS: Final = 60
KIM: Final = Actor.staff("kim")
# Longer than the last pause between two tries of a letter.
LONGEST_PAUSE: Final = 13 * 3600.0
GIVEN_UP: Final = (DeliveryStatus.DEAD_LETTERED, DeliveryStatus.REVOCATION_FAILED)


def bring_goods_to_rest(world: World) -> None:
    """Let the goods come to rest, or say which law they break."""
    if not world.deliverers:
        return
    _sweep_until_rest(world)
    _let_people_try_again(world)
    _sweep_until_rest(world)
    world.loop.now += LONGEST_PAUSE
    world.start("last post", lambda desk: desk.recover())
    world.loop.run()
    for order in world.orders():
        for delivery in order.deliveries:
            _judge(world, order, delivery)
        _judge_letters(world, order)


def _sweep_until_rest(world: World) -> None:
    for _ in range(MOST_SWEEPS):
        due = [order.delivery_due_at for order in world.orders() if order.delivery_due_at is not None]
        if not due:
            return
        world.loop.now = max(world.loop.now, (min(due) - EPOCH).total_seconds()) + 1
        world.start_delivering("last sweep of goods", lambda desk: desk.sweep())
        world.loop.run()
    world.laws.broken("E4", f"goods do not come to rest within {MOST_SWEEPS} sweeps")


def _let_people_try_again(world: World) -> None:
    for order in world.orders():
        for delivery in order.deliveries:
            if delivery.status in GIVEN_UP:
                world.start_delivering(
                    "person",
                    lambda desk, order=order, delivery=delivery: desk.retry(order.id, delivery.id, actor=KIM),
                )
                world.loop.run()


def _judge(world: World, order: Order, delivery: Delivery) -> None:
    """Compare what the store says, what the customer has, and what they shall have."""
    deliverer = next(one for one in world.deliverers if one.name == delivery.kind)
    has = deliverer.shelf.has.get((order.id, delivery.id), 0)
    owed = units_left(order, delivery, is_back)
    is_open = delivery.move is DeliveryMove.DELIVER
    # A person has to look first: at the order, or at what may be there and cannot be taken back.
    waits = is_blocked(order) or (is_open and not deliverer.revocable)
    in_doubt = delivery.units if is_open and waits else 0
    what = f"{delivery.id} ({delivery.kind}) of {order.id}: {delivery.status}, {has} there, {owed} owed"
    if not delivery.handed_over <= has <= delivery.handed_over + in_doubt:
        world.laws.broken("T1", f"{what}, {delivery.handed_over} handed over")
    if delivery.is_leased(world.loop.clock()) or (delivery.move is not None and not waits):
        world.laws.broken("E4", f"{what}: {delivery.move} does not come to an end")
    if not owed and not has and delivery.move is None and delivery.status is not DeliveryStatus.REVOKED:
        world.laws.broken("E4", f"{what}: nobody calls it off")
    if deliverer.revocable and has > owed:
        world.laws.broken("C1", f"{what}: the customer has the money, too")
    if has < owed and not waits:
        world.laws.broken("E7", f"{what}: the customer has too little")
    _judge_again(world, order, delivery, deliverer)


def _judge_again(world: World, order: Order, delivery: Delivery, deliverer: SimulatedDeliverer) -> None:
    """Law E2: nothing is sent again more often than somebody asked for it."""
    asked = sum(
        delivery.id in event.data.get("deliveries", ()) or event.data.get("delivery") == delivery.id
        for event in world.store.real.events(order.id)
        if event.kind in (EventKind.ORDER_REDELIVERED, EventKind.DELIVERY_RETRIED)
    )
    sent = deliverer.shelf.sent_again.get((order.id, delivery.id), 0)
    if sent > asked:
        world.laws.broken("E2", f"{delivery.id} was sent again {sent} times, and asked for {asked} times")


def _judge_letters(world: World, order: Order) -> None:
    """Whoever is to be told has been told, or the timeline says that it did not work."""
    if world.post is None:
        return
    given_up = {
        event.refund_id
        for event in world.store.real.events(order.id)
        if event.kind is EventKind.CUSTOMER_NOT_NOTIFIED and event.data.get("given_up")
    }
    for refund in order.refunds:
        is_news = refund.status is RefundStatus.SUCCEEDED and refund.origin is RefundOrigin.REQUEST
        if is_news and refund.notified_at is None and refund.id not in given_up:
            world.laws.broken("S6", f"nobody told the customer of {refund.id}")
