"""Logging: structlog in front of the standard library's logger ``refundkit``, which is silent by default.

Dotted names in the past tense; ids and amounts only, never a secret, a body or a customer (law S2).
A shop sees the lines by configuring `logging` as usual, with the fields in ``LogRecord``'s attributes.
"""

from __future__ import annotations

import logging
from typing import Any

import structlog

__all__ = ["get_logger"]

logging.getLogger("refundkit").addHandler(logging.NullHandler())


def get_logger(room: str) -> Any:
    """Return the logger ``refundkit.<room>``."""
    return structlog.wrap_logger(
        logging.getLogger(f"refundkit.{room}"),
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
