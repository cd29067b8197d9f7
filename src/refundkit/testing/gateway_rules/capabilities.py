"""Chapter 6: capabilities are true; what is declared works, and what is not is refused."""
# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

import pytest

from refundkit.model.capabilities import WhileDisputed
from refundkit.model.disputes import DisputeFunds
from refundkit.model.payments import Payment
from refundkit.model.refunds import RefundStatus
from refundkit.money import Money
from refundkit.testing.gateway_rules.bench import Bench, Rules, need
from refundkit.testing.gateway_rules.steps import (
    ask,
    booked,
    call_for,
    can,
    fetched,
    give_back,
    part_of,
    pay,
    refused,
)

__all__ = ["CapabilityRules"]


class CapabilityRules(Rules):
    """What `Gateway.capabilities` promises."""

    def test_capabilities_are_constant(self, bench: Bench) -> None:
        """6.1 The same payment has the same capabilities, before and after a refund."""
        payment = pay(bench)
        before = can(bench, payment)
        give_back(bench, payment)
        assert can(bench, payment) == before

    def test_full_refunds(self, bench: Bench) -> None:
        """6.2 All of an untouched payment can be given back, as declared."""
        payment = pay(bench)
        if can(bench, payment).full:
            give_back(bench, payment, payment.captured)
            assert booked(bench, payment) == payment.captured
        else:
            assert refused(bench, payment, payment.captured)

    def test_partial_refunds(self, bench: Bench) -> None:
        """6.3 A part of an untouched payment can be given back, as declared."""
        payment, part = pay(bench), Money.of("20.00", bench.currency)
        if can(bench, payment).partial:
            give_back(bench, payment, part)
            assert booked(bench, payment) == part
        else:
            assert refused(bench, payment, part)

    def test_several_refunds(self, bench: Bench) -> None:
        """6.4 One payment can be refunded more than once, down to nothing, as declared."""
        payment, part = pay(bench), Money.of("20.00", bench.currency)
        if not can(bench, payment).partial:
            pytest.skip("the gateway makes no partial refunds")
        give_back(bench, payment, part)
        if can(bench, payment).multiple:
            give_back(bench, payment, payment.captured - part)
            assert booked(bench, payment) == payment.captured
        else:
            assert refused(bench, payment, payment.captured - part)

    def test_the_minimum(self, bench: Bench) -> None:
        """6.5 The declared minimum (without one, one minor unit) can be given back, and less cannot."""
        payment = pay(bench)
        if not can(bench, payment).partial:
            pytest.skip("the gateway makes no partial refunds")
        unit = Money.of_minor(1, bench.currency)
        minimum = can(bench, payment).minimum
        least = unit if minimum is None else minimum
        give_back(bench, payment, least)
        assert booked(bench, payment) == least
        assert least == unit or refused(bench, pay(bench), least - unit)

    def test_while_disputed(self, bench: Bench) -> None:
        """6.6 While a chargeback is open, what while_disputed declares can be given back; else the books say what was.

        A gateway may be more careful than its service: the desk never asks for what is not declared.
        """
        dispute, payment = need(bench.dispute, "dispute"), pay(bench)
        dispute(payment, Money.of("20.00", bench.currency))
        while_disputed = can(bench, payment).while_disputed
        anything = while_disputed is WhileDisputed.ANYTHING
        amount = part_of(bench, payment) if anything else _left(bench, payment)
        report = ask(bench.gateway, call_for(bench, payment, amount))
        is_given = report.status is not RefundStatus.FAILED
        assert is_given or while_disputed is WhileDisputed.NOTHING
        assert booked(bench, payment) == (amount if is_given else Money.zero(bench.currency))


def _left(bench: Bench, payment: Payment) -> Money:
    """Return what no dispute has taken of a payment, as the gateway tells it."""
    disputes = fetched(bench, payment).disputes
    taken = (told.amount for told in disputes if told.funds is DisputeFunds.WITHDRAWN)
    return payment.captured - Money.sum(taken, bench.currency)
