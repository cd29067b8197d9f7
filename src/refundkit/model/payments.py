"""Payments: one for each capture, because only captured money can be given back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs
from attrs import field, frozen

from refundkit.errors import InvalidValueError
from refundkit.model import fields
from refundkit.model.fields import FrozenMap
from refundkit.money import Money

__all__ = ["Payment", "PaymentFailure", "PaymentStatus"]


class PaymentStatus(StrEnum):
    """Where a payment stands; only CAPTURED money can be refunded."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    FAILED = "failed"
    VOIDED = "voided"


class PaymentFailure(StrEnum):
    """Why a payment failed, in words that every gateway's own word maps to."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    CARD_DECLINED = "card_declined"
    EXPIRED_CARD = "expired_card"
    INCORRECT_DETAILS = "incorrect_details"
    FRAUD_PREVENTION = "fraud_prevention"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """The reason in words for people."""
        return self.value.replace("_", " ")


# What stays as it is known when a later word of the payment does not speak of it.
_KEPT = ("captured_at", "group", "method", "fee", "details")

# Where gateways and shops keep the last digits of a card, within the details of a payment.
_LAST4 = ("last4", "last_four", "last_digits")
_FOUR_DIGITS = re.compile("[0-9]{4}", re.ASCII)


def _to_aliases(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@frozen(kw_only=True)
class Payment:
    """One capture of money.

    ``reference`` is the gateway's id of it, ``aliases`` are other ids of the very same payment (a Stripe
    charge beside its payment intent), and ``group`` is what it belongs to at the gateway (a Shopify order).
    ``method`` is how it was paid (``card``, ``gift_card``), ``failure`` why a failed one failed, and ``details``
    whatever else the shop wants to keep, such as ``{"card": {"last4": "4242"}}``.
    ``captured`` is what the shop registered; ``confirmed`` is what the gateway said last, kept beside it.
    """

    id: str = field(validator=fields.identifier)
    gateway: str = field(validator=fields.identifier)
    reference: str = field(validator=fields.identifier)
    captured: Money = field(validator=fields.amount)
    captured_at: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    aliases: tuple[str, ...] = field(default=(), converter=_to_aliases, validator=fields.tuple_of(str))
    group: str | None = field(default=None, validator=fields.optional(fields.identifier))
    status: PaymentStatus = field(default=PaymentStatus.CAPTURED, validator=fields.choice(PaymentStatus))
    method: str | None = field(default=None, validator=fields.optional(fields.identifier))
    failure: PaymentFailure | None = field(
        default=None, validator=fields.optional(fields.choice(PaymentFailure))
    )
    fee: Money | None = field(default=None, validator=fields.optional(fields.amount))
    details: Mapping[str, Any] = field(
        factory=FrozenMap, converter=fields.to_map, validator=fields.json_map, repr=False
    )
    confirmed: Money | None = field(default=None, validator=fields.optional(fields.amount))
    reported_version: int = field(default=0, validator=fields.count)

    def __attrs_post_init__(self) -> None:
        for reference in self.aliases:
            fields.identifier(self, attrs.fields(Payment).aliases, reference)
        fields.unique(self, "references", (self.reference, *self.aliases))

    @property
    def references(self) -> tuple[str, ...]:
        """Every id under which the gateway knows this payment; a group stands for several payments."""
        return (self.reference, *self.aliases)

    @property
    def capacity(self) -> Money:
        """What can be given back of it at most: what was captured, or what the gateway confirms if that is less."""
        if self.status is not PaymentStatus.CAPTURED:
            return Money.zero(self.captured.currency)
        return self.captured if self.confirmed is None else min(self.captured, self.confirmed)

    @property
    def last4(self) -> str | None:
        """The last four digits of the card, if ``details`` tell just these; never more of its number (law S2)."""
        return _last4(self.details)

    def answers_to(self, reference: str) -> bool:
        """Whether *reference* names this payment or the group that it belongs to."""
        return reference in self.references or reference == self.group

    def name_at(self, gateway: str) -> str:
        """Name this payment towards *gateway*: by its reference, and by who took it where that was another.

        References are unique at one gateway only, so two payments may share one.
        """
        return self.reference if gateway == self.gateway else json.dumps([self.gateway, self.reference])

    def updated(self, newer: Payment) -> Payment:
        """Take over what was learned after registration: status, more captured money, more details.

        What *newer* leaves out stays, and so does every name that the payment ever had.

        Raises:
            InvalidValueError: if *newer* is another payment, or if captured money would become less.
        """
        if newer.references[0] != self.reference or newer.gateway != self.gateway:
            raise InvalidValueError(
                f"Payment {self.id} is {self.gateway} {self.reference}, not {newer.gateway} "
                f"{newer.reference}; register the other one under its own id.",
                field="reference",
                value=newer.reference,
            )
        if newer.captured < self.captured:
            raise InvalidValueError(
                f"Captured money only grows: payment {self.id} has {self.captured}, not {newer.captured}; "
                "money given back is recorded as a refund.",
                field="captured",
                value=newer.captured,
            )
        # What the gateway confirmed before more was captured says nothing about the rest.
        confirmed = self.confirmed if newer.captured == self.captured else None
        aliases = tuple(dict.fromkeys((*self.aliases, *newer.aliases)))
        kept = {name: getattr(self, name) for name in _KEPT if getattr(newer, name) in (None, FrozenMap())}
        return attrs.evolve(
            newer, confirmed=confirmed, reported_version=self.reported_version, aliases=aliases, **kept
        )


def _last4(details: Mapping[str, Any]) -> str | None:
    for key in _LAST4:
        if isinstance(found := details.get(key), str) and _FOUR_DIGITS.fullmatch(found):
            return found
    inner = (_last4(value) for value in details.values() if isinstance(value, Mapping))
    return next(filter(None, inner), None)
