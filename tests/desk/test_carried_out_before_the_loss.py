"""After a restore: a request that was carried out already is written down as it was, not as planned now (law E2)."""

from decimal import Decimal

import attrs
import pytest

from refundkit import (
    Actor,
    EventKind,
    PlanChangedError,
    Policy,
    RefundDenied,
    RefundOrigin,
    RefundStatus,
    RestockingFee,
    ReviewAbove,
    ReviewRequired,
)
from refundkit.desk import acceptance
from tests.desk.shop import KIM, Shop, a_payment, a_request, an_order, eur, two_payments


def after_loss(request, *amounts, order=None, **desk):
    """Return a shop whose gateway has refunds of *request*, by payment, that the store has lost."""
    shop = Shop(order=order, **desk)
    plan = shop.desk.preview("o-1", request)
    for leg, amount in zip(plan.refunds, amounts, strict=False):
        reference = shop.order.payment(leg.payment_id).reference
        shop.gateway.refund_elsewhere(reference, eur(amount), refund_id=leg.id)
    shop.desk.refresh("o-1")
    assert {refund.origin for refund in shop.order.refunds} == {RefundOrigin.REBUILT}
    return shop


def test_what_was_carried_out_as_planned_is_joined():
    """Law E2: nothing is sent, the refund is the request's, and nobody has to look."""
    request = a_request(lines={"lamp": 1})
    shop = after_loss(request, "20.00")

    result = shop.desk.refund("o-1", request)

    assert (result.returned, shop.gateway.calls, shop.flags()) == (eur("20.00"), [], [])
    assert (shop.only_refund.origin, shop.only_refund.key) == (RefundOrigin.REQUEST, request.key)
    assert [line.line_id for line in shop.order.requests[0].lines] == ["lamp"]


@pytest.mark.parametrize("amounts", [("70.00", "10.00"), ("10.00", "30.00"), ("10.00",)], ids=str)
def test_what_was_carried_out_otherwise_is_a_persons_case(amounts):
    """Law E2: also if one of several refunds is the planned one; nothing is sent beside what was found."""
    request = a_request()
    shop = after_loss(request, *amounts, order=an_order(payments=two_payments()))
    shown = shop.desk.preview("o-1", request)

    result = shop.desk.refund("o-1", request, expect=shown)

    assert (result.returned, shop.gateway.calls, shop.flags()) == (shown.amount, [], ["undecided"])
    assert {refund.key for refund in shop.order.refunds} == {request.key}
    assert shop.desk.refund("o-1", request) == result


def test_what_was_withheld_and_what_was_in_excess_is_not_made_up():
    """Law C6: of what was found nobody knows the lines, the fee or the excess, so none is written down."""
    fee = RestockingFee(percent=Decimal(10))
    request = a_request(lines={"lamp": 2, "table": 1}, restocking_fee=fee)
    shop = after_loss(request, "5.00")
    shop.desk.refund("o-1", request)

    (accepted,) = shop.order.requests
    assert (accepted.lines, accepted.withheld) == ((), eur("0.00"))
    (flag,) = shop.order.flags
    assert (flag.kind.value, flag.subject) == ("undecided", request.key)
    told = next(one for one in shop.desk.timeline("o-1") if one.kind is EventKind.REFUND_REQUESTED)
    assert (told.data["withheld"], told.amount) == ("0.00 EUR", eur("5.00"))
    assert EventKind.REFUND_SUBMITTED not in shop.kinds()


def test_an_order_without_room_knows_its_request_again():
    """Law E2: as planned now it would be too much, and it was carried out before."""
    request = a_request(amount=eur("90.00"))
    shop = after_loss(request, "90.00")
    shop.gateway.refund_elsewhere("ref-1", eur("10.00"))
    shop.desk.refresh("o-1")
    shop.desk.record_external("o-1", "p-1", eur("5.00"), reference="x-1", status="pending", actor=KIM)
    shop.desk.acknowledge("o-1", actor=KIM)

    assert shop.desk.refund("o-1", request).returned == eur("90.00")
    assert shop.gateway.calls == []
    with pytest.raises(RefundDenied):
        shop.refund("10.00", key="another")


# What every request says of itself.


def test_a_review_gives_all_its_reasons():
    """Whoever approves reads each of them."""
    policy = Policy(rules=(ReviewAbove(eur("50.00")), ReviewAbove(eur("60.00"))))

    with pytest.raises(ReviewRequired) as review:
        Shop(policy=policy).refund("70.00")
    assert len(review.value.reasons) == 2
    assert str(review.value).endswith(" ".join(reason.text for reason in review.value.reasons))


def test_a_change_is_told_with_what_the_order_costs_now():
    """Law C8: the timeline says what is left of the order."""
    shop = Shop()
    shop.desk.change("o-1", a_request(revision=shop.order.lines[1:]))

    revised = next(one for one in shop.desk.timeline("o-1") if one.kind is EventKind.ORDER_REVISED)
    assert (revised.amount, revised.text) == (eur("60.00"), "")


def test_a_request_belongs_to_the_order_as_it_was_then():
    """Law C8: what was asked for after a change is of the changed order."""
    shop = Shop()
    shop.refund("5.00", key="before")
    shop.desk.change("o-1", a_request("change", revision=shop.order.lines[1:]))
    shop.refund("5.00", key="after")

    assert [accepted.revision for accepted in shop.order.requests] == [0, 0, 1]


def test_a_request_is_told_with_its_reasons():
    """Law T4: key, kind of reason, what was withheld, who approved, and the words of the request."""
    shop = Shop()
    shop.desk.refund("o-1", a_request(amount=eur("10.00"), approved_by=Actor.staff("lee")))

    told = next(one for one in shop.desk.timeline("o-1") if one.kind is EventKind.REFUND_REQUESTED)
    assert (told.text, told.amount, told.actor) == ("arrived broken", eur("10.00"), KIM)
    assert dict(told.data) == {
        "key": "return-1",
        "reason_type": "other",
        "withheld": "0.00 EUR",
        "approved_by": "staff lee",
    }


def test_what_is_sent_is_told_refund_by_refund():
    """Law T4: which refund, of which payment, of how much."""
    shop = Shop(order=an_order(payments=two_payments()))
    shop.refund("80.00")

    told = [one for one in shop.desk.timeline("o-1") if one.kind is EventKind.REFUND_SUBMITTED]
    assert [(one.refund_id, one.payment_id, one.amount) for one in told] == [
        (refund.id, refund.payment_id, refund.amount) for refund in shop.order.refunds
    ]


def test_what_no_line_can_take_is_a_persons_case(monkeypatch):
    """Law C6: the plan has the last word on what belongs to no line; it is given back, and flagged."""
    plan = acceptance.foresee
    monkeypatch.setattr(acceptance, "foresee", lambda *args: attrs.evolve(plan(*args), excess=eur("3.00")))
    shop = Shop()

    assert shop.refund("10.00").returned == eur("10.00")
    (flag,) = shop.order.flags
    assert (flag.kind.value, flag.subject) == ("unattributed", "return-1")
    assert "3.00 EUR of request return-1" in flag.text


def test_another_spread_is_another_plan():
    """Law P1: the same sum from another payment is not what was shown."""
    shop = Shop(order=an_order(payments=(a_payment(1, "50.00"), a_payment(2, "50.00"))))
    shown = shop.desk.preview("o-1", a_request(amount=eur("50.00")))
    shop.refund(key="between", payments={"p-1": eur("50.00")})

    with pytest.raises(PlanChangedError) as changed:
        shop.desk.refund("o-1", a_request(amount=eur("50.00")), expect=shown)
    assert changed.value.current.amount == shown.amount
    assert [leg.status for leg in shop.order.refunds] == [RefundStatus.SUCCEEDED]
