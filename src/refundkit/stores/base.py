"""What a store is: it keeps orders and their events, and changes an order atomically.

Every change is a pure function from the newest order to a newer one with its events. The store applies it
under whatever serializes its writers, writes order and events together or not at all, and may run the
function more than once: it must do no I/O.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from refundkit.errors import OrderExistsError, ReferenceTakenError
from refundkit.model import fields
from refundkit.model.deliveries import Delivery, DeliveryStatus
from refundkit.model.events import Event
from refundkit.model.orders import Order
from refundkit.model.payments import Payment, PaymentStatus
from refundkit.model.refunds import RefundStatus
from refundkit.model.standing import OrderStatus
from refundkit.stores.sorting import BY_ID, OrderColumn, OrderSort, email_key

__all__ = [
    "BY_ID",
    "Change",
    "ChangeFunction",
    "Hint",
    "News",
    "NumberedFunction",
    "OrderColumn",
    "OrderFilter",
    "OrderSort",
    "Store",
    "Work",
    "email_key",
    "is_unsettled",
    "names_of",
    "require_free",
    "require_same",
    "stamped",
]

ChangeFunction = Callable[[Order], tuple[Order, tuple[Event, ...]]]
NumberedFunction = Callable[[Order, int], tuple[Order, tuple[Event, ...]]]


class Work(StrEnum):
    """What a sweep is for: each has a due time of its own on every order."""

    REFUNDS = "refunds"
    DELIVERIES = "deliveries"

    @property
    def field(self) -> str:
        """The field of an order that says when it is due."""
        return "due_at" if self is Work.REFUNDS else "delivery_due_at"

    def due_at(self, order: Order) -> datetime | None:
        """Return when *order* is due."""
        due: datetime | None = getattr(order, self.field)
        return due


@frozen(kw_only=True)
class Change:
    """What came of a change: the newest order, and the events that were written with it."""

    order: Order
    events: tuple[Event, ...] = ()


@frozen(kw_only=True)
class News:
    """An event that not every listener has taken yet; ``taken_by`` names those who have."""

    event: Event
    taken_by: frozenset[str] = frozenset()


@frozen(kw_only=True)
class Hint:
    """What a webhook named before anybody had registered it, and the order that answers to it now."""

    gateway: str
    reference: str
    order_id: str


def _to_statuses(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, set, frozenset)) else value


@frozen(kw_only=True)
class OrderFilter:
    """Which orders to list; what is left out does not matter, what is given must all hold.

    ``email`` is compared without regard to case; ``placed_from`` is inclusive, ``placed_before`` exclusive.
    ``captured_from`` asks for a payment captured at or after it, or of which that is not known; ``refunded_from``
    in the same way for a refund that succeeded. ``payment_status`` and ``delivery_status`` ask for some payment or
    delivery that stands there.
    """

    statuses: tuple[OrderStatus, ...] = field(
        default=(), converter=_to_statuses, validator=fields.tuple_of(OrderStatus)
    )
    email: str | None = field(default=None, validator=fields.optional(fields.identifier))
    gateway: str | None = field(default=None, validator=fields.optional(fields.identifier))
    tag: str | None = field(default=None, validator=fields.optional(fields.identifier))
    payment_status: PaymentStatus | None = field(
        default=None, validator=fields.optional(fields.choice(PaymentStatus))
    )
    delivery_status: DeliveryStatus | None = field(
        default=None, validator=fields.optional(fields.choice(DeliveryStatus))
    )
    flagged: bool | None = field(default=None, validator=fields.optional(fields.flag))
    unsettled: bool | None = field(default=None, validator=fields.optional(fields.flag))
    test: bool | None = field(default=None, validator=fields.optional(fields.flag))
    placed_from: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    placed_before: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    captured_from: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )
    refunded_from: datetime | None = field(
        default=None, converter=fields.to_utc, validator=fields.optional(fields.moment)
    )

    def accepts(self, order: Order) -> bool:
        """Whether *order* is one of those that are asked for."""
        return all(condition(self, order) for condition in _CONDITIONS)


_CONDITIONS: tuple[Callable[[OrderFilter, Order], bool], ...] = (
    lambda wanted, order: not wanted.statuses or order.status in wanted.statuses,
    lambda wanted, order: wanted.email is None or email_key(order) == wanted.email.casefold(),
    lambda wanted, order: wanted.gateway is None or any(p.gateway == wanted.gateway for p in order.payments),
    lambda wanted, order: wanted.tag is None or wanted.tag in order.tags,
    lambda wanted, order: wanted.payment_status is None or _stands(order.payments, wanted.payment_status),
    lambda wanted, order: wanted.delivery_status is None or _stands(order.deliveries, wanted.delivery_status),
    lambda wanted, order: wanted.flagged is None or order.is_flagged is wanted.flagged,
    lambda wanted, order: wanted.unsettled is None or is_unsettled(order) is wanted.unsettled,
    lambda wanted, order: wanted.test is None or order.test is wanted.test,
    lambda wanted, order: wanted.placed_from is None or _placed(order, lambda at: at >= wanted.placed_from),
    lambda wanted, order: (
        wanted.placed_before is None or _placed(order, lambda at: at < wanted.placed_before)
    ),
    lambda wanted, order: wanted.captured_from is None or _captured(order, wanted.captured_from),
    lambda wanted, order: wanted.refunded_from is None or _refunded(order, wanted.refunded_from),
)


def _stands(parts: Iterable[Payment] | Iterable[Delivery], status: StrEnum) -> bool:
    return any(part.status is status for part in parts)


def _captured(order: Order, since: datetime) -> bool:
    return any(payment.captured_at is None or payment.captured_at >= since for payment in order.payments)


def _refunded(order: Order, since: datetime) -> bool:
    return any(
        refund.status is RefundStatus.SUCCEEDED and (refund.settled_at is None or refund.settled_at >= since)
        for refund in order.refunds
    )


def _placed(order: Order, holds: Callable[[Any], bool]) -> bool:
    return order.placed_at is not None and holds(order.placed_at)


def is_unsettled(order: Order) -> bool:
    """Whether the end of some refund of *order* is not known yet."""
    return any(refund.is_reserving for refund in order.refunds)


class Store(ABC):
    """Keeps orders and events. `refundkit.testing.StoreContract` specifies every method."""

    @abstractmethod
    def add(self, order: Order, events: tuple[Event, ...]) -> bool:
        """Register *order* at version 1 with *events*; False if it is registered with the same content.

        Raises:
            OrderExistsError: if an order of that id is registered with other content.
            ReferenceTakenError: if a payment reference belongs to another order (law C4).
        """

    @abstractmethod
    def get(self, order_id: str) -> Order:
        """Return the newest version.

        Raises:
            OrderNotFoundError: if there is no such order.
        """

    @abstractmethod
    def change(self, order_id: str, function: ChangeFunction) -> Change:
        """Apply *function* to the newest order and write what it returns: order and events, or nothing.

        A function that returns the very order it was given, without events, writes nothing. Whatever it
        raises reaches the caller, and nothing is written.

        Raises:
            OrderNotFoundError: if there is no such order.
            ReferenceTakenError: if a payment reference belongs to another order (law C4).
            StoreBusyError: if others held the store longer than the deadline.
            StoreError: if *function* changes the store that is changing.
        """

    @abstractmethod
    def issue(self, order_id: str, series: str, function: NumberedFunction) -> Change:
        """Change an order with the next number of *series*, counted from 1 and without gaps.

        The number is used up with the change that is written, or not at all: if *function* raises or returns
        the very order it was given, the next caller gets the same number. Otherwise as `change`.
        """

    @abstractmethod
    def find_payment(self, gateway: str, reference: str) -> str | None:
        """Return the id of the order whose payment at *gateway* has this reference, alias or group."""

    @abstractmethod
    def find_refund(self, refund_id: str) -> str | None:
        """Return the id of the order that has this refund."""

    @abstractmethod
    def search(self, wanted: OrderFilter, sort: OrderSort = BY_ID) -> Iterator[Order]:
        """Yield the orders that *wanted* accepts, as *sort* arranges them, without holding all of them in memory.

        An order whose place changes while somebody reads may come twice or be left out; by id that cannot happen.
        """

    @abstractmethod
    def claim(
        self, now: datetime, *, until: datetime, limit: int, work: Work = Work.REFUNDS
    ) -> tuple[str, ...]:
        """Take at most *limit* orders that are due for *work*, the longest due first.

        Each claimed order is due again at *until*, so that no two sweeps take it at the same time and a
        sweep that dies loses nothing.
        """

    @abstractmethod
    def events(self, order_id: str) -> tuple[Event, ...]:
        """Return the events of an order, oldest first."""

    @abstractmethod
    def undelivered(
        self, order_id: str | None = None, *, after: Event | None = None, limit: int = 1000
    ) -> tuple[News, ...]:
        """Return what was not marked as delivered, by order id and then oldest first; only what lies behind *after*."""

    @abstractmethod
    def mark_taken(self, event: Event, listeners: Iterable[str]) -> None:
        """Mark *event* as taken by these listeners as well; others have not taken it yet."""

    @abstractmethod
    def mark_delivered(self, events: Iterable[Event]) -> None:
        """Mark *events* as delivered to every listener."""

    @abstractmethod
    def keep_hint(self, gateway: str, reference: str, *, at: datetime) -> None:
        """Keep what a webhook named and no order knows yet; a hint that is kept already stays as it is."""

    @abstractmethod
    def hints(self, order_id: str | None = None, *, limit: int = 100) -> tuple[Hint, ...]:
        """Return kept hints that an order answers to by now: *order_id*, or any."""

    @abstractmethod
    def drop_hint(self, hint: Hint) -> None:
        """Forget a hint, because it was followed; one that is gone already is no error."""

    @abstractmethod
    def drop_hints(self, *, before: datetime) -> None:
        """Forget the hints that were first kept *before* then: nobody will register what they named any more."""


def names_of(payment: Payment) -> tuple[str, ...]:
    """Return everything that belongs to one order only: the references of *payment* and its group (law C4)."""
    return payment.references if payment.group is None else (*payment.references, payment.group)


def stamped(order: Order, events: Iterable[Event]) -> tuple[Event, ...]:
    """Number *events* as the events that led to ``order.version``."""
    return tuple(event.numbered(order.version, number) for number, event in enumerate(events))


def require_same(known: Order, order: Order) -> None:
    """Refuse to register *order* over *known*, unless they are equal."""
    if known != order:
        raise OrderExistsError(
            f"Order {order.id} is registered already, with other content; a registered order never changes. "
            "Record later payments with record_payment().",
            order_id=order.id,
        )


def require_free(gateway: str, reference: str, order_id: str, owner: str) -> None:
    """Refuse to give *order_id* a payment reference that *owner* has (law C4)."""
    if owner != order_id:
        raise ReferenceTakenError(
            f"{gateway} payment {reference} belongs to order {owner} and cannot belong to {order_id} as well.",
            gateway=gateway,
            reference=reference,
            order_id=owner,
        )
