"""Who takes part: the customer of an order, and the actor behind a change."""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

from refundkit.model import fields

__all__ = ["Actor", "ActorKind", "Customer"]


class ActorKind(StrEnum):
    """What sort of actor it was."""

    CUSTOMER = "customer"
    STAFF = "staff"
    SYSTEM = "system"
    GATEWAY = "gateway"


@frozen
class Actor:
    """Whoever wished or did something: a kind, and a name for people to read.

    >>> Actor.staff("kim")
    Actor(kind=<ActorKind.STAFF: 'staff'>, name='kim')
    """

    kind: ActorKind = field(validator=fields.choice(ActorKind))
    name: str = field(default="", validator=fields.text)

    @classmethod
    def staff(cls, name: str) -> Actor:
        """Somebody of the shop."""
        return cls(ActorKind.STAFF, name)

    @classmethod
    def customer(cls, name: str = "") -> Actor:
        """The customer of the order."""
        return cls(ActorKind.CUSTOMER, name)

    @classmethod
    def system(cls, name: str = "") -> Actor:
        """A program: a scheduled job, an integration."""
        return cls(ActorKind.SYSTEM, name)

    @classmethod
    def gateway(cls, name: str) -> Actor:
        """The gateway *name*, telling what is true."""
        return cls(ActorKind.GATEWAY, name)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".rstrip()


@frozen(kw_only=True)
class Customer:
    """The person who bought: ``email`` is what orders are looked up by."""

    email: str | None = field(default=None, validator=fields.optional(fields.identifier))
    name: str = field(default="", validator=fields.text)
    reference: str | None = field(default=None, validator=fields.optional(fields.identifier))
