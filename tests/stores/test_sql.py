"""The SQL store's edges: many processes, long waits, everything that may be missing."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import pytest
import sqlalchemy as sa

from refundkit.errors import OrderNotFoundError, StoreBusyError, StoreError
from refundkit.stores.sql import SQLStore, metadata, trigger_statements
from refundkit.testing.builders import (
    make_event,
    make_order,
)
from tests.stores.database import WITH_REFUNDKIT, counted, raw, reserve

ADDING = """
import sys
from refundkit.stores.sql import SQLStore
from refundkit.testing.builders import make_event, make_order
sys.stdin.readline()
with SQLStore.open(sys.argv[1]) as store:
    print(store.add(make_order(), (make_event(),)))
"""


class TestProcesses:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        "engine", ["sqlite_url", pytest.param("empty_postgresql", marks=pytest.mark.postgresql)]
    )
    def test_adding_at_once(self, request, engine):
        """Of processes that create the tables and add the same order, one is first; all end well."""
        url = request.getfixturevalue(engine)
        command = [sys.executable, "-W", "error", "-c", ADDING, url]
        processes = [
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=WITH_REFUNDKIT
            )
            for _ in range(4)
        ]
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        answers = sorted(process.communicate(timeout=60)[0].strip() for process in processes)
        assert answers == ["False", "False", "False", "True"]

    def test_forked_process_gets_its_own_connections(self, sql_store):
        """A forked child writes through connections of its own, and the parent's go on working."""
        sql_store.add(make_order(), ())
        child = os.fork()
        if child == 0:  # pragma: no cover - coverage does not follow os._exit
            try:
                sql_store.change("o-1", reserve("child"))
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        sql_store.change("o-1", reserve("parent"))
        assert [refund.key for refund in sql_store.get("o-1").refunds] == ["child", "parent"]


class TestBusy:
    def test_deadline(self, sql_store, sqlite_url, request):
        """Who waits longer than the deadline is told so, and nothing is changed."""
        sql_store.add(make_order(), ())
        is_sqlite = sql_store._engine.dialect.name == "sqlite"
        url = sqlite_url if is_sqlite else request.getfixturevalue("postgresql_schema")
        with SQLStore.open(url, create=False, deadline=0.2) as impatient:

            def hold(order):
                with pytest.raises(StoreBusyError):
                    impatient.change("o-1", reserve("late"))
                return reserve("first")(order)

            sql_store.change("o-1", hold)
            assert [refund.key for refund in impatient.get("o-1").refunds] == ["first"]

    def test_pool_is_empty(self, sqlite_url):
        """More threads than connections wait for one, as long as they would wait for the database."""
        SQLStore.open(sqlite_url).close()
        engine = sa.create_engine(sqlite_url, pool_size=1, max_overflow=0, pool_timeout=0.05)
        store = SQLStore(engine)
        with engine.connect(), pytest.raises(StoreBusyError):
            store.get("o-1")
        engine.dispose()


class TestErrors:
    def test_messages_hold_no_values(self, sql_store):
        """Law S2: what a statement was about is in no message, not even in a chained one."""
        sql_store.add(make_order(), ())
        with pytest.raises(StoreError) as refused:
            sql_store.change("o-1", reserve("se-cret", 10001))
        assert "se-cret" not in str(refused.value)
        assert refused.value.__cause__ is None
        assert refused.value.__suppress_context__
        assert "refundkit_payments_cap" in str(refused.value)
        assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)  # noqa: S301 - our own

    def test_unreachable_database(self, tmp_path):
        """A database that is not there is a StoreError, and keeps what the driver says about it."""
        for url in (f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}", "postgresql://x@127.0.0.1:1/x"):
            with pytest.raises(StoreError) as failed:
                SQLStore.open(url)
            assert failed.value.__cause__ is not None

    @pytest.mark.parametrize(
        "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"]
    )
    def test_memory_is_refused(self, url):
        """SQLite in memory is a database per thread; the message names what to take instead."""
        with pytest.raises(StoreError, match="MemoryStore"):
            SQLStore.open(url)

    def test_other_databases_are_refused(self):
        """What was never tried is not promised."""
        engine = sa.create_engine("sqlite:///x.db")
        engine.dialect.name = "mysql"
        with pytest.raises(StoreError, match="not on mysql"):
            SQLStore(engine)

    def test_no_url(self):
        """What is no URL at all is not repeated in the message: it may hold a password."""
        with pytest.raises(StoreError, match="no database URL") as refused:
            SQLStore.open("postgres_user:pass-word")
        assert "pass-word" not in str(refused.value)

    def test_missing_driver(self, monkeypatch):
        """Without psycopg the message says what to install."""
        monkeypatch.setitem(sys.modules, "psycopg", None)
        with pytest.raises(ImportError, match=r"refundkit\[postgresql\]"):
            SQLStore.open("postgresql://127.0.0.1/shop")

    def test_missing_sqlalchemy(self):
        """Without SQLAlchemy the message says what to install."""
        code = "import sys; sys.modules['sqlalchemy'] = None; import refundkit.stores.sql"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=WITH_REFUNDKIT
        )
        assert "pip install 'refundkit[sql]'" in done.stderr

    def test_importing_refundkit_imports_no_sqlalchemy(self):
        """Who uses no SQL pays for none."""
        code = "import sys, refundkit; sys.exit('sqlalchemy' in sys.modules)"
        subprocess.run([sys.executable, "-c", code], check=True, env=WITH_REFUNDKIT)


class TestSchema:
    def test_metadata_fits_a_shops_own(self, tmp_path):
        """A shop can create our tables with its own, through the metadata, triggers included."""
        engine = sa.create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
        shop = sa.MetaData()
        sa.Table("customers", shop, sa.Column("id", sa.Integer, primary_key=True))
        for each in (shop, metadata):
            each.create_all(engine)
        names = sa.inspect(engine).get_table_names()
        assert {"customers", "refundkit_orders", "refundkit_events"} <= set(names)
        store = SQLStore(engine)
        store.add(make_order(), (make_event(),))
        with pytest.raises(sa.exc.IntegrityError), raw(store) as connection:
            connection.exec_driver_sql("DELETE FROM refundkit_events")
        engine.dispose()

    def test_creating_again_is_harmless(self, sql_store):
        """Tables, rows and triggers that are there stay as they are."""
        sql_store.add(make_order(), ())
        with counted(sql_store) as statements:
            sql_store.create_tables()
        assert not any(statement.startswith("CREATE") for statement in statements)
        assert sql_store.get("o-1").version == 1

    def test_missing_trigger_is_created(self, sql_store):
        """A table that a migration made without its trigger gets it."""
        drop = "DROP TRIGGER refundkit_events_never_delete"
        with raw(sql_store) as connection:
            connection.exec_driver_sql(
                drop if connection.dialect.name == "sqlite" else f"{drop} ON refundkit_events"
            )
        sql_store.create_tables()
        sql_store.add(make_order(), (make_event(),))
        with pytest.raises(sa.exc.IntegrityError), raw(sql_store) as connection:
            connection.exec_driver_sql("DELETE FROM refundkit_events")

    def test_made_by_another_version(self, sql_store):
        """Columns that a database lacks are named when it is opened, before anything is read or written."""
        with raw(sql_store) as connection:
            for column in ("parts", "customer_email"):
                connection.exec_driver_sql(
                    f"ALTER TABLE refundkit_orders RENAME COLUMN {column} TO old_{column}"
                )
        with pytest.raises(
            StoreError, match=r"lacks refundkit_orders\.customer_email, refundkit_orders\.parts"
        ):
            sql_store.create_tables()
        with pytest.raises(StoreError, match="lacks what refundkit keeps there"):
            sql_store.get("o-1")

    def test_without_tables(self, tmp_path):
        """Without create, a database that has no tables is an error that says so."""
        with SQLStore.open(f"sqlite:///{tmp_path / 'empty.db'}", create=False) as store:
            with pytest.raises(StoreError, match="no such table"):
                store.get("o-1")
            store.create_tables()
            with pytest.raises(OrderNotFoundError):
                store.get("o-1")

    @pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
    def test_trigger_statements(self, dialect):
        """Migrations that spell everything out get the triggers as statements."""
        statements = list(trigger_statements(metadata, dialect))
        assert sum("refundkit_events" in each for each in statements) == 2

    def test_every_table_has_our_prefix(self):
        """In a shop's database our tables are recognized by name."""
        assert all(table.name.startswith("refundkit_") for table in metadata.sorted_tables)

    def test_foreign_rows_are_checked(self, sqlite_store):
        """What somebody wrote by hand is checked when it is read, as everything else is."""
        sqlite_store.add(make_order(), ())
        with raw(sqlite_store) as connection:
            connection.exec_driver_sql("UPDATE refundkit_orders SET currency = 'XXXX'")
        with pytest.raises(ValueError, match="XXXX"):
            sqlite_store.get("o-1")
