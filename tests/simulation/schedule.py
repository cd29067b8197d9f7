"""The schedule: who runs next and how time passes. No threads; each simulated process is a greenlet.

A process runs the product's own blocking code until it comes to a *point*: a place where it touches store or
gateway. There it hands over to the loop, and fate says whether it goes on, stands still for a while, or dies.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from attrs import define, field
from greenlet import GreenletExit, getcurrent, greenlet

__all__ = ["DEATH", "EPOCH", "Fate", "LawBroken", "Loop", "Process"]

EPOCH = datetime(2026, 11, 1, 12, tzinfo=UTC)
DEATH = -1.0
"""What fate says instead of a number of seconds when the process dies here."""
MOST_STEPS = 20_000


class LawBroken(BaseException):
    """The world did what a law forbids."""


class Fate(Protocol):
    """What decides everything that is left to chance, or to an enumeration of all chances."""

    def at(self, point: str) -> float:
        """Say how many seconds the running process stands still at *point*; DEATH if it dies there."""

    def among(self, ready: int, *, running: int | None) -> int:
        """Say which of so many ready things comes next; *running* is the place of the one that ran last."""


@define(eq=False)
class Process:
    """One simulated process: its work, and whether it still lives."""

    name: str
    work: Callable[[], Any]
    thread: greenlet = field(default=None)
    dead: bool = False


@define(eq=False)
class Entry:
    """Something that happens at a time."""

    when: float
    action: Callable[[], None]
    process: Process | None


class Loop:
    """Runs processes and messages in virtual time, one at a time."""

    def __init__(self, fate: Fate) -> None:
        self.fate = fate
        self.now = 0.0
        self.waiting: list[Entry] = []
        self.running: Process | None = None
        self.steps = 0
        self.crashes = 0
        self.points: set[str] = set()
        self.trace: deque[tuple[float, str, str, tuple[Any, ...]]] = deque(maxlen=4000)
        self._last: Process | None = None

    # The clock.

    def clock(self) -> datetime:
        """Tell the time."""
        return EPOCH + timedelta(seconds=self.now)

    def monotonic(self) -> float:
        """Count seconds, as a clock does that nobody can set."""
        return self.now

    # What will happen.

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Let *action* happen in so many seconds."""
        self.waiting.append(Entry(self.now + seconds, action, None))

    def start(self, name: str, work: Callable[[], Any], *, after: float = 0.0) -> Process:
        """Start a process in so many seconds."""
        process = Process(name, work)
        process.thread = greenlet(lambda: self._live(process))
        self._resume_in(process, after)
        return process

    def _live(self, process: Process) -> None:
        process.work()
        process.dead = True

    def _resume_in(self, process: Process, seconds: float) -> None:
        self.waiting.append(Entry(self.now + seconds, lambda: self._resume(process), process))

    def _resume(self, process: Process) -> None:
        if process.dead:
            return
        self.running = process
        try:
            process.thread.switch()
        finally:
            self.running = None

    # What a process does at a point.

    def point(self, name: str, *details: Any) -> None:
        """Let the running process be interrupted here: others run meanwhile, or it dies."""
        process = self.alive()
        if process is None:
            return
        self.points.add(name)
        self.tell(name, *details)
        seconds = self.fate.at(name)
        if seconds == DEATH:
            self.tell("dies", name)
            self.kill(process)
            raise GreenletExit
        self._stand_still(process, seconds)

    def _stand_still(self, process: Process, seconds: float) -> None:
        when = self.now + seconds
        if all(entry.when > when for entry in self.waiting):
            # Nobody else comes before this one goes on.
            self.now = when
            self._count_step()
            return
        self._resume_in(process, seconds)
        self._hand_over()

    def sleep(self, seconds: float) -> None:
        """Let the running process sleep."""
        process = self.alive()
        if process is not None:
            self._stand_still(process, seconds)

    def wait(self, answered: Callable[[], bool], *, timeout: float) -> None:
        """Let the running process stand still until `wake`, or until the time is over."""
        process = self.alive()
        if process is None or answered():
            return
        self._resume_in(process, timeout)
        self._hand_over()

    def wake(self, process: Process) -> None:
        """Let a process that stands still go on now."""
        self.waiting = [entry for entry in self.waiting if entry.process is not process]
        if not process.dead:
            self._resume_in(process, 0.0)

    def alive(self) -> Process | None:
        """Return the process that runs, None outside of any; end one that is dead and does not know it yet."""
        process = self.running
        if process is not None and process.dead:
            raise GreenletExit
        return process

    def _hand_over(self) -> None:
        getcurrent().parent.switch()
        self.alive()

    # The run.

    def run(self) -> None:
        """Let everything happen that is waiting."""
        while self.waiting:
            entry = self._next()
            self.now = max(self.now, entry.when)
            self._count_step()
            self._last = entry.process
            entry.action()

    def _next(self) -> Entry:
        first = min(entry.when for entry in self.waiting)
        # What was due in the past, or is due now, is ready; time passes only when nothing is.
        horizon = max(first, self.now)
        ready = [entry for entry in self.waiting if entry.when <= horizon]
        place = 0
        if len(ready) > 1:
            running = next(
                (i for i, entry in enumerate(ready) if entry.process is self._last is not None), None
            )
            place = self.fate.among(len(ready), running=running)
        self.waiting.remove(ready[place])
        return ready[place]

    def _count_step(self) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise LawBroken(f"The world does not come to rest: {MOST_STEPS} steps were not enough.")

    # Death.

    def kill(self, process: Process) -> None:
        """End a process: nothing of its memory survives, and it touches nothing any more."""
        process.dead = True
        self.crashes += 1
        self.waiting = [entry for entry in self.waiting if entry.process is not process]

    def kill_all(self) -> None:
        """End every process that has begun; those that have not begun yet are left for later."""
        for process in {entry.process for entry in self.waiting if entry.process is not None}:
            if process.thread:
                self.kill(process)

    def close_until(self, when: float) -> None:
        """Let nobody begin before then; what travels on the wire travels on."""
        for entry in self.waiting:
            if entry.process is not None:
                entry.when = max(entry.when, when)

    def tell(self, what: str, *details: Any) -> None:
        """Write a line of the trace."""
        self.trace.append((self.now, self.running.name if self.running else "-", what, details))

    def story(self, lines: int = 40) -> str:
        """Return the end of the trace, to be read."""
        return "\n".join(
            f"{_span(now)}  {who:<14} {what:<24} {' '.join(_short(part) for part in details)}"
            for now, who, what, details in list(self.trace)[-lines:]
        )


def _span(seconds: float) -> str:
    hours, rest = divmod(seconds, 3600)
    return f"{int(hours):4d}:{int(rest // 60):02d}:{rest % 60:06.3f}"


def _short(value: Any) -> str:
    text = str(value() if callable(value) else value)
    return f"{text[:8]}…" if len(text) == 36 and text.count("-") == 4 else text[:200]
