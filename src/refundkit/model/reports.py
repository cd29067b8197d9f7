"""Reports: what a gateway says is true, in one shape for all gateways."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from refundkit.model import fields
from refundkit.model.disputes import DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.refunds import FailureCode, RefundStatus
from refundkit.money import Money

__all__ = ["DisputeReport", "PaymentReport", "RefundReport"]


def _to_text(value: str | None) -> str:
    return "" if value is None else value


@frozen(kw_only=True)
class RefundReport:
    """One refund as the gateway knows it: ``reference`` is its id there, ``refund_id`` ours if it echoes it.

    ``payment`` is the reference of the payment that it came out of, where the gateway says so: a refund of
    another payment than the one asked for is recorded as what it is (law E5).
    """

    status: RefundStatus = field(validator=fields.choice(RefundStatus))
    amount: Money = field(validator=fields.amount)
    reference: str | None = field(default=None, validator=fields.optional(fields.identifier))
    raw_status: str = field(default="", validator=fields.text)
    refund_id: str | None = field(default=None, validator=fields.optional(fields.identifier))
    payment: str | None = field(default=None, validator=fields.optional(fields.identifier))
    failure: FailureCode | None = field(default=None, validator=fields.optional(fields.choice(FailureCode)))
    reason: str = field(default="", converter=_to_text, validator=fields.text)
    at: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )


@frozen(kw_only=True)
class DisputeReport:
    """One dispute as the gateway knows it."""

    reference: str = field(validator=fields.identifier)
    amount: Money = field(validator=fields.amount)
    stage: DisputeStage = field(validator=fields.choice(DisputeStage))
    status: DisputeStatus = field(validator=fields.choice(DisputeStatus))
    funds: DisputeFunds = field(validator=fields.choice(DisputeFunds))
    reason: str = field(default="", converter=_to_text, validator=fields.text)
    due_by: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    opened_at: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    raw_status: str = field(default="", validator=fields.text)


@frozen(kw_only=True)
class PaymentReport:
    """All that a gateway says of one payment.

    ``refunds`` is every refund that the gateway has; None means that it cannot know, never that there is none.
    """

    reference: str = field(validator=fields.identifier)
    captured: Money = field(validator=fields.amount)
    refunds: tuple[RefundReport, ...] | None = field(
        default=(), validator=fields.optional(fields.tuple_of(RefundReport))
    )
    disputes: tuple[DisputeReport, ...] = field(default=(), validator=fields.tuple_of(DisputeReport))
    fee: Money | None = field(default=None, validator=fields.optional(fields.amount))
