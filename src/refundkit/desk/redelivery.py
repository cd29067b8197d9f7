"""Redelivery: a person has goods sent again. Pure steps, and every reason to refuse one."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from datetime import datetime

import attrs

from refundkit.deliverers.base import Deliverer
from refundkit.desk.moves import Terms, named
from refundkit.desk.recorder import Recorder
from refundkit.errors import InvalidValueError, OrderNotFoundError, RedeliveryDenied
from refundkit.model.deliveries import Delivery, DeliveryMove, DeliveryStatus
from refundkit.model.events import EventKind
from refundkit.model.orders import Order
from refundkit.policy.goods import obstacle, units_owed
from refundkit.policy.reasons import Reason

__all__ = ["marked_delivered", "redelivered", "required", "retried", "waits_for_refund"]

_S = DeliveryStatus
_UNSUCCESSFUL = frozenset({_S.FAILED, _S.DEAD_LETTERED})
_AT_REST = frozenset({_S.PENDING, _S.DELIVERED, _S.REVOKED})


def required(order: Order, delivery_id: str) -> Delivery:
    """Return one delivery of *order*.

    Raises:
        OrderNotFoundError: if it has no such delivery.
    """
    delivery = named(order, delivery_id)
    if delivery is None:
        raise OrderNotFoundError(f"Order {order.id} has no delivery {delivery_id!r}.", order_id=order.id)
    return delivery


def redelivered(recorder: Recorder, deliveries: tuple[str, ...] | None, terms: Terms) -> Recorder:
    """Have deliveries sent again: those that are named, or all that failed.

    Raises:
        RedeliveryDenied: with every reason; nothing is sent then, and no cooldown begins.
    """
    order = recorder.order
    _require_cool(recorder, terms)
    failed = tuple(delivery.id for delivery in order.deliveries if delivery.status in _UNSUCCESSFUL)
    chosen = [required(order, name) for name in (failed if deliveries is None else dict.fromkeys(deliveries))]
    reasons = tuple(_reasons(recorder, chosen, terms))
    if reasons:
        text = " ".join(reason.text for reason in reasons)
        raise RedeliveryDenied(f"Nothing of order {order.id} is sent again: {text}", reasons=reasons)
    free = terms.free(order)
    for delivery in chosen:
        order = order.with_delivery(_again(delivery, free[delivery.id], recorder.now))
    order = attrs.evolve(order, redelivered_at=recorder.now)
    data = {"deliveries": [delivery.id for delivery in chosen]}
    return recorder.on(order).saying(EventKind.ORDER_REDELIVERED, data=data)


def _require_cool(recorder: Recorder, terms: Terms) -> None:
    """Refuse while the last redelivery is too fresh, whichever process it was in."""
    order, cooldown = recorder.order, terms.timing.cooldown
    if order.redelivered_at is None:
        return
    left = order.redelivered_at + cooldown - recorder.now
    seconds = math.ceil(left.total_seconds())
    # What lies further ahead than clocks may differ is from before a clock was set back, and holds nobody.
    if seconds > 0 and left <= 2 * cooldown:
        reason = Reason(
            "cooling_down", f"Something was sent again a moment ago; wait for {seconds} more seconds."
        )
        raise RedeliveryDenied(
            f"Nothing of order {order.id} is sent again: {reason.text}",
            reasons=(reason,),
            seconds_left=seconds,
        )


def _reasons(recorder: Recorder, chosen: Collection[Delivery], terms: Terms) -> Iterator[Reason]:
    order = recorder.order
    in_the_way = obstacle(order)
    if in_the_way is not None:
        yield in_the_way
    if not chosen:
        yield Reason("nothing_failed", "No delivery has failed; name those that shall be sent again.")
    for delivery in chosen:
        why = _not_free(order, delivery, terms) or _why_not(recorder, delivery, terms)
        if why is not None:
            yield why


def _not_free(order: Order, delivery: Delivery, terms: Terms) -> Reason | None:
    # Where nothing is taken back, what was handed over is owed; sent again it is only if its money is not back.
    if not min(terms.owed(order)[delivery.id], units_owed(order)[delivery.id]):
        return Reason("nothing_owed", f"The money for delivery {delivery.id} was given back.")
    return None if terms.free(order)[delivery.id] else waits_for_refund(delivery)


def waits_for_refund(delivery: Delivery) -> Reason:
    """Say why goods whose money may be on its way back are not handed over."""
    return Reason(
        "refund_under_way",
        f"The money for delivery {delivery.id} is being given back; wait for the end of that.",
    )


def _why_not(recorder: Recorder, delivery: Delivery, terms: Terms) -> Reason | None:
    deliverer = terms.deliverer(recorder.order, delivery.kind)
    if isinstance(deliverer, Reason):
        return deliverer
    if delivery.is_leased(recorder.now):
        return Reason("in_progress", f"Delivery {delivery.id} is being worked on; wait for the end of it.")
    if delivery.move is DeliveryMove.REVOKE or delivery.status is _S.REVOCATION_FAILED:
        text = "is being taken back; wait for the end of it, or have that tried again with retry()."
        return Reason("in_progress", f"Delivery {delivery.id} {text}")
    if delivery.status is _S.DELIVERED and not deliverer.redeliverable:
        return _only_once(delivery, deliverer)
    return None


def _only_once(delivery: Delivery, deliverer: Deliverer) -> Reason:
    where = deliverer.where_it_is(delivery)
    return Reason("only_once", f"Delivery {delivery.id} ({delivery.kind}) is never sent again. {where}")


def _again(delivery: Delivery, free: int, now: datetime) -> Delivery:
    """Return *delivery* with a try at once: of the move that failed, under its key, or of a new one."""
    delivery = attrs.evolve(delivery, attempts=0, due_at=now)
    if _has_more_to_do(delivery, free):
        return delivery
    return attrs.evolve(delivery, move=DeliveryMove.REDELIVER, units=free)


def _has_more_to_do(delivery: Delivery, free: int) -> bool:
    """Whether something of *delivery* is still to be done, or only what was done can be done once more."""
    is_taken_back = delivery.status is _S.REVOCATION_FAILED
    return delivery.move is not None or is_taken_back or delivery.handed_over < free


def retried(recorder: Recorder, delivery_id: str, terms: Terms) -> Recorder:
    """Have one delivery tried at once, with as many tries before it as a new one.

    Raises:
        InvalidValueError: if there is nothing to try, or somebody is trying right now.
    """
    order, delivery = recorder.order, required(recorder.order, delivery_id)
    free = terms.free(order)[delivery_id]
    if not _can_be_retried(order, delivery, free, terms):
        raise InvalidValueError(
            f"Delivery {delivery_id} is {delivery.status}; there is nothing to try again. redeliver() sends it again.",
            field="status",
            value=delivery.status,
        )
    if delivery.is_leased(recorder.now):
        raise InvalidValueError(
            f"Delivery {delivery_id} is being tried right now.", field="delivery_id", value=delivery_id
        )
    return recorder.on(order.with_delivery(_again(delivery, free, recorder.now))).saying(
        EventKind.DELIVERY_RETRIED, data={"delivery": delivery_id}
    )


def _can_be_retried(order: Order, delivery: Delivery, free: int, terms: Terms) -> bool:
    if _has_more_to_do(delivery, free):
        return delivery.move is not None or delivery.status not in _AT_REST
    deliverer = terms.deliverer(order, delivery.kind)
    once_more = free > 0 and not isinstance(deliverer, Reason) and deliverer.redeliverable
    return once_more and delivery.status not in _AT_REST


def marked_delivered(recorder: Recorder, delivery_id: str, note: str, terms: Terms) -> Recorder:
    """Take a person's word that the customer has the goods; of what is delivered already, nothing changes.

    Raises:
        InvalidValueError: if the money was given back, so that the customer shall not have them.
    """
    delivery = required(recorder.order, delivery_id)
    owed = terms.owed(recorder.order)[delivery_id]
    if delivery.status is _S.DELIVERED and delivery.handed_over >= owed and delivery.move is None:
        return recorder
    if not owed:
        raise InvalidValueError(
            f"Delivery {delivery_id} cannot be marked as delivered, because its money was given back.",
            field="delivery_id",
            value=delivery_id,
        )
    # What nobody knows to be taken back is what they shall not have; the rest is still to be taken back.
    units = owed if delivery.move is DeliveryMove.REVOKE else max(owed, delivery.handed_over)
    done = delivery.ended(_S.DELIVERED, handed_over=units, delivered_at=recorder.now, last_error="")
    return recorder.on(recorder.order.with_delivery(done)).saying(
        EventKind.DELIVERY_DELIVERED,
        text=note,
        data={"delivery": delivery_id, "units": units, "by_hand": True},
    )
