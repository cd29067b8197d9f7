"""Asking the gateways from the terminal: one order, all orders since a day, and an order that a gateway keeps."""

from __future__ import annotations

import json

import attrs
import pytest

from refundkit.testing.sandbox.stripe import StripeSandbox
from tests.cli.terminal import eur, sold

STRIPE = """
[gateways.stripe]
api_key = {{ env = "STRIPE_API_KEY" }}
base_url = "{url}"
"""


@pytest.fixture
def stripe(terminal):
    """Yield a Stripe that has taken the money of order A-5, and gave 3.00 EUR of it back in its dashboard."""
    with StripeSandbox() as stripe:
        terminal.configure(STRIPE.format(url=stripe.url))
        terminal.environment["STRIPE_API_KEY"] = "sk_test_1"
        intent = stripe.payment(1490, "eur")
        card = attrs.evolve(sold(5).payments[0], gateway="stripe", reference=intent)
        terminal.sell(sold(5, test=True, lines=(), payments=(card,)))
        stripe.refund_in_dashboard(intent, 300)
        yield stripe


@pytest.mark.slow
def test_an_order_is_asked_about(terminal, stripe):
    """Law T2: a refund made in the dashboard is found, written down and told; asked again there is nothing new."""
    first = terminal.type("refresh", "A-5")
    second = terminal.type("refresh", "A-5", "--json")

    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert "3.00 EUR" in first.stdout
    assert "was made elsewhere" in " ".join(first.stdout.split())
    assert json.loads(second.stdout)["events"] == []
    assert terminal.order("A-5").refunded == eur("3.00")


@pytest.mark.slow
def test_all_orders_are_asked_about(terminal, stripe):
    """Reconciling finds the same, says where, and ends with 3 if a gateway could not be asked."""
    found = terminal.type("reconcile", "--since", "2020-01-01")
    stripe.close()
    lost = terminal.type("reconcile", "--since", "2020-01-01", "--json")

    assert found.exit_code == 0, found.output
    assert "Asked about 2 orders" in found.stdout
    assert "3.00 EUR" in found.stdout
    assert lost.exit_code == 3
    assert json.loads(lost.stdout)["unreachable"] == ["A-5"]


def test_an_order_is_imported_from_a_gateway_that_keeps_orders(terminal, monkeypatch):
    """What the gateway keeps is registered and shown; a gateway that keeps none says so."""
    none = terminal.type("import", "cash", "gid-7")
    unknown = terminal.type("import", "acme", "gid-7")
    kept = sold(7, payments=())
    monkeypatch.setattr("refundkit.gateways.manual.ManualGateway.import_order", lambda *_: kept)

    done = terminal.type("import", "cash", "gid-7")
    script = terminal.type("import", "cash", "gid-7", "--json")

    assert (none.exit_code, unknown.exit_code, done.exit_code, script.exit_code) == (2, 2, 0, 0), done.output
    assert "Order A-7" in done.stdout
    assert json.loads(script.stdout)["id"] == "A-7"
