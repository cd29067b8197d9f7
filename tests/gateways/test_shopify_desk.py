"""The desk and Shopify together: imported orders, races, recovery, webhooks, disputes, two currencies."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from refundkit.errors import GatewayUnavailableError, RefundDenied
from refundkit.model.events import EventKind
from refundkit.model.refunds import RefundOrigin, RefundStatus
from refundkit.model.requests import RefundRequest
from refundkit.money import Money
from refundkit.testing.clock import FakeClock
from refundkit.testing.sandbox import Fault
from refundkit.testing.sandbox.shopify import ShopifySandbox
from tests.gateways.shopify_cases import bought, call, desk_for, gateway_to, refund

CLOCK_START = FakeClock().now


@pytest.fixture(name="clock")
def one_clock() -> FakeClock:
    """Make the clock that desk, gateway and shop share."""
    return FakeClock()


@pytest.fixture(name="shopify")
def sandbox(clock: FakeClock) -> Iterator[ShopifySandbox]:
    """Run a shop."""
    with ShopifySandbox(clock=clock) as running:
        yield running


def wish(key: str = "return-1", amount: str | None = None, **more: Any) -> RefundRequest:
    """Make a request for an amount in dollars, or for all that is left."""
    money = None if amount is None else Money.of(amount, "USD")
    return RefundRequest(**{"key": key, "reason": "Arrived broken.", "amount": money, **more})


def sent_keys(shopify: ShopifySandbox) -> list[str]:
    """Return the idempotency keys that were sent, in order."""
    asked = [one.json() for one in shopify.requests]
    return [one["variables"]["key"] for one in asked if "refundCreate" in one["query"]]


def test_an_imported_order_is_refunded_over_all_its_tenders(shopify: ShopifySandbox) -> None:
    """Two tenders, two calls, each to its own parent; nothing of the reason leaves (laws E6, S6)."""
    desk, order = desk_for(shopify, "70.00", ("gift_card", "30.00"))
    result = desk.refund(order.id, wish(note="Kim: sounds fishy"))
    assert [leg.status for leg in result.refunds] == [RefundStatus.SUCCEEDED] * 2
    assert shopify.returned(order.id) == Decimal(100)
    assert sorted(one["gateway"] for one in shopify.refunds_of(order.id)) == ["gift_card", "shopify_payments"]
    assert desk.order(order.id).refundable.is_zero
    assert not any(b"broken" in one.body or b"fishy" in one.body for one in shopify.requests)


def test_lines_are_refunded_by_what_they_cost(shopify: ShopifySandbox) -> None:
    """A line of an imported order has quantity, discount and tax."""
    lines = [
        {"name": "Mug", "quantity": 2, "price": "30.00", "discount": "10.00", "tax": "7.98", "rate": "19"}
    ]
    desk, order = desk_for(shopify, "55.00", lines=lines, shipping=[{"price": "5.00"}])
    desk.refund(order.id, wish(lines={order.lines[0].id: 1}))
    assert desk.order(order.id).refunded == Money.of("25.00", "USD")


def test_the_same_request_again_is_the_same_refund(shopify: ShopifySandbox) -> None:
    """Safe to call again (law E3)."""
    desk, order = desk_for(shopify, "50.00")
    first, second = (desk.refund(order.id, wish(amount="10.00")) for _ in range(2))
    assert first == second
    assert len(sent_keys(shopify)) == 1


def test_a_lost_reply_is_settled_by_the_same_request_again(shopify: ShopifySandbox, clock: FakeClock) -> None:
    """The money stays reserved, then the order tells, and there is one refund (laws E1, E4)."""
    desk, order = desk_for(shopify, "50.00", clock=clock)
    shopify.faults.append(Fault.LOST_REPLY)
    assert desk.refund(order.id, wish(amount="10.00")).pending == Money.of("10.00", "USD")
    clock.advance(minutes=5)
    desk.recover()
    assert desk.order(order.id).refunded == Money.of("10.00", "USD")
    assert len(shopify.refunds_of(order.id)) == 1


def test_after_a_day_a_lost_reply_is_found_in_the_order_and_never_replayed(
    shopify: ShopifySandbox, clock: FakeClock
) -> None:
    """The key is forgotten by then: sending it again would be a second refund."""
    desk, order = desk_for(shopify, "50.00", clock=clock)
    shopify.faults.append(Fault.LOST_REPLY)
    desk.refund(order.id, wish(amount="10.00"))
    clock.advance(hours=25)
    desk.recover()
    (leg,) = desk.order(order.id).refunds
    assert (leg.status, leg.origin) == (RefundStatus.SUCCEEDED, RefundOrigin.REQUEST)
    assert len(sent_keys(shopify)) == 1
    assert shopify.returned(order.id) == Decimal(10)


def test_after_a_day_a_lost_request_is_sent_once_more(shopify: ShopifySandbox, clock: FakeClock) -> None:
    """The order knows nothing of it, and the quarantine is over: word for word, under the same key."""
    desk, order = desk_for(shopify, "50.00", clock=clock)
    shopify.faults.append(Fault.RESET)
    desk.refund(order.id, wish(amount="10.00"))
    clock.advance(hours=25)
    desk.recover()
    assert desk.order(order.id).refunded == Money.of("10.00", "USD")
    asked = [one.json() for one in shopify.requests if b"refundCreate" in one.body]
    assert len(asked) == 2
    assert asked[0] == asked[1]


def test_a_pending_refund_leaves_nothing_to_refund(shopify: ShopifySandbox, clock: FakeClock) -> None:
    """The total reads 0, and there is nothing left all the same; then the bank settles it."""
    desk, order = desk_for(shopify, "50.00", clock=clock)
    shopify.statuses.append("PENDING")
    desk.refund(order.id, wish())
    record = shopify.books.orders[order.id]
    assert shopify.books.refunded(record, record["transactions"])["presentmentMoney"]["amount"] == "0.0"
    assert desk.order(order.id).refundable.is_zero
    with pytest.raises(RefundDenied):
        desk.refund(order.id, wish("return-2", "1.00"))
    (made,) = shopify.refunds_of(order.id)
    shopify.settle(made["id"], "SUCCESS")
    # The completion of a pending refund arrives under this topic; there is no refunds/update.
    events = desk.receive("shopify", **shopify.webhook("order_transactions/create", made["id"]))
    assert [event.kind for event in events] == [EventKind.REFUND_SUCCEEDED]
    assert desk.order(order.id).refunded == Money.of("50.00", "USD")


def test_a_pending_refund_that_fails_gives_its_money_free(shopify: ShopifySandbox, clock: FakeClock) -> None:
    """The sweep looks at it again."""
    desk, order = desk_for(shopify, "50.00", clock=clock)
    shopify.statuses.append("PENDING")
    desk.refund(order.id, wish())
    shopify.settle(shopify.refunds_of(order.id)[0]["id"], "FAILURE", "CARD_DECLINED")
    clock.advance(hours=2)
    desk.recover()
    (leg,) = desk.order(order.id).refunds
    assert (leg.status, leg.failure_text) == (RefundStatus.FAILED, "CARD_DECLINED")
    assert desk.order(order.id).refundable == Money.of("50.00", "USD")


def test_twenty_threads_race_for_the_last_thirty_dollars(shopify: ShopifySandbox) -> None:
    """Exactly three of ten dollars win at the shop; the others are told no, and nobody is in doubt."""
    (source,) = bought(shopify, "30.00")
    ours = gateway_to(shopify)
    won: list[RefundStatus] = []

    def run(number: int) -> None:
        won.append(ours.refund(call(ours, refund("10.00", name=f"r-{number}"), source)).status)

    race(run)
    assert sorted(won) == [RefundStatus.FAILED] * 17 + [RefundStatus.SUCCEEDED] * 3
    assert shopify.returned(source.group) == Decimal(30)


def test_twenty_threads_race_at_one_desk(shopify: ShopifySandbox) -> None:
    """The desk refuses what does not fit before anybody asks the shop (law C1)."""
    desk, order = desk_for(shopify, "30.00")
    denied: list[str] = []

    def run(number: int) -> None:
        try:
            desk.refund(order.id, wish(f"return-{number}", "10.00"))
        except RefundDenied as error:
            denied.append(error.order_id)

    race(run)
    assert len(denied) == 17
    assert len(sent_keys(shopify)) == 3
    assert shopify.returned(order.id) == Decimal(30)


def race(run: Any, threads: int = 20) -> None:
    """Run *run* in many threads at once."""
    start = threading.Barrier(threads)
    failures: list[BaseException] = []

    def racer(number: int) -> None:
        start.wait()
        try:
            run(number)
        except BaseException as error:  # noqa: BLE001 - a thread's error must reach the test
            failures.append(error)

    running = [threading.Thread(target=racer, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert failures == []


def test_a_refund_in_the_dashboard_is_adopted(shopify: ShopifySandbox) -> None:
    """A webhook names the order, the order tells of the refund (law T2)."""
    desk, order = desk_for(shopify, "50.00")
    made = shopify.refund_elsewhere(order.id, {order.payments[0].reference: "20.00"})
    events = desk.receive("shopify", **shopify.webhook("refunds/create", made))
    assert [event.kind for event in events] == [EventKind.REFUND_ADOPTED]
    assert desk.order(order.id).refundable == Money.of("30.00", "USD")
    assert desk.receive("shopify", **shopify.webhook("refunds/create", made)) == ()


def test_refunds_from_before_the_import_are_found_by_the_first_fetch(shopify: ShopifySandbox) -> None:
    """The import takes over what was bought and paid; what was given back is adopted."""
    order_id = shopify.place_order("50.00")
    shopify.refund_elsewhere(order_id, {shopify.payments_of(order_id)[0]: "20.00"})
    desk, _ = desk_for(shopify, "1.00")
    order = desk.register(gateway_to(shopify).import_order(order_id))
    desk.refresh(order.id)
    assert desk.order(order.id).refundable == Money.of("30.00", "USD")
    desk.refund(order.id, wish())
    assert shopify.returned(order.id) == Decimal(50)


def test_a_race_with_the_dashboard_is_lost_without_harm(shopify: ShopifySandbox) -> None:
    """The shop refuses what was given back meanwhile; the fetch that follows tells why."""
    desk, order = desk_for(shopify, "50.00")
    shopify.refund_elsewhere(order.id, {order.payments[0].reference: "45.00"})
    result = desk.refund(order.id, wish(amount="10.00"))
    assert result.failed == Money.of("10.00", "USD")
    desk.refresh(order.id)
    assert desk.order(order.id).refundable == Money.of("5.00", "USD")


def test_a_chargeback_stops_refunds_until_it_is_won(shopify: ShopifySandbox) -> None:
    """An inquiry does not (laws D1, D2)."""
    desk, order = desk_for(shopify, "50.00")
    dispute = shopify.open_dispute(order.id, "50.00", "INQUIRY")
    desk.receive("shopify", **shopify.webhook("disputes/create", dispute))
    desk.refund(order.id, wish("return-1", "10.00"))
    shopify.move_dispute(dispute, "NEEDS_RESPONSE", "CHARGEBACK")
    desk.receive("shopify", **shopify.webhook("disputes/update", dispute))
    with pytest.raises(RefundDenied):
        desk.refund(order.id, wish("return-2", "10.00"))
    desk.acknowledge(order.id, actor=order_actor())
    shopify.move_dispute(dispute, "WON")
    desk.receive("shopify", **shopify.webhook("disputes/update", dispute))
    assert desk.refund(order.id, wish("return-3", "10.00")).returned == Money.of("10.00", "USD")


def order_actor() -> Any:
    """Make somebody of the shop."""
    from refundkit.model.parties import Actor

    return Actor.staff("kim")


def test_a_customer_in_another_currency_is_refunded_in_it(shopify: ShopifySandbox) -> None:
    """The whole desk works in presentment money."""
    desk, order = desk_for(shopify, "5000", currency="JPY", shop_currency="CAD")
    desk.refund(order.id, RefundRequest(key="r", reason="x", amount=Money.of(1200, "JPY")))
    assert desk.order(order.id).refundable == Money.of(3800, "JPY")
    (made,) = shopify.refunds_of(order.id)
    assert made["amountSet"]["presentmentMoney"] == {"amount": "1200.0", "currencyCode": "JPY"}


@pytest.mark.parametrize(("fault", "seconds"), [(Fault.THROTTLED, 0.3), (Fault.RATE_LIMIT_429, 2.0)])
def test_a_short_throttle_is_waited_for_in_the_call(
    shopify: ShopifySandbox, fault: Fault, seconds: float
) -> None:
    """One wait, the same request again, one refund."""
    waits: list[float] = []
    desk, order = desk_for(shopify, "50.00", sleep=waits.append)
    shopify.faults.append(fault, where=lambda sent: b"refundCreate" in sent.body)
    assert desk.refund(order.id, wish(amount="10.00")).refunds[0].status is RefundStatus.SUCCEEDED
    assert waits == [seconds]
    assert sent_keys(shopify) == [desk.order(order.id).refunds[0].id] * 2
    assert len(shopify.refunds_of(order.id)) == 1


def test_a_fetch_waits_for_points(shopify: ShopifySandbox, clock: FakeClock) -> None:
    """The shop restores its points while the desk waits for them."""
    desk, order = desk_for(shopify, "50.00", clock=clock, sleep=lambda wait: clock.advance(seconds=wait))
    shopify.available, started = 0.0, clock()
    desk.refresh(order.id)
    assert clock() > started


def test_a_long_throttle_is_left_to_the_sweep(shopify: ShopifySandbox, clock: FakeClock) -> None:
    """Nothing was executed and nobody waited; the sweep brings it on."""
    waits: list[float] = []
    desk, order = desk_for(shopify, "50.00", clock=clock, sleep=waits.append)
    shopify.available = -1_000
    made = desk.refund(order.id, wish(amount="10.00"))
    assert made.pending == Money.of("10.00", "USD")
    assert made.refunds[0].status is RefundStatus.SUBMITTED
    with pytest.raises(GatewayUnavailableError, match="THROTTLED"):
        desk.refresh(order.id)
    assert waits == []
    clock.advance(minutes=5)
    desk.recover()
    assert desk.order(order.id).refunded == Money.of("10.00", "USD")
    assert len(shopify.refunds_of(order.id)) == 1
