"""The gateway's books: what is really true of the money. The laws are judged by these, never by our own store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, field, frozen

from refundkit import (
    DisputeFunds,
    DisputeReport,
    DisputeStage,
    DisputeStatus,
    FailureCode,
    Money,
    OutcomeUnknownError,
    PaymentReport,
    RefundReport,
    RefundStatus,
)
from tests.simulation.character import Character

__all__ = ["Books", "Held", "Order", "Outcome"]

CURRENCY = "EUR"


@define(eq=False)
class Held:
    """One refund at the gateway; ``refund_id`` is ours, None if it was made in the dashboard."""

    reference: str
    payment: str
    amount: int
    status: RefundStatus
    refund_id: str | None
    made_at: float
    history: list[RefundStatus] = field(factory=list)

    @property
    def is_alive(self) -> bool:
        """Whether the money is gone, or about to go."""
        return self.status is not RefundStatus.FAILED


@frozen
class Order:
    """What arrives at the gateway: the request as it was sent, under its key, with our id in its metadata."""

    key: str
    refund_id: str
    payment: str
    amount: int


@frozen
class Outcome:
    """What the gateway makes of an order, and what it answers: a report, or a failure that says nothing."""

    answer: RefundReport | Exception


@frozen
class _Remembered:
    at: float
    order: Order
    outcome: Outcome


@define(eq=False)
class Books:
    """Payments, refunds, disputes and idempotency keys of one gateway."""

    name: str
    character: Character
    now: Callable[[], float]
    announce: Callable[[str], None]
    captured: dict[str, int] = field(factory=dict)
    refunds: list[Held] = field(factory=list)
    disputes: dict[str, list[DisputeReport]] = field(factory=dict)
    keys: dict[str, _Remembered] = field(factory=dict)

    # What the gateway is asked for.

    def execute(self, order: Order, *, declines: bool, pends: bool, short: bool) -> Outcome:
        """Do what is asked for, once per key for as long as the gateway remembers keys."""
        known = self.keys.get(order.key)
        if known is not None and self._is_remembered(known):
            return self._replay(known, order)
        outcome = self._first_time(order, declines=declines, pends=pends, short=short)
        succeeded = isinstance(outcome.answer, RefundReport) and outcome.answer.reference is not None
        if succeeded or self.character.remembers_declines:
            self.keys[order.key] = _Remembered(self.now(), order, outcome)
        return outcome

    def _is_remembered(self, known: _Remembered) -> bool:
        return self.now() - known.at < self.character.key_lifetime

    def _replay(self, known: _Remembered, order: Order) -> Outcome:
        if known.order != order:
            return Outcome(OutcomeUnknownError("The key was used for something else.", gateway=self.name))
        return known.outcome

    def _first_time(self, order: Order, *, declines: bool, pends: bool, short: bool) -> Outcome:
        if declines:
            return Outcome(self._no(order, FailureCode.DECLINED))
        if order.amount > self.left(order.payment) and not self.character.lax:
            return Outcome(self._no(order, FailureCode.ALREADY_REFUNDED))
        amount = order.amount - 1 if short and order.amount > 1 else order.amount
        status = RefundStatus.PENDING if pends else RefundStatus.SUCCEEDED
        return Outcome(self.report_of(self._hold(order.payment, amount, status, order.refund_id)))

    def _no(self, order: Order, failure: FailureCode) -> RefundReport:
        return RefundReport(
            status=RefundStatus.FAILED,
            amount=money(order.amount),
            raw_status="declined",
            failure=failure,
            reason=f"{self.name} said no.",
        )

    def _hold(self, payment: str, amount: int, status: RefundStatus, refund_id: str | None) -> Held:
        held = Held(
            reference=f"{self.name}-{len(self.refunds) + 1}",
            payment=payment,
            amount=amount,
            status=status,
            refund_id=refund_id,
            made_at=self.now(),
            history=[status],
        )
        self.refunds.append(held)
        self.announce(payment)
        return held

    # What others do.

    def refund_elsewhere(self, payment: str, amount: int) -> None:
        """Refund in the dashboard, if there is so much left."""
        if 0 < amount <= self.left(payment):
            self._hold(payment, amount, RefundStatus.SUCCEEDED, None)

    def settle(self, held: Held, status: RefundStatus) -> None:
        """Let a refund come to another status, as a bank would."""
        held.status = status
        held.history.append(status)
        self.announce(held.payment)

    def dispute(self, payment: str, **changes: Any) -> None:
        """Open a dispute, or bring the one of this payment on."""
        values: dict[str, Any] = {
            "reference": f"{self.name}-dispute",
            "amount": money(self.captured[payment] // 2),
            "stage": DisputeStage.CHARGEBACK,
            "status": DisputeStatus.NEEDS_RESPONSE,
            "funds": DisputeFunds.WITHDRAWN,
        }
        self.disputes[payment] = [DisputeReport(**(values | changes))]
        self.announce(payment)

    # What is true.

    def left(self, payment: str) -> int:
        """What the gateway would still give back."""
        withdrawn = sum(
            d.amount.minor for d in self.disputes.get(payment, ()) if d.funds is DisputeFunds.WITHDRAWN
        )
        return self.captured[payment] - withdrawn - sum(h.amount for h in self.of(payment) if h.is_alive)

    def of(self, payment: str) -> list[Held]:
        """Every refund of a payment."""
        return [held for held in self.refunds if held.payment == payment]

    def named(self, refund_id: str) -> list[Held]:
        """Every refund that carries an id of ours."""
        return [held for held in self.refunds if held.refund_id == refund_id]

    def by_reference(self, reference: str) -> Held | None:
        """The refund that the gateway calls so."""
        return next((held for held in self.refunds if held.reference == reference), None)

    def report_of(self, held: Held) -> RefundReport:
        """Say what is true of one refund now, as far as this gateway tells."""
        return RefundReport(
            status=held.status,
            amount=money(held.amount),
            reference=held.reference,
            raw_status=held.status.value,
            refund_id=held.refund_id if self.character.can.echoes_refund_id else None,
            payment=held.payment,
            failure=FailureCode.RETURNED if held.status is RefundStatus.FAILED else None,
        )

    def report(self, payment: str) -> PaymentReport:
        """Say all that this gateway tells of a payment."""
        listed = [held for held in self.of(payment) if self.now() - held.made_at >= self.character.lag]
        return PaymentReport(
            reference=payment,
            captured=money(self.captured[payment]),
            refunds=None if self.character.blind else tuple(self.report_of(held) for held in listed),
            disputes=tuple(self.disputes.get(payment, ())),
        )


def money(minor: int) -> Money:
    """So many cents."""
    return Money.of_minor(minor, CURRENCY)
