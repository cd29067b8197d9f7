"""What reaches the terminal: nothing that was put into an order to act on it."""

from __future__ import annotations

import json

import pytest

from refundkit import (
    Actor,
    Customer,
    Delivery,
    ManualGateway,
    OrderLine,
    Payment,
    PaymentFailure,
    PaymentStatus,
    RefundDesk,
    SQLStore,
)
from tests.cli.terminal import eur, sold

HOSTILE = "Jo\x1b[2J\x1b]0;owned\x07\r\u202eevil\u009b31m[bold red]shout[/] :bomb: \x00"[:-1]


@pytest.fixture
def hostile(terminal):
    """Return a terminal at a shop with an order that means harm."""
    terminal.sell(
        sold(
            2,
            customer=Customer(name=HOSTILE, email="jo@example.org"),
            lines=(OrderLine(id="tin", name=HOSTILE, quantity=3, total=eur("24.90")),),
        )
    )
    with SQLStore.open(terminal.url) as store:
        desk = RefundDesk(store=store, gateways=[ManualGateway(name="cash")])
        desk.annotate("A-2", actor=Actor.staff(HOSTILE), note=HOSTILE)
    return terminal


@pytest.mark.parametrize(
    "words",
    [
        ("orders",),
        ("show", "A-2"),
        ("show", "A-2", "--json"),
        ("preview", "A-2", "--line", "tin=1"),
        ("refund", "A-2", "--amount", "5", "--reason", HOSTILE, "--yes", "--expect-amount", "5"),
        ("show", HOSTILE),
        ("preview", "A-2", "--line", f"{HOSTILE}=1"),
    ],
    ids=lambda words: words[0],
)
def test_nothing_in_an_order_acts_on_the_terminal(hostile, words):
    """Law S3: control characters are shown as text, and markup stays what it is."""
    done = hostile.type(*words)

    written = [sign for sign in done.output if not sign.isprintable() and sign != "\n"]
    assert written == []


def test_markup_is_text(hostile):
    """Law S3: what looks like rich's markup or emoji is printed as it was written."""
    assert "[bold red]shout[/] :bomb:" in hostile.type("show", "A-2").stdout.replace("\n", " ")


@pytest.mark.parametrize(
    "words", [("orders",), ("show", "A-1"), ("gateways",), ("refund", "--help"), ("--help",)]
)
def test_pages_fit_into_80_columns(terminal, words):
    """On a terminal of the usual width nothing is wider, and nothing has a colour where nobody looks."""
    done = terminal.type(*words)

    assert done.exit_code == 0, done.output
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.output


def test_a_long_id_is_folded_and_not_cut(terminal):
    """What somebody has to copy is there in full."""
    name = "A" + "0123456789" * 9
    terminal.sell(sold(7, id=name))

    lines = terminal.type("orders").stdout.splitlines()

    assert name in "".join(line.split(" ")[0] for line in lines)


def test_the_list_can_be_filtered_and_sorted(terminal):
    """Filters and sorting are those of the desk; test orders are marked as such."""
    terminal.sell(sold(2, test=True), sold(3, tags=("vip",)))

    by_id = json.loads(terminal.type("orders", "--json").stdout)
    backwards = json.loads(terminal.type("orders", "--json", "--sort", "id", "--desc").stdout)
    live = terminal.type("orders", "--live").stdout
    vip = terminal.type("orders", "--tag", "vip", "--status", "paid").stdout
    first = terminal.type("orders", "--limit", "1").stdout
    nothing = terminal.type("orders", "--flagged")

    assert [order["id"] for order in by_id] == ["A-1", "A-2", "A-3"]
    assert [order["id"] for order in backwards] == ["A-3", "A-2", "A-1"]
    assert "TEST" in terminal.type("orders").stdout
    assert "TEST" not in live
    assert "A-3" in vip
    assert "A-1" not in vip
    assert "--limit" in first
    assert nothing.stdout == "No such orders.\n"


def test_an_order_is_shown_with_all_that_can_be_on_it(terminal):
    """Discount, fee, gift card, failed payment, dispute, flag, delivery, document, note: each in its place."""
    gift = Payment(id="gift", gateway="cash", reference="gc-1", captured=eur("5.00"), method="gift_card")
    failed = Payment(
        id="late",
        gateway="fake",
        reference="pi_9",
        captured=eur("0.00"),
        status=PaymentStatus.FAILED,
        failure=PaymentFailure.EXPIRED_CARD,
    )
    lines = (
        OrderLine(id="tin", sku="TIN-1", quantity=2, total=eur("15.00"), discount=eur("3.00")),
        OrderLine(id="wrap", name="Wrapping", total=eur("4.90"), kind="fee"),
    )
    terminal.sell(
        sold(
            2,
            lines=lines,
            payments=(*sold(2).payments, gift, failed),
            tags=("vip",),
            deliveries=(Delivery(id="d-1", line_id="tin", kind="courier", target="Jo", quantity=2),),
        )
    )
    external = ("record-external", "A-2", "--payment", "card", "--yes")
    terminal.type(*external, "--amount", "20", "--reference", "dp_1", "--status", "lost")
    terminal.type("note", "A-2", "Jo called.")

    page = " ".join(terminal.type("show", "A-2").stdout.split())

    for part in (
        "disputed FLAGGED",
        "tags: vip",
        "Discounts -3.00 EUR",
        "Fees 4.90 EUR",
        "Paid by gift card 5.00 EUR",
        "Lost to disputes 20.00 EUR",
        "Beyond what was captured 5.10 EUR",
        "- over refunded",
        "TIN-1",
        "failed: expired card",
        "dp_1 card 20.00 EUR chargeback lost withdrawn",
        "d-1 tin courier pending 0 of 2",
        "staff kim: Jo called.",
    ):
        assert part in page, page


def test_an_order_is_shown_in_full(terminal):
    """Lines, totals, payments with gateway, reference, method and last four, refunds, and who did what."""
    terminal.type(
        "refund",
        "A-1",
        "--line",
        "tin=1",
        "--reason",
        "open",
        "--key",
        "k",
        "--yes",
        "--expect-amount",
        "6.67",
    )

    page = terminal.type("show", "A-1").stdout
    data = json.loads(terminal.type("show", "A-1", "--json").stdout)

    for part in (
        "partially refunded",
        "jo1@example.org",
        "Tin of tea",
        "pay-1",
        "fake",
        "card 4242",
        "kim (staff)",
    ):
        assert part in page
    assert "18.23 EUR" in page
    assert data["refundable"] == {"amount": "18.23", "currency": "EUR"}
    assert data["timeline"][-1]["kind"] == "refund.succeeded"
    assert "prepared" not in data["refunds"][0]
