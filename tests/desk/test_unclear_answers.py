"""Nobody knows whether the money moved: it stays reserved until somebody does (law E4)."""

import threading
from datetime import timedelta

import attrs
import pytest

from refundkit import (
    EventKind,
    FailureCode,
    GatewayUnavailableError,
    OutcomeUnknownError,
    RefundReport,
    RefundStatus,
    Timing,
)
from refundkit.desk.asking import Look
from refundkit.desk.recovery import Step, next_step
from refundkit.gateways.base import Capabilities
from refundkit.testing.clock import FakeClock
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import KIM, Shop, a_request, eur

UNCLEAR = [Fault.LOST_REQUEST, Fault.LOST_ANSWER, Fault.CRASH, Fault.UNAVAILABLE]
MOVED = {Fault.LOST_ANSWER}


@pytest.fixture(params=UNCLEAR, ids=lambda fault: fault.name)
def fault(request):
    """One of the ways in which an answer can be missing."""
    return request.param


def test_an_unclear_refund_stays_submitted_and_reserved(fault):
    """Law E4: whatever is no clear answer leaves the refund SUBMITTED and its money set aside."""
    shop = Shop(fault)
    result = shop.refund("40.00")
    assert result.refunds[0].status is RefundStatus.SUBMITTED
    assert (result.pending, result.returned, result.failed) == (eur("40.00"), eur("0.00"), eur("0.00"))
    assert shop.order.refundable == eur("60.00")
    assert shop.kinds()[-1] is EventKind.REFUND_UNCLEAR


@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_sweep_settles_every_unclear_refund(fault, times):
    """Law E4: once the gateway is well again, the sweep settles the refund and the money moved once."""
    shop = Shop(*[fault] * times)
    shop.refund("40.00")
    for _ in range(times):
        shop.clock.advance(hours=1)
        shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    assert shop.moved == eur("40.00")
    assert shop.is_at_rest()


def test_a_lost_answer_is_found_by_asking_and_not_sent_again():
    """Law E4: recovery asks first; what the gateway shows is not asked for again."""
    shop = Shop(Fault.LOST_ANSWER)
    shop.refund("40.00")
    shop.clock.advance(minutes=1)
    shop.desk.recover()
    assert len(shop.gateway.calls) == 1
    assert shop.only_refund.status is RefundStatus.SUCCEEDED


@pytest.mark.parametrize("answer", [None, "succeeded", 42, object()])
def test_an_answer_that_is_no_report_tells_nothing(answer):
    """Law E4: a gateway that returns nonsense has told us nothing about the money."""
    shop = Shop()
    shop.gateway.refund = lambda _call: answer
    assert shop.refund("40.00").pending == eur("40.00")
    del shop.gateway.refund
    assert shop.refund("40.00").returned == eur("40.00")


@pytest.mark.parametrize("status", [RefundStatus.PLANNED, RefundStatus.SUBMITTED])
def test_an_answer_in_a_status_of_ours_tells_nothing_certain(status):
    """Law E4: a gateway knows pending, succeeded and failed; anything else keeps the money reserved."""
    shop = Shop()
    shop.gateway.refund = lambda call: RefundReport(
        status=status, amount=call.refund.amount, reference="r-1", refund_id=call.refund.id
    )
    result = shop.refund("40.00")
    assert result.pending == eur("40.00")
    assert shop.order.reserved == eur("40.00")
    assert shop.only_refund.leased_until is None


@pytest.mark.parametrize(
    "text", ["x" * 10_000, "\0", "\ud800", "line\nbreak"], ids=["long", "nul", "surrogate", "break"]
)
@pytest.mark.parametrize("kind", [OutcomeUnknownError, GatewayUnavailableError])
def test_an_error_with_an_odd_text_is_as_good_as_any(kind, text):
    """Law E4: a gateway that hands on a whole error page does not stop the record, nor the sweep."""
    shop = Shop()

    def raising(call):
        raise kind(text, gateway="fake")

    shop.gateway.refund = raising
    assert shop.refund("40.00").pending == eur("40.00")
    del shop.gateway.refund
    shop.clock.advance(hours=1)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUCCEEDED


# A "no".


def test_a_clear_no_fails_the_refund_and_frees_the_money():
    """Law E4: a decline of the only attempt is positive evidence."""
    shop = Shop(Fault.DECLINE)
    result = shop.refund("40.00")
    assert result.failed == eur("40.00")
    assert result.refunds[0].failure is FailureCode.DECLINED
    assert shop.order.refundable == eur("100.00")
    assert shop.is_at_rest()


def test_a_no_after_an_attempt_that_surely_did_nothing_is_clear():
    """Law E4: an attempt that executed nothing for certain leaves no doubt behind."""
    shop = Shop(Fault.UNAVAILABLE, Fault.DECLINE)
    shop.refund("40.00")
    shop.clock.advance(minutes=1)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.FAILED


@pytest.mark.parametrize("unclear", [Fault.LOST_REQUEST, Fault.CRASH], ids=lambda fault: fault.name)
def test_a_no_after_an_unclear_attempt_waits_for_the_quarantine(unclear):
    """Law E4: "already refunded" may be our own refund; only silence after a quarantine makes it a no."""
    shop = Shop(unclear, Fault.DECLINE)
    shop.refund("40.00")
    shop.clock.advance(minutes=1)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUBMITTED
    assert shop.order.reserved == eur("40.00")
    shop.clock.advance(minutes=13)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUBMITTED
    shop.clock.advance(hours=1)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.FAILED
    assert shop.only_refund.failure is FailureCode.DECLINED
    assert len(shop.gateway.calls) == 2
    assert shop.order.refundable == eur("100.00")


def test_a_no_after_our_own_lost_refund_ends_as_the_success_that_it_was():
    """Law E4: the answer was lost, the key forgotten, the gateway says "already refunded" of our own money."""
    shop = Shop(Fault.LOST_ANSWER)
    hide = FakeGateway._report
    shop.gateway._report = lambda payment: hide(shop.gateway, payment).__class__(
        reference=payment.reference, captured=payment.captured
    )
    shop.refund()
    shop.gateway.forget_keys()
    shop.clock.advance(minutes=1)
    shop.desk.recover()
    assert shop.only_refund.failure is FailureCode.ALREADY_REFUNDED
    assert shop.only_refund.status is RefundStatus.SUBMITTED
    del shop.gateway._report
    shop.clock.advance(hours=1)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    assert shop.only_refund.failure is None
    assert shop.moved == eur("100.00")


def test_a_failed_report_with_a_reference_is_positive_evidence():
    """Law E4: a refund that the gateway has, and calls failed, has failed, whatever was unclear before."""
    shop = Shop(Fault.LOST_REQUEST)
    shop.refund("40.00")
    failed = RefundReport(
        status=RefundStatus.FAILED,
        amount=eur("40.00"),
        reference="r-1",
        refund_id=shop.only_refund.id,
        failure=FailureCode.INSUFFICIENT_FUNDS,
    )
    shop.gateway.refund = lambda _call: failed
    shop.clock.advance(minutes=1)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.FAILED
    assert shop.only_refund.failure is FailureCode.INSUFFICIENT_FUNDS


def test_a_no_with_a_long_reason_after_an_unclear_attempt_is_recorded():
    """Law E4: whatever fits into a report fits into the record of it."""
    shop = Shop(Fault.LOST_REQUEST)
    shop.refund("40.00")
    shop.gateway.refund = lambda call: RefundReport(
        status=RefundStatus.FAILED, amount=call.refund.amount, reason="x" * 4_000
    )
    shop.clock.advance(minutes=1)
    shop.desk.recover()
    assert shop.only_refund.failure is FailureCode.UNKNOWN
    assert shop.kinds()[-1] is EventKind.REFUND_UNCLEAR


def test_a_late_no_to_an_earlier_attempt_does_not_fail_a_later_one():
    """Law E4: the first sender hears its "no" after the sweep has sent again; nothing is certain then."""
    shop = Shop()
    slow_answer, go_on = threading.Event(), threading.Event()
    real = shop.gateway.refund

    def slow(call):
        del shop.gateway.refund
        slow_answer.set()
        assert go_on.wait(10)
        return RefundReport(status=RefundStatus.FAILED, amount=call.refund.amount, reason="busy")

    shop.gateway.refund = slow
    first = threading.Thread(target=shop.refund, args=["40.00"])
    first.start()
    assert slow_answer.wait(10)
    shop.clock.advance(minutes=3)
    shop.gateway.faults.append(Fault.LOST_ANSWER)
    shop.desk.recover()
    go_on.set()
    first.join(10)
    assert real is not None
    # The late "no" was not believed: the gateway was asked, and has the refund of the second attempt.
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    assert shop.moved == eur("40.00")


# The gateway has forgotten the key.


def test_after_the_idempotency_window_nothing_is_sent_before_absence_is_proven():
    """Law E4: when the gateway may have forgotten our key, silence must outlast the quarantine first."""
    shop = Shop(Fault.LOST_REQUEST, can={"idempotency_window": timedelta(minutes=5)})
    shop.refund("40.00")
    shop.gateway.forget_keys()
    shop.clock.advance(minutes=10)
    shop.desk.recover()
    assert len(shop.gateway.calls) == 1
    shop.clock.advance(hours=2)
    shop.desk.recover()
    assert len(shop.gateway.calls) == 2
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    assert shop.moved == eur("40.00")


def test_a_lost_answer_is_found_after_the_window_as_well():
    """Law E4: after the window the list of the gateway tells, and nothing is sent a second time."""
    shop = Shop(Fault.LOST_ANSWER)
    shop.refund("40.00")
    shop.gateway.forget_keys()
    shop.clock.advance(days=9)
    shop.desk.recover()
    assert len(shop.gateway.calls) == 1
    assert shop.moved == eur("40.00")


@pytest.mark.parametrize("cannot", ["knows_absence", "echoes_refund_id"])
def test_where_absence_cannot_be_proven_a_person_decides(cannot):
    """Law E4: after the window, a gateway whose silence proves nothing leaves the refund to a person."""
    shop = Shop(Fault.LOST_REQUEST, can={cannot: False})
    shop.refund("40.00")
    shop.clock.advance(days=9)
    shop.desk.recover()
    shop.desk.recover()
    assert shop.flags() == ["undecided"]
    assert len(shop.gateway.calls) == 1
    assert shop.order.reserved == eur("40.00")
    refund = shop.desk.confirm(shop.only_refund.id, actor=KIM, status=RefundStatus.FAILED)
    assert refund.status is RefundStatus.FAILED
    assert shop.order.refundable == eur("100.00")


@pytest.mark.parametrize("cannot", ["knows_absence", "echoes_refund_id"])
def test_a_doubted_no_is_for_a_person_where_silence_proves_nothing(cannot):
    """Law E4: a decline after an unclear attempt is never believed where the gateway cannot prove absence."""
    shop = Shop(Fault.LOST_REQUEST, Fault.DECLINE, can={cannot: False})
    shop.refund("40.00")
    shop.clock.advance(minutes=1)
    shop.desk.recover()
    shop.clock.advance(days=9)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUBMITTED
    assert shop.flags() == ["undecided"]


@pytest.mark.parametrize("days", [0.5, 9])
def test_refunds_that_cannot_be_known_are_no_proof_of_absence(days):
    """Law T2: PaymentReport.refunds = None never means none: nothing is sent again on the strength of it."""
    shop = Shop(Fault.LOST_ANSWER)
    shop.refund("40.00")
    shop.gateway.forget_keys() if days > 1 else None
    real = FakeGateway._report
    shop.gateway._report = lambda payment: real(shop.gateway, payment).__class__(
        reference=payment.reference, captured=payment.captured, refunds=None
    )
    shop.clock.advance(days=days)
    shop.desk.recover()
    shop.desk.recover()
    assert shop.moved == eur("40.00")
    assert shop.order.reserved + shop.order.refunded == eur("40.00")


def test_a_payment_that_a_gateway_leaves_out_is_no_proof_of_absence():
    """Law T2: a gateway that reports on other payments only has said nothing about this one."""
    shop = Shop(Fault.LOST_ANSWER)
    shop.refund("40.00")
    shop.gateway.forget_keys()
    shop.gateway.fetch = lambda _payments: ()
    shop.clock.advance(days=9)
    shop.desk.recover()
    assert shop.moved == eur("40.00")
    assert shop.only_refund.status is RefundStatus.SUBMITTED
    del shop.gateway.fetch
    shop.clock.advance(days=1)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUCCEEDED


def test_a_decline_is_not_believed_while_the_gateway_cannot_say():
    """Law T2: refunds=None after the quarantine does not fail a doubted refund either."""
    shop = Shop(Fault.LOST_ANSWER)
    shop.refund("40.00")
    shop.gateway.forget_keys()
    shop.gateway.faults.append(Fault.DECLINE)
    real = FakeGateway._report
    shop.gateway._report = lambda payment: real(shop.gateway, payment).__class__(
        reference=payment.reference, captured=payment.captured, refunds=None
    )
    for _ in range(3):
        shop.clock.advance(hours=2)
        shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUBMITTED
    assert shop.order.reserved == eur("40.00")


CLOCK = FakeClock()
HOUR = timedelta(hours=1)
REFUND = Shop(Fault.LOST_REQUEST).refund("40.00").refunds[0]


@pytest.mark.parametrize(
    ("can", "after", "doubted", "told", "step"),
    [
        ({}, 0 * HOUR, False, True, Step.SEND),
        ({}, 19 * HOUR, False, True, Step.SEND),
        ({}, 19 * HOUR, False, False, Step.SEND),
        ({}, 20 * HOUR, False, True, Step.SEND),
        ({}, 20 * HOUR, False, False, Step.WAIT),
        ({"idempotency_window": timedelta(0)}, timedelta(minutes=14), False, True, Step.WAIT),
        ({"idempotency_window": timedelta(0)}, timedelta(minutes=15), False, True, Step.SEND),
        ({"idempotency_window": timedelta(0)}, timedelta(minutes=15), False, False, Step.WAIT),
        ({"idempotency_window": timedelta.max}, 9000 * HOUR, False, True, Step.SEND),
        ({"knows_absence": False}, 19 * HOUR, False, True, Step.SEND),
        ({"knows_absence": False}, 20 * HOUR, False, True, Step.ASK_A_PERSON),
        ({"echoes_refund_id": False}, 20 * HOUR, False, True, Step.ASK_A_PERSON),
        ({"by_person": True, "knows_absence": False}, 9000 * HOUR, False, False, Step.SEND),
        ({}, timedelta(minutes=14), True, True, Step.WAIT),
        ({}, timedelta(minutes=15), True, True, Step.FAIL),
        ({}, timedelta(minutes=15), True, False, Step.WAIT),
        ({"knows_absence": False}, 20 * HOUR, True, True, Step.ASK_A_PERSON),
    ],
)
def test_next_step(can, after, doubted, told, step):
    """Law E4: what may be done about a refund that the gateway does not show, case by case."""
    refund = attrs.evolve(REFUND, failure=FailureCode.DECLINED) if doubted else REFUND
    look = Look(asked_at=CLOCK() + after, told=frozenset({("fake", "p-1")} if told else ()))
    assert next_step(refund, Capabilities(**can), look, quarantine=Timing().quarantine) is step


def test_a_quarantine_must_be_longer_than_the_lease():
    """Law E4: within the lease a request may still be on its way."""
    with pytest.raises(ValueError, match="longer than the lease"):
        Timing(lease=HOUR, quarantine=HOUR)


@pytest.mark.parametrize("wrong", [{"retries": ()}, {"lease": timedelta(0)}, {"poll": timedelta(0)}], ids=str)
def test_timing_refuses_what_would_stop_the_desk(wrong):
    """A lease of nothing would never send, no retries would break the sweep, no poll would spin it."""
    with pytest.raises(ValueError, match="Timing"):
        Timing(**wrong)


def test_a_store_that_breaks_after_the_gateway_was_asked_loses_nothing():
    """Law E4: the answer could not be written; the refund is SUBMITTED, and the next call finds it."""
    shop = Shop()
    real = shop.store.change

    def broken(order_id, function):
        if shop.gateway.calls:
            raise OSError("disk full")
        return real(order_id, function)

    shop.store.change = broken
    with pytest.raises(OSError, match="disk full"):
        shop.refund("40.00")
    del shop.store.change
    assert shop.only_refund.status is RefundStatus.SUBMITTED
    shop.clock.advance(minutes=3)
    assert shop.desk.refund("o-1", a_request(amount=eur("40.00"))).returned == eur("40.00")
    assert shop.moved == eur("40.00")
