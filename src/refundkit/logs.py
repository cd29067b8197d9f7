"""Logging: structlog in front of the standard library's logger ``refundkit``, which is silent by default.

Dotted names in the past tense; ids and amounts only, never a secret, a body or a customer (law S2).
A shop sees the lines by configuring `logging` as usual, with the fields in ``LogRecord``'s attributes.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

__all__ = ["get_logger"]

logging.getLogger("refundkit").addHandler(logging.NullHandler())


class _LateLogger:
    """A logger that imports structlog with its first line: that import costs more than all of refundkit."""

    def __init__(self, room: str) -> None:
        self._room = room

    def __getattr__(self, level: str) -> Any:
        return getattr(_bound(self._room), level)


def get_logger(room: str) -> Any:
    """Return the logger ``refundkit.<room>``."""
    return _LateLogger(room)


@cache
def _bound(room: str) -> Any:
    import structlog

    return structlog.wrap_logger(
        logging.getLogger(f"refundkit.{room}"),
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
