"""The street, and that nothing that any test there logs or prints shows a secret (law S2)."""

import logging
from collections.abc import Iterator

import pytest

from tests.wire.shops import SECRETS, Street, street


@pytest.fixture(scope="session", name="street")
def lined_with_shops() -> Iterator[Street]:
    """Open the street."""
    with street() as ours:
        yield ours


@pytest.fixture(autouse=True)
def nothing_leaks(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """Let every logger talk, those of the clients included, and read all of it."""
    caplog.set_level(logging.DEBUG)
    yield
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    if "credentials echoed" in request.node.name:
        # At DEBUG, Stripe's SDK logs every answer word for word; this one holds the key. Ours must not.
        records = [record for record in records if record.name.startswith("refundkit")]
    told = "".join(f"{record.getMessage()}{vars(record)}" for record in records)
    told += "".join(capfd.readouterr())
    # Neither the text nor the secret is part of the message: test logs are public, too.
    assert not any(secret in told for secret in SECRETS), "a secret was logged or printed"
