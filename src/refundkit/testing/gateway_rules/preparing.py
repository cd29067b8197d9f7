"""Chapter 1: preparing is pure, so that what is stored is what will be sent."""
# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

import json
import socket
from typing import Any

import attrs
import pytest

from refundkit.model import fields
from refundkit.model.refunds import RefundStatus
from refundkit.testing.gateway_rules.bench import Bench, Rules, need
from refundkit.testing.gateway_rules.steps import call_for, part_of, pay, refund_of, thawed

__all__ = ["PreparingRules"]


class PreparingRules(Rules):
    """What `Gateway.prepare` and `Gateway.capabilities` promise."""

    def test_prepare_is_deterministic(self, bench: Bench) -> None:
        """1.1 The same refund of the same payment gives the same request, however often it is prepared."""
        payment = pay(bench)
        refund = refund_of(payment, part_of(bench, payment))
        first = thawed(bench.gateway.prepare(refund, payment))
        assert thawed(bench.gateway.prepare(refund, payment)) == first

    def test_prepare_is_the_same_after_a_restart(self, bench: Bench) -> None:
        """1.2 Another instance on the same account prepares the same request."""
        second, payment = need(bench.second_gateway, "second_gateway"), pay(bench)
        refund = refund_of(payment, part_of(bench, payment))
        assert thawed(second.prepare(refund, payment)) == thawed(bench.gateway.prepare(refund, payment))

    def test_prepare_does_not_depend_on_what_happened_since(self, bench: Bench) -> None:
        """1.3 How often a refund was sent, and when, leaves no trace in its request."""
        payment = pay(bench)
        planned = refund_of(payment, part_of(bench, payment))
        sent = attrs.evolve(
            planned,
            status=RefundStatus.SUBMITTED,
            attempts=3,
            created_at=bench.now(),
            last_sent_at=bench.now(),
        )
        assert thawed(bench.gateway.prepare(sent, payment)) == thawed(bench.gateway.prepare(planned, payment))

    def test_prepare_asks_nobody(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """1.4 prepare() and capabilities() open no connection."""
        payment = pay(bench)

        def connect(*_: Any, **__: Any) -> None:
            pytest.fail("a connection was opened")

        for name in ("connect", "connect_ex"):
            monkeypatch.setattr(socket.socket, name, connect)
        call_for(bench, payment)

    def test_prepare_is_json_ready(self, bench: Bench) -> None:
        """1.5 A request is a mapping of plain JSON without floats, and JSON gives back the same request."""
        request = call_for(bench, pay(bench)).request
        written = json.dumps(thawed(request), allow_nan=False)
        assert fields.to_map(json.loads(written)) == request

    def test_prepare_holds_no_secret(self, bench: Bench) -> None:
        """1.6 No key is stored with a refund."""
        secrets = need(bench.secrets or None, "secrets")
        written = json.dumps(thawed(call_for(bench, pay(bench)).request))
        assert not any(secret in written for secret in secrets), "a secret stands in the prepared request"
