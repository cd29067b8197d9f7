"""The examples run, and end as they say."""

import io
import os
import re
import runpy
import signal
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"


AMOUNT = re.compile(r"([0-9.]+) EUR")


@pytest.fixture(scope="module", name="sweep")
def _sweep():
    """Run examples/sweep.py and return what it has written."""
    with redirect_stdout(io.StringIO()) as written:
        runpy.run_path(str(EXAMPLES / "sweep.py"), run_name="__main__")
    return written.getvalue().splitlines()


def amounts(lines, heading):
    """Return what each order has set aside, has given back, and has given back by Stripe's books."""
    table = lines[lines.index(heading) :][4:22]
    return {line.split()[0]: tuple(AMOUNT.findall(line)) for line in table[1:]}


def test_the_sweep_brings_every_mess_to_rest(sweep):
    """Every order ends with nothing set aside and our ledger equal to Stripe's books; it did not begin so."""
    before, after = amounts(sweep, "The mess"), amounts(sweep, "At rest")
    assert len(before) == len(after) == 17
    assert sum(aside != "0.00" for aside, _, _ in before.values()) == 12
    assert sum(ours != theirs for _, ours, theirs in before.values()) == 11
    assert all(aside == "0.00" and ours == theirs for aside, ours, theirs in after.values())
    assert "The books agree on all 17 orders: 235.00 EUR" in sweep[-2]
    assert "each of the 76 events once" in sweep[-1]


def test_the_sweep_tells_only_what_happened(sweep):
    """The story fits on a screen: quiet sweeps are counted, not shown, and no line is too long."""
    assert max(map(len, sweep)) <= 100
    assert sum(line.startswith("  minute") for line in sweep) < 10
    assert any(line.endswith("of them with nothing to do.") for line in sweep)


def test_the_real_sweep_runs_until_it_is_told_to_stop(tmp_path):
    """`--forever` sweeps a real database, and SIGTERM ends it between two orders, in peace."""
    told = {"DATABASE_URL": f"sqlite:///{tmp_path / 'refunds.db'}", "STRIPE_API_KEY": "sk_test_1"}
    command = [sys.executable, str(EXAMPLES / "sweep.py"), "--forever"]
    with subprocess.Popen(command, env={**os.environ, **told}, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "Sweeping every minute.\n"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60)[0] == "Stopped.\n"
    assert process.returncode == 0
