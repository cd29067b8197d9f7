"""Chapter 5: keys, links and codes show nowhere."""
# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

import copy
import logging
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from refundkit.deliverers.base import DeliveryCall, Receipt
from refundkit.errors import RefundkitError
from refundkit.testing.deliverer_rules.bench import DelivererBench, DeliveryMishap, Rules
from refundkit.testing.reachable import reachable

__all__ = ["SecrecyRules"]


class SecrecyRules(Rules):
    """What a deliverer promises about its credentials, and about codes that are as good as money."""

    def test_no_way_of_showing_a_deliverer_shows_a_secret(self, bench: DelivererBench) -> None:
        """5.1 Neither repr and str nor anything that vars() leads to, before and after use."""
        for _ in range(2):
            texts = map(repr, reachable(vars(bench.deliverer)))
            _check_silent(bench, "".join((repr(bench.deliverer), str(bench.deliverer), *texts)))
            bench.deliverer.deliver(bench.call())

    @pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy], ids=lambda it: it.__name__)
    def test_copies_hold_no_secret(self, bench: DelivererBench, copied: Callable[[Any], Any]) -> None:
        """5.2 A deliverer refuses to be pickled or copied, or the copy holds no key."""
        bench.deliverer.deliver(bench.call())
        try:
            made = copied(bench.deliverer)
        except Exception as refusal:  # noqa: BLE001 - it may refuse in whatever way
            made = refusal
        _check_silent(bench, made.decode("latin-1") if isinstance(made, bytes) else _all_of(made))

    def test_no_log_line_holds_a_secret(
        self, bench: DelivererBench, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """5.3 Not with every logger at its most talkative, nor on stdout or stderr."""
        caplog.set_level(logging.DEBUG)
        bench.deliverer.deliver(bench.call())
        records = "".join(f"{record.getMessage()}{vars(record)}" for record in caplog.records)
        _check_silent(bench, caplog.text + records + "".join(capfd.readouterr()))

    def test_no_receipt_holds_a_secret(self, bench: DelivererBench) -> None:
        """5.4 Neither the receipt, which is kept, nor the sentence that says where the goods are."""
        call = bench.call()
        receipt = bench.deliverer.deliver(call)
        told = bench.revocation(call, details=receipt.details).delivery
        _check_silent(bench, _all_of(receipt) + repr(dict(receipt.details)))
        _check_silent(bench, bench.deliverer.where_it_is(told))

    @pytest.mark.parametrize("mishap", [*DeliveryMishap], ids=lambda mishap: mishap.value)
    def test_no_error_holds_a_secret(self, bench: DelivererBench, mishap: DeliveryMishap) -> None:
        """5.5 Neither errors, nor anything that led to them, nor their pickles."""
        bench.let(mishap)
        answer = _answer(bench, bench.call())
        _check_silent(bench, _all_of(answer))
        _check_silent(bench, pickle.dumps(answer).decode("latin-1"))


def _answer(bench: DelivererBench, call: DeliveryCall) -> Receipt | RefundkitError:
    try:
        return bench.deliverer.deliver(call)
    except RefundkitError as error:
        return error


def _all_of(thing: object) -> str:
    return "".join(map(repr, reachable(thing)))


def _check_silent(bench: DelivererBench, shown: str) -> None:
    secrets = bench.secrets() if callable(bench.secrets) else bench.secrets
    # Neither the text nor the secret is part of the message: test logs are public, too.
    assert not any(secret in shown for secret in secrets), "a secret shows"
