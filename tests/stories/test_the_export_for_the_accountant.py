"""The accountant gets the month: every order line by line, what was refunded and why, and what it cost.

Three orders in two currencies and a test order. One customer has a name that a spreadsheet would run. Later a bank
asks for proof, and the shop hands in what speaks for it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal

import pytest

from refundkit import (
    Actor,
    CreditNoteDesk,
    Customer,
    Money,
    Order,
    OrderFilter,
    OrderLine,
    Payment,
    RefundDesk,
    RefundReason,
    RefundRequest,
    SQLStore,
    evidence,
    export_orders,
    refund_figures,
)
from refundkit.testing.clock import FakeClock
from refundkit.testing.fake_gateway import FakeGateway
from tests.records.orders import SELLER, eur, mug_order, paid

KIM = Actor.staff("kim")
FORMULA = '=HYPERLINK("https://evil.example","Jo")'


class Shop:
    """A shop that sold mugs for euros and tea for yen."""

    def __init__(self, store: SQLStore) -> None:
        self.clock = FakeClock()
        self.desk = RefundDesk(
            store=store, gateways=[FakeGateway(), FakeGateway(name="konbini")], clock=self.clock
        )
        self.accounts = CreditNoteDesk(store=store, seller=SELLER, clock=self.clock)

    def sell(self) -> None:
        """Sell to Jo, to somebody with a formula for a name, in yen, and to nobody."""
        fee = {"fee": eur("1.00")}
        self.desk.register(mug_order("A-1", payments=(paid(reference="ref-1", **fee),)))
        self.desk.register(
            mug_order("A-2", payments=(paid(reference="ref-2"),), customer=Customer(name=FORMULA))
        )
        self.desk.register(_tea())
        self.desk.register(mug_order("T-1", test=True, payments=(paid(reference="ref-3"),)))

    def give_back(self, name: str, **wish) -> None:
        """Give money back."""
        self.desk.refund(name, RefundRequest(key="k", reason="see the ticket of Kim", actor=KIM, **wish))


def _tea() -> Order:
    line = OrderLine(id="tea", name="Tea", quantity=3, total=Money.of(1000, "JPY"), tax=Money.of(91, "JPY"))
    payment = Payment(id="p-1", gateway="konbini", reference="k-1", captured=Money.of(1000, "JPY"))
    return Order(id="A-3", currency="JPY", lines=(line,), payments=(payment,))


@pytest.fixture
def shop(store_url) -> Iterator[Shop]:
    """Yield a shop that sold something and gave some of it back."""
    with SQLStore.open(store_url) as store:
        shop = Shop(store)
        shop.sell()
        shop.give_back("A-1", reason_type=RefundReason.CUSTOMER_SATISFACTION, message="Sorry, Jo.")
        shop.give_back("A-2", reason_type=RefundReason.DAMAGED, lines={"mugs": 1})
        shop.give_back("A-3", reason_type=RefundReason.DAMAGED, lines={"tea": 1})
        shop.give_back("T-1", reason_type=RefundReason.DAMAGED)
        shop.accounts.issue_credit_notes()
        yield shop


def test_every_order_line_by_line(shop: Shop) -> None:
    """The file has each line of each live order once, and its columns add up to what the orders say."""
    live = OrderFilter(test=False)
    rows = _exported(shop, live)
    assert [(row["order_id"], row["line_id"]) for row in rows] == [
        *(("A-1", "mugs"), ("A-1", "shipping"), ("A-2", "mugs"), ("A-2", "shipping"), ("A-3", "tea"))
    ]
    for order in shop.desk.orders(live):
        of_order = [row for row in rows if row["order_id"] == order.id]
        for column, whole in (("total", "order_total"), ("refunded", "order_refunded")):
            assert _sum(of_order, column) == _sum(of_order, whole)
        assert _sum(of_order, "refunded") == order.refunded.decimal
    assert [row["credit_notes"] for row in rows if row["order_total"]] == ["CN-000001", "", ""]


def test_a_name_that_a_spreadsheet_would_run(shop: Shop) -> None:
    """Law S4: the name is there to be read, with an apostrophe before it."""
    (row, _) = (row for row in _exported(shop) if row["order_id"] == "A-2")
    assert row["customer_name"] == f"'{FORMULA}"


def test_what_was_given_back_and_what_it_cost(shop: Shop) -> None:
    """Euros and yen stay apart, the test order counts nothing, and the fee that is lost is shown as a cost."""
    figures = refund_figures(shop.desk.orders())
    assert [
        (one.month, one.gateway, one.reason.value, str(one.refunded), [str(fee) for fee in one.fees])
        for one in figures.figures
    ] == [
        ("2026-11", "fake", "customer_satisfaction", "45.36 EUR", ["1.00 EUR"]),
        ("2026-11", "fake", "damaged", "9.91 EUR", []),
        ("2026-11", "konbini", "damaged", "334 JPY", []),
    ]


def test_proof_for_the_bank(shop: Shop) -> None:
    """When Jo's bank asks, the shop hands in order, payment, refund and credit note, and nothing internal."""
    found = evidence(shop.desk.order("A-1"), shop.desk.timeline("A-1"))
    for said in ("4 × Mug for 39.61 EUR", "45.36 EUR was given back", "Credit note CN-000001", "Jo Doe"):
        assert said in found.text
    assert "Kim" not in found.text
    assert "ticket" not in found.text


def _exported(shop: Shop, wanted: OrderFilter | None = None) -> list[dict[str, str]]:
    file = io.StringIO(newline="")
    export_orders(shop.desk.orders(wanted), file)
    return list(csv.DictReader(io.StringIO(file.getvalue(), newline="")))


def _sum(rows: list[dict[str, str]], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows if row[column]), Decimal(0))
