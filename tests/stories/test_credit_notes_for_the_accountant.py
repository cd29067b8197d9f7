"""The accountant gets a credit note for every refund that made a customer happy: complete, and numbered without gaps.

Jo bought four mugs. They came late; Jo gets everything back and the accountant a credit note that adds up to the
cent. Other refunds follow: some deserve a note, some do not, and one comes back from the bank after its note.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from refundkit import (
    Actor,
    CreditNote,
    CreditNoteDesk,
    Event,
    EventKind,
    Party,
    RefundDesk,
    RefundReason,
    RefundRequest,
    RefundStatus,
    SQLStore,
    refund_figures,
    render_credit_note,
)
from refundkit.testing.clock import FakeClock
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.records.orders import SELLER, eur, mug_order, paid

KIM = Actor.staff("kim")
HAPPY = RefundReason.CUSTOMER_SATISFACTION
REASON = "came late; Kim thinks that the courier lost it at first"


class Shop:
    """A shop with a desk for refunds and a desk for credit notes, on one store."""

    def __init__(self, store: SQLStore) -> None:
        self.clock, self.gateway = FakeClock(), FakeGateway(name="fake")
        self.news: list[Event] = []
        self.desk = RefundDesk(store=store, gateways=[self.gateway], clock=self.clock)
        self.accounts = CreditNoteDesk(
            store=store, seller=SELLER, buyer=_buyer, clock=self.clock, listeners=[self.news.append]
        )

    def sell(self, name: str, **changes) -> None:
        """Sell four mugs."""
        self.desk.register(mug_order(name, payments=(paid(reference=f"ref-{name}"),), **changes))

    def give_back(self, name: str, amount: str | None = None, **wish) -> None:
        """Give money back, or all that is left."""
        asked = {"key": f"{name}-{amount}", "reason": REASON, "reason_type": HAPPY, "actor": KIM, **wish}
        self.desk.refund(name, RefundRequest(amount=None if amount is None else eur(amount), **asked))

    def note_of(self, name: str) -> CreditNote:
        """Return the last credit note of an order."""
        return self.desk.order(name).credit_notes[-1]


def _buyer(order) -> Party:
    return Party(name=order.customer.name, address=("Lighthouse Lane 3", "54321 Hilltown"))


@pytest.fixture
def shop(store_url) -> Iterator[Shop]:
    """Yield a shop that sold four mugs to Jo."""
    with SQLStore.open(store_url) as store:
        shop = Shop(store)
        shop.sell("A-1001")
        yield shop


def test_the_accountant_is_pleased(shop: Shop) -> None:
    """Each refund that deserves one gets one credit note, whatever happens around it."""
    jo_gets_everything_back_and_the_note_adds_up(shop)
    the_note_is_printed_without_what_is_internal(shop)
    other_reasons_and_open_refunds_get_no_note(shop)
    a_test_order_takes_no_number_of_the_books(shop)
    the_bank_sends_a_refund_back_and_the_accountant_is_told(shop)
    the_numbers_have_no_gap(shop)


def jo_gets_everything_back_and_the_note_adds_up(shop: Shop) -> None:
    """4×10.00 with 10 % on top, 3.99 off, shipping of 11.50 at half price: 45.36 with tax of 3.60 and 0.75."""
    shop.give_back("A-1001")
    assert [note.name for note in shop.accounts.issue_credit_notes()] == ["CN-000001"]
    assert shop.accounts.issue_credit_notes() == ()
    note = shop.note_of("A-1001")
    assert note.gross == eur("45.36") == shop.desk.order("A-1001").refunded
    assert [(str(one.rate), one.tax) for one in note.taxes] == [("15", eur("0.75")), ("10", eur("3.60"))]
    assert shop.news[-1].kind is EventKind.CREDIT_NOTE_ISSUED


def the_note_is_printed_without_what_is_internal(shop: Shop) -> None:
    """Law S6: everything that the customer may read is on the page, and what Kim wrote is not."""
    page = render_credit_note(shop.note_of("A-1001"))
    for shown in ("CN-000001", "A-1001", "Lighthouse Lane 3", "36.01", "45.36", "card ending in 4242"):
        assert shown in page
    assert "Kim" not in page
    assert "courier" not in page


def other_reasons_and_open_refunds_get_no_note(shop: Shop) -> None:
    """Damaged goods are no goodwill, and what the gateway has not paid out yet is no refund."""
    shop.sell("A-1002")
    shop.give_back("A-1002", "5.00", reason_type=RefundReason.DAMAGED)
    shop.gateway.faults.append(Fault.PENDING)
    shop.give_back("A-1002", "6.00")
    assert shop.accounts.issue_credit_notes() == ()
    pending = shop.desk.order("A-1002").refunds[1]
    shop.gateway.settle(pending.reference, RefundStatus.SUCCEEDED)
    shop.desk.refresh("A-1002")
    assert [note.gross for note in shop.accounts.issue_credit_notes()] == [eur("6.00")]


def a_test_order_takes_no_number_of_the_books(shop: Shop) -> None:
    """Law S7: trying out the shop leaves its mark in a series of its own."""
    shop.sell("TEST-1", test=True)
    shop.give_back("TEST-1")
    assert [note.name for note in shop.accounts.issue_credit_notes()] == ["CN-TEST-000001"]


def the_bank_sends_a_refund_back_and_the_accountant_is_told(shop: Shop) -> None:
    """A note is never taken back. That its money came back is in the figures, until it is gone again."""
    shop.sell("A-1003")
    shop.give_back("A-1003")
    (note,) = shop.accounts.issue_credit_notes()
    refund = shop.desk.order("A-1003").refund(note.refund_id)
    shop.clock.advance(days=9)
    shop.gateway.settle(refund.reference, RefundStatus.FAILED)
    shop.desk.refresh("A-1003")
    assert shop.desk.order("A-1003").credit_notes == (note,)
    assert refund_figures(shop.desk.orders()).to_correct == (note,)
    shop.give_back("A-1003", key="once more")
    assert [again.gross for again in shop.accounts.issue_credit_notes()] == [eur("45.36")]


def the_numbers_have_no_gap(shop: Shop) -> None:
    """In the end the numbers are 1, 2, 3, 4, and their dates ascend with them."""
    notes = [note for order in shop.desk.orders() for note in order.credit_notes if not order.test]
    notes.sort(key=lambda note: note.number)
    assert [note.number for note in notes] == [1, 2, 3, 4]
    dates = [note.issued_at for note in notes]
    assert dates == sorted(dates)
    assert shop.accounts.issue_credit_notes() == ()
