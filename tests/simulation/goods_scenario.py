"""Goods in the scenario of a seed: what is to be handed over, and who sweeps, complains and adds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from refundkit import Actor, Customer, Delivery, Order, RefundRequest
from refundkit.testing.builders import make_line
from tests.simulation.books import money
from tests.simulation.chance import Dice
from tests.simulation.goods import KINDS, SimulatedDeliverer
from tests.simulation.post import Post

if TYPE_CHECKING:
    from refundkit import DeliveryDesk
    from tests.simulation.world import World

__all__ = ["furnish", "goods_of", "people_of", "request_for_units"]

KIM: Final = Actor.staff("kim")
MOST_UNITS: Final = 3


def furnish(world: World, dice: Dice) -> None:
    """Give the world deliverers of every kind, and sometimes a post."""
    world.deliverers = tuple(SimulatedDeliverer(world, kind) for kind in KINDS)
    if dice.number(0, 1):
        world.post = Post(world)


def goods_of(dice: Dice, captured: int) -> dict[str, Any]:
    """Return what an order for goods has: one or two lines that cost what was paid, and their deliveries."""
    count = dice.number(1, 2)
    shares = [captured // count] * (count - 1)
    totals = [*shares, captured - sum(shares)]
    lines = tuple(
        make_line(id=f"line-{number}", quantity=dice.number(1, MOST_UNITS), total=money(total), tax=None)
        for number, total in enumerate(totals, 1)
    )
    deliveries = [one for line in lines for one in _deliveries(dice, line.id, line.quantity)]
    return {
        "lines": lines,
        "deliveries": tuple(deliveries),
        "customer": Customer(email="jo@example.org"),
    }


def _deliveries(dice: Dice, line: str, units: int) -> Iterator[Delivery]:
    """Draw the goods of a line: all units at once, one by one, one thing for all of them, or none."""
    kind = dice.pick((KINDS[0], *KINDS)).name
    common = {"line_id": line, "kind": kind, "target": "jo@example.org"}
    shape = dice.number(0, 3)
    if shape == 0:
        yield Delivery(id=f"all-{line}", quantity=units, **common)
    elif shape == 1:
        yield from (Delivery(id=f"{line}:unit-{place}", **common) for place in range(1, units + 1))
    elif shape == 2:
        yield Delivery(id=f"one-{line}", **common)


def request_for_units(dice: Dice, key: str, order: Order) -> RefundRequest:
    """Draw a request to return units, or to give back everything."""
    line = dice.pick(order.lines)
    units = {line.id: dice.number(1, line.quantity)} if dice.number(0, 3) else None
    return RefundRequest(key=key, reason="broken", lines=units)


def people_of(world: World, dice: Dice, moment: Callable[[], float]) -> None:
    """Let sweeps, customers with complaints and a colleague with an afterthought come at their moments."""
    # Most people have the goods before they want their money back.
    moments = [dice.between(0, 1)] * dice.number(0, 2) + [moment() for _ in range(dice.number(1, 5))]
    for number, when in enumerate(moments, 1):
        deaf = dice.number(0, 3) == 0
        world.start_delivering(f"goods-{number}", lambda desk: desk.sweep(), after=when, deaf=deaf)
    for number in range(1, dice.number(0, 2) + 1):
        _complaint(world, dice, moment(), number)
    if dice.number(0, 3) == 0:
        _afterthought(world, dice, moment())


def _complaint(world: World, dice: Dice, when: float, number: int) -> None:
    """Have goods sent again: by two people at once, or by one after the other."""
    order = dice.pick(world.orders())
    names = [delivery.id for delivery in order.deliveries]
    wanted = dice.pick([None, names[:1], names]) if names else None

    def complain(desk: DeliveryDesk) -> Any:
        return desk.redeliver(order.id, wanted, actor=KIM)

    for who, later in (("a", 0.0), ("b", dice.pick((0.0, 1.0, 59.0, 61.0)))):
        world.start_delivering(f"complaint-{number}{who}", complain, after=when + later)


def _afterthought(world: World, dice: Dice, when: float) -> None:
    """Add a delivery to an order, or have one tried again."""
    order = dice.pick(world.orders())
    more = Delivery(
        id="more", line_id=order.lines[0].id, kind=_kind_for_more(dice, order), target="jo@example.org"
    )
    if dice.number(0, 1) or not order.deliveries:
        world.start_delivering("more", lambda desk: desk.add(order.id, [more], actor=KIM), after=when)
        return
    name = dice.pick(order.deliveries).id
    world.start_delivering("retry", lambda desk: desk.retry(order.id, name, actor=KIM), after=when)


def _kind_for_more(dice: Dice, order: Order) -> str:
    """Choose a kind that makes no full set of units together with one thing for all of them."""
    taken = {one.kind for one in order.deliveries if one.id.startswith("one-")}
    return dice.pick([kind.name for kind in KINDS if kind.name not in taken])
