"""What does not fit, explained: the first of the errors that cattrs collects, under the path to it.

A reader says what its value must be, and knows no more; the path is put in front of it here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NoReturn

from cattrs.errors import BaseValidationError

from refundkit.errors import InvalidValueError, shown

__all__ = ["MisfitError", "explained", "misfit", "unknown"]


class MisfitError(InvalidValueError):
    """A sentence without its subject: "must be a whole number, not 2.9."."""


def misfit(wanted: str, value: object) -> NoReturn:
    """Refuse *value*, which is not what was *wanted*."""
    raise MisfitError(f"must be {wanted}, not {_given(value)}.", value=value)


def unknown(data: Mapping[object, object], names: Collection[str]) -> NoReturn:
    """Refuse a key of *data* that is not one of *names*."""
    key = next(key for key in data if key not in names)
    raise MisfitError(f"has no {shown(key)}; it has {', '.join(names)}.", value=key)


def _given(value: object) -> str:
    """Show a scalar; a list or an object is only named, because nobody knows how deep it is."""
    if value is None or isinstance(value, (str, int, float)):
        return shown(value)
    names: dict[object, str] = {dict: "an object", list: "a list"}
    return names.get(type(value), f"a {type(value).__name__}")


def explained(error: Exception, path: str) -> InvalidValueError:
    """Turn what the converter raised into one sentence about the value at *path*."""
    while isinstance(error, BaseValidationError):
        error, path = _inside(error, path)
    if isinstance(error, MisfitError):
        return InvalidValueError(f"{path} {error}", field=path, value=error.value)
    if isinstance(error, InvalidValueError):
        return _located(error, path)
    return InvalidValueError(f"{path} cannot be read ({type(error).__name__}).", field=path)


def _inside(error: BaseValidationError, path: str) -> tuple[Exception, str]:
    """Go one step down to the first error, and tell what is missing while its name is at hand."""
    inner = error.exceptions[0]
    for note in getattr(inner, "__notes__", ()):
        if hasattr(note, "name"):
            step = f"{path}.{note.name}"
            missing = type(inner) is KeyError and inner.args == (note.name,)
            return (MisfitError("is missing.", value=None) if missing else inner), step
        if hasattr(note, "index"):
            return inner, f"{path}[{note.index if type(note.index) is int else shown(note.index)}]"
    return inner, path


def _located(error: InvalidValueError, path: str) -> InvalidValueError:
    """Say "order.lines[0].quantity must be …" where the value itself said "OrderLine.quantity must be …"."""
    subject, _, rest = str(error).partition(".")
    name = getattr(error, "field", "")
    place = f"{path}.{name}" if name else path
    message = f"{path}.{rest}" if name and subject.isidentifier() else f"{path}: {error}"
    return InvalidValueError(message, field=place, value=getattr(error, "value", None))
