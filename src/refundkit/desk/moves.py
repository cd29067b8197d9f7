"""Moves: what is to be done about each delivery now. Pure decisions and pure steps.

There is one rule: the customer shall have as many units as `units_owed` says. What is missing is handed over, as far
as it is free (`units_free`); what is too much is taken back. A move that was begun keeps its units and its key until
its end is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import attrs
from attrs import field, frozen

from refundkit.deliverers.base import Deliverer, Receipt
from refundkit.desk.delivery_timing import DeliveryTiming
from refundkit.desk.recorder import Recorder, storable
from refundkit.errors import DeliveryError
from refundkit.model.deliveries import Delivery, DeliveryMove, DeliveryStatus
from refundkit.model.events import EventKind
from refundkit.model.orders import Order
from refundkit.model.parties import Actor
from refundkit.policy.goods import Revocation, obstacle, units_free, units_owed
from refundkit.policy.reasons import Reason

__all__ = ["Terms", "Wish", "answered", "begun", "named", "next_due", "rested", "unanswered", "wish"]

_M, _S = DeliveryMove, DeliveryStatus
_GIVEN_UP = frozenset({_S.DEAD_LETTERED, _S.REVOCATION_FAILED})
_WAITING = frozenset({_S.PENDING, _S.FAILED, _S.DEAD_LETTERED})
_NOBODY = Actor.system()
_SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@frozen(kw_only=True)
class _Judged:
    """What follows from one version of an order."""

    order: Order
    owed: Mapping[str, int]
    free: Mapping[str, int]
    obstacle: Reason | None


@frozen(kw_only=True)
class Terms:
    """What moves depend on: who hands over what, the timing, and whether goods are taken back."""

    deliverer: Callable[[Order, str], Deliverer | Reason]
    timing: DeliveryTiming
    revocation: Revocation
    _last: list[_Judged] = field(init=False, factory=list, eq=False, repr=False)

    def owed(self, order: Order) -> Mapping[str, int]:
        """Return how many units of each delivery the customer shall have."""
        return self._judged(order).owed

    def free(self, order: Order) -> Mapping[str, int]:
        """Return how many units of each delivery may be handed over: never more than the customer shall have."""
        return self._judged(order).free

    def obstacle(self, order: Order) -> Reason | None:
        """Say why nothing may be handed over on *order* now, whatever is owed; None if it may."""
        return self._judged(order).obstacle

    def _judged(self, order: Order) -> _Judged:
        """Judge an order once for all of its deliveries: there may be hundreds."""
        if not self._last or self._last[0].order is not order:
            owed, free = units_owed(order, self.revocation), units_free(order)
            free = {name: min(units, free[name]) for name, units in owed.items()}
            self._last[:] = [_Judged(order=order, owed=owed, free=free, obstacle=obstacle(order))]
        return self._last[0]

    def takes_back(self, deliverer: Deliverer) -> bool:
        """Whether what *deliverer* handed over is taken back at all."""
        return deliverer.revocable and self.revocation is not Revocation.NEVER


@frozen
class Wish:
    """A move that shall be made, with so many units."""

    move: DeliveryMove
    units: int


def named(order: Order, delivery_id: str) -> Delivery | None:
    """Return one delivery of *order*, if it has it."""
    return next((delivery for delivery in order.deliveries if delivery.id == delivery_id), None)


# Deciding.


def wish(order: Order, delivery: Delivery, terms: Terms) -> Wish | None:
    """Say what shall be done about *delivery*, now or when it is its turn; None if nothing can or needs be."""
    deliverer = terms.deliverer(order, delivery.kind)
    if isinstance(deliverer, Reason):
        return None
    if delivery.move is _M.REVOKE:
        # Nobody knows whether it was taken back. To hand over again before that is known might be too much.
        return Wish(_M.REVOKE, delivery.units)
    wanted = _wanted(order, delivery, terms)
    if wanted is None:
        return None
    if wanted.move is _M.REVOKE:
        return wanted if terms.takes_back(deliverer) else None
    return wanted if terms.obstacle(order) is None else None


def _wanted(order: Order, delivery: Delivery, terms: Terms) -> Wish | None:
    owed, free = terms.owed(order)[delivery.id], terms.free(order)[delivery.id]
    if delivery.move is _M.DELIVER:
        return _under_way(delivery, owed=owed, free=free)
    if delivery.move is _M.REDELIVER and owed >= delivery.units:
        goes_on = free >= delivery.units
        # What cannot be sent again now must not stand in the way of what has to be taken back.
        is_stuck = not goes_on or _is_stuck(delivery) or terms.obstacle(order) is not None
        if owed >= delivery.handed_over or not is_stuck:
            return Wish(_M.REDELIVER, delivery.units) if goes_on else None
    if owed < delivery.handed_over:
        return Wish(_M.REVOKE, delivery.handed_over - owed)
    return Wish(_M.DELIVER, free - delivery.handed_over) if free > delivery.handed_over else None


def _under_way(delivery: Delivery, *, owed: int, free: int) -> Wish | None:
    total = delivery.handed_over + delivery.units
    if owed < total:
        # Money was given back meanwhile, and nobody knows whether these units were handed over. Units cannot be told
        # apart: to take back only these might take those away that arrived before.
        return Wish(_M.REVOKE, total)
    return Wish(_M.DELIVER, delivery.units) if free >= total else None


def _turn_at(delivery: Delivery, wanted: Wish, terms: Terms, now: datetime) -> datetime | None:
    """Return when *wanted* may be tried; None if it was given up."""
    if delivery.is_leased(now):
        return delivery.leased_until
    if delivery.due_at is None and _is_given_up(delivery, wanted):
        return None
    if delivery.move is wanted.move:
        return delivery.due_at or now
    return max(_end_of_doubt(delivery, terms), now)


def _end_of_doubt(delivery: Delivery, terms: Terms) -> datetime:
    """Return when no try of the move under way can be on its way any more, as of one that was lost in between."""
    unclear_at = delivery.leased_until or delivery.unclear_at
    return (
        _SINCE_EVER if delivery.move is None or unclear_at is None else unclear_at + terms.timing.quarantine
    )


def _is_stuck(delivery: Delivery) -> bool:
    return delivery.status is _S.DEAD_LETTERED and delivery.due_at is None


def _is_given_up(delivery: Delivery, wanted: Wish) -> bool:
    if delivery.status not in _GIVEN_UP:
        return False
    takes_back = delivery.status is _S.REVOCATION_FAILED
    return takes_back is (wanted.move is _M.REVOKE)


def next_due(order: Order, terms: Terms, now: datetime) -> datetime | None:
    """Return when something shall be done about the goods of *order*; None if there is nothing to do."""
    turns = (_next_turn(order, delivery, terms, now) for delivery in order.deliveries)
    return min((turn for turn in turns if turn is not None), default=None)


def _next_turn(order: Order, delivery: Delivery, terms: Terms, now: datetime) -> datetime | None:
    deliverer = terms.deliverer(order, delivery.kind)
    if isinstance(deliverer, Reason):
        # Another process may have it.
        return now + terms.timing.retries[-1] if deliverer.code == "deliverer_not_installed" else None
    wanted = wish(order, delivery, terms)
    return _rest_at(order, delivery, terms, now) if wanted is None else _turn_at(delivery, wanted, terms, now)


def _rest_at(order: Order, delivery: Delivery, terms: Terms, now: datetime) -> datetime | None:
    """Return when a delivery about which nothing can be done comes to rest; None if it has."""
    at = delivery.leased_until if delivery.leased_until and delivery.is_leased(now) else now
    looking = Recorder(order=order, now=at, actor=_NOBODY)
    return None if _rested(looking, delivery, terms) is looking else at


# Stepping.


def begun(recorder: Recorder, delivery_id: str, terms: Terms, leased_until: datetime) -> Recorder:
    """Begin the next try of what shall be done about a delivery, if it is its turn; else the same recorder."""
    order, now = recorder.order, recorder.now
    delivery = named(order, delivery_id)
    wanted = None if delivery is None else wish(order, delivery, terms)
    if delivery is None or wanted is None:
        return recorder
    turn = _turn_at(delivery, wanted, terms, now)
    if turn is None or turn > now or delivery.is_leased(now):
        return recorder
    if delivery.move is not _M.REVOKE and wanted.move is _M.REVOKE:
        delivery = _turned_back(delivery)
    tried = delivery.trying(wanted.move, wanted.units, leased_until=leased_until)
    return recorder.on(order.with_delivery(tried))


def _turned_back(delivery: Delivery) -> Delivery:
    """Return *delivery* as its revocation finds it; ``unclear_at`` says from now on whether it is of doubtful units."""
    if delivery.move is not _M.DELIVER:
        return attrs.evolve(delivery, unclear_at=None)
    # They count as handed over, so that they are taken back if they were.
    handed_over = delivery.handed_over + delivery.units
    return attrs.evolve(
        delivery, handed_over=handed_over, unclear_at=delivery.leased_until or delivery.unclear_at
    )


def answered(recorder: Recorder, tried: Delivery, receipt: Receipt) -> Recorder:
    """Record that the move of *tried* was made; a late answer counts, unless the move is over by other means."""
    delivery = named(recorder.order, tried.id)
    if delivery is None or (delivery.move, delivery.moves) != (tried.move, tried.moves):
        return recorder
    details = receipt.details or delivery.details
    if delivery.move is _M.REVOKE:
        left = delivery.handed_over - delivery.units
        ended = delivery.ended(
            _S.DELIVERED if left else _S.REVOKED, handed_over=left, last_error="", details=details
        )
        return _said(recorder, ended, EventKind.DELIVERY_REVOKED, receipt.text, units=delivery.units)
    more = delivery.units if delivery.move is _M.DELIVER else 0
    ended = delivery.ended(
        _S.DELIVERED,
        handed_over=delivery.handed_over + more,
        delivered_at=recorder.now,
        last_error="",
        details=details,
    )
    again = {} if more else {"again": True}
    return _said(recorder, ended, EventKind.DELIVERY_DELIVERED, receipt.text, units=delivery.units, **again)


def unanswered(recorder: Recorder, tried: Delivery, error: DeliveryError, timing: DeliveryTiming) -> Recorder:
    """Record that this very try did not work, or that nobody knows; plan the next one, or give up."""
    delivery = named(recorder.order, tried.id)
    mark = (tried.move, tried.moves, tried.attempts, tried.leased_until)
    if delivery is None or (delivery.move, delivery.moves, delivery.attempts, delivery.leased_until) != mark:
        return recorder
    gives_up = error.is_final or delivery.attempts >= timing.most_attempts
    takes_back = delivery.move is _M.REVOKE
    status = _S.REVOCATION_FAILED if takes_back else (_S.DEAD_LETTERED if gives_up else _S.FAILED)
    due_at = None if gives_up else recorder.now + timing.retry_after(delivery.attempts)
    waiting = {"last_error": storable(str(error)), "due_at": due_at, "leased_until": None}
    failed = (
        _refused(delivery, status, **waiting)
        if error.is_final
        else delivery.moved(status, unclear_at=delivery.unclear_at if takes_back else recorder.now, **waiting)
    )
    data = {"attempts": delivery.attempts, **({"given_up": True} if gives_up else {})}
    return _said(recorder, failed, _FAILURES[status], str(error), units=delivery.units, **data)


def _refused(delivery: Delivery, status: DeliveryStatus, **changes: Any) -> Delivery:
    """Return *delivery* after a no for good: whoever tries again does so under a new key."""
    if delivery.move is _M.REVOKE and delivery.unclear_at is not None:
        # Nothing was taken back, and still nobody knows whether there is anything: the move has no end yet.
        return delivery.moved(status, moves=delivery.moves + 1, **changes)
    return delivery.ended(status, **changes)


_FAILURES = {
    _S.FAILED: EventKind.DELIVERY_FAILED,
    _S.DEAD_LETTERED: EventKind.DELIVERY_DEAD_LETTERED,
    _S.REVOCATION_FAILED: EventKind.DELIVERY_REVOCATION_FAILED,
}


def rested(recorder: Recorder, delivery_id: str, terms: Terms) -> Recorder:
    """Bring a delivery to rest about which nothing can or needs to be done any more."""
    delivery = named(recorder.order, delivery_id)
    return recorder if delivery is None else _rested(recorder, delivery, terms)


def _rested(recorder: Recorder, delivery: Delivery, terms: Terms) -> Recorder:
    order = recorder.order
    if delivery.is_leased(recorder.now) or wish(order, delivery, terms) is not None:
        return recorder
    deliverer = terms.deliverer(order, delivery.kind)
    if isinstance(deliverer, Reason):
        return recorder
    return _at_rest(recorder, delivery, deliverer, terms.owed(order)[delivery.id])


def _at_rest(recorder: Recorder, delivery: Delivery, deliverer: Deliverer, owed: int) -> Recorder:
    order = recorder.order
    if delivery.move is _M.DELIVER and owed < delivery.handed_over + delivery.units:
        return _stranded(recorder, delivery)
    if delivery.move is _M.REDELIVER and owed < delivery.units:
        return recorder.on(order.with_delivery(delivery.ended(_S.DELIVERED)))
    if delivery.move is not None or owed != delivery.handed_over:
        return recorder
    if not owed and delivery.status in _WAITING:
        text = "Nothing was handed over, and nothing will be."
        return _said(recorder, delivery.ended(_S.REVOKED), EventKind.DELIVERY_REVOKED, text, units=0)
    # Where nothing is sent again, what failed was more than the customer shall have by now.
    is_done = delivery.status is _S.REVOCATION_FAILED or (
        delivery.status in _WAITING and not deliverer.redeliverable
    )
    if owed and is_done:
        return recorder.on(order.with_delivery(delivery.ended(_S.DELIVERED, last_error="")))
    return recorder


def _stranded(recorder: Recorder, delivery: Delivery) -> Recorder:
    """Give up what may have been handed over and cannot be taken back, now that the money is back."""
    if delivery.status is _S.DEAD_LETTERED and delivery.due_at is None:
        return recorder
    text = (
        "The money was given back. Whether it had been handed over is not known, and it cannot be taken back."
    )
    stranded = delivery.moved(_S.DEAD_LETTERED, due_at=None, leased_until=None, last_error=text)
    return _said(recorder, stranded, EventKind.DELIVERY_DEAD_LETTERED, text, units=delivery.units)


def _said(recorder: Recorder, delivery: Delivery, kind: EventKind, text: str, **data: object) -> Recorder:
    recorder = recorder.on(recorder.order.with_delivery(delivery))
    return recorder.saying(kind, text=text, data={"delivery": delivery.id, **data})
