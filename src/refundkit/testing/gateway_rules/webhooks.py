"""Chapter 7: a webhook is a hint, and only a genuine one."""
# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from refundkit.errors import WebhookError
from refundkit.gateways.base import Gateway, Webhook
from refundkit.testing.gateway_rules.bench import Bench, Letter, Rules, need
from refundkit.testing.gateway_rules.steps import booked, delivered, pay

__all__ = ["HOSTILE_BODIES", "HOSTILE_HEADERS", "WebhookRules"]

MARK = "do-not-quote-me"

HOSTILE_BODIES: Mapping[str, bytes] = {
    "nothing": b"",
    "a NUL": b"\0",
    "no UTF-8": b"\xff\xfe\xfd",
    "half of a character": '{"id": "é"}'.encode()[:-3],
    "a surrogate": b'{"id": "\\ud800"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"id": 1}'.encode("utf-16"),
    "null": b"null",
    "a list": b"[]",
    "a number": b"1",
    "an endless number": b"[" + b"9" * 20_000 + b"]",
    "NaN": b'{"amount": NaN}',
    "a name twice": b'{"id": 1, "id": 2}',
    "no end": b'{"id": "' + b"x" * 100,
    "very deep": b"[" * 100_000,
    "very deep and closed": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "very large": b'{"a": "' + b"x" * 1_000_000 + b'"}',
    "empty objects": b'{"object": {}, "data": {}, "event_type": {}, "resource": {}, "id": {}}',
    "HTML": b"<html><body>502 Bad Gateway</body></html>",
    "a form": b"payload=%7B%7D",
    "something to quote": b'{"note": "' + MARK.encode() + b'"}',
}

HOSTILE_HEADERS: Mapping[str, str] = {
    "empty": "",
    "a space": " ",
    "not ASCII": "é\xff",
    "a NUL": "\0",
    "a line break": "a\r\nX-Evil: 1",
    "commas": "," * 1_000,
    "equal signs": "t=,v1=" * 100,
    "very long": "a" * 100_000,
    "digits of another script": "t=\u0661\u0662,v1=\u0663",
    "an endless number": "t=" + "9" * 5_000 + ",v1=00",
    "a negative time": "t=-1,v1=00",
    "something to quote": MARK,
    "a path": "../../../etc/passwd",
    "an address": "http://127.0.0.1:9/cert.pem",
}


class WebhookRules(Rules):
    """What `Gateway.parse_webhook` promises."""

    def test_a_genuine_webhook_names_the_payment(self, bench: Bench) -> None:
        """7.1 It names the payment by reference, alias or group, and moves no money."""
        make, payment = need(bench.webhook, "webhook"), pay(bench)
        before = booked(bench, payment)
        names = bench.gateway.parse_webhook(delivered(bench, make(payment)))
        assert isinstance(names, tuple)
        assert any(payment.answers_to(name) for name in names), f"{names} do not name the payment"
        assert booked(bench, payment) == before

    def test_an_altered_webhook_is_refused(self, bench: Bench) -> None:
        """7.2 One bit of the body, anywhere, makes it a forgery."""
        body, headers = need(bench.webhook, "webhook")(pay(bench))
        for place in range(0, len(body), max(1, len(body) // 16)):
            altered = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
            check_refused(bench.gateway, delivered(bench, (altered, headers)))

    def test_a_webhook_without_its_signature_is_refused(self, bench: Bench) -> None:
        """7.3 No headers, or those of another webhook, are no signature of this one."""
        make = need(bench.webhook, "webhook")
        body, _ = make(pay(bench))
        _, headers = make(pay(bench))
        for others in ({}, headers):
            check_refused(bench.gateway, delivered(bench, (body, others)))

    def test_a_stale_webhook_is_refused(self, bench: Bench) -> None:
        """7.4 What was signed an hour ago may be a replay."""
        check_refused(bench.gateway, delivered(bench, _dated(bench), hours=1))

    def test_a_webhook_from_the_future_is_refused(self, bench: Bench) -> None:
        """7.5 What is signed an hour ahead could be replayed for as long."""
        check_refused(bench.gateway, delivered(bench, _dated(bench), hours=-1))

    def test_a_foreign_webhook_is_refused(self, bench: Bench) -> None:
        """7.6 What another account's secret signed says nothing about this one."""
        make = need(bench.foreign_webhook, "foreign_webhook")
        check_refused(bench.gateway, delivered(bench, make(pay(bench))))

    @pytest.mark.parametrize("body", HOSTILE_BODIES.values(), ids=HOSTILE_BODIES)
    def test_hostile_bodies_are_refused(self, bench: Bench, body: bytes) -> None:
        """7.7 Whatever bytes arrive, with genuine headers or none: WebhookError and nothing else."""
        make: Callable[..., Letter] = bench.webhook or (lambda _: (b"", {}))
        check_refused(bench.gateway, delivered(bench, (body, make(pay(bench))[1])))
        check_refused(bench.gateway, delivered(bench, (body, {})))

    @pytest.mark.parametrize("value", HOSTILE_HEADERS.values(), ids=HOSTILE_HEADERS)
    def test_hostile_headers_are_refused(self, bench: Bench, value: str) -> None:
        """7.8 Whatever the headers hold, with a genuine body: WebhookError and nothing else."""
        body, headers = need(bench.webhook, "webhook")(pay(bench))
        check_refused(bench.gateway, delivered(bench, (body, dict.fromkeys(headers, value))))


def check_refused(gateway: Gateway, webhook: Webhook) -> None:
    """Require a WebhookError that says what to answer and quotes nothing of the webhook."""
    with pytest.raises(WebhookError) as refused:
        gateway.parse_webhook(webhook)
    assert 400 <= refused.value.http_status < 500
    assert MARK not in str(refused.value), "the error quotes the webhook"


def _dated(bench: Bench) -> Letter:
    if not bench.webhook_is_dated:
        pytest.skip("the service signs no time")
    return need(bench.webhook, "webhook")(pay(bench))
