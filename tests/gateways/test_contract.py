"""Every gateway of ours keeps the contract of docs/reference/gateway-contract.md; PayPal: test_paypal_contract.py."""

from collections.abc import Iterator

import pytest

from refundkit.gateways.manual import Settles
from refundkit.testing.gateway_contract import Bench, GatewayContract
from refundkit.testing.sandbox.shopify import ShopifySandbox
from refundkit.testing.sandbox.stripe import StripeSandbox
from tests.gateways.benches import Fake, manual_bench
from tests.gateways.vendor_benches import Shop, StripeAccount


class TestManualAtOnce(GatewayContract):
    @pytest.fixture
    def bench(self) -> Bench:
        """Make a manual gateway whose refunds are done at once."""
        return manual_bench(Settles.AT_ONCE)


class TestManualOnConfirmation(GatewayContract):
    @pytest.fixture
    def bench(self) -> Bench:
        """Make a manual gateway whose refunds wait for a person."""
        return manual_bench(Settles.ON_CONFIRMATION)


class TestFake(GatewayContract):
    @pytest.fixture
    def bench(self) -> Bench:
        """Make a fake gateway that keeps books."""
        return Fake().bench()


class TestStripe(GatewayContract):
    @pytest.fixture
    def bench(self) -> Iterator[Bench]:
        """Open a Stripe sandbox, with two gateways to it."""
        with StripeSandbox() as sandbox:
            yield StripeAccount(sandbox).bench()


class TestShopify(GatewayContract):
    @pytest.fixture
    def bench(self) -> Iterator[Bench]:
        """Open a Shopify sandbox, with two gateways to it."""
        with ShopifySandbox() as sandbox:
            yield Shop(sandbox).bench()
