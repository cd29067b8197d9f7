"""Small worlds, exhausted: every schedule, crash and fault that the budget allows, one after the other."""

import os

import attrs
import pytest

from tests.simulation.exhaustive import EFFECTS, WORLDS, Budget, executions

# How much trouble one execution may have; 4 takes minutes.
TOGETHER = os.environ.get("REFUNDKIT_EXHAUSTIVE_BUDGET")

ROAD = (
    "before change",
    "after change",
    "refund leaves",
    "refund travels",
    "refund answered",
    "before change",
    "after change",
)


@pytest.mark.slow
@pytest.mark.parametrize("small", WORLDS.values(), ids=WORLDS.keys())
def test_whatever_happens_in_a_small_world_breaks_no_law(small, record_property):
    """Laws C1, E1 to E7 and T1 to T5 hold with one crash, two faults and one lost turn at every place."""
    budget = small.budget if TOGETHER is None else attrs.evolve(small.budget, together=int(TOGETHER))
    count = sum(1 for _ in executions(small, budget))
    record_property(
        "figure", f"exhausted: {count:,} executions with {budget.together} troubles: {small.name}"
    )
    assert count > 50


def test_the_road_of_one_refund_has_so_many_points():
    """Law E1: store and gateway are met here and nowhere else, so a new place to crash cannot escape unseen."""
    small = attrs.evolve(WORLDS["two refunds that do not both fit"], people=(("ann", 0.0),))
    (execution,) = executions(small, Budget(together=0))
    road = [what for _, who, what, _ in execution.world.loop.trace if who.startswith("ann")]
    assert tuple(road[:-1]) == ROAD
    assert sum(point in EFFECTS for point in ROAD) == 5


def test_every_place_where_one_refund_can_die_is_tried():
    """Law E1: one crash at each of the five places behind which the world is another one, and one run without."""
    small = attrs.evolve(
        WORLDS["two refunds that do not both fit"], people=(("ann", 0.0),), troubles=frozenset()
    )
    assert sum(1 for _ in executions(small, Budget(together=1, turns=0))) == 6


GOODS_ROAD = (
    *("before claim", "after claim", "before events", "after events", "before get", "after get"),
    *("before change", "after change", "goods leave", "goods travels", "goods answered"),
    *("before change", "after change"),
    # One more look: whoever has handed over sees what has become of the money meanwhile.
    *("before change", "after change", "before get", "after get", "before events", "after events"),
)


def _only_a_sweep_of_goods():
    small = WORLDS["goods that are taken back, and owed again"]
    return attrs.evolve(small, people=(("goods", 0.0),), troubles=frozenset())


def test_the_road_of_one_delivery_has_so_many_points():
    """Law E1: what is handed over is committed before, and a new place to crash cannot escape unseen."""
    (execution,) = executions(_only_a_sweep_of_goods(), Budget(together=0))
    road = [what for _, who, what, _ in execution.world.loop.trace if who.startswith("goods-")]
    assert tuple(road[:-1]) == GOODS_ROAD


def test_every_place_where_one_delivery_can_die_is_tried():
    """Law E1: one crash at each of the seven places behind which the world is another one, and one run without."""
    assert sum(point in EFFECTS for point in GOODS_ROAD) == 7
    assert sum(1 for _ in executions(_only_a_sweep_of_goods(), Budget(together=1, turns=0))) == 8
