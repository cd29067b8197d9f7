"""Credentials stay where they are needed: no repr, vars, copy, pickle, asdict, error or log shows them (law S2)."""

import copy
import json
import logging
import pickle
import subprocess
import sys
from collections.abc import Iterator

import attrs
import pytest

from refundkit.errors import GatewayError
from refundkit.gateways.guards import Hidden
from refundkit.gateways.paypal import Account
from refundkit.gateways.paypal.tokens import Token
from refundkit.testing.reachable import reachable
from refundkit.testing.sandbox import Fault
from refundkit.testing.sandbox.paypal import CLIENT_ID as SANDBOX_ID
from refundkit.testing.sandbox.paypal import CLIENT_SECRET, PayPalSandbox
from tests.gateways.paypal_cases import CLIENT_ID, SECRET, call, gateway, refund

SECRETS = (CLIENT_ID, SECRET, SANDBOX_ID, CLIENT_SECRET, "A21AASandboxToken", "QVRoaXNJc1Ro")


@pytest.fixture(name="paypal")
def opened() -> Iterator[PayPalSandbox]:
    """Open a PayPal."""
    with PayPalSandbox() as sandbox:
        yield sandbox


def check_silent(shown: str) -> None:
    """Require that no secret shows."""
    assert not any(secret in shown for secret in SECRETS)


def test_no_attribute_of_a_gateway_leads_to_a_secret(paypal: PayPalSandbox) -> None:
    """Walking all that vars() shows, after use, finds neither credentials nor token."""
    source = paypal.capture("50.00", "EUR")
    ours = paypal.gateway()
    report = ours.refund(call(ours, refund(), source))
    for thing in (*reachable(ours), *reachable(report), *reachable(ours.fetch((source,)))):
        check_silent(repr(thing))


@pytest.mark.parametrize("fault", [*Fault])
def test_no_error_leads_to_a_secret(paypal: PayPalSandbox, fault: Fault) -> None:
    """Exceptions of requests lead to the request and its headers; ours lead nowhere."""
    source = paypal.capture("50.00", "EUR")
    ours = paypal.gateway(timeout=(5, 0.2))
    paypal.faults.append(fault)
    with pytest.raises(GatewayError) as raised:
        ours.refund(call(ours, refund(), source))
    for thing in reachable(raised.value):
        check_silent(repr(thing))
    check_silent(pickle.dumps(raised.value).decode("latin-1"))


@pytest.mark.parametrize(
    "show", [repr, str, vars, "{}".format, lambda it: json.dumps(vars(it), default=repr)]
)
def test_no_way_of_showing_a_gateway_shows_a_secret(show: object) -> None:
    """Whatever a log line does with it."""
    assert callable(show)
    check_silent(str(show(gateway())))


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy])
def test_a_gateway_is_not_pickled(copied: object) -> None:
    """It holds hidden things."""
    assert callable(copied)
    with pytest.raises(TypeError, match="not copied or pickled"):
        copied(gateway())


def test_accounts_and_tokens_show_nothing() -> None:
    """What another SDK is handed is hidden too."""
    account = Account(credentials=Hidden((CLIENT_ID, SECRET)), base_url="https://x", timeout=(5, 30))
    check_silent(repr(account) + repr(attrs.asdict(account)) + repr(Token(SECRET, 5)))


def test_no_log_record_holds_a_secret(
    paypal: PayPalSandbox, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even with every logger at its most talkative, urllib3's included."""
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "urllib3.connectionpool"):
        caplog.set_level(logging.DEBUG, logger=name)
        monkeypatch.setattr(logging.getLogger(name), "disabled", False)
    source = paypal.capture("50.00", "EUR")
    ours = paypal.gateway()
    ours.refund(call(ours, refund(), source))
    assert caplog.records
    check_silent(caplog.text)
    check_silent("".join(repr(vars(record)) for record in caplog.records))


def test_the_prepared_request_holds_no_secret() -> None:
    """It is stored with the refund, so it may hold none (law E1)."""
    check_silent(repr(call(gateway()).request))


def test_importing_the_gateway_imports_no_sdk() -> None:
    """Only making a gateway costs what PayPal's SDK costs."""
    modules = "{'paypalcheckoutsdk', 'paypalhttp', 'requests'} & set(sys.modules)"
    look = f"import sys, refundkit.gateways.paypal; print({modules})"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_importing_the_sdk_warns_of_nothing() -> None:
    """It is old; on this Python it is still clean."""
    look = "import refundkit.gateways.paypal.client"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", look], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
