"""The outbox: events reach the listeners after the commit, at least once, in order per order (law T4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar

from refundkit.logs import get_logger
from refundkit.model.events import Event
from refundkit.stores.base import Store

__all__ = ["Listener", "deliver"]

Listener = Callable[[Event], None]

_log = get_logger("outbox")

# The orders whose news is being told right now: what a listener changes on them is told after that.
_telling: ContextVar[frozenset[str]] = ContextVar("refundkit_telling", default=frozenset())


def deliver(store: Store, listeners: Iterable[Listener], order_id: str | None = None) -> int:
    """Hand every undelivered event to every listener; return how many events were delivered.

    An event is delivered once all listeners took it. Until then it and all later events of its order wait,
    and it is told to all of them again: a listener must expect the same event (`Event.id`) more than once.
    """
    listeners = tuple(listeners)
    delivered = 0
    stuck = set(_telling.get())
    while events := [event for event in store.undelivered(order_id) if event.order_id not in stuck]:
        delivered += _deliver(store, listeners, events, stuck)
    return delivered


def _deliver(store: Store, listeners: tuple[Listener, ...], events: Iterable[Event], stuck: set[str]) -> int:
    told: list[Event] = []
    try:
        for event in events:
            if event.order_id not in stuck and _told_all(listeners, event):
                told.append(event)
            else:
                stuck.add(event.order_id)
    finally:
        store.mark_delivered(told)
    return len(told)


def _told_all(listeners: Iterable[Listener], event: Event) -> bool:
    """Tell every listener, also after one has raised; say whether all of them took it."""
    before = _telling.set(_telling.get() | {event.order_id})
    try:
        return all(tuple(_told(listener, event) for listener in listeners))
    finally:
        _telling.reset(before)


def _told(listener: Listener, event: Event) -> bool:
    try:
        listener(event)
    except Exception as error:  # noqa: BLE001 - a listener must never break a refund, whatever it raises
        _log.error("listener.raised", event_id=event.id, kind=event.kind, error=type(error).__name__)
        return False
    return True
