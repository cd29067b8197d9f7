"""A gateway in memory that behaves like a strict one, and misbehaves as a test tells it to."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections import deque
from collections.abc import Mapping
from enum import Enum, auto
from typing import Any, ClassVar

import attrs
from attrs import frozen

from refundkit.errors import GatewayUnavailableError, OutcomeUnknownError, WebhookError
from refundkit.gateways.base import Capabilities, Gateway, RefundCall, Webhook
from refundkit.model.payments import Payment
from refundkit.model.refunds import FailureCode, Refund, RefundStatus
from refundkit.model.reports import DisputeReport, PaymentReport, RefundReport
from refundkit.money import Money

__all__ = ["FakeGateway", "Fault"]

_DEAD = frozenset({RefundStatus.FAILED})


class Fault(Enum):
    """What goes wrong with the next call to `FakeGateway.refund`."""

    UNAVAILABLE = auto()
    """Nothing is executed, and the caller can be certain of it."""
    BUSY = auto()
    """Nothing is executed, and the gateway asks to be left alone for two seconds."""
    LOST_REQUEST = auto()
    """Nothing is executed, and the caller cannot know."""
    LOST_ANSWER = auto()
    """The money moves, and the caller cannot know."""
    DECLINE = auto()
    """The gateway says no."""
    PENDING = auto()
    """The refund is accepted and not done yet."""
    CRASH = auto()
    """The gateway's code raises what no gateway should raise; nothing is executed."""
    OTHER_AMOUNT = auto()
    """The gateway gives back one minor unit less than it was asked for."""


@frozen(kw_only=True)
class _Held:
    """One refund as the gateway holds it."""

    payment: str
    report: RefundReport


class FakeGateway(Gateway):
    """A gateway whose books can be read: it keeps idempotency keys, refuses over-refunds, signs webhooks.

    It knows a payment from the first call that names it. ``faults`` go wrong one after the other, one per
    refund; ``down`` makes everything unavailable.

    >>> gateway = FakeGateway(Fault.LOST_ANSWER)
    >>> gateway.refunds
    ()
    """

    kind: ClassVar[str] = "fake"

    def __init__(
        self, *faults: Fault, name: str = "fake", test: bool | None = None, **capabilities: Any
    ) -> None:
        self.name = name
        self.test = test
        self.faults: deque[Fault | None] = deque(faults)
        self.down = False
        self.calls: list[RefundCall] = []
        self.fetches = 0
        self._can = Capabilities(**capabilities)
        self._lock = threading.Lock()
        self._captured: dict[str, Money] = {}
        self._keys: dict[str, _Held | FailureCode] = {}
        self._held: dict[str, _Held] = {}
        self._disputes: dict[str, list[DisputeReport]] = {}

    # What a gateway does.

    def capabilities(self, payment: Payment) -> Capabilities:
        """Return what the gateway was made with."""
        return self._can

    def prepare(self, refund: Refund, payment: Payment) -> Mapping[str, Any]:
        """Ask for an amount of a payment, under our refund id."""
        return {"payment": payment.reference, "amount": refund.amount.minor, "refund_id": refund.id}

    def refund(self, call: RefundCall) -> RefundReport:
        """Give money back once per idempotency key, unless the next fault says otherwise."""
        with self._lock:
            self.calls.append(call)
            fault = self.faults.popleft() if self.faults else None
            return self._unavailable() if self.down else self._execute(call, fault)

    def fetch(self, payments: tuple[Payment, ...]) -> tuple[PaymentReport, ...]:
        """Say all that is held of these payments."""
        with self._lock:
            self.fetches += 1
            if self.down:
                self._unavailable()
            return tuple(self._report(payment) for payment in payments)

    def parse_webhook(self, webhook: Webhook) -> tuple[str, ...]:
        """Name the payment of a webhook that `webhook` made."""
        expected = hmac.new(b"secret", webhook.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(
            expected.encode(), webhook.headers.get("x-signature", "").encode(errors="replace")
        ):
            raise WebhookError(f"The signature of a webhook for {self.name} is wrong.")
        return (str(json.loads(webhook.body)["payment"]),)

    # What a test does.

    @property
    def refunds(self) -> tuple[RefundReport, ...]:
        """Every refund held, oldest first."""
        return tuple(held.report for held in self._held.values())

    def returned(self, currency: str) -> Money:
        """Return what was really given back, in all payments together."""
        alive = (held.report.amount for held in self._held.values() if held.report.status not in _DEAD)
        return Money.sum(alive, currency)

    def refund_elsewhere(self, reference: str, amount: Money, *, refund_id: str | None = None) -> str:
        """Refund in the dashboard; return the gateway's reference."""
        with self._lock:
            return self._hold(reference, amount, RefundStatus.SUCCEEDED, refund_id).report.reference or ""

    def settle(self, reference: str, status: RefundStatus, failure: FailureCode | None = None) -> None:
        """Let the refund *reference* come to another status, as a bank would days later."""
        with self._lock:
            held = self._held[reference]
            report = attrs.evolve(held.report, status=status, raw_status=status.value, failure=failure)
            self._held[reference] = attrs.evolve(held, report=report)

    def dispute(self, payment: str, report: DisputeReport) -> None:
        """Open a dispute about a payment, or bring one on."""
        with self._lock:
            known = [kept for kept in self._disputes.get(payment, []) if kept.reference != report.reference]
            self._disputes[payment] = [*known, report]

    def confirm_captured(self, payment: str, amount: Money) -> None:
        """Say from now on that this much was captured."""
        self._captured[payment] = amount

    def forget_keys(self) -> None:
        """Forget every idempotency key, as gateways do after a day."""
        self._keys.clear()

    def webhook(self, payment: str) -> dict[str, Any]:
        """Return body and headers of a signed webhook about a payment, for `RefundDesk.receive`."""
        body = json.dumps({"payment": payment}).encode()
        return {
            "body": body,
            "headers": {"X-Signature": hmac.new(b"secret", body, hashlib.sha256).hexdigest()},
        }

    # Inside.

    def _unavailable(self) -> RefundReport:
        raise GatewayUnavailableError(f"{self.name} cannot be reached.", gateway=self.name)

    def _execute(self, call: RefundCall, fault: Fault | None) -> RefundReport:
        if fault is Fault.UNAVAILABLE:
            self._unavailable()
        if fault is Fault.BUSY:
            raise GatewayUnavailableError(f"{self.name} is busy.", gateway=self.name, retry_after_seconds=2.0)
        if fault is Fault.CRASH:
            raise ZeroDivisionError("a bug in a plugin")
        if fault is Fault.LOST_REQUEST:
            raise OutcomeUnknownError(f"{self.name} did not answer.", gateway=self.name)
        done = self._keys.get(call.refund.id)
        if done is None:
            done = self._keys[call.refund.id] = self._first_time(call, fault)
        if fault is Fault.LOST_ANSWER:
            raise OutcomeUnknownError(f"{self.name} did not answer.", gateway=self.name)
        return (
            self._no(call, done)
            if isinstance(done, FailureCode)
            else self._held[done.report.reference or ""].report
        )

    def _first_time(self, call: RefundCall, fault: Fault | None) -> _Held | FailureCode:
        if fault is Fault.DECLINE:
            return FailureCode.DECLINED
        reference, amount = (
            str(call.request["payment"]),
            Money.of_minor(call.request["amount"], call.refund.amount.currency),
        )
        self._captured.setdefault(reference, call.payment.captured)
        if amount > self._left(reference):
            return FailureCode.ALREADY_REFUNDED
        if fault is Fault.OTHER_AMOUNT:
            amount -= Money.of_minor(1, amount.currency)
        status = RefundStatus.PENDING if fault is Fault.PENDING else RefundStatus.SUCCEEDED
        return self._hold(reference, amount, status, call.refund.id)

    def _no(self, call: RefundCall, failure: FailureCode) -> RefundReport:
        return RefundReport(
            status=RefundStatus.FAILED,
            amount=call.refund.amount,
            raw_status="declined",
            failure=failure,
            reason=f"{self.name} said no.",
        )

    def _hold(self, payment: str, amount: Money, status: RefundStatus, refund_id: str | None) -> _Held:
        reference = f"{self.name}-refund-{len(self._held) + 1}"
        report = RefundReport(
            status=status,
            amount=amount,
            reference=reference,
            raw_status=status.value,
            refund_id=refund_id if self._can.echoes_refund_id else None,
            payment=payment,
        )
        self._held[reference] = _Held(payment=payment, report=report)
        return self._held[reference]

    def _left(self, payment: str) -> Money:
        captured = self._captured[payment]
        alive = (
            h.report for h in self._held.values() if h.payment == payment and h.report.status not in _DEAD
        )
        return captured - Money.sum((report.amount for report in alive), captured.currency)

    def _report(self, payment: Payment) -> PaymentReport:
        reference = payment.reference
        return PaymentReport(
            reference=reference,
            captured=self._captured.setdefault(reference, payment.captured),
            refunds=tuple(held.report for held in self._held.values() if held.payment == reference),
            disputes=tuple(self._disputes.get(reference, ())),
        )
