"""A whole shop: a desk, a store in memory, the real SDK, and PayPal's sandbox with a clock that a test moves."""

from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from refundkit import (
    EventKind,
    MemoryStore,
    Money,
    RefundDenied,
    RefundDesk,
    RefundRequest,
    RefundResult,
    RefundStatus,
    WebhookError,
)
from refundkit.model.marks import FlagKind
from refundkit.model.payments import Payment
from refundkit.testing.builders import make_order
from refundkit.testing.clock import FakeClock
from refundkit.testing.sandbox import Fault
from refundkit.testing.sandbox.paypal import PayPalSandbox


class Shop:
    """A desk with one order of 50.00 EUR, paid through PayPal."""

    def __init__(self, paypal: PayPalSandbox, clock: FakeClock, payment: Payment | None = None) -> None:
        self.paypal = paypal
        self.clock = clock
        self.payment = payment or paypal.capture("50.00", "EUR")
        self.gateway = paypal.gateway(timeout=(5, 2.0))
        self.waits: list[float] = []
        self.desk = RefundDesk(
            store=MemoryStore(), gateways=[self.gateway], clock=clock, sleep=self.waits.append
        )
        self.desk.register(make_order(id="o-1", lines=(), payments=(self.payment,), test=True))

    def refund(self, amount: str | None = None, key: str = "return-1") -> RefundResult:
        """Refund an amount, or everything."""
        asked = None if amount is None else Money.of(amount, "EUR")
        return self.desk.refund("o-1", RefundRequest(key=key, reason="arrived broken", amount=asked))

    @property
    def order(self) -> Any:
        """The newest version of the order."""
        return self.desk.order("o-1")

    @property
    def left(self) -> str:
        """What may still be given back."""
        return str(self.order.refundable.decimal)

    def kinds(self) -> list[EventKind]:
        """Return what happened to the order, from the first refund on."""
        return [event.kind for event in self.desk.timeline("o-1")[1:]]

    def hear(self, event_type: str, subject: str) -> list[EventKind]:
        """Receive a webhook."""
        return [
            event.kind for event in self.desk.receive("paypal", **self.paypal.webhook(event_type, subject))
        ]


@pytest.fixture(name="shop")
def opened() -> Iterator[Shop]:
    """Open a shop."""
    clock = FakeClock()
    with PayPalSandbox(clock=clock) as paypal:
        yield Shop(paypal, clock)


def test_partial_refunds_until_nothing_is_left(shop: Shop) -> None:
    """Parts, then the rest, and then no more."""
    assert shop.refund("12.50").refunds[0].status is RefundStatus.SUCCEEDED
    assert shop.refund("7.50", "return-2").returned == Money.of("7.50", "EUR")
    assert shop.left == "30.00"
    assert shop.refund(key="return-3").returned == Money.of("30.00", "EUR")
    with pytest.raises(RefundDenied):
        shop.refund("0.01", "return-4")
    assert len(shop.paypal.refunds(shop.payment.reference)) == 3
    assert not shop.order.flags


def test_the_webhook_of_our_own_refund_is_no_second_one(shop: Shop) -> None:
    """woocommerce-paypal-payments #522 and ps_checkout #331 booked it twice."""
    made = shop.refund("12.50").refunds[0]
    for event_type in ("PAYMENT.CAPTURE.REFUNDED", "PAYMENT.REFUND.COMPLETED", "PAYMENT.CAPTURE.REFUNDED"):
        assert EventKind.REFUND_ADOPTED not in shop.hear(event_type, made.reference)
    assert (len(shop.order.refunds), shop.left) == (1, "37.50")


@pytest.mark.parametrize(
    "fault", [Fault.LOST_REPLY, Fault.HANG, Fault.TRUNCATED, Fault.GARBAGE, Fault.CONFLICT_409]
)
def test_a_lost_answer_is_found_again(shop: Shop, fault: Fault) -> None:
    """The money stays reserved until the sweep has asked, and there is one refund (laws E2, E4)."""
    shop.paypal.faults.append(fault, executes=True)
    asked = shop.refund("12.50")
    assert asked.refunds[0].status is RefundStatus.SUBMITTED
    assert shop.left == "37.50"
    shop.clock.advance(minutes=5)
    shop.desk.recover()
    assert shop.order.refunds[0].status is RefundStatus.SUCCEEDED
    assert len(shop.paypal.refunds(shop.payment.reference)) == 1


def test_a_short_limit_is_waited_for_in_the_call(shop: Shop) -> None:
    """One wait, as long as PayPal asks for, the same request again, one refund."""
    shop.paypal.faults.append(Fault.RATE_LIMIT_429)
    assert shop.refund("12.50").refunds[0].status is RefundStatus.SUCCEEDED
    assert shop.waits == [1.0]
    assert len(shop.paypal.refunds(shop.payment.reference)) == 1


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.HANG, Fault.SERVER_ERROR_500, Fault.THROTTLED])
def test_a_lost_request_is_sent_again(shop: Shop, fault: Fault) -> None:
    """Under the same key."""
    shop.paypal.faults.append(fault)
    assert shop.refund("12.50").refunds[0].status is RefundStatus.SUBMITTED
    shop.clock.advance(minutes=5)
    shop.desk.recover()
    assert shop.order.refunds[0].status is RefundStatus.SUCCEEDED
    assert len(shop.paypal.refunds(shop.payment.reference)) == 1


def test_a_webhook_tells_of_a_lost_answer_before_the_sweep_does(shop: Shop) -> None:
    """It is found by the id that it carries (law T2)."""
    shop.paypal.faults.append(Fault.LOST_REPLY)
    shop.refund("12.50")
    (held,) = shop.paypal.refunds(shop.payment.reference)
    assert shop.hear("PAYMENT.CAPTURE.REFUNDED", held.id) == [EventKind.REFUND_SUCCEEDED]


def test_a_pending_refund_comes_to_its_end(shop: Shop) -> None:
    """By a webhook, or by the sweep."""
    shop.paypal.next_refund("PENDING")
    made = shop.refund("12.50").refunds[0]
    assert (made.status, shop.left) == (RefundStatus.PENDING, "37.50")
    shop.paypal.settle(made.reference, "COMPLETED")
    assert shop.hear("PAYMENT.CAPTURE.REFUNDED", made.reference) == [EventKind.REFUND_SUCCEEDED]


def test_a_pending_refund_fails_and_its_money_is_free_again(shop: Shop) -> None:
    """The bank said no."""
    shop.paypal.next_refund("PENDING")
    made = shop.refund("50.00").refunds[0]
    shop.paypal.settle(made.reference, "FAILED")
    shop.clock.advance(hours=2)
    shop.desk.recover()
    assert (shop.order.refunds[0].status, shop.left) == (RefundStatus.FAILED, "50.00")
    assert shop.refund("50.00", "again").returned == Money.of("50.00", "EUR")


def test_a_refund_of_the_dashboard_is_adopted(shop: Shop) -> None:
    """And what is left is less."""
    name = shop.paypal.refund_in_dashboard(shop.payment.reference, "20.00")
    assert EventKind.REFUND_ADOPTED in shop.hear("PAYMENT.CAPTURE.REFUNDED", name)
    assert shop.left == "30.00"
    assert shop.hear("PAYMENT.CAPTURE.REFUNDED", name) == []


def test_a_refund_of_the_dashboard_that_nobody_told_of(shop: Shop) -> None:
    """PayPal declines, the next look finds out why, and the rest can still be given back."""
    shop.paypal.refund_in_dashboard(shop.payment.reference, "20.00")
    assert shop.refund("50.00").refunds[0].status is RefundStatus.FAILED
    shop.desk.refresh("o-1")
    assert shop.left == "30.00"
    assert shop.refund(key="rest").returned == Money.of("30.00", "EUR")


@pytest.mark.parametrize("stage", ["INQUIRY", "CHARGEBACK"])
def test_of_a_disputed_payment_only_all_that_is_left(shop: Shop, stage: str) -> None:
    """PayPal takes no partial refund while a case is open; we refuse it before asking (law D2)."""
    case = shop.paypal.open_dispute(shop.payment.reference, stage=stage)
    assert EventKind.DISPUTE_OPENED in shop.hear("CUSTOMER.DISPUTE.CREATED", case)
    with pytest.raises(RefundDenied):
        shop.refund("12.50")
    assert shop.paypal.refunds(shop.payment.reference) == ()
    assert shop.refund(key="all").returned == Money.of("50.00", "EUR")


def test_a_dispute_that_nobody_told_of(shop: Shop) -> None:
    """PayPal declines in its own words, and the refund says so."""
    shop.paypal.open_dispute(shop.payment.reference)
    made = shop.refund("12.50").refunds[0]
    assert (made.status, made.failure_text.split(":")[0]) == (RefundStatus.FAILED, "TRANSACTION_DISPUTED")


@pytest.mark.parametrize(
    ("outcome", "left"),
    [
        ("RESOLVED_BUYER_FAVOUR", "0.00"),
        ("ACCEPTED", "0.00"),
        ("RESOLVED_SELLER_FAVOUR", "50.00"),
        ("RESOLVED_WITH_PAYOUT", "50.00"),
        ("CANCELED_BY_BUYER", "50.00"),
    ],
)
def test_how_a_case_ends_says_what_is_left(shop: Shop, outcome: str, left: str) -> None:
    """Only money that PayPal took is gone (law D1)."""
    case = shop.paypal.open_dispute(shop.payment.reference, stage="CHARGEBACK")
    shop.paypal.resolve_dispute(case, outcome)
    shop.hear("CUSTOMER.DISPUTE.RESOLVED", case)
    assert shop.left == left
    if left != "0.00":
        assert shop.refund("12.50").refunds[0].status is RefundStatus.SUCCEEDED


def test_a_forged_webhook_changes_nothing(shop: Shop) -> None:
    """Neither does a genuine one about nothing new."""
    message = shop.paypal.webhook("PAYMENT.CAPTURE.COMPLETED", shop.payment.reference)
    shop.desk.receive("paypal", **message)
    assert shop.desk.receive("paypal", **message) == ()
    before = shop.order
    with pytest.raises(WebhookError, match="not signed by PayPal"):
        shop.desk.receive("paypal", **{**message, "body": message["body"] + b" "})
    assert shop.order == before


def test_without_an_order_a_lost_refund_is_still_found_by_its_key() -> None:
    """Within 45 days PayPal repeats its answer; nothing is given back twice."""
    clock = FakeClock()
    with PayPalSandbox(clock=clock) as paypal:
        payment = attrs.evolve(paypal.capture("50.00", "EUR", tells_order=False), group=None)
        shop = Shop(paypal, clock, payment)
        paypal.faults.append(Fault.LOST_REPLY)
        shop.refund("12.50")
        clock.advance(minutes=5)
        shop.desk.recover()
        assert shop.order.refunds[0].status is RefundStatus.SUCCEEDED
        assert len(paypal.refunds(payment.reference)) == 1


def test_without_an_order_a_late_look_is_a_persons() -> None:
    """After 45 days PayPal has forgotten the key, and nothing lists the refunds: asking again might pay twice."""
    clock = FakeClock()
    with PayPalSandbox(clock=clock) as paypal:
        payment = attrs.evolve(paypal.capture("50.00", "EUR", tells_order=False), group=None)
        shop = Shop(paypal, clock, payment)
        paypal.faults.append(Fault.LOST_REPLY)
        shop.refund("12.50")
        clock.advance(days=46)
        shop.desk.recover()
        assert [flag.kind for flag in shop.order.flags] == [FlagKind.UNDECIDED]
        assert len(paypal.refunds(payment.reference)) == 1


def test_a_live_order_never_meets_the_sandbox(shop: Shop) -> None:
    """Law S7."""
    shop.desk.register(make_order(id="o-2", lines=(), payments=(shop.paypal.capture("50.00", "EUR"),)))
    with pytest.raises(RefundDenied, match="live order"):
        shop.desk.refund("o-2", RefundRequest(key="k", reason="x"))
