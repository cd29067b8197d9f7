"""Chapter 5: a service's minor units are its own."""
# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

import pytest

from refundkit.money import Money
from refundkit.testing.gateway_rules.bench import Bench, Rules
from refundkit.testing.gateway_rules.steps import (
    booked,
    fetched,
    found,
    give_back,
    refund_of,
    refused,
)

__all__ = ["AMOUNTS", "AmountRules"]

# Two decimals, none and three; and currencies whose decimals ISO 4217 and services do not agree on.
AMOUNTS = (
    "12.34 EUR",
    "12.34 USD",
    "500 JPY",
    "1.230 KWD",
    "500 HUF",
    "500 ISK",
    "500 UGX",
    "500 TWD",
    "5 MGA",
)


class AmountRules(Rules):
    """What a gateway promises about amounts, whatever the currency."""

    @pytest.mark.parametrize("amount", AMOUNTS)
    def test_exactly_this_amount_moves(self, bench: Bench, amount: str) -> None:
        """5.1 A declared currency moves by exactly the amount asked for, in the service's own minor units."""
        wanted = _amount(bench, amount)
        payment = bench.payment(wanted * 4)
        if not bench.gateway.capabilities(payment).partial:
            wanted = payment.captured
        give_back(bench, payment, wanted)
        assert booked(bench, payment) == wanted

    @pytest.mark.parametrize("amount", AMOUNTS)
    def test_what_is_echoed_is_what_was_booked(self, bench: Bench, amount: str) -> None:
        """5.2 The report and fetch() repeat the booked amount and currency, not the ones that were asked for."""
        payment = bench.payment(_amount(bench, amount) * 4)
        wanted = payment.captured
        if bench.gateway.capabilities(payment).partial:
            wanted = _amount(bench, amount)
        made = give_back(bench, payment, wanted)
        assert fetched(bench, payment).captured == payment.captured
        assert made.amount == booked(bench, payment)
        assert found(bench, payment, made.reference).amount == booked(bench, payment)

    def test_a_currency_that_is_not_declared_is_refused(self, bench: Bench) -> None:
        """5.3 What the service could not express is an InvalidValueError or a decline, never a guess."""
        payment = bench.payment(Money.of("50.00", bench.currency))
        currencies = bench.gateway.capabilities(payment).currencies
        unknown = next(
            (code for code in ("IQD", "LYD", "CLF", "KWD") if code not in (currencies or {code})), None
        )
        if unknown is None:
            pytest.skip("the gateway declares every currency")
        assert refused(bench, payment, Money.of(5, unknown))

    def test_the_request_names_its_amount(self, bench: Bench) -> None:
        """5.4 Two amounts are two requests: a request without one would mean everything to some services."""
        payment = bench.payment(Money.of("50.00", bench.currency))
        one, other = (Money.of(amount, bench.currency) for amount in (20, 21))
        refund = refund_of(payment, one)
        larger = refund_of(payment, other, id=refund.id)
        assert bench.gateway.prepare(refund, payment) != bench.gateway.prepare(larger, payment)


def _amount(bench: Bench, text: str) -> Money:
    number, currency = text.split()
    payment = bench.payment(Money.of("50.00", bench.currency))
    currencies = bench.gateway.capabilities(payment).currencies
    if currencies is not None and currency not in currencies:
        pytest.skip(f"the gateway does not declare {currency}")
    return Money.of(number, currency)
