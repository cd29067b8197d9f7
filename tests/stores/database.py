"""What the tests of the SQL store share: how to look past it, and how to count what it asks."""

import os
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

import refundkit
from refundkit.testing.builders import eur, make_event, with_request

WITH_REFUNDKIT = os.environ | {"PYTHONPATH": str(Path(refundkit.__file__).parents[1])}


def reserve(key, minor=100):
    """Reserve an amount, cap or not."""
    return lambda order: (with_request(order, key, eur(minor)), (make_event(order.id, text=key),))


def is_write(statement):
    """Say whether a statement changes rows."""
    return statement.split()[0] in ("INSERT", "UPDATE", "DELETE")


@contextmanager
def raw(store):
    """Talk to the database without the store; what is done is committed, on SQLite with foreign keys."""
    with store._engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys = ON")
        yield connection


@contextmanager
def counted(store):
    """Collect the statements that the store sends."""
    statements = []

    def note(_connection, _cursor, statement, _parameters, _context, _many):
        statements.append(" ".join(statement.split()))

    sa.event.listen(store._engine, "before_cursor_execute", note)
    yield statements
    sa.event.remove(store._engine, "before_cursor_execute", note)
