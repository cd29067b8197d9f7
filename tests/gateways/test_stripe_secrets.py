"""Keys stay where they are needed: no repr, vars, copy, pickle, asdict or log shows them (law S2)."""

import copy
import json
import logging
import pickle
import subprocess
import sys
from collections.abc import Iterator

import pytest

from refundkit.testing.reachable import reachable
from tests.gateways import wire
from tests.gateways.stripe_cases import KEY, SECRET, call, gateway, refund_record


@pytest.fixture(name="stripe")
def scripted() -> Iterator[wire.Wire]:
    """Run a scripted Stripe."""
    with wire.running() as running:
        running.on("POST /v1/refunds", refund_record())
        yield running


def test_no_attribute_of_a_gateway_leads_to_a_secret(stripe: wire.Wire) -> None:
    """Walking all that vars() shows, before and after use, finds neither key nor secret."""
    ours = gateway(base_url=stripe.url)
    report = ours.refund(call(ours))
    for thing in (*reachable(ours), *reachable(report)):
        assert KEY not in repr(thing)
        assert SECRET not in repr(thing)


@pytest.mark.parametrize(
    "show", [repr, str, vars, "{}".format, lambda it: json.dumps(vars(it), default=repr)]
)
def test_no_way_of_showing_a_gateway_shows_a_secret(show: object) -> None:
    """Whatever a log line does with it."""
    assert callable(show)
    shown = str(show(gateway()))
    assert KEY not in shown
    assert SECRET not in shown


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy])
def test_a_gateway_is_not_pickled(copied: object) -> None:
    """It holds hidden things."""
    assert callable(copied)
    with pytest.raises(TypeError, match="not copied or pickled"):
        copied(gateway())


def test_no_log_record_holds_a_secret(stripe: wire.Wire, caplog: pytest.LogCaptureFixture) -> None:
    """Even with every logger at its most talkative, the SDK's and urllib3's included."""
    caplog.set_level(logging.DEBUG)
    ours = gateway(base_url=stripe.url)
    ours.refund(call(ours))
    assert caplog.records
    assert KEY not in caplog.text
    assert SECRET not in caplog.text


def test_the_prepared_request_holds_no_secret() -> None:
    """It is stored with the refund, so it may hold none (law E1)."""
    assert KEY not in repr(call(gateway()).request)


def test_importing_the_gateway_imports_no_sdk() -> None:
    """Only making a gateway costs what Stripe's SDK costs."""
    look = "import sys, refundkit.gateways.stripe; print({'stripe', 'requests', 'httpx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
