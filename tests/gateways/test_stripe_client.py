"""The SDK has settings for the whole process: whatever other code sets there, our requests stay ours."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import stripe as sdk

from refundkit.errors import GatewayUnavailableError, OutcomeUnknownError
from tests.gateways import wire
from tests.gateways.stripe_cases import KEY, call, gateway, refund_record
from tests.gateways.wire import Reply

ELSEWHERE = "http://127.0.0.1:9"
# What a shop's own code may set, before or after it makes our gateway.
SETTINGS = {
    "api_key": "sk_test_AnotherAccount",
    "api_version": "2019-01-01",
    "api_base": ELSEWHERE,
    "max_network_retries": 5,
    "verify_ssl_certs": False,
    "ca_bundle_path": "",
    "proxy": ELSEWHERE,
    "app_info": {"name": "shop", "version": "1", "url": None, "partner_id": None},
}


@pytest.fixture(name="stripe")
def script() -> Iterator[wire.Wire]:
    """Run a Stripe that answers as it is told."""
    with wire.running() as running:
        yield running


@pytest.fixture
def _set_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let other code of the process have its way."""
    for name, value in SETTINGS.items():
        monkeypatch.setattr(sdk, name, value)
    monkeypatch.setattr(sdk, "default_http_client", object())


@pytest.mark.usefixtures("_set_by_others")
def test_another_accounts_settings_change_nothing(stripe: wire.Wire) -> None:
    """The key, the version, the address and the number of tries are those of the gateway."""
    stripe.on("POST /v1/refunds", Reply({"error": {"type": "api_error"}}, 500), refund_record())
    ours = gateway(base_url=stripe.url)
    with pytest.raises(OutcomeUnknownError):
        ours.refund(call(ours))
    (asked,) = stripe.asked
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers["stripe-version"] == "2026-10-28.endive"
    assert asked.headers["idempotency-key"] == "refund-1"
    assert ours.refund(call(ours)).reference == "re_1"


@pytest.mark.parametrize(
    ("set_by_others", "checked"), [("", True), (None, True), ("/our/ca.pem", "/our/ca.pem")]
)
def test_certificates_are_always_checked(
    monkeypatch: pytest.MonkeyPatch, set_by_others: str | None, checked: object
) -> None:
    """An empty bundle for the whole process, as from an unset variable, would trust whoever answers."""
    given: dict[str, Any] = {}

    def unsent(*_: Any, **options: Any) -> None:
        given.update(options)
        raise requests.ConnectionError

    monkeypatch.setattr(sdk, "ca_bundle_path", set_by_others)
    monkeypatch.setattr(sdk, "verify_ssl_certs", False)
    monkeypatch.setattr(requests.Session, "request", unsent)
    ours = gateway()
    with pytest.raises(OutcomeUnknownError):
        ours.refund(call(ours))
    assert given["verify"] == checked
    assert given["allow_redirects"] is False


def test_a_connection_that_is_not_made_in_time_executed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a byte leaves before somebody answers; this is as certain as "refused"."""

    def too_late(*_: Any, **__: Any) -> None:
        raise TimeoutError

    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(socket.socket, "connect", too_late)
    ours = gateway(base_url="https://127.0.0.1")
    with pytest.raises(GatewayUnavailableError, match="nothing was executed"):
        ours.refund(call(ours))


def test_a_container_without_a_home_refunds_at_once(
    stripe: wire.Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK looks for the home folder before its first request; a user without one must not be in doubt for that."""
    telemetry = pytest.importorskip("stripe._telemetry_id")

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(telemetry, "_loaded", False)
    monkeypatch.setattr(telemetry, "_cached_id", None)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.setattr(sdk, "enable_telemetry", True)
    stripe.on("POST /v1/refunds", refund_record())
    ours = gateway(base_url=stripe.url)
    assert ours.refund(call(ours)).reference == "re_1"
