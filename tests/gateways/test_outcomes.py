"""What requests says when nothing was sent, and when nobody can know."""

from typing import Any

import pytest
import requests
from urllib3 import exceptions as urllib3

from refundkit.gateways.outcomes import never_connected

CAUSES: dict[str, tuple[Any, bool]] = {
    "refused": (urllib3.NewConnectionError(None, "refused"), True),  # type: ignore[arg-type]
    "no such host": (urllib3.NameResolutionError("h", None, None), True),  # type: ignore[arg-type]
    "not in time": (urllib3.ConnectTimeoutError("late"), True),
    "no answer": (urllib3.ReadTimeoutError(None, "/", "late"), False),  # type: ignore[arg-type]
    "broken off": (urllib3.ProtocolError("reset"), False),
    "a proxy's": (urllib3.ProxyError("no", OSError()), False),
    "a certificate's": (urllib3.SSLError("no"), False),
    "nobody's": (None, False),
}


@pytest.mark.parametrize(("cause", "is_unsent"), CAUSES.values(), ids=CAUSES.keys())
def test_only_what_comes_before_the_connection_is_certain(cause: Any, *, is_unsent: bool) -> None:
    """Law E4: whatever may have come after it leaves the outcome open."""
    inside = urllib3.MaxRetryError(None, "/", cause)  # type: ignore[arg-type]
    assert never_connected(requests.ConnectionError(inside)) is is_unsent


@pytest.mark.parametrize(
    "error", [None, requests.ConnectionError(), requests.ConnectionError("reset"), ValueError(7)]
)
def test_whatever_says_nothing_is_not_certain(error: BaseException | None) -> None:
    """Without urllib3's own reason nobody knows."""
    assert not never_connected(error)
