"""Silence while worlds are lived through, and their figures at the end of the run."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Write no log: troubles are the order of the day here, and a world has its own trace."""
    logger = logging.getLogger("refundkit")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(before)
