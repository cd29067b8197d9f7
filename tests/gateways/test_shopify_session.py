"""How the Shopify gateway asks: how often, with which token, and of which shop."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from refundkit.errors import GatewayUnavailableError
from refundkit.gateways.shopify import session
from refundkit.model.refunds import RefundStatus
from refundkit.testing.clock import FakeClock
from refundkit.testing.sandbox import Fault
from refundkit.testing.sandbox.shopify import ShopifySandbox
from tests.gateways.shopify_cases import TOKEN, asked, bought, call, gateway_to, refund

TOKEN_HEADER = "x-shopify-access-token"


@pytest.fixture(name="shopify")
def sandbox() -> Iterator[ShopifySandbox]:
    """Run a shop."""
    with ShopifySandbox() as running:
        yield running


@pytest.mark.parametrize(
    ("fault", "told", "seconds"),
    [(Fault.THROTTLED, "THROTTLED.*ask again in 0.3 seconds", 0.3), (Fault.RATE_LIMIT_429, "HTTP 429", 2)],
)
def test_the_gateway_never_waits(shopify: ShopifySandbox, fault: Fault, told: str, seconds: float) -> None:
    """It asks once, for whatever it is, and says how long Shopify wants to be left alone; the desk waits."""
    (source,) = bought(shopify, "50.00")
    ours = gateway_to(shopify)
    for ask in (
        lambda: ours.refund(call(ours, source=source)),
        lambda: ours.fetch((source,)),
        lambda: ours.import_order(source.group),
    ):
        before = len(shopify.requests)
        shopify.faults.append(fault)
        with pytest.raises(GatewayUnavailableError, match=told) as refused:
            ask()
        assert refused.value.retry_after_seconds == seconds
        assert len(shopify.requests) == before + 1


def test_points_come_back_at_a_known_rate() -> None:
    """The wait is (requested − available) / restored per second."""
    with ShopifySandbox(clock=FakeClock()) as shopify:
        (source,) = bought(shopify, "50.00")
        ours = gateway_to(shopify)
        shopify.available = 5.0
        with pytest.raises(GatewayUnavailableError, match=r"ask again in 0\.2 seconds") as refused:
            ours.refund(call(ours, source=source))
        assert refused.value.retry_after_seconds == 0.25


@pytest.mark.parametrize("late", [0, 1], ids=["before it is sent", "before it is sent again"])
def test_a_token_that_comes_too_late_sends_nothing(
    shopify: ShopifySandbox, monkeypatch: pytest.MonkeyPatch, late: int
) -> None:
    """By then the sweep may hold the turn of this refund (law E1); nothing was executed, and it is told so."""
    (source,) = bought(shopify, "50.00")
    times = iter([0.0] * late + [float("inf")])
    monkeypatch.setattr(session, "monotonic", lambda: next(times))
    tokens = iter(["an-expired-token", shopify.token])
    ours = gateway_to(shopify, token=lambda: next(tokens))
    before = len(shopify.requests)
    with pytest.raises(GatewayUnavailableError, match="it came too late"):
        ours.refund(call(ours, source=source))
    assert len(shopify.requests) == before + late


def test_an_expired_token_is_replaced_by_the_next(shopify: ShopifySandbox) -> None:
    """A 401 asks the function once more, and the same request goes out again."""
    (source,) = bought(shopify, "50.00")
    tokens = iter(["shpat_expired", shopify.token])
    ours = gateway_to(shopify, token=lambda: next(tokens))
    assert ours.refund(call(ours, source=source)).status is RefundStatus.SUCCEEDED
    first, second = asked(shopify, "refundCreate")
    assert first == second


def test_a_new_token_is_tried_once(shopify: ShopifySandbox) -> None:
    """However many tokens there are: two refusals are an answer."""
    (source,) = bought(shopify, "50.00")
    numbers = count()
    ours = gateway_to(shopify, token=lambda: f"shpat_wrong_{next(numbers)}")
    with pytest.raises(GatewayUnavailableError, match=r"HTTP 401.*check the token"):
        ours.refund(call(ours, source=source))
    assert len(asked(shopify, "refundCreate")) == 2


def test_a_new_token_does_not_make_up_for_a_throttle(shopify: ShopifySandbox) -> None:
    """What the second answer says is what is told."""
    (source,) = bought(shopify, "50.00")
    tokens = iter(["shpat_expired", shopify.token])
    ours = gateway_to(shopify, token=lambda: next(tokens))
    shopify.faults.append(Fault.THROTTLED, where=lambda sent: sent.headers[TOKEN_HEADER] == shopify.token)
    with pytest.raises(GatewayUnavailableError, match="THROTTLED") as refused:
        ours.refund(call(ours, source=source))
    assert refused.value.retry_after_seconds == 0.3


def test_a_token_function_that_fails_the_second_time_sends_nothing_more(shopify: ShopifySandbox) -> None:
    """Neither the first request nor the second was executed."""
    (source,) = bought(shopify, "50.00")
    tokens = iter(["shpat_expired"])
    ours = gateway_to(shopify, token=lambda: next(tokens))
    with pytest.raises(GatewayUnavailableError, match="the token function raised StopIteration"):
        ours.refund(call(ours, source=source))
    assert len(asked(shopify, "refundCreate")) == 1


def test_a_token_that_stays_wrong_is_not_tried_again(shopify: ShopifySandbox) -> None:
    """The errors of a 401 are a sentence, not a list."""
    (source,) = bought(shopify, "50.00")
    before = len(shopify.requests)
    ours = gateway_to(shopify, token=TOKEN)
    with pytest.raises(GatewayUnavailableError, match=r"HTTP 401.*Invalid API key.*check the token"):
        ours.refund(call(ours, source=source))
    assert len(shopify.requests) == before + 1


@pytest.mark.parametrize("token", [lambda: 1 / 0, lambda: None, lambda: "", lambda: "evil\r\nx: y"])
def test_a_token_function_without_a_token_sends_nothing(shopify: ShopifySandbox, token: Any) -> None:
    """Whatever it raises or returns, nothing was executed, and nothing of it is shown."""
    ours = gateway_to(shopify, token=token)
    with pytest.raises(GatewayUnavailableError, match="the token function") as refused:
        ours.refund(call(ours))
    assert "evil" not in str(refused.value)
    assert shopify.requests == []


@pytest.mark.parametrize("scope", ["read_orders", "write_orders"])
def test_a_missing_scope_executes_nothing(shopify: ShopifySandbox, scope: str) -> None:
    """ACCESS_DENIED comes with HTTP 200."""
    (source,) = bought(shopify, "50.00")
    shopify.scopes.remove(scope)
    ours = gateway_to(shopify)
    with pytest.raises(GatewayUnavailableError, match="ACCESS_DENIED") as refused:
        ours.fetch((source,)) if scope == "read_orders" else ours.refund(call(ours, source=source))
    assert refused.value.code == "ACCESS_DENIED"


def test_a_version_that_fell_forward_is_told(
    shopify: ShopifySandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """An expired version is served by a newer one, silently; the header tells."""
    (source,) = bought(shopify, "50.00")
    caplog.clear()
    gateway_to(shopify, api_version="2026-07").fetch((source,))
    assert caplog.records == []
    gateway_to(shopify, api_version="2027-01").fetch((source,))
    (record,) = caplog.records
    assert (record.message, record.asked, record.got) == ("version.fell_forward", "2027-01", "2026-01")


def test_two_shops_in_many_threads_never_meet() -> None:
    """Other clients keep the session in the thread, or in the process: one shop's refund went to the other."""
    with ShopifySandbox() as one, ShopifySandbox() as other, ThreadPoolExecutor(8) as pool:
        sources = [bought(shop, "40.00")[0] for shop in (one, other)]
        other.token, one.token = "shpat_of_the_other", "shpat_of_the_first_one"
        gateways = [gateway_to(one), gateway_to(other)]

        def give_back(number: int) -> RefundStatus:
            ours, source = gateways[number % 2], sources[number % 2]
            return ours.refund(call(ours, refund("1.00", name=f"r-{number}"), source)).status

        assert set(pool.map(give_back, range(40))) == {RefundStatus.SUCCEEDED}
        for number, (shop, source) in enumerate(zip((one, other), sources, strict=True)):
            keys = {int(sent["variables"]["key"][2:]) % 2 for sent in asked(shop, "refundCreate")}
            assert keys == {number}
            assert shop.returned(source.group) == 20
