"""Stores that are each wrong about events, the sweep, search, hints or numbers."""

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import attrs

from refundkit.model.events import Event
from refundkit.model.orders import Order
from refundkit.model.parties import Actor
from refundkit.stores.base import (
    BY_ID,
    Change,
    Hint,
    News,
    NumberedFunction,
    OrderColumn,
    OrderFilter,
    OrderSort,
    Work,
)
from refundkit.stores.memory import MemoryStore
from tests.stores.broken import PAUSE

# Chapter 4: events.


class FromOne(MemoryStore):
    """Numbers the events of a version from one."""

    def events(self, order_id: str) -> tuple[Event, ...]:
        """Count as people do."""
        return tuple(attrs.evolve(event, number=event.number + 1) for event in super().events(order_id))


class Anonymous(MemoryStore):
    """Does not keep who did it."""

    def events(self, order_id: str) -> tuple[Event, ...]:
        """Forget the actor."""
        return tuple(attrs.evolve(event, actor=Actor.system()) for event in super().events(order_id))


class Textual(MemoryStore):
    """Sorts events by version as text."""

    def events(self, order_id: str) -> tuple[Event, ...]:
        """Put 10 before 2."""
        return tuple(sorted(super().events(order_id), key=lambda event: str(event.version)))


class Lossy(MemoryStore):
    """Keeps the newest ten events."""

    def events(self, order_id: str) -> tuple[Event, ...]:
        """Forget the past."""
        return super().events(order_id)[-10:]


class Listing(MemoryStore):
    """Takes lists of delivered events only."""

    def mark_delivered(self, events: Iterable[Event]) -> None:
        """Go through them twice."""
        for _ in events:
            pass
        super().mark_delivered(events)


class Backwards(MemoryStore):
    """Hands undelivered events out newest first."""

    def undelivered(
        self, order_id: str | None = None, *, after: Event | None = None, limit: int = 1000
    ) -> tuple[News, ...]:
        """Sort the wrong way."""
        return super().undelivered(order_id, after=after)[::-1][:limit]


class Deleting(MemoryStore):
    """Deletes what was delivered."""

    def mark_delivered(self, events: Iterable[Event]) -> None:
        """Take a queue for a history."""
        for event in tuple(events):
            super().mark_delivered([event])
            self._events[event.order_id] = [e for e in self._events[event.order_id] if e.id != event.id]


class FirstPageAgain(MemoryStore):
    """Hands out the first page of undelivered events whatever page is asked for."""

    def undelivered(
        self, order_id: str | None = None, *, after: Event | None = None, limit: int = 1000
    ) -> tuple[News, ...]:
        """Leave *after* out."""
        return super().undelivered(order_id, limit=limit)


class LastTaker(MemoryStore):
    """Remembers of each event who took it last."""

    def mark_taken(self, event: Event, listeners: Iterable[str]) -> None:
        """Write over what was there."""
        if event.id in self._undelivered:
            self._undelivered[event.id] = News(event=event, taken_by=frozenset(tuple(listeners)[:1]))


# Chapter 5: the sweep.


class NewestFirst(MemoryStore):
    """Claims in the order of ids."""

    def claim(
        self, now: datetime, *, until: datetime, limit: int, work: Work = Work.REFUNDS
    ) -> tuple[str, ...]:
        """Forget who has waited longest."""
        return tuple(sorted(super().claim(now, until=until, limit=limit, work=work)))


class Greedy(MemoryStore):
    """Claims everything that is due."""

    def claim(
        self, now: datetime, *, until: datetime, limit: int, work: Work = Work.REFUNDS
    ) -> tuple[str, ...]:
        """Leave the limit out."""
        return super().claim(now, until=until, limit=1000, work=work)


class ClaimsTwice(MemoryStore):
    """Gives everybody what is due."""

    def claim(
        self, now: datetime, *, until: datetime, limit: int, work: Work = Work.REFUNDS
    ) -> tuple[str, ...]:
        """Take no lease."""
        before = self._orders.copy()
        claimed = super().claim(now, until=until, limit=limit, work=work)
        self._orders.update({name: before[name] for name in claimed})
        return claimed


class ForEver(MemoryStore):
    """Leases an order for a year."""

    def claim(
        self, now: datetime, *, until: datetime, limit: int, work: Work = Work.REFUNDS
    ) -> tuple[str, ...]:
        """Let nobody have it when the sweep has died."""
        return super().claim(now, until=until.replace(year=until.year + 1), limit=limit, work=work)


class Counting(MemoryStore):
    """Takes a claim for a change of the order."""

    def claim(
        self, now: datetime, *, until: datetime, limit: int, work: Work = Work.REFUNDS
    ) -> tuple[str, ...]:
        """Count versions."""
        claimed = super().claim(now, until=until, limit=limit, work=work)
        for name in claimed:
            order = self._orders[name]
            self._orders[name] = attrs.evolve(order, version=order.version + 1)
        return claimed


class Pressing(MemoryStore):
    """Never takes a time away that was set."""

    def _write(self, order: Order, events: tuple[Event, ...]) -> tuple[Event, ...]:
        before = self._orders.get(order.id, order)
        return super()._write(attrs.evolve(order, due_at=order.due_at or before.due_at), events)


class Colliding(MemoryStore):
    """Looks at what is due, and takes it later."""

    def claim(
        self, now: datetime, *, until: datetime, limit: int, work: Work = Work.REFUNDS
    ) -> tuple[str, ...]:
        """Let others in between."""
        dates = ((work.due_at(order), order.id) for order in self._orders.values())
        due = sorted((date, name) for date, name in dates if date and date <= now)[:limit]
        time.sleep(PAUSE)
        for _, name in due:
            self._orders[name] = attrs.evolve(self._orders[name], **{work.field: until})
        return tuple(name for _, name in due)


class OneTime(MemoryStore):
    """Has one time for every work."""

    def claim(
        self, now: datetime, *, until: datetime, limit: int, work: Work = Work.REFUNDS
    ) -> tuple[str, ...]:
        """Leave the work out."""
        return super().claim(now, until=until, limit=limit)


class WallClock(MemoryStore):
    """Compares what clocks on walls show."""

    def claim(
        self, now: datetime, *, until: datetime, limit: int, work: Work = Work.REFUNDS
    ) -> tuple[str, ...]:
        """Leave the time zone out."""
        return super().claim(now.replace(tzinfo=UTC), until=until, limit=limit, work=work)


# Chapter 6: search.


class Alphabetical(MemoryStore):
    """Sorts ids as a dictionary does."""

    def search(self, wanted: OrderFilter, sort: OrderSort = BY_ID) -> Iterator[Order]:
        """Put Z behind a."""
        found = super().search(wanted, sort)
        yield from sorted(found, key=lambda order: order.id.casefold()) if sort == BY_ID else found


class CaseSensitive(MemoryStore):
    """Compares e-mail addresses letter by letter."""

    def search(self, wanted: OrderFilter, sort: OrderSort = BY_ID) -> Iterator[Order]:
        """Mind the case."""
        for order in super().search(wanted, sort):
            if wanted.email is None or (order.customer and order.customer.email == wanted.email):
                yield order


class Indexed(MemoryStore):
    """Finds orders by what they were when they were registered."""

    def search(self, wanted: OrderFilter, sort: OrderSort = BY_ID) -> Iterator[Order]:
        """Never update the index."""
        for order in super().search(OrderFilter(), sort):
            if wanted.accepts(self._registered[order.id]):
                yield order


class HundredAtMost(MemoryStore):
    """Finds a hundred orders and says nothing of the others."""

    def search(self, wanted: OrderFilter, sort: OrderSort = BY_ID) -> Iterator[Order]:
        """Stop."""
        for number, order in enumerate(super().search(wanted, sort)):
            if number < 100:
                yield order


class NothingFirst(MemoryStore):
    """Puts orders without a date before the others."""

    def search(self, wanted: OrderFilter, sort: OrderSort = BY_ID) -> Iterator[Order]:
        """Take nothing for the smallest date."""
        found = super().search(wanted, sort)
        dated = sort.by is OrderColumn.PLACED_AT
        yield from sorted(found, key=lambda order: order.placed_at is not None) if dated else found


class Exchanging(MemoryStore):
    """Compares amounts of two currencies."""

    def search(self, wanted: OrderFilter, sort: OrderSort = BY_ID) -> Iterator[Order]:
        """Take a yen for a cent."""
        if sort.by is not OrderColumn.REFUNDED:
            return super().search(wanted, sort)
        found = super().search(wanted)
        return iter(sorted(found, key=lambda order: order.refunded.minor, reverse=sort.descending))


class SortedOnce(MemoryStore):
    """Sorts orders by what they were when they were registered."""

    def search(self, wanted: OrderFilter, sort: OrderSort = BY_ID) -> Iterator[Order]:
        """Never update the index."""
        for order in sort.arranged(self._registered.values()):
            if wanted.accepts(newest := self._orders[order.id]):
                yield newest


# Chapter 7: hints.


class Talkative(MemoryStore):
    """Tells hints that nobody answers to."""

    def hints(self, order_id: str | None = None, *, limit: int = 100) -> tuple[Hint, ...]:
        """Name some order."""
        for gateway, reference in self._hints:
            self._references.setdefault((gateway, reference), "o-0")
        return super().hints(order_id, limit=limit)


class ReferencesOnly(MemoryStore):
    """Does not look at aliases and groups when an order comes."""

    def hints(self, order_id: str | None = None, *, limit: int = 100) -> tuple[Hint, ...]:
        """Look at references."""
        known = {payment.reference for order in self._orders.values() for payment in order.payments}
        return tuple(hint for hint in super().hints(order_id, limit=limit) if hint.reference in known)


class Unforgetting(MemoryStore):
    """Keeps hints that were followed."""

    def drop_hint(self, hint: Hint) -> None:
        """Keep it."""


class Hoarding(MemoryStore):
    """Takes a hint that comes again for a new one, so that it never grows old."""

    def keep_hint(self, gateway: str, reference: str, *, at: datetime) -> None:
        """Write the newest time down."""
        self._hints[gateway, reference] = at


class Flooding(MemoryStore):
    """Tells all hints at once."""

    def hints(self, order_id: str | None = None, *, limit: int = 100) -> tuple[Hint, ...]:
        """Leave the limit out."""
        return super().hints(order_id, limit=1000)


class Unanswered(MemoryStore):
    """Counts hints that nobody answers to against the limit."""

    def hints(self, order_id: str | None = None, *, limit: int = 100) -> tuple[Hint, ...]:
        """Look at the first ones only."""
        first = list(self._hints)[:limit]
        return tuple(h for h in super().hints(order_id) if (h.gateway, h.reference) in first)


# Chapter 8: numbers.


class OneSeries(MemoryStore):
    """Has one counter for every series."""

    def issue(self, order_id: str, series: str, function: NumberedFunction) -> Change:
        """Leave the series out."""
        return super().issue(order_id, "", function)


class Gappy(MemoryStore):
    """Takes a number out of a sequence, whatever becomes of it."""

    def issue(self, order_id: str, series: str, function: NumberedFunction) -> Change:
        """Use a number up."""
        number = self._series[series] = self._series.get(series, 0) + 1
        return self.change(order_id, lambda order: function(order, number))


class Guessing(MemoryStore):
    """Looks which number is next before it takes the lock."""

    def issue(self, order_id: str, series: str, function: NumberedFunction) -> Change:
        """Let others in between."""
        number = self._series.get(series, 0) + 1
        time.sleep(PAUSE)
        return super().issue(order_id, series, lambda order, _: function(order, number))
