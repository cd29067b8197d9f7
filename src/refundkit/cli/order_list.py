"""Orders in a list: as much of each as fits into one row of a terminal.

`refundkit.records.order_list` has every column, for pages that are wide; this one has what 80 columns can hold.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from refundkit.cli.order_page import marks, words
from refundkit.cli.screen import Cell, Column, day, is_wide, plain, table
from refundkit.model.orders import Order

__all__ = ["show_list"]


def show_list(orders: Iterable[Order]) -> None:
    """Write the list; where there is room, with what total and left tell as well."""
    more = is_wide()
    table(
        (
            Column("order"),
            Column("placed"),
            Column("customer"),
            Column("total", right=True),
            *((Column("refunded", right=True),) if more else ()),
            Column("left", right=True),
            # "partially refunded"; what makes an order special stands below it.
            Column("status", most=None if more else 18),
        ),
        (_row(order, [_refunded(order)] if more else []) for order in orders),
    )


def _row(order: Order, more: list[str]) -> list[Cell]:
    left = f"{order.refundable.decimal}"
    return [order.id, day(order.placed_at), _customer(order), order.total, *more, left, _standing(order)]


def _refunded(order: Order) -> str:
    return f"{order.refunded.decimal}" if order.refunded.is_positive else ""


def _customer(order: Order) -> str:
    return "" if order.customer is None else order.customer.email or order.customer.name


def _standing(order: Order) -> Text:
    """Say where an order stands, and what makes it special."""
    text = Text(plain(words(order.status)))
    for mark, style in marks(order):
        text.append(f" {mark}", style=style)
    return text
