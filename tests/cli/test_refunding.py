"""preview and refund: what is shown is what is done, and every end has its exit code."""

from __future__ import annotations

import json
import re

import attrs
import pytest

from tests.cli.terminal import eur, sold

ONE_TIN = ("refund", "A-1", "--line", "tin=1", "--reason", "arrived open", "--key", "k-1")
SURE = ("--yes", "--expect-amount", "6.67")


def test_a_preview_moves_and_writes_nothing(terminal):
    """A preview shows lines, tax and payments, and leaves the order as it was."""
    before = terminal.order()

    done = terminal.type("preview", "A-1", "--line", "tin=1")

    assert done.exit_code == 0, done.output
    assert "6.67 EUR" in done.stdout
    assert "card ending in 4242" in done.stdout
    assert "nothing was sent" in done.stdout
    assert terminal.order() == before


def test_a_preview_is_the_plan_of_the_refund(terminal):
    """Law P1: preview and refund show a script the same payments and amounts."""
    shown = json.loads(terminal.type("preview", "A-1", "--amount", "20", "--json").stdout)
    made = json.loads(
        terminal.type(
            *(
                "refund",
                "A-1",
                "--amount",
                "20",
                "--reason",
                "x",
                "--json",
                "--yes",
                "--expect-amount",
                "20.00",
            )
        ).stdout
    )

    planned = [(leg["payment"], leg["gateway"], leg["amount"]) for leg in shown["refunds"]]
    assert planned == [(leg["payment"], leg["gateway"], leg["amount"]) for leg in made["refunds"]]
    assert made["settled"] is True


def test_a_refund_shows_the_plan_and_asks(terminal):
    """Nothing is sent before somebody said yes to the plan; the actor is whoever typed it."""
    done = terminal.type(*ONE_TIN, answer="y\n")

    assert done.exit_code == 0, done.output
    assert "Give back 6.67 EUR?" in done.stderr
    assert done.stdout.index("card ending in 4242") < done.stdout.index("Given back: 6.67 EUR")
    (accepted,) = terminal.order().requests
    assert str(accepted.request.actor) == "staff kim"


@pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("\n", 1), ("", 2)])
def test_without_a_yes_nothing_is_sent(terminal, answer, code):
    """No, return, and no answer at all: the order stays as it was."""
    done = terminal.type(*ONE_TIN, answer=answer)

    assert done.exit_code == code
    assert "nothing was sent" in done.stderr.lower()
    assert terminal.order().requests == ()


def test_the_key_is_told_before_anything_is_sent(terminal):
    """A minted key stands on the screen before the question, with the command that repeats it."""
    done = terminal.type("refund", "A-1", "--all", "--reason", "it's late", answer="n\n")

    key = re.search(r"Request key: (cli-\w+)", done.stderr)[1]
    assert f"--key {key}" in done.stderr
    assert done.stderr.index(key) < done.stderr.index("Give back")


def test_the_same_command_again_gives_back_nothing_more(terminal):
    """Law E3: typed twice, by two people, it is one refund."""
    first = terminal.type(*ONE_TIN, *SURE)
    second = terminal.type(*ONE_TIN, *SURE, REFUNDKIT_STAFF="lee")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "accepted before" in second.stdout
    assert terminal.order().refunded == eur("6.67")


def test_another_wish_under_the_same_key_is_refused(terminal):
    """Law E3: a key that stands for one refund does not make another."""
    terminal.type(*ONE_TIN, *SURE)

    done = terminal.type(
        *("refund", "A-1", "--amount", "5", "--reason", "x", "--key", "k-1", "--yes", "--expect-amount", "5")
    )

    assert done.exit_code == 1
    assert "stands for another request" in done.stderr.replace("\n", " ")
    assert terminal.order().refunded == eur("6.67")


def test_another_amount_than_expected_is_refused(terminal):
    """A script that expects 6.66 does not give back 6.67."""
    done = terminal.type(*ONE_TIN, "--yes", "--expect-amount", "6.66")

    assert done.exit_code == 1
    assert "6.67 EUR, not 6.66 EUR" in done.stderr
    assert terminal.order().requests == ()


@pytest.mark.parametrize(
    "fault", ["LOST_ANSWER", "LOST_REQUEST", "PENDING", "UNAVAILABLE UNAVAILABLE UNAVAILABLE"]
)
def test_an_end_that_is_not_known_is_exit_code_3(terminal, fault):
    """Law E4: what is unclear or pending is told as such, with its money set aside."""
    done = terminal.type(*ONE_TIN, *SURE, FAULTS=fault)

    assert done.exit_code == 3, done.output
    assert "set aside" in done.stdout
    assert terminal.order().reserved == eur("6.67")


def test_a_declined_refund_is_exit_code_1(terminal):
    """What the gateway says no to is told with its reason, and the money is still there."""
    done = terminal.type(*ONE_TIN, *SURE, FAULTS="DECLINE")

    assert done.exit_code == 1
    assert "declined" in done.stdout
    assert terminal.order().refundable == eur("24.90")


def test_a_refusal_names_every_reason_and_what_is_possible(terminal):
    """A refund that is too high and too late says both, and what is left."""
    terminal.sell(sold(2, placed_at=sold(2).placed_at.replace(year=2020)))

    done = terminal.type("refund", "A-2", "--amount", "30", "--reason", "x", "--yes", "--expect-amount", "30")
    script = terminal.type("preview", "A-2", "--amount", "30", "--json")

    said = done.stderr.replace("\n", " ")
    assert done.exit_code == script.exit_code == 1
    assert "30.00 EUR was asked for" in said
    assert "window of 30 days closed" in said
    assert "up to 24.90 EUR" in said
    codes = {reason["code"] for reason in json.loads(script.stdout)["refused"]}
    assert "window_closed" in codes
    assert len(codes) == 2


def test_a_second_person_has_to_approve(terminal):
    """Above the limit of the policy, nothing is asked or sent before somebody else is named."""
    paid = tuple(payment for payment in sold(3).payments if payment.id == "cash")
    terminal.sell(sold(3, lines=(), payments=tuple(_worth(one, "60.00") for one in paid)))
    wish = ("refund", "A-3", "--all", "--reason", "x", "--yes", "--expect-amount", "60")

    alone = terminal.type(*wish)
    together = terminal.type(*wish, "--approved-by", "lee")

    assert alone.exit_code == 1
    assert "--approved-by" in alone.stderr
    assert together.exit_code == 0, together.output


def _worth(payment, amount):
    return attrs.evolve(payment, captured=eur(amount))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("refund", "A-1", "--reason", "x"), "exactly one of"),
        (("refund", "A-1", "--reason", "x", "--all", "--amount", "1"), "exactly one of"),
        (("refund", "A-1", "--reason", "x", "--amount", "1.234"), "1.234"),
        (("refund", "A-1", "--reason", "x", "--amount", "-1"), "amount"),
        (("refund", "A-1", "--reason", "x", "--line", "tin"), "tin=2"),
        (("refund", "A-1", "--reason", "x", "--line", "tin=-1"), "quantity"),
        (("refund", "A-1", "--reason", "x", "--line", "tin=1", "--line", "tin=1"), "twice"),
        (("refund", "A-1", "--reason", " ", "--all"), "must say something"),
        (("refund", "A-1", "--reason", "x", "--all", "--yes"), "--expect-amount"),
        (("refund", "A-1", "--all"), "--reason"),
        (("refund", "A-1", "--reason", "x", "--all", "--as", " "), "who you are"),
        (("orders", "--from", "yesterday"), "2026-03-01"),
        (("orders", "--status", "gone"), "gone"),
        (("nothing",), "nothing"),
    ],
)
def test_what_is_typed_wrongly_is_exit_code_2(terminal, words, said):
    """Law C2: nothing said, or said wrongly, is never all that is left; the message shows how to say it."""
    done = terminal.type(*words, answer="y\n")

    assert done.exit_code == 2, done.output
    assert said in done.stderr.replace("\n", " ")
    assert terminal.order().requests == ()


def test_an_unknown_order_is_told(terminal):
    """A wrong id is told as such, and exits with 1."""
    done = terminal.type("show", "A-9")

    assert (done.exit_code, done.stdout) == (1, "")
    assert "A-9" in done.stderr
