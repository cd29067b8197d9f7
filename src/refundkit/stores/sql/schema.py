"""The schema of a database: what is missing is created, and what another version of refundkit made is told."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from refundkit.errors import StoreError
from refundkit.stores.sql.tables import metadata

__all__ = ["create"]


def create(connection: sa.Connection) -> None:
    """Create the tables and triggers that are missing; what is there stays as it is.

    Raises:
        StoreError: if a table that is there lacks columns.
    """
    metadata.create_all(connection)
    lacking = list(_lacking(connection))
    if lacking:
        raise StoreError(
            f"This database lacks {', '.join(lacking)}: another version of refundkit made it. Migrate it to "
            "refundkit.stores.sql.metadata, or use the version that made it. Nothing was changed."
        )


def _lacking(connection: sa.Connection) -> Iterator[str]:
    """Yield the columns that tables of ours do not have here, as table.column."""
    found = sa.inspect(connection).get_multi_columns(filter_names=list(metadata.tables))
    names = {table: {column["name"] for column in columns} for (_, table), columns in found.items()}
    for table in metadata.sorted_tables:
        yield from (str(column) for column in table.columns if column.name not in names.get(table.name, ()))
