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
from refundkit.model.lines import OrderLine
from refundkit.model.orders import Order
from refundkit.model.refunds import Refund, RefundLine
from refundkit.money import Money
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
    known = {line.id: line for line in _lines_at(order, refund.revision)}
    units = _whole_units(order, refund)
    for part in refund.lines:
        yield _line(part, known.get(part.line_id), units.get(part.line_id))
    rest = refund.amount - Money.sum((part.amount for part in refund.lines), refund.amount.currency)
    if rest.is_positive:
        what = "Amount without a line" if refund.lines else f"Refund of order {order.id}"
        yield CreditNoteLine(description=what, gross=rest, tax=rest * 0)


def _lines_at(order: Order, revision: int) -> tuple[OrderLine, ...]:
    """Return the lines that were in force after so many revisions."""
    if not revision:
        return order.lines
    return order.revisions[revision - 1].request.revision or ()


def _line(part: RefundLine, line: OrderLine | None, quantity: int | None) -> CreditNoteLine:
    return CreditNoteLine(
        description=part.line_id if line is None else line.name or line.sku or line.id,
        quantity=quantity,
        gross=part.amount,
        tax=part.tax,
        tax_rate=None if line is None else line.tax_rate,
    )


def _whole_units(order: Order, refund: Refund) -> dict[str, int]:
    """Return the units that came back, by line id, where this refund gives back all of their money.

    Money of one line that goes back to two payments is on two credit notes; neither can claim the units.
    """
    accepted = None if refund.key is None else order.request(refund.key)
    if accepted is None:
        return {}
    asked = {line.line_id: line for line in accepted.lines if line.quantity}
    return {
        part.line_id: asked[part.line_id].quantity
        for part in refund.lines
        if part.line_id in asked and asked[part.line_id].amount == part.amount
    }
