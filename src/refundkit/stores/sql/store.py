"""A store in an SQL database: SQLite in a file of your own, or PostgreSQL, with the very same code."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import attrs
import sqlalchemy as sa
from sqlalchemy import exc

from refundkit.errors import OrderNotFoundError, StoreError
from refundkit.model import fields
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
    require_same,
    stamped,
)
from refundkit.stores.sql import reading, rows, schema, searching, tables, writing
from refundkit.stores.sql.transactions import Transactions

__all__ = ["SQLStore"]

T = TypeVar("T")

DEADLINE = 30.0


class SQLStore(Store):
    """Orders and events in tables named ``refundkit_…``; threads and processes may share the database.

    ``deadline`` is how long a change waits for others, in seconds.

    The engine is yours to configure and to dispose of; `open` makes one. On SQLite every connection that the
    store uses gets a write-ahead log, ``synchronous = FULL`` and foreign keys. A process that was forked makes
    connections of its own.
    """

    def __init__(self, engine: sa.Engine, *, deadline: float = DEADLINE) -> None:
        self._engine = engine
        self._transactions = Transactions.on(engine, deadline)
        self._mine = threading.local()
        self._owns_engine = False

    @classmethod
    def open(cls, url: str | sa.URL, *, create: bool = True, deadline: float = DEADLINE) -> Self:
        """Open the database at *url*, such as ``sqlite:///refunds.db`` or ``postgresql://user@host/shop``.

        With *create* the tables are created where they are missing.

        Raises:
            StoreError: if the database cannot be used, or not be reached, or was made by another version.
        """
        store = cls(_engine(url, deadline), deadline=deadline)
        store._owns_engine = True
        if create:
            try:
                store.create_tables()
            except BaseException:
                store.close()
                raise
        return store

    def create_tables(self) -> None:
        """Create the tables and triggers that are missing; what is there stays as it is.

        Raises:
            StoreError: if another version of refundkit made the tables, with other columns.
        """

        def create(connection: sa.Connection) -> None:
            self._transactions.prepare(connection)
            schema.create(connection)

        self._write(create)

    def close(self) -> None:
        """Close the connections of an engine that `open` made."""
        if self._owns_engine:
            self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # Writing.

    def add(self, order: Order, events: tuple[Event, ...]) -> bool:
        def add(connection: sa.Connection) -> bool:
            known = connection.execute(reading.registered, {"id": order.id}).scalar_one_or_none()
            if known is not None:
                require_same(rows.registered(known), order)
                return False
            first = attrs.evolve(order, version=1)
            writing.insert_order(connection, order, first)
            writing.insert_events(connection, stamped(first, events))
            return True

        return self._write(add)

    def change(self, order_id: str, function: ChangeFunction) -> Change:
        return self._write(lambda connection: self._change(connection, order_id, function))

    def _change(self, connection: sa.Connection, order_id: str, function: ChangeFunction) -> Change:
        order = _read(connection, self._transactions.lock(reading.order_row), order_id)
        newer, events = function(order)
        if newer is order and not events:
            return Change(order=order)
        newer = attrs.evolve(newer, version=order.version + 1)
        events = stamped(newer, events)
        writing.update_order(connection, order, newer)
        writing.insert_events(connection, events)
        return Change(order=newer, events=events)

    def issue(self, order_id: str, series: str, function: NumberedFunction) -> Change:
        def issue(connection: sa.Connection) -> Change:
            # The order is locked first and the series last, as everybody does it.
            def numbered(order: Order) -> tuple[Order, tuple[Event, ...]]:
                newer, events = function(order, writing.next_number(connection, series))
                if newer is order and not events:
                    writing.put_back(connection, series)
                return newer, events

            return self._change(connection, order_id, numbered)

        return self._write(issue)

    def claim(
        self, now: datetime, *, until: datetime, limit: int, work: Work = Work.REFUNDS
    ) -> tuple[str, ...]:
        def claim(connection: sa.Connection) -> tuple[str, ...]:
            select = self._transactions.lock(reading.due(work, now, max(limit, 0)), skip=True)
            claimed = tuple(connection.scalars(select))
            if claimed:
                lease = sa.update(tables.orders).where(tables.orders.c.id.in_(claimed))
                connection.execute(lease.values({work.field: until}))
            return claimed

        return self._write(claim)

    def mark_delivered(self, events: Iterable[Event]) -> None:
        delivered = tuple(events)
        if delivered:
            self._write(lambda connection: writing.mark_delivered(connection, delivered))

    def mark_taken(self, event: Event, listeners: Iterable[str]) -> None:
        lock = self._transactions.lock
        self._write(lambda connection: writing.mark_taken(connection, lock, event, listeners))

    def keep_hint(self, gateway: str, reference: str, *, at: datetime) -> None:
        self._write(lambda connection: writing.keep_hint(connection, gateway, reference, at))

    def drop_hint(self, hint: Hint) -> None:
        self._write(lambda connection: writing.drop_hint(connection, hint))

    def drop_hints(self, *, before: datetime) -> None:
        self._write(lambda connection: writing.drop_hints(connection, before))

    def _write(self, work: Callable[[sa.Connection], T]) -> T:
        # A second writer of the same thread would wait for the first one for ever.
        if getattr(self._mine, "writes", False):
            raise StoreError(
                "A function given to change() must not change the store itself; return its wish."
            )
        self._mine.writes = True
        try:
            return self._transactions.write(work)
        finally:
            self._mine.writes = False

    # Reading.

    def get(self, order_id: str) -> Order:
        with self._transactions.read() as connection:
            return _read(connection, reading.order_row, order_id)

    def find_payment(self, gateway: str, reference: str) -> str | None:
        if not _can_be_here(gateway, reference):
            return None
        with self._transactions.read() as connection:
            return reading.find_owner(connection, gateway, reference)

    def find_refund(self, refund_id: str) -> str | None:
        if not _can_be_here(refund_id):
            return None
        with self._transactions.read() as connection:
            return reading.find_refund(connection, refund_id)

    def search(self, wanted: OrderFilter, sort: OrderSort = BY_ID) -> Iterator[Order]:
        for section in searching.sections(sort):
            last, more = None, True
            while more:
                # No connection is held while the caller looks at a page.
                with self._transactions.read() as connection:
                    page, last = searching.page(connection, wanted, section, last)
                yield from page
                more = last is not None

    def events(self, order_id: str) -> tuple[Event, ...]:
        if not _can_be_here(order_id):
            return ()
        with self._transactions.read() as connection:
            return reading.events_of(connection, order_id)

    def undelivered(
        self, order_id: str | None = None, *, after: Event | None = None, limit: int = 1000
    ) -> tuple[News, ...]:
        with self._transactions.read() as connection:
            return reading.undelivered(connection, order_id, after, limit)

    def hints(self, order_id: str | None = None, *, limit: int = 100) -> tuple[Hint, ...]:
        with self._transactions.read() as connection:
            found = connection.execute(reading.hints(order_id, limit)).all()
        return tuple(
            Hint(gateway=gateway, reference=reference, order_id=owner) for gateway, reference, owner in found
        )


def _can_be_here(*names: str) -> bool:
    """Whether a database could hold these names: what it could not, it does not have either."""
    return all(fields.is_storable(name) for name in names)


def _read(connection: sa.Connection, select: sa.Select[Any], order_id: str) -> Order:
    row = connection.execute(select, {"id": order_id}).one_or_none() if _can_be_here(order_id) else None
    if row is None:
        raise OrderNotFoundError(f"There is no order {order_id!r}.", order_id=order_id)
    return reading.one(connection, row)


def _engine(url: str | sa.URL, deadline: float) -> sa.Engine:
    # A statement's values are nobody's business in a log or an error (law S2).
    options = {"hide_parameters": True, "poolclass": sa.QueuePool, "pool_timeout": deadline}
    try:
        return sa.create_engine(_with_driver(sa.make_url(url)), **options)
    except (exc.ArgumentError, ValueError):
        # The URL may hold a password, so it is not shown.
        raise StoreError("That is no database URL; one looks like sqlite:///refunds.db.") from None
    except ModuleNotFoundError as missing:
        raise ImportError(
            f"SQLStore needs {missing.name} for this URL; for PostgreSQL: pip install 'refundkit[postgresql]'."
        ) from missing


def _with_driver(url: sa.URL) -> sa.URL:
    """Take psycopg 3 where the URL does not name a driver; SQLAlchemy 2.0 would take psycopg2."""
    plain = url.drivername in ("postgresql", "postgres")
    return url.set(drivername="postgresql+psycopg") if plain else url
