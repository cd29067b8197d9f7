"""The office: what every part of the desk works with, and the two ways it meets the world.

`Office.change` is the only door to the store, `ask` the only door to a gateway; nothing else does I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import attrs
from attrs import field, frozen

from refundkit.desk import outbox
from refundkit.desk.outbox import Listener
from refundkit.desk.patience import patiently
from refundkit.desk.recorder import Recorder
from refundkit.desk.timing import Lease, Timing, next_due
from refundkit.errors import InvalidValueError, PluginError
from refundkit.gateways.asked import capabilities_of, name_of
from refundkit.gateways.base import Gateway
from refundkit.logs import get_logger
from refundkit.model.capabilities import Capabilities
from refundkit.model.events import Event
from refundkit.model.orders import Order
from refundkit.model.parties import Actor
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund
from refundkit.policy.plan import Circumstances
from refundkit.policy.reasons import Reason
from refundkit.policy.rules import Policy
from refundkit.stores.base import Change, Store

__all__ = ["Clock", "Office", "aware", "by_name"]

_log = get_logger("office")

Clock = Callable[[], datetime]
T = TypeVar("T")


@frozen(kw_only=True)
class Office:
    """Store, gateways by name, policy, listeners, clock and timing of one desk."""

    store: Store
    gateways: Mapping[str, Gateway]
    policy: Policy
    listeners: Mapping[str, Listener]
    clock: Clock
    monotonic: Callable[[], float]
    timing: Timing
    namespace: UUID
    sleep: Callable[[float], None]
    system: Actor = field(factory=lambda: Actor.system("refundkit"))

    def patiently(self, ask: Callable[[], T], lease: Lease) -> T:
        """Ask a gateway, and again while it says that it did nothing, as long as patience and the lease last."""
        return patiently(
            ask, patience=self.timing.patience, sleep=self.sleep, time_left=lambda: self.left(lease)
        )

    def lease(self) -> Lease:
        """Begin a turn; whatever is written down about it afterwards ends no earlier than the turn."""
        began, now = self.monotonic(), self.clock()
        return Lease(began=began, seconds=self.timing.lease.total_seconds(), until=now + self.timing.lease)

    def left(self, lease: Lease) -> timedelta:
        """Return how much of a turn is left."""
        return lease.left(now=self.clock(), monotonic=self.monotonic())

    def change(
        self, order_id: str, step: Callable[[Recorder], Recorder], *, actor: Actor | None = None
    ) -> Change:
        """Apply a pure *step* to the newest order, save order and events together, then tell the listeners."""
        now = self.clock()

        def function(order: Order) -> tuple[Order, tuple[Event, ...]]:
            recorder = step(Recorder(order=order, now=now, actor=actor or self.system))
            return self._scheduled(order, recorder), recorder.events

        change = self.store.change(order_id, function)
        self.deliver(change)
        return change

    def _scheduled(self, before: Order, recorder: Recorder) -> Order:
        """Say when the sweep shall look again, if that may have changed.

        What is overdue stays so until somebody has looked.
        """
        order = _marked(before, recorder)
        has_own = order.due_at not in (None, before.due_at)
        if has_own or _clockwork(order) == _clockwork(before):
            return order
        due = next_due(
            order, self.timing, recorder.now, by_person=lambda refund: self.is_by_person(order, refund)
        )
        if due is not None and order.due_at is not None and order.due_at <= recorder.now:
            due = min(due, order.due_at)
        return attrs.evolve(order, due_at=due)

    def deliver(self, change: Change) -> None:
        """Tell the listeners what was committed."""
        if change.events:
            self.deliver_of(change.order.id)

    def deliver_of(self, order_id: str | None) -> None:
        """Tell the listeners what they have not taken yet, of one order or of all (None).

        A desk without listeners leaves the news alone: another process may have some.
        """
        if self.listeners:
            outbox.deliver(self.store, self.listeners, order_id)

    def is_by_person(self, order: Order, refund: Refund) -> bool:
        """Whether a person settles *refund*, because its gateway is no machine that could be asked about it."""
        try:
            can = self.ability(order, refund.gateway, order.payment(refund.payment_id))
        except Exception as error:  # noqa: BLE001 - a broken gateway must not break the order's timetable as well
            cause = error.__cause__ or error
            _log.error("gateway.raised", gateway=refund.gateway, error=type(cause).__name__)
            return False
        return not isinstance(can, Reason) and can.by_person

    def circumstances(self, order: Order) -> Circumstances:
        """Return what a plan on *order* depends on now."""
        return Circumstances(
            policy=self.policy,
            abilities=lambda gateway, payment: self.ability(order, gateway, payment),
            now=self.clock(),
            namespace=self.namespace,
        )

    def ability(self, order: Order, name: str, payment: Payment) -> Capabilities | Reason:
        """Return what gateway *name* can do with *payment*, or why it must not be asked."""
        gateway = self.gateway_for(order, name)
        return gateway if isinstance(gateway, Reason) else capabilities_of(gateway, payment)

    def kind_of(self, name: str) -> str:
        """Return which kind of service the gateway *name* is; an unknown name stands for itself."""
        gateway = self.gateways.get(name)
        return gateway.kind if gateway is not None and gateway.kind else name

    def gateway_for(self, order: Order, name: str) -> Gateway | Reason:
        """Return the gateway *name*, or why it must not be asked about *order* (laws C5 and S7)."""
        gateway = self.gateways.get(name)
        if gateway is None:
            installed = ", ".join(sorted(self.gateways)) or "none"
            return Reason(
                "gateway_not_installed", f"Gateway {name!r} is not installed here (installed: {installed})."
            )
        if gateway.test is not None and gateway.test is not order.test:
            kind, credentials = ("a test" if order.test else "a live"), ("test" if gateway.test else "live")
            return Reason(
                "test_and_live",
                f"Order {order.id} is {kind} order and gateway {name} has {credentials} credentials.",
            )
        return gateway


def aware(clock: Clock) -> Clock:
    """Return *clock*, checked each time: a naive one would stop a refund half way."""

    def now() -> datetime:
        at = clock()
        if at.utcoffset() is None:
            raise InvalidValueError(
                f"The desk's clock must return an aware datetime, such as datetime.now(UTC), not {at!r}.",
                field="clock",
                value=at,
            )
        return at

    return now


def _marked(before: Order, recorder: Recorder) -> Order:
    """Have the goods looked at whenever something decides anew about them, in the same transaction."""
    order, now = recorder.order, recorder.now
    if not order.deliveries or _deciding(order) == _deciding(before):
        return order
    if order.delivery_due_at is not None and order.delivery_due_at <= now:
        return order
    return attrs.evolve(order, delivery_due_at=now)


def _deciding(order: Order) -> tuple[object, ...]:
    """Return what decides which goods the customer shall have."""
    paid = [(payment.captured, payment.capacity) for payment in order.payments]
    return order.refunds, order.requests, order.disputes, order.is_flagged, paid


def _clockwork(order: Order) -> tuple[object, ...]:
    """Return what decides when an order is due."""
    return order.refunds, order.fetch_due_at, order.due_at


def by_name(gateways: Iterable[Gateway]) -> Mapping[str, Gateway]:
    """Return *gateways* by name.

    Raises:
        PluginError: if one has no name, or two have the same.
    """
    named: dict[str, Gateway] = {}
    for gateway in gateways:
        if name_of(gateway) in named:
            raise PluginError(f"Two gateways are named {gateway.name!r}; give each its own name.")
        named[gateway.name] = gateway
    return named
