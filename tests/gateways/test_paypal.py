"""The PayPal gateway with the real SDK against the sandbox; its options; its requests."""

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import attrs
import pytest

from refundkit.errors import GatewayUnavailableError, InvalidValueError, OutcomeUnknownError, PluginError
from refundkit.gateways.base import RefundCall, WhileDisputed
from refundkit.gateways.paypal import PayPalGateway
from refundkit.model.payments import Payment
from refundkit.model.refunds import FailureCode, Refund, RefundStatus
from refundkit.money import Money
from refundkit.testing.clock import FakeClock
from refundkit.testing.sandbox import Fault
from refundkit.testing.sandbox.paypal import PayPalSandbox
from tests.gateways.paypal_cases import (
    CLIENT_ID,
    NOW,
    SECRET,
    Told,
    call,
    gateway,
    payment,
    refund,
    refund_record,
)


@pytest.fixture(name="paypal")
def opened() -> Iterator[PayPalSandbox]:
    """Open a PayPal."""
    with PayPalSandbox() as sandbox:
        yield sandbox


def give_back(paypal: PayPalSandbox, source: Payment, amount: str, name: str = "return-1") -> Any:
    """Refund a part of *source*."""
    ours = paypal.gateway()
    return ours.refund(call(ours, refund(amount, source.captured.currency, name), source))


def look_up(paypal: PayPalSandbox, source: Payment) -> Any:
    """Fetch *source*."""
    (report,) = paypal.gateway().fetch((source,))
    return report


def test_a_partial_refund_is_made_and_found_again_by_our_id(paypal: PayPalSandbox) -> None:
    """What refund() reports is what fetch() sees, with our id on it (laws E2, T2)."""
    source = paypal.capture("50.00", "EUR")
    made = give_back(paypal, source, "12.50")
    (found,) = look_up(paypal, source).refunds
    assert made == found
    assert (made.status, made.amount) == (RefundStatus.SUCCEEDED, Money.of("12.50", "EUR"))
    assert (made.refund_id, made.payment, made.raw_status) == (refund().id, source.reference, "COMPLETED")


def test_the_sum_of_all_refunds_is_never_taken_for_this_one(paypal: PayPalSandbox) -> None:
    """total_refunded_amount grows with every refund (gumroad #6684); each is booked with its own amount."""
    source = paypal.capture("50.00", "EUR")
    amounts = ["10.00", "20.00", "5.50"]
    made = [give_back(paypal, source, amount, f"return-{amount}").amount for amount in amounts]
    assert [str(one.decimal) for one in made] == amounts
    found = look_up(paypal, source).refunds
    assert [one.amount for one in found] == made
    assert len({one.refund_id for one in found}) == 3


def test_the_request_on_the_wire(paypal: PayPalSandbox) -> None:
    """Representation, our id as key and as custom_id, an explicit amount, JSON (laws E1, E2, C2)."""
    source = paypal.capture("50.00", "EUR")
    give_back(paypal, source, "50.00")
    asked = paypal.requests[-1]
    assert asked.json() == {"amount": {"currency_code": "EUR", "value": "50.00"}, "custom_id": refund().id}
    assert asked.headers["paypal-request-id"] == refund().id
    assert asked.headers["prefer"] == "return=representation"
    assert asked.headers["content-type"] == "application/json"
    assert asked.path == f"/v2/payments/captures/{source.reference}/refund"


def test_the_same_key_is_the_same_refund(paypal: PayPalSandbox) -> None:
    """PayPal answers a repeated request with the first result, within 45 days."""
    source = paypal.capture("50.00", "EUR")
    assert give_back(paypal, source, "12.50") == give_back(paypal, source, "12.50")
    assert len(paypal.refunds(source.reference)) == 1


@pytest.mark.parametrize(
    ("fault", "executes", "raised"),
    [
        (Fault.LOST_REPLY, True, OutcomeUnknownError),
        (Fault.LOST_REPLY, False, OutcomeUnknownError),
        (Fault.RESET, True, OutcomeUnknownError),
        (Fault.RESET, False, OutcomeUnknownError),
        (Fault.HANG, True, OutcomeUnknownError),
        (Fault.HANG, False, OutcomeUnknownError),
        (Fault.TRUNCATED, True, OutcomeUnknownError),
        (Fault.GARBAGE, True, OutcomeUnknownError),
        (Fault.SERVER_ERROR_500, True, OutcomeUnknownError),
        (Fault.UNAVAILABLE_503_HTML, True, OutcomeUnknownError),
        (Fault.CONFLICT_409, True, OutcomeUnknownError),
        (Fault.RATE_LIMIT_429, False, GatewayUnavailableError),
        (Fault.THROTTLED, False, GatewayUnavailableError),
    ],
)
def test_whatever_goes_wrong_the_same_key_makes_one_refund(
    paypal: PayPalSandbox, *, fault: Fault, executes: bool, raised: type[Exception]
) -> None:
    """Lost, cut, reset, conflicting, failing: unknown; and asked again there is exactly one refund (laws E2, E4)."""
    source = paypal.capture("50.00", "EUR")
    ours = paypal.gateway(timeout=(5, 0.3 if fault is Fault.HANG else 30))
    paypal.faults.append(
        fault, where=lambda asked: asked.method == "POST" and "captures" in asked.path, executes=executes
    )
    asking = call(ours, refund(), source)
    with pytest.raises(raised) as failure:
        ours.refund(asking)
    assert type(failure.value) is raised
    assert failure.value.__context__ is None
    assert len(paypal.refunds(source.reference)) == executes
    assert ours.refund(asking).status is RefundStatus.SUCCEEDED
    assert len(paypal.refunds(source.reference)) == 1


def test_a_decline_after_a_lost_answer_does_not_hide_the_refund(paypal: PayPalSandbox) -> None:
    """With another key the capture is fully refunded; with ours it is our refund (dev.to fetchsandbox)."""
    source = paypal.capture("50.00", "EUR")
    ours = paypal.gateway()
    asking = call(ours, refund("50.00"), source)
    paypal.faults.append(Fault.LOST_REPLY)
    with pytest.raises(OutcomeUnknownError):
        ours.refund(asking)
    other = ours.refund(call(ours, refund("50.00", name="another"), source))
    assert (other.status, other.failure) == (RefundStatus.FAILED, FailureCode.ALREADY_REFUNDED)
    assert ours.refund(asking).status is RefundStatus.SUCCEEDED


def test_a_pending_refund_is_not_done(paypal: PayPalSandbox) -> None:
    """An e-check takes days; only the next look says how it ended (opencollective #4368)."""
    source = paypal.capture("50.00", "EUR")
    paypal.next_refund("PENDING")
    made = give_back(paypal, source, "12.50")
    assert (made.status, made.reason) == (RefundStatus.PENDING, "ECHECK")
    paypal.settle(made.reference, "COMPLETED")
    assert look_up(paypal, source).refunds[0].status is RefundStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("word", "failure"), [("FAILED", FailureCode.UNKNOWN), ("CANCELLED", FailureCode.CANCELED)]
)
def test_a_pending_refund_fails(paypal: PayPalSandbox, word: str, failure: FailureCode) -> None:
    """Its money is the shop's again, and PayPal would give it back once more."""
    source = paypal.capture("50.00", "EUR")
    paypal.next_refund("PENDING")
    made = give_back(paypal, source, "50.00")
    paypal.settle(made.reference, word)
    (found,) = look_up(paypal, source).refunds
    assert (found.status, found.failure, found.raw_status) == (RefundStatus.FAILED, failure, word)
    assert give_back(paypal, source, "50.00", "again").status is RefundStatus.SUCCEEDED


def test_more_than_is_left_is_declined_in_paypals_words(paypal: PayPalSandbox) -> None:
    """And so is anything after all was given back."""
    source = paypal.capture("50.00", "EUR")
    over = give_back(paypal, source, "50.01")
    assert (over.status, over.failure) == (RefundStatus.FAILED, FailureCode.ALREADY_REFUNDED)
    assert over.reason.startswith("REFUND_AMOUNT_EXCEEDED: The refund amount must be less")
    give_back(paypal, source, "50.00", "all")
    full = give_back(paypal, source, "0.01", "more")
    assert full.reason == "CAPTURE_FULLY_REFUNDED: The capture has already been fully refunded"
    assert over.reference is None


@pytest.mark.parametrize(
    "reference", ["x/../../captures/3C679366HH908993F", "a/b", "", "é", "a b", "a?b", "1" * 65]
)
def test_only_ids_reach_a_url(reference: str) -> None:
    """The SDK leaves a slash as it is, and urllib3 resolves the dots: another resource (law S5)."""
    odd = attrs.evolve(payment(), reference=reference or "-/")
    told = Told()
    ours = gateway(transport=told)
    with pytest.raises(InvalidValueError, match="no id of a PayPal capture"):
        ours.prepare(refund(), odd)
    with pytest.raises(GatewayUnavailableError, match="no id of a PayPal capture"):
        ours.fetch((odd,))
    assert told.asked == []


@pytest.mark.parametrize(
    "name",
    [
        "refund-1",
        "réfund",
        "a" * 36,
        refund().id.upper(),
        refund().id.replace("-", ""),
        "{" + refund().id + "}",
    ],
)
def test_only_refund_ids_of_ours_are_sent(name: str) -> None:
    """Anybody may write a custom_id; one that could not be recognized again would be adopted as somebody else's."""
    odd = Refund(id=name, payment_id="p1", gateway="paypal", amount=Money.of(1, "EUR"))
    with pytest.raises(InvalidValueError, match="a UUID"):
        gateway().prepare(odd, payment())


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"capture_id": "A1"},
        {"capture_id": "A1", "body": {}},
        {"capture_id": "a/b", "body": {"amount": 1}},
        {"capture_id": "A1", "body": "x"},
    ],
)
def test_a_stored_request_without_its_amount_is_not_sent(request_: Any) -> None:
    """PayPal takes a missing amount for "everything" (law C2)."""
    told = Told()
    with pytest.raises(GatewayUnavailableError, match="nothing was sent"):
        gateway(transport=told).refund(
            RefundCall(refund=refund(), payment=payment(), request=request_, deadline=NOW)
        )
    assert told.asked == []


@pytest.mark.parametrize(
    "record",
    [{}, refund_record(id=None), refund_record(amount=None), refund_record(id=""), refund_record(links="x"),
     refund_record(amount={"currency_code": "EUR", "value": "1e3"})],
)  # fmt: skip
def test_a_refund_that_cannot_be_read_may_have_been_made(record: Any) -> None:
    """PayPal said 201: the money may be gone (law E4)."""
    ours = gateway(transport=Told(refund=record))
    with pytest.raises(OutcomeUnknownError, match="unreadable"):
        ours.refund(call(ours))


def test_an_answer_about_another_capture_is_told_as_it_is() -> None:
    """The desk flags it (law E5)."""
    up = [{"rel": "up", "href": "https://api.paypal.com/v2/payments/captures/OTHER"}]
    ours = gateway(transport=Told(refund=refund_record(links=up)))
    assert ours.refund(call(ours)).payment == "OTHER"


def test_another_amount_is_told_as_it_is() -> None:
    """The desk flags it (law E5)."""
    other = {"currency_code": "USD", "value": "12.49"}
    ours = gateway(transport=Told(refund=refund_record(amount=other)))
    assert ours.refund(call(ours)).amount == Money.of("12.49", "USD")


@pytest.mark.parametrize("status", [None, "TELEPORTED", 7, "lost"])
def test_a_status_from_the_future_is_pending(status: Any) -> None:
    """Not known to have ended; the raw word stays."""
    ours = gateway(transport=Told(refund=refund_record(status=status)))
    assert ours.refund(call(ours)).status is RefundStatus.PENDING


def test_times_carry_their_offset() -> None:
    """PayPal writes them with any."""
    ours = gateway(transport=Told())
    assert ours.refund(call(ours)).at == NOW


@pytest.mark.parametrize("written", [None, 5, "soon", "2026-11-21T04:00:00", "9" * 80])
def test_a_time_that_is_none_is_left_out(written: Any) -> None:
    """It is worth knowing, but not worth failing for."""
    ours = gateway(transport=Told(refund=refund_record(create_time=written)))
    assert ours.refund(call(ours)).at is None


def test_capabilities() -> None:
    """What PayPal can do; absence is known where the order is (law T2)."""
    can = gateway().capabilities(payment())
    assert can.while_disputed is can.while_inquiry is WhileDisputed.REMAINDER
    assert (can.idempotency_window, can.window) == (timedelta(days=44), None)
    assert can.echoes_refund_id
    assert can.knows_absence
    assert can.currencies is not None
    assert len(can.currencies) == 25
    assert not gateway().capabilities(attrs.evolve(payment(), group=None)).knows_absence


@pytest.mark.parametrize(
    ("live", "url"), [(True, "https://api-m.paypal.com"), (False, "https://api-m.sandbox.paypal.com")]
)
def test_live_says_where_and_for_whom(*, live: bool, url: str) -> None:
    """The SDK's own hosts are the old ones; a test order never meets live credentials (law S7)."""
    told = Told()
    ours = gateway(live=live, transport=told)
    assert (ours.test, told.account.base_url) == (not live, url)
    assert told.account.credentials() == (CLIENT_ID, SECRET)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"live": None}, "live"),
        ({"live": 1}, "live"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": "a:b"}, "client_id"),
        ({"client_secret": "a b"}, "client_secret"),
        ({"client_secret": None}, "client_secret"),
        ({"client_secret": "é"}, "client_secret"),
        ({"webhook_id": "a/b"}, "reference"),
        ({"base_url": "http://api.paypal.com"}, "base_url"),
        ({"base_url": "ftp://127.0.0.1"}, "base_url"),
        ({"timeout": 30}, "timeout"),
        ({"timeout": (5, None)}, "timeout"),
        ({"timeout": (0, 30)}, "timeout"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: Any, field: str) -> None:
    """At once, and without the secrets in the message."""
    with pytest.raises(InvalidValueError) as refused:
        gateway(**options)
    assert refused.value.field == field
    assert SECRET not in str(refused.value)


def test_live_must_be_said() -> None:
    """No default is right for money."""
    with pytest.raises(TypeError, match="live"):
        PayPalGateway(client_id=CLIENT_ID, client_secret=SECRET)


def test_without_the_sdk_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is imported late."""
    monkeypatch.delitem(sys.modules, "refundkit.gateways.paypal.client", raising=False)
    monkeypatch.setitem(sys.modules, "paypalcheckoutsdk.core", None)
    with pytest.raises(PluginError, match=r"pip install 'refundkit\[paypal\]'"):
        gateway()


def test_another_sdk_can_fill_the_seam() -> None:
    """Three calls are all that the gateway needs."""
    told = Told()
    ours = gateway(transport=told)
    assert ours.refund(call(ours)).status is RefundStatus.SUCCEEDED
    assert ours.fetch((payment(),))[0].captured == Money.of("50.00", "EUR")
    assert told.asked[0] == (
        "refund",
        "3C679366HH908993F",
        ours.prepare(refund(), payment())["body"],
        refund().id,
    )
    assert [asked[0] for asked in told.asked[1:]] == ["capture", "disputes_of_capture", "order"]


def test_the_window_is_paypals_to_judge() -> None:
    """180 days by default, fewer for some sources: PayPal says when it is too late."""
    clock = FakeClock()
    with PayPalSandbox(clock=clock) as paypal:
        source = paypal.capture("50.00", "EUR")
        clock.advance(days=181)
        late = give_back(paypal, source, "1.00")
    assert (late.status, late.failure) == (RefundStatus.FAILED, FailureCode.WINDOW_CLOSED)
