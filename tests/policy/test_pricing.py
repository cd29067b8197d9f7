"""Pricing: what a request is worth, in the numbers that the product promises."""

from datetime import datetime
from decimal import Decimal

import pytest

from refundkit.errors import InvalidValueError, RefundDenied
from refundkit.model.disputes import Dispute, DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.lines import LineKind
from refundkit.model.payments import PaymentStatus
from refundkit.model.refunds import RefundStatus
from refundkit.model.requests import LineRefund, Purpose, RestockingFee
from refundkit.money import Money
from refundkit.policy.plan import plan_refund
from tests.model.builders import NOW, carried_out, eur, jpy, line, order, paid, refunded, simple, wish

FAILED, PENDING, SUCCEEDED = RefundStatus.FAILED, RefundStatus.PENDING, RefundStatus.SUCCEEDED
TENTH = RestockingFee(percent=Decimal(10))


def plan(known, **what):
    """Plan a request."""
    return plan_refund(known, wish(**what), now=NOW)


def denied(known, **what):
    """Plan a request that is refused."""
    with pytest.raises(RefundDenied) as refusal:
        plan(known, **what)
    assert refusal.value.possible == known.refundable
    assert refusal.value.order_id == known.id
    assert all(reason.text in str(refusal.value) for reason in refusal.value.reasons)
    return refusal.value


def amounts(planned):
    """Say which payment gets how much."""
    return {leg.payment_id: str(leg.amount) for leg in planned.refunds}


# Amounts.


@pytest.mark.parametrize("status", [RefundStatus.SUBMITTED, PENDING, SUCCEEDED])
def test_sixty_and_sixty(status):
    """Laws C1 and C3: of 100.00 captured, 60 and then 60 is refused, naming the 40.00 that are left."""
    known = refunded(simple(), status, amount=eur(60))

    refusal = denied(known, amount=eur(60))

    assert "60.00 EUR was asked for, but only 40.00 EUR is left to give back on order o-1" in str(refusal)
    assert (refusal.asked, refusal.possible) == (eur(60), eur(40))
    assert plan(known, amount=eur(40)).amount == eur(40)


def test_a_failed_refund_is_left_again():
    """Law E7: what came back may be given back once more."""
    assert plan(refunded(simple(), FAILED, amount=eur(60)), amount=eur(100)).amount == eur(100)


def test_nothing_said_is_all_that_is_left():
    """Law C2: without an amount, all that is left goes back: 60.00 after 40.00 of 100.00."""
    assert plan(refunded(simple(), amount=eur(40))).amount == eur(60)


@pytest.mark.parametrize(
    "make",
    [
        lambda: eur(0),
        lambda: eur(-1),
        lambda: eur("NaN"),
        lambda: eur(1.5),
        lambda: eur(True),  # noqa: FBT003 - that is the mistake
        lambda: eur("61.005"),
        lambda: 60,
        lambda: "60.00",
    ],
)
def test_no_such_amount(make):
    """Laws C2 and M3: zero, negative, NaN, a float or a bool never becomes an amount to give back."""
    with pytest.raises(InvalidValueError):
        wish(amount=make())


def test_sixty_one_of_sixty():
    """Law C3: 61 of 60 is refused, never clamped."""
    assert denied(simple("60.00"), amount=eur(61)).possible == eur(60)


def test_nothing_left():
    """Law C5: a fully returned order gives back nothing more."""
    assert "Nothing is left to give back on order o-1." in str(denied(refunded(simple())))


@pytest.mark.parametrize("status", [s for s in PaymentStatus if s is not PaymentStatus.CAPTURED])
def test_uncaptured_payments(status):
    """Law C5: no leg goes to a payment that was not captured."""
    known = order((line("a", eur(20)),), (paid("p1", eur(10), status=status), paid("p2", eur(10))))

    assert amounts(plan(known)) == {"p2": "10.00 EUR"}
    assert denied(known, amount=eur(20)).possible == eur(10)
    assert [r.code for r in denied(known, payments={"p1": eur(10)}).reasons] == ["nothing_left"]


@pytest.mark.parametrize(
    "what",
    [
        {"amount": Money.of(5, "USD")},
        {"lines": [LineRefund(line_id="line-1", amount=jpy(5))]},
        {"payments": {"p1": jpy(5)}},
        {"restocking_fee": RestockingFee(fixed=jpy(5))},
        {"revision": [line("line-1", jpy(5))]},
    ],
)
def test_foreign_money(what):
    """Law M4: money of another currency is a reason to refuse, wherever it hides in a request."""
    refusal = denied(simple(), **what)

    assert [reason.code for reason in refusal.reasons] == ["wrong_currency"]
    assert "Order o-1 is in EUR; 5" in str(refusal)


# Lines.


def three(*payments):
    """Order three units for 20.00."""
    return order((line("a", eur(20), quantity=3, tax=eur("3.19")),), payments or (paid("p1", eur(20)),))


def test_odd_units():
    """Law C6: three units of 20.00 come back as 6.67, 6.67 and 6.66, with taxes that add up to the line's."""
    known, worth = three(), []
    for _ in range(3):
        known = refunded(known, lines={"a": 1})
        worth.append(known.refunds[-1].amount)

    assert worth == [eur("6.67"), eur("6.67"), eur("6.66")]
    assert (known.line_sums["a"].open, known.line_sums["a"].tax) == (eur(0), eur("3.19"))
    assert "1 of line a were asked for, but only 0 of 3 can still come back" in str(
        denied(known, lines={"a": 1})
    )


def test_two_units_at_once():
    """Law C6: two units are worth as much at once as one after the other."""
    assert plan(three(), lines={"a": 2}).amount == eur("13.34")
    assert plan(three(), lines={"a": 3}).amount == eur(20)


def test_more_units_than_there_are():
    """Laws C3 and C6: a quantity beyond the line is refused with what is possible."""
    refusal = denied(refunded(three(), lines={"a": 1}), lines={"a": 3})

    assert [reason.code for reason in refusal.reasons] == ["quantity_exceeds"]
    assert "3 of line a were asked for, but only 2 of 3 can still come back" in str(refusal)


def test_more_money_than_the_line_has():
    """Law C6: the refunds of a line never exceed its total, though the order has more."""
    known = order((line("a", eur(20), 2), line("b", eur(80))), (paid("p1", eur(100)),))

    refusal = denied(known, lines=[LineRefund(line_id="a", amount=eur("20.01"))])

    assert [reason.code for reason in refusal.reasons] == ["line_exceeds"]
    assert "20.01 EUR was asked for on line a, but only 20.00 EUR of 20.00 EUR is left of it" in str(refusal)


def test_unit_after_an_amount():
    """Law C6: a unit whose price is not left any more needs an amount; the last one takes what there is."""
    known = refunded(three(), lines=[LineRefund(line_id="a", amount=eur(15))])

    assert "give the amount to refund with the quantity" in str(denied(known, lines={"a": 1}))
    known = refunded(known, lines=[LineRefund(line_id="a", quantity=1, amount=eur(1))])
    known = refunded(known, lines={"a": 2})
    assert (known.refunds[-1].amount, known.line_sums["a"].units_left) == (eur(4), 0)


def test_unknown_lines():
    """A line that the order does not have is refused, with the lines that it has; all reasons at once."""
    known = order((line("a", eur(20)), line("b", eur(20))), (paid("p1", eur(40)),))

    refusal = denied(known, lines={"x": 1, "y": 1, "a": 2})

    assert [reason.code for reason in refusal.reasons] == ["quantity_exceeds", "unknown_line", "unknown_line"]
    assert "Order o-1 has no line 'x' (it has: a, b)" in str(refusal)
    assert "(it has: none)" in str(denied(order((), (paid("p1", eur(1)),)), lines={"x": 1}))


def test_two_payments_and_a_failed_leg():
    """Law C6: two units of 20.00 over 3 are 13.34 in two legs; a leg that fails reopens its money, not the units."""
    known = three(paid("p1", eur(10)), paid("p2", eur(10)))
    planned = plan(known, lines={"a": 2})
    assert amounts(planned) == {"p1": "10.00 EUR", "p2": "3.34 EUR"}

    known = carried_out(known, planned, SUCCEEDED, FAILED)
    sums = known.line_sums["a"]
    assert (sums.units, sums.units_left, sums.open, known.refundable) == (2, 1, eur(10), eur(10))

    by_amount = refunded(known, lines=[LineRefund(line_id="a", amount=eur("3.34"))])
    assert (by_amount.line_sums["a"].units_left, by_amount.line_sums["a"].open) == (1, eur("6.66"))
    for before, last in ((known, eur(10)), (by_amount, eur("6.66"))):
        closed = refunded(before, lines={"a": 1})
        assert closed.refunds[-1].amount == last
        assert (closed.line_sums["a"].open, closed.line_sums["a"].tax) == (eur(0), eur("3.19"))


def test_units_come_back_when_every_leg_failed():
    """Law C6: units count while any leg lives."""
    known = three(paid("p1", eur(10)), paid("p2", eur(10)))

    known = carried_out(known, plan(known, lines={"a": 3}), FAILED, FAILED)

    assert known.line_sums["a"].units_left == 3


def test_tax_of_a_part():
    """Law C6: the tax of a part is cumulative, so that rounding never piles up: 0.05 of tax in ten parts."""
    known = order((line("a", eur("0.30"), 10, tax=eur("0.05")),), (paid("p1", eur("0.30")),))
    taxes = []
    for _ in range(10):
        known = refunded(known, lines={"a": 1})
        taxes.append(known.refunds[-1].lines[0].tax.minor)

    assert taxes == [1, 0, 1, 0, 1, 0, 1, 0, 1, 0]


def test_an_amount_is_allocated_over_open_money():
    """Law C6: an amount without lines goes to the lines in proportion to what is open of them."""
    known = order((line("a", eur(30)), line("b", eur(60)), line("c", eur(10))), (paid("p1", eur(100)),))
    known = refunded(known, lines={"c": 1})

    parts = plan(known, amount=eur(9)).refunds[0].lines

    assert [(part.line_id, str(part.amount)) for part in parts] == [("a", "3.00 EUR"), ("b", "6.00 EUR")]


def test_what_is_beyond_the_lines_is_attributed_to_none():
    """Law C6: money beyond the lines (an overpayment) belongs to no line."""
    known = order((line("a", eur(30)),), (paid("p1", eur(50)),))

    planned = plan(known)

    assert (planned.amount, planned.excess) == (eur(50), eur(0))
    assert [(part.line_id, str(part.amount)) for part in planned.refunds[0].lines] == [("a", "30.00 EUR")]


def test_an_order_without_lines():
    """An order may have no lines; then amounts are amounts."""
    known = order((), (paid("p1", eur(50)),))

    assert (plan(known).amount, plan(known, amount=eur(5)).lines) == (eur(50), ())


def test_discounts_and_shipping():
    """Laws C6 and M1: 4 × 10.00 with 10 % tax on top, 3.99 off, shipping 11.50 at half price: 45.36 in parts."""
    goods = line("goods", eur("39.61"), 4, tax=eur("3.60"), discount=eur("3.99"), unit_price=eur(10))
    shipping = line("shipping", eur("5.75"), tax=eur("0.75"), kind=LineKind.SHIPPING)
    known = order((goods, shipping), (paid("p1", eur("45.36")),))

    parts = plan(known).refunds[0].lines

    assert Money.sum((part.amount for part in parts), "EUR") == eur("45.36")
    assert [(part.line_id, part.tax) for part in parts] == [("goods", eur("3.60")), ("shipping", eur("0.75"))]
    for quantity in (1, 2, 1):
        known = refunded(known, lines={"goods": quantity})
    known = refunded(known)
    assert {key: (sums.open, sums.tax) for key, sums in known.line_sums.items()} == {
        "goods": (eur(0), eur("3.60")),
        "shipping": (eur(0), eur("0.75")),
    }


def test_free_lines():
    """A line that cost nothing comes back with the others, and not alone."""
    known = order((line("a", eur(20)), line("gift", eur(0), tax=eur(0))), (paid("p1", eur(20)),))

    assert plan(known, lines={"a": 1, "gift": 1}).amount == eur(20)
    assert [reason.code for reason in denied(known, lines={"gift": 1}).reasons] == ["nothing_left"]
    known = refunded(known)
    assert known.line_sums["gift"].units_left == 0


# The restocking fee.


def test_restocking_fee():
    """Law C7: 100.00 returned with a fee of 10 %: 90.00 go back, 10.00 are withheld, and the line is closed."""
    planned = plan(simple(), lines={"line-1": 1}, restocking_fee=TENTH)
    assert (planned.amount, planned.withheld, planned.lines[0].withheld) == (eur(90), eur(10), eur(10))

    known = carried_out(simple(), planned)
    refusal = denied(known)
    assert "10.00 EUR is withheld as a fee; an explicit amount may return it" in str(refusal)
    assert plan(known, amount=eur(10)).amount == eur(10)
    by_line = [LineRefund(line_id="line-1", amount=eur(10))]
    assert plan(known, lines=by_line).refunds[0].lines[0].amount == eur(10)
    assert denied(known, amount=eur("10.01")).possible == eur(10)


@pytest.mark.parametrize(
    "fee",
    [
        RestockingFee(percent=Decimal(100)),
        RestockingFee(percent=Decimal(1000)),
        RestockingFee(fixed=eur(100)),
        RestockingFee(fixed=eur(50), percent=Decimal(50)),
    ],
)
def test_fee_of_everything(fee):
    """Law C2: a fee that leaves nothing to give back is refused, not a refund of nothing."""
    refusal = denied(simple(), restocking_fee=fee)

    assert [reason.code for reason in refusal.reasons] == ["fee_exceeds"]
    assert "leaves nothing of 100.00 EUR to give back" in str(refusal)


def test_fee_of_nothing():
    """A fee of 0 % is no fee."""
    assert plan(simple(), restocking_fee=RestockingFee(percent=Decimal(0))).withheld == eur(0)


def test_fee_over_several_lines():
    """Laws C7 and M1: a fee is allocated over the lines that it is kept of, and adds up."""
    known = order((line("a", eur(10)), line("b", eur(20))), (paid("p1", eur(30)),))

    planned = plan(known, lines={"a": 1, "b": 1}, restocking_fee=RestockingFee(fixed=eur("0.10")))

    assert [part.withheld for part in planned.lines] == [eur("0.03"), eur("0.07")]
    assert Money.sum((part.amount for part in planned.lines), "EUR") == planned.amount == eur("29.90")


# Revisions.


@pytest.fixture
def ten_thousand():
    """Order something for 10,000 yen."""
    return order((line("old", jpy(10_000), tax=jpy(909)),), (paid("p1", jpy(10_000)),))


def test_order_change(ten_thousand):
    """Law C8: 10,000 deleted and 8,000 added gives 2,000 back."""
    planned = plan(ten_thousand, revision=[line("new", jpy(8000))])

    assert planned.amount == jpy(2000)
    assert [(part.line_id, part.amount) for part in planned.refunds[0].lines] == [("old", jpy(2000))]


def test_order_change_upwards(ten_thousand):
    """Laws C3 and C8: lines for 12,000 are refused, with the 10,000 that they may cost at most."""
    refusal = denied(ten_thousand, revision=[line("new", jpy(12_000))])

    assert [reason.code for reason in refusal.reasons] == ["revision_exceeds"]
    assert "cost 12000 JPY, but only 10000 JPY is left of what was paid" in str(refusal)


def test_order_change_after_goodwill():
    """Law C8: 20,000 paid, 1,000 goodwill, revised to 18,000: 1,000 go back."""
    known = refunded(order((line("a", jpy(20_000)),), (paid("p1", jpy(20_000)),)), amount=jpy(1000))

    assert plan(known, revision=[line("b", jpy(18_000))]).amount == jpy(1000)
    assert plan(known, revision=[line("b", jpy(19_000))]).refunds == ()
    assert denied(known, revision=[line("b", jpy(19_001))]).possible == jpy(19_000)


def test_order_change_of_equal_price(ten_thousand):
    """Law C8: a revision that changes no price moves no money, and the new lines are in force."""
    known = refunded(ten_thousand, revision=[line("new", jpy(10_000))])

    assert (known.revision, known.refunds, [kept.id for kept in known.lines_in_force]) == (1, (), ["new"])
    assert known.line_sums["new"].open == jpy(10_000)
    assert [kept.id for kept in known.lines] == ["old"]


@pytest.mark.parametrize("status", [SUCCEEDED, PENDING, FAILED])
def test_lines_start_anew(ten_thousand, status):
    """Law C8: after a revision, units and money of the new lines count from zero, whatever the old ones gave."""
    known = refunded(ten_thousand, lines=[LineRefund(line_id="old", quantity=1, amount=jpy(1000))])

    known = refunded(known, status, revision=[line("old", jpy(6000), 2), line("x", jpy(1000))])

    assert known.line_sums["old"].units_left == 2
    assert plan(known, lines={"old": 1}).amount == jpy(3000)
    assert refunded(known, lines={"old": 2, "x": 1}).line_sums["old"].open == jpy(0)
    assert "(it has: old, x)" in str(denied(known, lines={"y": 1}))


def test_a_revision_of_a_revision(ten_thousand):
    """Law C8: the order may change again and again."""
    known = refunded(ten_thousand, revision=[line("b", jpy(8000))])

    known = refunded(known, revision=[line("c", jpy(5000))])

    assert (known.refunds[-1].amount, known.revision, known.total, known.balance) == (
        jpy(3000),
        2,
        jpy(5000),
        jpy(0),
    )
    assert refunded(known).refundable == jpy(0)


def test_a_revision_with_an_explicit_spread(ten_thousand):
    """Law C8: a revision may say where the difference goes, and it must be the difference."""
    assert plan(ten_thousand, revision=[line("b", jpy(8000))], payments={"p1": jpy(2000)}).amount == jpy(2000)
    refusal = denied(ten_thousand, revision=[line("b", jpy(8000))], payments={"p1": jpy(1000)})
    assert [reason.code for reason in refusal.reasons] == ["spread_differs"]


# Rejections.


def test_rejecting():
    """Rejecting gives back all that is left, also when nothing is."""
    assert plan(refunded(simple(), amount=eur(40)), purpose=Purpose.REJECT).amount == eur(60)
    assert plan(refunded(simple()), purpose=Purpose.REJECT).refunds == ()
    assert plan(order((line("a", eur(1)),), ()), purpose=Purpose.REJECT).refunds == ()


def test_rejecting_twice():
    """An order is rejected once."""
    known = refunded(simple(), FAILED, purpose=Purpose.REJECT)

    refusal = denied(known, purpose=Purpose.REJECT)

    assert [reason.code for reason in refusal.reasons] == ["already_rejected"]
    assert plan(known).amount == eur(100)


# Disputes.


@pytest.mark.parametrize(
    ("funds", "left"),
    [(DisputeFunds.NONE, "100.00"), (DisputeFunds.WITHDRAWN, "70.00"), (DisputeFunds.REINSTATED, "100.00")],
)
def test_what_a_dispute_took(funds, left):
    """Law D1: what a decided dispute took is not given back again."""
    case = Dispute(
        reference="dp-1",
        payment_id="p1",
        amount=eur(30),
        stage=DisputeStage.CHARGEBACK,
        status=DisputeStatus.LOST,
        funds=funds,
    )

    assert plan(simple().with_dispute(case)).amount == eur(left)


# The moment.


@pytest.mark.parametrize("now", [datetime(2026, 11, 1), "2026-11-01", None])  # noqa: DTZ001
def test_now_is_aware(now):
    """A plan is made at a moment, with a time zone."""
    with pytest.raises(InvalidValueError, match="now must be an aware datetime"):
        plan_refund(simple(), wish(), now=now)
