"""Chapter 4: what is fetched is the truth, all of it, and nothing but it."""
# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

import pytest

from refundkit.model.refunds import RefundStatus
from refundkit.money import Money
from refundkit.testing.gateway_rules.bench import Bench, Rules, need
from refundkit.testing.gateway_rules.steps import (
    ask,
    booked,
    call_for,
    can,
    fetched,
    found,
    give_back,
    part_of,
    pay,
)

__all__ = ["FetchRules"]

MANY = 12


class FetchRules(Rules):
    """What `Gateway.fetch` promises."""

    def test_each_payment_has_one_report(self, bench: Bench) -> None:
        """4.1 Every payment asked for has one report, under its reference, with what was captured."""
        payments = (pay(bench), pay(bench, "30.00"))
        reports = bench.gateway.fetch(payments)
        captured = {report.reference: report.captured for report in reports}
        assert len(reports) == 2
        assert captured == {payment.reference: payment.captured for payment in payments}

    def test_fetch_agrees_with_refund(self, bench: Bench) -> None:
        """4.2 What refund() reported is what fetch() tells: reference, amount, status and payment."""
        payment = pay(bench)
        made = give_back(bench, payment)
        told = found(bench, payment, made.reference)
        assert (told.amount, told.status) == (made.amount, made.status)
        assert told.payment is None or told.payment in payment.references

    def test_fetch_echoes_our_id_as_declared(self, bench: Bench) -> None:
        """4.3 With echoes_refund_id every refund of ours carries our id; without, none carries a wrong one."""
        payment = pay(bench)
        call = call_for(bench, payment)
        made = ask(bench.gateway, call)
        told = found(bench, payment, made.reference).refund_id
        echoes = can(bench, payment).echoes_refund_id
        assert told == call.refund.id if echoes else told in (None, call.refund.id)

    def test_none_means_that_it_cannot_know(self, bench: Bench) -> None:
        """4.4 refunds is None only if absence cannot be known; with knows_absence, no refund is an empty tuple."""
        payment = pay(bench)
        refunds = fetched(bench, payment).refunds
        if can(bench, payment).knows_absence:
            assert refunds == ()
        else:
            assert not refunds

    def test_refunds_made_elsewhere_are_told(self, bench: Bench) -> None:
        """4.5 A refund from the service's dashboard is told with its amount and without an id of ours."""
        refund_elsewhere, payment = need(bench.refund_elsewhere, "refund_elsewhere"), pay(bench)
        refund_elsewhere(payment, part_of(bench, payment))
        refunds = need(fetched(bench, payment).refunds, "refunds that fetch() can know")
        assert [(refund.amount, refund.refund_id) for refund in refunds] == [(part_of(bench, payment), None)]

    def test_many_refunds_are_all_told(self, bench: Bench) -> None:
        """4.6 Twelve refunds of one payment are twelve in the report: a list has more than its first page."""
        payment = pay(bench, "500.00")
        if not (can(bench, payment).multiple and can(bench, payment).partial):
            pytest.skip("the gateway refunds a payment once")
        made = [give_back(bench, payment).reference for _ in range(MANY)]
        refunds = need(fetched(bench, payment).refunds, "refunds that fetch() can know")
        assert sorted(str(refund.reference) for refund in refunds) == sorted(map(str, made))

    def test_a_late_failure_is_told(self, bench: Bench) -> None:
        """4.7 A refund that succeeded and was sent back by the customer's bank is FAILED, with a code."""
        settle, payment = need(bench.settle, "settle"), pay(bench)
        reference = need(give_back(bench, payment).reference, "reference")
        settle(reference, RefundStatus.SUCCEEDED)
        settle(reference, RefundStatus.FAILED)
        told = found(bench, payment, reference)
        assert told.status is RefundStatus.FAILED
        assert told.failure is not None

    def test_fetching_changes_nothing(self, bench: Bench) -> None:
        """4.8 Asked twice, fetch() says the same twice, and the books stay as they are."""
        payment = pay(bench)
        give_back(bench, payment)
        before = booked(bench, payment)
        assert fetched(bench, payment) == fetched(bench, payment)
        assert booked(bench, payment) == before

    def test_disputes_are_told(self, bench: Bench) -> None:
        """4.9 A chargeback is in the report, with its amount, and is not taken for a refund."""
        dispute, payment = need(bench.dispute, "dispute"), pay(bench)
        amount = Money.of("20.00", bench.currency)
        dispute(payment, amount)
        report = fetched(bench, payment)
        assert [told.amount for told in report.disputes] == [amount]
        assert not report.refunds
