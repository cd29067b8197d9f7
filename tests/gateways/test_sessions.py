"""What Stripe and PayPal are asked with is nobody else's, whatever the shop's own code does with requests."""

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest
import requests

from refundkit.gateways.base import Gateway
from refundkit.gateways.sessions import own_session
from tests.gateways import paypal_cases, stripe_cases, wire
from tests.gateways.stripe_cases import intent_record, page

ORDER = "5O190127TN364715T"


class Cached(requests.Session):
    """What requests_cache.install_cache() puts in the place of every session."""

    def request(self, *_: Any, **__: Any) -> NoReturn:
        """Answer from memory."""
        raise AssertionError("the cache was asked")


@pytest.fixture(name="vendor")
def script() -> Iterator[wire.Wire]:
    """Run a vendor that answers as it is told."""
    with wire.running() as running:
        yield running


def stripe(vendor: wire.Wire) -> tuple[Gateway, Any]:
    """Let Stripe tell of a payment."""
    vendor.on("GET /v1/payment_intents/pi_1", intent_record())
    vendor.on("GET /v1/refunds", page())
    vendor.on("GET /v1/disputes", page())
    return stripe_cases.gateway(base_url=vendor.url), stripe_cases.payment()


def paypal(vendor: wire.Wire) -> tuple[Gateway, Any]:
    """Let PayPal tell of a payment."""
    capture = paypal_cases.capture_record()
    vendor.on("POST /v1/oauth2/token", {"access_token": "A21AAsecret", "expires_in": 600})
    vendor.on(f"GET /v2/payments/captures/{capture['id']}", capture)
    vendor.on("GET /v1/customer/disputes", {"items": []})
    vendor.on(f"GET /v2/checkout/orders/{ORDER}", paypal_cases.order_record())
    return paypal_cases.gateway(base_url=vendor.url), paypal_cases.payment()


@pytest.mark.parametrize("opened", [stripe, paypal])
def test_a_cache_of_the_whole_process_does_not_answer_for_a_vendor(
    vendor: wire.Wire, opened: Callable[[wire.Wire], tuple[Gateway, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refund that was made since would seem absent, and be made again (law T2)."""
    monkeypatch.setattr(requests, "Session", Cached)
    monkeypatch.setattr(requests.sessions, "Session", Cached)
    ours, payment = opened(vendor)
    assert ours.fetch((payment,))[0].captured == payment.captured


def test_whatever_stands_there_instead_is_used_if_there_is_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test of a shop may put anything there."""
    session = requests.Session()
    monkeypatch.setattr(requests, "Session", lambda: session)
    assert own_session() is session
