"""Databases for the tests of stores: every test begins with empty tables."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from refundkit.stores.sql import SQLStore, metadata


@pytest.fixture
def sqlite_url(tmp_path) -> str:
    """Return the URL of a SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'refunds.db'}"


@pytest.fixture
def sqlite_store(sqlite_url) -> Iterator[SQLStore]:
    """Yield an empty store in a SQLite file."""
    with SQLStore.open(sqlite_url) as store:
        yield store


@pytest.fixture(scope="module")
def postgresql_schema(postgresql_url) -> Iterator[str]:
    """Yield the URL of a schema of our own, with all tables, in the database that all tests share."""
    # Other processes may test on the same database.
    schema = f"stores_{os.getpid()}"
    engine = sa.create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    url = sa.make_url(postgresql_url).update_query_dict({"options": f"-csearch_path={schema}"})
    SQLStore.open(url).close()
    yield url.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
    engine.dispose()


@pytest.fixture
def empty_postgresql(postgresql_schema) -> str:
    """Return the URL of that schema, emptied; TRUNCATE passes by the triggers that keep rows from deletion."""
    engine = sa.create_engine(postgresql_schema)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"TRUNCATE {', '.join(table.name for table in metadata.sorted_tables)}")
    engine.dispose()
    return postgresql_schema


@pytest.fixture
def postgresql_store(empty_postgresql) -> Iterator[SQLStore]:
    """Yield an empty store in PostgreSQL."""
    with SQLStore.open(empty_postgresql, create=False) as store:
        yield store


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def sql_store(request) -> SQLStore:
    """Return an empty store on each engine."""
    return request.getfixturevalue(f"{request.param}_store")
