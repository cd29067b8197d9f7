"""Stores that each change orders wrongly: the mistakes that lose money when two are at work."""

import threading
import time
from collections import defaultdict
from contextlib import suppress

import attrs

from refundkit.errors import StoreError
from refundkit.model.events import Event
from refundkit.model.orders import Order
from refundkit.stores.base import Change, ChangeFunction, News, stamped
from refundkit.stores.memory import MemoryStore
from tests.stores.broken import PAUSE


class Stale(MemoryStore):
    """Changes the order that it read first, again and again."""

    def _apply(self, order: Order, function: ChangeFunction) -> Change:
        first = attrs.evolve(self._registered[order.id], version=order.version)
        return super()._apply(first, function)


class Trusting(MemoryStore):
    """Takes the version that the function put there."""

    def _apply(self, order: Order, function: ChangeFunction) -> Change:
        newer, events = function(order)
        if newer is order and not events:
            return Change(order=order)
        newer = newer if newer.version > order.version else attrs.evolve(newer, version=order.version + 1)
        return Change(order=newer, events=self._write(newer, events))


class EventsOutside(MemoryStore):
    """Writes the events in a step of its own, before the order."""

    def _write(self, order: Order, events: tuple[Event, ...]) -> tuple[Event, ...]:
        written = stamped(order, events)
        self._events.setdefault(order.id, []).extend(written)
        self._undelivered.update({event.id: News(event=event) for event in written})
        super()._write(order, ())
        return written


class RefundsFirst(MemoryStore):
    """Writes the refunds in a step of its own, before the rest."""

    def _write(self, order: Order, events: tuple[Event, ...]) -> tuple[Event, ...]:
        self._refunds.update({refund.id: order.id for refund in order.refunds})
        return super()._write(order, events)


class Stubborn(MemoryStore):
    """Writes although the function raised."""

    def _apply(self, order: Order, function: ChangeFunction) -> Change:
        try:
            return super()._apply(order, function)
        except StoreError:
            raise
        except BaseException:
            self._write(attrs.evolve(order, version=order.version + 1), ())
            raise


class Jammed(MemoryStore):
    """Is of no use any more once a function was killed."""

    def _change(self, order_id: str, function: ChangeFunction, *, series: str | None = None) -> Change:
        try:
            return super()._change(order_id, function, series=series)
        except Exception:
            raise
        except BaseException:
            self._changing = threading.get_ident()
            raise


class Wrapping(MemoryStore):
    """Puts an error of its own around what a function raised."""

    def _apply(self, order: Order, function: ChangeFunction) -> Change:
        try:
            return super()._apply(order, function)
        except ArithmeticError:
            raise
        except BaseException as error:
            raise type(error)(*error.args) from error


class Busy(MemoryStore):
    """Writes when there is nothing to write."""

    def _apply(self, order: Order, function: ChangeFunction) -> Change:
        newer, events = function(order)
        newer = attrs.evolve(newer, version=order.version + 1)
        return Change(order=newer, events=self._write(newer, events))


class Silent(MemoryStore):
    """Takes events without other news for no change, and drops them."""

    def _apply(self, order: Order, function: ChangeFunction) -> Change:
        newer, events = function(order)
        if newer is order:
            return Change(order=order)
        return super()._apply(order, lambda _: (newer, events))


class Nesting(MemoryStore):
    """Lets a function change other orders on the way."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()

    def _change(self, order_id: str, function: ChangeFunction, *, series: str | None = None) -> Change:
        def blind(order: Order) -> tuple[Order, tuple[Event, ...]]:
            self._changing = None
            return function(order)

        return super()._change(order_id, blind, series=series)


class LastWriterWins(MemoryStore):
    """Reads, thinks and writes without a lock, as many first drafts do."""

    def change(self, order_id: str, function: ChangeFunction) -> Change:
        """Let others in between."""
        if self._changing:
            return super().change(order_id, function)
        order = self.get(order_id)
        time.sleep(PAUSE)
        return self._apply(order, function)


class WholeFile(MemoryStore):
    """Has a lock for each order, and writes the whole file back with every one."""

    def __init__(self) -> None:
        super().__init__()
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def change(self, order_id: str, function: ChangeFunction) -> Change:
        """Write other orders back as they were when it began."""
        if self._changing == threading.get_ident():
            return super().change(order_id, function)
        with self._locks[order_id]:
            others = {name: order for name, order in self._orders.items() if name != order_id}
            time.sleep(PAUSE)
            change = super().change(order_id, function)
            self._orders.update(others)
            return change


class Optimistic(MemoryStore):
    """Runs the function without a lock and again if others were faster; never forgets what an earlier run said."""

    def change(self, order_id: str, function: ChangeFunction) -> Change:
        """Collect the events of every run."""
        said: list[Event] = []

        def collecting(order: Order) -> tuple[Order, tuple[Event, ...]]:
            newer, events = function(order)
            said.extend(events)
            return newer, events if newer is order else tuple(said)

        if self._changing == threading.get_ident():
            return super().change(order_id, function)
        self.try_first(order_id, collecting)
        return super().change(order_id, collecting)

    def try_first(self, order_id: str, function: ChangeFunction) -> None:
        """Make the run that comes too late, if there is somebody else at work."""
        if self._lock.locked():
            with suppress(Exception):
                function(self.get(order_id))


class FirstRunCounts(MemoryStore):
    """Runs the function without a lock, and writes what it said, whatever the order has become meanwhile."""

    def change(self, order_id: str, function: ChangeFunction) -> Change:
        """Put the tags of the first run on the newest order."""
        if self._changing == threading.get_ident() or not self._lock.locked():
            return super().change(order_id, function)
        before = self.get(order_id)
        said, events = function(before)
        added = tuple(tag for tag in said.tags if tag not in before.tags)
        return super().change(
            order_id,
            lambda order: (
                (attrs.evolve(order, tags=order.tags + added), events)
                if added and said.refunds == before.refunds
                else function(order)
            ),
        )


class Torn(MemoryStore):
    """Reads an order table by table, while others write."""

    def get(self, order_id: str) -> Order:
        """Read the tags later than the rest."""
        order = super().get(order_id)
        if self._changing == threading.get_ident():
            return order
        time.sleep(PAUSE)
        return attrs.evolve(order, tags=super().get(order_id).tags)
