"""Orders for the tests of records: four mugs with 10 % tax on top, a discount, shipping at half price."""

from __future__ import annotations

from typing import Any

from refundkit import CreditNote, CreditNoteLine, Customer, LineKind, Money, Order, OrderLine, Party, Payment
from refundkit.testing.builders import NOW

SELLER = Party(
    name="Tea & Mugs Ltd",
    address=("Harbour Road 7", "12345 Porttown"),
    email="hello@mugs.example",
    tax_id="XY 123 456 789",
)


def eur(amount: str) -> Money:
    """Return an amount of EUR."""
    return Money.of(amount, "EUR")


def mugs(**changes: Any) -> OrderLine:
    """Return 4 × 10.00 less 3.99, and 10 % of tax on top of that: 36.01 + 3.60."""
    told: dict[str, Any] = {"id": "mugs", "name": "Mug", "quantity": 4, "sku": "mug-1", "tax_rate": 10}
    prices = {"unit_price": eur("10.00"), "discount": eur("3.99"), "total": eur("39.61"), "tax": eur("3.60")}
    return OrderLine(**{**told, **prices, **changes})


def shipping() -> OrderLine:
    """Return shipping for 11.50 at half price, with 15 % of tax inside: 5.00 + 0.75."""
    prices = {"unit_price": eur("11.50"), "discount": eur("5.75"), "total": eur("5.75"), "tax": eur("0.75")}
    return OrderLine(id="shipping", name="Shipping", tax_rate=15, kind=LineKind.SHIPPING, **prices)


def paid(amount: str = "45.36", number: int = 1, **changes: Any) -> Payment:
    """Return a payment at the fake gateway, by card."""
    told: dict[str, Any] = {
        "id": f"p-{number}",
        "gateway": "fake",
        "reference": f"ref-{number}",
        "captured": eur(amount),
        "captured_at": NOW,
        "method": "card",
        "details": {"card": {"last4": "4242"}},
    }
    return Payment(**{**told, **changes})


def mug_order(order_id: str = "o-1", **changes: Any) -> Order:
    """Return an order of 45.36: the mugs and their shipping."""
    told: dict[str, Any] = {
        "id": order_id,
        "currency": "EUR",
        "lines": (mugs(), shipping()),
        "payments": (paid(),),
        "customer": Customer(name="Jo Doe", email="jo@example.org"),
        "placed_at": NOW,
    }
    return Order(**{**told, **changes})


def a_note(**changes: Any) -> CreditNote:
    """Return a credit note about one mug."""
    line = CreditNoteLine(description="Mug", quantity=1, gross=eur("11.00"), tax=eur("1.00"), tax_rate=10)
    told: dict[str, Any] = {
        "series": "CN",
        "number": 17,
        "order_id": "o-1",
        "refund_id": "r-1",
        "issued_at": NOW,
        "seller": SELLER,
        "buyer": Party(name="Jo Doe", email="jo@example.org"),
        "lines": (line,),
        "gross": eur("11.00"),
    }
    return CreditNote(**{**told, **changes})
