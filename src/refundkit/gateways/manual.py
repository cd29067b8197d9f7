"""Manual refunds: money that a person gives back (cash, a bank transfer) or that the shop credits itself.

The gateway moves nothing and knows nothing: it only says whether a refund counts as done at once or waits
for a person to confirm it. Under another name it also stands for a store credit that can give back what
any other gateway took (``RefundRequest(via=...)``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar

from refundkit.errors import InvalidValueError
from refundkit.gateways.base import Capabilities, Gateway, RefundCall, WhileDisputed
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund, RefundStatus
from refundkit.model.reports import PaymentReport, RefundReport

__all__ = ["ManualGateway", "Settles"]


class Settles(StrEnum):
    """When a manual refund counts as done."""

    AT_ONCE = "at_once"
    ON_CONFIRMATION = "on_confirmation"


class ManualGateway(Gateway):
    """Refunds that a person makes.

    ``settles`` says whether a refund is done AT_ONCE or ON_CONFIRMATION (`RefundDesk.confirm`). With
    ``any_payment`` it may also give back what another gateway took.

    >>> ManualGateway(name="store_credit")
    <ManualGateway 'store_credit'>
    """

    kind: ClassVar[str] = "manual"

    def __init__(
        self, *, name: str = "manual", settles: Settles | str = Settles.AT_ONCE, any_payment: bool = True
    ) -> None:
        if settles not in set(Settles):
            choices = ", ".join(repr(choice.value) for choice in Settles)
            raise InvalidValueError(
                f"ManualGateway.settles must be one of {choices}, not {settles!r}.",
                field="settles",
                value=settles,
            )
        self.name = name
        self._settles = Settles(settles)
        self._capabilities = Capabilities(
            any_payment=any_payment,
            by_person=True,
            knows_absence=False,
            idempotency_window=timedelta.max,
            while_disputed=WhileDisputed.ANYTHING,
        )

    def capabilities(self, payment: Payment) -> Capabilities:
        """Everything: a person can give back any amount, at any time."""
        return self._capabilities

    def prepare(self, refund: Refund, payment: Payment) -> Mapping[str, Any]:
        """Write down what the person is asked to do."""
        return {"pay": str(refund.amount), "for": payment.reference}

    def refund(self, call: RefundCall) -> RefundReport:
        """Take note of the refund: done at once, or pending until a person confirms it."""
        at_once = self._settles is Settles.AT_ONCE
        return RefundReport(
            status=RefundStatus.SUCCEEDED if at_once else RefundStatus.PENDING,
            amount=call.refund.amount,
            reference=f"{self.name}:{call.refund.id}",
            refund_id=call.refund.id,
            raw_status=self._settles.value,
        )

    def fetch(self, payments: tuple[Payment, ...]) -> tuple[PaymentReport, ...]:
        """Repeat what was registered; which refunds were made, only people know."""
        return tuple(
            PaymentReport(reference=payment.reference, captured=payment.captured, refunds=None)
            for payment in payments
        )
