"""How the SQL store talks to its database: durably, isolated, and no more than it must."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import attrs
import pytest
import sqlalchemy as sa

from refundkit.errors import OrderNotFoundError, StoreError
from refundkit.model.marks import Note
from refundkit.model.parties import Actor
from refundkit.model.refunds import RefundStatus
from refundkit.stores.base import OrderColumn, OrderFilter, OrderSort, Work
from refundkit.stores.sql import SQLStore, reading, searching, writing
from refundkit.testing.builders import (
    NOW,
    eur,
    make_event,
    make_flag,
    make_order,
    make_payment,
)
from refundkit.testing.store_rules.base import at_once
from tests.stores.database import counted, is_write, raw, reserve


class TestDurability:
    def test_sqlite_settings(self, sqlite_store, sqlite_url):
        """Every connection has a write-ahead log, a full sync and foreign keys."""
        sqlite_store.add(make_order(), ())
        with SQLStore.open(sqlite_url, create=False) as store, store._transactions.read() as connection:
            names = ("journal_mode", "synchronous", "foreign_keys")
            assert [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names] == ["wal", 2, 1]

    def test_no_write_without_a_transaction(self, sqlite_store, monkeypatch):
        """Should BEGIN ever be skipped, nothing is written, in place of one commit per statement."""
        monkeypatch.setattr(type(sqlite_store._transactions), "_begin", lambda *_: None)
        with pytest.raises(StoreError, match="did not begin"):
            sqlite_store.add(make_order(), ())
        with pytest.raises(OrderNotFoundError):
            sqlite_store.get("o-1")

    def test_postgresql_commits_durably(self, empty_postgresql):
        """A session that would commit before the disk has it (synchronous_commit = off) is overruled."""
        url = sa.make_url(empty_postgresql)
        options = f"{url.query['options']} -csynchronous_commit=off"
        engine = sa.create_engine(url.update_query_dict({"options": options}))
        store = SQLStore(engine)
        seen = store._transactions.write(lambda c: c.exec_driver_sql("SHOW synchronous_commit").scalar())
        with engine.connect() as connection:
            after = connection.exec_driver_sql("SHOW synchronous_commit").scalar()
        engine.dispose()
        assert (seen, after) == ("on", "off")

    def test_autocommit_engine_is_refused(self, empty_postgresql):
        """An engine without transactions cannot keep a change together."""
        engine = sa.create_engine(empty_postgresql, isolation_level="AUTOCOMMIT")
        with pytest.raises(StoreError, match="AUTOCOMMIT"):
            SQLStore(engine).add(make_order(), ())
        engine.dispose()


class TestIsolation:
    @pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
    def test_cap_at_every_level(self, empty_postgresql, level):
        """Law C1: the cap holds at every isolation level, because every change writes the version."""
        engine = sa.create_engine(empty_postgresql, isolation_level=level)
        store = SQLStore(engine)
        store.add(make_order(payments=(make_payment(captured=eur(1000)),)), ())

        def ask(key):
            store.change(
                "o-1", lambda order: reserve(key)(order) if order.refundable >= eur(100) else (order, ())
            )

        assert at_once([partial(ask, f"k-{number}") for number in range(16)]) == [None] * 16
        assert store.get("o-1").reserved == eur(1000)
        engine.dispose()

    def test_reading_sees_one_moment(self, sql_store):
        """An order that changes while it is read is read as it was before, or after: never half of each."""
        sql_store.add(make_order(), ())
        with sql_store._transactions.read() as connection:
            row = connection.exec_driver_sql("SELECT version FROM refundkit_orders").scalar()
            sql_store.change("o-1", reserve("k"))
            refunds = connection.exec_driver_sql("SELECT count(*) FROM refundkit_refunds").scalar()
        assert (row, refunds) == (1, 0)


class TestStatements:
    def test_reading_takes_a_fixed_number(self, sql_store):
        """Reading an order with fifty refunds takes as many statements as reading one with one."""
        sql_store.add(make_order(), ())
        counts = []
        for amount in (1, 49):
            for number in range(amount):
                sql_store.change("o-1", reserve(f"{amount}-{number}"))
            with counted(sql_store) as statements:
                sql_store.get("o-1")
            counts.append(len(statements))
        assert counts[0] == counts[1] <= 13

    def test_searching_takes_a_fixed_number_per_page(self, sql_store):
        """Searching three orders takes as many statements as searching thirty."""
        counts = []
        for number in range(30):
            sql_store.add(make_order(f"o-{number}"), ())
            with counted(sql_store) as statements:
                assert len(list(sql_store.search(OrderFilter()))) == number + 1
            counts.append(len(statements))
        assert len(set(counts)) == 1

    def test_only_what_changed_is_written(self, sql_store):
        """Settling one of fifty refunds writes the order, the payment's counters, this refund and its event."""
        sql_store.add(make_order(), ())
        for number in range(50):
            sql_store.change("o-1", reserve(f"k-{number}"))

        def settle(order):
            settled = order.refunds[7].moved(RefundStatus.SUCCEEDED, reference="re_7")
            return order.with_refund(settled), (make_event(),)

        with counted(sql_store) as statements:
            sql_store.change("o-1", settle)
        written = [each.split()[:3] for each in statements if is_write(each)]
        assert written == [
            ["UPDATE", "refundkit_orders", "SET"],
            ["UPDATE", "refundkit_payments", "SET"],
            ["UPDATE", "refundkit_refunds", "SET"],
            ["INSERT", "INTO", "refundkit_events"],
        ]

    def test_nothing_is_written_for_no_news(self, sql_store):
        """A function without news costs no write."""
        sql_store.add(make_order(), ())
        with counted(sql_store) as statements:
            sql_store.change("o-1", lambda order: (order, ()))
        assert not any(map(is_write, statements))

    def test_a_flag_taken_away_moves_the_others_up(self, sql_store):
        """Only rows whose content or place changed are written, also in the middle of a list."""
        flags = tuple(make_flag(subject=f"s-{number}") for number in range(4))
        sql_store.add(make_order(flags=flags), ())
        sql_store.change("o-1", lambda order: (attrs.evolve(order, flags=(flags[0], *flags[2:])), ()))
        assert sql_store.get("o-1").flags == (flags[0], *flags[2:])

    def test_sweep_reads_its_index_only(self, sqlite_store):
        """What is due is found through the partial index: settled orders cost nothing."""
        select = reading.due(Work.REFUNDS, NOW, 10).compile(dialect=sa.create_engine("sqlite://").dialect)
        with raw(sqlite_store) as connection:
            plan = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {select}", tuple(map(str, select.params.values()))
            ).all()
        assert "refundkit_orders_due" in str(plan)

    @pytest.mark.parametrize(
        "by", [OrderColumn.ID, OrderColumn.PLACED_AT, OrderColumn.EMAIL, OrderColumn.STATUS]
    )
    @pytest.mark.parametrize("descending", [False, True])
    def test_a_sorted_page_reads_an_index(self, sqlite_store, by, descending):
        """The next page of a list begins in an index where the last one ended; nothing is sorted again."""
        row = SimpleNamespace(id="o-7", placed_at=NOW, customer_email="a@example.org", status="paid")
        for section in searching.sections(OrderSort(by=by, descending=descending)):
            for after in (None, row):
                plan = str(self._plan(sqlite_store, searching.statement(OrderFilter(), section, after)))
                assert "USING INDEX" in plan
                assert "TEMP B-TREE" not in plan

    def _plan(self, store, select):
        compiled = select.compile(dialect=sa.create_engine("sqlite://").dialect)
        values = tuple(str(compiled.params[name]) for name in compiled.positiontup)
        with raw(store) as connection:
            return connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values).all()


class TestFailures:
    def test_full_disk(self, sqlite_store, sqlite_url):
        """A disk that fills up in the middle of a change leaves nothing of it, and says what happened."""
        sqlite_store.add(make_order(), ())
        engine = sa.create_engine(sqlite_url)
        sa.event.listen(
            engine, "connect", lambda connection, _: connection.execute("PRAGMA max_page_count = 1")
        )
        notes = tuple(Note(text="x" * 4000, actor=Actor.system(), at=NOW) for _ in range(20))
        with pytest.raises(StoreError, match="disk is full"):
            SQLStore(engine).change("o-1", lambda order: (attrs.evolve(order, notes=notes), ()))
        engine.dispose()
        assert sqlite_store.get("o-1").version == 1

    def test_commit_without_an_answer(self, sqlite_store):
        """When the commit itself fails, nobody knows whether it happened, and the message says so."""
        sqlite_store.add(make_order(), ())

        def fail(_connection, _cursor, statement, *_):
            if statement == "COMMIT":
                raise sa.exc.OperationalError(statement, {}, OSError("the cable"))

        sa.event.listen(sqlite_store._engine, "before_cursor_execute", fail)
        with pytest.raises(StoreError, match="not known"):
            sqlite_store.change("o-1", reserve("k"))
        sa.event.remove(sqlite_store._engine, "before_cursor_execute", fail)
        assert sqlite_store.get("o-1").version == 1

    def test_outpaced_writer_begins_again(self, sql_store):
        """Law C1: a writer whose order is not the newest any more writes nothing, and runs again."""
        sql_store.add(make_order(), ())
        old = sql_store.get("o-1")
        newest = sql_store.change("o-1", reserve("k")).order
        tries = []

        def work(connection):
            tries.append(1)
            known = old if len(tries) == 1 else newest
            writing.update_order(connection, known, attrs.evolve(known, version=known.version + 1))

        sql_store._write(work)
        assert len(tries) == 2
        assert sql_store.get("o-1") == attrs.evolve(newest, version=3)
