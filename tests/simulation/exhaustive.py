"""Exhaustion: small worlds, and everything that can happen in them, one thing after the other.

An odometer goes through all sequences of choices. Trouble is rationed: a budget of crashes, faults, and
turns taken away from whoever runs. What dies between two effects dies in the same way wherever that is, and what
is interrupted between two looks at something shared meets the same others; so only places that differ are tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from refundkit import Actor, Delivery, DeliveryDesk, RefundDesk, RefundRequest
from refundkit.testing.builders import make_line
from tests.simulation.books import money
from tests.simulation.chance import LATEST, Trip, Trouble
from tests.simulation.character import CHARACTERS
from tests.simulation.ending import bring_to_rest
from tests.simulation.goods import KINDS, SimulatedDeliverer
from tests.simulation.schedule import DEATH, LawBroken
from tests.simulation.world import World

__all__ = ["EFFECTS", "WORLDS", "Budget", "Execution", "SmallWorld", "executions"]

MINUTE: Final = 60.0
# Past the lease, the quarantine, and the next look at what was found in quarantine.
PAUSE: Final = 75 * MINUTE
# The points behind which the world is another one.
EFFECTS: Final = frozenset(
    {"after add", "after change", "after claim", "after drop_hint", "after keep_hint", "after mark_delivered"}
    | {"after mark_taken", "refund leaves", "refund travels", "refund answered"}
    | {"goods leave", "goods travels", "goods answered"}
)
# The points behind which a decision was made, and its execution is still to come.
PAUSES: Final = frozenset({"after change", "fetch answered"})
# The points at which somebody else's turn makes a difference: something shared is about to be looked at or changed.
SHARED: Final = frozenset(
    {"before change", "before claim", "before get", "refund leaves", "fetch leaves", "goods leave"}
)


class Odometer:
    """All sequences of choices, smallest first; the world asks, and after each run the last digit turns."""

    def __init__(self) -> None:
        self.digits: list[list[int]] = []
        self.place = 0

    def choose(self, options: int) -> int:
        """Return the next choice out of so many."""
        if self.place == len(self.digits):
            self.digits.append([0, options])
        choice, known = self.digits[self.place]
        if known != options:
            raise AssertionError("The world is not the same as before: it is not deterministic.")
        self.place += 1
        return choice

    def turn(self) -> bool:
        """Go on to the next sequence; say whether there is one."""
        self.place = 0
        while self.digits and self.digits[-1][0] + 1 == self.digits[-1][1]:
            self.digits.pop()
        if self.digits:
            self.digits[-1][0] += 1
        return bool(self.digits)


@frozen(kw_only=True)
class Budget:
    """How much trouble one execution may have: of each kind, and all together."""

    crashes: int = 1
    faults: int = 2
    turns: int = 1
    together: int = 2


class Ration:
    """Fate by odometer, as long as the budget lasts."""

    def __init__(self, odometer: Odometer, budget: Budget, troubles: frozenset[Trouble]) -> None:
        self.odometer = odometer
        self.budget = {"crashes": budget.crashes, "faults": budget.faults, "turns": budget.turns}
        self.together = budget.together
        self.rates = dict.fromkeys(troubles, 1.0)
        self.faults: Counter[str] = Counter()
        self.calm = False
        self._last_point = ""

    def _choose(self, kinds: Sequence[str]) -> int:
        """Choose 0 for no trouble, or the number of a trouble that there is budget for."""
        affordable = [0] + [n for n, kind in enumerate(kinds, 1) if self.budget[kind] and self.together]
        if self.calm or len(affordable) == 1:
            return 0
        choice = affordable[self.odometer.choose(len(affordable))]
        if choice:
            self.budget[kinds[choice - 1]] -= 1
            self.together -= 1
            self.faults[kinds[choice - 1]] += 1
        return choice

    def at(self, point: str) -> float:
        """Let the process go on, die, or stand still for long."""
        self._last_point = point
        pauses = Trouble.PAUSE in self.rates and point in PAUSES
        kinds = ["crashes"] * (point in EFFECTS) + ["faults"] * pauses
        return [0.0, *[DEATH] * (point in EFFECTS), *[PAUSE] * pauses][self._choose(kinds)]

    def among(self, ready: int, *, running: int | None) -> int:
        """Let whoever runs go on, or else whoever waits longest; anything else takes a turn away."""
        usual = 0 if running is None else running
        if running is not None and self._last_point not in SHARED:
            return usual
        choice = self._choose(["turns"] * (ready - 1))
        others = [place for place in range(ready) if place != usual]
        return others[choice - 1] if choice else usual

    def trip(self) -> Trip:
        """Choose a journey."""
        ways = [(trouble, trip) for trouble, trip in TRIPS.items() if trouble in self.rates]
        choice = self._choose(["faults"] * len(ways))
        return ways[choice - 1][1] if choice else Trip(0.0, 0.0)

    def has(self, trouble: Trouble) -> bool:
        """Choose whether *trouble* strikes."""
        return trouble in self.rates and bool(self._choose(["faults"]))

    def pick(self, options: Sequence[Any]) -> Any:
        """Take the first: what does not matter is not tried."""
        return options[0]

    def webhooks(self) -> tuple[float, ...]:
        """Lose every webhook; the sweep has to do without."""
        return ()


TRIPS: Final[Mapping[Trouble, Trip]] = {
    Trouble.LOST_REQUEST: Trip(None, None),
    Trouble.LATE_REQUEST: Trip(LATEST, 0.0),
    Trouble.LOST_ANSWER: Trip(0.0, None),
    Trouble.ERROR_AFTER: Trip(0.0, 0.0, Trouble.ERROR_AFTER),
}
NETWORK: Final = frozenset(TRIPS)


@frozen(kw_only=True)
class SmallWorld:
    """A world small enough: one payment of 100, *people* at their moments, and the troubles that it has.

    With ``units`` so many keys were bought, that can be taken back.
    """

    name: str
    character: str
    people: tuple[tuple[str, float], ...]
    troubles: frozenset[Trouble] = NETWORK
    budget: Budget = Budget()
    units: int = 0

    def build(self, odometer: Odometer, budget: Budget) -> World:
        """Make it."""
        world = World(Ration(odometer, budget, self.troubles))
        world.ears = ()
        world.add_gateway("first", next(c for c in CHARACTERS if c.name == self.character))
        world.add_order(1, [("first", 100)], with_lines=False, **self._goods(world))
        for number, (name, moment) in enumerate(self.people, 1):
            start: Any = world.start_delivering if name in GOODS_WORK else world.start
            start(f"{name}-{number}", (GOODS_WORK | WORK)[name], after=moment)
        return world

    def _goods(self, world: World) -> dict[str, Any]:
        if not self.units:
            return {}
        world.deliverers = (SimulatedDeliverer(world, KINDS[0]),)
        line = make_line(id="line-1", quantity=self.units, total=money(100), tax=None)
        keys = Delivery(id="all", line_id=line.id, kind=KINDS[0].name, target="jo", quantity=self.units)
        return {"lines": (line,), "deliveries": (keys,)}


def _refund(key: str, amount: int) -> Callable[[RefundDesk], Any]:
    request = RefundRequest(key=key, reason="broken", amount=money(amount))
    return lambda desk: desk.refund("o-1", request)


KIM: Final = Actor.staff("kim")
GOODS_WORK: Final[Mapping[str, Callable[[DeliveryDesk], Any]]] = {
    "goods": lambda desk: desk.sweep(),
    "again": lambda desk: desk.redeliver("o-1", ["all"], actor=KIM),
}
WORK: Final[Mapping[str, Callable[[RefundDesk], Any]]] = {
    "ann": _refund("ann", 40),
    "bob": _refund("bob", 70),
    "sweep": lambda desk: desk.recover(),
    "refresh": lambda desk: desk.refresh("o-1"),
    "eve": lambda desk: desk.refund("o-1", RefundRequest(key="eve", reason="broken", lines={"line-1": 1})),
}
AT_ONCE: Final = 0.0
LATER: Final = 1.0
BEFORE_IT_FAILS: Final = 1.5
PAST_LEASE: Final = 3 * MINUTE
PAST_QUARANTINE: Final = 70 * MINUTE
LAST_MINUTE: Final = 119 * MINUTE
PAST_WINDOW: Final = 130 * MINUTE
KEY_FORGOTTEN: Final = 200 * MINUTE

_WORLDS = (
    SmallWorld(
        name="two refunds that do not both fit",
        character="strict",
        people=(("ann", AT_ONCE), ("bob", AT_ONCE), ("sweep", PAST_LEASE)),
        budget=Budget(together=3),
    ),
    SmallWorld(
        name="one request sent twice, and a sweep",
        character="strict",
        people=(("ann", AT_ONCE), ("ann", AT_ONCE), ("sweep", PAST_LEASE)),
        troubles=NETWORK | {Trouble.DECLINE},
        budget=Budget(together=3),
    ),
    SmallWorld(
        name="a gateway without keys, and two sweeps at once",
        character="keyless",
        people=(
            ("ann", AT_ONCE),
            ("sweep", PAST_LEASE),
            ("sweep", PAST_QUARANTINE),
            ("sweep", PAST_QUARANTINE),
        ),
        troubles=NETWORK | {Trouble.PAUSE},
    ),
    SmallWorld(
        name="a gateway that lists nothing, and a sweep in the last minute of its key",
        character="blind",
        people=(("ann", AT_ONCE), ("sweep", LAST_MINUTE)),
        troubles=NETWORK | {Trouble.PAUSE},
    ),
    SmallWorld(
        name="a gateway that lists nothing, and a sweep after its key is forgotten",
        character="blind",
        people=(("ann", AT_ONCE), ("sweep", KEY_FORGOTTEN)),
    ),
    SmallWorld(
        name="a refund that comes back, and two looks at it",
        character="strict",
        people=(("ann", AT_ONCE), ("refresh", AT_ONCE), ("refresh", PAST_LEASE)),
        troubles=frozenset({Trouble.FAILS_LATER, Trouble.PAUSE, Trouble.LOST_ANSWER}),
    ),
    SmallWorld(
        name="a gateway that lists late, and has forgotten the key",
        character="lagging",
        people=(("ann", AT_ONCE), ("sweep", PAST_LEASE), ("sweep", PAST_WINDOW)),
        troubles=NETWORK | {Trouble.PAUSE},
    ),
    SmallWorld(
        name="goods that are asked for again, by two people at once",
        character="strict",
        people=(("goods", AT_ONCE), ("again", AT_ONCE), ("again", AT_ONCE), ("goods", PAST_LEASE)),
        units=2,
    ),
    SmallWorld(
        name="goods on their way while the money for one of them goes back",
        character="strict",
        people=(("goods", AT_ONCE), ("eve", AT_ONCE), ("goods", PAST_LEASE)),
        troubles=NETWORK - {Trouble.ERROR_AFTER},
        budget=Budget(faults=1),
        units=2,
    ),
    SmallWorld(
        name="goods that are taken back, and owed again",
        character="strict",
        people=(
            ("goods", AT_ONCE),
            ("eve", LATER),
            ("goods", BEFORE_IT_FAILS),
            ("refresh", PAST_LEASE),
            ("goods", PAST_LEASE),
        ),
        troubles=frozenset({Trouble.FAILS_LATER, Trouble.LOST_ANSWER, Trouble.LATE_REQUEST}),
        units=2,
    ),
    SmallWorld(
        name="goods that may have arrived, and that nobody takes back",
        character="strict",
        people=(("goods", AT_ONCE), ("eve", LATER), ("goods", PAST_QUARANTINE)),
        troubles=frozenset({Trouble.LOST_REQUEST, Trouble.LOST_ANSWER, Trouble.DECLINE}),
        budget=Budget(turns=0),
        units=2,
    ),
)
WORLDS: Final[Mapping[str, SmallWorld]] = {small.name: small for small in _WORLDS}


class Execution:
    """One way in which a small world went; it counts the points that its processes came to."""

    def __init__(self, world: World) -> None:
        self.world = world

    def live(self) -> None:
        """Let it happen.

        Raises:
            AssertionError: if a law is broken; the message shows the way there.
        """
        try:
            self.world.loop.run()
            bring_to_rest(self.world)
        except LawBroken as verdict:
            raise AssertionError(f"{verdict}\n\n{self.world.loop.story()}") from None


def executions(small: SmallWorld, budget: Budget | None = None) -> Iterator[Execution]:
    """Live through everything that can happen in a small world, one execution after the other."""
    odometer = Odometer()
    while True:
        execution = Execution(small.build(odometer, budget or small.budget))
        execution.live()
        yield execution
        if not odometer.turn():
            return
