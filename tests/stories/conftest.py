"""Every story is told twice: once on a SQLite file, once on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from refundkit import SQLStore
from tests.stories.goods_shop import GoodsShop
from tests.stories.shop import Shop


@pytest.fixture(scope="session")
def postgresql_schemas(postgresql_url) -> Iterator[Iterator[str]]:
    """Yield as many URLs as asked for, each of an empty schema of our own, in the database that all tests share."""
    engine, made = sa.create_engine(postgresql_url), []

    def urls() -> Iterator[str]:
        while True:
            made.append(f"story_{os.getpid()}_{len(made)}")
            with engine.begin() as connection:
                connection.exec_driver_sql(f"CREATE SCHEMA {made[-1]}")
            url = sa.make_url(postgresql_url).update_query_dict({"options": f"-csearch_path={made[-1]}"})
            yield url.render_as_string(hide_password=False)

    yield urls()
    with engine.begin() as connection:
        for schema in made:
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store_url(request, tmp_path) -> str:
    """Return where the orders of this story are written."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'refunds.db'}"
    return next(request.getfixturevalue("postgresql_schemas"))


@pytest.fixture
def shop(store_url) -> Iterator[Shop]:
    """Yield a shop that has just sold something, with the books of everybody who took money for it."""
    with SQLStore.open(store_url) as store, Shop.opened(store) as shop:
        yield shop


@pytest.fixture
def goods_shop(store_url) -> Iterator[GoodsShop]:
    """Yield a shop that sells what can be sent, and has sold some of it."""
    with SQLStore.open(store_url) as store, GoodsShop.opened(store) as shop:
        shop.sell()
        yield shop
