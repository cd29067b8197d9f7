"""The end of a world: nothing goes wrong any more, time passes, sweeps run. Then everything is at rest, and right."""

from __future__ import annotations

from typing import Final

from refundkit import Actor, EventKind, FlagKind, Order, Refund, RefundDesk, RefundStatus
from refundkit.model.refunds import RefundOrigin
from tests.simulation.books import Held
from tests.simulation.chance import LATEST
from tests.simulation.goods_ending import bring_goods_to_rest
from tests.simulation.laws import RESERVING
from tests.simulation.schedule import EPOCH
from tests.simulation.world import TIMING, World

__all__ = ["bring_to_rest"]

MOST_SWEEPS: Final = 80
PERSON: Final = Actor.staff("kim")


def bring_to_rest(world: World) -> None:
    """Let the world end well, or say which law it breaks."""
    world.fate.calm = True
    for gateway in world.gateways.values():
        gateway.down = False
    world.loop.run()
    world.loop.now += LATEST + max(gateway.character.lag for gateway in world.gateways.values())
    sweep_until_rest(world)
    let_people_decide(world)
    world.start("reconcile", lambda desk: desk.reconcile(since=EPOCH))
    world.loop.run()
    sweep_until_rest(world)
    bring_goods_to_rest(world)
    for order in world.orders():
        judge(world, order)
    judge_listeners(world)


def sweep_until_rest(world: World) -> None:
    """Sweep whenever something is due, until nothing is."""
    for _ in range(MOST_SWEEPS):
        due = [order.due_at for order in world.orders() if order.due_at is not None]
        if not due or not any(map(is_urgent, world.orders())):
            break
        world.loop.now = max(world.loop.now, (min(due) - EPOCH).total_seconds()) + 1
        world.start("last sweep", lambda desk: desk.recover())
        world.loop.run()
    else:
        world.laws.broken("E4", f"nothing comes to rest within {MOST_SWEEPS} sweeps")
    world.start("last word", lambda desk: desk.recover())
    world.loop.run()


def is_urgent(order: Order) -> bool:
    """Whether there is something left that a program can settle."""
    open_ones = [refund for refund in order.refunds if refund.status in RESERVING]
    return order.fetch_due_at is not None or any(not order.awaits_person(refund) for refund in open_ones)


# People.


def let_people_decide(world: World) -> None:
    """Let a person settle what only a person can, truthfully, and clear the flags."""
    for order in world.orders():
        for refund in order.refunds:
            if refund.status in RESERVING:
                if not order.awaits_person(refund):
                    world.laws.broken("E4", f"{refund.id} is {refund.status} and nobody is asked to look")
                world.start("person", lambda desk, refund=refund: _decide(world, desk, refund))
                world.loop.run()
        if world.store.real.get(order.id).flags:
            world.start("person", lambda desk, order=order: desk.acknowledge(order.id, actor=PERSON))
            world.loop.run()


def _decide(world: World, desk: RefundDesk, refund: Refund) -> Refund:
    """Look into the books, and say what is there."""
    held = world.gateways[refund.gateway].books.named(refund.id)
    living = next((found for found in held if found.is_alive), None)
    if living is None:
        return desk.confirm(refund.id, actor=PERSON, status=RefundStatus.FAILED)
    return desk.confirm(refund.id, actor=PERSON, status=living.status, reference=living.reference)


# What must be true now.


def judge(world: World, order: Order) -> None:
    """Say of every refund whether it is at rest, and of every payment whether the ledger is what the books are."""
    for refund in order.refunds:
        if refund.status in RESERVING:
            world.laws.broken("E4", f"{refund.id} is {refund.status} at the end")
    for payment in order.payments:
        gateway = world.gateways[payment.gateway]
        if not gateway.character.blind:
            _compare(world, order, payment.id, gateway.books.of(payment.reference))
    judge_flags(world, order)


def _compare(world: World, order: Order, payment_id: str, books: list[Held]) -> None:
    ours = {
        refund.reference: refund
        for refund in order.refunds
        if refund.payment_id == payment_id and refund.reference
    }
    for held in books:
        refund = ours.pop(held.reference, None)
        if refund is None:
            world.laws.broken("T1", f"{held} is not recorded")
        if refund.status is not held.status or (held.is_alive and refund.amount.minor != held.amount):
            world.laws.broken("T1", f"{refund.id} is {refund.status} {refund.amount}, the books say {held}")
        _right_owner(world, refund, held)
    if ours:
        world.laws.broken("T1", f"the books know nothing of {', '.join(map(str, ours))}")


def _right_owner(world: World, refund: Refund, held: Held) -> None:
    """Law T2: what we asked for is ours, what others made is adopted."""
    if refund.id != held.refund_id and refund.origin is not RefundOrigin.EXTERNAL:
        world.laws.broken("T2", f"{refund.id} has the reference of {held}")


def judge_flags(world: World, order: Order) -> None:
    """Say whether a person was called for nothing."""
    causes = causes_in(world)
    for event in world.store.real.events(order.id):
        if event.kind is EventKind.ORDER_FLAGGED and not causes & CAUSES[FlagKind(event.data["flag"])]:
            world.laws.broken("T1", f"order {order.id} was flagged {event.data['flag']} without a cause")


def causes_in(world: World) -> set[str]:
    """Name everything in a world that is a reason to call a person."""
    causes = {trouble.value for trouble in world.fate.rates}
    if not all(gateway.character.can_be_asked for gateway in world.gateways.values()):
        causes.add("reticence")
    if world.loop.now > TIMING.overdue.total_seconds():
        causes.add("days")
    return causes


# What may be flagged, and why; a refund that is revived, or made twice, has no excuse.
CAUSES: Final[dict[FlagKind, set[str]]] = {
    FlagKind.OVER_REFUNDED: {"dashboard", "dispute", "restore"},
    FlagKind.MISMATCHED: {"other_amount", "restore"},
    FlagKind.REVIVED: set(),
    FlagKind.REPEATED: set(),
    FlagKind.UNATTRIBUTED: {"dashboard", "restore", "other_amount"},
    FlagKind.AMBIGUOUS: {"reticence"},
    FlagKind.UNDECIDED: {"reticence", "restore"},
    FlagKind.OVERDUE: {"days"},
}


def judge_listeners(world: World) -> None:
    """Say whether everybody has heard everything (T4)."""
    for order in world.orders():
        written = [event.id for event in world.store.real.events(order.id)]
        for ear in world.ears:
            if ear.heard.get(order.id, []) != written:
                world.laws.broken("T4", f"{ear.name} heard {ear.heard.get(order.id)} of {written}")
