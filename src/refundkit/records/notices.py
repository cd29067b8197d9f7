"""Notices: what a customer is told about one refund that succeeded, and whether they are told at all.

Pure: an order goes in, a `Notice` or nothing comes out. `refundkit.desk.notices` has it written once.
Reason and note are for the audit log; nothing here reads them (law S6).
"""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from refundkit.model import fields
from refundkit.model.orders import Order
from refundkit.model.refunds import Refund, RefundOrigin, RefundStatus
from refundkit.model.requests import AcceptedRequest
from refundkit.money import Money
from refundkit.policy.rules import Policy
from refundkit.records.parts import parts_of
from refundkit.records.wording import in_words, way_back

__all__ = ["Addressees", "Notice", "NoticeLine", "notice_for"]


@frozen(kw_only=True)
class NoticeLine:
    """The part of a refund that belongs to one line; without ``quantity`` where no whole units came back."""

    name: str = field(validator=fields.text)
    amount: Money = field(validator=fields.amount)
    quantity: int | None = field(default=None, validator=fields.optional(fields.positive))


@frozen(kw_only=True)
class Notice:
    """What to tell one customer about one refund: ``amount`` went back to them.

    ``of_request`` is what the whole request gives back: more than ``amount`` where it goes back in several ways,
    each of which has a notice of its own. ``method`` is how it went back ("card", "store credit"), with the
    ``last4`` digits of the card; both are empty where nobody knows. ``text`` is what the shop wants to say beside
    the figures (``RefundRequest.message``).
    """

    order_id: str = field(validator=fields.identifier)
    refund_id: str = field(validator=fields.identifier)
    email: str = field(validator=fields.identifier)
    amount: Money = field(validator=fields.amount)
    of_request: Money = field(validator=fields.amount)
    name: str = field(default="", validator=fields.text)
    method: str = field(default="", validator=fields.text)
    last4: str = field(default="", validator=fields.text)
    lines: tuple[NoticeLine, ...] = field(default=(), validator=fields.tuple_of(NoticeLine))
    text: str = field(default="", validator=fields.text)

    @property
    def way(self) -> str:
        """How it went back, in words: "card ending in 4242"; nothing where nobody knows.

        >>> euro = Money.of("5.00", "EUR")
        >>> whom = {"order_id": "A-1001", "refund_id": "r-1", "email": "jo@example.org"}
        >>> Notice(amount=euro, of_request=euro, method="card", last4="4242", **whom).way
        'card ending in 4242'
        """
        return in_words(self.method, self.last4)


def _to_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, set, frozenset)) else value


@frozen(kw_only=True)
class Addressees:
    """Of which refunds customers may hear: by ``origins``, and on live orders, test orders (True) or both (None)."""

    origins: tuple[RefundOrigin, ...] = field(
        default=(RefundOrigin.REQUEST,), converter=_to_tuple, validator=fields.tuple_of(RefundOrigin)
    )
    test: bool | None = field(default=False, validator=fields.optional(fields.flag))

    def include(self, order: Order, refund: Refund) -> bool:
        """Whether the customer of *order* may be told about *refund*."""
        return refund.origin in self.origins and self.test in (None, order.test)


CUSTOMERS = Addressees()


def notice_for(
    order: Order, refund: Refund, policy: Policy, *, addressees: Addressees = CUSTOMERS
) -> Notice | None:
    """Return what to tell the customer of *order* about *refund*, or nothing.

    They are told if the request says so, or leaves it to *policy* and that says so; about a refund that has
    succeeded and that they have not been told of before; and only where there is an address to write to. Money that
    left through a dispute is no refund.
    """
    email = order.customer.email if order.customer else None
    accepted = None if refund.key is None else order.request(refund.key)
    is_news = refund.status is RefundStatus.SUCCEEDED and refund.notified_at is None
    if email is None or not is_news or not addressees.include(order, refund):
        return None
    return _notice(order, refund, email, accepted) if _is_wanted(accepted, policy) else None


def _is_wanted(accepted: AcceptedRequest | None, policy: Policy) -> bool:
    asked = None if accepted is None else accepted.request.notify
    return policy.notify if asked is None else asked


def _notice(order: Order, refund: Refund, email: str, accepted: AcceptedRequest | None) -> Notice:
    method, last4 = way_back(order.payment(refund.payment_id), refund.gateway)
    return Notice(
        order_id=order.id,
        refund_id=refund.id,
        email=email,
        amount=refund.amount,
        of_request=_of_request(order, refund),
        name=order.customer.name if order.customer else "",
        method=method,
        last4=last4,
        lines=tuple(
            NoticeLine(name=part.name, amount=part.given.amount, quantity=part.quantity)
            for part in parts_of(order, refund)
        ),
        text="" if accepted is None else accepted.request.message,
    )


def _of_request(order: Order, refund: Refund) -> Money:
    """Sum up the legs of the request that are on their way or arrived, this one among them."""
    others = () if refund.key is None else order.legs(refund.key)
    amounts = (leg.amount for leg in others if leg.is_alive and leg.id != refund.id)
    same_currency = (amount for amount in amounts if amount.currency == refund.amount.currency)
    return refund.amount + Money.sum(same_currency, refund.amount.currency)
