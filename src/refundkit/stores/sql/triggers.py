"""Triggers: laws about what may never happen to a row, kept by the database itself on both engines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from attrs import frozen

__all__ = ["Law", "any_changed", "guard", "statements"]

_LAWS = "refundkit_laws"


@frozen
class Law:
    """Rows of ``table`` never see ``operation`` (DELETE or UPDATE), or not ``when`` this SQL holds."""

    table: sa.Table
    operation: str
    message: str
    when: str | None = None

    @property
    def name(self) -> str:
        """The name of its trigger."""
        return f"{self.table.name}_never_{self.operation.lower()}"

    @property
    def condition(self) -> str:
        """The SQL between event and action."""
        return f" WHEN ({self.when})" if self.when else ""


def any_changed(columns: Iterable[sa.Column[Any]]) -> str:
    """Say in SQL that an update changes one of *columns*; both engines know ``(a, b) IS NOT (c, d)`` differently."""
    pairs = ((f"NEW.{column.name}", f"OLD.{column.name}") for column in columns)
    return " OR ".join(f"({new} <> {old} OR ({new} IS NULL) <> ({old} IS NULL))" for new, old in pairs)


def guard(metadata: sa.MetaData, *laws: Law) -> None:
    """Keep *laws* in every database in which *metadata* is created, also in one that has the tables already."""
    metadata.info[_LAWS] = laws

    def create(_: object, connection: sa.Connection, **__: object) -> None:
        # Only what is missing: to replace a trigger takes rights, and locks, that daily work must not need.
        missing = [law for law in laws if not _is_there(law, connection)]
        for statement in _statements(missing, connection.dialect.name):
            connection.exec_driver_sql(statement)

    sa.event.listen(metadata, "after_create", create)


_FIND = {
    "postgresql": "SELECT 1 FROM pg_trigger WHERE tgname = :name AND tgrelid = to_regclass(:table)",
    "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = :name AND tbl_name = :table",
}


def _is_there(law: Law, connection: sa.Connection) -> bool:
    find = sa.text(_FIND[connection.dialect.name])
    return connection.execute(find, {"name": law.name, "table": law.table.name}).first() is not None


def statements(metadata: sa.MetaData, dialect: str) -> Iterator[str]:
    """Yield the DDL for *dialect* (sqlite or postgresql), for migrations that do not use ``create_all``.

    Running it again is harmless.
    """
    yield from _statements(metadata.info[_LAWS], dialect)


def _statements(laws: Sequence[Law], dialect: str) -> Iterator[str]:
    if dialect == "postgresql" and laws:
        yield _REFUSE
    for law in laws:
        yield from (_postgresql(law) if dialect == "postgresql" else _sqlite(law))


# 23000 is an integrity error, as a broken constraint is.
_REFUSE = """
CREATE OR REPLACE FUNCTION refundkit_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = '23000'; END $$
"""


def _postgresql(law: Law) -> Iterator[str]:
    yield (
        f"CREATE OR REPLACE TRIGGER {law.name} BEFORE {law.operation} ON {law.table.name} "
        f"FOR EACH ROW{law.condition} EXECUTE FUNCTION refundkit_refuse('{law.message}')"
    )


def _sqlite(law: Law) -> Iterator[str]:
    yield (
        f"CREATE TRIGGER IF NOT EXISTS {law.name} BEFORE {law.operation} ON {law.table.name} "
        f"FOR EACH ROW{law.condition} BEGIN SELECT RAISE(ABORT, '{law.message}'); END"
    )
