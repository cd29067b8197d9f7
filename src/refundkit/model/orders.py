"""Order: the financial record that everything else is about.

Lines, payments and customer are registered once and never change; refunds, disputes, requests and flags are
added by what happens. What an order is worth now is always derived from them, never stored by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

import attrs
from attrs import field, frozen

from refundkit.errors import InvalidValueError, OrderNotFoundError
from refundkit.model import fields, ledger, standing
from refundkit.model.credit_notes import CreditNote
from refundkit.model.deliveries import Delivery
from refundkit.model.disputes import Dispute
from refundkit.model.documents import Document
from refundkit.model.fields import FrozenMap
from refundkit.model.lines import OrderLine
from refundkit.model.marks import Flag, FlagKind, Note
from refundkit.model.parties import Customer
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund
from refundkit.model.requests import AcceptedRequest, Purpose
from refundkit.model.totals import OrderTotals, totals_of
from refundkit.money import Money

__all__ = ["Order"]

V = TypeVar("V")
P = TypeVar("P", Payment, Refund, Document)


def _to_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _several(kind: type) -> Any:
    return field(default=(), converter=_to_tuple, validator=fields.tuple_of(kind))


def _currency(owner: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    Money.zero(value)


@frozen(kw_only=True)
class Order:
    """One order of one currency: what was bought, how it was paid, and everything that happened since.

    A shop registers ``id`` to ``metadata``. The rest is history, which the desk alone writes: accepted
    ``requests``, ``refunds``, ``disputes``, ``flags``, ``credit_notes``, and the ``version`` that grows by one
    with every change. ``fetch_due_at`` marks that the gateways must be asked, because a webhook or an answer
    says that there is news; ``due_at`` is when the sweep shall look at the order again, ``delivery_due_at`` when
    something shall be handed over or taken back, and ``redelivered_at`` when somebody last had it sent again.
    """

    id: str = field(validator=fields.identifier)
    currency: str = field(validator=_currency)
    lines: tuple[OrderLine, ...] = _several(OrderLine)
    payments: tuple[Payment, ...] = _several(Payment)
    customer: Customer | None = field(default=None, validator=fields.optional(fields.instance(Customer)))
    deliveries: tuple[Delivery, ...] = _several(Delivery)
    documents: tuple[Document, ...] = _several(Document)
    placed_at: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    test: bool = field(default=False, validator=fields.flag)
    tags: tuple[str, ...] = _several(str)
    notes: tuple[Note, ...] = _several(Note)
    metadata: Mapping[str, Any] = field(factory=FrozenMap, converter=fields.to_map, validator=fields.json_map)
    requests: tuple[AcceptedRequest, ...] = _several(AcceptedRequest)
    refunds: tuple[Refund, ...] = _several(Refund)
    disputes: tuple[Dispute, ...] = _several(Dispute)
    flags: tuple[Flag, ...] = _several(Flag)
    credit_notes: tuple[CreditNote, ...] = _several(CreditNote)
    fetch_due_at: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    due_at: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    delivery_due_at: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    redelivered_at: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    version: int = field(default=0, validator=fields.count)

    def __attrs_post_init__(self) -> None:
        fields.unique(self, "line", (line.id for line in self.lines))
        fields.unique(self, "payment", (payment.id for payment in self.payments))
        fields.unique(self, "delivery", (delivery.id for delivery in self.deliveries))
        fields.unique(self, "document", (document.id for document in self.documents))
        for tag in self.tags:
            fields.identifier(self, attrs.fields(Order).tags, tag)
        for money in self._registered_money():
            _require_currency(self, money)
        _require_known_lines(self)
        for gateway in {payment.gateway for payment in self.payments}:
            references = (ref for p in self.payments if p.gateway == gateway for ref in p.references)
            fields.unique(self, f"{gateway} reference", references)

    def _registered_money(self) -> Iterable[Money]:
        yield from (line.total for line in self.lines)
        yield from (line.tax for line in self.lines if line.tax is not None)
        yield from (payment.captured for payment in self.payments)

    # What it is worth now.

    @cached_property
    def payment_sums(self) -> Mapping[str, ledger.PaymentSums]:
        """The sums of each payment, by payment id."""
        return ledger.payment_sums(self)

    @cached_property
    def line_sums(self) -> Mapping[str, ledger.LineSums]:
        """The sums of each line in force, by line id."""
        return ledger.line_sums(self)

    @cached_property
    def revisions(self) -> tuple[AcceptedRequest, ...]:
        """The accepted requests that replaced the lines, oldest first."""
        return tuple(accepted for accepted in self.requests if accepted.request.revision is not None)

    @property
    def revision(self) -> int:
        """How often the lines were replaced (law C8)."""
        return len(self.revisions)

    @property
    def lines_in_force(self) -> tuple[OrderLine, ...]:
        """The lines of the newest revision; the registered ones if there is none."""
        newest = self.revisions[-1].request.revision if self.revisions else None
        return self.lines if newest is None else newest

    @property
    def total(self) -> Money:
        """What the lines in force cost."""
        return Money.sum((line.total for line in self.lines_in_force), self.currency)

    @cached_property
    def totals(self) -> OrderTotals:
        """What it cost, from the subtotal to what was left to pay after gift cards, as a receipt shows it."""
        return totals_of(self)

    @property
    def captured(self) -> Money:
        """What was captured, as far as the gateways confirm it."""
        return Money.sum((payment.capacity for payment in self.payments), self.currency)

    @property
    def refundable(self) -> Money:
        """What may still be given back, over all payments; never negative."""
        return Money.sum((sums.left for sums in self.payment_sums.values()), self.currency)

    def refundable_of(self, payment_id: str) -> Money:
        """What may still be given back to one payment of this order.

        Raises:
            OrderNotFoundError: if this order has no such payment (law C4).
        """
        return self.payment_sums[self.payment(payment_id).id].left

    def refunded_of(self, payment_id: str) -> Money:
        """What was or may be given back to one payment, by us or elsewhere, without what disputes took.

        Raises:
            OrderNotFoundError: if this order has no such payment (law C4).
        """
        sums = self.payment_sums[self.payment(payment_id).id]
        return sums.returned + sums.external

    @property
    def refunded(self) -> Money:
        """What was given back for certain, by us or elsewhere."""
        return ledger.succeeded(self)

    @property
    def reserved(self) -> Money:
        """What is set aside for refunds whose end is not known."""
        return ledger.reserved(self)

    @cached_property
    def withheld(self) -> Money:
        """What restocking fees keep of what could be given back (law C7)."""
        of_lines = Money.sum((sums.withheld for sums in self.line_sums.values()), self.currency)
        return min(of_lines + ledger.unallocated_withheld(self), self.refundable)

    @property
    def exposure(self) -> Money:
        """What left the shop beyond what was captured, refunds and chargebacks together (law D3)."""
        return Money.sum((sums.exposure for sums in self.payment_sums.values()), self.currency)

    @property
    def lost_to_disputes(self) -> Money:
        """What disputes have taken and not returned; shown beside the balance, not in it."""
        return Money.sum((sums.withdrawn for sums in self.payment_sums.values()), self.currency)

    @property
    def balance(self) -> Money:
        """What the customer still owes; negative when the shop owes the customer, as after a failed revision."""
        return ledger.balance(self)

    @property
    def status(self) -> standing.OrderStatus:
        """Where the order stands; `refundkit.model.standing` documents the precedence."""
        return standing.status_of(self)

    @property
    def is_rejected(self) -> bool:
        """Whether an accepted request cancelled it."""
        return any(accepted.request.purpose is Purpose.REJECT for accepted in self.requests)

    @property
    def is_flagged(self) -> bool:
        """Whether a person must look before anything else is refunded."""
        return bool(self.flags)

    # Finding its parts.

    def payment(self, payment_id: str) -> Payment:
        """Return one payment of this order.

        Raises:
            OrderNotFoundError: if this order has no such payment.
        """
        return self._part("payment", self.payments, payment_id)

    def refund(self, refund_id: str) -> Refund:
        """Return one refund of this order.

        Raises:
            OrderNotFoundError: if this order has no such refund.
        """
        return self._part("refund", self.refunds, refund_id)

    def request(self, key: str) -> AcceptedRequest | None:
        """Return the accepted request *key*, or None."""
        return next((accepted for accepted in self.requests if accepted.key == key), None)

    def legs(self, key: str) -> tuple[Refund, ...]:
        """Return the refunds of the request *key*."""
        return tuple(refund for refund in self.refunds if refund.key == key)

    def _part(self, name: str, parts: Iterable[P], part_id: str) -> P:
        for part in parts:
            if part.id == part_id:
                return part
        raise OrderNotFoundError(f"Order {self.id} has no {name} {part_id!r}.", order_id=self.id)

    def awaits_person(self, refund: Refund) -> bool:
        """Whether a flag says that only a person can find out what became of *refund*."""
        subjects = {refund.id, refund.payment_id}
        kinds = {FlagKind.AMBIGUOUS, FlagKind.UNDECIDED, FlagKind.OVERDUE}
        return any(flag.kind in kinds and flag.subject in subjects for flag in self.flags)

    # Changing: every method returns a new order.

    def with_payment(self, payment: Payment) -> Order:
        """Add *payment*, or put it in place of the one with its id."""
        return attrs.evolve(self, payments=_placed(self.payments, payment, lambda known: known.id))

    def with_refund(self, refund: Refund) -> Order:
        """Add *refund*, or put it in place of the one with its id."""
        return attrs.evolve(self, refunds=_placed(self.refunds, refund, lambda known: known.id))

    def with_request(self, accepted: AcceptedRequest, refunds: Iterable[Refund]) -> Order:
        """Add an accepted request with its legs."""
        return attrs.evolve(self, requests=(*self.requests, accepted), refunds=(*self.refunds, *refunds))

    def with_delivery(self, delivery: Delivery) -> Order:
        """Add *delivery*, or put it in place of the one with its id."""
        return attrs.evolve(self, deliveries=_placed(self.deliveries, delivery, lambda known: known.id))

    def with_credit_note(self, note: CreditNote) -> Order:
        """Add a credit note."""
        return attrs.evolve(self, credit_notes=(*self.credit_notes, note))

    def with_dispute(self, dispute: Dispute) -> Order:
        """Add *dispute*, or put it in place of the one with its payment and reference."""
        return attrs.evolve(
            self,
            disputes=_placed(self.disputes, dispute, lambda known: (known.payment_id, known.reference)),
        )

    def with_flag(self, flag: Flag) -> Order:
        """Raise *flag*, unless it is raised already."""
        if any((known.kind, known.subject) == (flag.kind, flag.subject) for known in self.flags):
            return self
        return attrs.evolve(self, flags=(*self.flags, flag))

    def with_document(self, document: Document) -> Order:
        """Add *document*, or put it in place of the one with its id."""
        return attrs.evolve(self, documents=_placed(self.documents, document, lambda known: known.id))

    def without_document(self, document_id: str) -> Order:
        """Take a document away.

        Raises:
            OrderNotFoundError: if this order has no such document.
            InvalidValueError: if documents of its kind cannot be taken back.
        """
        document: Document = self._part("document", self.documents, document_id)
        if not document.kind.is_removable:
            raise InvalidValueError(
                f"Document {document_id} puts order {self.id} on the {document.kind.label}, "
                "which cannot be taken back.",
                field="documents",
                value=document_id,
            )
        return attrs.evolve(self, documents=tuple(kept for kept in self.documents if kept is not document))


def _placed(values: tuple[V, ...], value: V, key: Callable[[V], object]) -> tuple[V, ...]:
    """Put *value* in place of the one with the same key, or at the end."""
    if any(key(known) == key(value) for known in values):
        return tuple(value if key(known) == key(value) else known for known in values)
    return (*values, value)


def _require_currency(order: Order, money: Money) -> None:
    if money.currency != order.currency:
        raise InvalidValueError(
            f"Order {order.id} is in {order.currency} and cannot hold {money}; one order has one currency.",
            field="currency",
            value=money,
        )


def _require_known_lines(order: Order) -> None:
    known = {line.id for line in order.lines}
    for delivery in order.deliveries:
        if delivery.line_id not in known:
            raise InvalidValueError(
                f"Delivery {delivery.id} is for line {delivery.line_id!r}, which order {order.id} does not have.",
                field="deliveries",
                value=delivery.line_id,
            )
