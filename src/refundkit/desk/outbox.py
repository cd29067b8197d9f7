"""The outbox: events reach the listeners after the commit, at least once, in order per order (law T4).

Each listener is told by itself. One that raises gets the event again, and everything later of that order after
it; the others go on. An event may come more than once (`Event.id` tells), after a crash also behind a later
one; without the repeats, every listener hears the events of an order in their order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from attrs import define, field, frozen

from refundkit.errors import InvalidValueError, shown
from refundkit.logs import get_logger
from refundkit.model.events import Event
from refundkit.stores.base import News, Store

__all__ = ["MOST_FAILURES", "MOST_ROUNDS", "Listener", "deliver", "named"]

Listener = Callable[[Event], None]

# From so many failures in a row on, a listener is told of ever fewer orders in this delivery.
MOST_FAILURES: Final = 20
# Listeners that cause events, and events of these, and so on; or many that were down: the rest is told next time.
MOST_ROUNDS: Final = 100
MOST_TOLD: Final = 10_000
PAGE: Final = 1000

_log = get_logger("outbox")

# The orders whose news is being told right now: what a listener changes on them is told after that.
_telling: ContextVar[frozenset[str]] = ContextVar("refundkit_telling", default=frozenset())


def named(listeners: Iterable[Listener]) -> Mapping[str, Listener]:
    """Return *listeners* under the names by which a store remembers who has heard what.

    The name is ``listener.name``, or module and name of the function or class; a second one of the same name
    gets a number. Keep names from one release to the next: a new name is a new listener.

    Raises:
        InvalidValueError: if one cannot be called.
    """
    by_name: dict[str, Listener] = {}
    seen: Counter[str] = Counter()
    for listener in listeners:
        if not callable(listener):
            raise InvalidValueError(
                f"{shown(listener)} is no listener: a listener is called with every event.",
                field="listeners",
                value=listener,
            )
        name = _name(listener)
        seen[name] += 1
        by_name[name if seen[name] == 1 else f"{name}#{seen[name]}"] = listener
    return by_name


def _name(listener: Listener) -> str:
    own = getattr(listener, "name", None)
    if isinstance(own, str) and own:
        return own
    named = listener if hasattr(listener, "__qualname__") else type(listener)
    return f"{named.__module__}.{named.__qualname__}"


def deliver(store: Store, listeners: Mapping[str, Listener], order_id: str | None = None) -> None:
    """Tell every listener what it has not taken yet, of one order or of all (None).

    After `MOST_ROUNDS` or `MOST_TOLD` it ends, so that no sweep tells news for hours while refunds wait.
    """
    tellings = {name: _Telling(name=name, listener=listener) for name, listener in listeners.items()}
    delivery = _Delivery(store=store, tellings=tellings, busy=_telling.get())
    # Listeners may cause events: look again until there is nothing new.
    for _ in range(MOST_ROUNDS):
        if not delivery.tells_anything(order_id):
            return
        if delivery.told >= MOST_TOLD:
            break
    _log.error("outbox.postponed", told=delivery.told)


@define(kw_only=True)
class _Telling:
    """How one listener does in one delivery.

    One that failed on many orders in a row is down, or those orders are odd: of the rest it is told of ever
    fewer, so that nobody waits long for it, and what it can take comes through all the same.
    """

    name: str
    listener: Listener
    told: int = 0
    failures: int = 0
    stuck: set[str] = field(factory=set)
    passing: int = 0
    passed: str | None = None

    def takes(self, event: Event) -> bool:
        """Tell one event, unless an earlier one of its order was not taken or the order is passed over."""
        if event.order_id in self.stuck or self._passes(event.order_id):
            return False
        try:
            self.listener(event)
        except Exception as error:  # noqa: BLE001 - a listener must never break a refund, whatever it raises
            self._failed(event, error)
            return False
        self.failures = 0
        self.told += 1
        return True

    def _passes(self, order_id: str) -> bool:
        if order_id != self.passed and self.passing:
            self.passing -= 1
            self.passed = order_id
        return order_id == self.passed

    def _failed(self, event: Event, error: Exception) -> None:
        _log.error(
            "listener.raised",
            listener=self.name,
            event_id=event.id,
            kind=event.kind,
            error=type(error).__name__,
        )
        self.stuck.add(event.order_id)
        self.failures += 1
        if self.failures >= MOST_FAILURES:
            self.passing = 2 ** (self.failures - MOST_FAILURES)


@frozen(kw_only=True)
class _Delivery:
    """One delivery: how each listener does, and which orders are being told of already."""

    store: Store
    tellings: Mapping[str, _Telling]
    busy: frozenset[str]

    def tells_anything(self, order_id: str | None) -> bool:
        """Go through everything undelivered once, page by page; say whether anybody took anything."""
        before, after, is_last = self.told, None, False
        for telling in self.tellings.values():
            telling.passed = None
        while not is_last and self.told < MOST_TOLD:
            page = self.store.undelivered(order_id, after=after, limit=PAGE)
            self._tell_page(news for news in page if news.event.order_id not in self.busy)
            # What was caused meanwhile is for the next round.
            is_last, after = len(page) < PAGE, page[-1].event if page else None
        return self.told > before

    @property
    def told(self) -> int:
        """How often anybody took anything."""
        return sum(telling.told for telling in self.tellings.values())

    def _tell_page(self, page: Iterable[News]) -> None:
        done: list[Event] = []
        try:
            done.extend(news.event for news in page if self._tell(news))
        finally:
            self.store.mark_delivered(done)

    def _tell(self, news: News) -> bool:
        """Tell one event to all who have not taken it; say whether all have it now."""
        event = news.event
        waiting = self.tellings.keys() - news.taken_by
        with _told_now(event.order_id):
            took = {name for name in self.tellings if name in waiting and self.tellings[name].takes(event)}
        if took == waiting:
            return True
        if took:
            self.store.mark_taken(event, took)
        return False


@contextmanager
def _told_now(order_id: str) -> Iterator[None]:
    before = _telling.set(_telling.get() | {order_id})
    try:
        yield
    finally:
        _telling.reset(before)
