"""A batch as a plan: what each row would do, and what all of them would do together."""

import attrs
import pytest

from refundkit import (
    MaxAmount,
    Money,
    Policy,
    RefundDenied,
    RefundReason,
    RefundRequest,
    ReviewAbove,
)
from refundkit.desk.batch import carry_out, plan_batch
from tests.desk.batching import carried_out, planned, row, shop_with_two
from tests.desk.shop import KIM, LEE, Shop, a_payment, a_request, an_order, eur, two_payments


def test_each_cell_becomes_what_it_says():
    """The request of a row is the one that a person would have typed."""
    cells = {"lines": "lamp=1; table=1", "reason_type": "damaged", "note": "n", "message": "m"}
    (one,) = planned(Shop(), row(**cells, approved_by="lee")).rows

    assert one.request == RefundRequest(
        key="r-1",
        reason="recalled",
        reason_type=RefundReason("damaged"),
        actor=KIM,
        lines={"lamp": 1, "table": 1},
        note="n",
        message="m",
        approved_by=LEE,
    )
    assert (one.plan.amount, one.problem, one.is_ready, one.is_repeated) == (eur("80.00"), "", True, False)


def test_empty_cells_say_nothing():
    """A row without a kind of reason, approval, note or message is a request without them."""
    (one,) = planned(Shop(), row(amount="40")).rows

    assert one.request == RefundRequest(
        key="r-1", reason="recalled", reason_type=RefundReason.OTHER, actor=KIM, amount=eur("40.00")
    )


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("all", "100.00"),
        ("ALL", "100.00"),
        ("12.5", "12.50"),
        ("12.50 EUR", "12.50"),
        ("12.50  EUR ", "12.50"),
    ],
)
def test_amounts_are_in_the_orders_currency_unless_they_say_so(cell, amount):
    """All that is left, a number, or a number with a currency."""
    assert planned(Shop(), row(amount=cell)).amounts == (eur(amount),)


@pytest.mark.parametrize(
    "cells",
    [
        {"amount": "12.50 USD"},
        {"amount": "12.50EUR"},
        {"amount": "much"},
        {"lines": "lamp"},
        {"lines": "5"},
        {"lines": "lamp=x"},
        {"lines": "lamp=²"},
        {"lines": "lamp=-1"},
        {"lines": "lamp=1;lamp=1"},
        {"lines": "lamp=1; lamp =2"},
        {"lines": "lamp=1234567890"},
        {"reason_type": "whim"},
    ],
    ids=str,
)
def test_a_cell_that_makes_no_sense_is_a_problem_of_its_row(cells):
    """Nothing is guessed: the row has a problem that quotes the cell, and no request."""
    plan = planned(Shop(), row(**cells))

    (one,) = plan.rows
    assert (one.is_ready, one.request, one.plan) == (False, None, None)
    assert plan.problems == (f"line 2: {one.problem}",)
    assert plan.totals == ()
    assert ("is no list of lines" in one.problem) is ("lines" in cells)


def test_quantities_name_lines_of_any_name():
    """The last equals sign divides, a quantity has up to nine digits, and a trailing semicolon adds nothing."""
    lines = an_order().lines
    shop = Shop(order=an_order(lines=(attrs.evolve(lines[0], id="a=b"), lines[1])))

    (one,) = planned(shop, row(lines="a=b=2;")).rows
    assert [(line.line_id, line.quantity) for line in one.request.lines] == [("a=b", 2)]
    for quantity, is_one in (("100000000", True), ("1000000000", False)):
        (one,) = planned(shop, row(lines=f"table={quantity}")).rows
        assert ("is no list of lines" in one.problem) is not is_one


def test_a_refusal_tells_every_reason():
    """Law C3: the problem of a row is all that stands in its way."""
    policy = Policy(rules=(MaxAmount(eur("50.00")), MaxAmount(eur("60.00"))))
    shop = Shop(policy=policy)
    with pytest.raises(RefundDenied) as denied:
        shop.desk.preview("o-1", a_request())

    plan = planned(shop, row(), row("o-9", number=3))

    assert len(denied.value.reasons) > 1
    assert plan.rows[0].problem == " ".join(reason.text for reason in denied.value.reasons)
    assert "'o-9'" in plan.rows[1].problem


def test_what_needs_a_second_person_is_not_ready():
    """The plan is there to be shown; without an approval the row is not carried out."""
    shop = Shop(policy=Policy(rules=(ReviewAbove(eur("50.00")), ReviewAbove(eur("60.00")))))

    (one,) = planned(shop, row()).rows

    assert (one.is_ready, one.plan.amount) == (False, eur("100.00"))
    assert planned(shop, row()).totals == ()
    assert one.problem == " ".join(reason.text for reason in one.plan.reasons)
    assert planned(shop, row(approved_by="lee")).rows[0].is_ready


def test_sums_are_by_currency_and_by_what_is_new():
    """What would be given back now leaves out what was requested before; the total of a batch stays."""
    shop, dollars = shop_with_two(), Money.of("70.00", "USD")
    paid = tuple(attrs.evolve(a_payment(number), captured=dollars) for number in (3, 4))
    shop.desk.register(attrs.evolve(an_order(lines=(), payments=()), id="o-3", currency="USD", payments=paid))
    carried_out(shop, row(amount="40"))

    plan = planned(
        shop,
        row("o-3", number=2),
        row(number=3, amount="40"),
        row("o-2", number=4, amount="10"),
        row("o-9", number=5),
        row("o-2", "r-2", number=6, amount="20"),
    )

    assert [one.is_repeated for one in plan.rows] == [False, True, False, False, False]
    assert plan.amounts == (eur("30.00"), Money.of("140.00", "USD"))
    assert plan.totals == (eur("70.00"), Money.of("140.00", "USD"))


def test_only_what_is_ready_counts_against_the_others():
    """Law C1: a row that waits for a second person takes nothing from one that does not."""
    shop = Shop(policy=Policy(rules=(ReviewAbove(eur("50.00")),)))

    plan = planned(shop, row(amount="40"), row("o-1", "r-2", number=3, amount="70"))

    assert [one.is_ready for one in plan.rows] == [True, False]
    assert plan.problems == (f"line 3: {plan.rows[1].problem}",)


def test_a_row_that_was_carried_out_in_part_is_repeated():
    """Law E3: after a restore, what was found of it at the gateway is enough to know it by."""
    shop = Shop(order=an_order(payments=two_payments()))
    first = planned(shop, row()).rows[0].plan.refunds[0]
    shop.gateway.refund_elsewhere("ref-1", first.amount, refund_id=first.id)
    shop.desk.refresh("o-1")

    plan = planned(shop, row())

    assert (plan.rows[0].is_repeated, plan.totals) == (True, (eur("100.00"),))


def test_whoever_waits_hears_of_each_row_in_turn():
    """A thousand rows take a while; each is told as soon as it is planned."""
    told = []

    plan = plan_batch(shop_with_two().desk, [row("o-2"), row()], actor=KIM, progress=told.append)

    assert tuple(told) == plan.rows


def test_a_colleague_repeats_the_wish_of_the_first():
    """Law E3: the same row in another name is the same request, and no other one under its key."""
    shop = Shop()
    list(carry_out(shop.desk, planned(shop, row(amount="40"))))

    (one,) = planned(shop, row(amount="40"), actor=LEE).rows

    assert (one.is_repeated, one.request.actor, one.problem) == (True, KIM, "")
    assert planned(shop, row("o-1", "r-2", amount="40"), actor=LEE).rows[0].request.actor == LEE


@pytest.mark.parametrize(("second", "fits"), [("60.00", True), ("60.01", False)])
def test_rows_of_one_order_must_fit_together(second, fits):
    """Law C1: to the cent; other orders and what was requested before are left out of it."""
    shop = shop_with_two()
    carried_out(shop, row("o-1", "known", amount="20"))
    shop.desk.record_payment("o-1", a_payment(1, "120.00"))

    plan = planned(
        shop,
        row("o-1", "known", 2, amount="20"),
        row("o-1", "r-1", 3, amount="40"),
        row("o-1", "r-2", 4, amount=second),
        row("o-1", "r-3", 5, amount="much"),
        row("o-2", "r-4", 6, amount="100"),
    )

    assert [one.is_ready for one in plan.rows] == [True, fits, fits, False, True]
    told = [one.problem for one in plan.rows[1:3]]
    assert told == ["", ""] or (
        len(set(told)) == 1
        and told[0].startswith("2 rows ask for 100.01 EUR of order o-1 ")
        and "100.00 EUR is possible" in told[0]
    )
    assert "much" in plan.rows[3].problem
