"""The plan: pricing, then rules, then spread. A plan is a tuple of refunds that have not happened yet.

Preview and execution are this one function (law P1), and its result depends on nothing but its arguments
(law P2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from attrs import field, frozen

from refundkit.errors import InvalidValueError, RefundDenied, shown
from refundkit.model import fields
from refundkit.model.capabilities import Capabilities
from refundkit.model.orders import Order
from refundkit.model.parties import Actor, ActorKind
from refundkit.model.payments import Payment
from refundkit.model.refunds import NAMESPACE, Refund, refund_id
from refundkit.model.requests import Purpose, RefundRequest, RequestLine
from refundkit.money import Money
from refundkit.policy.attribution import cut_lines
from refundkit.policy.options import Abilities, Obstacle, Option, options
from refundkit.policy.pricing import Price, price
from refundkit.policy.reasons import Reason
from refundkit.policy.rules import Case, Policy
from refundkit.policy.spread import MOST_WHOLE, Remainder, Spread

__all__ = ["Circumstances", "RefundPlan", "make_plan", "plan_refund"]

MANUAL = "manual"


@frozen(kw_only=True)
class RefundPlan:
    """What a request would do: ``refunds`` with status PLANNED, worth ``amount`` together.

    ``withheld`` is what a restocking fee keeps, ``lines`` what the request means line by line, ``excess``
    what goes beyond the lines' worth. ``reasons`` say why another person must approve first, if one must.
    """

    order_id: str
    request: RefundRequest
    refunds: tuple[Refund, ...]
    amount: Money
    withheld: Money
    excess: Money
    lines: tuple[RequestLine, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def needs_review(self) -> bool:
        """Whether somebody other than the requester must approve."""
        return bool(self.reasons)

    @property
    def outline(self) -> tuple[tuple[str, str, Money], ...]:
        """Which payment gets how much through which gateway: what a person was shown."""
        return tuple((refund.payment_id, refund.gateway, refund.amount) for refund in self.refunds)


@frozen(kw_only=True)
class Circumstances:
    """What a plan depends on beside the order and the request."""

    policy: Policy
    abilities: Abilities
    now: datetime = field(converter=fields.to_utc, validator=fields.moment)
    namespace: UUID = field(default=NAMESPACE)


def plan_refund(
    order: Order,
    request: RefundRequest,
    *,
    now: datetime,
    policy: Policy | None = None,
    capabilities: Mapping[str, Capabilities] | None = None,
) -> RefundPlan:
    """Plan what *request* does on *order* at *now*; nothing is moved and nothing is written.

    ``capabilities`` says by gateway name what each gateway can do; one that it does not name can do everything.

    Raises:
        RefundDenied: with every reason, and what would be possible.
    """
    known = capabilities or {}
    able = Capabilities(any_payment=True)
    circumstances = Circumstances(
        policy=policy or Policy(), abilities=lambda gateway, _: known.get(gateway, able), now=now
    )
    return make_plan(order, request, circumstances)


def make_plan(order: Order, request: RefundRequest, circumstances: Circumstances) -> RefundPlan:
    """Plan as `plan_refund` does, under *circumstances*.

    Raises:
        RefundDenied: with every reason, and what would be possible.
    """
    priced = price(order, request)
    case = Case(order=order, request=request, amount=priced.amount, lines=priced.lines, now=circumstances.now)
    denied, review = circumstances.policy.judge(case)
    reasons = (*_standing(order, request), *priced.reasons, *denied)
    shares, obstacles = _shares(order, request, priced, circumstances) if not priced.reasons else ((), ())
    reasons += tuple(obstacles)
    if reasons:
        raise _denial(order, priced, reasons)
    return RefundPlan(
        order_id=order.id,
        request=request,
        refunds=_legs(order, request, priced, shares, circumstances),
        amount=priced.amount,
        withheld=priced.withheld,
        excess=priced.excess,
        lines=priced.lines,
        reasons=_unapproved(request, review),
    )


Share = tuple[Payment, str, Money]
"""A payment, the gateway that gives it back, and how much."""


def _standing(order: Order, request: RefundRequest) -> Iterator[Reason]:
    """Yield what the order itself forbids."""
    if order.is_flagged:
        flags = "; ".join(flag.text for flag in order.flags)
        yield Reason("flagged", f"Order {order.id} waits for a person: {flags} Clear it with acknowledge().")
    if order.is_rejected and request.purpose is Purpose.REJECT:
        yield Reason("already_rejected", f"Order {order.id} is rejected already.")


def _unapproved(request: RefundRequest, review: tuple[Reason, ...]) -> tuple[Reason, ...]:
    if not review or request.approved_by is None:
        return review
    approver = request.approved_by
    if approver.kind is not ActorKind.STAFF:
        who = f"{approver} cannot approve a refund; somebody of the shop has to (Actor.staff)."
        return (*review, Reason("no_approver", who))
    if not approver.name.strip():
        return (*review, Reason("no_approver", "An approval needs a name beside it (Actor.staff)."))
    if _is_same_person(approver, request.actor):
        same = f"{approver} asked for it and cannot approve it; somebody else has to."
        return (*review, Reason("own_approval", same))
    return ()


def _is_same_person(one: Actor, other: Actor) -> bool:
    """Whether two names are one, however they were typed."""
    return (one.kind, one.name.strip().casefold()) == (other.kind, other.name.strip().casefold())


def _denial(order: Order, priced: Price, reasons: tuple[Reason, ...]) -> RefundDenied:
    return RefundDenied(
        f"Refund on order {order.id} refused: " + " ".join(reason.text for reason in reasons),
        order_id=order.id,
        reasons=reasons,
        asked=priced.amount if priced.amount.is_positive else None,
        possible=order.refundable,
    )


# Who contributes how much.


def _shares(
    order: Order, request: RefundRequest, priced: Price, circumstances: Circumstances
) -> tuple[tuple[Share, ...], tuple[Reason, ...]]:
    found, obstacles = options(order, circumstances.abilities, via=request.via, now=circumstances.now)
    if request.payments is not None:
        return _explicit(order, request.payments, priced, (found, obstacles))
    if priced.amount == Money.sum((option.left for option in found), order.currency):
        # Everything: there is only one way, however many payments there are.
        return tuple((option.payment, option.gateway, option.left) for option in found), ()
    if sum(option.whole for option in found) > MOST_WHOLE:
        return (), (_too_many_whole(order),)
    shares = _distributed(priced.amount, found, circumstances.policy.spread)
    if circumstances.policy.remainder is Remainder.MANUAL:
        shares += tuple(_by_hand(order, shares, priced.amount, circumstances))
    short = priced.amount - Money.sum((money for _, _, money in shares), order.currency)
    return shares, _shortfall(priced.amount, short, obstacles) if short.is_positive else ()


def _distributed(amount: Money, found: tuple[Option, ...], spread: Spread) -> tuple[Share, ...]:
    """Ask the spread; it may be the shop's own, so what its options do not allow is not believed (law C1)."""
    given = spread.distribute(amount, found) if found else ()
    used = [(option, money) for option, money in zip(found, given, strict=False) if not money.is_zero]
    together = Money.sum(given, amount.currency)
    if len(given) != len(found) or together > amount or not all(o.allows(money) for o, money in used):
        raise InvalidValueError(
            f"{shown(spread)} spreads {amount} as {shown([str(money) for money in given])}, which the payments "
            "do not allow; correct the spread.",
            field="spread",
            value=given,
        )
    return tuple((option.payment, option.gateway, money) for option, money in used)


def _too_many_whole(order: Order) -> Reason:
    return Reason(
        "explicit_spread_needed",
        f"Order {order.id} has more than {MOST_WHOLE} payments that can only be given back whole; "
        "say with payments={...} which of them to use.",
    )


def _shortfall(asked: Money, short: Money, obstacles: Iterable[Obstacle]) -> tuple[Reason, ...]:
    summary = Reason(
        "shortfall", f"Of {asked}, only {asked - short} can be given back automatically; {short} is short."
    )
    return (summary, *(obstacle.reason for obstacle in obstacles))


def _by_hand(
    order: Order, shares: tuple[Share, ...], amount: Money, circumstances: Circumstances
) -> Iterator[Share]:
    """Yield what the manual gateway can give back of *amount* beside *shares*, payment by payment."""
    taken = {payment.id: money for payment, _, money in shares}
    named = {payment.id for payment, gateway, _ in shares if gateway == MANUAL}
    missing = amount - Money.sum(taken.values(), order.currency)
    for option in options(order, circumstances.abilities, via=MANUAL, now=circumstances.now)[0]:
        part = min(missing, option.left - taken.get(option.payment.id, Money.zero(order.currency)))
        if part.is_positive and option.allows(part) and option.payment.id not in named:
            yield option.payment, MANUAL, part
            missing -= part


def _explicit(
    order: Order,
    payments: Mapping[str, Money],
    priced: Price,
    judged: tuple[tuple[Option, ...], tuple[Obstacle, ...]],
) -> tuple[tuple[Share, ...], tuple[Reason, ...]]:
    found = {option.payment.id: option for option in judged[0]}
    obstacles = {obstacle.payment.id: obstacle.reason for obstacle in judged[1]}
    reasons = [
        _why_not(order, payment_id, money, found.get(payment_id), obstacles.get(payment_id))
        for payment_id, money in payments.items()
    ]
    together = Money.sum(payments.values(), order.currency)
    if together != priced.amount:
        reasons.append(
            Reason(
                "spread_differs", f"The payments add up to {together}, the request is worth {priced.amount}."
            )
        )
    shares = tuple(
        (found[o.id].payment, found[o.id].gateway, payments[o.id])
        for o in order.payments
        if o.id in found and o.id in payments
    )
    return shares, tuple(reason for reason in reasons if reason is not None)


def _why_not(
    order: Order, payment_id: str, money: Money, option: Option | None, obstacle: Reason | None
) -> Reason | None:
    if payment_id not in order.payment_sums:
        return Reason("unknown_payment", f"Order {order.id} has no payment {payment_id!r}.")
    if obstacle is not None:
        return obstacle
    if option is None:
        return Reason("nothing_left", f"Nothing is left of payment {payment_id}.")
    if option.allows(money):
        return None
    if option.whole:
        return Reason(
            "whole_only", f"Payment {payment_id} can only be given back whole: {option.left}, not {money}."
        )
    return Reason(
        "exceeds_payment",
        f"{money} was asked for of payment {payment_id}; {option.least} to {option.left} is possible.",
    )


def _legs(
    order: Order,
    request: RefundRequest,
    priced: Price,
    shares: tuple[Share, ...],
    circumstances: Circumstances,
) -> tuple[Refund, ...]:
    parts = cut_lines(priced.lines, [money for _, _, money in shares])
    return tuple(
        Refund(
            id=refund_id(order.id, request.key, payment.name_at(gateway), gateway, circumstances.namespace),
            payment_id=payment.id,
            gateway=gateway,
            amount=money,
            lines=lines,
            key=request.key,
            reason_type=request.reason_type,
            revision=order.revision,
            created_at=circumstances.now,
        )
        for (payment, gateway, money), lines in zip(shares, parts, strict=True)
    )
