"""Refunds: one gives money back to one payment, and passes through these states.

::

    PLANNED ─▶ SUBMITTED ─▶ PENDING ─▶ SUCCEEDED ─▶ FAILED     (sent back by the customer's bank)
                   └───────────┴─────────▶ FAILED

SUBMITTED means: asked, or about to be; the answer is not known. Only the gateway's word moves a refund on,
and its word may also reopen a SUCCEEDED refund or revive a FAILED one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

import attrs
from attrs import field, frozen

from refundkit.errors import InvalidValueError
from refundkit.model import fields
from refundkit.model.requests import RefundReason
from refundkit.money import Money

__all__ = [
    "ALIVE",
    "NAMESPACE",
    "RESERVING",
    "FailureCode",
    "Refund",
    "RefundLine",
    "RefundOrigin",
    "RefundStatus",
    "refund_id",
]

NAMESPACE = UUID("516f189a-bd3e-5cd3-a7a4-3a7e37328a27")


def refund_id(order_id: str, key: str, reference: str, gateway: str, namespace: UUID = NAMESPACE) -> str:
    """Name the refund that request *key* makes to the payment *reference* through *gateway* (law E2).

    The name is also the idempotency key, for life. It depends on no amount and no clock, so a store that
    was restored from an older backup asks the gateway under the same name.
    """
    return str(uuid5(namespace, json.dumps([order_id, key, reference, gateway])))


class RefundStatus(StrEnum):
    """Where a refund stands."""

    PLANNED = "planned"
    SUBMITTED = "submitted"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


RESERVING = frozenset({RefundStatus.SUBMITTED, RefundStatus.PENDING})
ALIVE = RESERVING | {RefundStatus.SUCCEEDED}

NEXT: Mapping[RefundStatus, frozenset[RefundStatus]] = {
    RefundStatus.PLANNED: frozenset({RefundStatus.SUBMITTED}),
    RefundStatus.SUBMITTED: frozenset({RefundStatus.PENDING, RefundStatus.SUCCEEDED, RefundStatus.FAILED}),
    RefundStatus.PENDING: frozenset({RefundStatus.SUCCEEDED, RefundStatus.FAILED}),
    RefundStatus.SUCCEEDED: frozenset({RefundStatus.PENDING, RefundStatus.FAILED}),
    RefundStatus.FAILED: frozenset({RefundStatus.PENDING, RefundStatus.SUCCEEDED}),
}

_RANK = {status: rank for rank, status in enumerate(RefundStatus)}


class RefundOrigin(StrEnum):
    """Where a refund came from: a REQUEST here, found REBUILT after a lost record, or EXTERNAL to us."""

    REQUEST = "request"
    REBUILT = "rebuilt"
    EXTERNAL = "external"


class FailureCode(StrEnum):
    """Why a refund failed, in words that every gateway's own code maps to."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    ALREADY_REFUNDED = "already_refunded"
    WINDOW_CLOSED = "window_closed"
    RETURNED = "returned"
    DECLINED = "declined"
    DISPUTED = "disputed"
    CANCELED = "canceled"
    UNAVAILABLE = "unavailable"
    MISMATCH = "mismatch"
    UNKNOWN = "unknown"


@frozen(kw_only=True)
class RefundLine:
    """The part of a refund that belongs to one line: ``amount``, and the ``tax`` in it."""

    line_id: str = field(validator=fields.identifier)
    amount: Money = field(validator=fields.amount)
    tax: Money = field(validator=fields.amount)

    def __attrs_post_init__(self) -> None:
        if self.tax > self.amount:
            raise InvalidValueError(
                f"{self.amount} cannot contain tax of {self.tax}.", field="tax", value=self.tax
            )


def _moment() -> Any:
    return field(default=None, converter=fields.to_utc, validator=fields.optional(fields.moment))


@frozen(kw_only=True)
class Refund:
    """Money given back to exactly one payment: a leg of the request ``key``, or an EXTERNAL refund.

    ``reference`` is the gateway's id of it, ``raw_status`` the gateway's own word. ``prepared`` is the exact
    request for the gateway, stored before it is sent (law E1). ``revision`` says which version of the
    order's lines it gives back. ``outside_cap`` marks one that lived on after it had been given up.
    """

    id: str = field(validator=fields.identifier)
    payment_id: str = field(validator=fields.identifier)
    gateway: str = field(validator=fields.identifier)
    amount: Money = field(validator=fields.amount)
    status: RefundStatus = field(default=RefundStatus.PLANNED, validator=fields.choice(RefundStatus))
    lines: tuple[RefundLine, ...] = field(default=(), validator=fields.tuple_of(RefundLine))
    key: str | None = field(default=None, validator=fields.optional(fields.identifier))
    reason_type: RefundReason | None = field(
        default=None, validator=fields.optional(fields.choice(RefundReason))
    )
    origin: RefundOrigin = field(default=RefundOrigin.REQUEST, validator=fields.choice(RefundOrigin))
    reference: str | None = field(default=None, validator=fields.optional(fields.identifier))
    raw_status: str = field(default="", validator=fields.text)
    failure: FailureCode | None = field(default=None, validator=fields.optional(fields.choice(FailureCode)))
    failure_text: str = field(default="", validator=fields.text)
    prepared: Mapping[str, Any] | None = field(
        default=None,
        converter=fields.to_map,
        validator=fields.optional(fields.json_map),
        repr=False,
    )
    revision: int = field(default=0, validator=fields.count)
    outside_cap: bool = field(default=False, validator=fields.flag)
    created_at: datetime | None = _moment()
    first_sent_at: datetime | None = _moment()
    last_sent_at: datetime | None = _moment()
    leased_until: datetime | None = _moment()
    unclear_at: datetime | None = _moment()
    settled_at: datetime | None = _moment()
    notified_at: datetime | None = _moment()
    attempts: int = field(default=0, validator=fields.count)

    def __attrs_post_init__(self) -> None:
        if not self.amount.is_positive:
            raise InvalidValueError(
                f"A refund gives back more than {self.amount}.", field="amount", value=self.amount
            )
        parts = Money.sum((line.amount for line in self.lines), self.amount.currency)
        if parts > self.amount:
            raise InvalidValueError(
                f"The lines of a refund of {self.amount} add up to {parts}.", field="lines", value=parts
            )

    @property
    def is_reserving(self) -> bool:
        """Whether its money is set aside, because its end is not known (law C1)."""
        return self.status in RESERVING

    @property
    def is_alive(self) -> bool:
        """Whether its money is set aside or gone."""
        return self.status in ALIVE

    @property
    def is_ours(self) -> bool:
        """Whether a request of ours made it."""
        return self.origin is not RefundOrigin.EXTERNAL

    @property
    def is_unsent(self) -> bool:
        """Whether nothing was ever heard about it from the gateway."""
        return self.status is RefundStatus.SUBMITTED

    def precedes(self, status: RefundStatus) -> bool:
        """Whether *status* lies ahead of this refund's (SUBMITTED, PENDING, SUCCEEDED, FAILED)."""
        return _RANK[self.status] < _RANK[status]

    def moved(self, status: RefundStatus, **changes: Any) -> Refund:
        """Return this refund in *status*, with *changes* to other fields.

        Raises:
            InvalidValueError: if a refund cannot go from its status to *status* (see the module's picture).
        """
        if status is not self.status and status not in NEXT[self.status]:
            raise InvalidValueError(
                f"Refund {self.id} is {self.status} and cannot become {status}.", field="status", value=status
            )
        return attrs.evolve(self, status=status, **changes)
