"""The scenario of a seed: who does what and when. Drawn from the seed, and short: most bugs need few people."""

from __future__ import annotations

from typing import Any, Final

import attrs

from refundkit import DisputeFunds, DisputeStage, DisputeStatus, RefundDesk, RefundRequest
from tests.simulation.books import money
from tests.simulation.chance import HOUR, MINUTE, Dice, Trouble
from tests.simulation.character import CHARACTERS, Character
from tests.simulation.goods_scenario import furnish, goods_of, people_of, request_for_units
from tests.simulation.world import World

__all__ = ["build"]

# Customers and sweeps come in bursts, so that they meet: at once, within a lease, a quarantine, a window.
MOMENTS: Final = (
    0.0,
    1.0,
    45.0,
    3 * MINUTE,
    20 * MINUTE,
    50 * MINUTE,
    2.5 * HOUR,
    19.5 * HOUR,
    23 * HOUR,
    50 * HOUR,
)


def build(dice: Dice) -> World:
    """Make the world of these dice."""
    return _Scenario(dice).world


class _Scenario:
    """Draws one world."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self.world = World(dice)
        self.world.reruns = Trouble.RERUN in dice.rates
        self.moments = MOMENTS[: dice.number(3, len(MOMENTS))]
        # What customers have follows from keys that a restored store gives to other moves.
        self.has_goods = dice.has_goods and Trouble.RESTORE not in dice.rates
        if self.has_goods:
            furnish(self.world, dice)
        self._gateways()
        self._orders()
        self._people()
        if self.has_goods:
            people_of(self.world, dice, self._moment)
        self._accidents()

    def _gateways(self) -> None:
        names = ["first"] if self.dice.number(0, 3) else ["first", "second"]
        for name in names:
            self.world.add_gateway(name, self._character())

    def _character(self) -> Character:
        # Half of all gateways are of the usual kind, because most people have one of these.
        character = self.dice.pick(CHARACTERS[:3] if self.dice.number(0, 1) else CHARACTERS)
        return attrs.evolve(character, remembers_declines=self.dice.number(0, 1) == 0)

    def _orders(self) -> None:
        gateways = list(self.world.gateways)
        for number in range(1, self.dice.pick((1, 1, 1, 2)) + 1):
            payments = [
                (self.dice.pick(gateways), self.dice.pick((100, 1000)))
                for _ in range(self.dice.pick((1, 1, 2)))
            ]
            with_lines = self.dice.number(0, 3) == 0
            more = goods_of(self.dice, sum(paid for _, paid in payments)) if self.has_goods else {}
            self.world.add_order(number, payments, with_lines=with_lines, **more)

    # Who comes.

    def _people(self) -> None:
        dice = self.dice
        for number in range(1, dice.number(1, 3) + 1):
            self._customer(number, dice.pick(self.world.orders()))
        for number in range(1, dice.number(1, 5) + 1):
            deaf = dice.number(0, 3) == 0
            self.world.start(f"sweep-{number}", _sweep, after=self._moment(), deaf=deaf)
        if dice.number(0, 2) == 0:
            order = dice.pick(self.world.orders())
            self.world.start("refresh", lambda desk: desk.refresh(order.id), after=self._moment())

    def _customer(self, number: int, order: Any) -> None:
        """Ask once, or again and again under the same key, from several processes."""
        captured = sum(payment.captured.minor for payment in order.payments)
        amount = self.dice.pick((None, captured, captured // 2, captured // 2 + 1, captured // 3, 1))
        request = RefundRequest(
            key=f"key-{number}", reason="broken", amount=None if amount is None else money(amount)
        )
        if self.has_goods and self.dice.number(0, 3):
            request = request_for_units(self.dice, request.key, order)
        for attempt in range(1, self.dice.pick((1, 1, 2, 3)) + 1):
            self.world.start(
                f"customer-{number}.{attempt}",
                lambda desk: desk.refund(order.id, request),
                after=self._moment(),
            )

    def _moment(self) -> float:
        return self.dice.pick(self.moments) + self.dice.between(0, 2)

    # What happens besides.

    def _accidents(self) -> None:
        if self.dice.has(Trouble.DASHBOARD):
            self._later(self._in_the_dashboard)
        if self.dice.has(Trouble.DISPUTE):
            self._dispute()
        if self.dice.has(Trouble.DOWN):
            self._down()
        if self.dice.has(Trouble.RESTORE) and all(map(self._survives, self.world.gateways.values())):
            self._restore()

    def _later(self, action: Any) -> None:
        self.world.loop.later(self._moment(), action)

    def _payment(self) -> tuple[Any, str]:
        payment = self.dice.pick(self.dice.pick(self.world.orders()).payments)
        return self.world.gateways[payment.gateway].books, payment.reference

    def _in_the_dashboard(self) -> None:
        books, payment = self._payment()
        books.refund_elsewhere(payment, self.dice.pick((1, books.captured[payment] // 2)))

    def _dispute(self) -> None:
        """Open an inquiry or a chargeback; it ends somehow."""
        books, payment = self._payment()
        first, second, third = sorted(self._moment() for _ in range(3))
        inquiry = {"stage": DisputeStage.INQUIRY, "funds": DisputeFunds.NONE}
        won = {"status": DisputeStatus.WON, "funds": DisputeFunds.REINSTATED}
        end = self.dice.pick((won, {"status": DisputeStatus.LOST}))
        later = self.world.loop.later
        if self.dice.number(0, 1):
            later(first, lambda: books.dispute(payment, **inquiry))
        later(second, lambda: books.dispute(payment))
        if self.dice.number(0, 1):
            later(third, lambda: books.dispute(payment, **end))

    def _down(self) -> None:
        gateway = self.dice.pick(list(self.world.gateways.values()))
        start = self._moment()
        self.world.loop.later(start, lambda: setattr(gateway, "down", True))
        end = start + self.dice.pick((60.0, HOUR, 22 * HOUR))
        self.world.loop.later(end, lambda: setattr(gateway, "down", False))

    # A backup from yesterday.

    def _survives(self, gateway: Any) -> bool:
        """Whether *gateway* can tell what a restored store has lost, or knows its key as long as the world lasts."""
        character = gateway.character
        # New requests come before what is lost is found; only the gateway itself knows then what is too much.
        return not character.lax and (character.name == "faithful" or character.can_be_asked)

    def _restore(self) -> None:
        world, loop = self.world, self.world.loop
        kept, lost = sorted(self._moment() for _ in range(2))
        backups: list[Any] = []
        loop.later(kept, lambda: backups.append(world.backup()))

        def restore() -> None:
            world.restore(backups[0])
            loop.close_until(loop.now + 20 * MINUTE)

        loop.later(lost + 0.5, restore)


def _sweep(desk: RefundDesk) -> Any:
    return desk.recover()
