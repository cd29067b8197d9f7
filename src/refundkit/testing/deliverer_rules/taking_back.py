"""Chapter 4: what can be taken back is taken back once, and may be handed over again."""
# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

from uuid import uuid4

import attrs
import pytest

from refundkit.deliverers.base import DeliveryCall, Receipt
from refundkit.errors import DeliveryError
from refundkit.testing.deliverer_rules.bench import DelivererBench, DeliveryMishap, Rules

__all__ = ["TakingBackRules"]


class TakingBackRules(Rules):
    """What a deliverer promises about taking back."""

    def test_not_revocable(self, bench: DelivererBench) -> None:
        """4.1 What is not declared revocable is refused, for good."""
        if bench.deliverer.revocable:
            pytest.skip("the deliverer is revocable")
        with pytest.raises(DeliveryError) as refused:
            bench.deliverer.revoke(bench.revocation(bench.call()))
        assert refused.value.is_final

    def test_taken_back(self, bench: DelivererBench) -> None:
        """4.2 What was handed over is taken back, and a Receipt says so."""
        call = _revocation(bench)
        assert isinstance(bench.deliverer.revoke(call), Receipt)
        assert bench.count(call) == 0

    def test_a_part(self, bench: DelivererBench) -> None:
        """4.3 As many units as were asked for are taken back, and the others stay."""
        call = attrs.evolve(_revocation(bench), units=1)
        bench.deliverer.revoke(call)
        assert bench.count(call) == 1

    def test_taken_back_twice(self, bench: DelivererBench) -> None:
        """4.4 The same call twice takes back once."""
        call = attrs.evolve(_revocation(bench), units=1)
        bench.deliverer.revoke(call)
        bench.deliverer.revoke(call)
        assert bench.count(call) == 1

    def test_never_handed_over(self, bench: DelivererBench) -> None:
        """4.5 To take back what was never handed over is no error, because nobody may know whether it was."""
        _require_revocable(bench)
        call = bench.revocation(bench.call())
        assert isinstance(bench.deliverer.revoke(call), Receipt)
        assert bench.count(call) == 0

    def test_handed_over_again(self, bench: DelivererBench) -> None:
        """4.6 What was taken back can be handed over again, under a new key."""
        back = _revocation(bench)
        bench.deliverer.revoke(back)
        again = attrs.evolve(bench.call(), order=back.order, key=str(uuid4()))
        bench.deliverer.deliver(again)
        assert bench.count(again) == again.units

    def test_lost_reply_to_a_revocation(self, bench: DelivererBench) -> None:
        """4.7 After an answer that was lost, the same call takes back, and once in all."""
        call = attrs.evolve(_revocation(bench), units=1)
        assert bench.count(call) == 2
        bench.let(DeliveryMishap.LOST_REPLY)
        with pytest.raises(DeliveryError):
            bench.deliverer.revoke(call)
        bench.deliverer.revoke(call)
        assert bench.count(call) == 1


def _require_revocable(bench: DelivererBench) -> None:
    if not bench.deliverer.revocable:
        pytest.skip("the deliverer is not revocable")


def _revocation(bench: DelivererBench) -> DeliveryCall:
    """Hand over two units, and return the call that takes them back."""
    _require_revocable(bench)
    call = bench.call()
    receipt = bench.deliverer.deliver(call)
    return bench.revocation(call, details=receipt.details)
