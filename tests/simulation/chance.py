"""Chance: everything that may go wrong in one world, drawn from its seed.

Swarm testing: each world has only some of the troubles, each at a rate of its own. A world in which everything
goes wrong at once never gets far enough to find what needs three things to go right first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum, auto
from random import Random
from typing import Final, TypeVar

from attrs import frozen

from tests.simulation.schedule import DEATH

__all__ = ["LATEST", "Dice", "Trip", "Trouble"]

T = TypeVar("T")

MINUTE: Final = 60.0
HOUR: Final = 3600.0
# How long a client waits for an answer; how far two clocks differ at most.
PATIENCE: Final = 20.0
SKEW: Final = 10.0
# How long a request can travel at most: what a quarantine is longer than a lease, less a little.
LATEST: Final = 12 * MINUTE


class Trouble(StrEnum):
    """Everything that may go wrong; a world has some of these."""

    DEATH = auto()
    PAUSE = auto()
    LOST_REQUEST = auto()
    LATE_REQUEST = auto()
    LOST_ANSWER = auto()
    SLOW_ANSWER = auto()
    ERROR_BEFORE = auto()
    ERROR_AFTER = auto()
    UNAVAILABLE = auto()
    BUSY = auto()
    GARBAGE = auto()
    DECLINE = auto()
    PENDING = auto()
    PENDING_FAILS = auto()
    FAILS_LATER = auto()
    OTHER_AMOUNT = auto()
    DOWN = auto()
    DASHBOARD = auto()
    DISPUTE = auto()
    WEBHOOK_LOST = auto()
    WEBHOOK_TWICE = auto()
    WEBHOOK_LATE = auto()
    LISTENER = auto()
    RERUN = auto()
    SKEW = auto()
    RESTORE = auto()


RATES: Final[Mapping[Trouble, Sequence[float]]] = {
    Trouble.DEATH: (0.003, 0.01, 0.03),
    Trouble.PAUSE: (0.003, 0.01, 0.03),
    Trouble.RERUN: (1.0,),
    Trouble.SKEW: (1.0,),
    Trouble.RESTORE: (1.0,),
    Trouble.DASHBOARD: (0.5, 1.0),
    Trouble.DISPUTE: (0.5, 1.0),
    Trouble.DOWN: (0.5, 1.0),
}
USUAL: Final = (0.05, 0.15, 0.4)
# How likely a world has a trouble at all; one in two, if nothing is said.
SHARE: Final[Mapping[Trouble, float]] = {
    Trouble.DASHBOARD: 0.25,
    Trouble.DISPUTE: 0.2,
    Trouble.OTHER_AMOUNT: 0.1,
    Trouble.RERUN: 0.1,
    Trouble.SKEW: 0.15,
    Trouble.RESTORE: 0.1,
    Trouble.DOWN: 0.2,
    Trouble.GARBAGE: 0.2,
}
ON_ITS_WAY: Final = frozenset({"refund leaves", "goods leave"})
SHARE_OF_GOODS: Final = 0.4
PAUSES: Final = (5.0, 40.0, 130.0, 20 * MINUTE, 70 * MINUTE, 4 * HOUR, 26 * HOUR)
LATE: Final = (5.0, 40.0, 5 * MINUTE, LATEST, LATEST)


@frozen
class Trip:
    """What becomes of one call: ``out`` and ``back`` are seconds, None if that way ends in nowhere."""

    out: float | None
    back: float | None
    trouble: Trouble | None = None


class Dice:
    """Fate by seed: two worlds of one seed are the same world."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - a simulation must be repeatable, not secret
        self.rates = {
            trouble: self._random.choice(RATES.get(trouble, USUAL))
            for trouble in Trouble
            if self._random.random() < SHARE.get(trouble, 0.5)
        }
        self.haste = self._random.choice((0.0, 0.1, 2.0, 20.0))
        # Drawn apart, so that the worlds without goods are what they are without this.
        self.has_goods = Random(f"goods {seed}").random() < SHARE_OF_GOODS  # noqa: S311
        self.calm = False
        self.faults: Counter[Trouble] = Counter()

    # Choosing.

    def has(self, trouble: Trouble) -> bool:
        """Whether *trouble* strikes now."""
        rate = self.rates.get(trouble)
        if rate is None or self.calm or self._random.random() >= rate:
            return False
        self.faults[trouble] += 1
        return True

    def pick(self, options: Sequence[T]) -> T:
        """Choose one of *options*."""
        return options[int(self._random.random() * len(options))]

    def between(self, least: float, most: float) -> float:
        """Choose a number."""
        return least + (most - least) * self._random.random()

    def number(self, least: int, most: int) -> int:
        """Choose a whole number, both ends included."""
        return least + int(self._random.random() * (most - least + 1))

    # What the loop asks.

    def at(self, point: str) -> float:
        """Let the process go on, stand still, or die."""
        if self.has(Trouble.DEATH):
            return DEATH
        # A pause between the last look at the clock and the wire itself is a journey: see `trip`.
        if point not in ON_ITS_WAY and self.has(Trouble.PAUSE):
            return self.pick(PAUSES)
        return self._random.random() * self.haste

    def among(self, ready: int, *, running: int | None) -> int:
        """Choose which of the ready ones comes next."""
        return int(self._random.random() * ready)

    # What the wire asks.

    def trip(self) -> Trip:
        """Say what becomes of a call to the gateway."""
        for trouble in (
            Trouble.UNAVAILABLE,
            Trouble.BUSY,
            Trouble.ERROR_BEFORE,
            Trouble.ERROR_AFTER,
            Trouble.GARBAGE,
        ):
            if self.has(trouble):
                return Trip(self._out(), self._back(), trouble)
        return Trip(self._out(), self._back())

    def _out(self) -> float | None:
        if self.has(Trouble.LOST_REQUEST):
            return None
        return self.pick(LATE) if self.has(Trouble.LATE_REQUEST) else self._random.random()

    def _back(self) -> float | None:
        if self.has(Trouble.LOST_ANSWER):
            return None
        return self.between(2, PATIENCE - 1) if self.has(Trouble.SLOW_ANSWER) else self._random.random()

    def webhooks(self) -> tuple[float, ...]:
        """Say when a webhook arrives: never, once, or several times."""
        if self.has(Trouble.WEBHOOK_LOST):
            return ()
        late = self.pick((1.0, 90.0, HOUR)) if self.has(Trouble.WEBHOOK_LATE) else 1.0
        first = self.between(0, 2) * late
        return (first, first * 3) if self.has(Trouble.WEBHOOK_TWICE) else (first,)
