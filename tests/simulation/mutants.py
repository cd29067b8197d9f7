"""Mutants: bugs that others have had, switched on one at a time, to see whether the simulation finds them.

A bug that a second layer of the product would mask is switched on together with that layer; ``masked_by`` names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from unittest.mock import patch

import attrs
from attrs import frozen

from refundkit import MemoryStore, RefundCall, RefundDesk, RefundStatus
from refundkit.desk import adoption, asking, recording, recovery
from refundkit.desk.asking import Look
from refundkit.desk.office import Office
from refundkit.desk.recorder import Recorder
from refundkit.model.events import EventKind
from refundkit.model.ledger import PaymentSums
from refundkit.policy.plan import make_plan
from refundkit.stores.base import stamped
from tests.simulation.gateway import SimulatedGateway

__all__ = ["MUTANTS", "Mutant"]


@frozen(kw_only=True)
class Mutant:
    """One bug: its ``patches`` are (owner, name, replacement).

    It is found within so many ``seeds``, or, if it names a small ``world``, within so many ``executions`` of that.
    """

    name: str
    patches: tuple[tuple[Any, str, Any], ...]
    seeds: int = 0
    world: str | None = None
    executions: int = 0
    masked_by: str = ""

    @contextmanager
    def switched_on(self) -> Iterator[None]:
        """Have the bug."""
        patchers = [patch.object(owner, name, new) for owner, name, new in self.patches]
        for patcher in patchers:
            patcher.start()
        try:
            yield
        finally:
            for patcher in reversed(patchers):
                patcher.stop()


# Keys and sending.


def new_key_on_retry(_gateway: SimulatedGateway, call: RefundCall) -> str:
    """Give every attempt a key of its own."""
    return f"{call.refund.id}-{call.refund.attempts}"


REFUND = RefundDesk.refund


def gateway_before_store(desk: RefundDesk, order_id: str, request: Any, **options: Any) -> Any:
    """Ask the gateway first, write it down afterwards."""
    order = desk._store.get(order_id)
    if order.request(request.key) is None:
        for leg in make_plan(order, request, desk._office.circumstances(order)).refunds:
            gateway, payment = desk._office.gateways[leg.gateway], order.payment(leg.payment_id)
            call = RefundCall(
                refund=leg,
                payment=payment,
                request=gateway.prepare(leg, payment),
                deadline=desk._office.clock(),
            )
            gateway.refund(call)
    return REFUND(desk, order_id, request, **options)


# Believing too much, too early.


def _released(office: Office, refund: Any, order_id: str) -> Any:
    def step(recorder: Recorder) -> Recorder:
        now = recorder.order.refund(refund.id)
        if now.status is not RefundStatus.SUBMITTED:
            return recorder
        failed = now.moved(RefundStatus.FAILED, settled_at=recorder.now, leased_until=None)
        return recorder.on(recorder.order.with_refund(failed)).saying(EventKind.REFUND_FAILED, refund=failed)

    return office.change(order_id, step)


UNANSWERED = asking.unanswered


def release_on_timeout(office: Office, refund: Any, order_id: str, error: Exception) -> Any:
    """Give the money free when no answer came."""
    timeout = "in time" in str(error)
    return (_released if timeout else UNANSWERED)(office, refund, order_id, *(() if timeout else (error,)))


def fail_on_500(office: Office, refund: Any, order_id: str, error: Exception) -> Any:
    """Take an error of the server for a no."""
    failure = "50" in str(error)
    return (_released if failure else UNANSWERED)(office, refund, order_id, *(() if failure else (error,)))


def decline_trusted(recorder: Recorder, refund: Any, report: Any, attempt: int) -> Recorder:
    """Believe every no."""
    return recording._move(recorder, refund, report).urging() if refund.is_reserving else recorder


NEXT_STEP = recovery.next_step


def no_quarantine(refund: Any, can: Any, look: Look, *, quarantine: timedelta) -> recovery.Step:
    """Take silence for proof at once."""
    return NEXT_STEP(refund, can, look, quarantine=timedelta(0))


def no_proof_after_the_window(refund: Any, can: Any, look: Look, *, quarantine: timedelta) -> recovery.Step:
    """Send again whenever nothing is known."""
    return recovery.Step.SEND


FETCH_ALL = recovery.fetch_all


def no_fetch(office: Office, order_id: str) -> Look:
    """Ask nobody about what is waiting for longer than keys live, and take that for silence."""
    order, now = office.store.get(order_id), office.clock()
    waiting = [refund for refund in order.refunds if refund.status is RefundStatus.SUBMITTED]
    if not any(now - refund.first_sent_at >= _window(office, order, refund) for refund in waiting):
        return FETCH_ALL(office, order_id)
    told = frozenset((refund.gateway, refund.payment_id) for refund in order.refunds)
    return Look(asked_at=now, told=told)


def _window(office: Office, order: Any, refund: Any) -> timedelta:
    return office.gateways[refund.gateway].capabilities(order.payment(refund.payment_id)).idempotency_window


def first_sent_is_last_sent(_refund: Any, can: Any, _look: Look) -> bool:
    """Forget when it was sent first: every attempt looks like a new one."""
    return bool(can.idempotency_window)


LEASED = recovery._leased


def no_second_look(*rest: Any, **named: Any) -> Recorder:
    """Take the lease without asking again whether the key is still remembered."""
    return LEASED(*rest, **(named | {"window": timedelta.max}))


HEARING = asking.Hearing


def never_stale(**values: Any) -> Any:
    """Take every report for the newest."""
    return HEARING(**(values | {"is_stale": False}))


FOUND = adoption._found


def executed_again(recorder: Recorder, payment: Any, *rest: Any) -> Any:
    """Take a refund from the dashboard for one that is still to be made."""
    found = FOUND(recorder, payment, *rest)
    return attrs.evolve(
        found,
        status=RefundStatus.SUBMITTED,
        prepared={"payment": payment.reference, "amount": found.amount.minor},
    )


# The store.

CHANGE = Office.change


def last_writer_wins(office: Office, order_id: str, step: Any, *, actor: Any = None) -> Any:
    """Read, decide, write: what others wrote in between is lost."""
    old = office.store.get(order_id)
    return CHANGE(office, order_id, lambda recorder: step(recorder.on(old)), actor=actor)


def event_before_commit(office: Office, order_id: str, step: Any, *, actor: Any = None) -> Any:
    """Tell the news, then write it down."""
    order = office.store.get(order_id)
    recorder = step(Recorder(order=order, now=office.clock(), actor=actor or office.system))
    for event in stamped(attrs.evolve(order, version=order.version + 1), recorder.events):
        for listener in office.listeners.values():
            listener(event)
    return CHANGE(office, order_id, step, actor=actor)


# The sweep.


def no_fence(office: Office, order: Any, refund: Any, can: Any, *, restarts: bool) -> Any:
    """Send, whoever else is sending."""
    lease = office.lease()
    change = office.change(
        order.id,
        lambda recorder: recovery._leased(
            recorder,
            recorder.order.refund(refund.id),
            lease,
            restarts=restarts,
            window=can.idempotency_window,
        ),
    )
    return asking.send(office, change.order, change.order.refund(refund.id), lease)


def claim_without_lease(store: MemoryStore, now: datetime, *, until: datetime, limit: int) -> tuple[str, ...]:
    """Give every sweep everything that is due, whoever else is at it."""
    return tuple(order.id for order in store._orders.values() if order.due_at and order.due_at <= now)[:limit]


def everything(sums: PaymentSums) -> Any:
    """Say that nothing was given back yet."""
    return sums.payment.capacity


_MUTANTS = (
    Mutant(
        name="a new key on retry",
        patches=((SimulatedGateway, "key_of", new_key_on_retry),),
        world="a gateway that lists late, and has forgotten the key",
        executions=50,
    ),
    Mutant(name="release on timeout", patches=((asking, "unanswered", release_on_timeout),), seeds=400),
    Mutant(name="fail on 500", patches=((asking, "unanswered", fail_on_500),), seeds=400),
    Mutant(name="gateway before store", patches=((RefundDesk, "refund", gateway_before_store),), seeds=50),
    Mutant(name="last writer wins", patches=((Office, "change", last_writer_wins),), seeds=100),
    Mutant(name="no cap check", patches=((PaymentSums, "left", property(everything)),), seeds=50),
    Mutant(
        name="two sweepers without fencing",
        patches=((recovery, "_send_again", no_fence), (MemoryStore, "claim", claim_without_lease)),
        masked_by="no lease on a claimed order",
        world="a gateway without keys, and two sweeps at once",
        executions=300,
    ),
    Mutant(
        name="first-sent time not stored",
        patches=(
            (recovery, "_is_remembered", first_sent_is_last_sent),
            (recovery, "_leased", no_second_look),
        ),
        masked_by="no second look at the key's age",
        world="a gateway that lists nothing, and a sweep after its key is forgotten",
        executions=50,
    ),
    Mutant(
        name="no send deadline",
        patches=((asking, "_is_over", lambda *_: False),),
        world="a gateway without keys, and two sweeps at once",
        executions=400,
    ),
    Mutant(
        name="no quarantine",
        patches=((recovery, "next_step", no_quarantine),),
        world="a gateway without keys, and two sweeps at once",
        executions=300,
    ),
    Mutant(
        name="no fetch after the key window",
        patches=((recovery, "next_step", no_proof_after_the_window), (recovery, "fetch_all", no_fetch)),
        masked_by="no proof asked for either",
        world="a gateway that lists late, and has forgotten the key",
        executions=200,
    ),
    Mutant(
        name="a decline trusted after an ambiguous attempt",
        patches=((recording, "_declined", decline_trusted),),
        world="one request sent twice, and a sweep",
        executions=300,
    ),
    Mutant(
        name="webhook order trusted",
        patches=((asking, "Hearing", never_stale),),
        world="a refund that comes back, and two looks at it",
        executions=200,
    ),
    Mutant(name="external refund executed again", patches=((adoption, "_found", executed_again),), seeds=200),
    Mutant(name="event before commit", patches=((Office, "change", event_before_commit),), seeds=50),
)
MUTANTS: Final[Mapping[str, Mutant]] = {mutant.name: mutant for mutant in _MUTANTS}
