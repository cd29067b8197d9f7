"""The real command in a process of its own, sweeps, papers, and what it says when something is missing."""

from __future__ import annotations

import json
import signal
import sys
import threading

import attrs
import pytest

from refundkit import Delivery, StoreError
from refundkit.cli import main
from refundkit.desk.results import Recovery
from refundkit.testing.sandbox import Fault
from refundkit.testing.sandbox.stripe import StripeSandbox
from tests.cli.terminal import sold

STRIPE = """
[store]
url = "sqlite:///shop.db"

[gateways.fake]
kind = "stripe"
api_key = {{ env = "STRIPE_API_KEY" }}
base_url = "{url}"

[gateways.cash]
kind = "manual"
"""


def test_the_command_runs_in_a_process(terminal):
    """Typed in a shell, without a terminal: no colour, no traceback, no warning, the right exit code."""
    with terminal.start("show", "A-1") as process:
        out, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, "")
    assert "jo1@example.org" in out
    assert "\x1b" not in out


@pytest.mark.slow
def test_an_answer_that_was_lost_is_found_by_recover(terminal):
    """Law E4: one process loses the answer, the next one asks Stripe and finds the refund there, once."""
    with StripeSandbox() as stripe:
        terminal.config.write_text(STRIPE.format(url=stripe.url))
        intent = stripe.payment(1490, "eur")
        card = attrs.evolve(sold(5).payments[0], reference=intent)
        terminal.sell(sold(5, test=True, lines=(), payments=(card,)))
        stripe.faults.append(Fault.LOST_REPLY)
        lost = terminal.type(
            *("refund", "A-5", "--all", "--reason", "x", "--key", "k", "--yes", "--expect-amount", "14.90"),
            STRIPE_API_KEY="sk_test_1",
        )
        again = terminal.type("recover", STRIPE_API_KEY="sk_test_1")
        told = terminal.type("recover", STRIPE_API_KEY="sk_test_1")

        assert lost.exit_code == 3, lost.output
        assert {again.exit_code, told.exit_code} <= {0, 3}
        assert stripe.returned(intent) == 1490


def test_recover_tells_what_is_left(terminal):
    """Nothing due is told as such; a script gets the ids."""
    done = terminal.type("recover")
    script = json.loads(terminal.type("recover", "--json").stdout)

    assert (done.exit_code, "Nothing is due" in done.stdout) == (0, True)
    assert script == {
        "orders": [],
        "unsettled": [],
        "unreachable": [],
        "deliveries": {"orders": [], "failing": []},
        "events": [],
    }


@pytest.mark.slow
def test_a_sweep_for_ever_stops_in_peace(terminal):
    """SIGTERM ends it with exit code 0, between two sweeps."""
    with terminal.start("recover", "--forever", "--every", "3600") as process:
        assert "Sweeping" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, "")
    assert "Stopped." in out


def test_a_sweep_that_fails_is_tried_again(terminal, monkeypatch):
    """While the database is away, a sweep for ever says so and goes on; the next one tells what it did."""
    terminal.type(
        *("refund", "A-1", "--amount", "5", "--reason", "x", "--yes", "--expect-amount", "5"),
        FAULTS="PENDING",
    )
    stop, sweeps = threading.Event(), []

    def recover(_, *, limit):
        sweeps.append(limit)
        if len(sweeps) == 1:
            raise StoreError("The database is away.")
        stop.set()
        return Recovery(orders=("A-1",), unsettled=("A-1",))

    monkeypatch.setattr("refundkit.desk.refunds.RefundDesk.recover", recover)
    monkeypatch.setattr("refundkit.cli.sweeping.threading.Event", lambda: stop)
    monkeypatch.setattr(stop, "wait", lambda _: None)

    done = terminal.type("recover", "--forever", "--limit", "10")

    assert done.exit_code == 0, done.output
    assert "tried again: The database is away." in " ".join(done.stderr.split())
    assert "Still unsettled, for a bank or a person: A-1" in done.stdout
    assert "Stopped." in done.stdout


def test_orders_are_exported(terminal):
    """As CSV, to a file or to whatever reads it."""
    target = terminal.folder / "orders.csv"

    done = terminal.type("export", "--to", str(target))
    piped = terminal.type("export", "--live")

    assert (done.exit_code, piped.exit_code) == (0, 0), done.output
    assert target.read_text(encoding="utf-8-sig").splitlines()[1].startswith("A-1,")
    assert "A-1," in piped.stdout
    assert terminal.type("export", "--to", str(terminal.folder / "no" / "x.csv")).exit_code == 2


def test_credit_notes_are_issued_once(terminal):
    """Run twice, there is one note for the refund, and its page is written once."""
    terminal.type(
        *("refund", "A-1", "--amount", "5", "--reason", "x", "--type", "customer_satisfaction", "--key", "k"),
        *("--yes", "--expect-amount", "5"),
    )
    without = terminal.type("credit-notes")
    text = terminal.config.read_text()
    terminal.config.write_text(f'{text}\n[seller]\nname = "Tea & Co"\naddress = ["1 Harbour Row"]\n')

    first = terminal.type("credit-notes", "--pages", str(terminal.folder))
    second = terminal.type("credit-notes", "--pages", str(terminal.folder))

    assert without.exit_code == 2
    assert "[seller]" in without.stderr
    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert "CN-000001" in first.stdout
    assert "Nothing was missing" in second.stdout
    assert "Tea &amp; Co" in (terminal.folder / "CN-000001.html").read_text(encoding="utf-8")


def test_nothing_is_sent_again_without_a_deliverer(terminal):
    """A refusal to redeliver says why, and exits with 1."""
    terminal.sell(sold(6, deliveries=(Delivery(id="d-1", line_id="tin", kind="nobody", target="jo"),)))

    none = terminal.type("redeliver", "A-1")
    unknown = terminal.type("redeliver", "A-6", "--delivery", "d-1")

    assert (none.exit_code, unknown.exit_code) == (1, 1), unknown.output
    assert "Refused" in none.stderr


def test_a_bug_shows_no_traceback_and_no_message(terminal, monkeypatch):
    """Law S2: what nobody expected is told by its name and place, because its text may hold a secret."""
    monkeypatch.setattr("refundkit.cli.order_page.show", lambda *_: 1 / 0)

    done = terminal.type("show", "A-1")

    assert done.exit_code == 3
    assert "ZeroDivisionError" in done.stderr
    assert "division by" not in done.output
    assert "Traceback" not in done.output


def test_an_interruption_says_how_to_go_on(terminal, monkeypatch):
    """Ctrl-C is no failure: the same command with the same key goes on."""

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("refundkit.cli.order_page.show", interrupt)

    done = terminal.type("show", "A-1")

    assert done.exit_code == 3
    assert "same key" in done.stderr


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    """A missing library is named with the extra that brings it."""
    monkeypatch.setitem(sys.modules, "typer", None)

    with pytest.raises(SystemExit, match=r"refundkit\[cli\]"):
        main()


def test_the_version_is_told(terminal):
    """The version is one line, and help says what the exit codes mean."""
    assert terminal.type("--version").stdout.startswith("refundkit ")
    assert "Exit codes" in terminal.type("--help").stdout
