"""Kim works at the terminal: looks, previews, gives back, repeats after a lost line, and runs a recall from a file."""

from __future__ import annotations

import json
import sys

import pytest

from refundkit import Delivery, ManualGateway, RefundDesk, SQLStore
from tests.cli.terminal import Terminal, eur, installed, sold
from tests.deliveries.receiver import Receiver

MORE = """
[gateways.transfer]
kind = "manual"
settles = "on_confirmation"

[deliverers.game_server]
kind = "webhook_call"
url = "{url}/give"
revoke_url = "{url}/take"
secrets = {{ env = "SIGNING" }}

[seller]
name = "Tea & Co"

[credit_notes]
reasons = "all"
"""


@pytest.fixture
def terminal(store_url, tmp_path, tmp_path_factory, monkeypatch) -> Terminal:
    """Return Kim's terminal at a shop with three orders."""
    plugins = installed(tmp_path_factory.mktemp("site") / "packages")
    monkeypatch.setattr(sys, "path", [str(plugins), *sys.path])
    with SQLStore.open(store_url) as store:
        desk = RefundDesk(store=store, gateways=[ManualGateway(name="cash")])
        for number in (1, 2, 3):
            desk.register(sold(number))
    terminal = Terminal(tmp_path, plugins)
    text = terminal.config.read_text().replace('"sqlite:///shop.db"', '{ env = "DATABASE_URL" }')
    terminal.config.write_text(text)
    terminal.environment["DATABASE_URL"] = terminal.url = store_url
    return terminal


def test_a_day_at_the_terminal(terminal):
    """The books say at the end what Kim saw on the screens, and nothing was given back twice."""
    assert "A-3" in terminal.type("orders").stdout

    # A customer sends one tin back. Kim looks first.
    shown = terminal.type("preview", "A-1", "--line", "tin=1")
    assert "6.67 EUR" in shown.stdout
    assert terminal.order("A-1").requests == ()

    # The line breaks while the gateway answers, so Kim types it again, and so does Lee.
    wish = ("refund", "A-1", "--line", "tin=1", "--reason", "arrived open", "--key", "ticket-88")
    sure = ("--yes", "--expect-amount", "6.67")
    assert terminal.type(*wish, *sure, FAULTS="LOST_ANSWER").exit_code == 3
    assert terminal.order("A-1").reserved == eur("6.67")
    assert terminal.type(*wish, *sure, FAULTS="LOST_ANSWER").exit_code in (0, 3)
    assert terminal.type(*wish, *sure, REFUNDKIT_STAFF="lee").exit_code in (0, 3)

    # A recall: two orders from a file, run twice because nobody remembers the first time.
    batch = terminal.folder / "recall.csv"
    batch.write_text("order,key,amount,reason\nA-2,recall-2,all,recalled\nA-3,recall-3,5.00,recalled\n")
    recall = ("batch", str(batch), "--yes", "--expect-total", "29.90 EUR")
    assert [terminal.type(*recall).exit_code for _ in range(2)] == [0, 0]

    # What is asked for beyond that is refused, with what is left.
    refused = terminal.type(
        "refund", "A-3", "--amount", "20", "--reason", "x", "--yes", "--expect-amount", "20"
    )
    assert refused.exit_code == 1
    assert "19.90 EUR" in refused.stderr

    (first,) = terminal.order("A-1").requests
    assert str(first.request.actor) == "staff kim"
    assert terminal.order("A-1").refunded + terminal.order("A-1").reserved == eur("6.67")
    assert terminal.order("A-2").refunded == eur("24.90")
    assert terminal.order("A-3").refunded == eur("5.00")
    listed = json.loads(terminal.type("orders", "--status", "refunded", "--json").stdout)
    assert [order["id"] for order in listed] == ["A-2"]


def test_goods_paper_and_what_only_a_person_knows(terminal):
    """A player gets swords at last, one goes back, a transfer is confirmed, and bookkeeping gets its papers."""
    with Receiver() as game:
        text = terminal.config.read_text()
        terminal.config.write_text(text + MORE.format(url=game.url))
        terminal.environment["SIGNING"] = "a long random text that nobody knows"
        swords = Delivery(id="keys", line_id="tin", kind="game_server", target="player-17", quantity=3)
        with SQLStore.open(terminal.url) as store:
            desk = RefundDesk(store=store, gateways=[ManualGateway(name="cash")])
            desk.register(sold(4, deliveries=(swords,)))

        # The game server is down when the sweep comes by. The player calls, and Kim sends it again.
        game.answers.append(503)
        assert terminal.type("recover").exit_code == 3
        again = terminal.type("redeliver", "A-4")
        assert again.exit_code == 0, again.output
        assert game.units("A-4", "keys") == 3

        # One sword back: the money goes at once, the next sweep takes the sword.
        one = (
            "refund",
            "A-4",
            "--line",
            "tin=1",
            "--reason",
            "bought twice",
            "--yes",
            "--expect-amount",
            "6.67",
        )
        assert terminal.type(*one).exit_code == 0
        assert "Taken back" in terminal.type("recover").stdout
        assert game.units("A-4", "keys") == 2

    # A transfer has no end before somebody has looked at the bank.
    wish = ("refund", "A-1", "--amount", "5", "--via", "transfer", "--reason", "card expired")
    assert terminal.type(*wish, "--yes", "--expect-amount", "5").exit_code == 3
    assert terminal.type("confirm", "A-1", "--paid", "--reference", "4711", answer="y\n").exit_code == 0

    assert "CN-000002" in terminal.type("credit-notes").stdout
    assert "In EUR: 2 refunds, 11.67 EUR given back" in terminal.type("figures").stdout
    assert "Taken back: 1 × Tin of tea" in terminal.type("evidence", "A-4").stdout
    assert "2 orders" not in terminal.type("customer", "jo4@example.org").stdout
