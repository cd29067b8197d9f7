"""Fixtures for the tests of shops; pytest finds them by itself where refundkit is installed.

``stripe_sandbox``, ``paypal_sandbox``, ``shopify_sandbox``
    A fresh vendor on a loopback port, for this test.
``fake_gateway``
    A `FakeGateway`: a strict gateway in memory.
``refund_clock``
    A `FakeClock`. In a test that asks for it, sandboxes go by it too.

pytest imports this file in every run of every project, so nothing else is imported before a fixture is used.
There is no assert in it either, and no reason to warn when it was imported before: PYTEST_DONT_REWRITE.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from refundkit.testing.clock import FakeClock
    from refundkit.testing.fake_gateway import FakeGateway
    from refundkit.testing.sandbox.stripe import StripeSandbox

__all__ = ["fake_gateway", "paypal_sandbox", "refund_clock", "shopify_sandbox", "stripe_sandbox"]

# Their asserts tell what they compared, also where a plugin's author runs them from an installed package.
_CONTRACTS = tuple(
    f"refundkit.testing.{kind}_{part}" for kind in ("gateway", "deliverer") for part in ("contract", "rules")
)
if not any(name in sys.modules for name in _CONTRACTS):
    pytest.register_assert_rewrite(*_CONTRACTS)


@pytest.fixture
def refund_clock() -> FakeClock:
    """Return a clock that stands still until the test moves it."""
    from refundkit.testing.clock import FakeClock

    return FakeClock()


@pytest.fixture
def fake_gateway() -> FakeGateway:
    """Return a strict gateway in memory."""
    from refundkit.testing.fake_gateway import FakeGateway

    return FakeGateway()


@pytest.fixture
def stripe_sandbox(request: pytest.FixtureRequest) -> Iterator[StripeSandbox]:
    """Open a small Stripe."""
    yield from _opened(request, "stripe", "StripeSandbox")


@pytest.fixture
def paypal_sandbox(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Open a small PayPal."""
    yield from _opened(request, "paypal", "PayPalSandbox")


@pytest.fixture
def shopify_sandbox(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Open a small Shopify."""
    yield from _opened(request, "shopify", "ShopifySandbox")


def _opened(request: pytest.FixtureRequest, module: str, name: str) -> Iterator[Any]:
    """Open the sandbox *name*, on the test's own clock if it has one."""
    kind = getattr(import_module(f"refundkit.testing.sandbox.{module}"), name)
    clock = "refund_clock"
    options = {"clock": request.getfixturevalue(clock)} if clock in request.fixturenames else {}
    with kind(**options) as sandbox:
        yield sandbox
