"""The laws, checked at every commit against the gateways' true books, by arithmetic of their own.

What should be impossible and happens nevertheless is recorded and flagged by the product (law T1). So most of
these checks ask: is it true, and if it should not have been possible, does a flag say so?
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from refundkit import (
    DisputeFunds,
    Event,
    EventKind,
    FailureCode,
    Order,
    Payment,
    PaymentStatus,
    Refund,
    RefundCall,
    RefundStatus,
)
from refundkit.model.refunds import RefundOrigin
from tests.simulation.books import Held
from tests.simulation.schedule import LawBroken

if TYPE_CHECKING:
    from tests.simulation.gateway import SimulatedGateway
    from tests.simulation.world import World

__all__ = ["ALIVE", "Laws", "capacity"]

RESERVING = (RefundStatus.SUBMITTED, RefundStatus.PENDING)
ALIVE = (*RESERVING, RefundStatus.SUCCEEDED)
RANK = {status: rank for rank, status in enumerate(RefundStatus)}


class Laws:
    """Remembers what was committed and what was sent, and says when a law is broken."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.commits = 0
        self.prepared: dict[str, Any] = {}
        self.names: dict[tuple[str, str | None, str, str], str] = {}
        self.given_up: set[str] = set()

    def broken(self, law: str, text: str) -> NoReturn:
        """Say which law is broken, and how."""
        raise LawBroken(f"Law {law}: {text}")

    # At the wire.

    def sent(self, gateway: SimulatedGateway, call: RefundCall) -> None:
        """Judge a request that leaves (E1, E2, and T2: what others made is never executed)."""
        self.asked()
        name = call.refund.id
        if name not in self.prepared:
            self.broken("E1", f"{name} leaves and was never committed as submitted")
        if self.prepared[name] != call.request or call.request["amount"] != call.refund.amount.minor:
            self.broken("E1", f"{name} leaves as {call.request}, and {self.prepared[name]} was committed")

    def asked(self) -> None:
        """Judge that no transaction is open while a gateway is asked (E1)."""
        if self.world.store.is_open:
            self.broken("E1", "a gateway is asked while a transaction is open")

    def executed(self, gateway: SimulatedGateway, held: Held) -> None:
        """Judge a refund that the gateway has just made (never twice, never after it was given up)."""
        name = held.refund_id or ""
        living = [other.reference for other in gateway.books.named(name) if other.is_alive]
        if len(living) > 1:
            self.broken("E2", f"{name} was given back twice: {living}")
        if name in self.given_up:
            self.broken("E4", f"{name} was given up as failed, and now it is {held.reference}")
        ours = [
            other.amount for other in gateway.books.of(held.payment) if other.refund_id and other.is_alive
        ]
        if sum(ours) > gateway.books.captured[held.payment]:
            self.broken("C1", f"our refunds of {held.payment} add up to {sum(ours)}")

    # At a commit.

    def committed(self, before: Order | None, after: Order) -> None:
        """Judge one commit."""
        self.commits += 1
        events = tuple(
            event for event in self.world.store.real.events(after.id) if event.version == after.version
        )
        self._versions(before, after, events)
        if before is not None and after.deliveries:
            self.world.goods_laws.committed(before, after, events)
        if before is None or before.refunds is after.refunds:
            return
        known = {refund.id: refund for refund in before.refunds}
        told = {event.refund_id for event in events}
        for refund in after.refunds:
            self._refund(after, known.pop(refund.id, None), refund, told, events)
        if known:
            self.broken("T5", f"refunds disappeared: {', '.join(known)}")
        self._references(after)
        for payment in after.payments:
            self._cap(before, after, payment)

    def _versions(self, before: Order | None, after: Order, events: tuple[Event, ...]) -> None:
        expected = 1 if before is None else before.version + 1
        if after.version != expected:
            self.broken("T4", f"order {after.id} goes from version {expected - 1} to {after.version}")
        if [event.number for event in events] != list(range(len(events))):
            self.broken("T4", f"the events of {after.id}:{after.version} are not numbered from zero")

    def _refund(
        self,
        order: Order,
        before: Refund | None,
        after: Refund,
        told: set[str | None],
        events: tuple[Event, ...],
    ) -> None:
        if before is after:
            return
        if (before is None or before.status is not after.status) and after.id not in told:
            self.broken("T4", f"{after.id} became {after.status} and no event says so")
        if before is not None:
            self._same(before, after)
            self._moved(order, before, after, events)
        if after.status is RefundStatus.SUBMITTED:
            self._submitted(order, before, after)
        elif before is None or before.status is not after.status:
            self._true(after)

    def _same(self, before: Refund, after: Refund) -> None:
        if (before.payment_id, before.gateway, before.amount) != (
            after.payment_id,
            after.gateway,
            after.amount,
        ):
            self.broken("T5", f"{after.id} changed what it is")
        if before.prepared is not None and before.prepared != after.prepared:
            self.broken("E1", f"{after.id} changed the request that is sent")

    def _moved(self, order: Order, before: Refund, after: Refund, events: tuple[Event, ...]) -> None:
        """Judge a change of status: never backwards unless the gateway went there (T3), and said aloud (E7)."""
        if RANK[after.status] < RANK[before.status]:
            self.broken("T3", f"{after.id} went back from {before.status} to {after.status}")
        if before.status is RefundStatus.SUCCEEDED and after.status is RefundStatus.FAILED:
            kinds = {event.kind for event in events if event.refund_id == after.id}
            if EventKind.REFUND_FAILED_AFTER_SUCCESS not in kinds | {EventKind.REFUND_MISMATCHED} & kinds:
                self.broken("E7", f"{after.id} failed after it succeeded, and no event says so")

    def _submitted(self, order: Order, before: Refund | None, after: Refund) -> None:
        name = (order.id, after.key, after.payment_id, after.gateway)
        if self.names.setdefault(name, after.id) != after.id:
            self.broken("E2", f"{name} is asked for as {after.id} and as {self.names[name]}")
        if after.prepared is None or after.first_sent_at is None or after.origin is not RefundOrigin.REQUEST:
            self.broken("E1", f"{after.id} is submitted without what will be sent")
        self.prepared[after.id] = after.prepared
        self.given_up.discard(after.id)

    def _true(self, refund: Refund) -> None:
        """Judge what is claimed of a refund by the books."""
        books = self.world.gateways[refund.gateway].books
        held = books.by_reference(refund.reference) if refund.reference else None
        if refund.status is RefundStatus.FAILED:
            self._rightly_failed(refund, books.named(refund.id))
        elif held is None or refund.status not in held.history:
            self.broken("E4", f"{refund.id} is called {refund.status}, which it never was: {held}")
        elif refund.amount.minor != held.amount:
            self.broken("E5", f"{refund.id} is booked as {refund.amount}, and {held.amount} was given back")

    def _rightly_failed(self, refund: Refund, held: list[Held]) -> None:
        """Law E4: what is given up is not alive, and never will be; law E5: what differs is another fact."""
        if refund.failure is FailureCode.MISMATCH:
            return
        if refund.reference is not None:
            gone = self.world.gateways[refund.gateway].books.by_reference(refund.reference)
            if gone is None or gone.is_alive:
                self.broken("E4", f"{refund.id} is called failed, and it is not: {gone}")
            return
        if any(other.is_alive for other in held):
            self.broken("E4", f"{refund.id} is given up, and the gateway has it: {held}")
        self.given_up.add(refund.id)

    def _references(self, order: Order) -> None:
        """Law T2: what the gateway has is here once."""
        names = [
            (refund.gateway, refund.reference) for refund in order.refunds if refund.reference is not None
        ]
        if len(names) != len(set(names)):
            self.broken("T2", f"a refund of the gateway is recorded twice: {sorted(names)}")

    # Money.

    def _cap(self, before: Order, after: Order, payment: Payment) -> None:
        of_it = [r for r in after.refunds if r.payment_id == payment.id and r.status in ALIVE]
        ours = sum(
            r.amount.minor for r in of_it if r.origin is not RefundOrigin.EXTERNAL and not r.outside_cap
        )
        if ours > payment.captured.minor:
            self.broken("C1", f"{ours} of {payment.captured} is set aside or given back")
        gone = sum(r.amount.minor for r in of_it) + _withdrawn(after, payment)
        if max(capacity(payment) - gone, 0) != after.refundable_of(payment.id).minor:
            self.broken(
                "C1", f"{after.refundable_of(payment.id)} of {payment.id} is called refundable: {gone} gone"
            )
        known = {refund.id for refund in before.refunds}
        if any(r.status is RefundStatus.SUBMITTED and r.id not in known for r in of_it):
            if gone > capacity(payment):
                self.broken("C1", f"a new refund makes {gone} of {capacity(payment)}")
            if before.flags:
                self.broken("T1", f"order {after.id} is flagged, and something new is refunded")

    # After a restore.

    def restored(self) -> None:
        """Forget what the restored store does not know."""
        known = {refund.id: refund for order in self.world.orders() for refund in order.refunds}
        self.prepared = {name: known[name].prepared for name in self.prepared if name in known}
        self.given_up = {
            name for name in self.given_up if name in known and known[name].status is RefundStatus.FAILED
        }


def _withdrawn(order: Order, payment: Payment) -> int:
    return sum(
        dispute.amount.minor
        for dispute in order.disputes
        if dispute.payment_id == payment.id and dispute.funds is DisputeFunds.WITHDRAWN
    )


def capacity(payment: Payment) -> int:
    """Return what a payment can give back at most."""
    if payment.status is not PaymentStatus.CAPTURED:
        return 0
    confirmed = payment.captured if payment.confirmed is None else payment.confirmed
    return min(payment.captured.minor, confirmed.minor)
