"""Deliveries: handing over what was bought, and taking it back."""

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


NEXT: Mapping[DeliveryStatus, frozenset[DeliveryStatus]] = {
    DeliveryStatus.PENDING: frozenset({DeliveryStatus.DELIVERED, DeliveryStatus.FAILED}),
    DeliveryStatus.FAILED: frozenset(
        {DeliveryStatus.FAILED, DeliveryStatus.DELIVERED, DeliveryStatus.DEAD_LETTERED}
    ),
    DeliveryStatus.DEAD_LETTERED: frozenset({DeliveryStatus.DELIVERED, DeliveryStatus.FAILED}),
    DeliveryStatus.DELIVERED: frozenset({DeliveryStatus.REVOKED, DeliveryStatus.DELIVERED}),
    DeliveryStatus.REVOKED: frozenset({DeliveryStatus.DELIVERED}),
}


@frozen(kw_only=True)
class Delivery:
    """One thing to hand over for one line: ``kind`` names the deliverer, ``target`` where it goes."""

    id: str = field(validator=fields.identifier)
    line_id: str = field(validator=fields.identifier)
    kind: str = field(validator=fields.identifier)
    target: str = field(validator=fields.text, repr=False)
    status: DeliveryStatus = field(default=DeliveryStatus.PENDING, validator=fields.choice(DeliveryStatus))
    quantity: int = field(default=1, validator=fields.positive)
    attempts: int = field(default=0, validator=fields.count)
    last_error: str = field(default="", validator=fields.text)
    delivered_at: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    details: Mapping[str, Any] = field(
        factory=FrozenMap, converter=fields.to_map, validator=fields.json_map, repr=False
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
