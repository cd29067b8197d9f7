"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["FakeClock"]


class FakeClock:
    """Call it for the time; `advance` it as far as the test needs.

    >>> clock = FakeClock()
    >>> before = clock()
    >>> clock.advance(days=30)
    >>> (clock() - before).days
    30
    """

    def __init__(self, now: datetime = datetime(2026, 11, 1, 12, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        """Move on by a `timedelta` given as its arguments."""
        self.now += timedelta(**duration)
