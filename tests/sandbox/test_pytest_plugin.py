"""The fixtures that shops get: found by pytest, imported when they are asked for."""

import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from refundkit.testing.pytest_plugin import __all__ as fixtures

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PLUGIN = "refundkit.testing.pytest_plugin"

SHOP = '''
"""What a shop's own tests may look like."""

from refundkit import MemoryStore, Money, Order, Payment, RefundDesk, RefundRequest
from refundkit.gateways.stripe import StripeGateway


def order_of(gateway, reference):
    captured = Money.of("50.00", "EUR")
    paid = Payment(id="p1", gateway=gateway, reference=reference, captured=captured)
    return Order(id="o-1", currency="EUR", payments=(paid,), test=gateway == "stripe")


def wish(amount="12.50"):
    return RefundRequest(key="return-1", amount=Money.of(amount, "EUR"), reason="damaged")


def test_a_refund_reaches_stripe(stripe_sandbox, refund_clock):
    secret = stripe_sandbox.webhook_secret
    gateway = StripeGateway(api_key="sk_test_shop", webhook_secrets=secret, base_url=stripe_sandbox.url)
    desk = RefundDesk(store=MemoryStore(), gateways=[gateway], clock=refund_clock)
    payment = stripe_sandbox.payment(5000, "eur")
    desk.register(order_of("stripe", payment))

    assert desk.refund("o-1", wish()).returned == Money.of("12.50", "EUR")
    assert stripe_sandbox.returned(payment) == 1250

    stripe_sandbox.refund_in_dashboard(payment, 500)
    body, headers = stripe_sandbox.webhook("charge.refunded", stripe_sandbox.charge_of(payment))
    desk.receive("stripe", body=body, headers=headers)
    assert desk.order("o-1").refunded == Money.of("17.50", "EUR")


def test_a_refund_reaches_the_fake(fake_gateway, refund_clock):
    desk = RefundDesk(store=MemoryStore(), gateways=[fake_gateway], clock=refund_clock)
    desk.register(order_of("fake", "pay-1"))
    desk.refund("o-1", wish("50.00"))
    assert fake_gateway.returned("EUR") == Money.of("50.00", "EUR")


def test_sandboxes_are_new_for_every_test(stripe_sandbox):
    assert stripe_sandbox.requests == []
    assert stripe_sandbox.url.startswith("http://127.0.0.1:")


def test_vendors_listen(paypal_sandbox, shopify_sandbox):
    assert paypal_sandbox.url != shopify_sandbox.url
'''


def by_hand() -> list[str]:
    """Return the options that load the plugin where refundkit is not installed, but on the path."""
    installed = entry_points(group="pytest11", name="refundkit")
    return [] if installed else ["-p", PLUGIN]


def test_a_shops_tests_use_the_fixtures(pytester: pytest.Pytester) -> None:
    """With no import and no conftest of their own."""
    pytester.makepyfile(SHOP)
    result = pytester.inline_run("-W", "error", "-p", "no:cacheprovider", *by_hand())
    result.assertoutcome(passed=4)


def test_pytest_finds_the_plugin() -> None:
    """By the entry point that the project declares."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"refundkit": PLUGIN}
    module = import_module(PLUGIN)
    assert [name for name in fixtures if not callable(getattr(module, name))] == []


def test_starting_pytest_imports_no_sandbox_and_no_sdk() -> None:
    """Whoever has refundkit installed waits for none of it in the tests of other projects."""
    look = (
        f"import sys; before = set(sys.modules); import {PLUGIN}; "
        "rooms = ('refundkit.testing.', 'stripe', 'httpx', 'requests', 'sqlalchemy', 'http.server'); "
        "print(sorted(name for name in set(sys.modules) - before if name.startswith(rooms)))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import pytest; {look}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == f"['{PLUGIN}']"
