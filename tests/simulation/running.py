"""Running: one seed, or as many as fit into a time; and what is said when one fails."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

from attrs import define, field

from tests.simulation.chance import Dice
from tests.simulation.ending import bring_to_rest
from tests.simulation.scenario import build
from tests.simulation.schedule import LawBroken
from tests.simulation.world import World

__all__ = ["Tally", "run_many", "run_seed"]


class BrokenSeedError(AssertionError):
    """A seed broke a law; the message shows the way there and how to walk it again."""


@define
class Tally:
    """What was simulated."""

    seeds: int = 0
    steps: int = 0
    commits: int = 0
    crashes: int = 0
    restores: int = 0
    goods: int = 0
    faults: Counter[str] = field(factory=Counter)
    seconds: float = 0.0

    def add(self, world: World) -> None:
        """Count one world."""
        self.seeds += 1
        self.steps += world.loop.steps
        self.commits += world.laws.commits
        self.crashes += world.loop.crashes
        self.restores += world.restores
        self.goods += sum(len(deliverer.shelf.done) for deliverer in world.deliverers)
        self.faults.update(world.fate.faults)

    def merge(self, other: Tally) -> None:
        """Count what another process has simulated at the same time."""
        for name in ("seeds", "steps", "commits", "crashes", "restores", "goods"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.faults.update(other.faults)
        self.seconds = max(self.seconds, other.seconds)

    def __str__(self) -> str:
        rate = self.seeds / self.seconds if self.seconds else 0
        return (
            f"{self.seeds:,} seeds in {self.seconds:.0f} s ({rate:.0f} a second): {self.steps:,} steps, "
            f"{self.commits:,} commits checked, {sum(self.faults.values()):,} faults, {self.crashes:,} crashes, "
            f"{self.restores:,} restored backups, {self.goods:,} moves of goods, 0 laws broken"
        )


def run_seed(seed: int) -> World:
    """Live through the world of one seed.

    Raises:
        BrokenSeedError: if a law is broken, with the end of the trace and the command that repeats it.
    """
    world = build(Dice(seed))
    try:
        world.loop.run()
        bring_to_rest(world)
    except LawBroken as verdict:
        raise BrokenSeedError(f"{verdict}\n\n{world.loop.story()}\n\n{_again(world, seed)}") from None
    except Exception as error:
        error.add_note(f"{world.loop.story()}\n\n{_again(world, seed)}")
        raise
    return world


def _again(world: World, seed: int) -> str:
    characters = ", ".join(f"{name}: {gateway.character.name}" for name, gateway in world.gateways.items())
    return (
        f"gateways {characters}; troubles {', '.join(world.fate.rates)}\n"
        f"Again: python -m tests.simulation --seed {seed}"
    )


def run_many(seeds: Iterable[int], *, seconds: float | None = None) -> Tally:
    """Run *seeds*, as many as fit into so many seconds."""
    tally, began = Tally(), time.perf_counter()
    for seed in seeds:
        tally.add(run_seed(seed))
        tally.seconds = time.perf_counter() - began
        if seconds is not None and tally.seconds >= seconds:
            break
    return tally
