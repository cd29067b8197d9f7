"""Every way in which something can show what it holds: to a log, a debugger, an error tracker, a colleague."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Iterator
from typing import Any

import attrs

from refundkit.testing.reachable import reachable

__all__ = ["frames_of", "shown_by"]


def shown_by(thing: object) -> str:
    """Return all that *thing*, and all that it leads to, shows of itself."""
    return "\n".join(text for one in reachable(thing) for text in _texts(one))


def _texts(thing: object) -> Iterator[str]:
    yield repr(thing)
    yield str(thing)
    yield f"{thing}"
    if attrs.has(type(thing)):
        yield repr(attrs.asdict(thing))  # type: ignore[arg-type]
    if isinstance(thing, BaseException):
        yield repr((thing.args, vars(thing), getattr(thing, "__notes__", ())))
    yield _pickled(thing)


def _pickled(thing: object) -> str:
    try:
        return pickle.dumps(thing).decode("latin-1")
    except Exception as refusal:  # noqa: BLE001 - it may refuse in whatever way
        return f"{refusal!r} {refusal.__cause__!r} {refusal.__context__!r}"


def frames_of(error: BaseException) -> str:
    """Return what an error tracker sends: the whole chain, with the local variables of refundkit's frames.

    The frames of whoever called are theirs: a webhook's body and headers stand in the shop's own.
    """
    return "".join(_frames(traceback.TracebackException.from_exception(error, capture_locals=True)))


def _frames(told: Any) -> Iterator[str]:
    yield from told.format_exception_only()
    for frame in told.stack:
        if "/refundkit/" in frame.filename or "site-packages" in frame.filename:
            yield f"{frame.name} {frame.locals}\n"
    for inner in (told.__cause__, told.__context__):
        if inner is not None:
            yield from _frames(inner)
