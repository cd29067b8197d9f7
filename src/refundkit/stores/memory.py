"""A store in memory: for tests, demonstrations and simulation. It forgets everything when it goes."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Any

import attrs

from refundkit.errors import OrderNotFoundError, StoreError
from refundkit.model.events import Event
from refundkit.model.orders import Order
from refundkit.stores.base import (
    BY_ID,
    Change,
    ChangeFunction,
    Hint,
    News,
    NumberedFunction,
    OrderFilter,
    OrderSort,
    Store,
    Work,
    names_of,
    require_free,
    require_same,
    stamped,
)

__all__ = ["MemoryStore"]


class MemoryStore(Store):
    """Orders and events in dictionaries behind one lock; any number of threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changing: int | None = None
        self._registered: dict[str, Order] = {}
        self._orders: dict[str, Order] = {}
        self._events: dict[str, list[Event]] = {}
        self._undelivered: dict[str, News] = {}
        self._references: dict[tuple[str, str], str] = {}
        self._refunds: dict[str, str] = {}
        self._series: dict[str, int] = {}
        self._hints: dict[tuple[str, str], datetime] = {}

    @contextmanager
    def _writing(self) -> Iterator[None]:
        if self._changing == threading.get_ident():
            raise StoreError(
                "A function given to change() must not change the store itself; return its wish."
            )
        with self._lock:
            yield

    def add(self, order: Order, events: tuple[Event, ...]) -> bool:
        with self._writing():
            known = self._registered.get(order.id)
            if known is not None:
                require_same(known, order)
                return False
            self._write(attrs.evolve(order, version=1), events)
            self._registered[order.id] = order
            return True

    def get(self, order_id: str) -> Order:
        try:
            return self._orders[order_id]
        except KeyError:
            raise OrderNotFoundError(f"There is no order {order_id!r}.", order_id=order_id) from None

    def change(self, order_id: str, function: ChangeFunction) -> Change:
        return self._change(order_id, function)

    def issue(self, order_id: str, series: str, function: NumberedFunction) -> Change:
        def numbered(order: Order) -> tuple[Order, tuple[Event, ...]]:
            return function(order, self._series.get(series, 0) + 1)

        return self._change(order_id, numbered, series=series)

    def _change(self, order_id: str, function: ChangeFunction, *, series: str | None = None) -> Change:
        with self._writing():
            self._changing = threading.get_ident()
            try:
                change = self._apply(before := self.get(order_id), function)
            finally:
                self._changing = None
            if series is not None and change.order is not before:
                self._series[series] = self._series.get(series, 0) + 1
            return change

    def _apply(self, order: Order, function: ChangeFunction) -> Change:
        newer, events = function(order)
        if newer is order and not events:
            return Change(order=order)
        newer = attrs.evolve(newer, version=order.version + 1)
        return Change(order=newer, events=self._write(newer, events))

    def _write(self, order: Order, events: tuple[Event, ...]) -> tuple[Event, ...]:
        references = [(payment.gateway, name) for payment in order.payments for name in names_of(payment)]
        for gateway, reference in references:
            require_free(gateway, reference, order.id, self._references.get((gateway, reference), order.id))
        written = stamped(order, events)
        self._references.update(dict.fromkeys(references, order.id))
        self._refunds.update({refund.id: order.id for refund in order.refunds})
        self._events.setdefault(order.id, []).extend(written)
        self._undelivered.update({event.id: News(event=event) for event in written})
        # Last: who reads without the lock and sees the new order finds all the rest as well.
        self._orders[order.id] = order
        return written

    def find_payment(self, gateway: str, reference: str) -> str | None:
        return self._references.get((gateway, reference))

    def find_refund(self, refund_id: str) -> str | None:
        return self._refunds.get(refund_id)

    def search(self, wanted: OrderFilter, sort: OrderSort = BY_ID) -> Iterator[Order]:
        for order in sort.arranged(self._orders.copy().values()):
            if wanted.accepts(newest := self._orders[order.id]):
                yield newest

    def claim(
        self, now: datetime, *, until: datetime, limit: int, work: Work = Work.REFUNDS
    ) -> tuple[str, ...]:
        with self._writing():
            dates = ((work.due_at(order), order.id) for order in self._orders.values())
            due = sorted((date, order_id) for date, order_id in dates if date and date <= now)
            claimed = tuple(order_id for _, order_id in due[:limit])
            for order_id in claimed:
                lease: dict[str, Any] = {work.field: until}
                self._orders[order_id] = attrs.evolve(self._orders[order_id], **lease)
            return claimed

    def events(self, order_id: str) -> tuple[Event, ...]:
        return tuple(self._events.get(order_id, ()))

    def undelivered(
        self, order_id: str | None = None, *, after: Event | None = None, limit: int = 1000
    ) -> tuple[News, ...]:
        waiting = (
            news for news in self._undelivered.copy().values() if order_id in (None, news.event.order_id)
        )
        behind = (news for news in waiting if after is None or _place(news.event) > _place(after))
        return tuple(sorted(behind, key=lambda news: _place(news.event))[:limit])

    def mark_taken(self, event: Event, listeners: Iterable[str]) -> None:
        with self._writing():
            if (known := self._undelivered.get(event.id)) is not None:
                taken_by = known.taken_by | frozenset(listeners)
                self._undelivered[event.id] = attrs.evolve(known, taken_by=taken_by)

    def mark_delivered(self, events: Iterable[Event]) -> None:
        with self._writing():
            for event in events:
                self._undelivered.pop(event.id, None)

    def keep_hint(self, gateway: str, reference: str, *, at: datetime) -> None:
        with self._writing():
            self._hints.setdefault((gateway, reference), at)

    def hints(self, order_id: str | None = None, *, limit: int = 100) -> tuple[Hint, ...]:
        known = ((*name, self._references.get(name)) for name in self._hints.copy())
        answered = (
            Hint(gateway=gateway, reference=reference, order_id=owner)
            for gateway, reference, owner in known
            if owner is not None and order_id in (None, owner)
        )
        return tuple(islice(answered, limit))

    def drop_hint(self, hint: Hint) -> None:
        with self._writing():
            self._hints.pop((hint.gateway, hint.reference), None)

    def drop_hints(self, *, before: datetime) -> None:
        with self._writing():
            self._hints = {name: at for name, at in self._hints.items() if at >= before}


def _place(event: Event) -> tuple[str, int, int]:
    return event.order_id, event.version, event.number
