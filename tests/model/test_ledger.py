"""The ledger: what is left, reserved, withheld, owed and exposed, derived from what happened."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refundkit.errors import InvalidValueError, OrderNotFoundError, RefundDenied
from refundkit.model.disputes import Dispute, DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.documents import Document, DocumentKind
from refundkit.model.marks import Flag, FlagKind
from refundkit.model.orders import Order
from refundkit.model.payments import PaymentStatus
from refundkit.model.refunds import Refund, RefundLine, RefundOrigin, RefundStatus
from refundkit.model.requests import RestockingFee
from refundkit.money import Money
from refundkit.policy.attribution import attribute
from refundkit.policy.plan import plan_refund
from tests import strategies
from tests.model.builders import NOW, eur, jpy, line, order, paid, refunded, simple, wish

TENTH = RestockingFee(percent=Decimal(10))


def dispute(funds, amount="100.00", stage=DisputeStage.CHARGEBACK, **more):
    """Dispute payment p1."""
    return Dispute(
        **{
            "reference": "dp-1",
            "payment_id": "p1",
            "amount": eur(amount),
            "stage": stage,
            "status": DisputeStatus.UNDER_REVIEW,
            "funds": funds,
            **more,
        }
    )


def external(amount, **more):
    """Refund in the gateway's dashboard."""
    values = {"id": "x-1", "payment_id": "p1", "gateway": "stripe", "amount": amount}
    return Refund(**{**values, "status": RefundStatus.SUCCEEDED, "origin": RefundOrigin.EXTERNAL, **more})


# Law C1: what is left.


@pytest.mark.parametrize(
    ("status", "left", "reserved", "returned"),
    [
        (RefundStatus.SUBMITTED, "40.00", "60.00", "0.00"),
        (RefundStatus.PENDING, "40.00", "60.00", "0.00"),
        (RefundStatus.SUCCEEDED, "40.00", "0.00", "60.00"),
        (RefundStatus.FAILED, "100.00", "0.00", "0.00"),
    ],
)
def test_reserving(status, left, reserved, returned):
    """Law C1: what was asked for, or may be, is set aside; only a failure gives it back (law E7)."""
    after = refunded(simple(), status, amount=eur(60))

    assert after.refundable == after.refundable_of("p1") == eur(left)
    assert (after.reserved, after.refunded) == (eur(reserved), eur(returned))


@pytest.mark.parametrize("status", [s for s in PaymentStatus if s is not PaymentStatus.CAPTURED])
def test_only_captured_money(status):
    """Law C5: what was not captured, or failed, or was voided, cannot be given back."""
    known = order((), (paid("p1", eur(100), status=status), paid("p2", eur(5))))

    assert (known.refundable_of("p1"), known.refundable, known.captured) == (eur(0), eur(5), eur(5))


@pytest.mark.parametrize(
    ("confirmed", "left"), [("99.00", "99.00"), ("100.00", "100.00"), ("101.00", "100.00")]
)
def test_what_the_gateway_confirms(confirmed, left):
    """Law C1: of what was registered and what the gateway confirms, the smaller counts."""
    known = order((), (attrs.evolve(paid("p1", eur(100)), confirmed=eur(confirmed)),))

    assert known.refundable == eur(left)
    assert known.payment("p1").captured == eur(100)


def test_a_payment_of_another_order():
    """Law C4: an order is asked only about its own payments, refunds and documents."""
    for ask in (Order.refundable_of, Order.payment, Order.refund, Order.without_document):
        with pytest.raises(
            OrderNotFoundError, match=r"Order o-1 has no (payment|refund|document) 'p9'"
        ) as no:
            ask(simple(), "p9")
        assert no.value.order_id == "o-1"


@pytest.mark.parametrize(
    ("funds", "stage", "left"),
    [
        (DisputeFunds.NONE, DisputeStage.INQUIRY, "100.00"),
        (DisputeFunds.NONE, DisputeStage.CHARGEBACK, "100.00"),
        (DisputeFunds.WITHDRAWN, DisputeStage.CHARGEBACK, "70.00"),
        (DisputeFunds.REINSTATED, DisputeStage.CHARGEBACK, "100.00"),
    ],
)
def test_disputes_and_the_cap(funds, stage, left):
    """Law D1: only withdrawn money consumes the cap; an inquiry consumes nothing; reinstated money is back."""
    known = simple().with_dispute(dispute(funds, "30.00", stage))

    assert known.refundable == eur(left)
    assert known.lost_to_disputes == eur(100) - eur(left)
    assert known.balance == eur(0)


def test_refund_and_chargeback():
    """Law D3: a chargeback after a refund is exposure; refundable stays zero and never becomes negative."""
    known = refunded(simple(), amount=eur(60)).with_dispute(dispute(DisputeFunds.WITHDRAWN))

    assert (known.refundable, known.exposure, known.lost_to_disputes) == (eur(0), eur(60), eur(100))
    won = known.with_dispute(dispute(DisputeFunds.REINSTATED, status=DisputeStatus.WON))
    assert len(won.disputes) == 1
    assert (won.refundable, won.exposure, won.lost_to_disputes) == (eur(40), eur(0), eur(0))


def test_external_refunds_count():
    """Law C1: what was refunded elsewhere is gone as well, and too much of it is exposure (law T1)."""
    known = refunded(simple(), amount=eur(60)).with_refund(external(eur(50)))

    assert (known.refundable, known.exposure, known.refunded) == (eur(0), eur(10), eur(110))


def test_money_of_another_currency_counts_nowhere():
    """Law M4: a refund that a gateway paid out in another currency (law E5) is in no sum of the order's."""
    known = simple().with_refund(external(Money.of(60, "USD")))

    assert (known.refundable, known.refunded, known.exposure, known.balance) == (eur(100), *[eur(0)] * 3)


# Law C7: what is withheld.


def test_withheld():
    """Law C7: a fee of 10 % on 100.00 is withheld: 90.00 back, and the line is closed."""
    known = refunded(simple(), lines={"line-1": 1}, restocking_fee=TENTH)

    assert (known.refunded, known.withheld, known.refundable, known.balance) == (
        eur(90),
        eur(10),
        eur(10),
        eur(0),
    )
    sums = known.line_sums["line-1"]
    assert (sums.units_left, sums.open, sums.withheld) == (0, eur(0), eur(10))


def test_nothing_is_withheld_by_a_failed_refund():
    """Law C7: when every leg failed, nothing was returned and no fee is kept."""
    known = refunded(simple(), RefundStatus.FAILED, lines={"line-1": 1}, restocking_fee=TENTH)

    assert (known.withheld, known.line_sums["line-1"].open, known.line_sums["line-1"].units_left) == (
        eur(0),
        eur(100),
        1,
    )


def test_withheld_without_lines():
    """Law C7: an order without lines withholds too."""
    known = refunded(order((), (paid("p1", eur(100)),)), restocking_fee=TENTH)

    assert (known.withheld, known.refundable, known.refunded) == (eur(10), eur(10), eur(90))
    with pytest.raises(RefundDenied, match="Nothing is left"):
        plan_refund(known, wish(), now=NOW)


def test_withheld_is_returned_by_an_explicit_amount():
    """Law C7: an explicit amount may return what was withheld; then it is withheld no more."""
    known = refunded(simple(), lines={"line-1": 1}, restocking_fee=TENTH)

    known = refunded(known, amount=eur(4))

    assert (known.withheld, known.refundable, known.line_sums["line-1"].given) == (eur(6), eur(6), eur(94))


# The balance.


def test_goodwill_is_no_debt():
    """A refund out of goodwill leaves nobody owing anything."""
    assert refunded(simple(), amount=eur(30)).balance == eur(0)


def test_paid_too_little_or_too_much():
    """The balance is what the lines cost beyond what was paid."""
    for captured, balance in (("60.00", "40.00"), ("100.00", "0.00"), ("120.00", "-20.00")):
        known = order((line("line-1", eur(100)),), (paid("p1", eur(captured)),))
        assert known.balance == eur(balance)


@pytest.mark.parametrize("status", [RefundStatus.SUCCEEDED, RefundStatus.PENDING])
def test_an_overpayment_is_given_back_once(status):
    """Law C6: what was paid too much is given back first, and only once; then the lines close exactly."""
    known = order((line("line-1", eur(100), tax=eur(19)),), (paid("p1", eur(120)),))

    known = refunded(known, status, amount=eur(15))
    assert (known.balance, known.line_sums["line-1"].given) == (-eur(5), eur(0))
    known = refunded(known, status, amount=eur(15))
    assert (known.balance, known.line_sums["line-1"].given) == (eur(0), eur(10))
    known = refunded(known, status)
    assert (known.balance, known.refundable) == (eur(0), eur(0))
    assert (known.line_sums["line-1"].given, known.line_sums["line-1"].tax) == (eur(100), eur(19))
    assert known.line_sums["line-1"].units_left == 0


def test_an_unpaid_customer_still_owes_what_is_not_returned():
    """Giving back what was bought leaves the debt that there was before."""
    known = order((line("line-1", eur(100)),), (paid("p1", eur(60)),))

    assert refunded(known, amount=eur(60)).balance == eur(40)


@pytest.mark.parametrize(
    ("status", "balance"),
    [(RefundStatus.SUCCEEDED, 0), (RefundStatus.PENDING, 0), (RefundStatus.FAILED, -2000)],
)
def test_a_failed_revision_leaves_a_balance(status, balance):
    """Law C8: a failed refund leaves the revision standing and a balance owed."""
    known = order((line("old", jpy(10_000)),), (paid("p1", jpy(10_000)),))

    known = refunded(known, status, revision=[line("new", jpy(8000))])

    assert (known.revision, known.total, known.balance) == (1, jpy(8000), jpy(balance))


def test_a_failed_revision_is_made_good_once():
    """Law C8: what is owed after a failed revision is given back first, and is owed no more then."""
    known = order((line("old", jpy(10_000)),), (paid("p1", jpy(10_000)),))
    known = refunded(known, RefundStatus.FAILED, revision=[line("new", jpy(8000))])

    known = refunded(known, amount=jpy(2000))
    assert (known.balance, known.refunds[-1].lines) == (jpy(0), ())
    known = refunded(known, amount=jpy(1000))
    assert (known.balance, known.line_sums["new"].given) == (jpy(0), jpy(1000))
    known = refunded(known)
    assert (known.balance, known.refundable, known.line_sums["new"].open) == (jpy(0), jpy(0), jpy(0))


def test_goodwill_before_a_revision():
    """Law C8: 20,000 paid, 1,000 goodwill, revised to 18,000: 1,000 go back, and nobody owes anything."""
    known = order((line("a", jpy(20_000)),), (paid("p1", jpy(20_000)),))

    known = refunded(refunded(known, amount=jpy(1000)), revision=[line("b", jpy(18_000))])

    assert (known.refunds[-1].amount, known.balance, known.refundable) == (jpy(1000), jpy(0), jpy(18_000))


def test_a_lost_dispute_stands_beside_the_balance():
    """What the bank took is shown beside the balance, not in it."""
    known = simple().with_dispute(dispute(DisputeFunds.WITHDRAWN, status=DisputeStatus.LOST))

    assert (known.balance, known.lost_to_disputes) == (eur(0), eur(100))


def test_the_balance_without_lines():
    """Where no line says what was bought, nobody owes anything."""
    known = order((), (paid("p1", eur(100)),))

    assert known.balance == refunded(known, amount=eur(30)).balance == eur(0)


# What should not have been possible is recorded (law T1), and leaves no crash behind.


def test_a_revived_refund_overfills_a_line():
    """Law T1: a failed refund that lives after all may give back more than a line cost; sums stay sane."""
    known = refunded(simple(), RefundStatus.FAILED, lines={"line-1": 1}, restocking_fee=TENTH)
    known = refunded(known, lines={"line-1": 1}, restocking_fee=TENTH)
    revived = known.refunds[0].moved(RefundStatus.SUCCEEDED, outside_cap=True)

    known = known.with_refund(revived)

    sums = known.line_sums["line-1"]
    assert (sums.given, sums.open, sums.withheld, sums.units_left) == (eur(180), eur(0), eur(0), 0)
    assert (known.withheld, known.refundable, known.exposure) == (eur(0), eur(0), eur(80))
    assert attribute(known, eur(5)).excess == eur(5)
    with pytest.raises(RefundDenied):
        plan_refund(known, wish(), now=NOW)


@given(strategies.orders(), st.integers(0, 10**12))
def test_any_amount_can_be_attributed(known, minor):
    """Law T1: whatever happened to an order, an amount that a gateway reports can be taken apart, exactly."""
    amount = Money.of_minor(minor, known.currency)

    taken = attribute(known, amount)

    parts = Money.sum(taken.by_line.values(), known.currency)
    assert parts + taken.owed + taken.excess == amount
    assert all(part.is_positive for part in taken.by_line.values())
    assert not taken.excess.minor < 0


# Changing.


def test_changes_replace_by_name():
    """Adding what is known already puts it in its place; everything else stays as it was."""
    known = refunded(simple(), amount=eur(60))
    again = known.with_refund(attrs.evolve(known.refunds[0], raw_status="ok"))
    document = Document(id="d-1", kind=DocumentKind.BILLING_INVOICE)
    flag = Flag(kind=FlagKind.REVIVED, subject="r-1", text="look", raised_at=NOW)

    assert (len(again.refunds), again.refunds[0].raw_status) == (1, "ok")
    assert again.refund(again.refunds[0].id) == again.legs(again.requests[0].key)[0]
    assert again.request("nobody") is None
    assert again.with_payment(paid("p2", eur(1))).refundable == eur(41)
    assert known.with_document(document).with_document(document).documents == (document,)
    assert known.with_document(document).without_document("d-1") == known
    assert known.with_flag(flag).with_flag(attrs.evolve(flag, text="again")).flags == (flag,)
    assert (known.is_flagged, known.with_flag(flag).is_flagged, known.is_rejected) == (False, True, False)


def test_the_paid_undelivered_list_is_for_good():
    """A document that cannot be taken back stays."""
    listed = simple(documents=[Document(id="d-1", kind=DocumentKind.PAID_UNDELIVERED_LIST)])

    with pytest.raises(InvalidValueError, match="on the paid undelivered list, which cannot be taken back"):
        listed.without_document("d-1")


def test_lines_are_cut_by_divmod():
    """Law C6: 20.00 over 3 units is 6.67, 6.67, 6.66, and the parts of a refund keep their line."""
    bought = line("line-1", eur("20.00"), quantity=3)

    assert [bought.units(first, 1) for first in range(3)] == [eur("6.67"), eur("6.67"), eur("6.66")]
    assert RefundLine(line_id="a", amount=eur(1), tax=eur(1)).tax == eur(1)


@given(st.integers(0, 10**9), st.integers(1, 50), st.data())
def test_units_add_up(total, quantity, data):
    """Law C6: however a line is cut into runs of units, the runs add up to its total."""
    bought = line("line-1", Money.of_minor(total, "EUR"), quantity=quantity)
    cut = data.draw(st.integers(0, quantity))

    assert bought.units(0, cut) + bought.units(cut, quantity - cut) == bought.total
    assert Money.sum((bought.units(unit, 1) for unit in range(quantity)), "EUR") == bought.total
