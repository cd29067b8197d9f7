"""The whole desk in simulated worlds: whatever goes wrong, no law is broken, and everything comes to rest."""

import itertools
import os
import subprocess
import sys

import pytest

from tests.simulation.corpus import CORPUS
from tests.simulation.mutants import MUTANTS
from tests.simulation.running import BrokenSeedError, run_many, run_seed

SECONDS = float(os.environ.get("REFUNDKIT_SIMULATION_SECONDS", "60"))
SEEDS = os.environ.get("REFUNDKIT_SIMULATION_SEEDS")
FIRST = int(os.environ.get("REFUNDKIT_SIMULATION_FROM", "1"))


@pytest.mark.parametrize("seed", [seed for seed, _ in CORPUS])
def test_what_failed_once_is_tried_first(seed):
    """A seed that once showed a bug breaks no law."""
    run_seed(seed)


@pytest.mark.slow
def test_no_law_is_broken_in_any_world(record_property):
    """Laws C1, E1 to E7 and T1 to T5 hold at every commit, and at the end everything is at rest."""
    if SEEDS is not None:
        tally = run_many(range(FIRST, FIRST + int(SEEDS)))
    else:
        tally = run_many(itertools.count(FIRST), seconds=SECONDS)
    record_property("figure", f"simulation: {tally}")
    assert tally.seeds
    assert tally.commits > tally.seeds
    if tally.seeds >= 100:
        assert tally.crashes
        assert tally.faults


def test_a_world_is_the_same_whenever_it_is_lived_through():
    """The same seed gives the same steps at the same times, whatever order sets are in."""
    stories = {
        subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--seed", "101"],
            env={
                **os.environ,
                "PYTHONHASHSEED": chance,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            },
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for chance in ("1", "2")
    }
    assert len(stories) == 1
    assert len(stories.pop().splitlines()) > 10


def test_a_broken_law_shows_the_way_there_and_how_to_walk_it_again():
    """The failure names the law, the last steps and the command that repeats the seed."""
    with MUTANTS["no cap check"].switched_on(), pytest.raises(BrokenSeedError, match="Law C1") as failed:
        run_many(range(1, 20))
    assert "before change" in str(failed.value)
    assert "Again: python -m tests.simulation --seed" in str(failed.value)
