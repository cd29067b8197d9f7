"""Reading an order as the people of a shop know it: its receipt, its payments, its story, and the list it stands in."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from refundkit import (
    Customer,
    LineKind,
    ManualGateway,
    Money,
    Order,
    OrderColumn,
    OrderFilter,
    OrderLine,
    OrderSort,
    OrderStatus,
    Payment,
    PaymentStatus,
    RefundDesk,
    RefundRequest,
    SQLStore,
    normalize_payment_failure,
)
from refundkit.records.order_list import ORDER_LIST
from refundkit.records.timeline import timeline_text
from refundkit.testing.clock import FakeClock
from tests.stories.shop import JO, KIM, eur

# What the card's bank said in its own word.
BROKE = normalize_payment_failure("insufficient_funds", "stripe")
CUSTOMER = Customer(name="Jo Doe", email=JO)


@pytest.fixture
def desk(store_url: str) -> Iterator[RefundDesk]:
    """A desk that takes cash, with one order on it."""
    with SQLStore.open(store_url) as store:
        desk = RefundDesk(store=store, gateways=[ManualGateway(name="cash")], clock=FakeClock())
        desk.register(the_order(), actor=KIM)
        yield desk


def the_order() -> Order:
    """Four cups at 10.00 with 10 % tax on top and 3.99 off, shipping of 11.50 at half price, partly by gift card."""
    cups = OrderLine(
        id="cups",
        name="Cup",
        quantity=4,
        unit_price=eur("10.00"),
        total=eur("39.61"),
        tax=eur("3.60"),
        tax_rate=Decimal(10),
        discount=eur("3.99"),
    )
    post = OrderLine(
        id="post",
        name="Shipping",
        total=eur("5.75"),
        tax=eur("0.75"),
        tax_rate=Decimal(15),
        discount=eur("5.75"),
        kind=LineKind.SHIPPING,
    )
    return an_order(
        "A-1001",
        lines=(cups, post),
        payments=(
            a_payment(
                "first try",
                "0.00",
                status=PaymentStatus.FAILED,
                failure=BROKE,
            ),
            a_payment("gift", "20.00", method="gift_card"),
            a_payment("card", "25.36", method="card", details={"card": {"brand": "visa", "last4": "4242"}}),
        ),
    )


def a_payment(name: str, captured: str, **more: Any) -> Payment:
    """Return one payment of A-1001."""
    return Payment(
        id=name, gateway="cash", reference=f"pi-{name.replace(' ', '-')}", captured=eur(captured), **more
    )


def an_order(name: str, **more: Any) -> Order:
    """Return an order of Jo's."""
    return Order(**{"id": name, "currency": "EUR", "customer": CUSTOMER, "placed_at": FakeClock()(), **more})


def test_the_receipt_adds_up(desk: RefundDesk) -> None:
    """What the lines cost, what was taken off, what the gift card paid, and what was left for the card."""
    totals = desk.order("A-1001").totals
    assert {name: str(getattr(totals, name).decimal) for name in ("subtotal", "shipping", "fees")} == {
        "subtotal": "43.60",
        "shipping": "11.50",
        "fees": "0.00",
    }
    assert (totals.discounts, totals.tax) == (eur("9.74"), eur("4.35"))
    assert (totals.total, totals.gift_card, totals.final) == (eur("45.36"), eur("20.00"), eur("25.36"))
    assert totals.subtotal + totals.shipping + totals.fees - totals.discounts == totals.total
    assert totals.total - totals.gift_card == totals.final


def test_who_paid_how(desk: RefundDesk) -> None:
    """Gateway, transaction, method, four digits of the card; and of the try that failed, why."""
    payments = desk.order("A-1001").payments
    assert [(paid.gateway, paid.reference, paid.method, paid.last4) for paid in payments] == [
        ("cash", "pi-first-try", None, None),
        ("cash", "pi-gift", "gift_card", None),
        ("cash", "pi-card", "card", "4242"),
    ]
    assert [paid.failure.label for paid in payments if paid.failure] == ["insufficient funds"]


def test_the_story_in_plain_words(desk: RefundDesk) -> None:
    """Every line says when, who and what."""
    wish = RefundRequest(
        key="k", reason="two broken", actor=KIM, lines={"cups": 2}, payments={"card": eur("19.81")}
    )
    desk.refund("A-1001", wish)
    desk.annotate("A-1001", actor=KIM, note="call back")
    told = timeline_text(desk.timeline("A-1001"))
    at = f"{FakeClock()():%Y-%m-%d %H:%M}"
    assert told.splitlines() == [
        f"{at}  kim (staff) registered the order over 45.36 EUR.",
        f"{at}  kim (staff) asked for 19.81 EUR back: two broken",
        f"{at}  kim (staff) had 19.81 EUR sent back to payment card.",
        f"{at}  The refund of 19.81 EUR to payment card succeeded, says cash (gateway).",
        f"{at}  kim (staff) annotated the order: call back",
    ]


@pytest.fixture
def several(desk: RefundDesk) -> RefundDesk:
    """More orders: in francs, of somebody else, without a customer, and a test order that was refunded."""
    clock = FakeClock()
    clock.advance(days=1)
    francs = Payment(id="p", gateway="cash", reference="chf-1", captured=Money.of("20.00", "CHF"))
    desk.register(an_order("B-7", currency="CHF", payments=(francs,), placed_at=clock()))
    desk.register(
        an_order(
            "C-3",
            customer=Customer(name="Al", email="AL@example.org"),
            payments=(a_payment("c3", "30.00"),),
            placed_at=None,
        )
    )
    desk.register(an_order("D-4", customer=None, payments=(a_payment("d4", "7.00"),)))
    desk.register(an_order("T-1", payments=(a_payment("t1", "99.00"),), test=True))
    desk.refund("T-1", RefundRequest(key="k", reason="a test", actor=KIM, amount=eur("9.00")))
    return desk


SORTED = [
    (OrderColumn.ID, "A-1001 B-7 C-3 D-4 T-1", "T-1 D-4 C-3 B-7 A-1001"),
    # Without a date: last in both directions.
    (OrderColumn.PLACED_AT, "A-1001 D-4 T-1 B-7 C-3", "B-7 T-1 D-4 A-1001 C-3"),
    # Without a customer: the same. Letters count alike, large and small.
    (OrderColumn.EMAIL, "C-3 A-1001 B-7 T-1 D-4", "T-1 B-7 A-1001 C-3 D-4"),
    (OrderColumn.STATUS, "A-1001 B-7 C-3 D-4 T-1", "T-1 D-4 C-3 B-7 A-1001"),
    # Francs before euros, and 20.00 of the one never against 7.00 of the other.
    (OrderColumn.TOTAL, "B-7 D-4 C-3 A-1001 T-1", "T-1 A-1001 C-3 D-4 B-7"),
    (OrderColumn.REFUNDED, "B-7 A-1001 C-3 D-4 T-1", "T-1 D-4 C-3 A-1001 B-7"),
    (OrderColumn.TEST, "A-1001 B-7 C-3 D-4 T-1", "T-1 D-4 C-3 B-7 A-1001"),
]


@pytest.mark.parametrize(("by", "up", "down"), SORTED, ids=[by for by, _, _ in SORTED])
def test_the_list_by_any_column(several: RefundDesk, by: OrderColumn, up: str, down: str) -> None:
    """Up and down, as a click on the head of the column does."""
    listed = [
        [order.id for order in several.orders(sort=OrderSort(by=by, descending=d))] for d in (False, True)
    ]
    assert [" ".join(names) for names in listed] == [up, down]


def test_a_filtered_list_with_its_columns(several: RefundDesk) -> None:
    """Paid orders of real customers, newest first, as a page shows them."""
    wanted = OrderFilter(statuses=(OrderStatus.PAID,), test=False, email="JO@EXAMPLE.org")
    newest_first = OrderSort(by=OrderColumn.PLACED_AT, descending=True)
    shown = ("Order", "Customer", "Status", "Total", "Paid through", "Test")
    columns = [column for column in ORDER_LIST if column.title in shown]
    assert [
        [column.text(order) for column in columns] for order in several.orders(wanted, sort=newest_first)
    ] == [
        ["B-7", "Jo Doe", "paid", "20.00 CHF", "cash", ""],
        ["A-1001", "Jo Doe", "paid", "45.36 EUR", "cash", ""],
    ]


def test_failed_payments_are_found(several: RefundDesk) -> None:
    """Orders with a payment that failed, whatever became of them later."""
    wanted = OrderFilter(payment_status=PaymentStatus.FAILED)
    assert [order.id for order in several.orders(wanted)] == ["A-1001"]


def test_test_orders_are_in_no_figure(several: RefundDesk) -> None:
    """Law S7: they are tagged in the list, and left out of what is known about a customer."""
    record = several.customer(JO)
    assert [(order.id, order.test) for order in record.orders] == [
        ("A-1001", False),
        ("B-7", False),
        ("T-1", True),
    ]
    assert record.refunded == (Money.of("0.00", "CHF"), eur("0.00"))
