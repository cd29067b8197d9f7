"""Marks that are left on an order: flags, which a person must clear, and notes, which nobody must."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from refundkit.model import fields
from refundkit.model.parties import Actor

__all__ = ["Flag", "FlagKind", "Note"]


class FlagKind(StrEnum):
    """Why a person must look at an order before anything else is refunded on it (law T1)."""

    OVER_REFUNDED = "over_refunded"
    """More left the shop than was captured."""
    MISMATCHED = "mismatched"
    """The gateway gave back another amount, currency or payment than it was asked for (law E5)."""
    REVIVED = "revived"
    """A refund that had failed lives after all."""
    REPEATED = "repeated"
    """The gateway has two refunds under one name of ours."""
    UNATTRIBUTED = "unattributed"
    """Money was given back beyond what the lines were worth (law C6)."""
    AMBIGUOUS = "ambiguous"
    """The gateway has a refund that may be ours, and cannot tell (law T2)."""
    UNDECIDED = "undecided"
    """Nothing that a program may do can settle this refund; a person has to."""
    OVERDUE = "overdue"
    """For days nobody could find out what became of this refund; a person has to."""


@frozen(kw_only=True)
class Flag:
    """One reason to look: ``subject`` is the refund, payment or dispute that it is about."""

    kind: FlagKind = field(validator=fields.choice(FlagKind))
    subject: str = field(validator=fields.identifier)
    text: str = field(validator=fields.text)
    raised_at: datetime = field(converter=fields.to_utc, validator=fields.moment)


@frozen(kw_only=True)
class Note:
    """What somebody wrote on an order, for the shop's own eyes."""

    text: str = field(validator=fields.text)
    actor: Actor = field(validator=fields.instance(Actor))
    at: datetime = field(converter=fields.to_utc, validator=fields.moment)
