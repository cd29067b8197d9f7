"""What was shown is what happens: preview and execution are one function (laws P1, P2, C1)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refundkit import (
    Capabilities,
    ManualGateway,
    MemoryStore,
    PlanChangedError,
    Policy,
    Proportional,
    RefundDenied,
    RefundDesk,
    RefundStatus,
    Remainder,
    ReviewAbove,
    Window,
    plan_refund,
)
from refundkit.testing.clock import FakeClock
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests import strategies
from tests.desk.shop import LEE, Shop, a_request, an_order, eur, two_payments

POLICIES = (
    Policy(),
    Policy(spread=Proportional()),
    Policy(rules=(Window(days=30),)),
    Policy(rules=(ReviewAbove(eur("50.00")),)),
    Policy(remainder=Remainder.MANUAL),
)


def desk_for(order, policy):
    """Return a desk with a fake gateway for each payment of *order*, which is registered."""
    names = {payment.gateway for payment in order.payments}
    gateways = [ManualGateway(name=name) if name == "manual" else FakeGateway(name=name) for name in names]
    desk = RefundDesk(store=MemoryStore(), gateways=gateways, policy=policy, clock=FakeClock())
    desk.register(order)
    return desk


@st.composite
def wishes(draw):
    """Draw an order and a request that may fit it."""
    order = draw(strategies.paid_orders())
    bought = order.lines
    form = draw(st.sampled_from(["everything", "amount", "lines", "payments"]))
    total = order.refundable
    if form == "amount":
        return order, a_request(amount=draw(strategies.money(least=1, most=max(total.minor + 2, 1))))
    if form == "lines":
        units = {line.id: draw(st.integers(1, line.quantity + 1)) for line in bought if draw(st.booleans())}
        return order, a_request(lines=units or {bought[0].id: 1})
    if form == "payments":
        parts = {p.id: draw(strategies.money(least=1, most=p.captured.minor + 1)) for p in order.payments}
        return order, a_request(payments=parts)
    return order, a_request()


def plan_or_reasons(desk, order, request):
    """Return the plan, or the tuple of reasons why there is none."""
    try:
        return desk.preview(order.id, request)
    except RefundDenied as denied:
        return denied.reasons


@settings(max_examples=150)
@given(wishes(), st.sampled_from(POLICIES))
def test_what_is_shown_is_what_happens(wish, policy):
    """Law P1: the refunds of the preview are the refunds that are made; what is refused is refused in both."""
    order, request = wish
    desk = desk_for(order, policy)
    before = desk.order(order.id)
    plan = plan_or_reasons(desk, order, request)
    assert desk.order(order.id) == before
    if isinstance(plan, tuple):
        with pytest.raises(RefundDenied) as refused:
            desk.refund(order.id, request)
        assert refused.value.reasons == plan
        assert desk.order(order.id) == before
        return
    if plan.needs_review:
        request = request.approved(LEE)
    result = desk.refund(order.id, request, expect=plan)
    shown = [(r.id, r.payment_id, r.gateway, r.amount, r.lines) for r in plan.refunds]
    assert [(r.id, r.payment_id, r.gateway, r.amount, r.lines) for r in result.refunds] == shown
    assert result.returned == plan.amount
    after = desk.order(order.id)
    assert after.refunded == plan.amount
    assert after.refundable == before.refundable - plan.amount
    assert after.exposure.is_zero


@settings(max_examples=50)
@given(wishes(), st.sampled_from(POLICIES))
def test_the_same_preview_twice_is_the_same(wish, policy):
    """Law P2: nothing but order, request, policy, gateways and time decides."""
    order, request = wish
    first, second = (plan_or_reasons(desk_for(order, policy), order, request) for _ in range(2))
    assert first == second


def test_a_preview_is_the_plan_of_the_pure_function():
    """Law P1: the desk adds nothing to plan_refund() but what it knows of its gateways."""
    shop = Shop(order=an_order(payments=two_payments()))
    request = a_request(amount=eur("80.00"))
    plan = plan_refund(shop.order, request, now=shop.clock(), capabilities={"fake": Capabilities()})
    assert shop.desk.preview("o-1", request) == plan


def test_a_preview_writes_nothing_and_asks_nobody():
    """Law P1: reads, writes nothing."""
    shop = Shop()
    shop.gateway.prepare = lambda _refund, _payment: pytest.fail("a preview prepares nothing")
    plan = shop.desk.preview("o-1", a_request(amount=eur("40.00")))
    assert [refund.status for refund in plan.refunds] == [RefundStatus.PLANNED]
    assert shop.order.version == 1
    assert (shop.gateway.calls, shop.gateway.fetches) == ([], 0)


@pytest.mark.parametrize("fault", [None, Fault.PENDING, Fault.DECLINE, Fault.LOST_ANSWER])
def test_the_preview_of_an_accepted_request_is_what_it_did(fault):
    """Law P1: asked again, the preview shows the refunds as they stand now."""
    shop = Shop(fault)
    request = a_request(lines={"lamp": 1})
    before = shop.desk.preview("o-1", request)
    result = shop.desk.refund("o-1", request)
    after = shop.desk.preview("o-1", request)
    assert after.refunds == result.refunds
    assert (after.amount, after.lines, after.withheld) == (before.amount, before.lines, before.withheld)
    assert after.outline == before.outline


def test_a_refusal_says_what_was_asked_and_what_is_possible():
    """Law C3: refuse, never clamp; every reason at once."""
    shop = Shop()
    shop.refund("40.00")
    with pytest.raises(RefundDenied, match=r"60\.01 EUR was asked for") as denied:
        shop.refund("60.01", key="return-2")
    assert denied.value.asked == eur("60.01")
    assert denied.value.possible == eur("60.00")
    assert denied.value.order_id == "o-1"
    assert shop.order.refunded == eur("40.00")


def test_a_plan_of_another_request_is_told_apart_from_one_that_is_out_of_date():
    """Whoever mixed two plans up is not sent looking for what changed on the order."""
    shop = Shop()
    shown = shop.desk.preview("o-1", a_request("return-2", amount=eur("5.00")))
    with pytest.raises(PlanChangedError, match="of another request: return-2 on order o-1"):
        shop.desk.refund("o-1", a_request(), expect=shown)
