"""The SQL store keeps the laws a second time: what no code of ours may do, the database refuses."""

from __future__ import annotations

import attrs
import pytest
import sqlalchemy as sa

from refundkit.errors import OrderNotFoundError, StoreError
from refundkit.model.refunds import RefundOrigin
from refundkit.stores.sql import metadata
from refundkit.testing.builders import (
    eur,
    make_dispute,
    make_event,
    make_order,
    make_refund,
)
from refundkit.testing.store_rules.base import lived_order, registered_order
from tests.stores.database import raw, reserve


class TestSecondWall:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE refundkit_payments SET reserved_minor = captured_minor + 1",
            "UPDATE refundkit_payments SET reserved_minor = 9000, returned_minor = 1001",
            "UPDATE refundkit_payments SET reserved_minor = -1",
            "UPDATE refundkit_payments SET captured_minor = captured_minor - 1",
        ],
    )
    def test_cap(self, sql_store, statement):
        """Law C1: the database itself refuses counters beyond what was captured, and a smaller capture."""
        sql_store.add(make_order(), ())
        with pytest.raises(sa.exc.IntegrityError), raw(sql_store) as connection:
            connection.exec_driver_sql(statement)

    def test_cap_in_a_change(self, sql_store):
        """Law C1: a function that forgot the cap is refused as a whole, and the next change works."""
        sql_store.add(make_order(), ())
        with pytest.raises(StoreError, match="Nothing was changed"):
            sql_store.change("o-1", reserve("k", 10001))
        assert sql_store.get("o-1").version == 1
        assert sql_store.change("o-1", reserve("k", 10000)).order.version == 2

    def test_facts_are_no_breach(self, sql_store):
        """Law T1: what a gateway truly did is recorded, however much more than was captured it is."""
        sql_store.add(make_order(), ())
        external = make_refund(id="x", key=None, origin=RefundOrigin.EXTERNAL, amount=eur(99999), lines=())
        revived = make_refund(id="y", amount=eur(99999), outside_cap=True, reference="re_1", lines=())
        twin = attrs.evolve(revived, id="z", origin=RefundOrigin.EXTERNAL)
        withdrawn = make_dispute(amount=eur(99999))
        change = sql_store.change(
            "o-1",
            lambda order: (attrs.evolve(order, refunds=(external, revived, twin), disputes=(withdrawn,)), ()),
        )
        assert sql_store.get("o-1") == change.order

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE refundkit_refunds SET payment_id = 'of another order'",
            "UPDATE refundkit_refunds SET amount_minor = 0",
            "UPDATE refundkit_refunds SET status = 'returned'",
            "UPDATE refundkit_refund_lines SET line_id = 'line-9'",
            "UPDATE refundkit_refund_lines SET tax_minor = amount_minor + 1",
            "UPDATE refundkit_order_lines SET tax_minor = total_minor + 1",
            "UPDATE refundkit_order_lines SET quantity = 0",
            "UPDATE refundkit_orders SET status = 'happy'",
            "INSERT INTO refundkit_payment_references VALUES ('stripe', 'pi_o-1', 'o-2')",
            "INSERT INTO refundkit_payment_references VALUES ('stripe', 'pi_o-9', 'o-9')",
        ],
    )
    def test_constraints(self, sql_store, statement):
        """Laws C2, C4 and C6 as far as a database can hold them."""
        sql_store.add(make_order("o-1"), ())
        sql_store.add(make_order("o-2"), ())
        sql_store.change("o-1", reserve("k"))
        with pytest.raises(sa.exc.IntegrityError), raw(sql_store) as connection:
            connection.exec_driver_sql(statement)

    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM refundkit_events",
            "UPDATE refundkit_events SET text = 'nothing happened'",
            "UPDATE refundkit_events SET payment_id = 'p-1'",
            "UPDATE refundkit_events SET version = version + 1",
            "DELETE FROM refundkit_refunds",
        ],
    )
    def test_append_only(self, sql_store, statement):
        """Laws T4 and T5: nobody changes an event or deletes a refund, not even by hand."""
        sql_store.add(make_order(), ())
        sql_store.change("o-1", reserve("k"))
        with raw(sql_store) as connection:
            connection.exec_driver_sql("DELETE FROM refundkit_refund_lines")
        with pytest.raises(sa.exc.IntegrityError, match="law T"), raw(sql_store) as connection:
            connection.exec_driver_sql(statement)

    def test_delivery_mark_is_no_change_of_an_event(self, sql_store):
        """Law T4: the one thing that may be written to an event is that it was delivered."""
        sql_store.add(make_order(), (make_event(),))
        with raw(sql_store) as connection:
            connection.exec_driver_sql("UPDATE refundkit_events SET delivered_at = NULL")
        sql_store.mark_delivered(news.event for news in sql_store.undelivered())
        assert sql_store.undelivered() == ()

    def test_integers_only(self, sqlite_store):
        """Law M3: SQLite, which takes anything anywhere by default, refuses 1.5 and a text (STRICT)."""
        sqlite_store.add(make_order(), ())
        for value in (1.5, "many"):
            with pytest.raises(sa.exc.IntegrityError, match="cannot store"), raw(sqlite_store) as connection:
                connection.exec_driver_sql("UPDATE refundkit_payments SET captured_minor = ?", (value,))

    def test_every_table_is_strict(self, sqlite_store):
        """Not one table was forgotten."""
        with raw(sqlite_store) as connection:
            tables = connection.exec_driver_sql("PRAGMA table_list").mappings().all()
        strict = {
            table["name"]: table["strict"] for table in tables if table["name"].startswith("refundkit_")
        }
        assert strict == dict.fromkeys((table.name for table in metadata.sorted_tables), 1)

    @pytest.mark.parametrize(
        "changes", [{"refunds": ()}, {"requests": ()}, {"payments": ()}, {"disputes": ()}]
    )
    def test_history_is_kept(self, sql_store, changes):
        """Law T5: a function that drops refunds, requests, payments or disputes is refused."""
        order = attrs.evolve(lived_order(registered_order()), refunds=(make_refund(),), credit_notes=())
        sql_store.add(order, ())
        with pytest.raises(StoreError):
            sql_store.change(order.id, lambda newest: (attrs.evolve(newest, **changes), ()))
        assert sql_store.get(order.id) == attrs.evolve(order, version=1)

    def test_registered_lines_never_change(self, sql_store):
        """A registered order is an immutable record; a function that changes its lines is refused."""
        sql_store.add(make_order(), ())
        with pytest.raises(StoreError, match="never change"):
            sql_store.change("o-1", lambda order: (attrs.evolve(order, lines=()), ()))


class TestNames:
    @pytest.mark.parametrize("name", ["half \ud800", "nul \0"])
    def test_what_no_database_can_hold_is_not_there(self, sql_store, name):
        """Law S3: a name that could never have been written is unknown, as any other unknown name."""
        for ask in (sql_store.get, lambda order_id: sql_store.change(order_id, lambda order: (order, ()))):
            with pytest.raises(OrderNotFoundError):
                ask(name)
        assert sql_store.find_payment("fake", name) is sql_store.find_refund(name) is None
        assert sql_store.events(name) == ()
