"""Chapter 1: what a deliverer says of itself."""
# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

from refundkit.model.deliveries import Delivery
from refundkit.testing.deliverer_rules.bench import DelivererBench, Rules

__all__ = ["DeclaringRules"]


class DeclaringRules(Rules):
    """What a deliverer promises about its declarations."""

    def test_it_can_be_named_by_a_delivery(self, bench: DelivererBench) -> None:
        """1.1 Kind and name are texts that a delivery can hold."""
        for name in (bench.deliverer.kind, bench.deliverer.name):
            assert Delivery(id="d-1", line_id="line-1", kind=name, target="").kind == name

    def test_it_declares_once(self, bench: DelivererBench) -> None:
        """1.2 Whether it redelivers, revokes and takes test orders is the same before and after use."""
        before = _declared(bench)
        bench.deliverer.deliver(bench.call())
        assert _declared(bench) == before

    def test_it_says_where_the_goods_are(self, bench: DelivererBench) -> None:
        """1.3 For a refusal to send again it has a sentence, also before anything was handed over."""
        call = bench.call()
        sentences = [bench.deliverer.where_it_is(call.delivery)]
        receipt = bench.deliverer.deliver(call)
        told = bench.revocation(call, details=receipt.details, delivered_at=bench.now()).delivery
        sentences.append(bench.deliverer.where_it_is(told))
        assert all(str(said).strip() for said in sentences)


def _declared(bench: DelivererBench) -> tuple[object, ...]:
    one = bench.deliverer
    return one.name, one.redeliverable, one.revocable, one.test
