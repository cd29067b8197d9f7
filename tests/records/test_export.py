"""The export: every line of every order as CSV, in any number, and nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import itertools
import os
import re
import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from refundkit import Customer, Document, DocumentKind, Money, Order, RefundReason, export_orders
from refundkit.records.export import COLUMNS, escaped
from refundkit.testing.builders import make_dispute
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import KIM, Shop, a_request
from tests.records.orders import eur, mug_order, mugs, paid, shipping

MANY = int(os.environ.get("REFUNDKIT_EXPORT_ORDERS", "1000"))
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "export.md"


def exported(*orders: Order) -> list[dict[str, str]]:
    """Export *orders* and read them back."""
    file = io.StringIO(newline="")
    export_orders(orders, file)
    return list(csv.DictReader(io.StringIO(file.getvalue(), newline=""), strict=True))


def test_every_column_of_a_line():
    """One line has everything on it: the order, the line, what came back of it, and the sums of the order."""
    shop = Shop(order=mug_order(tags=("vip", "new")))
    shop.refund(lines={"mugs": 2})
    shop.desk.add_document("o-1", Document(id="d", kind=DocumentKind.BILLING_INVOICE, number="R-17"))
    first, second = exported(shop.order)
    assert first == {
        "order_id": "o-1",
        "placed_at": "2026-11-01 12:00:00",
        "status": "partially_refunded",
        "test": "no",
        "customer_name": "Jo Doe",
        "customer_email": "jo@example.org",
        "tags": "vip | new",
        "currency": "EUR",
        "line_id": "mugs",
        "line_kind": "item",
        "sku": "mug-1",
        "name": "Mug",
        "quantity": "4",
        "unit_price": "10.00",
        "discount": "3.99",
        "net": "36.01",
        "tax_rate": "10",
        "tax": "3.60",
        "total": "39.61",
        "returned_quantity": "2",
        "refunded": "19.81",
        "refunded_tax": "1.80",
        "withheld": "0.00",
        "gateways": "fake",
        "payment_references": "ref-1",
        "payment_methods": "card",
        "invoices": "R-17",
        "credit_notes": "",
        "order_total": "45.36",
        "order_captured": "45.36",
        "order_refunded": "19.81",
        "order_pending": "0.00",
        "order_disputed": "0.00",
        "order_refundable": "25.55",
        "order_balance": "0.00",
    }
    assert (second["line_id"], second["line_kind"], second["order_total"]) == ("shipping", "shipping", "")


def test_columns_of_amounts_can_be_added_up():
    """Sums of an order stand in its first row only, so that adding up a column counts nothing twice."""
    rows = exported(mug_order("a"), mug_order("b", payments=(paid(number=2),)))
    assert [row["order_total"] for row in rows] == ["45.36", "", "45.36", ""]
    assert sum(Decimal(row["total"]) for row in rows) == Decimal("90.72")


def test_only_certain_money_is_refunded():
    """A line shows what went back in all refunds that succeeded; what is pending is not among it."""
    shop = Shop(order=mug_order())
    shop.refund(key="a", lines={"mugs": 1})
    shop.refund(key="b", lines={"mugs": 1})
    shop.gateway.faults.append(Fault.PENDING)
    shop.refund(key="c", lines={"mugs": 1})
    first, _ = exported(shop.order)
    assert (first["refunded"], first["refunded_tax"], first["order_pending"]) == ("19.81", "1.80", "9.90")


def test_the_lines_in_force():
    """After an order was changed, its rows are the lines that the customer keeps."""
    shop = Shop(order=mug_order())
    kept = mugs(quantity=3, total=eur("29.71"), tax=eur("2.70"))
    shop.desk.change("o-1", a_request(revision=(kept, shipping()), reason_type=RefundReason.CHANGED_MIND))
    first, second = exported(shop.order)
    assert (first["quantity"], first["refunded"], first["order_refunded"]) == ("3", "0.00", "9.90")
    assert second["line_id"] == "shipping"


def test_an_order_without_lines_or_customer_or_payment():
    """It has one row, with nothing where nothing is known."""
    (row,) = exported(Order(id="bare", currency="JPY"))
    known = {name: text for name, text in row.items() if text}
    assert known == {
        "order_id": "bare",
        "status": "pending",
        "test": "no",
        "currency": "JPY",
        **dict.fromkeys(
            [
                f"order_{sum_}"
                for sum_ in ["total", "captured", "refunded", "pending", "disputed", "refundable", "balance"]
            ],
            "0",
        ),
    }


def test_money_that_a_dispute_took():
    """What was withdrawn has a column of its own."""
    row, _ = exported(mug_order(disputes=(make_dispute(amount=eur("5.00")),)))
    assert row["order_disputed"] == "5.00"


def test_negative_numbers_stay_numbers():
    """A balance below zero is a number and not a formula."""
    row, _ = exported(mug_order(payments=(paid("50.00"),)))
    assert row["order_balance"] == "-4.64"


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", " =", '"=']
)
def test_what_a_spreadsheet_would_run(start):
    """Law S4: a cell that begins as formulas do gets an apostrophe before it, and keeps its text."""
    name = f"{start}HYPERLINK(1)"
    row, _ = exported(mug_order(customer=Customer(name=name)))
    assert row["customer_name"] == f"'{name}"


@pytest.mark.parametrize(
    "text", ["", "Jo", "'quoted'", "a=b", "Mug - blue", "1-2", "x@y.example", "Ä=1", "a, =b"]
)
def test_other_text_stays_as_it_is(text):
    """Only what would run is touched."""
    assert escaped(text) == text


RUNS = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"-[0-9]+\.[0-9]{2}")
TRICKY = st.text(st.sampled_from("=+-@\t\r\n;,\"' |\uff1d\uff0b\uff0d\uff20aé\u2028"), max_size=12)


@given(name=TRICKY, sku=TRICKY, more=TRICKY)
@example(name='x;"=1+1', sku="", more="")
@example(name="x\r\n=1", sku="", more='"')
def test_no_cell_runs_however_it_is_read(name, sku, more):
    """Law S4: cut at commas, semicolons or tabs, no cell begins like a formula, apart from numbers of ours."""
    file = io.StringIO(newline="")
    line = mugs(name=name, sku=_identifier(sku))
    export_orders([mug_order(lines=(line,), customer=Customer(name=more))], file)
    for delimiter in ",;\t":
        rows = csv.reader(io.StringIO(file.getvalue(), newline=""), delimiter=delimiter)
        cells = list(itertools.chain.from_iterable(rows))
        assert [cell for cell in cells if RUNS.match(cell) and not NUMBER.fullmatch(cell)] == []


def _identifier(text: str) -> str | None:
    """Return *text* as far as it can name a line."""
    return "".join(letter for letter in text if letter.isprintable()).strip() or None


def test_it_reads_back():
    """RFC 4180: commas, quotes and line ends inside a name come back as they were, and rows end in CRLF."""
    name = 'Mug, "big"\nand\r\nround'
    file = io.StringIO(newline="")
    export_orders([mug_order(lines=(mugs(name=name),))], file)
    assert file.getvalue().split("\r\n")[0] == ",".join(COLUMNS)
    assert file.getvalue().endswith("\r\n")
    (row,) = exported(mug_order(lines=(mugs(name=name),)))
    assert row["name"] == name


def test_nothing_is_a_header(tmp_path):
    """No orders are a header; with utf-8-sig a file begins with the mark that spreadsheets look for."""
    path = tmp_path / "orders.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        assert export_orders([], file) == 0
    assert path.read_bytes() == b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n"


def test_progress():
    """After each order the callback is told how many are written."""
    told: list[int] = []
    orders = [mug_order(f"o-{number}") for number in range(3)]
    assert export_orders(orders, io.StringIO(), progress=told.append) == 3
    assert told == [1, 2, 3]


class Drain:
    """A response that streams: it keeps nothing."""

    def write(self, text: str) -> None:
        """Forget it."""


def peak(count: int) -> int:
    """Return how many bytes an export of so many orders took at most."""
    tracemalloc.start()
    try:
        assert export_orders((mug_order(f"o-{number}") for number in range(count)), Drain()) == count
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow():
    """However many orders there are (100,000 with REFUNDKIT_EXPORT_ORDERS), memory stays below half a megabyte."""
    peak(10)
    assert peak(MANY) < 500_000


def test_the_page_lists_the_columns():
    """The documentation has every column, in this order."""
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == list(COLUMNS)


def test_money_of_other_currencies():
    """What was paid out in another currency is in no sum of the order."""
    shop = Shop(order=mug_order())
    shop.desk.refresh("o-1")
    shop.gateway.refund_elsewhere("ref-1", Money.of(700, "JPY"))
    shop.desk.refresh("o-1")
    shop.desk.acknowledge("o-1", actor=KIM)
    first, _ = exported(shop.order)
    assert (first["refunded"], first["order_refunded"]) == ("0.00", "0.00")
