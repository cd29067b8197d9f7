"""`python -m tests.simulation`: live through many worlds, or through one of them again."""

from __future__ import annotations

import argparse
import itertools
import logging
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.running import Tally, run_many, run_seed


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this one world and print its story")
    parser.add_argument("--seeds", type=int, default=1000, help="run so many worlds")
    parser.add_argument("--from", type=int, default=1, dest="first", help="the first seed")
    parser.add_argument("--seconds", type=float, help="run as many worlds as fit into so many seconds")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    wanted = parser.parse_args()
    if wanted.seed is not None:
        print(run_seed(wanted.seed).loop.story(lines=60))  # noqa: T201 - it talks to a person
        return
    print(run(wanted))  # noqa: T201 - it talks to a person


def run(wanted: argparse.Namespace) -> Tally:
    """Share the seeds among processes."""
    if wanted.jobs == 1:
        return _part(wanted, 0)
    tally = Tally()
    with ProcessPoolExecutor(wanted.jobs) as pool:
        for part in pool.map(_part, [wanted] * wanted.jobs, range(wanted.jobs)):
            tally.merge(part)
    return tally


def _part(wanted: argparse.Namespace, place: int) -> Tally:
    logging.getLogger("refundkit").setLevel(logging.CRITICAL + 1)
    seeds = itertools.count(wanted.first + place, wanted.jobs)
    if wanted.seconds is not None:
        return run_many(seeds, seconds=wanted.seconds)
    return run_many(seed for seed in itertools.takewhile(lambda s: s < wanted.first + wanted.seeds, seeds))


if __name__ == "__main__":
    main()
