"""A sweep over very many orders, measured: how long does it take to find the few that are due?

    python -m tests.chaos.many_rows --engine sqlite --orders 1000000
    python -m tests.chaos.many_rows --engine postgresql --orders 1000000

One order is refunded by the desk; all others are copies of its rows, made by the database itself. One in a
hundred is due, one in ten will be looked at again within the month, the rest is at rest for good.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from refundkit import RefundDesk, RefundRequest
from refundkit.stores.sql import SQLStore, metadata
from tests.chaos.contention import database
from tests.chaos.hammer import ONE, InstantGateway, an_order

ORIGINAL = "o-0"
STEP = 50_000
# What tells the copies apart, by column name; every other value is the original's.
OWN = {"order_id", "refund_id", "reference", "id"}


def fill(store: SQLStore, orders: int) -> float:
    """Make so many orders with one settled refund each; return the seconds that it took."""
    desk = RefundDesk(store=store, gateways=[InstantGateway()], listeners=[lambda _: None])
    desk.register(an_order(ORIGINAL, 5))
    desk.refund(ORIGINAL, RefundRequest(key="once", reason="many rows", amount=ONE))
    began = time.monotonic()
    for first in range(1, orders, STEP):
        with store._engine.connect() as connection:
            _unchecked(connection)
            for statement in _copies(first, min(first + STEP, orders) - 1):
                connection.exec_driver_sql(statement)
            connection.commit()
    with store._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    return time.monotonic() - began


def _unchecked(connection: sa.Connection) -> None:
    """Leave out the checks that the copies pass anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    else:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF").close()


def _copies(first: int, last: int) -> Iterator[str]:
    """Yield one statement per table that copies the original's rows for the orders *first* to *last*."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})"  # noqa: S608 - numbers of our own
    for table in metadata.sorted_tables:
        owner = "id" if table.name == "refundkit_orders" else "order_id"
        if owner not in table.c:
            continue
        names = ", ".join(f'"{column.name}"' for column in table.c)
        values = ", ".join(_value(table, column) for column in table.c)
        # The order of WITH and INSERT that both engines understand.
        yield (
            f"INSERT INTO {table.name} ({names}) {numbers} "  # noqa: S608 - names of our own tables
            f"SELECT {values} FROM n, {table.name} o WHERE o.{owner} = '{ORIGINAL}'"
        )


def _value(table: sa.Table, column: sa.Column) -> str:
    if column.name == "due_at":
        return "NULL"
    is_id = column.name in OWN and not (table.name == "refundkit_payments" and column.name == "id")
    if (table.name, column.name) == ("refundkit_orders", "id") or column.name == "order_id":
        return "'o-' || i"
    return f"o.{column.name} || '-' || i" if is_id else f'o."{column.name}"'


def schedule(store: SQLStore, orders: int) -> int:
    """Let one in a hundred be due, and one in ten be looked at again later; return how many are due."""
    due, later = max(orders // 100, 1), max(orders // 10, 1)
    now, table = datetime.now(UTC), metadata.tables["refundkit_orders"]
    with store._engine.begin() as connection:
        for every, at in (
            (orders // later, now + timedelta(days=20)),
            (orders // due, now - timedelta(hours=1)),
        ):
            chosen = [f"o-{number}" for number in range(1, orders, every)]
            change = sa.update(table).where(table.c.id == sa.bindparam("one")).values(due_at=at)
            connection.execute(change, [{"one": each} for each in chosen])
    return len(chosen)


def plan(store: SQLStore) -> str:
    """Return how the database finds what is due: its plan of the very statement that a claim sends."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        sent.append((statement, values))

    sa.event.listen(store._engine, "before_cursor_execute", note)
    store.claim(datetime.now(UTC) - timedelta(days=1), until=datetime.now(UTC), limit=100)
    sa.event.remove(store._engine, "before_cursor_execute", note)
    statement, values = next(each for each in sent if "due_at <=" in each[0])
    word = "EXPLAIN QUERY PLAN" if store._engine.dialect.name == "sqlite" else "EXPLAIN (ANALYZE, BUFFERS)"
    with store._engine.connect() as connection:
        found = connection.exec_driver_sql(f"{word} {statement}", values)
        return "\n".join(f"    {row[-1]}" for row in found)


def sweep(store: SQLStore) -> list[float]:
    """Claim everything that is due, a hundred at a time; return how long each claim took."""
    now, took = datetime.now(UTC), []
    while True:
        began = time.monotonic()
        if not store.claim(now, until=now + timedelta(hours=2), limit=100):
            return took
        took.append(time.monotonic() - began)


def refund_some(store: SQLStore, orders: int, times: int = 200) -> list[float]:
    """Refund again on orders anywhere; return how long each refund took."""
    desk, took = RefundDesk(store=store, gateways=[InstantGateway()]), []
    request = RefundRequest(key="again", reason="many rows", amount=ONE)
    for number in range(1, orders, max(orders // times, 1)):
        began = time.monotonic()
        desk.refund(f"o-{number}", request)
        took.append(time.monotonic() - began)
    return took


def _shown(name: str, took: list[float]) -> str:
    millis = sorted(1000 * seconds for seconds in took)
    return (
        f"{name}: median {statistics.median(millis):.2f} ms, p99 {millis[int(len(millis) * 0.99)]:.2f} ms, "
        f"worst {millis[-1]:.2f} ms"
    )


def main(arguments: list[str]) -> None:
    """Fill, sweep, and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.many_rows")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--orders", type=int, default=1_000_000)
    asked = parser.parse_args(arguments)
    with database(asked.engine) as url, SQLStore.open(url) as store:
        lines = [f"{asked.engine}, {asked.orders} orders, filled in {fill(store, asked.orders):.0f} s"]
        due = schedule(store, asked.orders)
        lines += ["how what is due is found:", plan(store)]
        took = sweep(store)
        lines += [f"{due} were due, claimed at {due / sum(took):.0f} orders/s", _shown("claim of 100", took)]
        lines += [_shown("claim when nothing is due", [_idle(store) for _ in range(100)])]
        lines += [_shown("a refund", refund_some(store, asked.orders))]
    print("\n".join([*lines, f"load average {os.getloadavg()[0]:.1f}"]))  # noqa: T201 - a script that reports


def _idle(store: SQLStore) -> float:
    began = time.monotonic()
    sweep(store)
    return time.monotonic() - began


if __name__ == "__main__":
    main(sys.argv[1:])
