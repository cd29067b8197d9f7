"""Recovery: the sweep that brings everything unsettled to rest.

For each order that is due: ask the gateways what is true and record it; whatever the gateways know nothing
of is sent again, word for word and under the same key, or declared a person's case when that is not safe.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto

import attrs

from refundkit.desk.asking import Look, fetch_all, send
from refundkit.desk.hints import follow
from refundkit.desk.office import Office
from refundkit.desk.overdue import call_for_help
from refundkit.desk.recorder import Recorder
from refundkit.desk.results import Recovery
from refundkit.desk.timing import Lease, is_leased
from refundkit.errors import StoreBusyError, StoreError
from refundkit.logs import get_logger
from refundkit.model.capabilities import Capabilities
from refundkit.model.events import EventKind
from refundkit.model.marks import FlagKind
from refundkit.model.orders import Order
from refundkit.model.refunds import Refund, RefundStatus
from refundkit.policy.reasons import Reason
from refundkit.stores.base import is_unsettled

__all__ = ["Step", "next_step", "recover", "settle"]

_log = get_logger("recovery")


def recover(office: Office, *, limit: int) -> Recovery:
    """Settle at most *limit* orders that are due, and deliver what listeners have not taken yet."""
    follow(office)
    now = office.clock()
    office.store.drop_hints(before=now - office.timing.hints)
    due = office.store.claim(now, until=now + office.timing.lease, limit=limit)
    swept = [_swept(office, order_id) for order_id in due]
    office.deliver_of(None)
    return Recovery(
        orders=due,
        events=tuple(event for one in swept for event in one.events),
        unsettled=tuple(order_id for one in swept for order_id in one.unsettled),
        unreachable=tuple(order_id for one in swept for order_id in one.unreachable),
    )


def _swept(office: Office, order_id: str) -> Recovery:
    """Settle one order; one whose record cannot be read or written keeps no other from its turn.

    Raises:
        StoreError: if the store as a whole is busy or away.
    """
    try:
        before = len(office.store.events(order_id))
        was_settled = _was_settled(office, order_id)
        return Recovery(
            events=office.store.events(order_id)[before:],
            unsettled=(order_id,) if is_unsettled(office.store.get(order_id)) else (),
            unreachable=() if was_settled else (order_id,),
        )
    except StoreBusyError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a database has in its rows, or refuses to take into them
        # Raises if the store as a whole is away: then this is no order's fault, and the sweep ends.
        office.store.undelivered(limit=1)
        _log.error("order.broken", order_id=order_id, error=type(error).__name__)
        return Recovery(unreachable=(order_id,))


def _was_settled(office: Office, order_id: str) -> bool:
    """Settle one order; if that is not possible now, see to it that the order gets another turn."""
    try:
        settle(office, order_id)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - one order must not keep all others from their turn
        _log.warning("order.unsettled", order_id=order_id, error=type(error).__name__)
        _postpone(office, order_id)
        return False
    finally:
        call_for_help(office, order_id)
    return True


def _postpone(office: Office, order_id: str) -> None:
    """Give the order another turn: the longer it could not be settled, the later."""

    def step(recorder: Recorder) -> Recorder:
        now = recorder.now
        since = min(recorder.order.fetch_due_at or now, now)
        return recorder.waiting(since, until=office.timing.retry_at(since, now))

    office.change(order_id, step)


def settle(office: Office, order_id: str) -> None:
    """Ask what is true of one order, then bring each refund on that nobody is sending right now.

    Raises:
        GatewayError: if a gateway could not be asked; it is sent nothing then, and the others are.
    """
    look = fetch_all(office, order_id)
    order = office.store.get(order_id)
    for refund in order.refunds:
        if refund.gateway in look.unreachable or refund.status is not RefundStatus.SUBMITTED:
            continue
        if not is_leased(refund, office.clock()):
            order = _bring_on(office, order, refund, look)
    if look.failure is not None:
        raise look.failure
    office.change(order_id, Recorder.rescheduling)


class Step(Enum):
    """What can be done about a refund that the gateway, just asked, does not show."""

    SEND = auto()
    FAIL = auto()
    WAIT = auto()
    ASK_A_PERSON = auto()


def next_step(refund: Refund, can: Capabilities, look: Look, *, quarantine: timedelta) -> Step:
    """Decide about a SUBMITTED refund that the gateway did not show in *look*.

    Inside the gateway's idempotency window the very same request is safe to repeat. Outside of it, and
    before a decline is believed that followed an unclear attempt, the gateway's silence must prove that
    nothing happened: it must know absence and have told every refund, and a quarantine must have passed
    (law E4).
    """
    last = _last_in_doubt(refund) or look.asked_at
    absent = can.knows_absence and can.echoes_refund_id
    proven = absent and look.told_all(refund) and look.asked_at >= last + quarantine
    if refund.failure is not None:
        return Step.FAIL if proven else (Step.WAIT if absent else Step.ASK_A_PERSON)
    if can.by_person or _is_remembered(refund, can, look):
        return Step.SEND
    return Step.SEND if proven else (Step.WAIT if absent else Step.ASK_A_PERSON)


def _last_in_doubt(refund: Refund) -> datetime | None:
    """Return when the newest attempt was made that may still be on its way.

    Who holds a lease, or died with it, has told nothing of the attempt that it is for.
    """
    untold = refund.last_sent_at if refund.leased_until is not None else None
    doubts = (at for at in (refund.unclear_at, untold) if at is not None)
    return max(doubts, default=refund.last_sent_at)


def _is_remembered(refund: Refund, can: Capabilities, look: Look) -> bool:
    """Whether the gateway still answers the same request with its first result."""
    # It may have been sent for the first time since the look; a gateway without keys remembers not even that.
    since = max(look.asked_at - (refund.first_sent_at or look.asked_at), timedelta(0))
    return since < can.idempotency_window


def _bring_on(office: Office, order: Order, refund: Refund, look: Look) -> Order:
    gateway = office.gateway_for(order, refund.gateway)
    if isinstance(gateway, Reason) or order.awaits_person(refund):
        return order
    can = gateway.capabilities(order.payment(refund.payment_id))
    step = next_step(refund, can, look, quarantine=office.timing.quarantine)
    if step is Step.SEND:
        return _send_again(office, order, refund, can, restarts=not _is_remembered(refund, can, look))
    if step is Step.FAIL:
        return office.change(order.id, lambda recorder: _failed(recorder, refund)).order
    if step is Step.ASK_A_PERSON:
        return office.change(order.id, lambda recorder: _undecided(recorder, refund)).order
    return order


def _send_again(office: Office, order: Order, refund: Refund, can: Capabilities, *, restarts: bool) -> Order:
    lease = office.lease()
    change = office.change(
        order.id,
        lambda recorder: _leased(recorder, refund, lease, restarts=restarts, window=can.idempotency_window),
    )
    leased = change.order.refund(refund.id)
    # Whoever raised the number of attempts holds the lease; everybody else leaves the refund alone.
    if not change.events or leased.attempts != refund.attempts + 1:
        return change.order
    return send(office, change.order, leased, lease)


def _leased(
    recorder: Recorder, refund: Refund, lease: Lease, *, restarts: bool, window: timedelta
) -> Recorder:
    """Take the lease for another attempt, unless somebody else has brought the refund on meanwhile."""
    now = recorder.order.refund(refund.id)
    if now != refund:
        return recorder
    if not restarts and recorder.now - (now.first_sent_at or recorder.now) >= window:
        # Whoever decided this stood still since: the key may be forgotten by now. The next sweep decides anew.
        return recorder
    leased = attrs.evolve(
        now,
        attempts=now.attempts + 1,
        # A lease that ran out without an answer leaves that attempt unclear.
        unclear_at=now.unclear_at if now.leased_until is None else now.last_sent_at,
        first_sent_at=recorder.now if restarts else now.first_sent_at,
        last_sent_at=recorder.now,
        leased_until=lease.until,
    )
    return recorder.on(recorder.order.with_refund(leased)).saying(EventKind.REFUND_RESUBMITTED, refund=leased)


def _failed(recorder: Recorder, refund: Refund) -> Recorder:
    """Believe a decline at last: the gateway was asked after the quarantine, and knows of no refund."""
    if recorder.order.refund(refund.id) != refund:
        return recorder
    failed = refund.moved(RefundStatus.FAILED, settled_at=recorder.now, leased_until=None)
    return recorder.on(recorder.order.with_refund(failed)).saying(
        EventKind.REFUND_FAILED, refund=failed, text=failed.failure_text
    )


def _undecided(recorder: Recorder, refund: Refund) -> Recorder:
    text = (
        f"{refund.gateway} cannot tell whether refund {refund.id} of {refund.amount} was made, and it is too late "
        "to ask for it again safely; look there and confirm() it."
    )
    return recorder.flagging(FlagKind.UNDECIDED, refund.id, text)
