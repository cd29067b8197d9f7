"""A test of the tests: each of these bugs is found, and the report says how soon."""

import pytest

from tests.simulation.exhaustive import WORLDS, Budget, executions
from tests.simulation.goods_mutants import GOODS_MUTANTS
from tests.simulation.mutants import MUTANTS
from tests.simulation.running import BrokenSeedError, run_seed

ALL = MUTANTS | GOODS_MUTANTS


def seeds_until_found(mutant):
    """Return after how many seeds the simulation finds *mutant*, and what it says; None if it does not."""
    with mutant.switched_on():
        for seed in range(1, mutant.seeds + 1):
            try:
                run_seed(seed)
            except BrokenSeedError as verdict:
                return seed, str(verdict).splitlines()[0]
    return None


def executions_until_found(mutant):
    """Return after how many executions of its small world *mutant* is found, and what is said then."""
    count = 0
    with mutant.switched_on():
        try:
            for _ in executions(WORLDS[mutant.world], Budget(together=2)):
                count += 1
        except AssertionError as verdict:
            return count + 1, str(verdict).splitlines()[0]
    return None


@pytest.mark.slow
@pytest.mark.parametrize("mutant", ALL.values(), ids=ALL.keys())
def test_a_seeded_bug_is_found(mutant, record_property):
    """Each bug that others have had is found, by seeds or by enumeration, as soon as the table says."""
    by_seeds = mutant.world is None
    found = seeds_until_found(mutant) if by_seeds else executions_until_found(mutant)
    assert found is not None, f"{mutant.name} was not found"
    count, law = found
    assert law.startswith("Law ")
    kind = "seeds" if by_seeds else "executions"
    masked = f" (with {mutant.masked_by})" if mutant.masked_by else ""
    record_property("figure", f"mutant: {mutant.name}{masked}: found after {count:,} {kind}: {law[:70]}")
    assert by_seeds or count <= mutant.executions
