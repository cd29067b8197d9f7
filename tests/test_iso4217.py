"""The currency table: generated, up to date, and right where it is easy to be wrong."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from refundkit._iso4217 import EXPONENTS
from tests.peers import peer_missing

GENERATOR = Path(__file__).parent.parent / "scripts" / "generate_iso4217.py"


@pytest.fixture
def generator() -> ModuleType:
    """Load the script that generates the table."""
    if importlib.util.find_spec("iso4217") is None:
        peer_missing("The package iso4217 is not installed (pip install iso4217).")
    spec = importlib.util.spec_from_file_location("generate_iso4217", GENERATOR)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_drift(generator):
    """The committed table is what the generator writes."""
    assert generator.drift() == ""


def test_check_finds_drift(generator, tmp_path, monkeypatch, capsys):
    """--check prints what is out of date and exits with 1; writing the file mends it."""
    monkeypatch.setattr(generator, "TARGET", tmp_path / "_iso4217.py")
    monkeypatch.setattr("sys.argv", ["generate_iso4217.py", "--check"])

    assert generator.main() == 1
    assert '+    "EUR": 2,' in capsys.readouterr().out

    monkeypatch.setattr("sys.argv", ["generate_iso4217.py"])
    assert generator.main() == 0

    monkeypatch.setattr("sys.argv", ["generate_iso4217.py", "--check"])
    assert generator.main() == 0


def test_current_wins(generator, monkeypatch):
    """A code that is current again has its current decimals, whatever it had before."""
    monkeypatch.setitem(generator.WITHDRAWN_BEFORE_2014, "EUR", 0)

    assert generator.exponents()["EUR"] == 2


@pytest.mark.parametrize(
    ("code", "exponent"),
    [
        ("JPY", 0),
        ("ISK", 0),
        ("UGX", 0),
        ("EUR", 2),
        ("HUF", 2),
        ("MGA", 2),
        ("KWD", 3),
        ("IQD", 3),
        ("CLF", 4),
    ],
)
def test_current(code, exponent):
    """Current codes have the decimals of ISO 4217, not those of a gateway."""
    assert EXPONENTS[code] == exponent


@pytest.mark.parametrize(
    ("code", "exponent"), [("HRK", 2), ("BGN", 2), ("DEM", 2), ("ITL", 0), ("BYR", 0), ("TRL", 0)]
)
def test_withdrawn(code, exponent):
    """Withdrawn codes stay valid for old records, with the decimals that they had."""
    assert EXPONENTS[code] == exponent


@pytest.mark.parametrize("code", ["XAU", "XDR", "XTS", "XXX"])
def test_without_minor_unit(code):
    """Codes without a minor unit are no currencies to refund in."""
    assert code not in EXPONENTS
