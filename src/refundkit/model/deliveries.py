"""Deliveries: handing over what was bought, and taking it back.

::

    PENDING ─▶ DELIVERED ─▶ REVOKED ─▶ DELIVERED
       └─▶ FAILED ─▶ DEAD_LETTERED        (then a person retries it, or marks it as delivered)
    DELIVERED ─▶ REVOCATION_FAILED ─▶ REVOKED

A delivery is of ``quantity`` units, of which the customer has ``handed_over``. What is to be done follows from
how many units the customer shall have.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs
from attrs import field, frozen

from refundkit.errors import InvalidValueError
from refundkit.model import fields
from refundkit.model.fields import FrozenMap

__all__ = ["Delivery", "DeliveryStatus"]


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    DEAD_LETTERED = "dead_lettered"
    REVOKED = "revoked"
    REVOCATION_FAILED = "revocation_failed"


_S = DeliveryStatus
NEXT: Mapping[DeliveryStatus, frozenset[DeliveryStatus]] = {
    _S.PENDING: frozenset({_S.PENDING, _S.DELIVERED, _S.FAILED, _S.DEAD_LETTERED, _S.REVOKED}),
    _S.FAILED: frozenset({_S.FAILED, _S.DELIVERED, _S.DEAD_LETTERED, _S.PENDING, _S.REVOKED}),
    _S.DEAD_LETTERED: frozenset({_S.DEAD_LETTERED, _S.DELIVERED, _S.FAILED, _S.PENDING, _S.REVOKED}),
    _S.DELIVERED: frozenset({_S.DELIVERED, _S.FAILED, _S.REVOKED, _S.REVOCATION_FAILED}),
    _S.REVOKED: frozenset({_S.REVOKED, _S.DELIVERED, _S.FAILED, _S.PENDING}),
    _S.REVOCATION_FAILED: frozenset({_S.REVOCATION_FAILED, _S.REVOKED, _S.DELIVERED}),
}


@frozen(kw_only=True)
class Delivery:
    """One thing to hand over for one line: ``kind`` names the deliverer, ``target`` where it goes.

    ``quantity`` units belong to it, ``handed_over`` of them the customer has. ``moves`` counts how often
    something was handed over or taken back, so that each move has an idempotency key of its own; ``attempts``
    counts the tries of the move under way. ``due_at`` is when the next try is, ``leased_until`` how long
    somebody may be trying. ``details`` is what the deliverer wants to remember, free of secrets.
    """

    id: str = field(validator=fields.identifier)
    line_id: str = field(validator=fields.identifier)
    kind: str = field(validator=fields.identifier)
    target: str = field(validator=fields.text, repr=False)
    status: DeliveryStatus = field(default=DeliveryStatus.PENDING, validator=fields.choice(DeliveryStatus))
    quantity: int = field(default=1, validator=fields.positive)
    handed_over: int = field(default=0, validator=fields.count)
    moves: int = field(default=0, validator=fields.count)
    attempts: int = field(default=0, validator=fields.count)
    last_error: str = field(default="", validator=fields.text)
    delivered_at: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    due_at: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    leased_until: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    details: Mapping[str, Any] = field(
        factory=FrozenMap, converter=fields.to_map, validator=fields.json_map, repr=False
    )

    def __attrs_post_init__(self) -> None:
        if self.handed_over > self.quantity:
            raise InvalidValueError(
                f"Delivery {self.id} is of {self.quantity} and cannot have handed over {self.handed_over}.",
                field="handed_over",
                value=self.handed_over,
            )

    def moved(self, status: DeliveryStatus, *, at: datetime, error: str = "") -> Delivery:
        """Return this delivery one attempt later, in *status*.

        Raises:
            InvalidValueError: if a delivery cannot go from its status to *status*.
        """
        if status not in NEXT[self.status]:
            raise InvalidValueError(
                f"Delivery {self.id} is {self.status} and cannot become {status}.",
                field="status",
                value=status,
            )
        delivered_at = at if status is DeliveryStatus.DELIVERED else self.delivered_at
        return attrs.evolve(
            self, status=status, attempts=self.attempts + 1, last_error=error, delivered_at=delivered_at
        )
