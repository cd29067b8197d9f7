"""Chapter 2: one refund moves money once, for life."""
# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta

import attrs
import pytest

from refundkit.errors import GatewayError
from refundkit.gateways.base import RefundCall
from refundkit.model.payments import Payment
from refundkit.model.refunds import RefundStatus
from refundkit.model.reports import RefundReport
from refundkit.money import Money
from refundkit.testing.gateway_rules.bench import Bench, Rules, need
from refundkit.testing.gateway_rules.steps import (
    GIVEN,
    ask,
    booked,
    call_for,
    can,
    give_back,
    part_of,
    pay,
    thawed,
    tried,
)

__all__ = ["RefundingRules"]

THREADS = 16


class RefundingRules(Rules):
    """What `Gateway.refund` promises when all goes well, and when it is asked again."""

    def test_a_refund_gives_back_what_was_asked(self, bench: Bench) -> None:
        """2.1 The very amount leaves the books, and the report says so."""
        payment = pay(bench)
        amount = part_of(bench, payment)
        report = give_back(bench, payment, amount)
        assert report.amount == amount
        assert booked(bench, payment) == amount

    def test_the_same_refund_twice_moves_money_once(self, bench: Bench) -> None:
        """2.2 The refund's id is the idempotency key: asked again, the service tells the same refund."""
        call = call_for(bench, pay(bench))
        first, second = ask(bench.gateway, call), ask(bench.gateway, call)
        assert (second.reference, second.amount) == (first.reference, first.amount)
        assert booked(bench, call.payment) == call.refund.amount

    def test_the_same_refund_after_a_restart_moves_money_once(self, bench: Bench) -> None:
        """2.3 The key lives at the service, not in the instance that asked first."""
        second, call = need(bench.second_gateway, "second_gateway"), call_for(bench, pay(bench))
        first = ask(bench.gateway, call)
        assert ask(second, call).reference == first.reference
        assert booked(bench, call.payment) == call.refund.amount

    def test_a_stored_request_is_repeated_word_for_word(self, bench: Bench) -> None:
        """2.4 A request that was stored as JSON, sent again at another time, is the same request."""
        call = call_for(bench, pay(bench))
        stored = json.loads(json.dumps(thawed(call.request)))
        refund = attrs.evolve(
            call.refund, status=RefundStatus.SUBMITTED, prepared=stored, attempts=2, last_sent_at=bench.now()
        )
        again = attrs.evolve(
            call, refund=refund, request=stored, deadline=call.deadline + timedelta(minutes=5)
        )
        assert ask(bench.gateway, call).reference == ask(bench.gateway, again).reference
        assert booked(bench, call.payment) == call.refund.amount

    def test_two_refunds_of_one_amount_are_two(self, bench: Bench) -> None:
        """2.5 The key is the refund's id, never its amount: two equal refunds both move money."""
        one, other = _two_payments(bench)
        first, second = give_back(bench, one), give_back(bench, other)
        assert first.reference is None or first.reference != second.reference
        total = Money.sum(
            (booked(bench, payment) for payment in {one.id: one, other.id: other}.values()), bench.currency
        )
        assert total == first.amount + second.amount

    def test_threads_share_one_gateway(self, bench: Bench) -> None:
        """2.6 Sixteen threads with sixteen refunds on one instance: each moves once, and hears of its own."""
        calls = _distinct_calls(bench)
        answers = _at_once([lambda call=call: tried(bench.gateway, call) for call in calls])  # type: ignore[misc]
        for call, answer in zip(calls, answers, strict=True):
            assert isinstance(answer, RefundReport), f"one thread got {answer!r}"
            assert answer.status in GIVEN
            assert answer.amount == call.refund.amount, "one thread got the answer to another's refund"
        assert len({answer.reference for answer in answers if isinstance(answer, RefundReport)}) == THREADS
        payments = {call.payment.id: call.payment for call in calls}.values()
        total = Money.sum((booked(bench, payment) for payment in payments), bench.currency)
        assert total == Money.sum((call.refund.amount for call in calls), bench.currency)

    def test_one_refund_from_many_threads_moves_money_once(self, bench: Bench) -> None:
        """2.7 The same refund from eight threads at once: some may be left in doubt, the books are not."""
        call = call_for(bench, pay(bench))
        answers = _at_once([lambda: tried(bench.gateway, call)] * 8)
        reports = [answer for answer in answers if isinstance(answer, RefundReport)]
        assert all(isinstance(answer, (RefundReport, GatewayError)) for answer in answers)
        assert len({report.reference for report in reports if report.status in GIVEN}) == 1
        assert booked(bench, call.payment) == call.refund.amount

    def test_what_was_stored_is_what_is_sent(self, bench: Bench) -> None:
        """2.8 The request is not written anew: what moves is what was stored, or nothing."""
        payment = pay(bench)
        if can(bench, payment).by_person or not can(bench, payment).partial:
            pytest.skip("a person pays, or the gateway makes no partial refunds")
        stored = call_for(bench, payment, part_of(bench, payment) + Money.of(1, bench.currency))
        # As a newer version of the gateway would prepare another request for the same refund.
        refund = attrs.evolve(stored.refund, amount=part_of(bench, payment))
        tried(bench.gateway, attrs.evolve(stored, refund=refund))
        assert booked(bench, payment) in (stored.refund.amount, Money.zero(bench.currency))


def _two_payments(bench: Bench) -> tuple[Payment, Payment]:
    """Return the same payment twice if it can be refunded twice, else two."""
    payment = pay(bench)
    several = can(bench, payment).multiple and can(bench, payment).partial
    return payment, payment if several else pay(bench)


def _distinct_calls(bench: Bench) -> list[RefundCall]:
    payment = pay(bench, "500.00")
    several = can(bench, payment).multiple and can(bench, payment).partial
    least = part_of(bench, payment)
    if several:
        step = Money.of(1, bench.currency)
        return [call_for(bench, payment, least + step * number) for number in range(THREADS)]
    return [call_for(bench, pay(bench, str(20 + number))) for number in range(THREADS)]


def _at_once(jobs: Iterable[Callable[[], object]]) -> list[object]:
    """Run every job in a thread of its own, all beginning together; return what they gave or raised."""
    jobs = list(jobs)
    answers: list[object] = [None] * len(jobs)
    start = threading.Barrier(len(jobs))

    def work(number: int, job: Callable[[], object]) -> None:
        start.wait()
        try:
            answers[number] = job()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test says it
            answers[number] = error

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
