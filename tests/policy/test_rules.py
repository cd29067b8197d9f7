"""Rules: what a shop allows, and who must look."""

from datetime import timedelta

import pytest

from refundkit.errors import InvalidValueError, RefundDenied
from refundkit.model.documents import Document, DocumentKind
from refundkit.model.lines import LineKind
from refundkit.model.marks import Flag, FlagKind
from refundkit.model.parties import Actor
from refundkit.model.refunds import RefundStatus
from refundkit.model.requests import Purpose
from refundkit.policy.plan import plan_refund
from refundkit.policy.rules import (
    BlockingDocuments,
    Case,
    Decision,
    MaxAmount,
    MaxRefunds,
    NonRefundable,
    Policy,
    ReviewAbove,
    Verdict,
    Window,
)
from tests.model.builders import NOW, cents, eur, jpy, line, order, paid, refunded, simple, wish

KIM, LEE = Actor.staff("kim"), Actor.staff("lee")


def plan(known, *rules, **what):
    """Plan a request under rules."""
    return plan_refund(known, wish(**what), now=NOW, policy=Policy(rules=rules))


def denied(known, *rules, **what):
    """Plan a request that is refused."""
    with pytest.raises(RefundDenied) as refusal:
        plan(known, *rules, **what)
    return refusal.value


def codes(known, *rules, **what):
    """Name the reasons of a refusal."""
    return [reason.code for reason in denied(known, *rules, **what).reasons]


# The window.


@pytest.mark.parametrize(
    ("age", "open_"), [(timedelta(days=30), True), (timedelta(days=30, seconds=1), False)]
)
def test_window(age, open_):
    """The window closes so many days after the order was placed, to the second, and the refusal says when."""
    known = simple(placed_at=NOW - age)

    if open_:
        assert plan(known, Window(days=30)).amount == eur(100)
    else:
        refusal = denied(known, Window(days=30))
        assert [reason.code for reason in refusal.reasons] == ["window_closed"]
        assert "The refund window of 30 days closed on 2026-11-01." in str(refusal)


def test_window_of_the_first_payment():
    """Where nobody knows when the order was placed, the first capture counts; where nothing is known, nothing."""
    late, early = NOW - timedelta(days=1), NOW - timedelta(days=31)

    def known(*moments):
        return order((), [paid(f"p{n}", eur(1), captured_at=moment) for n, moment in enumerate(moments)])

    assert codes(known(late, early, None), Window(days=30)) == ["window_closed"]
    assert plan(known(late), Window(days=30)).amount == eur(1)
    assert plan(known(None), Window(days=30)).amount == eur(1)


@pytest.mark.parametrize("days", [4_000_000, 2**31 - 1])
def test_endless_window(days):
    """A window may be longer than the calendar."""
    assert plan(simple(placed_at=NOW - timedelta(days=700_000)), Window(days=days)).amount == eur(100)


@pytest.mark.parametrize("days", [0, -1, True, 1.5, "30", timedelta(days=30)])
def test_window_takes_days(days):
    """A window is a whole number of days."""
    with pytest.raises(InvalidValueError, match=r"Window\.days must be a whole number"):
        Window(days=days)


# Amounts.


def test_maximum():
    """A request above the maximum is refused; at the maximum, or in another currency, it is not."""
    refusal = denied(simple(), MaxAmount(eur(50)), amount=eur("50.01"))

    assert [reason.code for reason in refusal.reasons] == ["above_maximum"]
    assert "50.01 EUR is above the maximum of 50.00 EUR for one refund" in str(refusal)
    assert plan(simple(), MaxAmount(eur(50)), amount=eur(50)).reasons == ()
    assert plan(simple(), MaxAmount(jpy(5))).reasons == ()


def test_review():
    """Above the limit somebody else has to look; the plan says so and is made all the same."""
    planned = plan(simple(), ReviewAbove(eur(50)))

    assert planned.needs_review
    assert [reason.code for reason in planned.reasons] == ["above_review_limit"]
    assert planned.refunds[0].amount == eur(100)
    assert not plan(simple(), ReviewAbove(eur(100))).needs_review
    assert not plan(simple(), ReviewAbove(jpy(5))).needs_review


def test_approval_by_somebody_else():
    """An approval of somebody else is one; one's own is none, and neither is it needed below the limit."""
    own = plan(simple(), ReviewAbove(eur(50)), actor=KIM, approved_by=KIM)

    assert [reason.code for reason in own.reasons] == ["above_review_limit", "own_approval"]
    assert "staff kim asked for it and cannot approve it; somebody else has to" in str(own.reasons[1])
    assert not plan(simple(), ReviewAbove(eur(50)), actor=KIM, approved_by=LEE).needs_review
    assert not plan(simple(), actor=KIM, approved_by=KIM).needs_review


@pytest.mark.parametrize(
    "approver", [Actor.system("nightly"), Actor.customer("ann"), Actor.gateway("stripe")]
)
def test_only_staff_approves(approver):
    """No program, no gateway and no customer is a second person."""
    planned = plan(simple(), ReviewAbove(eur(50)), actor=KIM, approved_by=approver)

    assert [reason.code for reason in planned.reasons] == ["above_review_limit", "no_approver"]


def test_approval_lifts_no_refusal():
    """What is denied stays denied, whoever approves."""
    assert codes(simple(), MaxAmount(eur(50)), actor=KIM, approved_by=LEE) == ["above_maximum"]


def test_number_of_refunds():
    """So many requests on one order; one that came to nothing does not count."""
    known = refunded(simple(), amount=eur(1))

    assert codes(known, MaxRefunds(1)) == ["too_many_refunds"]
    assert plan(known, MaxRefunds(2)).reasons == ()
    assert plan(refunded(simple(), RefundStatus.FAILED), MaxRefunds(1)).reasons == ()


def test_non_refundable_lines():
    """Shipping and fees may be kept; the refusal names the lines."""
    known = order(
        (line("a", eur(10)), line("post", eur(5), kind="shipping"), line("wrap", eur(5), kind=LineKind.FEE)),
        (paid("p1", eur(20)),),
    )

    assert "These lines are not given back: post, wrap; ask for the others" in str(
        denied(known, NonRefundable())
    )
    assert codes(known, NonRefundable(), amount=eur(1)) == ["non_refundable"]
    assert plan(known, NonRefundable(), lines={"a": 1}).amount == eur(10)
    assert plan(known, NonRefundable(kinds=[LineKind.FEE]), lines={"post": 1}).amount == eur(5)


# Documents.


@pytest.mark.parametrize(
    "kind", [DocumentKind.BILLING_INVOICE, DocumentKind.DELIVERY_INVOICE, DocumentKind.PAYMENT_CONFIRMATION]
)
def test_documents_block(kind):
    """An issued document blocks by default, and the refusal says what to remove first."""
    known = simple(
        documents=[Document(id="d-1", kind=kind, number="R-2026-17"), Document(id="d-2", kind=kind)]
    )

    refusal = denied(known)

    assert [reason.code for reason in refusal.reasons] == ["blocked_by_document"]
    assert f"Remove first: {kind.label} R-2026-17, {kind.label} d-2." in str(refusal)
    assert plan(known.without_document("d-1").without_document("d-2")).amount == eur(100)
    assert plan_refund(known, wish(), now=NOW, policy=Policy(standing=())).amount == eur(100)


def test_the_paid_undelivered_list_blocks_only_rejecting():
    """An order on the paid-undelivered list can be refunded and not be rejected, for good."""
    known = simple(documents=[Document(id="d-1", kind=DocumentKind.PAID_UNDELIVERED_LIST)])

    assert plan(known).amount == eur(100)
    refusal = denied(known, purpose=Purpose.REJECT)
    assert "This cannot be taken back any more: paid undelivered list d-1." in str(refusal)


def test_other_documents_block_nothing():
    """A document of another kind is just a document, unless the shop says otherwise."""
    known = simple(documents=[Document(id="d-1", kind=DocumentKind.OTHER)])

    assert plan(known).amount == eur(100)
    assert codes(known, BlockingDocuments(kinds=[DocumentKind.OTHER])) == ["blocked_by_document"]


# Flags.


def test_flagged():
    """Law T1: a flagged order waits for a person, and the refusal says for which reason and what to do."""
    flag = Flag(kind=FlagKind.OVER_REFUNDED, subject="p1", text="Too much left payment p1.", raised_at=NOW)

    refusal = denied(simple().with_flag(flag), amount=eur(1))

    assert [reason.code for reason in refusal.reasons] == ["flagged"]
    assert "waits for a person: Too much left payment p1. Clear it with acknowledge()" in str(refusal)


# All together.


def test_every_reason_at_once():
    """Law C3: a refusal carries every reason, what was asked, and what is possible."""
    flag = Flag(kind=FlagKind.REVIVED, subject="r-1", text="Look.", raised_at=NOW)
    document = Document(id="d-1", kind=DocumentKind.BILLING_INVOICE)
    known = simple(placed_at=NOW - timedelta(days=99), documents=[document]).with_flag(flag)

    refusal = denied(known, Window(days=30), MaxAmount(eur(50)), ReviewAbove(eur(1)), amount=eur(101))

    assert [reason.code for reason in refusal.reasons] == [
        "flagged",
        "exceeds_left",
        "blocked_by_document",
        "window_closed",
        "above_maximum",
    ]
    assert (refusal.asked, refusal.possible, refusal.order_id) == (eur(101), eur(100), "o-1")
    assert str(refusal).startswith("Refund on order o-1 refused: Order o-1 waits for a person")


def test_a_rule_of_ones_own():
    """A rule of the shop's own is a function of five lines."""

    def round_amounts(case: Case) -> Verdict:
        if case.amount.minor % 100 == 0:
            return Verdict.allow()
        return Verdict.review("odd_amount", f"{case.amount} is odd.")

    assert [str(reason) for reason in plan(simple(), round_amounts, amount=cents(150)).reasons] == [
        "1.50 EUR is odd."
    ]
    assert plan(simple(), round_amounts, amount=eur(1)).reasons == ()


def test_a_rule_sees_the_whole_case():
    """A rule is handed the order, the request, what it is worth after fees, line by line, and the time."""
    seen = []

    def look(case: Case) -> Verdict:
        seen.append(case)
        return Verdict.allow()

    planned = plan(simple(), look, lines={"line-1": 1})

    (case,) = seen
    assert (case.order, case.request, case.amount, case.lines, case.now) == (
        simple(),
        planned.request,
        planned.amount,
        planned.lines,
        NOW,
    )


@pytest.mark.parametrize("field", ["rules", "standing"])
@pytest.mark.parametrize("rules", [Window(days=1), 5, None, ("window",), (Window(days=1), None)])
def test_rules_are_callables(field, rules):
    """A policy with something that is no rule is refused when it is made, not when money is asked for."""
    with pytest.raises(
        InvalidValueError, match=rf"Policy\.{field} must be a tuple of rules, such as \(Window"
    ):
        Policy(**{field: rules})


@pytest.mark.parametrize("verdict", [(True,), (Decision.DENY, "no"), (2,), ("deny",)])
def test_verdicts_are_strict(verdict):
    """A verdict is one of three decisions, with a reason."""
    with pytest.raises(InvalidValueError):
        Verdict(*verdict)
