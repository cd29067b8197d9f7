"""Chapter 8: keys show nowhere."""
# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

import copy
import logging
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from refundkit.errors import RefundkitError, WebhookError
from refundkit.gateways.base import Gateway
from refundkit.testing.gateway_rules.bench import Bench, Mishap, Rules, need
from refundkit.testing.gateway_rules.steps import ask, call_for, delivered, fetched, given_in_time, pay
from refundkit.testing.reachable import reachable

__all__ = ["SecrecyRules"]

WAYS_TO_SHOW: dict[str, Callable[[Any], str]] = {
    "repr": repr,
    "str": str,
    "format": "{}".format,
    "vars": lambda it: repr(vars(it)),
    "dir": lambda it: repr([getattr(it, name, None) for name in dir(it) if not name.startswith("__")]),
}


class SecrecyRules(Rules):
    """What a gateway promises about its credentials."""

    @pytest.mark.parametrize("way", WAYS_TO_SHOW)
    def test_no_way_of_showing_a_gateway_shows_a_secret(self, bench: Bench, way: str) -> None:
        """8.1 Neither repr, str, format nor vars, before and after use."""
        _secrets(bench)
        for gateway in (bench.gateway, _used(bench)):
            _check_silent(bench, WAYS_TO_SHOW[way](gateway))

    def test_no_attribute_leads_to_a_secret(self, bench: Bench) -> None:
        """8.2 Walking all that vars() leads to finds none: a debugger's dump shows no key."""
        _secrets(bench)
        for thing in reachable(_used(bench)):
            _check_silent(bench, repr(thing))

    @pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy], ids=lambda it: it.__name__)
    def test_copies_hold_no_secret(self, bench: Bench, copied: Callable[[Any], Any]) -> None:
        """8.3 A gateway refuses to be pickled or copied, or the copy holds no key."""
        _secrets(bench)
        try:
            made = copied(_used(bench))
        except Exception as refusal:  # noqa: BLE001 - it may refuse in whatever way
            made = refusal
        shown = made.decode("latin-1") if isinstance(made, bytes) else "".join(map(repr, reachable(made)))
        _check_silent(bench, shown)

    def test_no_log_line_holds_a_secret(
        self, bench: Bench, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """8.4 Not with every logger at its most talkative, those of SDKs included, nor on stdout or stderr."""
        _secrets(bench)
        caplog.set_level(logging.DEBUG)
        _used(bench)
        records = "".join(f"{record.getMessage()}{vars(record)}" for record in caplog.records)
        _check_silent(bench, caplog.text + records + "".join(capfd.readouterr()))

    @pytest.mark.parametrize("mishap", [*Mishap], ids=lambda mishap: mishap.value)
    def test_no_answer_and_no_error_holds_a_secret(self, bench: Bench, mishap: Mishap) -> None:
        """8.5 Neither reports nor errors, nor anything that led to them, nor their pickles."""
        _secrets(bench)
        call = call_for(bench, pay(bench))
        bench.let(mishap)
        for answer in given_in_time(bench, call):
            if isinstance(answer, Exception) and not isinstance(answer, RefundkitError):
                raise answer
            _check_answer(bench, answer)
        _check_answer(bench, _answer(lambda: fetched(bench, call.payment)))

    def test_no_refused_webhook_tells_a_secret(self, bench: Bench) -> None:
        """8.6 Who sends forgeries learns nothing about the signing secret."""
        _secrets(bench)
        body, headers = need(bench.webhook, "webhook")(pay(bench))
        with pytest.raises(WebhookError) as refused:
            bench.gateway.parse_webhook(delivered(bench, (body + b" ", headers)))
        _check_answer(bench, refused.value)


def _secrets(bench: Bench) -> tuple[str, ...]:
    return need(bench.secrets or None, "secrets")


def _used(bench: Bench) -> Gateway:
    """Return the gateway after a refund, a look and, if it takes them, a webhook."""
    call = call_for(bench, pay(bench))
    ask(bench.gateway, call)
    fetched(bench, call.payment)
    if bench.webhook is not None:
        bench.gateway.parse_webhook(delivered(bench, bench.webhook(call.payment)))
    return bench.gateway


def _answer(question: Callable[[], object]) -> object:
    try:
        return question()
    except RefundkitError as error:
        return error


def _check_answer(bench: Bench, answer: object) -> None:
    for thing in reachable(answer):
        _check_silent(bench, repr(thing))
    _check_silent(bench, pickle.dumps(answer).decode("latin-1"))


def _check_silent(bench: Bench, shown: str) -> None:
    # Neither the text nor the secret is part of the message: test logs are public, too.
    assert not any(secret in shown for secret in bench.secrets), "a secret shows"
