"""The values of a policy: every field is checked, lists are taken as tuples, and words stay as they are."""

from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest

from refundkit.errors import InvalidValueError, RefundDenied
from refundkit.model.capabilities import Capabilities
from refundkit.model.documents import DocumentKind
from refundkit.model.lines import LineKind
from refundkit.model.requests import RefundReason
from refundkit.money import Money
from refundkit.policy.attribution import attribute
from refundkit.policy.goods import Revocation
from refundkit.policy.options import options
from refundkit.policy.plan import plan_refund
from refundkit.policy.reasons import Reason
from refundkit.policy.rules import (
    BlockingDocuments,
    Decision,
    MaxAmount,
    MaxRefunds,
    NonRefundable,
    Policy,
    ReviewAbove,
    Verdict,
    Window,
)
from refundkit.policy.spread import ByMethod, FewestRefunds, Remainder
from tests.model.builders import NOW, cents, eur, order, paid, simple, wish

VALUES = (
    *(Reason("a", "b"), Verdict.allow(), Window(30), MaxAmount(eur(1)), ReviewAbove(eur(1)), MaxRefunds(1)),
    *(NonRefundable(), BlockingDocuments(), ByMethod(("card",)), Policy()),
)
# A spread is whatever distributes; what it gives is checked each time.
UNCHECKED = {"Policy.spread"}
FIELDS = {
    f"{type(value).__name__}.{one.name}": (value, one)
    for value in VALUES
    for one in attrs.fields(type(value))
}


@pytest.mark.parametrize("name", sorted(FIELDS.keys() - UNCHECKED))
def test_every_field_is_checked(name):
    """Law S3: no field of a policy takes just anything."""
    value, one = FIELDS[name]

    with pytest.raises(InvalidValueError):
        attrs.evolve(value, **{one.name: object()})


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda kinds: NonRefundable(kinds=kinds), "kinds"),
        (lambda kinds: BlockingDocuments(kinds=kinds), "kinds"),
        (lambda kinds: BlockingDocuments(rejecting=kinds), "rejecting"),
        (lambda rules: Policy(rules=rules), "rules"),
        (lambda rules: Policy(standing=rules), "standing"),
        (lambda methods: ByMethod(methods=methods), "methods"),
    ],
)
def test_a_list_is_taken_as_a_tuple(make, field):
    """Who writes a list means its content; a policy never changes with it."""
    assert getattr(make([]), field) == ()


def test_a_policy_that_says_nothing():
    """Nothing is forbidden but what documents block, and nobody is written to."""
    policy = Policy()

    assert (policy.rules, policy.standing) == ((), (BlockingDocuments(),))
    assert (policy.spread, policy.remainder, policy.notify) == (FewestRefunds(), Remainder.DENY, False)
    assert NonRefundable().kinds == (LineKind.SHIPPING, LineKind.FEE)
    assert BlockingDocuments().rejecting == (DocumentKind.PAID_UNDELIVERED_LIST,)


def test_words_and_order_of_decisions():
    """Of several verdicts the highest counts, and the words for the remainder are for life."""
    assert [(one.name, one.value) for one in Decision] == [("ALLOW", 0), ("REVIEW", 1), ("DENY", 2)]
    assert [(one.name, one.value) for one in Remainder] == [("DENY", "deny"), ("MANUAL", "manual")]
    assert [(one.name, one.value) for one in Revocation] == [("ON_REFUND", "on_refund"), ("NEVER", "never")]


# What a plan is made of.


def test_the_time_may_be_of_any_zone():
    """The same moment is the same plan, and is kept in UTC."""
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    planned = plan_refund(simple(), wish(), now=elsewhere)

    assert planned == plan_refund(simple(), wish(), now=NOW)
    assert planned.refunds[0].created_at.tzinfo is UTC
    with pytest.raises(InvalidValueError):
        plan_refund(simple(), wish(), now=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the mistake


def test_a_leg_knows_its_reason():
    """Each gateway puts the reason into its own words, so each leg carries it."""
    asked = wish(reason_type=RefundReason.DAMAGED)

    assert plan_refund(simple(), asked, now=NOW).refunds[0].reason_type is RefundReason.DAMAGED


def test_an_amount_takes_no_units():
    """Law C6: who asks for money says nothing about goods."""
    planned = plan_refund(simple(), wish(amount=eur(100)), now=NOW)

    assert [(part.quantity, part.amount) for part in planned.lines] == [(0, eur(100))]


def test_everything_needs_no_choice():
    """Law P3: however many whole payments there are, there is one way to give all of them back."""
    known = order((), tuple(paid(f"p{number}", eur(1)) for number in range(30)))
    able = {"stripe": Capabilities(partial=False)}

    assert plan_refund(known, wish(), now=NOW, capabilities=able).amount == eur(30)


class Blind:
    """A spread that gives without looking."""

    def distribute(self, amount, options):
        """Give it all."""
        return (amount,)


def test_where_no_payment_can_contribute_no_spread_is_asked():
    """Law C5: the refusal says what stands against it, and nothing about the spread."""
    able = {"stripe": Capabilities(currencies={"USD"})}

    with pytest.raises(RefundDenied) as refused:
        plan_refund(simple(), wish(amount=eur(5)), now=NOW, policy=Policy(spread=Blind()), capabilities=able)
    assert [reason.code for reason in refused.value.reasons] == ["shortfall", "currency_unsupported"]


@pytest.mark.parametrize("minimum", [None, eur(0), Money.of(5, "USD")])
def test_without_a_minimum_one_cent_is_the_least(minimum):
    """Law C2: a minimum of nothing, or of another currency, allows no refund of nothing."""
    known = simple()
    found, _ = options(known, lambda *_: Capabilities(minimum=minimum), via=None, now=NOW)

    assert (found[0].least, found[0].left) == (cents(1), eur(100))
    assert not found[0].allows(eur(0))


def test_of_an_order_without_lines_nothing_is_in_excess():
    """Law C6: where there are no lines, money belongs to none, and that is no oddity."""
    taken = attribute(order((), (paid("p1", eur(10)),)), eur(4))

    assert (taken.owed, taken.excess, dict(taken.by_line)) == (eur(4), eur(0), {})
