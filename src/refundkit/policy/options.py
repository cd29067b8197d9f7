"""Options: what each payment could contribute to a refund, judged by what its gateway can do (laws C5, D2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from attrs import frozen

from refundkit.model.capabilities import Capabilities, WhileDisputed
from refundkit.model.disputes import DisputeStage
from refundkit.model.ledger import PaymentSums
from refundkit.model.orders import Order
from refundkit.model.payments import Payment
from refundkit.money import Money
from refundkit.policy.reasons import Reason

__all__ = ["Abilities", "Obstacle", "Option", "options"]

Abilities = Callable[[str, Payment], Capabilities | Reason]
"""What the gateway of this name can do with a payment, or why it cannot be asked at all."""


@frozen(kw_only=True)
class Option:
    """One payment that can contribute: ``left`` of it through ``gateway``.

    ``whole`` means all of ``left`` or nothing; otherwise anything from ``least`` up to ``left``.
    """

    payment: Payment
    gateway: str
    left: Money
    least: Money
    whole: bool

    @property
    def smallest(self) -> Money:
        """The smallest amount that can be given back through this option."""
        return self.left if self.whole else self.least

    def allows(self, amount: Money) -> bool:
        """Whether exactly *amount* can be given back through this option."""
        return self.smallest <= amount <= self.left


@frozen(kw_only=True)
class Obstacle:
    """One payment with money left that cannot contribute by itself, and why."""

    payment: Payment
    left: Money
    reason: Reason


@frozen(kw_only=True)
class _Question:
    """One payment under judgement."""

    order: Order
    payment: Payment
    gateway: str
    left: Money
    can: Capabilities
    now: datetime

    @property
    def is_untouched(self) -> bool:
        return self.left == self.payment.capacity

    @property
    def is_own(self) -> bool:
        """Whether the gateway that took the money gives it back."""
        return self.gateway == self.payment.gateway


def options(
    order: Order, abilities: Abilities, *, via: str | None, now: datetime
) -> tuple[tuple[Option, ...], tuple[Obstacle, ...]]:
    """Sort the payments of *order* that have money left into options and obstacles, in the order of payments."""
    found: list[Option] = []
    obstacles: list[Obstacle] = []
    for sums in order.payment_sums.values():
        if sums.left.is_zero:
            continue
        judged = _judge(order, sums, abilities, via=via, now=now)
        if isinstance(judged, Option):
            found.append(judged)
        else:
            obstacles.append(Obstacle(payment=sums.payment, left=sums.left, reason=judged))
    return tuple(found), tuple(obstacles)


def _judge(
    order: Order, sums: PaymentSums, abilities: Abilities, *, via: str | None, now: datetime
) -> Option | Reason:
    gateway = via or sums.payment.gateway
    can = abilities(gateway, sums.payment)
    if isinstance(can, Reason):
        return can
    question = _Question(order=order, payment=sums.payment, gateway=gateway, left=sums.left, can=can, now=now)
    return next(_refusals(question), None) or _option(question)


def _refusals(question: _Question) -> Iterator[Reason]:
    payment, can, gateway = question.payment, question.can, question.gateway
    if not question.is_own and not can.any_payment:
        yield Reason(
            "foreign_payment",
            f"Gateway {gateway} cannot give back what {payment.gateway} took (payment {payment.id}).",
        )
    if can.currencies is not None and question.left.currency not in can.currencies:
        yield Reason("currency_unsupported", f"Gateway {gateway} does not refund {question.left.currency}.")
    if can.window is not None and payment.captured_at and question.now - payment.captured_at > can.window:
        closed = payment.captured_at + can.window
        yield Reason(
            "gateway_window_closed",
            f"Gateway {gateway} refunds payment {payment.id} until {closed:%Y-%m-%d}.",
        )
    if not can.multiple and _was_refunded(question):
        yield Reason(
            "already_refunded", f"Gateway {gateway} refunds a payment once; {payment.id} had its refund."
        )
    if _while_disputed(question) is WhileDisputed.NOTHING:
        yield Reason(
            "disputed", f"Gateway {gateway} refunds nothing of payment {payment.id} while it is disputed."
        )


def _was_refunded(question: _Question) -> bool:
    return any(
        refund.is_alive and refund.payment_id == question.payment.id and refund.gateway == question.gateway
        for refund in question.order.refunds
    )


def _while_disputed(question: _Question) -> WhileDisputed:
    """Return the strictest rule of the disputes that are open; another gateway is not bound by them."""
    rules = {
        question.can.while_inquiry if dispute.stage is DisputeStage.INQUIRY else question.can.while_disputed
        for dispute in question.order.disputes
        if question.is_own and dispute.is_open and dispute.payment_id == question.payment.id
    }
    return next((rule for rule in WhileDisputed if rule in rules), WhileDisputed.ANYTHING)


def _option(question: _Question) -> Option | Reason:
    whole = not question.can.partial or _while_disputed(question) is WhileDisputed.REMAINDER
    left = question.left
    if not question.can.partial and not question.is_untouched:
        return Reason(
            "whole_only",
            f"Gateway {question.gateway} refunds payment {question.payment.id} whole or not at all.",
        )
    if not question.can.full and question.is_untouched:
        left -= Money.of_minor(1, left.currency)
    least = question.can.minimum
    if least is None or least.currency != left.currency or not least.is_positive:
        least = Money.of_minor(1, left.currency)
    if left < least or (whole and left != question.left):
        return Reason(
            "below_minimum",
            f"Gateway {question.gateway} cannot refund {left} of payment {question.payment.id}.",
        )
    return Option(payment=question.payment, gateway=question.gateway, left=left, least=least, whole=whole)
