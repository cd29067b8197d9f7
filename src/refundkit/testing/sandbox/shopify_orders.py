"""Orders of the Shopify sandbox: from what a test says to what Shopify would have written down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from refundkit.testing.sandbox.shopify_books import ShopifyBooks

__all__ = ["order_record"]

Record = dict[str, Any]


def order_record(books: ShopifyBooks, paid: Iterable[Decimal], options: Mapping[str, Any]) -> Record:
    """Write down an order that costs what was *paid*, unless ``total`` says otherwise.

    ``lines``: mappings of ``name``, ``quantity``, ``price`` (of one unit), ``discount`` (of all of them),
    ``tax``, ``rate``, ``sku``; one line for everything if there are none. ``shipping``: mappings of ``title``,
    ``price``, ``tax``, ``rate``.
    """
    number = books.new_id("Order")
    paid_total = sum(paid, Decimal(0))
    order: Record = {
        "id": number,
        "name": f"#{number.rpartition('/')[2]}",
        "email": options.get("email", "jo@example.com"),
        "test": options.get("test", False),
        "createdAt": books.now(),
        "cancelledAt": None,
        "presentmentCurrencyCode": options.get("currency", "USD"),
        "currencyCode": options.get("shop_currency", options.get("currency", "USD")),
        "taxesIncluded": options.get("taxes_included", True),
        "transactions": [],
        "refunds": [],
        "disputes": [],
    }
    everything = ({"name": "Everything", "quantity": 1, "price": str(paid_total)},)
    order["totalPriceSet"] = books.bag(options.get("total", paid_total), order)
    order["lineItems"] = [_line(books, order, one) for one in options.get("lines", everything)]
    order["shippingLines"] = [_shipping(books, order, one) for one in options.get("shipping", ())]
    books.orders[number] = order
    return order


def _line(books: ShopifyBooks, order: Record, line: Mapping[str, Any]) -> Record:
    quantity = line.get("quantity", 1)
    discount = line.get("discount")
    return {
        "id": books.new_id("LineItem"),
        "name": line.get("name", "Mug"),
        "sku": line.get("sku"),
        "quantity": quantity,
        "currentQuantity": quantity,
        "originalUnitPriceSet": books.bag(line["price"], order),
        "originalTotalSet": books.bag(Decimal(line["price"]) * quantity, order),
        "discountAllocations": [{"allocatedAmountSet": books.bag(discount, order)}] if discount else [],
        "taxLines": _taxes(books, order, line),
    }


def _shipping(books: ShopifyBooks, order: Record, line: Mapping[str, Any]) -> Record:
    return {
        "id": books.new_id("ShippingLine"),
        "title": line.get("title", "Standard"),
        "originalPriceSet": books.bag(line["price"], order),
        "discountedPriceSet": books.bag(line["price"], order),
        "taxLines": _taxes(books, order, line),
    }


def _taxes(books: ShopifyBooks, order: Record, line: Mapping[str, Any]) -> list[Record]:
    if "tax" not in line:
        return []
    rate = float(line["rate"]) if "rate" in line else None
    per_one = None if rate is None else rate / 100
    return [
        {"title": "VAT", "rate": per_one, "ratePercentage": rate, "priceSet": books.bag(line["tax"], order)}
    ]
