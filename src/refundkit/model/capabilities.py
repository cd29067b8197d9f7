"""Capabilities: what a gateway can do, declared as data and judged before it is ever asked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Any

import attrs
from attrs import field, frozen

from refundkit._iso4217 import EXPONENTS
from refundkit.errors import InvalidValueError, shown
from refundkit.model import fields
from refundkit.money import Money

__all__ = ["Capabilities", "WhileDisputed"]


class WhileDisputed(StrEnum):
    """What may be refunded of a payment while a dispute about it is open (law D2)."""

    NOTHING = "nothing"
    REMAINDER = "remainder"
    ANYTHING = "anything"


def _to_codes(value: Any) -> Any:
    return frozenset(value) if isinstance(value, (set, list, tuple)) and _all_text(value) else value


def _all_text(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _codes(owner: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, frozenset) or not value <= EXPONENTS.keys():
        raise InvalidValueError(
            f"{type(owner).__name__}.{attribute.name} must be ISO 4217 codes such as {{'EUR', 'USD'}}, "
            f"not {shown(value)}.",
            field=attribute.name,
            value=value,
        )


def _duration(owner: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if not isinstance(value, timedelta) or value < timedelta(0):
        raise InvalidValueError(
            f"{type(owner).__name__}.{attribute.name} must be a timedelta of zero or more.",
            field=attribute.name,
            value=value,
        )


@frozen(kw_only=True)
class Capabilities:
    """What a gateway can do with one payment.

    ``full`` / ``partial``: whether all of an untouched payment, or a part of it, can be given back.
    ``multiple``: whether one payment can be refunded more than once.
    ``window``: how long after capture a refund is accepted. ``minimum``: the smallest refund.
    ``currencies``: the ISO 4217 codes it can refund, None for all.
    ``idempotency_window``: how long the gateway answers a repeated request with the first result.
    ``while_disputed`` / ``while_inquiry``: what stays refundable while a chargeback or an inquiry is open.
    ``echoes_refund_id``: whether `fetch` tells which refund of ours a refund is.
    ``knows_absence``: whether `fetch` not naming a refund proves that there is none.
    ``any_payment``: whether it may give back what another gateway captured (store credit, cash).
    ``by_person``: whether a person settles its refunds (`RefundDesk.confirm`), because no machine can.
    """

    full: bool = field(default=True, validator=fields.flag)
    partial: bool = field(default=True, validator=fields.flag)
    multiple: bool = field(default=True, validator=fields.flag)
    window: timedelta | None = field(default=None, validator=fields.optional(_duration))
    minimum: Money | None = field(default=None, validator=fields.optional(fields.amount))
    currencies: frozenset[str] | None = field(
        default=None, converter=_to_codes, validator=fields.optional(_codes)
    )
    idempotency_window: timedelta = field(default=timedelta(hours=20), validator=_duration)
    while_disputed: WhileDisputed = field(
        default=WhileDisputed.NOTHING, validator=fields.choice(WhileDisputed)
    )
    while_inquiry: WhileDisputed = field(
        default=WhileDisputed.ANYTHING, validator=fields.choice(WhileDisputed)
    )
    echoes_refund_id: bool = field(default=True, validator=fields.flag)
    knows_absence: bool = field(default=True, validator=fields.flag)
    any_payment: bool = field(default=False, validator=fields.flag)
    by_person: bool = field(default=False, validator=fields.flag)
