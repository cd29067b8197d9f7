"""Acceptance: a request becomes reserved money on the newest order, or it is refused. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs
from attrs import frozen

from refundkit.desk.recorder import Recorder
from refundkit.desk.results import worth
from refundkit.errors import KeyReuseError, PlanChangedError, RefundDenied, ReviewRequired
from refundkit.model.events import EventKind
from refundkit.model.marks import FlagKind
from refundkit.model.orders import Order
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund, RefundOrigin, RefundStatus, refund_id
from refundkit.model.requests import AcceptedRequest, Purpose, RefundRequest
from refundkit.money import Money
from refundkit.policy.plan import Circumstances, RefundPlan, make_plan

__all__ = ["Acceptance", "accept", "foresee", "plan_of", "require_same_request"]

Prepare = Callable[[Refund, Payment], Mapping[str, Any]]


@frozen(kw_only=True)
class Acceptance:
    """What accepting depends on: the circumstances of the plan, who prepares, and how long a sender has."""

    circumstances: Circumstances
    prepare: Prepare
    leased_until: datetime
    gateways: tuple[str, ...]
    expect: RefundPlan | None = None


def accept(order: Order, request: RefundRequest, terms: Acceptance) -> Recorder:
    """Accept *request*, or return the order as it is if the same request was accepted before (law E3).

    Raises:
        KeyReuseError: if the key stands for another request.
        RefundDenied: with every reason.
        ReviewRequired: if somebody else has to approve.
        PlanChangedError: if the plan is no longer the one that was expected.
    """
    recorder = Recorder(order=order, now=terms.circumstances.now, actor=request.actor)
    known = order.request(request.key)
    if known is not None:
        require_same_request(order, known, request)
        return recorder
    plan = foresee(order, request, terms.circumstances, terms.gateways)
    _check(plan, order, terms)
    if any(leg.status is not RefundStatus.PLANNED for leg in plan.refunds):
        return _restored(recorder, plan)
    rebuilt = _rebuilt_legs(order, request, terms.circumstances, terms.gateways)
    return _reserved(recorder, plan, [_leg(order, leg, rebuilt, terms) for leg in plan.refunds])


def foresee(
    order: Order, request: RefundRequest, circumstances: Circumstances, gateways: tuple[str, ...]
) -> RefundPlan:
    """Plan a request that is not accepted yet.

    After a restored backup it may have been carried out already: what was found of it belongs to it, and
    where that is not what would be planned now, it is all that is left to say.

    Raises:
        RefundDenied: with every reason.
    """
    rebuilt = _rebuilt_legs(order, request, circumstances, gateways)
    try:
        plan = make_plan(_without(order, rebuilt), request, circumstances)
    except RefundDenied:
        if not rebuilt:
            raise
        return _done(order, request, rebuilt)
    return plan if _all_planned(rebuilt, plan) else _done(order, request, rebuilt)


def require_same_request(order: Order, known: AcceptedRequest, request: RefundRequest) -> None:
    """Refuse *request* if its key stands for another one.

    Raises:
        KeyReuseError: if the contents differ.
    """
    if known.digest != request.digest:
        raise KeyReuseError(
            f"Request key {request.key!r} stands for another request on order {order.id}, accepted "
            f"{known.accepted_at:%Y-%m-%d %H:%M}; use a new key for a new wish.",
            order_id=order.id,
            key=request.key,
        )


def plan_of(order: Order, known: AcceptedRequest, request: RefundRequest) -> RefundPlan:
    """Show an accepted request as the plan that it was, with its refunds as they are now.

    Raises:
        KeyReuseError: if *request* is another one under the same key.
    """
    require_same_request(order, known, request)
    legs = order.legs(request.key)
    return RefundPlan(
        order_id=order.id,
        request=request,
        refunds=legs,
        amount=worth(order, legs),
        withheld=known.withheld,
        excess=Money.zero(order.currency),
        lines=known.lines,
    )


def _check(plan: RefundPlan, order: Order, terms: Acceptance) -> None:
    if plan.needs_review:
        text = " ".join(reason.text for reason in plan.reasons)
        raise ReviewRequired(
            f"Order {order.id} needs a second person: {text}", plan=plan, reasons=plan.reasons
        )
    if terms.expect is not None and not _is_same(plan, terms.expect):
        raise PlanChangedError(_why_not(plan, terms.expect), shown=terms.expect, current=plan)


def _why_not(plan: RefundPlan, shown: RefundPlan) -> str:
    if (shown.order_id, shown.request.digest) != (plan.order_id, plan.request.digest):
        return f"The plan that was expected is of another request: {shown.request.key} on order {shown.order_id}."
    return f"Order {plan.order_id} was changed since this plan was made; call desk.preview() again."


def _is_same(plan: RefundPlan, shown: RefundPlan) -> bool:
    return (plan.order_id, plan.outline, plan.withheld, plan.lines) == (
        shown.order_id,
        shown.outline,
        shown.withheld,
        shown.lines,
    )


def _leg(order: Order, leg: Refund, rebuilt: Mapping[str, Refund], terms: Acceptance) -> Refund:
    """Reserve a planned refund with the exact request that will be sent (law E1), or keep what was rebuilt."""
    if leg.id in rebuilt:
        return attrs.evolve(rebuilt[leg.id], key=leg.key, lines=leg.lines, origin=RefundOrigin.REQUEST)
    now = terms.circumstances.now
    return leg.moved(
        RefundStatus.SUBMITTED,
        prepared=terms.prepare(leg, order.payment(leg.payment_id)),
        first_sent_at=now,
        last_sent_at=now,
        leased_until=terms.leased_until,
        attempts=1,
    )


def _reserved(recorder: Recorder, plan: RefundPlan, legs: list[Refund]) -> Recorder:
    order, request = recorder.order, plan.request
    accepted = AcceptedRequest(
        request=request,
        digest=request.digest,
        accepted_at=recorder.now,
        lines=plan.lines,
        withheld=plan.withheld,
        revision=order.revision,
    )
    known = {leg.id for leg in legs}
    order = attrs.evolve(order, refunds=tuple(refund for refund in order.refunds if refund.id not in known))
    recorder = _told(recorder.on(order.with_request(accepted, legs)), plan, legs)
    if plan.excess.is_zero:
        return recorder
    text = f"{plan.excess} of request {request.key} is more than the lines have left."
    return recorder.flagging(FlagKind.UNATTRIBUTED, request.key, text)


def _told(recorder: Recorder, plan: RefundPlan, legs: list[Refund]) -> Recorder:
    request = plan.request
    data = {"key": request.key, "reason_type": request.reason_type, "withheld": str(plan.withheld)}
    if request.approved_by is not None:
        data["approved_by"] = str(request.approved_by)
    recorder = recorder.saying(EventKind.REFUND_REQUESTED, amount=plan.amount, text=request.reason, data=data)
    if request.revision is not None:
        recorder = recorder.saying(EventKind.ORDER_REVISED, amount=recorder.order.total)
    if request.purpose is Purpose.REJECT:
        recorder = recorder.saying(EventKind.ORDER_REJECTED)
    for leg in legs:
        if leg.status is RefundStatus.SUBMITTED:
            recorder = recorder.saying(EventKind.REFUND_SUBMITTED, refund=leg)
    return recorder


# After a restored backup: refunds of this very request may have been found at the gateway already.


def _rebuilt_legs(
    order: Order, request: RefundRequest, circumstances: Circumstances, gateways: tuple[str, ...]
) -> Mapping[str, Refund]:
    lost = {refund.id: refund for refund in order.refunds if refund.origin is RefundOrigin.REBUILT}
    if not lost:
        return {}
    names = _possible_names(order, request, gateways, circumstances.namespace)
    return {name: lost[name] for name in names if name in lost and lost[name].key is None}


def _possible_names(
    order: Order, request: RefundRequest, gateways: tuple[str, ...], namespace: UUID
) -> list[str]:
    return [
        refund_id(order.id, request.key, payment.name_at(gateway), gateway, namespace)
        for payment in order.payments
        for gateway in gateways
    ]


def _without(order: Order, rebuilt: Mapping[str, Refund]) -> Order:
    if not rebuilt:
        return order
    return attrs.evolve(order, refunds=tuple(refund for refund in order.refunds if refund.id not in rebuilt))


def _all_planned(rebuilt: Mapping[str, Refund], plan: RefundPlan) -> bool:
    planned = {leg.id: leg.amount for leg in plan.refunds}
    return all(planned.get(name) == refund.amount for name, refund in rebuilt.items())


def _done(order: Order, request: RefundRequest, rebuilt: Mapping[str, Refund]) -> RefundPlan:
    """Show what was found of a request as the plan that it was."""
    legs = tuple(attrs.evolve(refund, key=request.key) for refund in rebuilt.values())
    zero = Money.zero(order.currency)
    return RefundPlan(
        order_id=order.id,
        request=request,
        refunds=legs,
        amount=worth(order, legs),
        withheld=zero,
        excess=zero,
    )


def _restored(recorder: Recorder, plan: RefundPlan) -> Recorder:
    """Take the request as done by what was found; it is not what would be planned now, so a person looks."""
    key = plan.request.key
    text = f"Request {key} was carried out before the records were lost, but not as it would be planned now."
    return _reserved(recorder, plan, list(plan.refunds)).flagging(FlagKind.UNDECIDED, key, text)
