"""Options: what a gateway's capabilities allow, payment by payment (laws C5 and D2)."""

from datetime import timedelta

import attrs
import pytest

from refundkit.errors import InvalidValueError, RefundDenied
from refundkit.model.capabilities import Capabilities, WhileDisputed
from refundkit.model.disputes import Dispute, DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.refunds import RefundStatus
from refundkit.money import Money
from refundkit.policy.plan import Circumstances, make_plan, plan_refund
from refundkit.policy.reasons import Reason
from refundkit.policy.rules import Policy
from refundkit.policy.spread import OldestFirst, Remainder
from tests.model.builders import NOW, cents, eur, jpy, line, order, paid, refunded, simple, wish

MANUAL = Policy(remainder=Remainder.MANUAL)


def two(first="stripe", second="paypal"):
    """Order something for 100.00, paid in two halves."""
    return order((line("a", eur(100)),), (paid("p1", eur(50), first), paid("p2", eur(50), second)))


def plan(known, policy=None, able=None, **what):
    """Plan a request with gateways that can do so much."""
    return plan_refund(known, wish(**what), now=NOW, policy=policy, capabilities=able)


def codes(known, policy=None, able=None, **what):
    """Name the reasons of a refusal."""
    with pytest.raises(RefundDenied) as denied:
        plan(known, policy, able, **what)
    return [reason.code for reason in denied.value.reasons]


def disputed(known, stage=DisputeStage.CHARGEBACK, status=DisputeStatus.NEEDS_RESPONSE, amount="30.00"):
    """Dispute payment p1."""
    return known.with_dispute(
        Dispute(
            reference=f"dp-{stage}",
            payment_id="p1",
            amount=eur(amount),
            stage=stage,
            status=status,
            funds=DisputeFunds.NONE if stage is DisputeStage.INQUIRY else DisputeFunds.WITHDRAWN,
        )
    )


# What a gateway can do.


def test_whole_or_not_at_all():
    """Without partial refunds, a payment goes back whole or not at all."""
    able = {"stripe": Capabilities(partial=False)}

    assert plan(simple(), able=able).amount == eur(100)
    assert codes(simple(), able=able, amount=eur(99)) == ["shortfall"]
    assert codes(simple(), able=able, payments={"p1": eur(99)}) == ["whole_only"]


def test_a_part_is_gone_already():
    """Without partial refunds, a payment that was touched cannot be refunded any more."""
    known = refunded(simple(), amount=eur(1))

    assert codes(known, able={"stripe": Capabilities(partial=False)}) == ["shortfall", "whole_only"]


def test_whole_means_what_the_gateway_confirms():
    """Law C1: an untouched payment of which the gateway confirms less is whole at that."""
    known = simple()
    known = known.with_payment(attrs.evolve(known.payments[0], confirmed=eur(90)))

    assert plan(known, able={"stripe": Capabilities(partial=False)}).amount == eur(90)


def test_parts_only():
    """Without full refunds, an untouched payment keeps a cent; a touched one does not."""
    able = {"stripe": Capabilities(full=False)}

    assert codes(simple(), able=able) == ["shortfall"]
    assert plan(simple(), able=able, amount=eur("99.99")).amount == eur("99.99")
    assert plan(refunded(simple(), amount=eur(1)), able=able).amount == eur(99)


def test_neither_full_nor_partial():
    """A gateway that can refund neither whole nor in part is an obstacle with a reason."""
    able = {"stripe": Capabilities(full=False, partial=False)}

    assert codes(simple(), able=able) == ["shortfall", "below_minimum"]
    assert codes(simple("0.01"), able={"stripe": Capabilities(full=False)}) == ["shortfall", "below_minimum"]


@pytest.mark.parametrize("status", [RefundStatus.SUBMITTED, RefundStatus.PENDING, RefundStatus.SUCCEEDED])
def test_once(status):
    """Where a payment can be refunded once, it can be refunded once."""
    known = refunded(simple(), status, amount=eur(1))

    assert codes(known, able={"stripe": Capabilities(multiple=False)}) == ["shortfall", "already_refunded"]


def test_once_after_a_failure():
    """A refund that failed was none."""
    known = refunded(simple(), RefundStatus.FAILED, amount=eur(1))

    assert plan(known, able={"stripe": Capabilities(multiple=False)}).amount == eur(100)


@pytest.mark.parametrize(("age", "open_"), [(29, True), (30, True), (31, False)])
def test_window(age, open_):
    """After the gateway's window a payment is an obstacle, and the reason says when it closed."""
    known = order((), (paid("p1", eur(100), captured_at=NOW - timedelta(days=age)),))
    able = {"stripe": Capabilities(window=timedelta(days=30))}

    if open_:
        assert plan(known, able=able).amount == eur(100)
    else:
        with pytest.raises(RefundDenied, match="Gateway stripe refunds payment p1 until 2026-10-31"):
            plan(known, able=able)


@pytest.mark.parametrize("captured_at", [NOW, None])
def test_endless_window(captured_at):
    """A window may be longer than the calendar, and a capture may have no known time."""
    known = order((), (paid("p1", eur(100), captured_at=captured_at),))

    assert plan(known, able={"stripe": Capabilities(window=timedelta.max)}).amount == eur(100)


def test_minimum():
    """A gateway's minimum holds for each refund; a minimum in another currency says nothing."""
    able = {"stripe": Capabilities(minimum=eur("0.50"))}

    assert codes(simple(), able=able, amount=eur("0.49")) == ["shortfall"]
    assert codes(simple(), able=able, payments={"p1": eur("0.49")}) == ["exceeds_payment"]
    assert codes(simple("0.49"), able=able) == ["shortfall", "below_minimum"]
    assert plan(simple(), able=able, amount=eur("0.50")).amount == eur("0.50")
    for minimum in (jpy(1000), eur(0), None):
        assert plan(
            simple(), able={"stripe": Capabilities(minimum=minimum)}, amount=cents(1)
        ).amount == cents(1)


def test_minimums_do_not_leave_a_remainder():
    """Law P3: a leg below the minimum is lifted by another one."""
    able = {name: Capabilities(minimum=eur(5)) for name in ("stripe", "paypal")}

    assert [str(leg.amount) for leg in plan(two(), able=able, amount=eur(52)).refunds] == [
        "47.00 EUR",
        "5.00 EUR",
    ]


@pytest.mark.parametrize("currencies", [{"USD"}, ["USD", "JPY"], frozenset()])
def test_currencies(currencies):
    """A gateway may refund some currencies only."""
    able = {"stripe": Capabilities(currencies=currencies)}

    assert codes(simple(), able=able) == ["shortfall", "currency_unsupported"]
    assert plan(simple(), able={"stripe": Capabilities(currencies={"EUR"})}).amount == eur(100)


# While disputed.


@pytest.mark.parametrize(
    ("rule", "stage", "what", "result"),
    [
        (WhileDisputed.NOTHING, DisputeStage.CHARGEBACK, {}, ["shortfall", "disputed"]),
        (WhileDisputed.REMAINDER, DisputeStage.CHARGEBACK, {}, "70.00"),
        (WhileDisputed.REMAINDER, DisputeStage.CHARGEBACK, {"amount": eur(69)}, ["shortfall"]),
        (WhileDisputed.ANYTHING, DisputeStage.CHARGEBACK, {}, "70.00"),
        (WhileDisputed.ANYTHING, DisputeStage.CHARGEBACK, {"amount": eur(69)}, "69.00"),
        (WhileDisputed.NOTHING, DisputeStage.INQUIRY, {}, ["shortfall", "disputed"]),
        (WhileDisputed.REMAINDER, DisputeStage.INQUIRY, {}, "100.00"),
        (WhileDisputed.REMAINDER, DisputeStage.INQUIRY, {"amount": eur(69)}, ["shortfall"]),
        (WhileDisputed.ANYTHING, DisputeStage.INQUIRY, {"amount": eur(69)}, "69.00"),
    ],
)
def test_while_disputed(rule, stage, what, result):
    """Law D2: what a gateway permits while a dispute is open is a capability, for inquiries one of its own."""
    asked = "while_inquiry" if stage is DisputeStage.INQUIRY else "while_disputed"
    other = {"while_inquiry", "while_disputed"} - {asked}
    unlike = WhileDisputed.NOTHING if rule is WhileDisputed.ANYTHING else WhileDisputed.ANYTHING
    able = {"stripe": Capabilities(**{asked: rule, other.pop(): unlike})}

    if isinstance(result, list):
        assert codes(disputed(simple(), stage), able=able, **what) == result
    else:
        assert plan(disputed(simple(), stage), able=able, **what).amount == eur(result)


def test_the_strictest_dispute_counts():
    """Law D2: of several open disputes the strictest rule holds."""
    known = disputed(disputed(simple(), DisputeStage.INQUIRY), DisputeStage.CHARGEBACK)

    assert codes(known) == ["shortfall", "disputed"]


def test_a_dispute_that_is_over():
    """Law D2: a dispute that was decided forbids nothing more."""
    assert plan(disputed(simple(), status=DisputeStatus.LOST)).amount == eur(70)


def test_a_dispute_binds_its_payment_and_its_gateway():
    """Law D2: other payments and other gateways are free."""
    known = disputed(two())

    assert [leg.payment_id for leg in plan(known, amount=eur(50)).refunds] == ["p2"]
    assert plan(known, via="store_credit", payments={"p1": eur(20)}).refunds[0].gateway == "store_credit"


# Other gateways.


def test_via_another_gateway():
    """A gateway that may give back what others took does so, under another name of the refund (law E2)."""
    able = {"store_credit": Capabilities(any_payment=True)}

    planned = plan(two(), able=able, via="store_credit")

    assert planned.outline == (("p1", "store_credit", eur(50)), ("p2", "store_credit", eur(50)))
    assert {leg.id for leg in planned.refunds}.isdisjoint(leg.id for leg in plan(two()).refunds)


def test_via_a_gateway_that_may_not():
    """A gateway gives back what others took only if it says that it may."""
    with pytest.raises(
        RefundDenied, match="Gateway paypal cannot give back what stripe took \\(payment p1\\)"
    ):
        plan(two(), able={"paypal": Capabilities()}, via="paypal", payments={"p1": eur(50)})
    assert plan(two(), able={"paypal": Capabilities()}, via="paypal", amount=eur(50)).outline == (
        ("p2", "paypal", eur(50)),
    )


def test_payments_of_one_reference():
    """Law E2: payments that two gateways call the same are two refunds, with two names, at a third."""
    known = order(
        (), (paid("p1", eur(50), "stripe", reference="17"), paid("p2", eur(50), "paypal", reference="17"))
    )

    legs = plan(known, via="store_credit").refunds + plan(known).refunds

    assert len({leg.id for leg in legs}) == 4


def test_a_gateway_that_is_not_installed():
    """Law C5: a gateway that nobody installed is a reason, not a crash, and the others still work."""

    def abilities(gateway, payment):
        return Reason("not_installed", f"No {gateway} here.") if gateway == "paypal" else Capabilities()

    circumstances = Circumstances(policy=Policy(), abilities=abilities, now=NOW)

    assert make_plan(two(), wish(amount=eur(50)), circumstances).outline == (("p1", "stripe", eur(50)),)
    with pytest.raises(RefundDenied, match="No paypal here") as denied:
        make_plan(two(), wish(), circumstances)
    assert [reason.code for reason in denied.value.reasons] == ["shortfall", "not_installed"]
    assert "Of 100.00 EUR, only 50.00 EUR can be given back automatically; 50.00 EUR is short" in str(
        denied.value
    )


# The manual gateway as a last resort.


def test_remainder_by_hand():
    """What no gateway can give back goes to the manual gateway, if the policy says so."""
    able = {"paypal": Capabilities(currencies={"USD"})}

    assert plan(two(), MANUAL, able, amount=eur(70)).outline == (
        ("p1", "stripe", eur(50)),
        ("p2", "manual", eur(20)),
    )
    assert codes(two(), None, able, amount=eur(70)) == ["shortfall", "currency_unsupported"]


def test_by_hand_after_a_part():
    """A payment may give a part by its own gateway and the rest by hand, as two refunds with two names."""
    planned = plan(simple(), MANUAL, {"stripe": Capabilities(full=False)})

    assert planned.outline == (("p1", "stripe", eur("99.99")), ("p1", "manual", cents(1)))
    assert len({leg.id for leg in planned.refunds}) == 2


@pytest.mark.parametrize(
    "able",
    [
        {"stripe": Capabilities(partial=False), "manual": Capabilities()},
        {"stripe": Capabilities(partial=False), "manual": Capabilities(any_payment=True, minimum=eur(80))},
        {"stripe": Capabilities(partial=False), "manual": Capabilities(any_payment=True, partial=False)},
    ],
)
def test_the_manual_gateway_has_limits_too(able):
    """Law C5: the manual gateway is asked for no more than it can do."""
    assert codes(simple(), MANUAL, able, amount=eur(70))[0] == "shortfall"


def test_by_hand_what_was_paid_by_hand():
    """Law E2: a payment has one manual refund of a request, never two under one name."""
    known = two("manual", "stripe")
    able = {
        "manual": Capabilities(any_payment=True, minimum=eur(5)),
        "stripe": Capabilities(partial=False),
    }

    planned = plan(known, Policy(remainder=Remainder.MANUAL, spread=OldestFirst()), able, amount=eur(70))

    assert planned.outline == (("p1", "manual", eur(20)), ("p2", "stripe", eur(50)))
    assert plan(
        known, MANUAL, {**able, "stripe": Capabilities(window=timedelta(0), partial=False)}
    ).amount == eur(100)


# Explicit spreads.


def test_explicit():
    """An explicit spread is followed, and says by itself how much is asked for."""
    planned = plan(two(), payments={"p2": eur(30), "p1": eur(5)})

    assert planned.outline == (("p1", "stripe", eur(5)), ("p2", "paypal", eur(30)))
    assert planned.amount == eur(35)
    assert plan(two(), amount=eur(35), payments={"p2": eur(35)}).outline == (("p2", "paypal", eur(35)),)


@pytest.mark.parametrize(
    ("what", "able", "expected"),
    [
        ({"payments": {"p9": eur(1)}}, {}, ["unknown_payment"]),
        ({"payments": {"p1": eur("50.01")}}, {}, ["exceeds_payment"]),
        ({"payments": {"p1": eur(51), "p2": eur(51)}}, {}, ["exceeds_left"]),
        ({"amount": eur(3), "payments": {"p1": eur(2)}}, {}, ["spread_differs"]),
        ({"payments": {"p1": eur(2)}, "purpose": "reject"}, {}, ["spread_differs"]),
        (
            {"payments": {"p1": eur(2)}},
            {"stripe": Capabilities(currencies=["USD"])},
            ["currency_unsupported"],
        ),
        ({"payments": {"p1": eur(2)}}, {"stripe": Capabilities(partial=False)}, ["whole_only"]),
        ({"payments": {"p1": eur(2)}}, {"stripe": Capabilities(minimum=eur(60))}, ["below_minimum"]),
        (
            {"payments": {"p9": eur(1), "p1": eur(51)}, "amount": eur(3)},
            {},
            ["unknown_payment", "exceeds_payment", "spread_differs"],
        ),
        ({"payments": {"p1": eur(2)}, "via": "cash"}, {"cash": Capabilities()}, ["foreign_payment"]),
    ],
)
def test_explicit_refused(what, able, expected):
    """Law C4: each payment that is named must be one of the order's and able to give so much; all at once."""
    if what.get("purpose"):
        request = wish(payments=what["payments"]).rejecting()
        with pytest.raises(RefundDenied) as denied:
            plan_refund(two(), request, now=NOW, capabilities=able)
        assert [reason.code for reason in denied.value.reasons] == expected
    else:
        assert codes(two(), None, able, **what) == expected


def test_explicit_on_an_empty_payment():
    """Law C5: a payment that was given back whole gives nothing more."""
    assert codes(refunded(two(), payments={"p1": eur(50)}), payments={"p1": eur(1)}) == ["nothing_left"]


def test_too_many_whole_payments():
    """Law P3: beyond twenty payments that only go back whole, the caller says which."""
    able = {"stripe": Capabilities(partial=False)}
    twenty = [paid(f"p{number}", eur(number + 1)) for number in range(20)]
    more = [*twenty, paid("p20", eur(21))]

    assert plan(order((), twenty), able=able, amount=eur(3)).amount == eur(3)
    assert codes(order((), more), able=able, amount=eur(3)) == ["explicit_spread_needed"]
    assert plan(order((), more), able=able, payments={"p2": eur(3)}).amount == eur(3)
    assert plan(order((), more), amount=eur(3)).amount == eur(3)


# A spread of the shop's own.


class Wrong:
    """A spread with a bug."""

    def __init__(self, *shares):
        self.shares = shares

    def distribute(self, amount, options):
        """Give what the test says."""
        return self.shares


@pytest.mark.parametrize(
    "shares",
    [
        (eur(60), eur(0)),
        (eur(70), -eur(10)),
        (eur(60),),
        (eur(20), eur(20), eur(20)),
        (eur(40), eur(40)),
        (),
    ],
)
def test_a_spread_of_the_shops_own_is_checked(shares):
    """Law C1: a spread that a shop wrote cannot take more of a payment than is left, or more than was asked."""
    with pytest.raises(InvalidValueError, match=r"which the payments do not allow; correct the spread"):
        plan(two(), Policy(spread=Wrong(*shares)), amount=eur(60))


def test_a_spread_of_the_shops_own_may_leave_something():
    """What a spread leaves is a shortfall."""
    assert codes(two(), Policy(spread=Wrong(eur(10), eur(0))), amount=eur(60)) == ["shortfall"]


def test_a_spread_of_the_shops_own_is_used():
    """Law P1: the policy's spread decides."""
    planned = plan(two(), Policy(spread=Wrong(eur(10), eur(50))), amount=eur(60))

    assert [leg.amount for leg in planned.refunds] == [eur(10), eur(50)]


def test_legs_are_planned_refunds():
    """A plan is made of refunds that have not happened yet, which carry all that will be stored of them."""
    leg = plan(simple(), amount=eur(5)).refunds[0]

    assert (leg.status, leg.key, leg.payment_id, leg.gateway, leg.created_at, leg.revision) == (
        RefundStatus.PLANNED,
        "k-1",
        "p1",
        "stripe",
        NOW,
        0,
    )
    assert leg.lines[0].amount == Money.of(5, "EUR")
