"""Credit notes: one for each refund that deserves one, with everything on it, numbered without gaps."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from unittest import mock

import attrs
import pytest

from refundkit import (
    CreditNoteDesk,
    Document,
    DocumentKind,
    EventKind,
    InvalidValueError,
    LineRefund,
    ManualGateway,
    Money,
    OrderNotFoundError,
    Party,
    RefundReason,
    RefundStatus,
    RestockingFee,
)
from refundkit.serialization import dumps
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import KIM, Shop, a_request, eur
from tests.records.orders import SELLER, mug_order, mugs, paid, shipping

HAPPY = RefundReason.CUSTOMER_SATISFACTION


class Books(Shop):
    """A shop that sold four mugs and has a bookkeeper."""

    def __init__(self, *faults, order=None, **desk):
        super().__init__(*faults, order=order or mug_order(), **desk)
        self.notes = self.note_desk()

    def note_desk(self, **options):
        """Return a desk for credit notes, as another process would have it."""
        return CreditNoteDesk(**{"store": self.store, "seller": SELLER, "clock": self.clock, **options})

    def give(self, amount=None, key="return-1", **wish):
        """Refund to make somebody happy."""
        return self.refund(amount, key, **{"reason_type": HAPPY, **wish})

    def only_note(self):
        """Issue what is missing, which is one note."""
        (note,) = self.notes.issue_credit_notes()
        return note


@pytest.fixture
def books():
    """Return a shop that sold four mugs and has a bookkeeper."""
    return Books()


def test_the_sums_of_a_full_refund(books):
    """4×10.00 less 3.99 with 10 % on top, and shipping of 11.50 at half price: 45.36, with 3.60 and 0.75 of tax."""
    books.give()
    note = books.only_note()
    assert (note.gross, note.net, note.tax) == (eur("45.36"), eur("41.01"), eur("4.35"))
    assert [(one.rate, one.net, one.tax, one.gross) for one in note.taxes] == [
        (Decimal(15), eur("5.00"), eur("0.75"), eur("5.75")),
        (Decimal(10), eur("36.01"), eur("3.60"), eur("39.61")),
    ]
    assert [(line.description, line.quantity) for line in note.lines] == [("Mug", 4), ("Shipping", 1)]


def test_what_stands_on_a_note():
    """Number, dates, parties, invoice and how the money went back are kept as they are on this day."""
    books = Books()
    books.give()
    books.desk.add_document("o-1", Document(id="d-1", kind=DocumentKind.BILLING_INVOICE, number="R-17"))
    refunded_at = books.clock()
    books.clock.advance(days=2)
    note = books.only_note()
    assert (note.name, note.order_id, note.refund_id) == ("CN-000001", "o-1", books.only_refund.id)
    assert (note.refunded_at, note.issued_at) == (refunded_at, books.clock())
    assert (note.seller, note.buyer) == (SELLER, Party(name="Jo Doe", email="jo@example.org"))
    assert (note.invoice, note.paid_back) == ("R-17", "card ending in 4242")
    assert books.order.credit_notes == (note,)


def test_a_note_is_told_of(books):
    """The timeline and the listeners hear of it, with its number and who issued it."""
    heard = []
    books.give()
    note = books.note_desk(listeners=[heard.append]).issue("o-1", books.only_refund.id, actor=KIM)
    event = books.desk.timeline("o-1")[-1]
    assert heard[-1] == event
    assert (event.kind, event.actor, event.text) == (EventKind.CREDIT_NOTE_ISSUED, KIM, note.name)
    assert (event.refund_id, event.amount) == (books.only_refund.id, eur("45.36"))
    assert dict(event.data) == {"series": "CN", "number": 1}


def test_each_refund_has_one_note(books):
    """Running it again, by hand or elsewhere, issues nothing new."""
    books.give("10.00", "a")
    books.give("5.00", "b")
    first = books.notes.issue_credit_notes()
    assert [note.name for note in first] == ["CN-000001", "CN-000002"]
    assert books.notes.issue_credit_notes() == ()
    assert books.note_desk(eligible="all").issue_credit_notes() == ()
    assert books.notes.issue("o-1", first[0].refund_id, actor=KIM) == first[0]
    books.give("1.00", "c")
    assert books.only_note().name == "CN-000003"


@pytest.mark.parametrize(
    ("eligible", "reasons"),
    [
        pytest.param(None, ["customer_satisfaction"], id="default"),
        pytest.param({RefundReason.DAMAGED}, ["damaged"], id="set"),
        pytest.param([RefundReason.DAMAGED, HAPPY], ["customer_satisfaction", "damaged"], id="list"),
        pytest.param("all", ["customer_satisfaction", "damaged", None], id="all"),
        pytest.param(lambda _, refund: refund.amount > eur("1.50"), ["damaged", None], id="callable"),
    ],
)
def test_who_gets_one(books, eligible, reasons):
    """By default whoever was refunded to be satisfied; otherwise as the shop says, of ours and of adopted ones."""
    books.give("1.00", "a")
    books.give("2.00", "b", reason_type=RefundReason.DAMAGED)
    books.desk.record_external("o-1", "p-1", eur("3.00"), reference="re-9", actor=KIM)
    chosen = {} if eligible is None else {"eligible": eligible}
    issued = books.note_desk(**chosen).issue_credit_notes()
    got = [books.order.refund(note.refund_id).reason_type for note in issued]
    assert [reason and reason.value for reason in got] == reasons


@pytest.mark.parametrize("eligible", ["damaged", "ALL", ["damaged"], [None]])
def test_an_unknown_rule_is_refused(books, eligible):
    """A misspelt reason must not mean that nobody gets a note."""
    with pytest.raises(InvalidValueError, match="RefundReasons, a callable"):
        books.note_desk(eligible=eligible)


def test_by_hand_for_anybody(books):
    """A person may issue a note that no run would."""
    books.give(reason_type=RefundReason.DAMAGED)
    assert books.notes.issue_credit_notes() == ()
    assert books.notes.issue("o-1", books.only_refund.id, actor=KIM).gross == eur("45.36")


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.LOST_ANSWER, RefundStatus.SUBMITTED),
        (Fault.PENDING, RefundStatus.PENDING),
        (Fault.DECLINE, RefundStatus.FAILED),
    ],
)
def test_only_money_that_went_back(fault, status):
    """What is submitted, pending or failed has no note, not even by hand."""
    books = Books(fault)
    books.give()
    assert books.only_refund.status is status
    assert books.note_desk(eligible="all").issue_credit_notes() == ()
    with pytest.raises(InvalidValueError, match=status.value):
        books.notes.issue("o-1", books.only_refund.id, actor=KIM)


@pytest.mark.parametrize(("order_id", "refund_id"), [("o-2", "r-1"), ("o-1", "r-1")])
def test_a_refund_that_is_not_there(books, order_id, refund_id):
    """Law C4: a refund that the order does not have gets no note through it."""
    with pytest.raises(OrderNotFoundError):
        books.notes.issue(order_id, refund_id, actor=KIM)


def test_a_number_that_nobody_needs_is_not_lost(books):
    """A refund that is sent back between the look and the number leaves no gap."""
    books.give("1.00", "a")
    books.give("2.00", "b")
    stale = books.order
    first, _ = books.order.refunds
    books.store.change("o-1", lambda order: (order.with_refund(first.moved(RefundStatus.FAILED)), ()))
    assert books.notes._issue(stale, first.id, KIM) == ()
    assert books.only_note().number == 1


def test_test_orders_have_a_series_of_their_own():
    """Law S7: test orders never take a number of the live series, and the two series are never one."""
    books = Books(order=mug_order(test=True))
    books.give("1.00", "a")
    assert books.only_note().name == "CN-TEST-000001"
    books.give("2.00", "b")
    (note,) = books.note_desk(series="R", test_series="TRY").issue_credit_notes()
    assert note.name == "TRY-000001"
    with pytest.raises(InvalidValueError, match="series of live ones"):
        books.note_desk(test_series="CN")


def test_reason_and_note_stay_here(books):
    """Law S6: neither reason, note nor message of a request reach the note."""
    books.give(reason="SECRET-REASON", note="SECRET-NOTE", message="SECRET-MESSAGE")
    assert "SECRET" not in dumps(books.only_note())


def test_units_and_a_restocking_fee(books):
    """Two mugs back with a fee of ten percent: two units, and the money that went back."""
    fee = RestockingFee(percent=10)
    books.give(lines={"mugs": 2}, restocking_fee=fee)
    (line,) = books.only_note().lines
    assert (line.quantity, line.gross) == (2, books.only_refund.amount)
    assert line.gross == eur("17.83")
    assert line.tax == eur("1.62")


def test_money_without_units(books):
    """An amount is spread over the lines, and no unit came back."""
    books.give("10.00")
    note = books.only_note()
    assert [(line.description, line.quantity) for line in note.lines] == [("Mug", None), ("Shipping", None)]
    assert note.gross == eur("10.00")


def test_units_and_money_of_one_line(books):
    """Where units come back for an agreed price, both stand on the note."""
    books.give(lines=(LineRefund(line_id="mugs", quantity=1, amount=eur("5.00")),))
    (line,) = books.only_note().lines
    assert (line.quantity, line.gross) == (1, eur("5.00"))


def test_two_payments_are_two_notes():
    """Each payment gets its own; the line that is cut in two claims its units on neither."""
    books = Books(order=mug_order(payments=(paid("25.36"), paid("20.00", 2, method="gift_card", details={}))))
    books.give()
    one, other = books.notes.issue_credit_notes()
    assert one.gross + other.gross == eur("45.36")
    assert one.tax + other.tax == eur("4.35")
    units = [(line.description, line.quantity) for note in (one, other) for line in note.lines]
    assert units == [("Mug", None), ("Mug", None), ("Shipping", 1)]
    assert (one.paid_back, other.paid_back) == ("card ending in 4242", "gift card")


def test_money_that_goes_another_way():
    """What comes back as store credit says so, and no card is named."""
    credit = ManualGateway(name="store_credit", any_payment=True)
    books = Books(others=[credit])
    books.give("5.00", via="store_credit")
    assert books.only_note().paid_back == "store credit"


def test_an_order_without_lines():
    """Where the shop registered no lines, the money is one line without tax."""
    books = Books(order=mug_order(lines=()))
    books.give("5.00")
    (line,) = books.only_note().lines
    assert (line.description, line.gross, line.tax) == ("Refund of order o-1", eur("5.00"), eur("0.00"))
    assert (line.tax_rate, line.quantity) == (None, None)


def test_money_beyond_the_lines():
    """What was paid beyond the lines is a line of its own."""
    books = Books(order=mug_order(payments=(paid("50.00"),)))
    books.give()
    note = books.only_note()
    assert [line.description for line in note.lines][-1] == "Amount without a line"
    assert note.lines[-1].gross == eur("4.64")
    assert note.gross == eur("50.00")


def test_the_lines_of_their_time(books):
    """After the order was changed, each note names the lines as they were when its money went back."""
    renamed = mugs(name="Big mug", quantity=3, total=eur("29.71"), tax=eur("2.70"), discount=None, tax_rate=7)
    books.desk.change("o-1", a_request(revision=(renamed, shipping()), reason_type=HAPPY))
    books.give("5.00", "later")
    change, later = books.notes.issue_credit_notes()
    assert [(line.description, line.tax_rate) for line in change.lines] == [("Mug", Decimal(10))]
    assert (later.lines[0].description, later.lines[0].tax_rate) == ("Big mug", Decimal(7))
    assert change.gross == eur("9.90")


def test_names_of_last_resort():
    """A line without a name goes by its stock number, or by its id."""
    books = Books(order=mug_order(lines=(mugs(name=""), attrs.evolve(shipping(), name=""))))
    books.give()
    assert [line.description for line in books.only_note().lines] == ["mug-1", "shipping"]


def test_a_customer_nobody_knows():
    """An order without a customer has a note without a buyer; the shop may say who it was."""
    books = Books(order=mug_order(customer=None))
    books.give("1.00", "a")
    assert books.only_note().buyer == Party()
    firm = Party(name="Big Firm", address=("Street 1",), tax_id="DE1")
    books.give("2.00", "b")
    (note,) = books.note_desk(buyer=lambda _: firm).issue_credit_notes()
    assert note.buyer == firm


def test_since(books):
    """A run that looks back to a moment leaves earlier refunds alone, and takes what settled at that moment."""
    books.give("1.00", "a")
    books.clock.advance(days=1)
    since = books.clock()
    books.give("2.00", "b")
    (note,) = books.notes.issue_credit_notes(since)
    assert note.gross == eur("2.00")
    assert books.notes.issue_credit_notes(since + timedelta(seconds=1)) == ()
    assert books.only_note().gross == eur("1.00")


def test_a_refund_that_comes_back_keeps_its_note(books):
    """A note is never taken back, and a refund that fails later gets no second one."""
    books.give()
    note = books.only_note()
    for status in (RefundStatus.FAILED, RefundStatus.SUCCEEDED):
        books.gateway.settle(books.only_refund.reference, status)
        books.desk.refresh("o-1")
        assert books.only_refund.status is status
        assert books.notes.issue_credit_notes() == ()
        assert books.notes.issue("o-1", note.refund_id, actor=KIM) == note
    assert books.order.credit_notes == (note,)


def test_another_currency(books):
    """What a gateway paid out in another currency is on a note in that currency."""
    books.desk.refresh("o-1")
    books.gateway.refund_elsewhere("ref-1", Money.of(700, "JPY"))
    books.desk.refresh("o-1")
    (note,) = books.note_desk(eligible="all").issue_credit_notes()
    assert (note.gross, note.tax) == (Money.of(700, "JPY"), Money.of(0, "JPY"))


def test_the_first_of_two_desks_wins(books):
    """Whoever comes second is handed the note that the first one issued in the meantime."""
    books.give()
    stale, refund = books.order, books.only_refund
    first = books.only_note()
    with mock.patch.object(books.store, "get", side_effect=[stale, *[books.order] * 2]):
        assert books.notes.issue("o-1", refund.id, actor=KIM) == first
