"""The SQL store: `SQLStore`, and ``metadata``, which holds its tables for a shop's own migrations.

::

    tables     the schema, with the laws as constraints; columns and triggers are what it is made of
    rows       values ⇄ rows; cells and rows_money belong to it
    reading    queries           writing    only what differs
    store      SQLStore          transactions, failures    what SQLite and PostgreSQL do differently

A migration that does not use ``metadata.create_all`` also runs the statements of ``trigger_statements``.
"""

try:
    import sqlalchemy as _sqlalchemy  # noqa: F401 - it is asked for here, where its absence can be explained
except ModuleNotFoundError as missing:
    raise ImportError("SQLStore needs SQLAlchemy: pip install 'refundkit[sql]'.") from missing

from refundkit.stores.sql.store import SQLStore
from refundkit.stores.sql.tables import metadata
from refundkit.stores.sql.triggers import statements as trigger_statements

__all__ = ["SQLStore", "metadata", "trigger_statements"]
