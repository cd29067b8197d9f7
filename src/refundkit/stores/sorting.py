"""Sorting: by which column an order list is sorted, and what that means, for every store alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from refundkit.model import fields
from refundkit.model.orders import Order
from refundkit.model.totals import total_of
from refundkit.money import Money

__all__ = ["BY_ID", "OrderColumn", "OrderSort", "email_key"]


def email_key(order: Order) -> str | None:
    """Return what the customer's e-mail is looked up by."""
    email = order.customer.email if order.customer else None
    return email.casefold() if email else None


class OrderColumn(StrEnum):
    """What a list of orders can be sorted by. Statuses sort by their words, e-mails without regard to case."""

    ID = "id"
    PLACED_AT = "placed_at"
    EMAIL = "email"
    STATUS = "status"
    TOTAL = "total"
    REFUNDED = "refunded"
    FLAGGED = "flagged"
    TEST = "test"


def _amount(money: Money) -> tuple[str, int]:
    return money.currency, money.minor


_KEYS: Mapping[OrderColumn, Callable[[Order], Any]] = {
    OrderColumn.ID: lambda order: order.id,
    OrderColumn.PLACED_AT: lambda order: order.placed_at,
    OrderColumn.EMAIL: email_key,
    OrderColumn.STATUS: lambda order: order.status.value,
    OrderColumn.TOTAL: lambda order: _amount(total_of(order)),
    OrderColumn.REFUNDED: lambda order: _amount(order.refunded),
    OrderColumn.FLAGGED: lambda order: order.is_flagged,
    OrderColumn.TEST: lambda order: order.test,
}


@frozen(kw_only=True)
class OrderSort:
    """By which column orders are listed, and in which direction.

    Orders that are alike come by id, and in the other direction with ``descending`` as well. Those without a value
    (no date, no e-mail) come last in both. Amounts are sorted by currency first: two currencies are never compared
    (law M4).
    """

    by: OrderColumn = field(default=OrderColumn.ID, validator=fields.choice(OrderColumn))
    descending: bool = field(default=False, validator=fields.flag)

    def arranged(self, orders: Iterable[Order]) -> list[Order]:
        """Return *orders* in this order."""
        keyed = [(_KEYS[self.by](order), order.id, order) for order in orders]
        known = [row for row in keyed if row[0] is not None]
        unknown = [row for row in keyed if row[0] is None]
        known.sort(key=lambda row: row[:2], reverse=self.descending)
        unknown.sort(key=lambda row: row[1], reverse=self.descending)
        return [order for _, _, order in (*known, *unknown)]


BY_ID = OrderSort()
