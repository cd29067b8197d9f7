"""A server that forks its workers: each of them has connections of its own."""

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from refundkit import processes
from refundkit.deliverers.webhook_call import WebhookCallDeliverer
from refundkit.processes import PerProcess
from refundkit.testing.sandbox.paypal import CLIENT_ID, CLIENT_SECRET
from tests.wire import forking
from tests.wire.faults import FAULTS
from tests.wire.shops import VENDORS, Street

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_asks_over_a_connection_of_its_own(street: Street) -> None:
    """Two processes on one connection would read each other's answers: a refund could pass for another one."""
    with ExitStack() as stack:
        shops = {
            vendor: stack.enter_context(street.shop(vendor, FAULTS["asked twice"])) for vendor in VENDORS
        }
        known = [
            (vendor, shop.proxy.url, (shop.payment.reference, shop.payment.group))
            for vendor, shop in shops.items()
        ]
        shopify = shops["shopify"].sandbox
        worker = subprocess.run(
            [sys.executable, forking.__file__, CLIENT_ID, CLIENT_SECRET, shopify.shop, shopify.token],
            input=json.dumps(known),
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
        assert worker.returncode == 0, worker.stderr
        told = [f"{vendor} 50.00 EUR 0" for vendor in VENDORS]
        assert worker.stdout.splitlines() == told * 3
        assert {vendor: shop.proxy.accepted for vendor, shop in shops.items()} == dict.fromkeys(VENDORS, 2)


def test_threads_share_what_their_process_made() -> None:
    """Of many threads that ask at once, each gets the same one, whoever made it."""
    start = threading.Barrier(8)
    made = PerProcess(object)

    def ask(_: int) -> object:
        start.wait()
        return made()

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(8)))) == 1


def test_what_another_process_made_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child begins with nothing, and does not end what its parent still uses."""
    shared = PerProcess(object)
    theirs = shared()
    monkeypatch.setattr(processes.this_process, "token", object())
    assert shared.made == ()
    assert shared() is not theirs
    assert shared.made == (shared(),)


def test_a_deliverer_calls_over_connections_of_its_own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop's server would get the bytes of two calls mixed up."""
    deliverer = WebhookCallDeliverer(url="https://shop.example/give", secrets="a-secret-of-the-shop")
    theirs = deliverer._clients()()
    monkeypatch.setattr(processes.this_process, "token", object())
    assert deliverer._clients()() is not theirs
    assert not theirs.is_closed
    theirs.close()
