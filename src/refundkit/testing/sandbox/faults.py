"""The fault script: what goes wrong with the next requests, one fault per request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum, auto

from attrs import frozen

from refundkit.testing.sandbox.messages import Request

__all__ = ["Fault", "FaultScript", "Planned"]

Where = Callable[[Request], bool]


class Fault(Enum):
    """What goes wrong with one request."""

    LOST_REPLY = auto()
    """It is executed, and the connection closes without an answer."""
    RESET = auto()
    """The connection is reset (RST); nothing is executed."""
    HANG = auto()
    """Nothing is executed, and nothing answered, until the client gives up or the sandbox closes."""
    CONFLICT_409 = auto()
    """The vendor says that it is still working on a request with this key."""
    RATE_LIMIT_429 = auto()
    """Too many requests, with a Retry-After; nothing is executed."""
    SERVER_ERROR_500 = auto()
    """The vendor says in its own words that it failed; nothing is executed."""
    UNAVAILABLE_503_HTML = auto()
    """A load balancer answers for the vendor, in HTML; nothing is executed."""
    TRUNCATED = auto()
    """It is executed, and half of the answer arrives before the connection closes."""
    GARBAGE = auto()
    """It is executed, and the answer is a page of HTML with status 200."""
    THROTTLED = auto()
    """The vendor's own way to say "slower": not every vendor has another one than HTTP 429."""


_EXECUTING = frozenset({Fault.LOST_REPLY, Fault.TRUNCATED, Fault.GARBAGE})


@frozen(kw_only=True)
class Planned:
    """One fault of the script: it happens to the first request ``where`` agrees to."""

    fault: Fault
    where: Where | None
    executes: bool


class FaultScript:
    """Faults in the order in which they happen; each happens once.

    >>> faults = FaultScript()
    >>> faults.append(Fault.LOST_REPLY)
    >>> faults.append(Fault.HANG, where=lambda request: request.path.endswith("/refund"), executes=True)
    >>> len(faults)
    2
    """

    def __init__(self, default: Where | None = None) -> None:
        self._default: Where = default or (lambda _: True)
        self._planned: list[Planned] = []
        self._lock = threading.Lock()

    def append(self, fault: Fault, *, where: Where | None = None, executes: bool | None = None) -> None:
        """Plan *fault* for the next request that *where* agrees to (None: any that the sandbox counts).

        ``executes`` says whether the vendor's books change all the same; None: as the fault says.
        """
        does = fault in _EXECUTING if executes is None else executes
        with self._lock:
            self._planned.append(Planned(fault=fault, where=where, executes=does))

    def extend(self, *faults: Fault) -> None:
        """Plan several, one after the other."""
        for fault in faults:
            self.append(fault)

    def clear(self) -> None:
        """Forget what has not happened yet."""
        with self._lock:
            self._planned.clear()

    def take(self, request: Request) -> Planned | None:
        """Return the first fault that *request* meets, and strike it off; None if it meets none."""
        with self._lock:
            met = next((one for one in self._planned if (one.where or self._default)(request)), None)
            if met is not None:
                self._planned.remove(met)
            return met

    def __len__(self) -> int:
        return len(self._planned)
