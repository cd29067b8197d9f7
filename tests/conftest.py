"""What every test may ask for: real peers, and properties that are tried the same way each time."""

import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from tests.peers import PeerMissingError, localstripe, peer_missing, postgresql

# deadline=None: a slow machine is no bug. derandomize: CI must not fail today on what it passed yesterday.
settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
# For the other Pythons, where the question is only whether it runs there as well.
settings.register_profile("quick", deadline=None, derandomize=True, max_examples=10)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

# A test that asks for a peer is marked with its name, so that `-m "not postgresql"` needs nobody's memory.
PEERS = {"localstripe": "localstripe", "postgresql_url": "postgresql"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a peer."""
    for item in items:
        for fixture in PEERS.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(PEERS[fixture])


@pytest.fixture(autouse=True)
def no_log_level_is_left_behind() -> Iterator[None]:
    """Fail the test that leaves a log level behind, rather than a later one that reads what is logged."""
    before = log_levels()
    yield
    # A library that was imported meanwhile may have set a level for itself.
    assert {name: level for name, level in log_levels().items() if name in before} == before


def log_levels() -> dict[str, int]:
    """Return the level of every logger that there is."""
    loggers = {"root": logging.root, **logging.root.manager.loggerDict}
    return {name: logger.level for name, logger in loggers.items() if isinstance(logger, logging.Logger)}


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Yield the SQLAlchemy URL of a real PostgreSQL database: $REFUNDKIT_TEST_PG, or one of our own.

    Each worker of pytest-xdist starts a cluster of its own. Tests that share it keep to names of their own.
    """
    if given := os.environ.get("REFUNDKIT_TEST_PG"):
        yield given
        return
    try:
        with postgresql.running() as url:
            yield url
    except PeerMissingError as reason:
        peer_missing(reason)


@pytest.fixture(scope="session", name="localstripe")
def localstripe_url() -> Iterator[str]:
    """Yield the base URL of a running localstripe."""
    try:
        with localstripe.running() as url:
            yield url
    except PeerMissingError as reason:
        peer_missing(reason)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Show every figure that a test recorded."""
    figures = [
        value
        for report in terminalreporter.stats.get("passed", [])
        for name, value in report.user_properties
        if name == "figure"
    ]
    if figures:
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(figures))
