"""What support and bookkeeping read: a customer, figures of refunds, and evidence for a dispute."""

from __future__ import annotations

import json

import attrs
import pytest

from refundkit import Customer, Money, Payment
from tests.cli.terminal import eur, sold


@pytest.fixture
def books(terminal):
    """Return a terminal at a shop with refunds in two currencies, one of them of a test order."""
    card = attrs.evolve(sold(2).payments[0], fee=eur("1.49"))
    dollars = Payment(id="till", gateway="cash", reference="r-3", captured=Money.of("30.00", "USD"))
    terminal.sell(
        sold(2, lines=(), payments=(card,)),
        sold(3, currency="USD", lines=(), payments=(dollars,)),
        sold(4, test=True),
    )
    for order, amount in (("A-1", "10.00"), ("A-2", "7.45"), ("A-3", "30.00"), ("A-4", "1.00")):
        wish = (
            "refund",
            order,
            "--amount",
            amount,
            "--reason",
            "x",
            "--type",
            "damaged",
            "--approved-by",
            "lee",
        )
        assert terminal.type(*wish, "--yes", "--expect-amount", amount).exit_code == 0
    return terminal


def test_figures_are_never_added_across_currencies(books):
    """Law M4: euros and dollars stand side by side, test orders in neither (law S7), and the cost is told."""
    page = books.type("figures").stdout
    data = json.loads(books.type("figures", "--json").stdout)

    assert "In EUR: 2 refunds, 17.45 EUR given back" in page
    assert "In USD: 1 refund, 30.00 USD given back" in page
    # Half of the payment went back, and half of its fee is lost with it.
    assert "Kept by gateways of their fees: 0.75 EUR" in page
    assert data["refunded"] == [
        {"amount": "17.45", "currency": "EUR"},
        {"amount": "30.00", "currency": "USD"},
    ]
    assert data["cost"] == [{"amount": "0.75", "currency": "EUR"}]
    assert {row["reason"] for row in data["figures"]} == {"damaged"}


def test_figures_are_of_the_months_that_were_asked_for(books):
    """The first and the last month count; a month or a zone that there is not is told."""
    now = json.loads(books.type("figures", "--json").stdout)["figures"][0]["month"]

    assert json.loads(books.type("figures", "--from", now, "--until", now, "--json").stdout)["figures"]
    assert books.type("figures", "--from", "9998-01").stdout == "No refunds.\n"
    assert books.type("figures", "--until", "1999-12").stdout == "No refunds.\n"
    assert books.type("figures", "--zone", "Pacific/Auckland").exit_code == 0
    for words in (("--from", "2026-13"), ("--zone", "Nope"), ("--zone", "../../etc/passwd")):
        assert books.type("figures", *words).exit_code == 2


def test_a_credit_note_that_is_to_be_corrected_is_told(books, monkeypatch):
    """Bookkeeping reads in the figures which notes are of refunds that did not last."""
    books.configure('[seller]\nname = "Tea & Co"\n[credit_notes]\nreasons = "all"')
    books.type("credit-notes")
    monkeypatch.setattr("refundkit.records.figures.notes_to_correct", lambda order: order.credit_notes)

    assert "Credit note CN-000001 is to be corrected" in books.type("figures").stdout


def test_evidence_goes_to_the_page_to_a_file_or_to_a_script(terminal):
    """Law S6: order, payment and refund are in it in each form; reason and note are in none."""
    wish = ("refund", "A-1", "--amount", "5", "--reason", "fraudster", "--note", "beware")
    terminal.type(*wish, "--yes", "--expect-amount", "5")
    file = terminal.folder / "evidence.txt"

    page = terminal.type("evidence", "A-1")
    script = terminal.type("evidence", "A-1", "--json")
    written = [terminal.type("evidence", "A-1", "--to", str(file), *more) for more in ((), ("--json",))]

    assert {done.exit_code for done in (page, script, *written)} == {0}
    assert "Ordered: 3 × Tin of tea for 20.00 EUR" in page.stdout
    assert json.loads(script.stdout) == json.loads(file.read_text(encoding="utf-8"))
    for text in (page.output, script.output):
        assert "5.00 EUR was given back" in text
        assert "fraudster" not in text
        assert "beware" not in text


def test_evidence_in_a_file_acts_on_no_terminal(terminal):
    """Law S3: a name that would clear the screen of whoever opens the file is written as text."""
    terminal.sell(sold(2, customer=Customer(name="Jo\x1b[2J", email="jo@example.org")))
    file = terminal.folder / "evidence.txt"

    terminal.type("evidence", "A-2", "--to", str(file))

    assert "Jo\\x1b[2J" in file.read_text(encoding="utf-8")
    assert terminal.type("evidence", "A-2", "--to", str(terminal.folder)).exit_code == 2


def test_a_customer_is_shown(terminal):
    """Orders, what went back, and the flag of chargebacks; an address that nobody ordered with is told."""
    terminal.sell(sold(2, customer=Customer(name="Jo", email="jo1@example.org")))
    terminal.type(
        *("record-external", "A-2", "--payment", "card", "--amount", "4", "--reference", "dp_1"),
        *("--status", "lost", "--yes"),
    )
    terminal.type("refund", "A-1", "--amount", "5", "--reason", "x", "--yes", "--expect-amount", "5")

    page = terminal.type("customer", "JO1@example.org").stdout
    data = json.loads(terminal.type("customer", "jo1@example.org", "--json").stdout)

    assert "2 orders" in page
    assert "Given back, without test orders: 5.00 EUR" in page
    assert "CHARGEBACKS" in page
    assert data["has_chargebacks"] is True
    assert [order["id"] for order in data["orders"]] == ["A-1", "A-2"]
    assert "Nothing was ordered" in terminal.type("customer", "nobody@example.org").stdout
