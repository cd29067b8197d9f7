"""Requests: what somebody wishes to have given back, and what an order keeps of it once it is accepted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import attrs
from attrs import field, frozen

from refundkit.errors import InvalidValueError
from refundkit.model import fields
from refundkit.model.fields import FrozenMap
from refundkit.model.lines import OrderLine, percent, to_percent
from refundkit.model.parties import Actor
from refundkit.money import Money

__all__ = [
    "AcceptedRequest",
    "LineRefund",
    "Purpose",
    "RefundReason",
    "RefundRequest",
    "RequestLine",
    "RestockingFee",
]


class RefundReason(StrEnum):
    """Why money is given back; each gateway maps these to its own words."""

    DAMAGED = "damaged"
    DUPLICATE = "duplicate"
    FRAUDULENT = "fraudulent"
    NOT_RECEIVED = "not_received"
    WRONG_ITEM = "wrong_item"
    CUSTOMER_SATISFACTION = "customer_satisfaction"
    CHANGED_MIND = "changed_mind"
    ORDER_CHANGE = "order_change"
    OTHER = "other"


class Purpose(StrEnum):
    """What becomes of the order: it stands (REFUND), or it is cancelled as well (REJECT)."""

    REFUND = "refund"
    REJECT = "reject"


@frozen(kw_only=True)
class LineRefund:
    """A part of one line: so many units of it, so much of its money, or both."""

    line_id: str = field(validator=fields.identifier)
    quantity: int = field(default=0, validator=fields.count)
    amount: Money | None = field(default=None, validator=fields.optional(fields.amount))

    def __attrs_post_init__(self) -> None:
        if self.amount is not None:
            _require_positive(self, self.amount)
        elif not self.quantity:
            raise InvalidValueError(
                f"The refund of line {self.line_id} names neither a quantity nor an amount.", field="quantity"
            )


@frozen(kw_only=True)
class RestockingFee:
    """What the shop keeps of a return: ``percent`` of its price, a ``fixed`` amount, or both."""

    percent: Decimal | None = field(default=None, converter=to_percent, validator=fields.optional(percent))
    fixed: Money | None = field(default=None, validator=fields.optional(fields.amount))

    def __attrs_post_init__(self) -> None:
        if self.percent is None and self.fixed is None:
            raise InvalidValueError("A restocking fee needs a percentage or a fixed amount.", field="percent")

    def of(self, price: Money) -> Money:
        """Return the fee on *price*: the percentage rounded half up to a minor unit, plus the fixed part.

        >>> RestockingFee(percent=Decimal("10")).of(Money.of("100.00", "EUR"))
        Money('10.00', 'EUR')
        """
        fee = Money.zero(price.currency) if self.fixed is None else self.fixed
        if self.percent is None:
            return fee
        # Fractions, because Decimal arithmetic would round to the context of whoever calls.
        numerator, denominator = self.percent.as_integer_ratio()
        return fee + price.share_rounded_half_up(numerator, 100 * denominator)


def _to_line_refunds(value: Any) -> Any:
    """Take {"line-1": 2} as two units of line-1; the order of the entries carries no meaning."""
    if isinstance(value, Mapping):
        value = [LineRefund(line_id=line_id, quantity=quantity) for line_id, quantity in value.items()]
    if isinstance(value, (list, tuple)) and all(isinstance(part, LineRefund) for part in value):
        return tuple(sorted(value, key=lambda part: part.line_id))
    return value


def _to_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _not_blank(owner: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    fields.text(owner, attribute, value)
    if not value.strip():
        raise InvalidValueError(
            f"{type(owner).__name__}.{attribute.name} must say something; it is what the audit log will show.",
            field=attribute.name,
            value=value,
        )


@frozen(kw_only=True)
class RefundRequest:
    """A wish to have money given back, under a ``key`` that the caller chooses and repeats on every retry.

    At most one of ``amount``, ``lines`` and ``revision`` says how much; none of them means all that is left.
    ``lines`` takes ``{"line-1": 2}`` (quantities) or `LineRefund` values; ``revision`` lists the lines that
    the customer keeps, and the difference is given back. ``payments`` fixes the spread, ``via`` names
    another gateway that gives the money back in place of the one that took it.

    ``notify`` says whether the customer is written to (None: as the policy says), and ``message`` what that
    letter says beside the figures. ``reason`` and ``note`` are for the audit log and never reach the customer (law S6).

    >>> RefundRequest(key="return-4711", reason="arrived broken", lines={"line-1": 2}).lines
    (LineRefund(line_id='line-1', quantity=2, amount=None),)
    """

    key: str = field(validator=fields.identifier)
    reason: str = field(validator=_not_blank)
    reason_type: RefundReason = field(default=RefundReason.OTHER, validator=fields.choice(RefundReason))
    actor: Actor = field(factory=Actor.system, validator=fields.instance(Actor))
    purpose: Purpose = field(default=Purpose.REFUND, validator=fields.choice(Purpose))
    amount: Money | None = field(default=None, validator=fields.optional(fields.amount))
    lines: tuple[LineRefund, ...] | None = field(
        default=None, converter=_to_line_refunds, validator=fields.optional(fields.tuple_of(LineRefund))
    )
    revision: tuple[OrderLine, ...] | None = field(
        default=None, converter=_to_tuple, validator=fields.optional(fields.tuple_of(OrderLine))
    )
    payments: Mapping[str, Money] | None = field(default=None, converter=fields.to_map)
    via: str | None = field(default=None, validator=fields.optional(fields.identifier))
    restocking_fee: RestockingFee | None = field(
        default=None, validator=fields.optional(fields.instance(RestockingFee))
    )
    note: str = field(default="", validator=fields.text)
    return_id: str | None = field(default=None, validator=fields.optional(fields.identifier))
    notify: bool | None = field(default=None, validator=fields.optional(fields.flag))
    message: str = field(default="", validator=fields.text)
    approved_by: Actor | None = field(default=None, validator=fields.optional(fields.instance(Actor)))
    metadata: Mapping[str, Any] = field(factory=FrozenMap, converter=fields.to_map, validator=fields.json_map)

    def __attrs_post_init__(self) -> None:
        self._check_form()
        self._check_entries()
        self._check_combination()

    def rejecting(self) -> RefundRequest:
        """Return the request that also cancels the order, as `RefundDesk.reject` makes it."""
        return attrs.evolve(self, purpose=Purpose.REJECT)

    def approved(self, by: Actor) -> RefundRequest:
        """Return the same request with the approval of *by*; it stays the same request (law E3)."""
        return attrs.evolve(self, approved_by=by)

    @property
    def is_everything(self) -> bool:
        """Whether it asks for all that is left."""
        return self.amount is None and self.lines is None and self.revision is None

    @property
    def digest(self) -> str:
        """Identify the content (SHA-256, hex) apart from approval, note and what is said to the customer (law E3)."""
        content = _canonical(self, leave_out=("approved_by", "note", "notify", "message"))
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _check_form(self) -> None:
        forms = [name for name in ("amount", "lines", "revision") if getattr(self, name) is not None]
        if len(forms) > 1:
            raise InvalidValueError(
                f"Request {self.key} gives {' and '.join(forms)}; exactly one of them says how much.",
                field=forms[1],
            )
        for form in ("lines", "revision"):
            if getattr(self, form) == ():
                raise InvalidValueError(
                    f"Request {self.key} has no {form}; leave the field out to ask for all that is left.",
                    field=form,
                    value=(),
                )

    def _check_entries(self) -> None:
        if self.amount is not None:
            _require_positive(self, self.amount)
        fields.unique(self, "line", (part.line_id for part in self.lines or ()))
        fields.unique(self, "revised line", (line.id for line in self.revision or ()))
        if self.payments is not None:
            _check_payments(self, self.payments)

    def _check_combination(self) -> None:
        if self.restocking_fee is not None and (self.amount is not None or self.revision is not None):
            raise InvalidValueError(
                f"Request {self.key} keeps a restocking fee of an amount or a revision; ask for a lower "
                "amount, or list the fee among the lines that the customer keeps.",
                field="restocking_fee",
                value=self.restocking_fee,
            )
        if self.purpose is Purpose.REJECT and not self.is_everything:
            raise InvalidValueError(
                f"Request {self.key} rejects the order, which gives back all that is left; "
                "leave out amount, lines and revision.",
                field="purpose",
                value=self.purpose,
            )


def _require_positive(owner: object, money: Money) -> None:
    if not money.is_positive:
        raise InvalidValueError(
            f"{type(owner).__name__} asks for {money}; an amount to give back is above zero. "
            "Leave it out to ask for all that is left.",
            field="amount",
            value=money,
        )


def _check_payments(request: RefundRequest, payments: Mapping[str, Money]) -> None:
    if not isinstance(payments, FrozenMap) or not payments:
        raise InvalidValueError(
            "RefundRequest.payments must map payment ids to Money and name at least one payment.",
            field="payments",
            value=payments,
        )
    attribute = attrs.fields(RefundRequest).payments
    for payment_id, money in payments.items():
        fields.identifier(request, attribute, payment_id)
        fields.amount(request, attribute, money)
        _require_positive(request, money)


def _canonical(value: Any, leave_out: Iterable[str] = ()) -> Any:
    """Reduce *value* to plain JSON; defaults are left out, so that a new optional field changes no digest."""
    if attrs.has(type(value)) and type(value) is not Money:
        return {
            attribute.name: _canonical(getattr(value, attribute.name))
            for attribute in attrs.fields(type(value))
            if attribute.name not in leave_out and not _is_default(value, attribute)
        }
    if isinstance(value, Mapping):
        return {key: _canonical(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [_canonical(inner) for inner in value]
    if type(value) is Decimal:
        # 10 and 10.00 are the same percentage.
        return value.as_integer_ratio()
    return value if value is None or type(value) in (str, int, bool) else str(value)


def _is_default(value: Any, attribute: attrs.Attribute[Any]) -> bool:
    default: Any = attribute.default
    if hasattr(default, "factory"):
        default = default.factory()
    return bool(getattr(value, attribute.name) == default)


@frozen(kw_only=True)
class RequestLine:
    """What a request means for one line: units returned, money given back with the tax in it, money withheld."""

    line_id: str = field(validator=fields.identifier)
    quantity: int = field(validator=fields.count)
    amount: Money = field(validator=fields.amount)
    tax: Money = field(validator=fields.amount)
    withheld: Money = field(validator=fields.amount)


@frozen(kw_only=True)
class AcceptedRequest:
    """A request that an order has accepted, and what it was worth then.

    ``revision`` counts the revisions that were in force: the lines belong to that version of the order.
    """

    request: RefundRequest = field(validator=fields.instance(RefundRequest))
    digest: str = field(validator=fields.identifier)
    accepted_at: datetime = field(converter=fields.to_utc, validator=fields.moment)
    lines: tuple[RequestLine, ...] = field(validator=fields.tuple_of(RequestLine))
    withheld: Money = field(validator=fields.amount)
    revision: int = field(default=0, validator=fields.count)

    @property
    def key(self) -> str:
        """The caller's key."""
        return self.request.key
