"""Chapter 2: goods are handed over once per key, for life."""
# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import attrs

from refundkit.deliverers.base import Deliverer, DeliveryCall, Receipt
from refundkit.errors import DeliveryError
from refundkit.model.deliveries import Delivery
from refundkit.serialization import dumps, from_json
from refundkit.testing.deliverer_rules.bench import DelivererBench, Rules, need

__all__ = ["HandingOverRules"]


class HandingOverRules(Rules):
    """What a deliverer promises about handing over."""

    def test_the_units_are_handed_over(self, bench: DelivererBench) -> None:
        """2.1 As many units as were asked for are handed over, and a Receipt says so."""
        call = bench.call(units=3)
        assert isinstance(bench.deliverer.deliver(call), Receipt)
        assert bench.count(call) == 3

    def test_one_call_twice(self, bench: DelivererBench) -> None:
        """2.2 The same call twice hands over once; both answers are the same."""
        call = bench.call()
        assert bench.deliverer.deliver(call) == bench.deliverer.deliver(call)
        assert bench.count(call) == call.units

    def test_another_instance(self, bench: DelivererBench) -> None:
        """2.3 So does the same call from another instance, later and with another deadline."""
        call = bench.call()
        bench.deliverer.deliver(call)
        later = attrs.evolve(call, deadline=call.deadline + timedelta(minutes=10))
        need(bench.second_deliverer, "second_deliverer").deliver(later)
        assert bench.count(call) == call.units

    def test_two_orders(self, bench: DelivererBench) -> None:
        """2.4 Two orders of the same goods are handed over twice: no key is derived from the goods."""
        calls = [bench.call(), bench.call()]
        for call in calls:
            bench.deliverer.deliver(call)
        assert [bench.count(call) for call in calls] == [2, 2]

    def test_many_threads(self, bench: DelivererBench) -> None:
        """2.5 One call from many threads at once hands over once; some of them may be left in doubt."""
        call = bench.call()
        with ThreadPoolExecutor(8) as threads:
            receipts = list(threads.map(lambda _: _tried(bench.deliverer, call), range(8)))
        assert any(isinstance(receipt, Receipt) for receipt in receipts)
        assert bench.count(call) == call.units

    def test_a_receipt_can_be_kept(self, bench: DelivererBench) -> None:
        """2.6 What the receipt remembers is the same after it was written as JSON and read again."""
        receipt = bench.deliverer.deliver(bench.call())
        kept = attrs.evolve(bench.call().delivery, details=receipt.details)
        assert from_json(json.loads(dumps(kept)), Delivery) == kept


def _tried(deliverer: Deliverer, call: DeliveryCall) -> Receipt | DeliveryError:
    try:
        return deliverer.deliver(call)
    except DeliveryError as error:
        return error
