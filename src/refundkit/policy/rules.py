"""Rules: what a shop allows. Small frozen values that look at one case and give one verdict.

A rule of your own is anything that takes a `Case` and returns a `Verdict`::

    def no_weekend(case: Case) -> Verdict:
        if case.now.weekday() < 5:
            return Verdict.allow()
        return Verdict.review("weekend", "Nobody can call the bank before Monday.")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

import attrs
from attrs import field, frozen

from refundkit.errors import InvalidValueError, shown
from refundkit.model import fields
from refundkit.model.documents import DocumentKind
from refundkit.model.lines import LineKind
from refundkit.model.orders import Order
from refundkit.model.requests import Purpose, RefundRequest, RequestLine
from refundkit.money import Money
from refundkit.policy.reasons import Reason
from refundkit.policy.spread import FewestRefunds, Remainder, Spread

__all__ = [
    "BlockingDocuments",
    "Case",
    "Decision",
    "MaxAmount",
    "MaxRefunds",
    "NonRefundable",
    "Policy",
    "ReviewAbove",
    "Rule",
    "Verdict",
    "Window",
]


class Decision(IntEnum):
    """What a verdict comes to; of several, the highest counts."""

    ALLOW = 0
    REVIEW = 1
    DENY = 2


@frozen
class Verdict:
    """The answer of one rule: allow, let another person look, or deny; with the reason if it is not allow."""

    decision: Decision = field(validator=fields.choice(Decision))
    reason: Reason | None = field(default=None, validator=fields.optional(fields.instance(Reason)))

    @classmethod
    def allow(cls) -> Verdict:
        """Nothing speaks against it."""
        return cls(Decision.ALLOW)

    @classmethod
    def review(cls, code: str, text: str) -> Verdict:
        """Somebody other than the requester must approve."""
        return cls(Decision.REVIEW, Reason(code, text))

    @classmethod
    def deny(cls, code: str, text: str) -> Verdict:
        """It must not happen."""
        return cls(Decision.DENY, Reason(code, text))


@frozen(kw_only=True)
class Case:
    """What a rule decides on: the order as it stands, the request and what it is worth, and the time."""

    order: Order
    request: RefundRequest
    amount: Money
    lines: tuple[RequestLine, ...]
    now: datetime


Rule = Callable[[Case], Verdict]


def _to_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, set, frozenset)) else value


@frozen
class Window:
    """Deny refunds later than ``days`` after the order was placed (or first paid, if that is not known)."""

    days: int = field(validator=fields.positive)

    def __call__(self, case: Case) -> Verdict:
        """Judge *case*."""
        start = case.order.placed_at or min(
            (p.captured_at for p in case.order.payments if p.captured_at), default=None
        )
        if start is None or (case.now - start) <= timedelta(days=min(self.days, timedelta.max.days)):
            return Verdict.allow()
        closed = start + timedelta(days=self.days)
        return Verdict.deny(
            "window_closed", f"The refund window of {self.days} days closed on {closed:%Y-%m-%d}."
        )


@frozen
class MaxAmount:
    """Deny a request above ``limit``."""

    limit: Money = field(validator=fields.amount)

    def __call__(self, case: Case) -> Verdict:
        """Judge *case*."""
        if case.amount.currency != self.limit.currency or case.amount <= self.limit:
            return Verdict.allow()
        return Verdict.deny(
            "above_maximum", f"{case.amount} is above the maximum of {self.limit} for one refund."
        )


@frozen
class ReviewAbove:
    """Let somebody other than the requester approve a request above ``limit``."""

    limit: Money = field(validator=fields.amount)

    def __call__(self, case: Case) -> Verdict:
        """Judge *case*."""
        if case.amount.currency != self.limit.currency or case.amount <= self.limit:
            return Verdict.allow()
        return Verdict.review(
            "above_review_limit", f"{case.amount} is above {self.limit} and needs a second person."
        )


@frozen
class NonRefundable:
    """Deny giving back money of lines of these ``kinds``, such as shipping and fees."""

    kinds: tuple[LineKind, ...] = field(
        default=(LineKind.SHIPPING, LineKind.FEE), converter=_to_tuple, validator=fields.tuple_of(LineKind)
    )

    def __call__(self, case: Case) -> Verdict:
        """Judge *case*."""
        lines = case.order.line_sums
        hit = [
            part.line_id
            for part in case.lines
            if part.line_id in lines and lines[part.line_id].line.kind in self.kinds
        ]
        if not hit:
            return Verdict.allow()
        return Verdict.deny(
            "non_refundable", f"These lines are not given back: {', '.join(hit)}; ask for the others."
        )


@frozen
class MaxRefunds:
    """Deny more than ``count`` requests on one order."""

    count: int = field(validator=fields.positive)

    def __call__(self, case: Case) -> Verdict:
        """Judge *case*."""
        made = sum(
            any(leg.is_alive for leg in case.order.legs(accepted.key)) for accepted in case.order.requests
        )
        if made < self.count:
            return Verdict.allow()
        return Verdict.deny(
            "too_many_refunds", f"Order {case.order.id} had {made} refunds of at most {self.count}."
        )


@frozen
class BlockingDocuments:
    """Deny while an issued document says something else; it has to be removed first.

    ``kinds`` block every refund, ``rejecting`` kinds only the rejection of an order.
    """

    kinds: tuple[DocumentKind, ...] = field(
        default=(
            DocumentKind.BILLING_INVOICE,
            DocumentKind.DELIVERY_INVOICE,
            DocumentKind.PAYMENT_CONFIRMATION,
        ),
        converter=_to_tuple,
        validator=fields.tuple_of(DocumentKind),
    )
    rejecting: tuple[DocumentKind, ...] = field(
        default=(DocumentKind.PAID_UNDELIVERED_LIST,),
        converter=_to_tuple,
        validator=fields.tuple_of(DocumentKind),
    )

    def __call__(self, case: Case) -> Verdict:
        """Judge *case*."""
        kinds = self.kinds + (self.rejecting if case.request.purpose is Purpose.REJECT else ())
        blocking = [document for document in case.order.documents if document.kind in kinds]
        if not blocking:
            return Verdict.allow()
        named = ", ".join(f"{document.kind.label} {document.number or document.id}" for document in blocking)
        if all(document.kind.is_removable for document in blocking):
            return Verdict.deny("blocked_by_document", f"Remove first: {named}.")
        return Verdict.deny("blocked_by_document", f"This cannot be taken back any more: {named}.")


def _rules(owner: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    if type(value) is not tuple or not all(map(callable, value)):
        raise InvalidValueError(
            f"{type(owner).__name__}.{attribute.name} must be a tuple of rules, such as (Window(days=30),), "
            f"not {shown(value)}.",
            field=attribute.name,
            value=value,
        )


@frozen(kw_only=True)
class Policy:
    """What a shop allows: ``rules`` of its choice, how money is spread over payments, and what else.

    ``standing`` rules hold whatever ``rules`` says. ``remainder`` decides about money that no gateway can
    give back by itself. ``notify`` says whether customers are written to when a request does not say.
    """

    rules: tuple[Rule, ...] = field(default=(), converter=_to_tuple, validator=_rules)
    spread: Spread = field(factory=FewestRefunds)
    remainder: Remainder = field(default=Remainder.DENY, validator=fields.choice(Remainder))
    standing: tuple[Rule, ...] = field(default=(BlockingDocuments(),), converter=_to_tuple, validator=_rules)
    notify: bool = field(default=False, validator=fields.flag)

    def judge(self, case: Case) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
        """Ask every rule; return the reasons to deny, and the reasons to let another person look."""
        verdicts = [rule(case) for rule in (*self.standing, *self.rules)]
        return _reasons(verdicts, Decision.DENY), _reasons(verdicts, Decision.REVIEW)


def _reasons(verdicts: Iterable[Verdict], decision: Decision) -> tuple[Reason, ...]:
    return tuple(
        verdict.reason for verdict in verdicts if verdict.decision is decision and verdict.reason is not None
    )
