"""Chapter 3: done, not done, and not known are three different answers."""
# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

import pickle

import pytest

from refundkit.deliverers.base import DeliveryCall
from refundkit.errors import DeliveryError
from refundkit.testing.deliverer_rules.bench import DelivererBench, DeliveryMishap, Rules

__all__ = ["TroubleRules"]

DOUBTFUL = [DeliveryMishap.FAILED, DeliveryMishap.LOST_REPLY]


class TroubleRules(Rules):
    """What a deliverer promises when something goes wrong."""

    def test_failure(self, bench: DelivererBench) -> None:
        """3.1 What does not work is a DeliveryError, and nothing is handed over."""
        call = bench.call()
        _failed(bench, call, DeliveryMishap.FAILED)
        assert bench.count(call) == 0

    def test_lost_reply(self, bench: DelivererBench) -> None:
        """3.2 What may have been handed over is a DeliveryError that is not final: a timeout is never a no."""
        assert not _failed(bench, bench.call(), DeliveryMishap.LOST_REPLY).is_final

    @pytest.mark.parametrize("mishap", DOUBTFUL, ids=lambda mishap: mishap.value)
    def test_again(self, bench: DelivererBench, mishap: DeliveryMishap) -> None:
        """3.3 After each of these, the same call hands over, and once in all."""
        call = bench.call()
        assert not _failed(bench, call, mishap).is_final
        bench.deliverer.deliver(call)
        assert bench.count(call) == call.units

    def test_never(self, bench: DelivererBench) -> None:
        """3.4 A final error says for certain that nothing was handed over."""
        call = bench.call()
        assert _failed(bench, call, DeliveryMishap.NEVER).is_final
        assert bench.count(call) == 0

    @pytest.mark.parametrize("mishap", [*DeliveryMishap], ids=lambda mishap: mishap.value)
    def test_errors_pickle(self, bench: DelivererBench, mishap: DeliveryMishap) -> None:
        """3.5 Errors pickle, with all that they say."""
        error = _failed(bench, bench.call(), mishap)
        twin = pickle.loads(pickle.dumps(error))  # noqa: S301 - these are our own bytes
        assert (str(twin), twin.is_final) == (str(error), error.is_final)


def _failed(bench: DelivererBench, call: DeliveryCall, mishap: DeliveryMishap) -> DeliveryError:
    bench.let(mishap)
    with pytest.raises(DeliveryError) as failed:
        bench.deliverer.deliver(call)
    return failed.value
