"""How the tests of this folder start processes, kill them, and wait for what comes of it."""

from __future__ import annotations

import json
import multiprocessing
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

from attrs import define, field, frozen

from tests.chaos import vendor
from tests.chaos.shop import Shop
from tests.chaos.vendor_gateway import ask
from tests.chaos.work import work

__all__ = ["PROCESSES", "Crew", "Vendor", "eventually", "open_vendor", "started"]

T = TypeVar("T")

# Every process is forked from a server that has imported everything once, so that forty of them start in a
# second; the server has no threads and no connections that a process could inherit.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.chaos.work", "tests.chaos.hammer", "tests.chaos.vendor", "psycopg"])

SEATS = (
    *(("write", f"writer-{number}") for number in range(4)),
    *(("sweep", f"sweeper-{number}") for number in range(2)),
    ("receive", "receiver"),
    ("refresh", "refresher"),
    *(("hand over", f"clerk-{number}") for number in range(2)),
    *(("complain", f"customer-{number}") for number in range(2)),
)


def started(target: Callable[..., object], *args: object) -> Any:
    """Start a process that does *target*."""
    process = PROCESSES.Process(target=_unwatched, args=(target, *args))
    process.start()
    return process


def _unwatched(target: Callable[..., object], *args: object) -> None:
    # Whoever is killed has no coverage to tell, and being watched takes half of the time.
    sys.settrace(None)
    target(*args)


def eventually(condition: Callable[[], T], what: str, *, seconds: float = 30.0) -> T:
    """Return what *condition* gives once it gives something true.

    Raises:
        AssertionError: if that takes longer than *seconds*.
    """
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, f"{what}: not within {seconds} s"
        time.sleep(0.005)
    return found


@frozen
class Vendor:
    """The vendor as the test sees it."""

    port: int

    def look(self, path: str) -> dict[str, Any]:
        """Ask for something that is never disturbed: ``/asked``, ``/books``, ``/calm``."""
        return json.loads(ask(self.port, "GET", path, patience=30)[1])


@contextmanager
def open_vendor(seed: int) -> Iterator[Vendor]:
    """Run the vendor in a process of its own."""
    here, there = PROCESSES.Pipe()
    process = started(vendor.serve, seed, there)
    there.close()
    try:
        yield Vendor(here.recv())
    finally:
        process.kill()
        process.join()
        process.close()
        here.close()


@define
class Crew:
    """The processes of a shop: one per seat, and a new one in the seat of each that is killed."""

    shop: Shop
    chance: random.Random
    seats: tuple[tuple[str, str], ...] = SEATS
    kills: int = 0
    _at_work: dict[str, Any] = field(factory=dict)

    def __enter__(self) -> Self:
        for role, seat in self.seats:
            self._start(role, seat)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._at_work.values():
            process.kill()
            process.join()
            process.close()

    def kill_one(self) -> None:
        """SIGKILL anyone, at any moment, and give the seat to a new process."""
        role, seat = self.chance.choice(self.seats)
        process = self._at_work[seat]
        if process.exitcode is None:
            process.kill()
            self.kills += 1
        process.join()
        process.close()
        self._start(role, seat)

    def leave(self) -> None:
        """Close the shop, and let everybody finish."""
        self.shop.close()
        for seat, process in self._at_work.items():
            process.join(60)
            assert process.exitcode == 0, f"{seat} does not come to an end"

    def _start(self, role: str, seat: str) -> None:
        self._at_work[seat] = started(work, self.shop, role, seat)
