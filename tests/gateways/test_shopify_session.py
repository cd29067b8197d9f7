"""How the Shopify gateway asks: how often, how long it waits, with which token, and of which shop."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from refundkit.errors import GatewayUnavailableError
from refundkit.gateways.shopify.session import PATIENCE_SECONDS
from refundkit.model.refunds import RefundStatus
from refundkit.testing.clock import FakeClock
from refundkit.testing.sandbox import Fault
from refundkit.testing.sandbox.shopify import ShopifySandbox
from tests.gateways.shopify_cases import TOKEN, asked, bought, call, gateway_to, refund


@pytest.fixture(name="shopify")
def sandbox() -> Iterator[ShopifySandbox]:
    """Run a shop."""
    with ShopifySandbox() as running:
        yield running


class Sleeper:
    """Moves a clock instead of waiting."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.naps: list[float] = []

    def __call__(self, seconds: float) -> None:
        """Sleep."""
        self.naps.append(seconds)
        self.clock.advance(seconds=seconds)


@pytest.fixture(name="slow")
def slow_shop() -> Iterator[tuple[ShopifySandbox, Sleeper]]:
    """Run a shop whose clock moves when somebody sleeps."""
    clock = FakeClock()
    with ShopifySandbox(clock=clock) as running:
        yield running, Sleeper(clock)


def test_a_short_wait_for_points_is_made(slow: tuple[ShopifySandbox, Sleeper]) -> None:
    """(requested − available) / restored per second, then the same request again."""
    shopify, sleeper = slow
    (source,) = bought(shopify, "50.00")
    ours = gateway_to(shopify, sleep=sleeper, clock=sleeper.clock)
    shopify.available = 5.0
    assert ours.refund(call(ours, source=source)).status is RefundStatus.SUCCEEDED
    assert sleeper.naps == [0.25]
    first, second = asked(shopify, "refundCreate")
    assert first == second


def test_a_wait_beyond_the_deadline_is_not_made(slow: tuple[ShopifySandbox, Sleeper]) -> None:
    """Nothing is sent after the deadline; the message says how long to wait."""
    shopify, sleeper = slow
    (source,) = bought(shopify, "50.00")
    ours = gateway_to(shopify, sleep=sleeper, clock=sleeper.clock)
    shopify.available = 5.0
    soon = sleeper.clock() + timedelta(seconds=0.2)
    with pytest.raises(GatewayUnavailableError, match=r"ask again in 0\.2 seconds") as refused:
        ours.refund(call(ours, source=source, deadline=soon))
    assert refused.value.wait_seconds == 0.25
    assert sleeper.naps == []


def test_a_long_wait_is_left_to_the_sweep(slow: tuple[ShopifySandbox, Sleeper]) -> None:
    """Whoever called is waiting too."""
    shopify, sleeper = slow
    (source,) = bought(shopify, "50.00")
    ours = gateway_to(shopify, sleep=sleeper, clock=sleeper.clock)
    shopify.available = -100 * PATIENCE_SECONDS
    with pytest.raises(GatewayUnavailableError, match="THROTTLED"):
        ours.fetch((source,))
    assert sleeper.naps == []


def test_patience_ends(slow: tuple[ShopifySandbox, Sleeper]) -> None:
    """Three times throttled is enough."""
    shopify, sleeper = slow
    (source,) = bought(shopify, "50.00")
    ours = gateway_to(shopify, sleep=sleeper, clock=sleeper.clock)
    shopify.faults.extend(Fault.RATE_LIMIT_429, Fault.THROTTLED, Fault.RATE_LIMIT_429)
    with pytest.raises(GatewayUnavailableError, match="HTTP 429"):
        ours.refund(call(ours, source=source))
    assert sleeper.naps == [2.0, 0.3]
    assert shopify.refunds_of(source.group) == ()


def test_sleeping_past_the_deadline_sends_nothing(slow: tuple[ShopifySandbox, Sleeper]) -> None:
    """A sleep may take longer than asked for."""
    shopify, sleeper = slow
    (source,) = bought(shopify, "50.00")
    ours = gateway_to(shopify, sleep=lambda _: sleeper.clock.advance(minutes=3), clock=sleeper.clock)
    shopify.faults.append(Fault.THROTTLED)
    with pytest.raises(GatewayUnavailableError):
        ours.refund(call(ours, source=source))
    assert len(asked(shopify, "refundCreate")) == 1


def test_an_expired_token_is_replaced_by_the_next(shopify: ShopifySandbox) -> None:
    """A 401 asks the function once more, and the same request goes out again."""
    (source,) = bought(shopify, "50.00")
    tokens = iter(["shpat_expired", shopify.token])
    ours = gateway_to(shopify, token=lambda: next(tokens), clock=FakeClock())
    assert ours.refund(call(ours, source=source)).status is RefundStatus.SUCCEEDED
    first, second = asked(shopify, "refundCreate")
    assert first == second


def test_a_new_token_after_the_deadline_sends_nothing(shopify: ShopifySandbox) -> None:
    """By then the sweep may have the refund."""
    (source,) = bought(shopify, "50.00")
    clock = FakeClock()
    tokens = iter(["shpat_expired", shopify.token])
    ours = gateway_to(shopify, token=lambda: clock.advance(minutes=1) or next(tokens), clock=clock)
    with pytest.raises(GatewayUnavailableError, match="HTTP 401"):
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
