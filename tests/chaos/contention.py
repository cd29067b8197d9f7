"""How long writers wait for each other, measured: reserve and settle by many processes.

    python -m tests.chaos.contention --engine sqlite --processes 8 --seconds 5
    python -m tests.chaos.contention --engine postgresql --processes 8 --seconds 5 --orders 1000

The gateway answers at once, so nobody ever pauses: the worst case. With ``--orders 1`` everybody is on the same
order until it has its ``--history`` refunds, then on the next one.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.hammer import Contest, measure
from tests.peers import postgresql


@contextmanager
def database(engine: str) -> Iterator[str]:
    """Yield the URL of an empty database, durable as in a shop."""
    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="refundkit-") as folder:
            yield f"sqlite:///{Path(folder) / 'refunds.db'}"
    else:
        with postgresql.cluster() as cluster:
            yield cluster.url


def main(arguments: list[str]) -> None:
    """Measure, and print one line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.contention")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    for name in ("processes", "orders", "history"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Contest(url=""), name))
    parser.add_argument("--seconds", type=float, default=5.0)
    asked = vars(parser.parse_args(arguments))
    engine = asked.pop("engine")
    with database(engine) as url:
        outcome = measure(Contest(url=url, **asked))
    print(f"{engine}, {outcome}; load average {os.getloadavg()[0]:.1f}")  # noqa: T201 - a script that reports


if __name__ == "__main__":
    main(sys.argv[1:])
