"""A deliverer in memory that keeps books of who has what, and misbehaves as a test tells it to."""

from __future__ import annotations

import threading
from collections import deque
from enum import Enum, auto
from typing import ClassVar

from attrs import frozen

from refundkit.deliverers.base import Deliverer, DeliveryCall, Receipt
from refundkit.errors import DeliveryError
from refundkit.model.deliveries import DeliveryMove

__all__ = ["DeliveryFault", "FakeDeliverer"]


class DeliveryFault(Enum):
    """What goes wrong with the next call to `FakeDeliverer`."""

    FAIL = auto()
    """Nothing is done, and the caller is told that it did not work."""
    LOST_ANSWER = auto()
    """It is done, and the caller cannot know."""
    FINAL = auto()
    """Nothing is done, and never will be under this key."""
    CRASH = auto()
    """The deliverer's code raises what no deliverer should raise; nothing is done."""


@frozen
class _Done:
    """What was done under one key, and how many more units the customer has since."""

    call: DeliveryCall
    change: int


class FakeDeliverer(Deliverer):
    """Hands over once per key, and tells what the customer has.

    *faults* happen to the next calls, one each; `misbehave` adds more.
    """

    kind: ClassVar[str] = "fake"

    def __init__(
        self,
        *faults: DeliveryFault | None,
        name: str = "fake",
        redeliverable: bool = True,
        revocable: bool = True,
        test: bool | None = None,
    ) -> None:
        self.name = name
        self.redeliverable = redeliverable
        self.revocable = revocable
        self.test = test
        self.calls: list[DeliveryCall] = []
        self._faults = deque(faults)
        self._done: dict[str, _Done | None] = {}
        self._lock = threading.RLock()

    def misbehave(self, *faults: DeliveryFault | None) -> None:
        """Let these happen to the next calls, one each; None is a call that goes well."""
        self._faults.extend(faults)

    def deliver(self, call: DeliveryCall) -> Receipt:
        return self._answer(call)

    def revoke(self, call: DeliveryCall) -> Receipt:
        if not self.revocable:
            return super().revoke(call)
        return self._answer(call)

    def units(self, order_id: str, delivery_id: str) -> int:
        """Return how many units of a delivery the customer has."""
        return sum(done.change for done in self._of(order_id, delivery_id))

    def moves(self, order_id: str, delivery_id: str) -> list[str]:
        """Return what was really done about a delivery, oldest first: deliver, redeliver, revoke."""
        return [done.call.move.value for done in self._of(order_id, delivery_id)]

    def _of(self, order_id: str, delivery_id: str) -> list[_Done]:
        named = (order_id, delivery_id)
        done = [one for one in self._done.values() if one is not None]
        return [one for one in done if (one.call.order.id, one.call.delivery.id) == named]

    def _answer(self, call: DeliveryCall) -> Receipt:
        with self._lock:
            self.calls.append(call)
            fault = self._faults.popleft() if self._faults else None
            if fault is DeliveryFault.CRASH:
                raise ZeroDivisionError("a bug in a plugin")
            if fault is DeliveryFault.FAIL:
                raise DeliveryError(f"{self.name} did not work.")
            if fault is DeliveryFault.FINAL:
                self._done.setdefault(call.key, None)
            if self._done.setdefault(call.key, _Done(call, self._change(call))) is None:
                raise DeliveryError(f"{self.name} says no, for good.", is_final=True)
            if fault is DeliveryFault.LOST_ANSWER:
                raise DeliveryError(f"{self.name} did not answer.")
            return Receipt(text=f"{call.units} units: {call.move}.", details={"last_key": call.key})

    def _change(self, call: DeliveryCall) -> int:
        """Say how many more units the customer has then; what was never handed over is not taken back."""
        if call.move is DeliveryMove.REVOKE:
            return -min(call.units, self.units(call.order.id, call.delivery.id))
        return call.units if call.move is DeliveryMove.DELIVER else 0
