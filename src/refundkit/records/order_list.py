"""Order list: the columns that a list of orders shows, as values: a title, what stands there, what it sorts by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from attrs import frozen

from refundkit.model.deliveries import DeliveryStatus
from refundkit.model.orders import Order
from refundkit.money import Money
from refundkit.stores.base import OrderColumn

__all__ = ["ORDER_LIST", "Cell", "ListColumn", "cell_text"]

Cell = str | Money | datetime | bool | None


@frozen(kw_only=True)
class ListColumn:
    """One column of a list of orders; ``sort`` is what `OrderSort` calls it, where one can sort by it."""

    title: str
    value: Callable[[Order], Cell]
    sort: OrderColumn | None = None

    def text(self, order: Order) -> str:
        """Return what stands there for *order*."""
        return cell_text(self.value(order))


def cell_text(cell: Cell) -> str:
    """Write a cell for people; moments to the minute, in UTC.

    >>> cell_text(Money.of("12.50", "EUR")), cell_text(True), cell_text(None)
    ('12.50 EUR', 'yes', '')
    """
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%Y-%m-%d %H:%M}"
    if isinstance(cell, bool):
        return "yes" if cell else ""
    return "" if cell is None else str(cell)


def _deliveries(order: Order) -> str:
    done = sum(delivery.status is DeliveryStatus.DELIVERED for delivery in order.deliveries)
    return f"{done} of {len(order.deliveries)}" if order.deliveries else ""


ORDER_LIST: Final = (
    ListColumn(title="Order", value=lambda order: order.id, sort=OrderColumn.ID),
    ListColumn(title="Placed", value=lambda order: order.placed_at, sort=OrderColumn.PLACED_AT),
    ListColumn(title="Customer", value=lambda order: order.customer.name if order.customer else None),
    ListColumn(
        title="E-mail",
        value=lambda order: order.customer.email if order.customer else None,
        sort=OrderColumn.EMAIL,
    ),
    ListColumn(title="Status", value=lambda order: order.status.replace("_", " "), sort=OrderColumn.STATUS),
    ListColumn(title="Total", value=lambda order: order.totals.total, sort=OrderColumn.TOTAL),
    ListColumn(title="Refunded", value=lambda order: order.refunded, sort=OrderColumn.REFUNDED),
    ListColumn(title="Refundable", value=lambda order: order.refundable),
    ListColumn(
        title="Paid through",
        value=lambda order: ", ".join(dict.fromkeys(payment.gateway for payment in order.payments)),
    ),
    ListColumn(title="Delivered", value=_deliveries),
    ListColumn(title="Flagged", value=lambda order: order.is_flagged, sort=OrderColumn.FLAGGED),
    ListColumn(title="Test", value=lambda order: order.test, sort=OrderColumn.TEST),
)
