"""The sums of one payment and of one order, each kept apart from the others (laws C1, C7, E7)."""

from decimal import Decimal

import attrs
import pytest

from refundkit.errors import InvalidValueError
from refundkit.model.disputes import Dispute, DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.ledger import payment_sums, unallocated_withheld
from refundkit.model.refunds import Refund, RefundLine, RefundOrigin, RefundStatus
from refundkit.model.requests import RestockingFee
from refundkit.money import Money
from tests.model.builders import eur, line, order, paid, refunded, simple

OURS, REBUILT, EXTERNAL = RefundOrigin
NOTHING = (eur(0), eur(0), eur(0), eur(0))


def a_refund(status=RefundStatus.SUCCEEDED, **more):
    """Give 30.00 back of p1."""
    values = {"id": "r-1", "payment_id": "p1", "gateway": "stripe", "amount": eur(30)}
    return Refund(**{**values, "status": status, **more})


def sums_of(known, name="p1"):
    """Say what is reserved, returned, external and withdrawn of a payment."""
    sums = payment_sums(known)[name]
    return sums.reserved, sums.returned, sums.external, sums.withdrawn


@pytest.mark.parametrize(
    ("refund", "sums"),
    [
        (a_refund(RefundStatus.SUBMITTED), (eur(30), *NOTHING[1:])),
        (a_refund(RefundStatus.PENDING), (eur(30), *NOTHING[1:])),
        (a_refund(), (eur(0), eur(30), eur(0), eur(0))),
        (a_refund(origin=REBUILT), (eur(0), eur(30), eur(0), eur(0))),
        (a_refund(RefundStatus.PENDING, origin=REBUILT), (eur(30), *NOTHING[1:])),
        (a_refund(origin=EXTERNAL), (eur(0), eur(0), eur(30), eur(0))),
        (a_refund(RefundStatus.PENDING, origin=EXTERNAL), (eur(0), eur(0), eur(30), eur(0))),
        (a_refund(outside_cap=True), (eur(0), eur(0), eur(30), eur(0))),
        (a_refund(RefundStatus.PENDING, outside_cap=True), (eur(0), eur(0), eur(30), eur(0))),
        (a_refund(RefundStatus.FAILED), NOTHING),
        (a_refund(RefundStatus.FAILED, origin=EXTERNAL), NOTHING),
        (a_refund(amount=Money.of(30, "USD")), NOTHING),
    ],
)
def test_each_refund_counts_in_one_sum(refund, sums):
    """Law C1: ours is reserved until its end is known and returned then; others' and revived ones stand outside."""
    known = simple().with_refund(refund)

    assert sums_of(known) == sums
    left = payment_sums(known)["p1"].left
    assert left == eur(100) - Money.sum(sums, "EUR")


def test_each_payment_has_its_own_sums():
    """Law C4: what happened to one payment says nothing about another."""
    known = order((), (paid("p1", eur(50)), paid("p2", eur(50)))).with_refund(a_refund(payment_id="p2"))

    assert list(payment_sums(known)) == ["p1", "p2"]
    assert (sums_of(known), sums_of(known, "p2")) == (NOTHING, (eur(0), eur(30), eur(0), eur(0)))


def a_dispute(amount, **more):
    """Take money back from the shop."""
    values = {
        "payment_id": "p1",
        "stage": DisputeStage.CHARGEBACK,
        "status": DisputeStatus.UNDER_REVIEW,
        "funds": DisputeFunds.WITHDRAWN,
    }
    return Dispute(**{"reference": f"dp-{amount}", "amount": amount, **values, **more})


def test_disputes_add_up():
    """Law D1: several disputes of one payment take what they take together."""
    known = simple().with_dispute(a_dispute(eur(20))).with_dispute(a_dispute(eur(30)))

    assert sums_of(known) == (eur(0), eur(0), eur(0), eur(50))


def test_a_dispute_in_another_currency_counts_nowhere():
    """Law M4: what a bank takes in another currency is in no sum of the order's, and breaks none."""
    known = simple().with_dispute(a_dispute(Money.of(20, "USD"))).with_dispute(a_dispute(eur(30)))

    assert sums_of(known) == (eur(0), eur(0), eur(0), eur(30))


# What is withheld.


def test_a_fee_of_some_lines_is_withheld_once():
    """Law C7: what a fee keeps of one line is withheld once, however much else is left."""
    known = order((line("a", eur(40)), line("b", eur(60))), (paid("p1", eur(100)),))
    known = refunded(known, lines={"a": 1}, restocking_fee=RestockingFee(percent=Decimal(10)))

    assert (known.withheld, known.refundable, unallocated_withheld(known)) == (eur(4), eur(64), eur(0))


def test_a_fee_of_no_line_is_withheld_beside_those_of_lines():
    """Law C7: of an overpayment, the part of a fee that belongs to no line is withheld all the same."""
    known = order((line("a", eur(80)),), (paid("p1", eur(100)),))
    known = refunded(known, restocking_fee=RestockingFee(percent=Decimal(10)))

    assert (known.line_sums["a"].withheld, unallocated_withheld(known)) == (eur(8), eur(2))
    assert (known.withheld, known.refundable) == (eur(10), eur(10))


# What must not exist.

TAX = {"line_id": "a", "amount": eur(1), "tax": eur(2)}
LINES = (
    RefundLine(line_id="a", amount=eur(20), tax=eur(0)),
    RefundLine(line_id="b", amount=eur(11), tax=eur(0)),
)

REFUSALS = {
    "tax": (lambda: RefundLine(**TAX), "tax", eur(2)),
    "amount": (lambda: a_refund(amount=eur(0)), "amount", eur(0)),
    "lines": (lambda: a_refund(lines=LINES), "lines", eur(31)),
    "status": (lambda: a_refund().moved(RefundStatus.PLANNED), "status", RefundStatus.PLANNED),
}


@pytest.mark.parametrize(("attempt", "field", "value"), REFUSALS.values(), ids=REFUSALS.keys())
def test_an_impossible_refund_names_field_and_value(attempt, field, value):
    """Law C2: a refund of nothing, of more lines than money, or of more tax than money does not exist."""
    with pytest.raises(InvalidValueError) as refused:
        attempt()

    assert (refused.value.field, refused.value.value) == (field, value)


def test_what_is_just_possible():
    """Law C2: one cent is a refund; lines may add up to all of it, and be nothing but tax."""
    lines = (attrs.evolve(LINES[0], tax=eur(20)), attrs.evolve(LINES[1], amount=eur(10)))

    assert a_refund(lines=lines).lines == lines
    assert a_refund(amount=Money.of_minor(1, "EUR")).amount.minor == 1


def test_a_refund_begins_with_nothing_known():
    """Law E1: a planned refund was never sent, has no word of anybody's, and gives back the lines as sold."""
    planned = Refund(id="r-1", payment_id="p1", gateway="stripe", amount=eur(30))

    assert (planned.status, planned.origin, planned.outside_cap) == (RefundStatus.PLANNED, OURS, False)
    assert (planned.raw_status, planned.failure_text, planned.revision, planned.attempts) == ("", "", 0, 0)
    assert (planned.lines, planned.key, planned.reference, planned.prepared) == ((), None, None, None)
    times = (planned.created_at, planned.first_sent_at, planned.last_sent_at, planned.leased_until)
    assert (*times, planned.unclear_at, planned.settled_at) == (None,) * 6


# The balance.


def test_money_that_belongs_to_no_line_is_no_debt():
    """What was given back elsewhere, of no line in particular, leaves the customer owing nothing."""
    assert simple().with_refund(a_refund(origin=EXTERNAL, amount=eur(50))).balance == eur(0)
    assert simple().with_refund(a_refund(origin=EXTERNAL, amount=eur(110))).balance == eur(0)


def test_what_is_given_back_of_lines_pays_no_debt_of_the_shop():
    """Who paid too much is still owed it after a line came back."""
    known = order((line("a", eur(40)), line("b", eur(60))), (paid("p1", eur(110)),))

    assert known.balance == -eur(10)
    assert refunded(known, lines={"a": 1}).balance == -eur(10)
    assert refunded(known, amount=eur(10)).balance == eur(0)
