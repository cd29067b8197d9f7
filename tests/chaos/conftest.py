"""Databases that many processes share, each empty when a test begins."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa


@pytest.fixture
def sqlite_url(tmp_path) -> str:
    """Return the URL of a SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'refunds.db'}"


@pytest.fixture
def postgresql_schema_url(postgresql_url) -> Iterator[str]:
    """Yield the URL of an empty schema of our own, in the database that all tests share."""
    schema = f"chaos_{os.getpid()}"
    engine = sa.create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    url = sa.make_url(postgresql_url).update_query_dict({"options": f"-csearch_path={schema}"})
    yield url.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def engine_url(request) -> str:
    """Return the URL of an empty database of each engine."""
    name = {"sqlite": "sqlite_url", "postgresql": "postgresql_schema_url"}[request.param]
    return request.getfixturevalue(name)
