"""What two processes must not share: open connections, and locks that a thread of the other one may hold.

A server that forks its workers after a gateway or deliverer was used (gunicorn with ``--preload``, Celery,
multiprocessing) hands the same open connection to each of them. Two processes that talk over one connection read
each other's answers, and an encrypted one breaks.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, Generic, TypeVar

__all__ = ["PerProcess"]

T = TypeVar("T")


class _Process:
    """Stands for this very process: a number could be that of an ancestor which is gone."""

    def __init__(self) -> None:
        self.token: object = object()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.begin)

    def begin(self) -> None:
        """Begin anew, as another process."""
        self.token = object()


this_process: Final = _Process()


class PerProcess(Generic[T]):
    """One thing for each process, made when the process first asks for it; threads get the same one.

    What another process made is left alone: not even closed, because that could need a lock that nobody here
    will ever give back.

    >>> sessions = PerProcess(list)
    >>> sessions() is sessions()
    True
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[object, T] = {}

    def __call__(self) -> T:
        """Return what belongs to this process."""
        token = this_process.token
        # No lock, which a fork could leave locked: of two threads that make one, the first wins.
        return self._made[token] if token in self._made else self._made.setdefault(token, self._make())

    @property
    def made(self) -> tuple[T, ...]:
        """What this process made, if it ever asked."""
        token = this_process.token
        return (self._made[token],) if token in self._made else ()
