"""Refusals: what they carry beside their reasons, and how several of them are said."""

from datetime import timedelta

import pytest

from refundkit.errors import InvalidValueError, RefundDenied
from refundkit.model.capabilities import Capabilities
from refundkit.model.marks import Flag, FlagKind
from refundkit.model.parties import Actor
from refundkit.policy.plan import plan_refund
from refundkit.policy.rules import Policy, ReviewAbove
from tests.model.builders import NOW, eur, order, paid, refunded, simple, wish


def refusal(known, able=None, **what):
    """Plan a request that is refused."""
    with pytest.raises(RefundDenied) as refused:
        plan_refund(known, wish(**what), now=NOW, capabilities=able)
    return refused.value


def flagged(*texts):
    """Order something that waits for a person."""
    known = simple()
    for number, text in enumerate(texts):
        flag = Flag(kind=FlagKind.REVIVED, subject=f"r-{number}", text=text, raised_at=NOW)
        known = known.with_flag(flag)
    return known


def test_several_flags_and_reasons_are_one_sentence_after_the_other():
    """Law T1: every flag is told, and the way out; then every other reason."""
    text = str(refusal(flagged("One thing.", "Another thing."), amount=eur(101)))

    assert text == (
        "Refund on order o-1 refused: Order o-1 waits for a person: One thing.; Another thing. Clear it with "
        "acknowledge(). 101.00 EUR was asked for, but only 100.00 EUR is left to give back on order o-1."
    )


def test_a_refusal_of_everything_asked_for_no_amount():
    """Law C3: who asked for everything where nothing is left asked for no amount."""
    emptied = refusal(refunded(simple()))

    assert (emptied.asked, emptied.possible) == (None, eur(0))
    assert refusal(simple(), amount=eur(101)).asked == eur(101)


def test_a_closed_window_of_a_gateway_has_its_code():
    """Law C5: the gateway's own window is another reason than the shop's."""
    known = order((), (paid("p1", eur(5), captured_at=NOW - timedelta(days=31)),))
    closed = refusal(known, {"stripe": Capabilities(window=timedelta(days=30))})

    assert [reason.code for reason in closed.reasons] == ["shortfall", "gateway_window_closed"]


def test_an_approved_plan_has_no_reasons_left():
    """A plan that somebody else approved carries an empty tuple, as one that needed no approval."""
    policy = Policy(rules=(ReviewAbove(eur(1)),))
    asked = wish(actor=Actor.staff("kim"), approved_by=Actor.staff("lee"))

    assert plan_refund(simple(), asked, now=NOW, policy=policy).reasons == ()


@pytest.mark.parametrize(
    ("approver", "code"),
    [
        (Actor.staff("lee"), None),
        (Actor.customer("kim"), "no_approver"),
        (Actor.system("lee"), "no_approver"),
        (Actor.gateway("lee"), "no_approver"),
        (Actor.staff(""), "no_approver"),
        (Actor.staff("  "), "no_approver"),
        (Actor.staff("kim"), "own_approval"),
        (Actor.staff(" KIM "), "own_approval"),
    ],
)
def test_who_may_approve(approver, code):
    """A second person is somebody of the shop, by name, and not the first one in other letters."""
    policy = Policy(rules=(ReviewAbove(eur(1)),))
    asked = wish(actor=Actor.staff("kim"), approved_by=approver)
    reasons = plan_refund(simple(), asked, now=NOW, policy=policy).reasons

    assert [reason.code for reason in reasons] == (["above_review_limit", code] if code else [])


def test_another_kind_of_actor_is_another_person():
    """A program that is called like somebody of the shop may be approved by them."""
    policy = Policy(rules=(ReviewAbove(eur(1)),))
    asked = wish(actor=Actor.system("kim"), approved_by=Actor.staff("kim"))

    assert plan_refund(simple(), asked, now=NOW, policy=policy).reasons == ()


class Greedy:
    """A spread with a bug."""

    def distribute(self, amount, options):
        """Take too much."""
        return (amount + amount,)


def test_a_spread_that_is_not_believed_is_shown():
    """Law C1: the refusal of a spread carries what the spread gave."""
    with pytest.raises(InvalidValueError, match=r"spreads 5\.00 EUR as \['10\.00 EUR'\]") as refused:
        plan_refund(simple(), wish(amount=eur(5)), now=NOW, policy=Policy(spread=Greedy()))

    assert (refused.value.field, refused.value.value) == ("spread", (eur(10),))
