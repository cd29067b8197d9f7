"""Every row of the table of answers, and answers that are in no table."""

from typing import Any

import pytest

from refundkit.errors import GatewayUnavailableError, OutcomeUnknownError
from refundkit.gateways.outcomes import Meaning
from refundkit.gateways.paypal import Answer, Silence
from refundkit.gateways.paypal.answers import DECLINES, ISSUES, STATUSES, refusal_of
from refundkit.model.refunds import FailureCode, RefundStatus
from refundkit.testing.sandbox.paypal import PayPalSandbox
from tests.gateways.paypal_cases import Told, call, gateway, payment, refund, refund_record, refused

CONFIGURATION = {401: "client_secret", 403: "permission", 429: "ask again later"}


@pytest.mark.parametrize(("issue", "failure"), DECLINES.items())
def test_every_issue_through_the_real_sdk(issue: str, failure: FailureCode) -> None:
    """A decline is a value, with PayPal's word beside ours."""
    with PayPalSandbox() as paypal:
        ours = paypal.gateway()
        source = paypal.capture("50.00", "EUR")
        paypal.refuse_next(issue, status=404 if issue == "INVALID_RESOURCE_ID" else 422)
        report = ours.refund(call(ours, refund(), source))
        assert paypal.refunds(source.reference) == ()
    assert (report.status, report.failure, report.reference) == (RefundStatus.FAILED, failure, None)
    assert report.reason.startswith(f"{issue}: ")


@pytest.mark.parametrize("status", [400, 422])
def test_an_issue_from_the_future_is_a_decline(status: int) -> None:
    """Never a KeyError."""
    ours = gateway(transport=Told(refund=refused(status, "MOON_IN_WRONG_PHASE")))
    report = ours.refund(call(ours))
    assert (report.failure, report.reason) == (FailureCode.DECLINED, "MOON_IN_WRONG_PHASE: Because.")


def test_a_refusal_without_details_is_known_by_its_name() -> None:
    """Older errors have a name and a message."""
    ours = gateway(transport=Told(refund=refused(422, name="UNPROCESSABLE_ENTITY")))
    assert ours.refund(call(ours)).reason == "UNPROCESSABLE_ENTITY: No."


def test_an_unknown_capture_is_a_decline() -> None:
    """An order id, an authorization id, or a capture of another account (opencollective-api #8307)."""
    with PayPalSandbox() as paypal:
        ours = paypal.gateway()
        report = ours.refund(call(ours, refund(), payment()))
    assert (report.status, report.failure) == (RefundStatus.FAILED, FailureCode.UNAVAILABLE)
    assert report.reason.startswith("INVALID_RESOURCE_ID")


@pytest.mark.parametrize(("status", "meaning"), STATUSES.items())
def test_every_status(status: int, meaning: Meaning) -> None:
    """Declined, not executed, or unknown."""
    ours = gateway(transport=Told(refund=refused(status, "SOMETHING")))
    if meaning is Meaning.DECLINED:
        assert ours.refund(call(ours)).status is RefundStatus.FAILED
        return
    raised = OutcomeUnknownError if meaning is Meaning.UNKNOWN else GatewayUnavailableError
    with pytest.raises(raised, match=CONFIGURATION.get(status, "stays reserved")) as failure:
        ours.refund(call(ours))
    assert (failure.value.http_status, failure.value.code, failure.value.debug_id) == (
        status,
        "SOMETHING",
        "f00",
    )


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"retry-after": "3"}, 3),
        (429, {"retry-after": "soon"}, None),
        (429, {}, None),
        (403, {"retry-after": "3"}, None),
    ],
)
def test_a_busy_paypal_says_how_long_it_wants_to_be_left_alone(
    status: int, headers: dict[str, str], seconds: int | None
) -> None:
    """For a refund and for a look alike; only 429 is about being busy."""
    answer = Answer(status=status, headers=headers, record={"name": "SOMETHING"})
    ours = gateway(transport=Told(refund=answer, capture=answer))
    for ask in (lambda: ours.refund(call(ours)), lambda: ours.fetch((payment(),))):
        with pytest.raises(GatewayUnavailableError) as busy:
            ask()
        assert busy.value.retry_after_seconds == seconds


@pytest.mark.parametrize(
    "status", [100, 204, 301, 302, 307, 308, 402, 405, 408, 415, 425, 451, 500, 502, 503, 504, 599]
)
def test_every_other_status_leaves_it_open(status: int) -> None:
    """A redirect, a timeout of a proxy, an empty success: nobody knows (law E4)."""
    ours = gateway(transport=Told(refund=refused(status, "SOMETHING")))
    with pytest.raises(OutcomeUnknownError):
        ours.refund(call(ours))


@pytest.mark.parametrize("issue", ISSUES)
def test_some_issues_leave_it_open_whatever_they_come_with(issue: str) -> None:
    """Also as the second of two details."""
    details = [{"issue": "REFUND_NOT_ALLOWED"}, {"issue": issue}]
    ours = gateway(transport=Told(refund=refused(422, details=details)))
    with pytest.raises(OutcomeUnknownError):
        ours.refund(call(ours))


@pytest.mark.parametrize("status", [400, 404, 422])
@pytest.mark.parametrize(
    "record",
    [
        None,
        {},
        {"details": "x"},
        {"details": [5]},
        {"details": [{"issue": ["x"]}]},
        {"error": "invalid_request", "message": "Blocked."},
    ],
)
def test_a_no_that_is_not_paypals_is_no_evidence(status: int, record: Any) -> None:
    """The page of some firewall says nothing about the money (law E4)."""
    ours = gateway(transport=Told(refund=Answer(status=status, record=record)))
    with pytest.raises(OutcomeUnknownError):
        ours.refund(call(ours))


@pytest.mark.parametrize("status", STATUSES)
def test_a_refund_is_no_refusal_whatever_it_comes_with(status: int) -> None:
    """Two halves of an answer that contradict each other prove nothing (law E4)."""
    ours = gateway(transport=Told(refund=Answer(status=status, record=refund_record())))
    with pytest.raises(OutcomeUnknownError):
        ours.refund(call(ours))


def test_a_known_detail_is_told_before_an_unknown_one() -> None:
    """It says more."""
    details = [{"issue": "NEW"}, 7, {"issue": "TRANSACTION_DISPUTED"}]
    assert refusal_of(refused(422, details=details)).decline is FailureCode.DISPUTED


@pytest.mark.parametrize(
    ("silence", "raised"),
    [
        (Silence(sent=False, why="ConnectionError"), GatewayUnavailableError),
        (Silence(sent=True, why="ReadTimeout"), OutcomeUnknownError),
    ],
)
def test_silence(silence: Silence, raised: type[Exception]) -> None:
    """Only what certainly was not sent certainly was not executed."""
    ours = gateway(transport=Told(refund=silence))
    with pytest.raises(raised, match=silence.why):
        ours.refund(call(ours))


def test_the_support_id_may_come_as_a_header() -> None:
    """PayPal's support asks for it."""
    answer = Answer(status=500, headers={"paypal-debug-id": "b1d1f06c7246c"})
    assert refusal_of(answer).debug_id == "b1d1f06c7246c"


def test_texts_are_plain_and_hide_what_they_must() -> None:
    """One line, printable, without tokens and card numbers (law S2)."""
    message = "a\n\x07b Bearer abc.def 4111 1111 1111 1111 A21AAabc_-1 end"
    assert refusal_of(refused(500, message=message)).text == "a b [hidden] [hidden] [hidden] end"
