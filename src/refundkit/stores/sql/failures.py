"""Failures: what a database says went wrong, in words of ours and without a value in them (law S2)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc

from refundkit.errors import StoreBusyError, StoreError

__all__ = ["SQLITE_HELD", "cause", "explained", "is_conflict"]

# SQLite: BUSY and LOCKED. PostgreSQL: serialization failure and deadlock; both undid the transaction.
SQLITE_HELD = frozenset({5, 6})
_SQLITE_FULL = 13
_CONFLICTS = frozenset({"40001", "40P01"})
_LOCK_TIMEOUT = "55P03"
# PostgreSQL: undefined column and table; SQLite says it in words only.
_LACKING = frozenset({"42703", "42P01"})


def is_conflict(error: exc.DBAPIError) -> bool:
    """Whether others were in the way, so that nothing happened and trying again makes sense."""
    return _sqlite_code(error) in SQLITE_HELD or _sqlstate(error) in _CONFLICTS


def explained(error: exc.SQLAlchemyError) -> StoreError:
    """Say what *error* means; to be raised from its `cause`."""
    if isinstance(error, exc.TimeoutError):
        return StoreBusyError("All connections of this store are in use, and none came free in time.")
    if not isinstance(error, exc.DBAPIError):
        return StoreError(f"The store failed with {type(error).__name__}.")
    if is_conflict(error) or _sqlstate(error) == _LOCK_TIMEOUT:
        return StoreBusyError("Others hold the store. Nothing was changed; try again.")
    return StoreError(_told(error))


def _told(error: exc.DBAPIError) -> str:
    if _sqlite_code(error) == _SQLITE_FULL:
        return "The disk is full. Nothing was changed."
    if isinstance(error, exc.IntegrityError):
        return f"The database refused what breaks a law: {_detail(error.orig)}. Nothing was changed."
    if _sqlstate(error) in _LACKING or "no such " in str(error.orig):
        return (
            f"The database lacks what refundkit keeps there: {_detail(error.orig)}. Nobody created its tables, or "
            "another version did; create_tables() creates what is missing, or says what lacks."
        )
    return f"The database failed: {_detail(error.orig)}."


def cause(error: exc.SQLAlchemyError) -> exc.SQLAlchemyError | None:
    """Return *error* if it may be shown: one about a statement holds the statement's values."""
    return error if isinstance(error, exc.DBAPIError) and error.statement is None else None


def _sqlite_code(error: exc.DBAPIError) -> int | None:
    code = getattr(error.orig, "sqlite_errorcode", None)
    # The higher bits say more about the same code.
    return None if code is None else code & 0xFF


def _sqlstate(error: exc.DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _detail(error: Any) -> str:
    """Name the error, and what it is about; SQLite's messages hold names only, PostgreSQL's hold values too."""
    name = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None)
    if name is None:
        kind = type(error).__name__
        # No database says so, only the client; its own words may hold the password.
        return f"it could not be reached, or went away ({kind})" if kind == "OperationalError" else kind
    diagnosis = getattr(error, "diag", None)
    if diagnosis is None:
        return f"{name} ({error})"
    about = diagnosis.constraint_name or diagnosis.column_name or diagnosis.table_name
    if about is None and name == "23000":  # raised by a trigger of ours, with words of ours
        about = diagnosis.message_primary
    return f"{type(error).__name__} {name}" + (f" ({about})" if about else "")
