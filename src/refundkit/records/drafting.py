"""Drafting: the snapshot of one refund that becomes its credit note. Parties, lines and taxes as they are now.

Each part of the refund becomes a line, with name and tax rate as the order had them when it was refunded; money
that belongs to no line becomes a line of its own, without tax. Reason and note stay where they are (law S6).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from attrs import frozen

from refundkit.model.credit_notes import CreditNote, CreditNoteLine, Party
from refundkit.model.documents import DocumentKind
from refundkit.model.fields import MAX_TEXT
from refundkit.model.orders import Order
from refundkit.model.refunds import Refund
from refundkit.money import Money
from refundkit.records.parts import Part, parts_of
from refundkit.records.wording import paid_with

__all__ = ["Letterhead", "buyer_of", "draft"]


@frozen(kw_only=True)
class Letterhead:
    """What a credit note bears besides the refund: who issues it to whom, under which number, and when."""

    series: str
    number: int
    issued_at: datetime
    seller: Party
    buyer: Party


def draft(order: Order, refund: Refund, letterhead: Letterhead) -> CreditNote:
    """Return the credit note about *refund* of *order*; its lines add up to the refund exactly."""
    return CreditNote(
        series=letterhead.series,
        number=letterhead.number,
        order_id=order.id,
        refund_id=refund.id,
        issued_at=letterhead.issued_at,
        refunded_at=refund.settled_at or refund.created_at,
        seller=letterhead.seller,
        buyer=letterhead.buyer,
        lines=tuple(_lines(order, refund)),
        gross=refund.amount,
        invoice=_invoices(order),
        paid_back=paid_with(order.payment(refund.payment_id), refund.gateway),
    )


def buyer_of(order: Order) -> Party:
    """Return the customer as the order knows them: name and e-mail, without an address."""
    customer = order.customer
    return Party() if customer is None else Party(name=customer.name, email=customer.email or "")


def _invoices(order: Order) -> str:
    numbers = (
        document.number or document.id
        for document in order.documents
        if document.kind is DocumentKind.BILLING_INVOICE
    )
    return ", ".join(numbers)[:MAX_TEXT]


def _lines(order: Order, refund: Refund) -> Iterator[CreditNoteLine]:
    yield from map(_line, parts_of(order, refund))
    rest = refund.amount - Money.sum((part.amount for part in refund.lines), refund.amount.currency)
    if rest.is_positive:
        what = "Amount without a line" if refund.lines else f"Refund of order {order.id}"
        yield CreditNoteLine(description=what, gross=rest, tax=rest * 0)


def _line(part: Part) -> CreditNoteLine:
    return CreditNoteLine(
        description=part.name,
        quantity=part.quantity,
        gross=part.given.amount,
        tax=part.given.tax,
        tax_rate=None if part.line is None else part.line.tax_rate,
    )
