"""Importing: an order of Shopify's becomes an Order, with everything in the currency the customer paid in.

What was bought and paid is taken over as it was at first; what was given back since is found by the fetch
that follows, like any refund made elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from refundkit.errors import InvalidValueError
from refundkit.gateways.records import Record, UnreadableError, inner, text
from refundkit.gateways.shopify.amounts import from_shopify
from refundkit.gateways.shopify.reading import (
    PARENT_KINDS,
    Transaction,
    moment,
    nodes,
    records,
    transactions_of,
)
from refundkit.model.lines import LineKind, OrderLine
from refundkit.model.orders import Order
from refundkit.model.parties import Customer
from refundkit.model.payments import Payment, PaymentStatus
from refundkit.model.words import quoted
from refundkit.money import Money

__all__ = ["OTHER_CHARGES", "order_of"]

# Duties, tips, additional fees and cash rounding: part of the price, and of no line.
OTHER_CHARGES: Final = "other-charges"

_TAKEN = {
    "SUCCESS": PaymentStatus.CAPTURED,
    "PENDING": PaymentStatus.PENDING,
    "AWAITING_RESPONSE": PaymentStatus.PENDING,
    "UNKNOWN": PaymentStatus.PENDING,
}


def order_of(order: Record, items: Iterable[Record], gateway: str) -> Order:
    """Build an Order from Shopify's, with *items* as its line items and *gateway* as its payments' gateway.

    Raises:
        UnreadableError: if something is missing.
        InvalidValueError: if the lines cost more than the order, as after some edits.
    """
    currency = text(order, "presentmentCurrencyCode")
    is_taxed = order.get("taxesIncluded") is True
    lines = [_item(record, is_taxed=is_taxed) for record in items if record.get("quantity") != 0]
    lines += [_shipping(record, number, is_taxed) for number, record in enumerate(_shipped(order), 1)]
    email = order.get("email")
    return Order(
        id=text(order, "id"),
        currency=currency,
        lines=(*lines, *_other_charges(order, lines, currency)),
        payments=tuple(_payments(order, gateway)),
        customer=Customer(email=email) if isinstance(email, str) and email.strip() else None,
        placed_at=moment(order, "createdAt"),
        test=order.get("test") is True,
        metadata={"name": quoted(order.get("name"))},
    )


def _item(record: Record, *, is_taxed: bool) -> OrderLine:
    quantity = record.get("quantity")
    if type(quantity) is not int:
        raise UnreadableError("quantity is no whole number")
    gross = _bag(record, "originalTotalSet")
    discounts = records(record, "discountAllocations")
    discount = Money.sum((_bag(one, "allocatedAmountSet") for one in discounts), gross.currency)
    tax = _tax(record, gross.currency)
    net = gross - discount
    return OrderLine(
        id=text(record, "id"),
        name=quoted(record.get("name")),
        sku=quoted(record.get("sku")).strip() or None,
        quantity=quantity,
        total=net if is_taxed else net + tax,
        tax=tax,
        tax_rate=_tax_rate(record),
        unit_price=_bag(record, "originalUnitPriceSet"),
        discount=discount if discounts else None,
    )


def _shipped(order: Record) -> list[Record]:
    if inner(inner(order, "shippingLines"), "pageInfo").get("hasNextPage") is not False:
        raise UnreadableError("there are more shipping lines than can be read")
    return nodes(order, "shippingLines")


def _shipping(record: Record, number: int, is_taxed: bool) -> OrderLine:  # noqa: FBT001
    price = _bag(record, "discountedPriceSet")
    tax = _tax(record, price.currency)
    return OrderLine(
        id=quoted(record.get("id")) or f"shipping-{number}",
        name=quoted(record.get("title")),
        kind=LineKind.SHIPPING,
        total=price if is_taxed else price + tax,
        tax=tax,
        tax_rate=_tax_rate(record),
    )


def _other_charges(order: Record, lines: Iterable[OrderLine], currency: str) -> Iterator[OrderLine]:
    """Yield a line for what the order costs beyond its lines, if it does."""
    total = _bag(order, "totalPriceSet")
    rest = total - Money.sum((line.total for line in lines), currency)
    if rest.minor < 0:
        raise InvalidValueError(
            f"The lines of Shopify's order {order.get('id')} cost {total - rest}, the order {total}: it was "
            "edited. Build the Order from what the customer owes now and register it yourself.",
            field="total",
            value=total,
        )
    if rest.is_positive:
        name = "Duties, tips, fees and rounding"
        yield OrderLine(id=OTHER_CHARGES, name=name, kind=LineKind.FEE, total=rest)


def _payments(order: Record, gateway: str) -> Iterator[Payment]:
    """Yield one payment for each sale or capture that took money or still may."""
    for one in transactions_of(order):
        if one.kind in PARENT_KINDS and one.status in _TAKEN:
            yield _payment(one, order, gateway)


def _payment(one: Transaction, order: Record, gateway: str) -> Payment:
    return Payment(
        id=one.id,
        gateway=gateway,
        reference=one.id,
        group=text(order, "id"),
        captured=one.amount,
        captured_at=one.at,
        status=_TAKEN[one.status],
        method=one.gateway.strip() or None,
        details={"shop_currency": text(order, "currencyCode")},
    )


def _tax(record: Record, currency: str) -> Money:
    return Money.sum((_bag(one, "priceSet") for one in records(record, "taxLines")), currency)


def _tax_rate(record: Record) -> Decimal | None:
    """Add up the rates of a line's taxes, in percent; None if one is not told."""
    rates = [one.get("ratePercentage") for one in records(record, "taxLines")]
    exact = [Decimal(rate) for rate in rates if type(rate) in (int, Decimal) and rate is not None]
    rate = sum(exact, Decimal(0))
    return rate if exact and len(exact) == len(rates) and 0 <= rate <= 1000 else None


def _bag(record: Record, name: str) -> Money:
    return from_shopify(inner(record, name).get("presentmentMoney"))
