"""RefundDesk: the one object that a shop works with. It decides nothing itself; it brings the rooms together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from refundkit.desk import people
from refundkit.desk.acceptance import Acceptance, accept, foresee, plan_of
from refundkit.desk.asking import fetch_all
from refundkit.desk.familiarity import changed_after_look, send_after
from refundkit.desk.hints import follow, keep
from refundkit.desk.office import Clock, Office, aware, by_name
from refundkit.desk.outbox import Listener, named
from refundkit.desk.reconciliation import reconcile
from refundkit.desk.recorder import Recorder
from refundkit.desk.recovery import recover, settle
from refundkit.desk.registration import made_due, registration, require_new
from refundkit.desk.results import CustomerRecord, Reconciliation, Recovery, RefundResult
from refundkit.desk.timing import Lease, Timing, is_leased
from refundkit.desk.webhooks import named_payments
from refundkit.errors import GatewayError, InvalidValueError, OrderNotFoundError, PluginError
from refundkit.gateways.asked import request_for
from refundkit.gateways.base import Gateway
from refundkit.model.documents import Document
from refundkit.model.events import Event
from refundkit.model.orders import Order
from refundkit.model.parties import Actor
from refundkit.model.payments import Payment
from refundkit.model.refunds import NAMESPACE, Refund, RefundStatus
from refundkit.model.reports import RefundReport
from refundkit.model.requests import RefundRequest
from refundkit.money import Money
from refundkit.policy.plan import RefundPlan
from refundkit.policy.reasons import Reason
from refundkit.policy.rules import Policy
from refundkit.stores.base import BY_ID, OrderFilter, OrderSort, Store

__all__ = ["RefundDesk"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class RefundDesk:
    """Gives money back, and keeps the record of it.

    ``listeners`` are told every event: give all of them to each desk on the store that has any, because what
    one desk has delivered no other tells again.
    ``namespace`` goes into every refund id: choose one per shop if several shops share a gateway account.
    ``clock`` returns an aware datetime, ``monotonic`` seconds on a clock that is never set.
    Any number of threads and processes may work on one store.
    """

    def __init__(
        self,
        *,
        store: Store,
        gateways: Iterable[Gateway],
        policy: Policy | None = None,
        listeners: Iterable[Listener] = (),
        clock: Clock = _utc_now,
        timing: Timing | None = None,
        namespace: UUID = NAMESPACE,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._office = Office(
            store=store,
            gateways=by_name(gateways),
            policy=policy or Policy(),
            listeners=named(listeners),
            clock=aware(clock),
            monotonic=monotonic,
            timing=timing or Timing(),
            namespace=namespace,
            sleep=sleep,
        )
        self._store = store

    # Orders and payments.

    def register(self, order: Order, *, actor: Actor | None = None) -> Order:
        """Make *order* a financial record; the same content again changes nothing.

        Raises:
            OrderExistsError: if the id is registered with other content.
            ReferenceTakenError: if one of its payments belongs to another order.
            InvalidValueError: if it brings a history; register first, then `record_external`.
        """
        require_new(order)
        told_by = actor or self._office.system
        first = registration(order, at=self._office.clock(), actor=told_by)
        self._store.add(made_due(order), (first,))
        follow(self._office, order.id)
        self._office.deliver_of(order.id)
        return self._store.get(order.id)

    def record_payment(self, order_id: str, payment: Payment, *, actor: Actor | None = None) -> Order:
        """Record a payment that was captured, failed or voided after the order was registered.

        Raises:
            InvalidValueError: if captured money would become less.
            ReferenceTakenError: if the payment belongs to another order.
        """
        order = self._by(actor, order_id, lambda recorder: people.record_payment(recorder, payment))
        follow(self._office, order_id)
        return order

    def import_order(self, gateway: str, reference: str, *, actor: Actor | None = None) -> Order:
        """Register an order that *gateway* keeps, with the refunds and disputes that it had there already.

        Raises:
            PluginError: if there is no such gateway, or it keeps no orders.
            GatewayError: if the gateway could not be asked.
            OrderExistsError: if the order is registered with other content.
        """
        source = self._office.gateways.get(gateway)
        if source is None:
            raise PluginError(f"Gateway {gateway!r} is not installed here.", gateway=gateway)
        order = self.register(source.import_order(reference), actor=actor)
        self.refresh(order.id)
        return self._store.get(order.id)

    # Giving money back.

    def preview(self, order_id: str, request: RefundRequest) -> RefundPlan:
        """Return what `refund` would do now; read, write nothing. Of an accepted request: what it did.

        Raises:
            RefundDenied: with every reason, and what would be possible.
        """
        order = self._store.get(order_id)
        known = order.request(request.key)
        if known is not None:
            return plan_of(order, known, request)
        return foresee(order, request, self._office.circumstances(order), tuple(self._office.gateways))

    def refund(
        self, order_id: str, request: RefundRequest, *, expect: RefundPlan | None = None
    ) -> RefundResult:
        """Give money back. Safe to call again with the same request: it is done once (law E3).

        Raises:
            RefundDenied: with every reason; nothing was changed and no gateway asked.
            ReviewRequired: if somebody else has to approve.
            PlanChangedError: if the plan is no longer *expect*.
            KeyReuseError: if the key stands for another request.
        """
        lease = self._office.lease()
        change, look = changed_after_look(
            self._office,
            order_id,
            request,
            lambda recorder: accept(recorder.order, request, self._terms(recorder, lease, expect)),
        )
        order = change.order
        legs = [leg for leg in order.legs(request.key) if leg.status is RefundStatus.SUBMITTED]
        if change.events:
            for leg in legs:
                order = send_after(self._office, order, leg, look=look, lease=lease)
            if order.fetch_due_at is not None and order.fetch_due_at <= self._office.clock():
                # A "no" has a cause, such as a dispute that nobody has told us of.
                fetch_all(self._office, order_id)
                order = self._store.get(order_id)
        elif any(not is_leased(leg, self._office.clock()) for leg in legs):
            self._settle_quietly(order_id)
            order = self._store.get(order_id)
        return RefundResult.of(order, request.key)

    def reject(
        self, order_id: str, request: RefundRequest, *, expect: RefundPlan | None = None
    ) -> RefundResult:
        """Give back all that is left and cancel the order; ``preview(order_id, request.rejecting())`` shows it.

        Raises:
            RefundDenied: as `refund`, and if the order is rejected already.
        """
        return self.refund(order_id, request.rejecting(), expect=expect)

    def change(
        self, order_id: str, request: RefundRequest, *, expect: RefundPlan | None = None
    ) -> RefundResult:
        """Replace the order's lines by ``request.revision`` and give back the difference (law C8).

        Raises:
            RefundDenied: as `refund`, and if the revised lines cost more than is left.
            InvalidValueError: if the request has no revision.
        """
        if request.revision is None:
            raise InvalidValueError(
                f"Request {request.key} changes order {order_id} but has no revision; "
                "list the lines that the customer keeps.",
                field="revision",
            )
        return self.refund(order_id, request, expect=expect)

    # What the world says.

    def receive(self, gateway: str, *, body: bytes, headers: Mapping[str, str]) -> tuple[Event, ...]:
        """Take a webhook: verify it, note which payments it names, and ask the gateway what is true of them.

        What the webhook itself claims about money is not believed. If the gateway cannot be asked now, the
        sweep will; the webhook is answered with success either way. What no order knows yet is kept until one
        is registered that does.

        Raises:
            WebhookError: if it is forged, stale, foreign, too large or unreadable; answer ``http_status``.
        """
        references = named_payments(self._office, gateway, body=body, headers=headers)
        found = (self._owner(gateway, reference) for reference in references)
        named = tuple(dict.fromkeys(order_id for order_id in found if order_id is not None))
        for order_id in named:
            self._office.change(order_id, Recorder.urging)
        return tuple(event for order_id in named for event in fetch_all(self._office, order_id).events)

    def refresh(self, order_id: str) -> tuple[Event, ...]:
        """Ask the gateways what is true of every payment of the order, record it, adopt what was made elsewhere.

        Raises:
            GatewayError: if a gateway could not be asked; what others said is recorded.
        """
        look = fetch_all(self._office, order_id)
        if look.failure is not None:
            raise look.failure
        return look.events

    def recover(self, *, limit: int = 100) -> Recovery:
        """Sweep: settle up to *limit* orders that have something unsettled and are due, deliver waiting events.

        Raises:
            InvalidValueError: if *limit* is below 1.
            StoreError: if the store is busy or away.
        """
        if limit < 1:
            raise InvalidValueError(f"A sweep of {limit} orders settles nothing.", field="limit", value=limit)
        return recover(self._office, limit=limit)

    def reconcile(self, *, since: datetime) -> Reconciliation:
        """Ask the gateways about every order with a payment captured at or after *since*, told or untold."""
        return reconcile(self._office, since=since)

    # What people do.

    def confirm(
        self,
        refund_id: str,
        *,
        actor: Actor,
        reference: str | None = None,
        status: RefundStatus = RefundStatus.SUCCEEDED,
        note: str = "",
    ) -> Refund:
        """Settle a refund that no program can settle: it was paid out (SUCCEEDED) or will not be (FAILED).

        Raises:
            OrderNotFoundError: if there is no such refund.
            InvalidValueError: if its gateway can tell, if it is settled otherwise, or if *reference* is another refund.
        """
        order = self._order_of(refund_id)
        refund = order.refund(refund_id)
        found = self._office.ability(order, refund.gateway, order.payment(refund.payment_id))
        can = None if isinstance(found, Reason) else found
        report = RefundReport(
            status=status, amount=refund.amount, reference=reference, raw_status="confirmed", reason=note
        )

        def step(recorder: Recorder) -> Recorder:
            return people.confirm(recorder, recorder.order.refund(refund_id), report, can)

        return self._by(actor, order.id, step).refund(refund_id)

    def record_external(
        self,
        order_id: str,
        payment_id: str,
        amount: Money,
        *,
        reference: str,
        status: str = "succeeded",
        actor: Actor,
    ) -> Order:
        """Record what was given back elsewhere, in the shop's own word for its *status*; nothing is executed.

        A word like ``lost`` is money that left through a chargeback and becomes a lost dispute.

        Raises:
            InvalidValueError: if *reference* is a refund made here or recorded with another amount, or if the
                amount is not above zero or of another currency.
        """

        def step(recorder: Recorder) -> Recorder:
            payment = recorder.order.payment(payment_id)
            kind = self._office.kind_of(payment.gateway)
            return people.record_external(
                recorder, payment, amount=amount, reference=reference, word=status, kind=kind
            )

        return self._by(actor, order_id, step)

    def acknowledge(self, order_id: str, *, actor: Actor, note: str = "") -> Order:
        """Clear the order's flags, after a person has looked; commands on it are possible again."""
        return self._by(actor, order_id, lambda recorder: people.acknowledge(recorder, note))

    def annotate(
        self,
        order_id: str,
        *,
        actor: Actor,
        note: str = "",
        add_tags: Iterable[str] = (),
        remove_tags: Iterable[str] = (),
    ) -> Order:
        """Add a note, add and remove tags: the only things of an order that can be edited.

        Raises:
            InvalidValueError: if the tags are one text, which would be taken apart letter by letter.
        """
        added, removed = people.tags_of(add_tags), people.tags_of(remove_tags)
        return self._by(actor, order_id, lambda recorder: people.annotate(recorder, note, added, removed))

    def add_document(self, order_id: str, document: Document, *, actor: Actor | None = None) -> Order:
        """Note that a document was issued for the order."""
        return self._by(actor, order_id, lambda recorder: people.add_document(recorder, document))

    def remove_document(self, order_id: str, document_id: str, *, actor: Actor | None = None) -> Order:
        """Note that a document was taken back.

        Raises:
            OrderNotFoundError: if the order has no such document.
            InvalidValueError: if documents of its kind cannot be taken back.
        """
        return self._by(actor, order_id, lambda recorder: people.remove_document(recorder, document_id))

    # Reading.

    def order(self, order_id: str) -> Order:
        """Return the newest version of an order.

        Raises:
            OrderNotFoundError: if there is no such order.
        """
        return self._store.get(order_id)

    def orders(self, wanted: OrderFilter | None = None, *, sort: OrderSort = BY_ID) -> Iterator[Order]:
        """Yield the orders that *wanted* accepts (all of them without one), by id or as *sort* says."""
        return self._store.search(wanted or OrderFilter(), sort)

    def customer(self, email: str) -> CustomerRecord:
        """Return the orders under an e-mail address, with the chargeback flag."""
        return CustomerRecord(email=email, orders=tuple(self._store.search(OrderFilter(email=email))))

    def timeline(self, order_id: str) -> tuple[Event, ...]:
        """Return everything that happened to an order, oldest first.

        Raises:
            OrderNotFoundError: if there is no such order.
        """
        self._store.get(order_id)
        return self._store.events(order_id)

    # Inside.

    def _by(self, actor: Actor | None, order_id: str, step: Callable[[Recorder], Recorder]) -> Order:
        return self._office.change(order_id, step, actor=actor).order

    def _terms(self, recorder: Recorder, lease: Lease, expect: RefundPlan | None) -> Acceptance:
        return Acceptance(
            circumstances=self._office.circumstances(recorder.order),
            prepare=self._prepare,
            leased_until=lease.until,
            gateways=tuple(self._office.gateways),
            expect=expect,
        )

    def _prepare(self, refund: Refund, payment: Payment) -> Mapping[str, Any]:
        return request_for(self._office.gateways[refund.gateway], refund, payment)

    def _settle_quietly(self, order_id: str) -> None:
        # A gateway that cannot be asked has been logged; the sweep will ask it again.
        with suppress(GatewayError):
            settle(self._office, order_id)

    def _owner(self, gateway: str, reference: str) -> str | None:
        return self._store.find_payment(gateway, reference) or keep(self._office, gateway, reference)

    def _order_of(self, refund_id: str) -> Order:
        order_id = self._store.find_refund(refund_id)
        if order_id is None:
            raise OrderNotFoundError(f"There is no refund {refund_id!r}.", refund_id=refund_id)
        return self._store.get(order_id)
