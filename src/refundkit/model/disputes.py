"""Disputes: the case that a customer's bank opens, and where its money is."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from refundkit.model import fields
from refundkit.money import Money

__all__ = ["Dispute", "DisputeFunds", "DisputeStage", "DisputeStatus"]


class DisputeStage(StrEnum):
    """How far the case went; an INQUIRY moves no money."""

    INQUIRY = "inquiry"
    CHARGEBACK = "chargeback"
    PRE_ARBITRATION = "pre_arbitration"
    ARBITRATION = "arbitration"
    REVERSAL = "reversal"


class DisputeStatus(StrEnum):
    """Who has to act, or how it ended."""

    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    ACCEPTED = "accepted"
    WON = "won"
    LOST = "lost"
    EXPIRED = "expired"
    CANCELED = "canceled"
    PREVENTED = "prevented"
    UNKNOWN = "unknown"


class DisputeFunds(StrEnum):
    """Where the disputed money is; only WITHDRAWN money is gone from the shop."""

    NONE = "none"
    WITHDRAWN = "withdrawn"
    REINSTATED = "reinstated"


OPEN = frozenset({DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW, DisputeStatus.UNKNOWN})


@frozen(kw_only=True)
class Dispute:
    """One case about one payment, known by the gateway's ``reference``; ``amount`` is what is disputed."""

    reference: str = field(validator=fields.identifier)
    payment_id: str = field(validator=fields.identifier)
    amount: Money = field(validator=fields.amount)
    stage: DisputeStage = field(validator=fields.choice(DisputeStage))
    status: DisputeStatus = field(validator=fields.choice(DisputeStatus))
    funds: DisputeFunds = field(validator=fields.choice(DisputeFunds))
    reason: str = field(default="", validator=fields.text)
    raw_status: str = field(default="", validator=fields.text)
    due_by: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    opened_at: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )

    @property
    def is_open(self) -> bool:
        """Whether the case is still undecided."""
        return self.status in OPEN

    @property
    def withdrawn(self) -> Money:
        """What the case took out of the shop's account (law D1: only this consumes the cap)."""
        return self.amount if self.funds is DisputeFunds.WITHDRAWN else Money.zero(self.amount.currency)
