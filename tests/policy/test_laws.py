"""The laws of a plan, tried on orders, requests, policies and gateways of all kinds."""

from datetime import timedelta
from decimal import Decimal
from itertools import count

import attrs
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from refundkit.errors import InvalidValueError, RefundDenied
from refundkit.model.capabilities import Capabilities, WhileDisputed
from refundkit.model.disputes import Dispute, DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.lines import LineKind
from refundkit.model.payments import PaymentStatus
from refundkit.model.refunds import Refund, RefundOrigin, RefundStatus
from refundkit.model.requests import LineRefund, RestockingFee
from refundkit.money import Money
from refundkit.policy.attribution import attribute, cut_lines, request_line
from refundkit.policy.plan import plan_refund
from refundkit.policy.rules import MaxAmount, MaxRefunds, NonRefundable, Policy, ReviewAbove, Window
from refundkit.policy.spread import ByMethod, FewestRefunds, NewestFirst, OldestFirst, Proportional, Remainder
from tests import strategies
from tests.model.builders import NOW, accepted, cents, eur, line, order, paid, wish

GATEWAYS = ("stripe", "paypal", "store_credit")
STATUSES = [RefundStatus.SUBMITTED, RefundStatus.PENDING, RefundStatus.SUCCEEDED, RefundStatus.FAILED]
ends = st.sampled_from(STATUSES)


# What may be drawn.


@st.composite
def bought(draw, number):
    """Buy up to five units of something, with or without tax."""
    total = draw(st.integers(0, 3000))
    tax = draw(st.none() | st.integers(0, total))
    return line(
        f"line-{number}",
        cents(total),
        draw(st.integers(1, 5)),
        tax=None if tax is None else cents(tax),
        kind=draw(st.sampled_from(LineKind)),
    )


@st.composite
def orders(draw):
    """Order up to three lines, paid exactly, too little or too much, by up to four payments."""
    lines = [draw(bought(number)) for number in range(draw(st.integers(0, 3)))]
    payments = [
        paid(
            f"p{number}",
            cents(draw(st.integers(0, 2500))),
            draw(st.sampled_from(GATEWAYS)),
            reference=draw(st.sampled_from([f"ref-{number}", f"same-{number % 2}-{number}"])),
            status=draw(st.sampled_from([PaymentStatus.CAPTURED] * 6 + list(PaymentStatus))),
            captured_at=draw(st.sampled_from([None, NOW, NOW - timedelta(days=40)])),
            confirmed=draw(st.none() | st.integers(0, 2500).map(cents)),
            method=draw(st.sampled_from([None, "card"])),
        )
        for number in range(draw(st.integers(0, 4)))
    ]
    assume(lines or payments)
    return order(lines, payments, placed_at=draw(st.sampled_from([None, NOW, NOW - timedelta(days=99)])))


def abilities():
    """Say what gateways can do."""
    return st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            (*GATEWAYS, "manual"),
            st.builds(
                Capabilities,
                full=st.booleans(),
                partial=st.booleans(),
                multiple=st.booleans(),
                window=st.none() | st.just(timedelta(days=30)) | st.just(timedelta.max),
                minimum=st.none() | st.integers(0, 900).map(cents),
                currencies=st.sampled_from([None, None, frozenset({"EUR"}), frozenset({"USD"})]),
                while_disputed=st.sampled_from(WhileDisputed),
                while_inquiry=st.sampled_from(WhileDisputed),
                any_payment=st.booleans(),
            ),
        ),
    )


def policies():
    """Say what a shop allows."""
    rules = st.sampled_from(
        [Window(days=30), MaxAmount(eur(30)), ReviewAbove(eur(10)), MaxRefunds(2), NonRefundable()]
    )
    spreads = [FewestRefunds(), OldestFirst(), NewestFirst(), Proportional(), ByMethod(("card",))]
    return st.builds(
        Policy,
        rules=st.lists(rules, max_size=1).map(tuple),
        spread=st.sampled_from(spreads),
        remainder=st.sampled_from(Remainder),
    )


fees = st.none() | st.builds(
    RestockingFee,
    percent=st.sampled_from([Decimal(0), Decimal(10), Decimal("33.3"), Decimal(100)]),
    fixed=st.none() | st.integers(0, 500).map(cents),
)
_keys = count(1)


@st.composite
def requests(draw, known):
    """Wish for something that may be possible."""
    some = st.integers(1, 2600).map(cents)
    kind = draw(st.sampled_from(["everything", "reject", "amount", "units", "parts", "revision", "explicit"]))
    names = [*known.line_sums] or ["line-0"]
    what = {}
    if kind == "amount":
        what["amount"] = draw(some)
    if kind == "units":
        what["lines"] = draw(st.dictionaries(st.sampled_from(names), st.integers(1, 3), min_size=1))
    if kind == "parts":
        part = st.builds(LineRefund, line_id=st.sampled_from(names), quantity=st.integers(0, 2), amount=some)
        what["lines"] = draw(st.lists(part, min_size=1, unique_by=lambda one: one.line_id))
    if kind == "revision":
        what["revision"] = [draw(bought(number)) for number in range(draw(st.integers(1, 2)))]
    if kind == "explicit" or draw(st.integers(0, 9)) == 0:
        ids = [payment.id for payment in known.payments] or ["p9"]
        what["payments"] = draw(st.dictionaries(st.sampled_from(ids), some, min_size=1, max_size=2))
    if not {"amount", "revision"} & what.keys():
        what["restocking_fee"] = draw(fees)
    what["via"] = draw(st.sampled_from([None] * 5 + ["store_credit", "manual"]))
    request = wish(key=f"key-{next(_keys)}", **what)
    return request.rejecting() if kind == "reject" else request


@st.composite
def disputes(draw, known):
    """Dispute a payment."""
    return Dispute(
        reference=f"dp-{draw(st.integers(0, 1))}",
        payment_id=draw(st.sampled_from([payment.id for payment in known.payments])),
        amount=cents(draw(st.integers(0, 3000))),
        stage=draw(st.sampled_from(DisputeStage)),
        status=draw(st.sampled_from(DisputeStatus)),
        funds=draw(st.sampled_from(DisputeFunds)),
    )


def adopted(known, payment_id, amount, status):
    """Record a refund that was made elsewhere, as the desk does: attributed to lines as far as they go."""
    shares = attribute(known, amount)
    parts = [request_line(known.line_sums[key], money) for key, money in shares.by_line.items()]
    return Refund(
        id=f"external-{next(_keys)}",
        payment_id=payment_id,
        gateway="stripe",
        amount=amount,
        status=status,
        origin=RefundOrigin.EXTERNAL,
        lines=cut_lines(parts, [amount])[0],
        revision=known.revision,
    )


@st.composite
def lived(draw, most=5):
    """Let things happen to an order: refunds that succeed, fail and revive, disputes, refunds made elsewhere."""
    known = draw(orders())
    for _ in range(draw(st.integers(0, most))):
        happens = draw(st.sampled_from(["request", "request", "request", "move", "dispute", "external"]))
        if happens == "request":
            known = draw(carried_out(known))
        elif happens == "move" and known.refunds:
            refund = draw(st.sampled_from(known.refunds))
            known = known.with_refund(
                attrs.evolve(refund, status=draw(ends), outside_cap=draw(st.booleans()))
            )
        elif happens == "dispute" and known.payments:
            known = known.with_dispute(draw(disputes(known)))
        elif happens == "external" and known.payments:
            payment_id = draw(st.sampled_from(known.payments)).id
            amount = cents(draw(st.integers(1, 3000)))
            known = known.with_refund(adopted(known, payment_id, amount, draw(ends)))
    return known


@st.composite
def carried_out(draw, known):
    """Carry a request out, if it is possible."""
    try:
        plan = plan_refund(
            known, draw(requests(known)), now=NOW, policy=draw(policies()), capabilities=draw(abilities())
        )
    except RefundDenied:
        return known
    legs = [attrs.evolve(leg, status=draw(ends)) for leg in plan.refunds]
    return known.with_request(accepted(known, plan), legs)


# What must hold.


@settings(max_examples=200)
@given(st.data())
def test_a_plan_keeps_the_laws(data):
    """Laws C1 to C6, P1 and P2: a plan is possible, adds up, and is the same every time; or it is refused."""
    known = data.draw(lived())
    request, policy = data.draw(requests(known)), data.draw(policies())
    able = data.draw(abilities())

    outcome = outcome_of(known, request, policy, able)

    assert outcome == outcome_of(known, request, policy, dict(reversed(able.items())))
    event(outcome[0])
    if outcome[0] == "refused":
        _, reasons, possible = outcome
        assert reasons
        assert possible == known.refundable
        return
    plan = outcome[1]
    assert_it_adds_up(known, plan)
    assert_legs_are_possible(known, plan)
    assert_lines_are_possible(known, plan)


def tax_of(sums):
    """Return the tax of a line, nothing if it has none."""
    return Money.zero(sums.line.total.currency) if sums.line.tax is None else sums.line.tax


def outcome_of(known, request, policy, able):
    """Plan, or say why not; nothing else may happen."""
    try:
        return "planned", plan_refund(known, request, now=NOW, policy=policy, capabilities=able)
    except RefundDenied as denied:
        return "refused", denied.reasons, denied.possible


def assert_it_adds_up(known, plan):
    """Legs add up to the amount, and parts to their lines."""
    assert Money.sum((leg.amount for leg in plan.refunds), known.currency) == plan.amount
    for part in plan.lines:
        cuts = [cut for leg in plan.refunds for cut in leg.lines if cut.line_id == part.line_id]
        assert Money.sum((cut.amount for cut in cuts), known.currency) == part.amount
        assert Money.sum((cut.tax for cut in cuts), known.currency) == part.tax
    of_lines = Money.sum((part.withheld for part in plan.lines), known.currency)
    assert of_lines <= plan.withheld


def assert_legs_are_possible(known, plan):
    """Each leg has a name of its own, goes to captured money, and no payment gives more than it has left."""
    assert len({leg.id for leg in plan.refunds} | {r.id for r in known.refunds}) == len(plan.refunds) + len(
        known.refunds
    )
    for payment in known.payments:
        given = Money.sum(
            (leg.amount for leg in plan.refunds if leg.payment_id == payment.id), known.currency
        )
        assert given <= known.refundable_of(payment.id)
        assert given.is_zero or payment.status is PaymentStatus.CAPTURED
    for leg in plan.refunds:
        assert leg.amount.is_positive
        assert leg.status is RefundStatus.PLANNED
        assert leg.revision == known.revision


def assert_lines_are_possible(known, plan):
    """No line gives more money, tax or units than it has left."""
    for part in plan.lines:
        sums = known.line_sums[part.line_id]
        assert part.amount + part.withheld <= sums.open + sums.withheld
        assert part.quantity <= sums.units_left
        assert part.tax <= part.amount


@settings(max_examples=150)
@given(st.data())
def test_the_cap_holds(data):
    """Law C1: reserved and returned by requests of ours never exceed what was captured, whatever happens."""
    known = data.draw(orders())
    for _ in range(data.draw(st.integers(1, 6))):
        known = data.draw(carried_out(known))
        for sums in known.payment_sums.values():
            assert sums.reserved + sums.returned <= sums.payment.captured
            assert sums.exposure.is_zero
        assert not known.withheld > known.refundable
    for sums in known.line_sums.values():
        assert sums.given + sums.withheld <= sums.line.total
        assert sums.tax <= tax_of(sums)
        assert sums.units <= sums.line.quantity


@settings(max_examples=150)
@given(st.data())
def test_lines_close_to_zero(data):
    """Law C6: in whatever order units and amounts came, with legs failing in between, line and tax close exactly."""
    lines = [data.draw(bought(number)) for number in range(data.draw(st.integers(1, 3)))]
    total = sum(one.total.minor for one in lines)
    assume(total)
    over = data.draw(st.sampled_from([0, 0, 700]))
    cut = data.draw(st.integers(0, total))
    known = order(lines, [paid("p1", cents(cut)), paid("p2", cents(total - cut + over), "paypal")])
    for _ in range(data.draw(st.integers(0, 7))):
        known = data.draw(a_part(known))

    while known.refundable.is_positive:
        known = finish(known, data.draw(st.sampled_from(["everything", "amount", "units"])))

    for sums in known.line_sums.values():
        assert (sums.open, sums.given) == (eur(0), sums.line.total)
        assert sums.tax == tax_of(sums)
    assert (known.refundable, known.balance, known.withheld) == (eur(0), eur(0), eur(0))


@st.composite
def a_part(draw, known):
    """Give a part back: units, money of a line, or just money; its legs may fail."""
    what = draw(
        st.one_of(
            st.integers(1, 900).map(lambda minor: {"amount": cents(minor)}),
            st.sampled_from([*known.line_sums]).map(lambda name: {"lines": {name: 1}}),
            st.builds(
                lambda name, quantity, minor: {
                    "lines": [LineRefund(line_id=name, quantity=quantity, amount=cents(minor))]
                },
                st.sampled_from([*known.line_sums]),
                st.integers(0, 1),
                st.integers(1, 900),
            ),
        )
    )
    try:
        plan = plan_refund(known, wish(key=f"key-{next(_keys)}", **what), now=NOW)
    except RefundDenied:
        return known
    legs = [
        attrs.evolve(leg, status=draw(st.sampled_from([RefundStatus.SUCCEEDED, RefundStatus.FAILED])))
        for leg in plan.refunds
    ]
    return known.with_request(accepted(known, plan), legs)


def finish(known, how):
    """Give something back that succeeds: units where there are any, an amount, or everything."""
    key = f"key-{next(_keys)}"
    request = wish(key=key)
    with_units = [key for key, sums in known.line_sums.items() if sums.units_left and sums.open.is_positive]
    if how == "amount":
        request = wish(key=key, amount=cents((known.refundable.minor + 1) // 2))
    if how == "units" and with_units:
        sums = known.line_sums[with_units[0]]
        request = wish(key=key, lines={with_units[0]: sums.units_left})
    plan = plan_refund(known, request, now=NOW)
    legs = [attrs.evolve(leg, status=RefundStatus.SUCCEEDED) for leg in plan.refunds]
    return known.with_request(accepted(known, plan), legs)


@settings(max_examples=100)
@given(strategies.orders(), strategies.requests(), strategies.capabilities(), st.sampled_from(Remainder))
def test_nothing_else_is_raised(known, request, able, remainder):
    """Law C3: on any order, with any history, a request is planned or refused, or a value is out of bounds."""
    request = attrs.evolve(request, payments=None)
    try:
        plan = plan_refund(
            known,
            request,
            now=NOW,
            policy=Policy(remainder=remainder, rules=(Window(days=2**31 - 1), NonRefundable())),
            capabilities=dict.fromkeys(strategies.GATEWAYS, able),
        )
    except RefundDenied:
        return
    except InvalidValueError as refused:
        if "2**63" in str(refused):
            return
        raise
    assert_it_adds_up(known, plan)
    assert_legs_are_possible(known, plan)


@settings(max_examples=100)
@given(strategies.paid_orders())
def test_everything_closes_an_order(known):
    """Laws C2 and C6: all that is left of an untouched order closes every line, with every unit and all tax."""
    plan = plan_refund(known, wish(), now=NOW)

    after = known.with_request(
        accepted(known, plan), [attrs.evolve(leg, status=RefundStatus.SUCCEEDED) for leg in plan.refunds]
    )

    assert (plan.amount, plan.excess) == (known.captured, Money.zero(known.currency))
    assert (after.refundable, after.balance) == (Money.zero(known.currency),) * 2
    for sums in after.line_sums.values():
        assert (sums.open.minor, sums.units_left) == (0, 0)
        assert sums.tax == tax_of(sums)
