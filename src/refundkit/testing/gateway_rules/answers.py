"""Chapter 3: yes, no, not asked, and not known are four different answers."""
# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

import pickle

import pytest

from refundkit.errors import GatewayError, GatewayUnavailableError, OutcomeUnknownError
from refundkit.gateways.base import RefundCall
from refundkit.model.refunds import RefundStatus
from refundkit.money import Money
from refundkit.testing.gateway_rules.bench import Bench, Mishap, Rules, need
from refundkit.testing.gateway_rules.steps import (
    GIVEN,
    ask,
    booked,
    call_for,
    can,
    fetched,
    found,
    give_back,
    given_in_time,
    part_of,
    pay,
    tried,
)

__all__ = ["AnswerRules"]

RAISED = {
    Mishap.NEVER_SENT: GatewayUnavailableError,
    Mishap.LOST_REQUEST: OutcomeUnknownError,
    Mishap.LOST_REPLY: OutcomeUnknownError,
}


class AnswerRules(Rules):
    """What `Gateway.refund` promises when not all goes well."""

    def test_more_than_is_left_is_declined(self, bench: Bench) -> None:
        """3.1 A refund above the captured amount is a FAILED report, never an exception, and moves nothing."""
        payment = pay(bench)
        if can(bench, payment).by_person:
            pytest.skip("a person decides, not a service")
        call = call_for(bench, payment, payment.captured + Money.of(1, bench.currency))
        _check_declined(bench, call)

    def test_what_is_given_back_already_is_declined(self, bench: Bench) -> None:
        """3.2 A second full refund, under its own id, is a FAILED report and moves nothing."""
        payment = pay(bench)
        if can(bench, payment).by_person or not can(bench, payment).full:
            pytest.skip("a person decides, or the gateway makes no full refunds")
        give_back(bench, payment, payment.captured)
        report = ask(bench.gateway, call_for(bench, payment, payment.captured))
        assert report.status is RefundStatus.FAILED, f"a second full refund is {report.status}"
        assert booked(bench, payment) == payment.captured

    def test_a_decline_is_a_value(self, bench: Bench) -> None:
        """3.3 A "no" of the service is a FAILED report with the amount asked for and a failure code."""
        call = call_for(bench, pay(bench))
        bench.let(Mishap.DECLINED)
        _check_declined(bench, call)

    def test_nothing_sent_is_certain(self, bench: Bench) -> None:
        """3.4 GatewayUnavailableError is raised where certainly nothing was executed, and nothing was."""
        call = _after(bench, Mishap.NEVER_SENT)
        assert booked(bench, call.payment).is_zero

    def test_a_lost_request_is_not_known(self, bench: Bench) -> None:
        """3.5 OutcomeUnknownError is raised where it may have been executed, though it was not."""
        call = _after(bench, Mishap.LOST_REQUEST)
        assert booked(bench, call.payment).is_zero

    def test_a_lost_reply_is_not_known(self, bench: Bench) -> None:
        """3.6 OutcomeUnknownError is raised where the money moved and no answer came; never a failure."""
        call = _after(bench, Mishap.LOST_REPLY)
        assert booked(bench, call.payment) == call.refund.amount

    @pytest.mark.parametrize("mishap", RAISED, ids=lambda mishap: mishap.value)
    def test_asking_again_gives_back_once(self, bench: Bench, mishap: Mishap) -> None:
        """3.7 After any mishap the same stored request gives back once, and the answer tells that refund."""
        call = call_for(bench, pay(bench))
        bench.let(mishap)
        tried(bench.gateway, call)
        report = ask(bench.gateway, call)
        assert report.status in GIVEN
        assert booked(bench, call.payment) == call.refund.amount
        assert found(bench, call.payment, report.reference).amount == call.refund.amount

    @pytest.mark.parametrize("mishap", RAISED, ids=lambda mishap: mishap.value)
    def test_errors_name_the_gateway_and_pickle(self, bench: Bench, mishap: Mishap) -> None:
        """3.8 Errors say which gateway it was, and cross a process border unchanged."""
        call = call_for(bench, pay(bench))
        bench.let(mishap)
        with pytest.raises(GatewayError) as raised:
            bench.gateway.refund(call)
        copied = pickle.loads(pickle.dumps(raised.value))  # noqa: S301 - it was written a moment ago
        assert raised.value.gateway == bench.gateway.name
        assert (type(copied), str(copied), vars(copied)) == (
            type(raised.value),
            str(raised.value),
            vars(raised.value),
        )

    def test_pending_is_neither_yes_nor_no(self, bench: Bench) -> None:
        """3.9 A refund that was accepted and not done is PENDING, in the answer and when fetched."""
        payment = pay(bench)
        bench.let(Mishap.PENDING)
        report = give_back(bench, payment)
        assert report.status is RefundStatus.PENDING
        assert found(bench, payment, report.reference).status is RefundStatus.PENDING

    def test_a_pending_refund_comes_to_its_end(self, bench: Bench) -> None:
        """3.10 What the service decides later is what fetch() says then; a failure has a code."""
        settle = need(bench.settle, "settle")
        for end in (RefundStatus.SUCCEEDED, RefundStatus.FAILED):
            payment = pay(bench)
            bench.let(Mishap.PENDING)
            reference = need(give_back(bench, payment, part_of(bench, payment)).reference, "reference")
            settle(reference, end)
            told = found(bench, payment, reference)
            assert told.status is end
            assert (told.failure is not None) is (end is RefundStatus.FAILED)

    def test_a_silent_service_is_given_up(self, bench: Bench) -> None:
        """3.11 A service that never answers is not waited for without end: OutcomeUnknownError."""
        call = call_for(bench, pay(bench))
        bench.let(Mishap.SILENCE)
        answers = given_in_time(bench, call)
        assert answers, f"refund() did not return within {bench.patience_seconds} seconds; give it a timeout"
        assert type(answers[0]) is OutcomeUnknownError, f"silence: refund() gave {answers[0]!r}"


def _after(bench: Bench, mishap: Mishap) -> RefundCall:
    """Let *mishap* happen to a refund; require the error that it stands for and return the call."""
    call = call_for(bench, pay(bench))
    bench.let(mishap)
    answer = tried(bench.gateway, call)
    assert type(answer) is RAISED[mishap], f"{mishap.value}: refund() gave {answer!r}"
    return call


def _check_declined(bench: Bench, call: RefundCall) -> None:
    report = ask(bench.gateway, call)
    assert report.status is RefundStatus.FAILED, f"the service said no, the report says {report.status}"
    assert report.failure is not None, "a FAILED report has a failure code"
    assert report.amount == call.refund.amount
    assert booked(bench, call.payment).is_zero
    told = fetched(bench, call.payment).refunds
    alive = [refund for refund in told or () if refund.status is not RefundStatus.FAILED]
    assert alive == [], "the service said no, and fetch() tells a refund"
