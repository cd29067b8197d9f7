"""Deliveries: handing over what was bought, and taking it back.

::

    PENDING ─▶ DELIVERED ─▶ REVOKED ─▶ DELIVERED
       └─▶ FAILED ─▶ DEAD_LETTERED        (then a person retries it, or marks it as delivered)
    DELIVERED ─▶ REVOCATION_FAILED ─▶ REVOKED

A delivery is of ``quantity`` units, of which the customer has ``handed_over``. What is to be done follows from
how many units the customer shall have.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid5

import attrs
from attrs import field, frozen

from refundkit.errors import InvalidValueError
from refundkit.model import fields
from refundkit.model.fields import FrozenMap
from refundkit.model.refunds import NAMESPACE

__all__ = ["Delivery", "DeliveryMove", "DeliveryStatus", "move_key"]


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    DEAD_LETTERED = "dead_lettered"
    REVOKED = "revoked"
    REVOCATION_FAILED = "revocation_failed"


class DeliveryMove(StrEnum):
    """What is being done about a delivery: hand units over, send the same ones again, or take them back."""

    DELIVER = "deliver"
    REDELIVER = "redeliver"
    REVOKE = "revoke"


def move_key(order_id: str, delivery_id: str, move: DeliveryMove, number: int) -> str:
    """Name move *number* of a delivery, for life: the idempotency key of every try of it."""
    return str(uuid5(NAMESPACE, json.dumps(["delivery", order_id, delivery_id, move, number])))


_S = DeliveryStatus
_ANY = frozenset(DeliveryStatus)
NEXT: Mapping[DeliveryStatus, frozenset[DeliveryStatus]] = {
    # Nobody knows whether a try that failed, or broke off, has handed over: once the money is given back it is
    # taken back to be sure, and that may fail.
    _S.PENDING: _ANY,
    _S.FAILED: _ANY,
    _S.DEAD_LETTERED: _ANY,
    # Sent again, or only a part of it taken back.
    _S.DELIVERED: _ANY - {_S.PENDING},
    # The refund failed after it had succeeded, so it is handed over again.
    _S.REVOKED: _ANY,
    _S.REVOCATION_FAILED: frozenset({_S.REVOCATION_FAILED, _S.REVOKED, _S.DELIVERED}),
}


@frozen(kw_only=True)
class Delivery:
    """One thing to hand over for one line: ``kind`` names the deliverer, ``target`` where it goes.

    ``quantity`` units belong to it, ``handed_over`` of them the customer has. ``move`` is what is being done
    with ``units`` of them, until its end is known; ``moves`` counts what came to an end, so that each move has
    an idempotency key of its own; ``attempts`` counts the tries of the newest move. ``due_at`` is when the next
    try is, ``leased_until`` how long somebody may be trying. ``unclear_at`` is when the newest try to hand over
    ended that may have worked; while these units are taken back it says that nobody knows whether they arrived.
    ``details`` is what the deliverer wants to remember, free of secrets.
    """

    id: str = field(validator=fields.identifier)
    line_id: str = field(validator=fields.identifier)
    kind: str = field(validator=fields.identifier)
    target: str = field(validator=fields.text, repr=False)
    status: DeliveryStatus = field(default=DeliveryStatus.PENDING, validator=fields.choice(DeliveryStatus))
    quantity: int = field(default=1, validator=fields.positive)
    handed_over: int = field(default=0, validator=fields.count)
    move: DeliveryMove | None = field(default=None, validator=fields.optional(fields.choice(DeliveryMove)))
    units: int = field(default=0, validator=fields.count)
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
    unclear_at: datetime | None = field(
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
        if (self.move is None) is not (self.units == 0):
            raise InvalidValueError(
                f"Delivery {self.id} is doing {self.move} with {self.units} units; a move has units, and units a move.",
                field="units",
                value=self.units,
            )

    @property
    def is_new(self) -> bool:
        """Whether nothing was done about it yet."""
        return self.status is DeliveryStatus.PENDING and not (self.handed_over or self.moves or self.attempts)

    def is_leased(self, now: datetime) -> bool:
        """Whether somebody may be handing over, or taking back, right now."""
        return self.leased_until is not None and self.leased_until > now

    def moved(self, status: DeliveryStatus, **changes: Any) -> Delivery:
        """Return this delivery in *status*, with *changes* to other fields.

        Raises:
            InvalidValueError: if a delivery cannot go from its status to *status*.
        """
        if status not in NEXT[self.status]:
            raise InvalidValueError(
                f"Delivery {self.id} is {self.status} and cannot become {status}.",
                field="status",
                value=status,
            )
        return attrs.evolve(self, status=status, **changes)

    def trying(self, move: DeliveryMove, units: int, *, leased_until: datetime) -> Delivery:
        """Return this delivery with one more try of *move*, which is a new one or the one under way."""
        return attrs.evolve(
            self,
            move=move,
            units=units,
            attempts=self.attempts + 1 if self.move is move else 1,
            # Should this try break off, the next one is due when its lease is over.
            due_at=leased_until,
            leased_until=leased_until,
        )

    def ended(self, status: DeliveryStatus, **changes: Any) -> Delivery:
        """Return this delivery in *status* with its move at an end, however it ended."""
        over = {"move": None, "units": 0, "moves": self.moves + 1}
        times = {"due_at": None, "leased_until": None, "unclear_at": None}
        return self.moved(status, **{**over, **times, **changes})
