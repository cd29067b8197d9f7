"""Whatever became of the terminal: a pipe that closed, a full disk, another encoding, a narrow window, Ctrl-C."""

from __future__ import annotations

import io
import os
import select
import signal
import subprocess
import sys

import pytest

from refundkit import Customer, OrderLine
from refundkit.cli import streams
from tests.cli.terminal import eur, sold

ONE_EURO = ("--amount", "1", "--reason", "x", "--key", "k", "--yes", "--expect-amount", "1")


def ended(terminal, words, redirection, **environment):
    """Run a command in a shell with *redirection*; return its exit code, and what it wrote to each stream."""
    python = (sys.executable, "-m", "refundkit.cli")
    done = subprocess.run(
        ["/bin/bash", "-c", f'"$@" {redirection}; exit ${{PIPESTATUS[0]}}', "-", *python, *words],
        env={**terminal.process_environment(), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("words", [("show", "A-1"), ("export",)], ids=" ".join)
def test_whoever_has_seen_enough_gets_no_more(terminal, words):
    """A pipe that closed, as `head` closes it, is no failure, and nothing is said about it."""
    assert ended(terminal, words, "| true") == (0, "", "")


@pytest.mark.slow
def test_a_refund_comes_to_its_end_though_nobody_reads(terminal):
    """Law E1: where the page goes decides nothing; the refund is made, and the exit code says how it ended."""
    code, _, err = ended(terminal, ("refund", "A-1", *ONE_EURO), "| true")

    assert code == 0, err
    assert terminal.order().refunded == eur("1.00")


@pytest.mark.slow
@pytest.mark.parametrize("words", [("show", "A-1"), ("show", "A-1", "--json")], ids=" ".join)
def test_a_full_disk_is_told(terminal, words):
    """A page that could not be written is no success, and no traceback."""
    code, _, err = ended(terminal, words, "> /dev/full")

    assert code == 3
    assert "No space left" in err
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize("redirection", [">&-", "2>&-"])
def test_a_closed_stream_is_nobody(terminal, redirection):
    """What goes to a stream that is closed goes nowhere, and not to the other one."""
    code, out, err = ended(terminal, ("refund", "A-1", *ONE_EURO), redirection)

    assert code == 0
    assert ("Given back" in out) is (redirection == "2>&-")
    assert "Given back" not in err
    assert "Request key" not in out


@pytest.mark.slow
def test_a_name_that_an_encoding_cannot_write_stops_nothing(terminal):
    """Where the terminal knows ASCII only, a name in another script is shown as escapes."""
    terminal.sell(sold(2, customer=Customer(name="山田", email="jo@example.org")))

    code, out, err = ended(terminal, ("show", "A-2"), "", PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert (code, err) == (0, "")
    assert r"\u5c71\u7530" in out


@pytest.mark.slow
def test_ctrl_c_at_the_question_is_a_no(terminal):
    """Nothing is sent, the cursor stands in a new line, and the exit code is that of a no."""
    pty = pytest.importorskip("pty")
    words = ("refund", "A-1", "--amount", "1", "--reason", "x")
    child, master = pty.fork()
    if not child:
        # Whoever runs the tests in the background may have told all their children to ignore Ctrl-C.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        python = [sys.executable, "-m", "refundkit.cli", *words]
        os.execve(python[0], python, dict(terminal.process_environment()))  # noqa: S606 - itself, in a terminal
    written = _until(master, b"[y/N]")
    written += _interrupted(master, b"Nothing was changed")
    _, status = os.waitpid(child, 0)
    os.close(master)

    assert os.waitstatus_to_exitcode(status) == 1, written
    assert terminal.order().requests == ()


def _until(master, words):
    written = b""
    while words not in written:
        assert select.select([master], [], [], 60)[0], written
        written += os.read(master, 1000)
    return written


def _interrupted(master, words):
    """Press Ctrl-C until *words* come: the first one may fall between the question and the wait for its answer."""
    written = b""
    for _ in range(10):
        os.write(master, b"\x03")
        while words not in written and select.select([master], [], [], 5)[0]:
            written += os.read(master, 1000)
        if words in written:
            return written
    raise AssertionError(written)


class Broken(io.StringIO):
    """A stream whose end breaks with an error of our choice when what is held back is written."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def flush(self):
        """Break."""
        raise self.error


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        (None, None),
        (io.StringIO(), None),
        (Broken(BrokenPipeError()), None),
        (Broken(OSError(28, "No space left on device")), 3),
    ],
)
def test_what_is_held_back_is_written_in_the_end(monkeypatch, capsys, stream, code):
    """A reader that is gone is no failure; a disk that is full is one, and is told."""
    monkeypatch.setattr(sys, "stdout", stream)
    ended = None
    try:
        streams.finish()
    except SystemExit as left:
        ended = left.code

    assert ended == code
    assert ("No space left" in capsys.readouterr().err) is bool(code)


def test_a_narrow_terminal_hides_nothing(terminal):
    """On 40 columns what stands in a table otherwise is written line by line, and nothing of it is missing."""
    name = "Tin of tea, loose leaves"
    terminal.sell(sold(2, lines=(OrderLine(id="tin", name=name, quantity=3, total=eur("24.90")),)))

    page = terminal.type("show", "A-2", COLUMNS="40").stdout

    assert f"name: {name}" in page
    assert "qty: 3" in page
    assert "total: 24.90 EUR" in page
    assert "reference: pay-2" in page


@pytest.mark.parametrize("columns", ["", "0", "1", "x", "100000"])
def test_any_width_will_do(terminal, columns):
    """A width that is none, or none that anybody has, stops nothing."""
    done = terminal.type("orders", COLUMNS=columns)

    assert done.exit_code == 0, done.output
    assert "A" in done.stdout


def test_a_wide_terminal_shows_more(terminal):
    """On 120 columns the list has what was refunded as well."""
    assert "refunded" not in terminal.type("orders").stdout
    assert "refunded" in terminal.type("orders", COLUMNS="120").stdout


@pytest.mark.parametrize(
    "words",
    [("x\x1b[2J",), ("orders", "--x\x1b[2J"), ("orders", "--status", "x\x1b[2J"), ("show", "\udcff\x9b")],
)
def test_what_was_typed_acts_on_no_terminal_either(terminal, words):
    """Law S3: a message that repeats what was typed, or pasted, repeats it as text."""
    done = terminal.type(*words)

    assert done.exit_code in (1, 2)
    assert [sign for sign in done.output if not sign.isprintable() and sign != "\n"] == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("evidence", "A-1", "--to", "/proc/nowhere/x"), 2),
        (("export", "--to", "/dev/full"), 3),
        (("orders", "--limit", "99999999999999999999"), 2),
        (("orders", "--from", "0001-01-01T00:00:00+14:00"), 2),
        (("refund", "A-1", "--all", "--reason", "x", "--key", ""), 2),
        (("credit-notes", "--pages", "/proc/nowhere"), 2),
        (("preview", "A-1", "--amount", "12,50"), 2),
        (("preview", "A-1", "--amount", "5 USD"), 1),
        (("customer", ""), 2),
        (("-c", "/", "orders"), 2),
    ],
)
def test_a_mistake_is_told_in_one_message(terminal, words, code):
    """Each has its exit code and a message; none of them is called a bug."""
    terminal.configure('[seller]\nname = "Tea & Co"')

    done = terminal.type(*words)

    assert done.exit_code == code, done.output
    assert done.stderr
    assert "should not happen" not in done.stderr
