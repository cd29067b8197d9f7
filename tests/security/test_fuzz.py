"""Nothing but what is documented comes out of what reads bytes of strangers (laws S1 and S3).

A short run of every fuzzer; the long ones are in the nox session `fuzz`. REFUNDKIT_FUZZ_SECONDS says how
long each target is tried.
"""

import os
import sys
from random import Random

import attrs
import pytest

from tests.security import fuzz as engine
from tests.security.fuzz_targets import TARGETS
from tests.security.fuzz_values import json_texts, public_values
from tests.security.mutations import mutated

SECONDS = float(os.environ.get("REFUNDKIT_FUZZ_SECONDS", "0.4"))


@pytest.fixture(scope="module", name="runs")
def _runs():
    """Collect what was done, and tell it at the end."""
    runs = []
    yield runs
    total = sum(run.inputs for run in runs)
    print(f"\nfuzzed: {total} inputs, {len(runs)} targets", file=sys.stderr)  # noqa: T201


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_only_what_is_documented_comes_out(name, runs):
    """Laws S1 and S3: neither an undocumented exception, nor seconds of work, whatever is sent."""
    run = engine.fuzz(TARGETS[name], seconds=SECONDS)
    runs.append(run)
    assert run.taken, "no input was good enough to be taken, so nothing behind the checks was tried"


@pytest.mark.parametrize("name", TARGETS)
def test_what_once_failed_fails_no_more(name):
    """Every input of the corpus is read or refused; all seeds but forged ones are taken."""
    target = TARGETS[name]
    for path in engine.kept(target):
        engine.check(target, path.read_bytes())
    assert any(engine.check(target, seed)[0] for seed in target.seeds)


def test_every_input_that_was_kept_has_its_target():
    """A target that was renamed takes its corpus along."""
    assert {path.name for path in engine.CORPUS.iterdir()} <= set(TARGETS)


@pytest.mark.parametrize("kind", sorted(public_values(), key=lambda kind: kind.__name__))
def test_every_public_value_is_fuzzed(kind):
    """A value that is new in the public names needs an example in fuzz_values.py."""
    assert json_texts(kind)
    assert f"value-{kind.__name__}" in TARGETS


def test_the_same_seed_makes_the_same_inputs():
    """A failure on another machine is a failure here."""
    seeds = TARGETS["plan"].seeds
    made = [[mutated(random, seeds) for _ in range(300)] for random in (Random(3), Random(3))]  # noqa: S311 - repeatable
    assert made[0] == made[1]
    assert len(set(made[0])) > 200


# The fuzzer itself.


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError("deep"), MemoryError(), UnicodeError("no")])
def test_the_fuzzer_finds_what_escapes(error, tmp_path, monkeypatch):
    """An exception that nobody documented is a failure, and its input is kept."""
    monkeypatch.setattr(engine, "CORPUS", tmp_path)

    def attempt(data):
        if b"2" in data:
            raise error

    target = attrs.evolve(TARGETS["money"], attempt=attempt)
    with pytest.raises(engine.EscapedError, match=type(error).__name__):
        engine.fuzz(target, inputs=5_000)
    (kept,) = engine.kept(target)
    assert b"2" in kept.read_bytes()
    with pytest.raises(engine.EscapedError):
        engine.fuzz(target, inputs=1)


def test_the_fuzzer_finds_what_takes_too_long(tmp_path, monkeypatch):
    """Two seconds of work for one input are a failure, too."""
    monkeypatch.setattr(engine, "CORPUS", tmp_path)
    monkeypatch.setattr(engine, "MOST_SECONDS", -1.0)
    with pytest.raises(engine.EscapedError, match="took"):
        engine.fuzz(TARGETS["words"], inputs=1)
