"""Issuing credit notes: who meets whom, what a run returns, and what is refused with field and value."""

from datetime import timedelta

import attrs
import pytest

from refundkit import Actor, CreditNoteDesk, InvalidValueError, RefundReason, RefundStatus
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import KIM, Shop
from tests.records.orders import SELLER, mug_order

HAPPY = RefundReason.CUSTOMER_SATISFACTION


def books(*faults, **options):
    """Return a shop that gave 1.00 and 2.00 back to make somebody happy, and its desk for credit notes."""
    shop = Shop(*faults, order=mug_order())
    for key, amount in (("a", "1.00"), ("b", "2.00")):
        shop.refund(amount, key, reason_type=HAPPY)
    return shop, CreditNoteDesk(**{"store": shop.store, "seller": SELLER, "clock": shop.clock, **options})


def refused(attempt, *args, **more):
    """Say which field was refused, and with which value."""
    with pytest.raises(InvalidValueError) as refusal:
        attempt(*args, **more)
    return refusal.value.field, refusal.value.value


def test_a_run_returns_what_it_issued_itself():
    """Law E3: what another process issued in between is not returned twice."""
    shop, notes = books()
    issue = shop.store.issue

    def overtaken(order_id, series, function):
        shop.store.issue = issue
        CreditNoteDesk(store=shop.store, seller=SELLER, clock=shop.clock).issue_credit_notes()
        return issue(order_id, series, function)

    shop.store.issue = overtaken

    assert notes.issue_credit_notes() == ()
    assert [note.number for note in shop.order.credit_notes] == [1, 2]


def test_a_run_that_looks_back_takes_what_has_no_date():
    """Money that went back at an unknown time is not left out for ever."""
    shop, notes = books()
    undated = attrs.evolve(shop.order.refunds[0], settled_at=None)
    shop.store.change("o-1", lambda order: (order.with_refund(undated), ()))

    assert len(notes.issue_credit_notes(since=shop.clock())) == 2


@pytest.mark.parametrize(("since", "number"), [(timedelta(0), 2), (timedelta(microseconds=1), 0), (None, 2)])
def test_a_run_looks_back_to_a_moment(since, number):
    """To the microsecond; without a moment it looks back to the beginning."""
    shop, notes = books()

    issued = notes.issue_credit_notes() if since is None else notes.issue_credit_notes(shop.clock() + since)
    assert len(issued) == number


def test_a_desk_without_a_word_has_a_series_and_a_clock():
    """CN for live orders, CN-TEST for test orders, and the time of day with its zone."""
    shop, _ = books()
    live = CreditNoteDesk(store=shop.store, seller=SELLER).issue_credit_notes()[0]
    shop = Shop(order=mug_order(test=True))
    shop.refund("1.00", reason_type=HAPPY)
    (test,) = CreditNoteDesk(store=shop.store, seller=SELLER).issue_credit_notes()

    assert (live.series, test.series, live.issued_at.tzinfo is not None) == ("CN", "CN-TEST", True)
    assert shop.desk.timeline("o-1")[-1].actor == Actor.system("refundkit")


# Refusals.


def test_a_note_is_about_money_that_went_back():
    """The refusal names the refund."""
    shop, notes = books(Fault.PENDING)
    refund = shop.order.refunds[0]
    assert refund.status is RefundStatus.PENDING

    assert refused(notes.issue, "o-1", refund.id, actor=KIM) == ("refund_id", refund.id)


def test_two_series_are_two():
    """Law S7: the refusal names the series of test orders."""
    assert refused(books, series="A", test_series="A") == ("test_series", "A")


@pytest.mark.parametrize("eligible", [["damaged"], [RefundReason.DAMAGED, "damagd"], "everybody"])
def test_every_reason_must_be_one(eligible):
    """One misspelt reason among right ones is refused as well, with all that was given."""
    assert refused(books, eligible=eligible) == ("eligible", eligible)
