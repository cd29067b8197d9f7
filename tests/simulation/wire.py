"""The wire: the journey of a request to somebody's books, and of the answer back.

A request that has left is on its own: it arrives although its sender is dead or has given up waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define

from refundkit import GatewayUnavailableError, OutcomeUnknownError
from tests.simulation.chance import PATIENCE, Trip, Trouble
from tests.simulation.schedule import Loop, Process

if TYPE_CHECKING:
    from tests.simulation.world import World

__all__ = ["Wire"]

T = TypeVar("T")


@define(eq=False)
class Letter:
    """An answer on its way: who waits for it, and what it says once it is there."""

    reader: Process | None = None
    content: Any = None


class Wire:
    """What everything has that is reached over a wire: a name, and a journey that may go wrong."""

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self.world = world
        self.loop: Loop = world.loop
        self.down = False

    def journey(self, what: str, act: Callable[[Trip], T]) -> T:
        """Send *act* there, and wait for what comes back."""
        trip = self.world.fate.trip()
        if self.down or trip.trouble is Trouble.UNAVAILABLE:
            raise GatewayUnavailableError(f"{self.name} cannot be reached.", gateway=self.name)
        if trip.trouble is Trouble.BUSY:
            raise GatewayUnavailableError("Busy.", gateway=self.name, retry_after_seconds=2.0)
        letter = Letter()
        if trip.out is not None:
            self.loop.later(trip.out, lambda: self._arrives(what, act, trip, letter))
        self.loop.point(f"{what} travels")
        if letter.content is None:
            letter.reader = self.loop.running
            self.loop.wait(lambda: letter.content is not None, timeout=PATIENCE)
        self.loop.point(f"{what} answered", letter.content)
        return self._read(letter)

    def _arrives(self, what: str, act: Callable[[Trip], Any], trip: Trip, letter: Letter) -> None:
        if self.down or trip.trouble is Trouble.ERROR_BEFORE:
            answer: Any = OutcomeUnknownError("500 Internal Server Error", gateway=self.name)
        else:
            answer = act(trip)
        if trip.trouble is Trouble.ERROR_AFTER:
            answer = OutcomeUnknownError("502 Bad Gateway", gateway=self.name)
        if trip.trouble is Trouble.GARBAGE:
            answer = ValueError("not JSON")
        if trip.back is not None:
            self.loop.later(trip.back, lambda: self._comes_back(letter, answer))

    def _comes_back(self, letter: Letter, answer: Any) -> None:
        letter.content = answer
        if letter.reader is not None:
            self.loop.wake(letter.reader)

    def _read(self, letter: Letter) -> Any:
        if letter.content is None:
            raise OutcomeUnknownError(f"{self.name} did not answer in time.", gateway=self.name)
        if isinstance(letter.content, Exception):
            raise letter.content
        return letter.content
