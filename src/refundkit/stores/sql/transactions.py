"""Transactions: how SQLite and PostgreSQL let one writer after the other have an order.

SQLite has one writer at a time: ``BEGIN IMMEDIATE`` takes its place, and whoever does not get it asks again
after a short, random pause; SQLite's own way of waiting starves some of them for seconds. PostgreSQL locks
rows; a serialization failure or a deadlock undoes a transaction, which then runs again.

A connection belongs to the process that made it. After a fork each process gets connections of its own.
"""

from __future__ import annotations

import os
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from refundkit.errors import StoreBusyError, StoreError
from refundkit.stores.sql.failures import SQLITE_HELD, cause, explained, is_conflict

__all__ = ["OutpacedError", "Transactions"]

T = TypeVar("T")


class OutpacedError(Exception):
    """Somebody else was faster: roll back and do it again on what is true now."""


class _Patience:
    """How long one writer has waited, and how long it may: *limit* seconds."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.began = time.monotonic()

    def pause(self) -> None:
        """Sleep for a moment: the longer somebody waits, the more often it asks.

        Raises:
            StoreBusyError: when the time is over.
        """
        waited = time.monotonic() - self.began
        if waited >= self.limit:
            raise StoreBusyError(f"Others held the store for {self.limit} s. Nothing was changed; try again.")
        longest = max(0.002, 0.015 / (1 + (waited * 30) ** 2))
        time.sleep(random.uniform(longest / 4, longest))  # noqa: S311 - it keeps waiters apart, not secrets


class Transactions(ABC):
    """Reads and writes on one engine, in the way that its database needs; waits at most *deadline* seconds."""

    @staticmethod
    def on(engine: sa.Engine, deadline: float) -> Transactions:
        """Choose by the engine's database.

        Raises:
            StoreError: if it is neither SQLite in a file nor PostgreSQL.
        """
        for kind in (_SQLite, _PostgreSQL):
            if kind.dialect == engine.dialect.name:
                return kind(engine, deadline)
        raise StoreError(f"SQLStore works on SQLite and PostgreSQL, not on {engine.dialect.name}.")

    dialect: str

    def __init__(self, engine: sa.Engine, deadline: float) -> None:
        self._engine = engine
        self._deadline = deadline
        self._process = os.getpid()

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run *work* in one transaction; all of it happens, or nothing, and it may run more than once.

        Raises:
            StoreBusyError: if others were in the way until the deadline.
            StoreError: if the database refuses or fails.
        """
        patience = _Patience(self._deadline)
        while True:
            try:
                with self._writing(patience) as connection:
                    return work(connection)
            except OutpacedError:
                pass
            except exc.SQLAlchemyError as error:
                if not isinstance(error, exc.DBAPIError) or not is_conflict(error):
                    raise explained(error) from cause(error)
            patience.pause()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Give a connection on which every statement sees the same moment.

        Raises:
            StoreError: if the database fails.
        """
        try:
            with self._reading() as connection:
                yield connection
        except exc.SQLAlchemyError as error:
            raise explained(error) from cause(error)

    def lock(self, select: sa.Select[Any], *, skip: bool = False) -> sa.Select[Any]:
        """Have *select* lock the rows that it finds; with *skip* it leaves out what others have locked."""
        return select.with_for_update(skip_locked=skip)

    @abstractmethod
    def prepare(self, connection: sa.Connection) -> None:
        """Keep other processes from creating the tables at the same time."""

    @contextmanager
    @abstractmethod
    def _reading(self) -> Iterator[sa.Connection]: ...

    @contextmanager
    @abstractmethod
    def _writing(self, patience: _Patience) -> Iterator[sa.Connection]: ...

    def _connect(self, **options: Any) -> sa.Connection:
        if os.getpid() != self._process:
            # The parent still uses its connections: forget them without closing them.
            self._engine.dispose(close=False)
            self._process = os.getpid()
        connection = self._engine.connect()
        return connection.execution_options(**options) if options else connection


def _commit(commit: Callable[[], object]) -> None:
    try:
        commit()
    except exc.DBAPIError as error:
        if is_conflict(error):
            raise
        # A connection that breaks now may have broken before the commit or after it.
        raise StoreError(
            f"The database failed while it committed ({type(error.orig).__name__}); whether the change was "
            "written is not known. Read the order again, or repeat the request under its key."
        ) from None


class _SQLite(Transactions):
    """One writer at a time; readers see what was committed when they began (WAL)."""

    dialect = "sqlite"
    _is_contended = False

    def __init__(self, engine: sa.Engine, deadline: float) -> None:
        super().__init__(engine, deadline)
        if engine.url.database in (None, "", ":memory:") or "mode=memory" in str(engine.url):
            raise StoreError(
                "SQLite in memory would give every thread a database of its own; use a file, as in "
                "sqlite:///refunds.db, or refundkit's MemoryStore."
            )

    def prepare(self, connection: sa.Connection) -> None:
        """Do nothing: whoever writes is alone."""

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._prepared() as connection:
            connection.exec_driver_sql("BEGIN")
            try:
                yield connection
            finally:
                _roll_back(connection)

    @contextmanager
    def _writing(self, patience: _Patience) -> Iterator[sa.Connection]:
        with self._prepared() as connection:
            self._begin(connection, patience)
            if not _driver(connection).in_transaction:
                # Every statement would be a commit of its own. Rather nothing at all.
                raise StoreError("SQLite did not begin a transaction.")
            try:
                yield connection
                _commit(lambda: connection.exec_driver_sql("COMMIT"))
            finally:
                _roll_back(connection)

    def _begin(self, connection: sa.Connection, patience: _Patience) -> None:
        # Past SQLAlchemy: a refused BEGIN is no failure here, and wrapping it would cost most of the time.
        driver = _driver(connection)
        # Only BEGIN waits in our way. Later statements of a writer wait for nobody, except after a crash.
        driver.execute("PRAGMA busy_timeout = 0").close()
        try:
            if self._is_contended:
                # Whoever had to wait gives way once: it would take its place again before anybody wakes up.
                patience.pause()
            begun = _has_begun(driver)
            self._is_contended = not begun
            while not begun:
                patience.pause()
                begun = _has_begun(driver)
        finally:
            driver.execute("PRAGMA busy_timeout = 5000").close()

    @contextmanager
    def _prepared(self) -> Iterator[sa.Connection]:
        # AUTOCOMMIT is SQLAlchemy's word for leaving BEGIN and COMMIT to us.
        with self._connect(isolation_level="AUTOCOMMIT") as connection:
            if not connection.info.get("refundkit"):
                _set_up(connection)
                connection.info["refundkit"] = True
            yield connection


def _set_up(connection: sa.Connection) -> None:
    """Make one connection durable and strict, and see that it is.

    Raises:
        StoreError: if this SQLite cannot be.
    """
    connection.exec_driver_sql("PRAGMA busy_timeout = 5000")
    if connection.exec_driver_sql("PRAGMA journal_mode = WAL").scalar_one() != "wal":
        raise StoreError(
            "SQLite keeps no write-ahead log here (a network folder?); use a file on a local disk."
        )
    connection.exec_driver_sql("PRAGMA synchronous = FULL")
    connection.exec_driver_sql("PRAGMA foreign_keys = ON")
    if connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one_or_none() != 1:
        raise StoreError("This build of SQLite has no foreign keys.")


def _driver(connection: sa.Connection) -> Any:
    return connection.connection.driver_connection


def _has_begun(driver: Any) -> bool:
    try:
        driver.execute("BEGIN IMMEDIATE")
    except driver.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in SQLITE_HELD:
            return False
        raise StoreError(f"SQLite cannot begin ({error.sqlite_errorname}).") from error
    return True


def _roll_back(connection: sa.Connection) -> None:
    # Not by a statement: SQLite may have rolled back by itself, and has nothing to undo after a commit.
    connection.connection.rollback()


class _PostgreSQL(Transactions):
    """Row locks; the version that every change writes makes it hold under REPEATABLE READ too."""

    dialect = "postgresql"

    def prepare(self, connection: sa.Connection) -> None:
        """Let one process after the other create the tables."""
        connection.execute(_ALONE)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._connect(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
            yield connection

    @contextmanager
    def _writing(self, patience: _Patience) -> Iterator[sa.Connection]:
        with self._connect() as connection:
            if getattr(connection.connection.dbapi_connection, "autocommit", False):
                raise StoreError(
                    "The engine is in AUTOCOMMIT; SQLStore needs transactions, so leave that out."
                )
            connection.execute(_BEGIN, {"wait": f"{patience.limit * 1000:.0f}"})
            yield connection
            try:
                _commit(connection.commit)
            except StoreError:
                # It may still be in the transaction, and hold its locks: nobody shall work with it again.
                connection.invalidate()
                raise


# A lock is waited for no longer than the deadline. A commit is on disk before it is called one; settings that
# wait for standby servers as well are left alone.
_BEGIN = sa.text(
    "SELECT set_config('lock_timeout', :wait, true), CASE current_setting('synchronous_commit') "
    "WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END"
)
_ALONE = sa.text("SELECT pg_advisory_xact_lock(5720483017)")
