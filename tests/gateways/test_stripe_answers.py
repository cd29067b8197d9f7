"""What Stripe's errors mean: every row of the table, driven through the real SDK over a scripted server."""

import pickle
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import stripe as sdk
from stripe import oauth_error

from refundkit.errors import GatewayUnavailableError, OutcomeUnknownError
from refundkit.gateways.base import RefundCall
from refundkit.gateways.outcomes import Meaning
from refundkit.gateways.stripe.answers import CLASSES, Failure, attempt
from refundkit.model.refunds import FailureCode, RefundStatus
from refundkit.money import Money
from refundkit.testing.reachable import reachable
from tests.gateways import wire
from tests.gateways.stripe_cases import (
    KEY,
    NOW,
    SECRET,
    call,
    gateway,
    payment,
    refund,
    refund_record,
)
from tests.gateways.wire import Reply, refusal

ROUTE = "POST /v1/refunds"
HTML = b"<html><body>Service Unavailable</body></html>"
OVER = "Refund amount ($50.00) is greater than unrefunded amount on charge ($30.00)"


@pytest.fixture(name="stripe")
def scripted() -> Iterator[wire.Wire]:
    """Run a scripted Stripe."""
    with wire.running() as running:
        yield running


def answered(stripe: wire.Wire, reply: Reply | dict[str, Any], **options: Any) -> Any:
    """Ask for a refund that is answered by *reply*."""
    stripe.on(ROUTE, reply)
    ours = gateway(base_url=stripe.url, **options)
    return ours.refund(call(ours))


@pytest.mark.parametrize(
    ("reply", "failure", "text"),
    [
        (
            refusal(400, "It is.", code="charge_already_refunded"),
            FailureCode.ALREADY_REFUNDED,
            "charge_already_ref",
        ),
        (refusal(400, OVER, param="amount"), FailureCode.ALREADY_REFUNDED, "greater than unrefunded"),
        (refusal(400, "It is.", code="charge_disputed"), FailureCode.DISPUTED, "charge_disputed: It is."),
        (
            refusal(400, "It is.", code="refund_disputed_payment"),
            FailureCode.DISPUTED,
            "refund_disputed_payment",
        ),
        (refusal(400, "Empty.", code="balance_insufficient"), FailureCode.INSUFFICIENT_FUNDS, "Empty."),
        (refusal(400, "Never.", code="charge_not_refundable"), FailureCode.DECLINED, "Never."),
        (
            refusal(400, "Zero.", code="parameter_invalid_integer", param="amount"),
            FailureCode.DECLINED,
            "Zero.",
        ),
        (refusal(400, "Bad request"), FailureCode.DECLINED, "Bad request"),
        (
            refusal(404, "No such charge: 'ch_1'", code="resource_missing"),
            FailureCode.UNAVAILABLE,
            "No such charge",
        ),
        (refusal(404, "Not Found"), FailureCode.UNAVAILABLE, "Not Found"),
        (
            refusal(402, "Broke.", type="card_error", code="insufficient_funds"),
            FailureCode.INSUFFICIENT_FUNDS,
            "Bro",
        ),
        (refusal(402, "No.", type="card_error", code="card_declined"), FailureCode.DECLINED, "card_declined"),
    ],
)
def test_a_no_is_a_failed_report(stripe: wire.Wire, reply: Reply, failure: FailureCode, text: str) -> None:
    """A decline is a value, with Stripe's own code and text beside ours, and asked only once."""
    report = answered(stripe, reply)
    assert (report.status, report.failure, report.reference) == (RefundStatus.FAILED, failure, None)
    assert (report.amount, report.refund_id, report.payment) == (Money.of("12.50", "USD"), "refund-1", "pi_1")
    assert text in report.reason
    assert len(stripe.asked) == 1


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (refusal(401, "Invalid API Key provided: sk_test_*****cret"), "check the API key"),
        (refusal(403, "The key lacks permissions.", code="x"), "check the API key"),
        (refusal(429, "Slow down.", code="rate_limit"), "ask again later"),
        (refusal(429, "Locked.", code="lock_timeout"), "lock_timeout"),
        (refusal(400, "Slow down.", code="rate_limit"), "rate_limit"),
    ],
)
def test_what_was_certainly_not_executed(stripe: wire.Wire, reply: Reply, text: str) -> None:
    """A refused key and too many requests executed nothing, so asking again is safe."""
    with pytest.raises(GatewayUnavailableError, match=text) as raised:
        answered(stripe, reply)
    assert raised.value.gateway == "stripe"
    assert raised.value.http_status == reply.status
    assert len(stripe.asked) == 1


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "3"}, 3),
        (429, {"Retry-After": "soon"}, None),
        (429, {}, None),
        (403, {"Retry-After": "3"}, None),
    ],
)
def test_a_busy_stripe_says_how_long_it_wants_to_be_left_alone(
    stripe: wire.Wire, status: int, headers: dict[str, str], seconds: int | None
) -> None:
    """For a refund and for a look alike; only 429 is about being busy."""
    busy = Reply(refusal(status).body, status, headers)
    stripe.on("GET /v1/payment_intents/pi_1", busy)
    with pytest.raises(GatewayUnavailableError) as refused:
        answered(stripe, busy)
    with pytest.raises(GatewayUnavailableError) as unseen:
        gateway(base_url=stripe.url).fetch((payment(),))
    assert refused.value.retry_after_seconds == unseen.value.retry_after_seconds == seconds
    assert len(stripe.asked) == 2


@pytest.mark.parametrize(
    "reply",
    [
        refusal(409, "Busy.", code="idempotency_key_in_use"),
        refusal(400, "Busy.", code="idempotency_key_in_use"),
        refusal(400, "Other parameters.", type="idempotency_error"),
        refusal(400, "Something is wrong at our end.", type="api_error"),
        refusal(402, "Something new.", type="never_heard_of"),
        Reply({"error": {"message": "Not Stripe's."}}, 400),
        refusal(424, "Upstream."),
        refusal(500, "Oops.", type="api_error"),
        refusal(503, "Later.", type="api_error"),
        Reply(HTML, 503, {"content-type": "text/html"}),
        Reply(HTML, 400, {"content-type": "text/html"}),
        Reply(HTML, 403, {"content-type": "text/html"}),
        Reply({"error": "a string"}, 400),
        Reply({"error": ["a list"]}, 400),
        Reply({"error": "invalid_request", "error_description": "OAuth's own InvalidRequestError"}, 400),
        Reply({}, 404),
        Reply(b"\xff\xfe not text", 200),
        Reply(b"", 200),
        Reply(b"null", 200),
        Reply(b"[]", 200),
        Reply(b'"succeeded"', 200),
        Reply(b'{"object": "refund", "id": "re', 200),
        Reply(refund_record(), fault="truncate"),
        Reply(refund_record(), fault="reset"),
        Reply(refund_record(), fault="hang"),
        Reply(refund_record(), 302, {"location": "/v1/elsewhere"}),
        Reply(refund_record(), 200, {"stripe-notice": "The SDK warns, and a warning is an error here."}),
        Reply({"object": "charge", "id": "ch_1"}),
        Reply({"object": "refund"}),
        Reply(refund_record(amount=None)),
        Reply(refund_record(amount=True)),
        Reply(refund_record(amount=12.5)),
        Reply(refund_record(amount="1250")),
        Reply(refund_record(amount=-1)),
        Reply(refund_record(amount=10**30)),
        Reply(refund_record(currency=None)),
        Reply(refund_record(currency="zzz")),
        Reply(refund_record(currency="isk", amount=1234)),
        Reply(refund_record(id="")),
        Reply(refund_record(id=5)),
        Reply(refund_record(id="re 1 ")),
    ],
)
def test_whatever_is_unclear_stays_unclear(stripe: wire.Wire, reply: Reply) -> None:
    """Only positive evidence fails a refund; anything else leaves it reserved (law E4), and is asked only once."""
    with pytest.raises(
        OutcomeUnknownError, match="It is not known whether Stripe made refund refund-1"
    ) as raised:
        answered(stripe, reply, timeout=(5, 0.3))
    assert (raised.value.gateway, raised.value.refund_id) == ("stripe", "refund-1")
    assert len(stripe.asked) == 1


def test_a_refused_connection_executed_nothing() -> None:
    """Nobody listens there, so not a byte was sent; requests calls this the same as a reset."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    ours = gateway(base_url=f"http://127.0.0.1:{port}")
    with pytest.raises(GatewayUnavailableError, match="nothing was executed"):
        ours.refund(call(ours))


def test_an_unresolvable_host_executed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that nobody can resolve cannot have been asked anything."""

    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("NO_PROXY", "*")
    ours = gateway(base_url="https://stripe.invalid")
    with pytest.raises(GatewayUnavailableError, match="nothing was executed"):
        ours.refund(call(ours))


def test_a_request_without_an_amount_is_never_sent(stripe: wire.Wire) -> None:
    """Stripe takes a missing amount for "everything" (law C2): such a request must not leave the house."""
    ours = gateway(base_url=stripe.url)
    for stored in ({}, {"payment_intent": "pi_1"}, {"amount": None}, {"amount": 0}, {"amount": True}):
        asked = RefundCall(refund=refund(), payment=payment(), request=stored, deadline=NOW)
        with pytest.raises(GatewayUnavailableError, match="nothing was sent"):
            ours.refund(asked)
    assert stripe.asked == []


@pytest.mark.parametrize(
    ("record", "status", "failure", "raw"),
    [
        ({"status": "succeeded"}, RefundStatus.SUCCEEDED, None, "succeeded"),
        ({"status": "pending", "pending_reason": "processing"}, RefundStatus.PENDING, None, "pending"),
        ({"status": "requires_action"}, RefundStatus.PENDING, None, "requires_action"),
        ({"status": None}, RefundStatus.PENDING, None, ""),
        ({"status": "teleported"}, RefundStatus.PENDING, None, "teleported"),
        ({"status": "lost"}, RefundStatus.PENDING, None, "lost"),
        ({"status": 7}, RefundStatus.PENDING, None, ""),
        ({"status": "failed"}, RefundStatus.FAILED, FailureCode.UNKNOWN, "failed"),
        ({"status": "canceled"}, RefundStatus.FAILED, FailureCode.CANCELED, "canceled"),
        (
            {"status": "canceled", "failure_reason": "unknown"},
            RefundStatus.FAILED,
            FailureCode.CANCELED,
            "canceled",
        ),
        (
            {"status": "failed", "failure_reason": "expired_or_canceled_card"},
            RefundStatus.FAILED,
            FailureCode.RETURNED,
            "failed",
        ),
        (
            {"status": "failed", "failure_reason": "insufficient_funds"},
            RefundStatus.FAILED,
            FailureCode.INSUFFICIENT_FUNDS,
            "failed",
        ),
        (
            {"status": "failed", "failure_reason": "never heard of"},
            RefundStatus.FAILED,
            FailureCode.UNKNOWN,
            "failed",
        ),
    ],
)
def test_a_status_is_read_or_left_pending(
    stripe: wire.Wire, record: dict[str, Any], status: RefundStatus, failure: FailureCode | None, raw: str
) -> None:
    """Words that nobody knows keep the money reserved; the raw word stays (law E4)."""
    report = answered(stripe, refund_record(**record))
    assert (report.status, report.failure, report.raw_status) == (status, failure, raw)
    assert report.reference == "re_1"


def test_what_was_refunded_is_reported_as_stripe_says_it(stripe: wire.Wire) -> None:
    """Amount, currency and payment are Stripe's word; the desk compares (law E5)."""
    other = refund_record(amount=900, currency="eur", payment_intent="pi_2", charge="ch_2", metadata={})
    report = answered(stripe, other)
    assert report.amount == Money.of("9.00", "EUR")
    assert (report.payment, report.refund_id) == ("pi_2", None)


def test_ids_of_refunds_are_opaque(stripe: wire.Wire) -> None:
    """The refunds of some methods are called pyr_1, not re_1."""
    assert answered(stripe, refund_record(id="pyr_1")).reference == "pyr_1"


@pytest.mark.parametrize(
    "metadata", [None, [], {"refundkit_id": " "}, {"refundkit_id": 5}, {"refundkit_id": "a b"}]
)
def test_metadata_that_cannot_be_ours_is_not(stripe: wire.Wire, metadata: Any) -> None:
    """Anybody may write metadata; what is no id of ours must not break the reading."""
    assert answered(stripe, refund_record(metadata=metadata)).refund_id is None


def test_a_charge_known_by_its_intent_is_the_same_payment(stripe: wire.Wire) -> None:
    """A refund that names any known id of the payment came out of that payment."""
    stripe.on(ROUTE, refund_record(payment_intent=None, charge="ch_1"))
    ours = gateway(base_url=stripe.url)
    source = payment("pi_1", aliases=("ch_1",))
    assert ours.refund(call(ours, refund(), source)).payment == "pi_1"


def test_a_resent_request_carries_the_same_key(stripe: wire.Wire) -> None:
    """After a lost answer the very same request goes out under the very same key (law E2)."""
    stripe.on(ROUTE, Reply(fault="reset"), refund_record())
    ours = gateway(base_url=stripe.url)
    asked = call(ours)
    with pytest.raises(OutcomeUnknownError):
        ours.refund(asked)
    assert ours.refund(asked).status is RefundStatus.SUCCEEDED
    first, second = stripe.asked
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == "refund-1"
    assert first.form == second.form


def test_stripes_request_id_is_kept_for_support(stripe: wire.Wire) -> None:
    """Support asks for the request id, and it is no secret."""
    oops = Reply({"error": {"message": "Oops."}}, 500, {"request-id": "req_123"})
    with pytest.raises(OutcomeUnknownError) as raised:
        answered(stripe, oops)
    assert (raised.value.request_id, raised.value.http_status) == ("req_123", 500)


@pytest.mark.parametrize(
    "reply",
    [
        refusal(401, f"Invalid API Key provided: {KEY}"),
        refusal(500, f"{KEY} {SECRET} 4242 4242 4242 4242"),
        Reply(f"<html>{KEY} {SECRET}</html>".encode(), 500),
        Reply(refund_record(id=f"{KEY} \n", description=SECRET)),
        Reply(refund_record(), fault="reset"),
        Reply(refund_record(), fault="hang"),
    ],
)
def test_no_secret_and_nothing_of_the_sdk_is_reachable_from_our_errors(
    stripe: wire.Wire, reply: Reply
) -> None:
    """The SDK's objects lead to the API key, so none hangs on an exception, and it pickles (law S2)."""
    with pytest.raises((GatewayUnavailableError, OutcomeUnknownError)) as raised:
        answered(stripe, reply, timeout=(5, 0.3))
    for thing in reachable(raised.value):
        assert type(thing).__module__.split(".")[0] not in {"stripe", "requests", "urllib3"}
        assert not any(secret in repr(thing) for secret in (KEY, SECRET, "4242 4242"))
    again = pickle.loads(pickle.dumps(raised.value))  # noqa: S301 - made a line above
    assert (str(again), vars(again)) == (str(raised.value), vars(raised.value))


def test_no_secret_is_in_a_decline(stripe: wire.Wire) -> None:
    """Stripe's text reaches the audit log without keys and card numbers in it (law S2)."""
    report = answered(stripe, refusal(400, f"{KEY}, {SECRET}\n and 4242424242424242 are wrong."))
    assert report.reason == "[hidden], [hidden] and [hidden] are wrong."


def subclasses(kind: type) -> Iterator[type]:
    """Yield every class below *kind*."""
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


EVERY_ERROR = sorted(
    {sdk.StripeError, *subclasses(sdk.StripeError)}, key=lambda kind: (kind.__module__, kind.__name__)
)


@pytest.mark.parametrize("kind", EVERY_ERROR, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_exception_of_the_sdk_is_in_the_table(kind: type[Exception]) -> None:
    """A class that a new SDK brings along must be judged by a person before it counts as anything."""
    name = "OAuthError" if issubclass(kind, oauth_error.OAuthError) else kind.__name__
    assert name in CLASSES

    def fail() -> None:
        error = kind.__new__(kind)
        error.error = SimpleNamespace(type="invalid_request_error")  # type: ignore[attr-defined]
        raise error

    failure = attempt(fail)
    assert isinstance(failure, Failure)
    assert failure.meaning is CLASSES[name]


@pytest.mark.skipif(sdk.VERSION.startswith("15."), reason="version 15 has fewer classes")
def test_every_row_of_the_table_is_a_class_of_the_sdk() -> None:
    """No row outlives the class that it is about."""
    assert set(CLASSES) <= {kind.__name__ for kind in EVERY_ERROR}


def test_an_exception_of_anybody_else_is_unclear() -> None:
    """A bug in between says nothing about the money (law E4); nor does a class that has a known name."""

    class CardError(Exception):
        """Not Stripe's."""

    def fail() -> None:
        raise CardError("no")

    failure = attempt(fail)
    assert isinstance(failure, Failure)
    assert (failure.meaning, failure.text) == (Meaning.UNKNOWN, "")
