"""What becomes of each row of a batch, whatever came between the plan and the refund."""

import pytest

from refundkit import (
    MemoryStore,
    Policy,
    ReviewAbove,
    StoreBusyError,
    Verdict,
)
from refundkit.desk.batch import RowOutcome, carry_out
from refundkit.testing.fake_gateway import Fault
from tests.desk.batching import carried_out, planned, row, shop_with_two
from tests.desk.shop import Shop, an_order, eur, two_payments


@pytest.mark.parametrize(
    ("fault", "outcome", "text"),
    [
        (None, RowOutcome.DONE, ""),
        (Fault.PENDING, RowOutcome.PENDING, ""),
        (Fault.LOST_ANSWER, RowOutcome.PENDING, ""),
        (Fault.DECLINE, RowOutcome.FAILED, "p-1: declined fake said no."),
    ],
)
def test_what_becomes_of_a_row(fault, outcome, text):
    """Done, still open, or failed with the reason of each payment; the refund itself is in the result."""
    shop = Shop(fault)

    (one,) = carried_out(shop, row(amount="40"))

    assert (one.row, one.outcome, one.text) == (row(amount="40"), outcome, text)
    assert one.result.refunds == shop.order.refunds


def test_what_the_file_of_results_says():
    """The words that a program reads."""
    assert list(RowOutcome) == ["done", "pending", "failed", "refused", "unclear"]


def test_each_payment_that_fails_is_told():
    """A refund in two parts that both fail gives both reasons; money that went back is no failure."""
    both = Shop(Fault.DECLINE, Fault.DECLINE, order=an_order(payments=two_payments()))
    (one,) = carried_out(both, row())
    assert one.text == "p-1: declined fake said no.; p-2: declined fake said no."

    half = Shop(None, Fault.DECLINE, order=an_order(payments=two_payments()))
    (one,) = carried_out(half, row())
    assert (one.outcome, one.text) == (RowOutcome.FAILED, "p-2: declined fake said no.")


def test_a_row_with_a_problem_is_refused_and_the_others_go_on():
    """Law E6: nothing is sent for it, and its problem is the answer."""
    shop = shop_with_two(policy=Policy(rules=(ReviewAbove(eur("50.00")),)))
    plan = planned(shop, row("o-9"), row(number=3), row("o-2", number=4, amount="10"))

    results = list(carry_out(shop.desk, plan))

    assert [one.outcome.value for one in results] == ["refused", "refused", "done"]
    assert [one.text for one in results] == [one.problem for one in plan.rows]
    assert [one.result is None for one in results] == [True, True, False]
    assert shop.moved == eur("10.00")


def test_a_row_that_is_worth_something_else_by_now_is_refused():
    """Law P1: nobody gives back another amount than was shown, whatever came between."""
    shop = Shop()
    plan = planned(shop, row())
    shop.refund("40.00", key="between")

    (one,) = carry_out(shop.desk, plan)

    assert (one.outcome, one.result) == (RowOutcome.REFUSED, None)
    assert "60.00 EUR" in one.text
    assert "100.00 EUR" in one.text
    assert shop.moved == eur("40.00")


def test_what_comes_between_the_last_look_and_the_refund_is_noticed():
    """Law P1: the amount is checked once more in the very transaction that writes the refund."""
    shop = Shop()
    plan = planned(shop, row())
    look = shop.desk.preview

    def looks_and_is_overtaken(order_id, request):
        seen = look(order_id, request)
        if not shop.order.refunds:
            shop.refund("40.00", key="between")
        return seen

    shop.desk.preview = looks_and_is_overtaken
    (one,) = carry_out(shop.desk, plan)

    assert one.outcome is RowOutcome.REFUSED
    assert shop.moved == eur("40.00")


def test_what_one_row_takes_the_next_one_plans_around():
    """Law C1: rows of one order change its spread for each other, and none of them its worth."""
    shop = Shop(order=an_order(payments=two_payments()))

    results = carried_out(shop, row(amount="60"), row("o-1", "r-2", number=3, amount="40"))

    assert [one.outcome for one in results] == [RowOutcome.DONE, RowOutcome.DONE]
    assert shop.moved == eur("100.00")


def test_an_order_that_is_not_there_is_refused():
    """A plan that is carried out in another shop finds no order, and says which."""
    shop = Shop()
    plan = planned(shop, row())

    (one,) = carry_out(shop.new_desk(MemoryStore()), plan)

    assert (one.outcome, "o-1" in one.text) == (RowOutcome.REFUSED, True)


def test_a_store_that_breaks_leaves_its_row_unclear():
    """Law E1: nobody knows whether the wish was written; the same row again finds out."""
    shop = shop_with_two()
    plan = planned(shop, row(amount="40"), row("o-2", number=3, amount="10"))
    change = shop.store.change

    def breaks(order_id, function):
        if order_id == "o-1":
            raise StoreBusyError("The store is busy.", order_id=order_id)
        return change(order_id, function)

    shop.store.change = breaks
    results = list(carry_out(shop.desk, plan))
    shop.store.change = change

    assert [(one.outcome.value, one.text) for one in results] == [
        ("unclear", "The store is busy."),
        ("done", ""),
    ]
    assert [one.outcome.value for one in carry_out(shop.desk, plan)] == ["done", "done"]
    assert shop.moved == eur("50.00")


def test_a_row_that_breaks_leaves_the_others_as_they_are():
    """A rule of the shop's own that raises over one order stops no other row; calling again tells what became of it."""
    shop = shop_with_two()
    plan = planned(shop, row(), row(order="o-2", number=3))

    def odd(case):
        if case.order.id == "o-1":
            raise ZeroDivisionError
        return Verdict.allow()

    first, second = carry_out(shop.new_desk(policy=Policy(rules=(odd,))), plan)
    assert (first.outcome, second.outcome) == (RowOutcome.UNCLEAR, RowOutcome.DONE)
    assert "ZeroDivisionError was raised" in first.text
    assert [one.outcome for one in carry_out(shop.desk, plan)] == [RowOutcome.DONE, RowOutcome.DONE]


def test_rows_that_were_carried_out_before_the_records_were_lost_count_once():
    """After a restore and a reconciliation, what was found of a row is not asked for on top of itself."""
    shop = Shop()
    rows = row(key="r-1", amount="60"), row(key="r-2", amount="40", number=3)
    list(carry_out(shop.desk, planned(shop, *rows)))
    shop.store = MemoryStore()
    shop.desk = shop.new_desk()
    shop.desk.register(an_order())
    shop.desk.reconcile(since=shop.clock.now)

    plan = planned(shop, *rows)
    assert (plan.problems, plan.amounts) == ((), ())
    assert [one.outcome for one in carry_out(shop.desk, plan)] == [RowOutcome.DONE, RowOutcome.DONE]
    assert shop.moved == eur("100.00")
