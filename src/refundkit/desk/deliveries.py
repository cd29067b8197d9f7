"""DeliveryDesk: hands over what was paid for, and takes back what was refunded.

As the refund desk it decides nothing itself. What is owed follows from the order (`units_owed`), what is to be
done from that (`refundkit.desk.moves`), and each try is stored before anybody is asked (`refundkit.desk.dispatch`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial

from refundkit.deliverers.base import Deliverer
from refundkit.desk import redelivery
from refundkit.desk.delivery_timing import DeliveryTiming
from refundkit.desk.dispatch import Dispatch, by_name, work_on
from refundkit.desk.moves import Terms
from refundkit.desk.outbox import Listener, named
from refundkit.desk.recorder import Recorder
from refundkit.desk.registration import require_undone
from refundkit.desk.results import DeliveryResult, DeliverySweep
from refundkit.errors import InvalidValueError, StoreBusyError
from refundkit.logs import get_logger
from refundkit.model.deliveries import Delivery
from refundkit.model.events import EventKind
from refundkit.model.orders import Order
from refundkit.model.parties import Actor
from refundkit.policy.goods import Revocation, obstacle
from refundkit.policy.reasons import Reason
from refundkit.stores.base import Store, Work

__all__ = ["DeliveryDesk"]

_log = get_logger("deliveries")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class DeliveryDesk:
    """Hands over goods, and takes them back when their money was given back.

    It works on the store of the refund desk. Whenever something happens to the money of an order, its goods
    are due to be looked at; `sweep` does that, and repeats what failed. What is being refunded is not handed over;
    ``revocation`` says whether what was is taken back. Any number of threads and processes may work on one store.
    """

    def __init__(
        self,
        *,
        store: Store,
        deliverers: Iterable[Deliverer],
        listeners: Iterable[Listener] = (),
        clock: Callable[[], datetime] = _utc_now,
        timing: DeliveryTiming | None = None,
        revocation: Revocation = Revocation.ON_REFUND,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._dispatch = Dispatch(
            store=store,
            deliverers=by_name(deliverers),
            listeners=named(listeners),
            clock=clock,
            monotonic=monotonic,
            timing=timing or DeliveryTiming(),
            revocation=Revocation(revocation),
        )
        self._store = store

    def deliver(self, order_id: str, *, actor: Actor | None = None) -> DeliveryResult:
        """Do everything about the goods of an order whose turn it is. Safe to call again: it is done once.

        Nothing is handed over on an order that is not paid, was rejected, is disputed or flagged, and nothing whose
        money is being given back; the result says why. What was refunded is taken back.

        Raises:
            OrderNotFoundError: if there is no such order.
        """
        return self._result(work_on(self._dispatch, order_id, actor=actor))

    def add(self, order_id: str, deliveries: Iterable[Delivery], *, actor: Actor) -> DeliveryResult:
        """Add deliveries to an order that is paid already; the same ones again change nothing.

        They are due at once: `deliver` or the next `sweep` hands them over.

        Raises:
            InvalidValueError: if the order is not paid, nobody here delivers that kind, or an id is taken.
        """
        added = tuple(deliveries)
        change = self._dispatch.change(order_id, partial(self._added, deliveries=added), actor=actor)
        return self._result(change.order)

    def retry(self, order_id: str, delivery_id: str, *, actor: Actor) -> DeliveryResult:
        """Try one delivery at once that has failed, was dead-lettered, or could not be taken back.

        Raises:
            OrderNotFoundError: if there is no such order or delivery.
            InvalidValueError: if there is nothing to try again.
        """
        step = partial(redelivery.retried, delivery_id=delivery_id, terms=self._dispatch.terms)
        self._dispatch.change(order_id, step, actor=actor)
        return self.deliver(order_id, actor=actor)

    def mark_delivered(
        self, order_id: str, delivery_id: str, *, actor: Actor, note: str = ""
    ) -> DeliveryResult:
        """Record that the customer has the goods, by whatever way they came.

        Raises:
            OrderNotFoundError: if there is no such order or delivery.
            InvalidValueError: if their money was given back.
        """
        terms = self._dispatch.terms
        step = partial(redelivery.marked_delivered, delivery_id=delivery_id, note=note, terms=terms)
        return self._result(self._dispatch.change(order_id, step, actor=actor).order)

    def redeliver(
        self, order_id: str, deliveries: Iterable[str] | None = None, *, actor: Actor
    ) -> DeliveryResult:
        """Send again: the deliveries with these ids, or all that failed. Once a minute for each order.

        What failed is tried again under its own key. What was delivered is sent once more if its deliverer can.

        Raises:
            RedeliveryDenied: with every reason, and ``seconds_left`` to wait; nothing is sent.
            OrderNotFoundError: if there is no such order or delivery.
        """
        wanted = None if deliveries is None else _ids(deliveries)
        step = partial(redelivery.redelivered, deliveries=wanted, terms=self._dispatch.terms)
        self._dispatch.change(order_id, step, actor=actor)
        return self.deliver(order_id, actor=actor)

    def record_download(self, order_id: str, delivery_id: str, *, actor: Actor | None = None) -> None:
        """Note in the timeline that the customer fetched the goods, as evidence should it be disputed.

        Raises:
            OrderNotFoundError: if there is no such order or delivery.
        """

        def step(recorder: Recorder) -> Recorder:
            redelivery.required(recorder.order, delivery_id)
            return recorder.saying(EventKind.DELIVERY_DOWNLOADED, data={"delivery": delivery_id})

        self._dispatch.change(order_id, step, actor=actor or Actor.customer())

    def sweep(self, *, limit: int = 100) -> DeliverySweep:
        """Look at up to *limit* orders whose goods are due: hand over, take back, try again what failed."""
        now = self._dispatch.clock()
        until = now + self._dispatch.timing.lease
        due = self._store.claim(now, until=until, limit=limit, work=Work.DELIVERIES)
        swept = [self._swept(order_id) for order_id in due]
        self._dispatch.tell(None)
        return DeliverySweep(
            orders=due,
            events=tuple(event for one in swept for event in one.events),
            failing=tuple(order_id for one in swept for order_id in one.failing),
        )

    # Inside.

    def _swept(self, order_id: str) -> DeliverySweep:
        """Look at one order; one whose record cannot be read or written keeps no other from its turn.

        Raises:
            StoreError: if the store as a whole is busy or away.
        """
        try:
            before = len(self._store.events(order_id))
            failed = self.deliver(order_id).failed
            events = self._store.events(order_id)[before:]
        except StoreBusyError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a database has in its rows, or refuses to take into them
            # Raises if the store as a whole is away: then this is no order's fault, and the sweep ends.
            self._store.undelivered(limit=1)
            _log.error("order.undelivered", order_id=order_id, error=type(error).__name__)
            return DeliverySweep(failing=(order_id,))
        return DeliverySweep(events=events, failing=(order_id,) if failed else ())

    def _added(self, recorder: Recorder, *, deliveries: tuple[Delivery, ...]) -> Recorder:
        for delivery in deliveries:
            recorder = self._with_one_more(recorder, delivery)
        return recorder

    def _with_one_more(self, recorder: Recorder, delivery: Delivery) -> Recorder:
        order = recorder.order
        known = next((one for one in order.deliveries if one.id == delivery.id), None)
        if known is not None and _registered(known) == _registered(delivery):
            return recorder
        require_undone(order, delivery)
        deliverer = self._dispatch.deliverer_for(order, delivery.kind)
        why = deliverer if isinstance(deliverer, Reason) else obstacle(order)
        if known is not None:
            why = Reason("delivery_exists", f"Order {order.id} has another delivery of that id.")
        if why is not None:
            raise InvalidValueError(
                f"Delivery {delivery.id} cannot be added: {why.text}", field="deliveries", value=delivery.id
            )
        data = {"delivery": delivery.id, "kind": delivery.kind, "line": delivery.line_id}
        return recorder.on(order.with_delivery(delivery)).saying(
            EventKind.DELIVERY_ADDED, data={**data, "quantity": delivery.quantity}
        )

    def _result(self, order: Order) -> DeliveryResult:
        terms = self._dispatch.terms
        owed = terms.owed(order)
        unfinished = [one for one in order.deliveries if owed[one.id] > one.handed_over]
        reasons: dict[Reason, None] = {}
        for delivery in unfinished:
            why = _why_not(order, delivery, terms)
            if why is not None:
                reasons[why] = None
        return DeliveryResult(order_id=order.id, deliveries=order.deliveries, reasons=tuple(reasons))


def _why_not(order: Order, delivery: Delivery, terms: Terms) -> Reason | None:
    deliverer = terms.deliverer(order, delivery.kind)
    why = deliverer if isinstance(deliverer, Reason) else terms.obstacle(order)
    waits = terms.free(order)[delivery.id] <= delivery.handed_over
    return why or (redelivery.waits_for_refund(delivery) if waits else None)


def _ids(deliveries: Iterable[str]) -> tuple[str, ...]:
    """Return the ids; one text would be taken apart letter by letter."""
    return (deliveries,) if isinstance(deliveries, str) else tuple(deliveries)


def _registered(delivery: Delivery) -> tuple[str, str, str, int]:
    return delivery.line_id, delivery.kind, delivery.target, delivery.quantity
