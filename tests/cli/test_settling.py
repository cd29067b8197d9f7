"""What a person settles: manual refunds, refunds made elsewhere, flags, notes, and an order that is cancelled."""

from __future__ import annotations

import json

import pytest

from refundkit import RefundStatus
from tests.cli.terminal import eur, sold

TRANSFER = '[gateways.transfer]\nkind = "manual"\nsettles = "on_confirmation"'
EXTERNAL = ("record-external", "A-1", "--payment", "card", "--reference", "counter 17")


@pytest.fixture
def waiting(terminal):
    """Return a terminal at a shop where two transfers of order A-1 wait for a person."""
    terminal.configure(TRANSFER)
    for key, amount in (("first", "5"), ("second", "3")):
        refund = ("refund", "A-1", "--amount", amount, "--via", "transfer", "--reason", "x", "--key", key)
        assert terminal.type(*refund, "--yes", "--expect-amount", amount).exit_code == 3
    return terminal


def test_a_transfer_is_confirmed(waiting):
    """Which of several it was has to be said; the books then have it as paid out, with its reference and actor."""
    first = waiting.order().legs("first")[0]

    unclear = waiting.type("confirm", "A-1", "--paid", "--yes")
    done = waiting.type("confirm", "A-1", "--refund", first.id, "--paid", "--reference", "4711", answer="y\n")
    last = waiting.type("confirm", "A-1", "--not-paid", "--yes", "--json")

    assert (unclear.exit_code, done.exit_code, last.exit_code) == (2, 0, 0), done.output
    assert first.id in unclear.stdout
    assert "It was paid out: 5.00 EUR to payment" in done.stderr
    assert "says kim (staff)" in " ".join(done.stdout.split())
    assert waiting.order().refund(first.id).reference == "4711"
    assert waiting.order().legs("second")[0].status is RefundStatus.FAILED
    assert json.loads(last.stdout)["refundable"] == {"amount": "19.90", "currency": "EUR"}
    assert waiting.type("confirm", "A-1", "--paid", "--yes").exit_code == 1


def test_what_became_of_it_has_to_be_said(waiting):
    """Law C2: nothing said is not "paid"; and a no leaves the refund as it was."""
    waiting.type("confirm", "A-1", "--refund", waiting.order().legs("first")[0].id, "--paid", "--yes")
    before = waiting.order()

    silent = waiting.type("confirm", "A-1")
    no = waiting.type("confirm", "A-1", "--paid", answer="n\n")

    assert (silent.exit_code, no.exit_code) == (2, 1)
    assert "--not-paid" in silent.stderr
    assert waiting.order() == before


def test_what_a_gateway_knows_nobody_confirms(terminal):
    """Law E4: a person does not settle what the gateway can be asked about."""
    wish = ("refund", "A-1", "--amount", "5", "--reason", "x", "--yes", "--expect-amount", "5")
    terminal.type(*wish, FAULTS="PENDING")

    none = terminal.type("confirm", "A-1", "--paid", "--yes")
    named = terminal.type("confirm", "A-1", "--refund", terminal.order().refunds[0].id, "--paid", "--yes")

    assert (none.exit_code, named.exit_code) == (1, 2)
    assert "No refund of order A-1 waits for a person" in none.stderr
    assert "knows what became" in " ".join(named.stderr.split())


def test_a_refund_made_elsewhere_is_written_down(terminal):
    """It is in the books afterwards, nothing was sent, and the same reference again is the same refund."""
    first = terminal.type(*EXTERNAL, "--amount", "2.00", answer="y\n")
    again = terminal.type(*EXTERNAL, "--amount", "2.00", "--yes")
    other = terminal.type(*EXTERNAL, "--amount", "3.00", "--yes")

    assert (first.exit_code, again.exit_code, other.exit_code) == (0, 0, 2), first.output
    assert "made elsewhere" in first.stdout
    assert "Nothing new" in again.stdout
    assert terminal.order().refunded == eur("2.00")


def test_flags_are_shown_and_cleared(terminal):
    """Law T1: more than was captured is recorded and flagged; refunds wait until somebody says that they looked."""
    terminal.type(*EXTERNAL, "--amount", "20.00", "--yes")
    wish = ("refund", "A-1", "--amount", "1", "--reason", "x", "--yes", "--expect-amount", "1")

    blocked = terminal.type(*wish)
    no = terminal.type("acknowledge", "A-1", answer="\n")
    done = terminal.type("acknowledge", "A-1", "--note", "counted twice", answer="y\n")
    script = terminal.type("acknowledge", "A-1", "--json")

    assert (blocked.exit_code, no.exit_code, done.exit_code) == (1, 1, 0), done.output
    assert "5.10 EUR more than was captured" in done.stdout
    assert "cleared its flags: counted twice" in " ".join(done.stdout.split())
    assert "has no flags" in script.stdout
    assert terminal.type(*wish).exit_code == 0


def test_a_flag_that_nobody_saw_is_not_cleared(terminal, monkeypatch):
    """Law T1: what was flagged while somebody thought about the question is looked at as well."""
    terminal.type(*EXTERNAL, "--amount", "20.00", "--yes")

    def think(*_, **__):
        cash = ("record-external", "A-1", "--payment", "cash", "--reference", "counter 18")
        terminal.type(*cash, "--amount", "11.00", "--yes")

    monkeypatch.setattr("refundkit.cli.settling.require_yes", think)
    done = terminal.type("acknowledge", "A-1")

    assert done.exit_code == 1, done.output
    assert "look again" in done.stderr
    assert terminal.order().is_flagged


def test_a_script_is_asked_nothing(terminal):
    """With --json there is no place for what is asked about, so the answer has to be there already."""
    done = terminal.type(*EXTERNAL, "--amount", "2.00", "--json", answer="y\n")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "--yes" in done.stderr


def test_notes_and_tags_are_kept(terminal):
    """A note stands in the order with who wrote it; a tag can be looked for, and taken off again."""
    noted = terminal.type("note", "A-1", "Jo called.", "--tag", "fragile", "--tag", "vip")
    terminal.type("note", "A-1", "--untag", "vip")

    page = terminal.type("show", "A-1").stdout
    assert noted.exit_code == 0, noted.output
    assert "staff kim: Jo called." in page
    assert "tags: fragile" in page
    assert "A-1" in terminal.type("orders", "--tag", "fragile").stdout
    assert terminal.type("note", "A-1").exit_code == 2


def test_an_order_is_cancelled(terminal):
    """Reject shows what goes back, asks, gives it back and cancels the order; typed again it does no more."""
    words = ("reject", "A-1", "--reason", "out of stock", "--key", "k")

    no = terminal.type(*words, answer="n\n")
    assert terminal.order().requests == ()
    done = terminal.type(*words, answer="y\n")
    again = terminal.type(*words)

    assert (no.exit_code, done.exit_code, again.exit_code) == (1, 0, 0), done.output
    assert "Reject order A-1 and give back 24.90 EUR?" in done.stderr
    assert "Order A-1 is rejected." in done.stdout
    assert "accepted before" in again.stdout
    assert terminal.order().status == "rejected"
    assert terminal.order().refunded == eur("24.90")


def test_an_order_without_money_is_cancelled_too(terminal):
    """What was never paid is cancelled without a refund, and the page has no empty tables."""
    terminal.sell(sold(2, payments=()))

    done = terminal.type("reject", "A-2", "--reason", "never paid", "--yes", "--expect-amount", "0")

    assert done.exit_code == 0, done.output
    assert "to payment" not in done.stdout
    assert terminal.order("A-2").status == "rejected"


@pytest.mark.parametrize("name", ["kim", "Kim", " KIM "])
def test_nobody_approves_their_own_refund_in_capitals(terminal, name):
    """Whoever asks is the same person however they write themselves, and nobody without a name approves."""
    terminal.config.write_text(terminal.config.read_text().replace("50.00 EUR", "5.00 EUR"))
    wish = ("refund", "A-1", "--amount", "6", "--reason", "x", "--yes", "--expect-amount", "6")

    own = terminal.type(*wish, "--approved-by", name)
    nobody = terminal.type(*wish, "--approved-by", " ")

    assert (own.exit_code, nobody.exit_code) == (1, 2)
    assert "cannot approve it" in " ".join(own.stderr.split())
    assert terminal.order().requests == ()
