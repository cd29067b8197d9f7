"""The real servers that tests talk to, each started in a process of its own."""

import os
from typing import NoReturn

import pytest


class PeerMissingError(Exception):
    """This peer cannot be started here; the message says what to install."""


def peer_missing(reason: object) -> NoReturn:
    """Skip visibly on a user's machine; fail in CI, where a skipped proof would pass for a proof."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have every peer: {reason}", pytrace=False)
    pytest.skip(str(reason))
