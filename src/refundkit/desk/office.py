"""The office: what every part of the desk works with, and the two ways it meets the world.

`Office.change` is the only door to the store, `ask` the only door to a gateway; nothing else does I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import attrs
from attrs import field, frozen

from refundkit.desk import outbox
from refundkit.desk.outbox import Listener
from refundkit.desk.patience import patiently
from refundkit.desk.recorder import Recorder
from refundkit.desk.timing import Timing, next_due
from refundkit.errors import PluginError
from refundkit.gateways.base import Gateway
from refundkit.model.capabilities import Capabilities
from refundkit.model.events import Event
from refundkit.model.orders import Order
from refundkit.model.parties import Actor
from refundkit.model.payments import Payment
from refundkit.policy.plan import Circumstances
from refundkit.policy.reasons import Reason
from refundkit.policy.rules import Policy
from refundkit.stores.base import Change, Store

__all__ = ["Clock", "Office", "by_name"]

Clock = Callable[[], datetime]
T = TypeVar("T")


@frozen(kw_only=True)
class Office:
    """Store, gateways by name, policy, listeners, clock and timing of one desk."""

    store: Store
    gateways: Mapping[str, Gateway]
    policy: Policy
    listeners: tuple[Listener, ...]
    clock: Clock
    timing: Timing
    namespace: UUID
    sleep: Callable[[float], None]
    system: Actor = field(factory=lambda: Actor.system("refundkit"))

    def patiently(self, ask: Callable[[], T], *, until: datetime) -> T:
        """Ask a gateway, and again while it says that it did nothing, as long as patience and time last."""
        return patiently(
            ask, patience=self.timing.patience, sleep=self.sleep, time_left=lambda: until - self.clock()
        )

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
        order = recorder.order
        if _clockwork(order) == _clockwork(before):
            return order
        due = next_due(order, self.timing, recorder.now)
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

    def circumstances(self, order: Order) -> Circumstances:
        """Return what a plan on *order* depends on now."""
        return Circumstances(
            policy=self.policy,
            abilities=lambda gateway, payment: self._ability(order, gateway, payment),
            now=self.clock(),
            namespace=self.namespace,
        )

    def _ability(self, order: Order, name: str, payment: Payment) -> Capabilities | Reason:
        gateway = self.gateway_for(order, name)
        return gateway if isinstance(gateway, Reason) else gateway.capabilities(payment)

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


def _clockwork(order: Order) -> tuple[object, ...]:
    """Return what decides when an order is due."""
    return order.refunds, order.fetch_due_at, order.due_at


def by_name(gateways: Iterable[Gateway]) -> Mapping[str, Gateway]:
    """Return *gateways* by name.

    Raises:
        PluginError: if two have the same name.
    """
    named: dict[str, Gateway] = {}
    for gateway in gateways:
        if gateway.name in named:
            raise PluginError(f"Two gateways are named {gateway.name!r}; give each its own name.")
        named[gateway.name] = gateway
    return named
