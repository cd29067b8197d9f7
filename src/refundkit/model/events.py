"""Events: what changed here, in the past tense; append-only, and together the timeline of an order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import attrs
from attrs import field, frozen

from refundkit.model import fields
from refundkit.model.fields import FrozenMap
from refundkit.model.parties import Actor
from refundkit.money import Money

__all__ = ["Event", "EventKind"]


class EventKind(StrEnum):
    """Everything that can happen to an order here."""

    ORDER_REGISTERED = "order.registered"
    ORDER_REVISED = "order.revised"
    ORDER_REJECTED = "order.rejected"
    ORDER_FLAGGED = "order.flagged"
    ORDER_ACKNOWLEDGED = "order.acknowledged"
    ORDER_ANNOTATED = "order.annotated"
    DOCUMENT_ADDED = "document.added"
    DOCUMENT_REMOVED = "document.removed"
    PAYMENT_RECORDED = "payment.recorded"
    PAYMENT_CONFIRMED = "payment.confirmed"
    REFUND_REQUESTED = "refund.requested"
    REFUND_SUBMITTED = "refund.submitted"
    REFUND_RESUBMITTED = "refund.resubmitted"
    REFUND_UNCLEAR = "refund.unclear"
    REFUND_PENDING = "refund.pending"
    REFUND_SUCCEEDED = "refund.succeeded"
    REFUND_FAILED = "refund.failed"
    REFUND_FAILED_AFTER_SUCCESS = "refund.failed_after_success"
    REFUND_REOPENED = "refund.reopened"
    REFUND_REVIVED = "refund.revived"
    REFUND_ADOPTED = "refund.adopted"
    REFUND_REBUILT = "refund.rebuilt"
    REFUND_MISMATCHED = "refund.mismatched"
    DISPUTE_OPENED = "dispute.opened"
    DISPUTE_UPDATED = "dispute.updated"
    DISPUTE_WON = "dispute.won"
    DISPUTE_LOST = "dispute.lost"
    DISPUTE_CLOSED = "dispute.closed"
    DELIVERY_ADDED = "delivery.added"
    DELIVERY_DELIVERED = "delivery.delivered"
    DELIVERY_FAILED = "delivery.failed"
    DELIVERY_DEAD_LETTERED = "delivery.dead_lettered"
    DELIVERY_RETRIED = "delivery.retried"
    DELIVERY_REVOKED = "delivery.revoked"
    DELIVERY_REVOCATION_FAILED = "delivery.revocation_failed"
    DELIVERY_DOWNLOADED = "delivery.downloaded"
    ORDER_REDELIVERED = "order.redelivered"
    CUSTOMER_NOTIFIED = "customer.notified"
    CUSTOMER_NOT_NOTIFIED = "customer.not_notified"
    CREDIT_NOTE_ISSUED = "credit_note.issued"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@frozen(kw_only=True)
class Event:
    """One thing that happened to order ``order_id``; ``version`` and ``number`` give its place in time.

    The store numbers events when it writes them: ``version`` is the order's version that the event led
    to, ``number`` counts the events of that version from zero.
    """

    order_id: str = field(validator=fields.identifier)
    kind: EventKind = field(validator=fields.choice(EventKind))
    at: datetime = field(converter=fields.to_utc, validator=fields.moment)
    actor: Actor = field(factory=Actor.system, validator=fields.instance(Actor))
    payment_id: str | None = field(default=None, validator=fields.optional(fields.identifier))
    refund_id: str | None = field(default=None, validator=fields.optional(fields.identifier))
    amount: Money | None = field(default=None, validator=fields.optional(fields.amount))
    text: str = field(default="", validator=fields.text)
    data: Mapping[str, Any] = field(factory=FrozenMap, converter=fields.to_map, validator=fields.json_map)
    version: int = field(default=0, validator=fields.count)
    number: int = field(default=0, validator=fields.count)

    @property
    def id(self) -> str:
        """The same for ever, however often the event is delivered, and no other event's.

        The moment is part of it, because a store that was restored from a backup counts its versions again.
        """
        moment = (self.at - _EPOCH) // timedelta(microseconds=1)
        return f"{self.order_id}:{self.version}:{self.number}:{moment:x}"

    def numbered(self, version: int, number: int) -> Event:
        """Return this event with its place in time."""
        return attrs.evolve(self, version=version, number=number)
