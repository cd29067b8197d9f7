"""Dispatch: what the delivery desk works with, and its two ways to meet the world.

`Dispatch.change` is the only door to the store, `bring_on` the only road to a deliverer. No lock is held and
no transaction open while a deliverer is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

import attrs
from attrs import field, frozen

from refundkit.deliverers.base import Deliverer, DeliveryCall, Receipt
from refundkit.desk import moves, outbox
from refundkit.desk.delivery_timing import DeliveryTiming
from refundkit.desk.moves import Terms
from refundkit.desk.outbox import Listener
from refundkit.desk.recorder import Recorder
from refundkit.desk.timing import Lease
from refundkit.errors import DeliveryError, PluginError
from refundkit.logs import get_logger
from refundkit.model.deliveries import Delivery, DeliveryMove, move_key
from refundkit.model.events import Event
from refundkit.model.orders import Order
from refundkit.model.parties import Actor
from refundkit.policy.goods import Revocation
from refundkit.policy.reasons import Reason
from refundkit.stores.base import Change, Store

__all__ = ["Dispatch", "bring_on", "by_name", "work_on"]

_log = get_logger("deliveries")

# A delivery is at rest after one move, or two: take back what nobody knows about, then hand over what is owed.
MOST_MOVES = 4


@frozen(kw_only=True)
class Dispatch:
    """Store, deliverers by name, listeners, clocks, timing and policy of one delivery desk."""

    store: Store
    deliverers: Mapping[str, Deliverer]
    listeners: Mapping[str, Listener]
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    timing: DeliveryTiming
    revocation: Revocation
    system: Actor = field(factory=lambda: Actor.system("refundkit"))

    @property
    def terms(self) -> Terms:
        """What moves depend on here."""
        return Terms(deliverer=self.deliverer_for, timing=self.timing, revocation=self.revocation)

    def deliverer_for(self, order: Order, name: str) -> Deliverer | Reason:
        """Return the deliverer *name*, or why it must not be asked about *order* (laws C5 and S7)."""
        deliverer = self.deliverers.get(name)
        if deliverer is None:
            installed = ", ".join(sorted(self.deliverers)) or "none"
            return Reason(
                "deliverer_not_installed",
                f"Deliverer {name!r} is not installed here (installed: {installed}).",
            )
        if deliverer.test is not None and deliverer.test is not order.test:
            kind, goods = ("a test" if order.test else "a live"), ("test" if deliverer.test else "live")
            return Reason(
                "test_and_live",
                f"Order {order.id} is {kind} order and deliverer {name} hands over {goods} goods.",
            )
        return deliverer

    def lease(self) -> Lease:
        """Begin a turn; whatever is written down about it afterwards ends no earlier than the turn."""
        began, now = self.monotonic(), self.clock()
        return Lease(began=began, seconds=self.timing.lease.total_seconds(), until=now + self.timing.lease)

    def change(
        self, order_id: str, step: Callable[[Recorder], Recorder], *, actor: Actor | None = None
    ) -> Change:
        """Apply a pure *step* to the newest order, say when it is due again, save it, then tell the listeners."""

        def function(order: Order) -> tuple[Order, tuple[Event, ...]]:
            # The time at which it is written: whoever had to wait for others comes after them.
            now = self.clock()
            recorder = step(Recorder(order=order, now=now, actor=actor or self.system))
            due = moves.next_due(recorder.order, self.terms, now)
            if due == recorder.order.delivery_due_at:
                return recorder.order, recorder.events
            return attrs.evolve(recorder.order, delivery_due_at=due), recorder.events

        change = self.store.change(order_id, function)
        if change.events:
            self.tell(order_id)
        return change

    def tell(self, order_id: str | None) -> None:
        """Tell the listeners what they have not taken yet, of one order or of all (None)."""
        if self.listeners:
            outbox.deliver(self.store, self.listeners, order_id)


def work_on(dispatch: Dispatch, order_id: str, *, actor: Actor | None = None) -> Order:
    """Do everything about the goods of one order whose turn it is; one that fails leaves the others alone."""
    for delivery in dispatch.store.get(order_id).deliveries:
        for _ in range(MOST_MOVES):
            if not bring_on(dispatch, order_id, delivery.id, actor=actor):
                break
    return dispatch.store.get(order_id)


def bring_on(dispatch: Dispatch, order_id: str, delivery_id: str, *, actor: Actor | None = None) -> bool:
    """Make the next move of one delivery, if it is its turn; say whether one was made.

    The try is stored, counted and leased before the deliverer is asked.
    """
    lease = dispatch.lease()
    took: list[bool] = []

    def step(recorder: Recorder) -> Recorder:
        begun = moves.begun(recorder, delivery_id, dispatch.terms, lease.until)
        # The function may run more than once; only its last run is what was written.
        took[:] = [begun is not recorder]
        return begun if took[0] else moves.rested(recorder, delivery_id, dispatch.terms)

    order = dispatch.change(order_id, step, actor=actor).order
    tried = moves.named(order, delivery_id)
    if tried is None or not took[-1]:
        return False
    answer = _ask(dispatch, order, tried, lease)
    if isinstance(answer, Receipt):
        dispatch.change(order_id, lambda recorder: moves.answered(recorder, tried, answer), actor=actor)
        return True
    dispatch.change(
        order_id,
        lambda recorder: moves.unanswered(recorder, tried, answer, dispatch.timing),
        actor=actor,
    )
    return False


def _ask(dispatch: Dispatch, order: Order, tried: Delivery, lease: Lease) -> Receipt | DeliveryError:
    """Ask the deliverer; whatever is not a Receipt is an error, and none of ours is broken by it."""
    if lease.left(now=dispatch.clock(), monotonic=dispatch.monotonic()) <= timedelta(0):
        return DeliveryError("The time for this try was over before it began.")
    deliverer, call = dispatch.deliverers[tried.kind], _call(order, tried, lease)
    ask = deliverer.revoke if tried.move is DeliveryMove.REVOKE else deliverer.deliver
    try:
        answer = ask(call)
    except DeliveryError as error:
        _log.warning("delivery.failed", order_id=order.id, delivery_id=tried.id, is_final=error.is_final)
        return error
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises, and it may lead to a secret
        kind = type(error).__name__
        _log.error("deliverer.raised", deliverer=tried.kind, delivery_id=tried.id, error=kind)
        return DeliveryError(f"Deliverer {tried.kind} raised {kind}.")
    return _understood(tried, answer)


def _understood(tried: Delivery, answer: object) -> Receipt | DeliveryError:
    if isinstance(answer, Receipt):
        return answer
    return DeliveryError(
        f"Deliverer {tried.kind} answered with {type(answer).__name__}, which is no Receipt."
    )


def _call(order: Order, tried: Delivery, lease: Lease) -> DeliveryCall:
    (line,) = (line for line in order.lines if line.id == tried.line_id)
    move = tried.move or DeliveryMove.DELIVER
    return DeliveryCall(
        order=order,
        line=line,
        delivery=tried,
        units=tried.units,
        move=move,
        key=move_key(order.id, tried.id, move, tried.moves),
        deadline=lease.until,
    )


def by_name(deliverers: Iterable[Deliverer]) -> Mapping[str, Deliverer]:
    """Return *deliverers* by name.

    Raises:
        PluginError: if one has no name, or two have the same.
    """
    named: dict[str, Deliverer] = {}
    for deliverer in deliverers:
        if not deliverer.name:
            raise PluginError(f"{type(deliverer).__name__} has neither name nor kind; give it one.")
        if deliverer.name in named:
            raise PluginError(f"Two deliverers are named {deliverer.name!r}; give each its own name.")
        named[deliverer.name] = deliverer
    return named
