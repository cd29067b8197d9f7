"""Orders where more or less was paid than the lines cost, and revisions line by line (laws C6, C8)."""

from decimal import Decimal

import pytest

from refundkit.errors import RefundDenied
from refundkit.model.refunds import RefundStatus
from refundkit.model.requests import Purpose, RestockingFee
from refundkit.policy.plan import plan_refund
from tests.model.builders import NOW, eur, line, order, paid, refunded, simple, wish

TENTH = RestockingFee(percent=Decimal(10))


def bought(captured):
    """Order two of one thing for 40.00 and one of another for 60.00, and pay so much."""
    return order((line("a", eur(40), 2), line("b", eur(60))), (paid("p1", eur(captured)),))


def plan(known, **what):
    """Plan a request."""
    return plan_refund(known, wish(**what), now=NOW)


def lines(planned):
    """Say of which line how many units and how much money."""
    return [(part.line_id, part.quantity, part.amount) for part in planned.lines]


def refusal(known, **what):
    """Plan a request that is refused: the codes of the reasons, and what was asked for."""
    with pytest.raises(RefundDenied) as refused:
        plan(known, **what)
    return [reason.code for reason in refused.value.reasons], refused.value.asked


# Everything.


def test_everything_of_what_was_paid_in_full_takes_all_units():
    """Law C6: where all the money goes back, all units do."""
    assert lines(plan(bought(100))) == [("a", 2, eur(40)), ("b", 1, eur(60))]
    assert lines(plan(bought(101))) == [("a", 2, eur(40)), ("b", 1, eur(60))]


def test_everything_of_what_was_paid_in_part_takes_no_units():
    """Law C6: where money of a line stays open, its units stay with the customer."""
    assert lines(plan(bought(50))) == [("a", 0, eur(20)), ("b", 0, eur(30))]


def test_everything_leaves_out_what_has_nothing_left():
    """Law C6: a line that came back already has no part in what is left."""
    known = refunded(bought(100), lines={"a": 2})

    assert lines(plan(known)) == [("b", 1, eur(60))]


def test_everything_takes_the_units_of_free_lines_too():
    """Law C6: what cost nothing comes back with the rest."""
    known = order((line("a", eur(40)), line("gift", eur(0), 3)), (paid("p1", eur(40)),))

    assert lines(plan(known)) == [("a", 1, eur(40)), ("gift", 3, eur(0))]


# More than is left.


def test_lines_that_cost_more_than_was_paid():
    """Law C3: what the lines cost is refused where less was paid, with what was asked for."""
    assert refusal(bought(50), lines={"b": 1}) == (["exceeds_left"], eur(60))
    assert plan(bought(60), lines={"b": 1}).amount == eur(60)


def test_a_fee_that_leaves_nothing_says_of_what():
    """Law C3: the refusal carries the worth before the fee."""
    fee = RestockingFee(percent=Decimal(100))

    assert refusal(bought(100), lines={"a": 1}, restocking_fee=fee) == (["fee_exceeds"], eur(20))


def test_a_spread_beside_a_fee_says_what_goes_back():
    """Law C7: with a fee, an explicit spread names what is left after it, of everything."""
    planned = plan(simple(), payments={"p1": eur(90)}, restocking_fee=TENTH)

    assert (planned.amount, planned.withheld) == (eur(90), eur(10))
    assert refusal(simple(), payments={"p1": eur(100)}, restocking_fee=TENTH)[0] == ["spread_differs"]


NOTHING = "Refund on order o-1 refused: Nothing is left to give back on order o-1."
KEPT = "10.00 EUR is withheld as a fee; an explicit amount may return it."


@pytest.mark.parametrize(("fee", "text"), [(None, NOTHING), (TENTH, f"{NOTHING} {KEPT}")])
def test_where_nothing_is_left_a_fee_is_told(fee, text):
    """Law C7: who asks for the rest learns what is withheld, if anything is, and how to get it."""
    known = refunded(simple(), restocking_fee=fee)

    with pytest.raises(RefundDenied) as refused:
        plan(known)
    assert ([reason.code for reason in refused.value.reasons], str(refused.value)) == (["nothing_left"], text)


# More went back than anybody meant.


def overfilled():
    """Pay twice 50.00 for 100.00; give the first 50.00 back, and have a refund that had failed live after all."""
    known = order((line("a", eur(100)),), (paid("p1", eur(50)), paid("p2", eur(50))))
    known = refunded(known, RefundStatus.FAILED, payments={"p1": eur(50)})
    known = refunded(known, payments={"p1": eur(50)})
    return known.with_refund(known.refunds[0].moved(RefundStatus.SUCCEEDED, outside_cap=True))


@pytest.mark.parametrize(
    ("what", "excess"),
    [
        ({}, 50),
        ({"amount": eur(50)}, 50),
        ({"payments": {"p2": eur(5)}}, 5),
        ({"purpose": Purpose.REJECT}, 50),
    ],
)
def test_what_goes_beyond_the_lines_is_said(what, excess):
    """Law C6: of lines that gave all back already nothing is left; whoever gives more sees that it is more."""
    assert plan(overfilled(), **what).excess == eur(excess)


# Revisions.


@pytest.mark.parametrize(
    ("captured", "kept", "amount", "parts"),
    [
        (100, {"a": 40, "b": 30}, 30, [("b", 0, eur(30))]),
        (100, {"b": 60}, 40, [("a", 0, eur(40))]),
        (100, {"a": 20, "b": 50}, 30, [("a", 0, eur(20)), ("b", 0, eur(10))]),
        (100, {"a": 20, "b": 60, "new": 10}, 10, [("a", 0, eur(10))]),
        (100, {"a": 10, "b": 50, "new": 20}, 20, [("a", 0, eur(15)), ("b", 0, eur(5))]),
        (100, {"a": 50, "b": 40}, 10, [("b", 0, eur(10))]),
        (110, {"a": 40, "b": 60}, 10, []),
        (110, {"a": 50, "b": 60}, 0, []),
        (110, {"a": 40, "b": 50}, 20, [("b", 0, eur(10))]),
        (100, {"a": 30, "b": 70}, 0, []),
        (100, {"new": 0}, 100, [("a", 0, eur(40)), ("b", 0, eur(60))]),
    ],
)
def test_the_difference_belongs_to_the_lines_that_shrink(captured, kept, amount, parts):
    """Law C8: the difference is attributed to lines that shrink or go, as far as they do, and to no other."""
    revision = [line(name, eur(total)) for name, total in kept.items()]

    planned = plan(bought(captured), revision=revision)

    assert (planned.amount, lines(planned)) == (eur(amount), parts)
