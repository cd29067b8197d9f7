"""The columns of an order list."""

from refundkit import Customer, OrderColumn, RefundStatus
from refundkit.records.order_list import ORDER_LIST, cell_text
from refundkit.testing.builders import NOW, eur, make_flag, make_order, with_request


def test_a_row_of_the_list():
    """Everything that somebody looks for in a list, as text."""
    order = make_order(customer=Customer(name="Jo", email="jo@example.org"), flags=(make_flag(),))
    order = with_request(order, "k", eur(1000), RefundStatus.SUCCEEDED)
    assert {column.title: column.text(order) for column in ORDER_LIST} == {
        "Order": "o-1",
        "Placed": "2026-11-01 12:00",
        "Customer": "Jo",
        "E-mail": "jo@example.org",
        "Status": "partially refunded",
        "Total": "100.00 EUR",
        "Refunded": "10.00 EUR",
        "Refundable": "90.00 EUR",
        "Paid through": "stripe",
        "Delivered": "",
        "Flagged": "yes",
        "Test": "",
    }


def test_every_column_that_sorts_is_in_the_list():
    """Each once."""
    sorts = [column.sort for column in ORDER_LIST if column.sort]
    assert sorted(sorts) == sorted(OrderColumn)


def test_a_list_of_nobody():
    """An order without customer and date has empty cells."""
    row = {column.title: column.text(make_order(placed_at=None)) for column in ORDER_LIST}
    assert (row["Customer"], row["E-mail"], row["Placed"]) == ("", "", "")
    assert cell_text(NOW) == "2026-11-01 12:00"
