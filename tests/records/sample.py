"""The sample of a credit note in the documentation: ``python -m tests.records.sample`` writes it anew."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from refundkit import (
    CreditNote,
    CreditNoteDesk,
    Document,
    DocumentKind,
    MemoryStore,
    Party,
    RefundDesk,
    RefundReason,
    RefundRequest,
)
from refundkit.records.rendering import render_credit_note
from refundkit.testing.clock import FakeClock
from refundkit.testing.fake_gateway import FakeGateway
from tests.records.orders import SELLER, mug_order

PAGE = Path(__file__).parents[2] / "docs" / "samples" / "credit-note.html"


def sample() -> CreditNote:
    """Return the note about a full refund of the four mugs."""
    store, clock = MemoryStore(), FakeClock(datetime(2026, 11, 2, 9, 30, tzinfo=UTC))
    desk = RefundDesk(store=store, gateways=[FakeGateway()], clock=clock)
    desk.register(mug_order("A-1001"))
    happy = RefundReason.CUSTOMER_SATISFACTION
    desk.refund("A-1001", RefundRequest(key="goodwill-1", reason="late", reason_type=happy))
    invoice = Document(id="inv-1", kind=DocumentKind.BILLING_INVOICE, number="R-2026-0815")
    desk.add_document("A-1001", invoice)
    clock.advance(days=1)
    buyer = Party(name="Jo Doe", address=("Lighthouse Lane 3", "54321 Hilltown"), email="jo@example.org")
    notes = CreditNoteDesk(store=store, seller=SELLER, buyer=lambda _: buyer, clock=clock)
    (note,) = notes.issue_credit_notes()
    return note


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render_credit_note(sample()), encoding="utf-8")
