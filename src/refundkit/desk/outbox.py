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

from attrs import field, frozen

from refundkit.logs import get_logger
from refundkit.model.events import Event
from refundkit.stores.base import News, Store

__all__ = ["MOST_FAILURES", "Listener", "deliver", "named"]

Listener = Callable[[Event], None]

# A listener that fails on so many orders in a row is down: nobody waits for it any longer in this delivery.
MOST_FAILURES: Final = 20

_log = get_logger("outbox")

# The orders whose news is being told right now: what a listener changes on them is told after that.
_telling: ContextVar[frozenset[str]] = ContextVar("refundkit_telling", default=frozenset())


def named(listeners: Iterable[Listener]) -> Mapping[str, Listener]:
    """Return *listeners* under the names by which a store remembers who has heard what.

    The name is ``listener.name``, or module and name of the function or class; a second one of the same name
    gets a number. Keep names from one release to the next: a new name is a new listener.
    """
    by_name: dict[str, Listener] = {}
    seen: Counter[str] = Counter()
    for listener in listeners:
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
    """Tell every listener what it has not taken yet, of one order or of all (None)."""
    delivery = _Delivery(store=store, listeners=listeners, busy=_telling.get())
    # Listeners may cause events: look again until there is nothing new.
    while delivery.tells_anything(order_id):
        pass


@frozen(kw_only=True)
class _Delivery:
    """One delivery: who failed on which order, and how often in a row."""

    store: Store
    listeners: Mapping[str, Listener]
    busy: frozenset[str]
    stuck: set[tuple[str, str]] = field(factory=set)
    failures: Counter[str] = field(factory=Counter)
    told: Counter[str] = field(factory=Counter)

    def tells_anything(self, order_id: str | None) -> bool:
        """Go through everything undelivered once, page by page; say whether anybody took anything."""
        before, after = self.told.total(), None
        while page := self.store.undelivered(order_id, after=after):
            self._tell_page(news for news in page if news.event.order_id not in self.busy)
            after = page[-1].event
        return self.told.total() > before

    def _tell_page(self, page: Iterable[News]) -> None:
        done: list[Event] = []
        try:
            done.extend(news.event for news in page if self._tell(news))
        finally:
            self.store.mark_delivered(done)

    def _tell(self, news: News) -> bool:
        """Tell one event to all who have not taken it; say whether all have it now."""
        event = news.event
        waiting = self.listeners.keys() - news.taken_by
        with _told_now(event.order_id):
            took = {name for name in self.listeners if name in waiting and self._takes(name, event)}
        if took == waiting:
            return True
        if took:
            self.store.mark_taken(event, took)
        return False

    def _takes(self, name: str, event: Event) -> bool:
        if (name, event.order_id) in self.stuck or self.failures[name] >= MOST_FAILURES:
            return False
        try:
            self.listeners[name](event)
        except Exception as error:  # noqa: BLE001 - a listener must never break a refund, whatever it raises
            _log.error(
                "listener.raised",
                listener=name,
                event_id=event.id,
                kind=event.kind,
                error=type(error).__name__,
            )
            self.stuck.add((name, event.order_id))
            self.failures[name] += 1
            return False
        self.failures[name] = 0
        self.told[name] += 1
        return True


@contextmanager
def _told_now(order_id: str) -> Iterator[None]:
    before = _telling.set(_telling.get() | {order_id})
    try:
        yield
    finally:
        _telling.reset(before)
