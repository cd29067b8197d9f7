"""Kim works at the terminal: looks, previews, gives back, repeats after a lost line, and runs a recall from a file."""

from __future__ import annotations

import json
import sys

import pytest

from refundkit import ManualGateway, RefundDesk, SQLStore
from tests.cli.terminal import Terminal, eur, installed, sold


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
