"""examples/command_deliverer.py: a deliverer of one's own that keeps the contract."""

import json
import runpy
import sys
from pathlib import Path

import pytest

from refundkit import DeliveryError
from refundkit.testing.deliverer_contract import DelivererBench, DelivererContract, DeliveryMishap

EXAMPLE = Path(__file__).parents[2] / "examples/command_deliverer.py"
CommandDeliverer = runpy.run_path(str(EXAMPLE))["CommandDeliverer"]

# A command that keeps one file per key, and does nothing the second time.
COMMAND = """
import json, pathlib, sys
books, (_, action, key, target, units, sku) = pathlib.Path(sys.argv[1]), sys.argv[2:]
trouble = books / "trouble"
mishap = trouble.read_text() if trouble.exists() else ""
trouble.unlink(missing_ok=True)
if mishap in ("failed", "never"):
    sys.exit(65 if mishap == "never" else 1)
try:
    with (books / key).open("x") as page:
        json.dump([action, target, int(units)], page)
except FileExistsError:
    pass
sys.exit(1 if mishap == "lost reply" else 0)
"""


class Books:
    """What the command has written down."""

    def __init__(self, folder):
        self.folder = folder

    def command(self):
        """Return the command with its books."""
        return [sys.executable, "-c", COMMAND, str(self.folder)]

    def units(self, call):
        """Return how many units were handed over to the target of a delivery."""
        pages = [json.loads(page.read_text()) for page in self.folder.iterdir()]
        signs = {"deliver": 1, "redeliver": 0, "revoke": -1}
        # Each contract test hands over to an order of its own; the target tells them apart here.
        mine = [page for page in pages if page[1] == call.delivery.target]
        return max(sum(signs[action] * units for action, _, units in mine), 0)


def let(books, mishap):
    """Let a mishap happen to the next run."""
    return lambda: (books.folder / "trouble").write_text(mishap.value)


@pytest.mark.slow
class TestCommand(DelivererContract):
    @pytest.fixture
    def bench(self, tmp_path):
        """Run a small command that keeps books."""
        books = Books(tmp_path)
        return DelivererBench(
            deliverer=CommandDeliverer(command=books.command()),
            second_deliverer=CommandDeliverer(command=books.command()),
            handed_over=books.units,
            faults={mishap: let(books, mishap) for mishap in DeliveryMishap},
        )

    def test_two_orders(self):
        """2.4 is not asked: the books of this command know targets only."""
        pytest.skip("the books know no orders")


def test_a_target_is_one_argument(tmp_path):
    """Law S5 in spirit: no shell reads what an order says, and a dash makes no option."""
    books = Books(tmp_path)
    for target in ("; rm -rf ~", "$(id)", "--help", "a\nb", "'\""):
        bench = DelivererBench(deliverer=CommandDeliverer(command=books.command()), target=target)
        call = bench.call()
        bench.deliverer.deliver(call)
        assert books.units(call) == 2


def test_a_command_that_does_not_end():
    """It is killed after the timeout, and nobody knows what it did: not final."""
    slow = CommandDeliverer(
        command=[sys.executable, "-c", "import time; time.sleep(600)"], timeout_seconds=0.2
    )
    with pytest.raises(DeliveryError, match=r"took longer than 0\.2 s") as failed:
        slow.deliver(DelivererBench(deliverer=slow).call())
    assert not failed.value.is_final


def test_a_command_that_is_not_there():
    """What cannot be started is tried again: somebody may be installing it."""
    missing = CommandDeliverer(command=["/nowhere/at/all"])
    with pytest.raises(DeliveryError, match=r"could not be started: FileNotFoundError"):
        missing.deliver(DelivererBench(deliverer=missing).call())


def test_a_line_for_a_shell_is_refused():
    """One text would have to be taken apart by somebody."""
    with pytest.raises(TypeError, match="a list of arguments"):
        CommandDeliverer(command="give sword")


def test_the_example_runs(capsys):
    """It hands over two, takes one back, and says so."""
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    said = capsys.readouterr().out
    assert "delivery.delivered   command did it: deliver 2." in said
    assert "The player has 1 of 2" in said
