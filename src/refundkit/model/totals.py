"""Totals: what an order cost, as a receipt shows it. Sums of what was registered; nothing is rounded.

These always hold, to the minor unit::

    subtotal + shipping + fees − discounts = total
    total − gift_card                      = final

Every amount contains its tax. ``tax`` says how much of ``total`` is tax and is added to nothing, so
``total − tax`` is what was paid without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from refundkit.model import fields
from refundkit.model.lines import LineKind, OrderLine
from refundkit.model.payments import Payment
from refundkit.money import Money

if TYPE_CHECKING:
    from refundkit.model.orders import Order

__all__ = ["GIFT_CARDS", "OrderTotals", "total_of", "totals_of"]

# Methods of payment (or gateways, where no method is told) that spend what the customer had here already.
GIFT_CARDS = frozenset({"gift_card", "giftcard", "store_credit"})


@frozen(kw_only=True)
class OrderTotals:
    """What an order cost: ``subtotal + shipping + fees − discounts = total``, and ``total − gift_card = final``.

    ``subtotal``, ``shipping`` and ``fees`` are the lines in force by kind, before their discounts and with their
    tax; ``discounts`` are those of all lines, and ``tax`` is the part of ``total`` that is tax. ``gift_card`` is what
    gift cards and store credit paid, and ``final`` what was left to pay by other means: negative if they paid more
    than the lines cost.
    """

    subtotal: Money = field(validator=fields.amount)
    discounts: Money = field(validator=fields.amount)
    tax: Money = field(validator=fields.amount)
    shipping: Money = field(validator=fields.amount)
    fees: Money = field(validator=fields.amount)
    gift_card: Money = field(validator=fields.amount)

    @property
    def total(self) -> Money:
        """What the lines cost after their discounts, tax included."""
        return self.subtotal + self.shipping + self.fees - self.discounts

    @property
    def final(self) -> Money:
        """What was left to pay by other means than gift cards and store credit."""
        return self.total - self.gift_card


def totals_of(order: Order) -> OrderTotals:
    """Sum up *order*. Without lines, what was captured counts as one item; discounts in other currencies as none."""
    lines = order.lines_in_force
    currency = order.currency
    by_kind = {kind: _before_discount(lines, kind, currency) for kind in LineKind}
    return OrderTotals(
        subtotal=by_kind[LineKind.ITEM] if lines else order.captured,
        shipping=by_kind[LineKind.SHIPPING],
        fees=by_kind[LineKind.FEE],
        discounts=Money.sum((_discount(line, currency) for line in lines), currency),
        tax=Money.sum((line.tax for line in lines if line.tax is not None), currency),
        gift_card=Money.sum((paid.capacity for paid in order.payments if _is_gift_card(paid)), currency),
    )


def total_of(order: Order) -> Money:
    """Return ``order.totals.total`` alone."""
    return order.total if order.lines_in_force else order.captured


def _before_discount(lines: tuple[OrderLine, ...], kind: LineKind, currency: str) -> Money:
    return Money.sum(
        (line.total + _discount(line, currency) for line in lines if line.kind is kind), currency
    )


def _discount(line: OrderLine, currency: str) -> Money:
    noted = line.discount
    return noted if noted is not None and noted.currency == currency else Money.zero(currency)


def _is_gift_card(payment: Payment) -> bool:
    paid_with = payment.method or payment.gateway
    return paid_with.casefold().replace(" ", "_").replace("-", "_") in GIFT_CARDS
