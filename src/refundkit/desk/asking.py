"""Asking: a refund is sent, payments are fetched, and what comes back is recorded. No lock is held meanwhile."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from datetime import datetime, timedelta

import attrs
from attrs import frozen

from refundkit.desk.hearing import Hearing
from refundkit.desk.office import Office
from refundkit.desk.recorder import Recorder
from refundkit.desk.recording import record_answer, record_report
from refundkit.desk.timing import Lease
from refundkit.errors import GatewayError, GatewayUnavailableError, InvalidValueError, OutcomeUnknownError
from refundkit.gateways.asked import capabilities_of
from refundkit.gateways.base import Gateway, RefundCall
from refundkit.logs import get_logger
from refundkit.model.capabilities import Capabilities
from refundkit.model.events import Event, EventKind
from refundkit.model.orders import Order
from refundkit.model.parties import Actor
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund, RefundStatus
from refundkit.model.reports import PaymentReport, RefundReport
from refundkit.policy.reasons import Reason
from refundkit.stores.base import Change

__all__ = ["Look", "fetch_all", "gateways_of", "send", "unanswered"]

_log = get_logger("desk")

ANSWERS = frozenset({RefundStatus.PENDING, RefundStatus.SUCCEEDED, RefundStatus.FAILED})


# Giving money back.


def send(office: Office, order: Order, refund: Refund, lease: Lease) -> Order:
    """Send one SUBMITTED refund whose *lease* the caller holds, and record what came of it.

    Whatever is not a clear answer leaves it SUBMITTED and its money reserved.
    """
    gateway = office.gateways[refund.gateway]
    if refund.leased_until is None or _is_over(office, lease):
        # Too late to send: by now the sweep may hold the lease. It will.
        return order
    answer = _ask(office, order, refund, lease)
    if isinstance(answer, RefundReport):
        try:
            return _answered(office, gateway, refund, order.id, answer).order
        except InvalidValueError as error:
            answer = OutcomeUnknownError(_unheard(gateway, error), gateway=gateway.name)
    return unanswered(office, refund, order.id, answer).order


def _unheard(gateway: Gateway, error: InvalidValueError) -> str:
    _log.error("gateway.unheard", gateway=gateway.name, error=type(error).__name__)
    return f"Gateway {gateway.name} told what this order cannot hold: {error}"


def _is_over(office: Office, lease: Lease) -> bool:
    return office.left(lease) <= timedelta(0)


def _ask(office: Office, order: Order, refund: Refund, lease: Lease) -> RefundReport | GatewayError:
    gateway = office.gateways[refund.gateway]
    call = RefundCall(
        refund=refund,
        payment=order.payment(refund.payment_id),
        request=refund.prepared or {},
        deadline=lease.until,
    )

    def ask() -> RefundReport:
        # Looked at last of all: whoever waited, or stood still, may have lost the lease by now.
        if _is_over(office, lease):
            raise GatewayUnavailableError(f"The time to ask {gateway.name} is over.", gateway=gateway.name)
        return gateway.refund(call)

    try:
        return _understood(gateway, office.patiently(ask, lease))
    except (GatewayUnavailableError, OutcomeUnknownError) as error:
        return error
    except Exception as error:  # noqa: BLE001 - a gateway that breaks its contract has told us nothing about the money
        _log.error("gateway.raised", gateway=gateway.name, refund_id=refund.id, error=type(error).__name__)
        return OutcomeUnknownError(
            f"Gateway {gateway.name} raised {type(error).__name__}.", gateway=gateway.name
        )


def _understood(gateway: Gateway, answer: object) -> RefundReport:
    if isinstance(answer, RefundReport) and answer.status in ANSWERS:
        return answer
    raise OutcomeUnknownError(
        f"Gateway {gateway.name} gave an answer that says nothing.", gateway=gateway.name
    )


def _answered(
    office: Office, gateway: Gateway, refund: Refund, order_id: str, report: RefundReport
) -> Change:
    _log.info("refund.answered", refund_id=refund.id, status=report.status, amount=str(report.amount))

    def step(recorder: Recorder) -> Recorder:
        return record_answer(recorder, refund.id, report, attempt=refund.attempts)

    return office.change(order_id, step, actor=Actor.gateway(gateway.name))


def unanswered(office: Office, refund: Refund, order_id: str, error: GatewayError) -> Change:
    """Give the lease of *refund* back, because its gateway did not answer, or could not be asked."""
    executed_nothing = isinstance(error, GatewayUnavailableError)
    _log.warning("refund.unanswered", refund_id=refund.id, error=type(error).__name__)

    def step(recorder: Recorder) -> Recorder:
        now = recorder.order.refund(refund.id)
        if now.status is not RefundStatus.SUBMITTED or now.attempts != refund.attempts:
            return recorder
        unclear_at = now.unclear_at if executed_nothing else recorder.now
        waiting = attrs.evolve(now, leased_until=None, unclear_at=unclear_at)
        return recorder.on(recorder.order.with_refund(waiting)).saying(
            EventKind.REFUND_UNCLEAR, refund=waiting, text=str(error)
        )

    return office.change(order_id, step)


# Asking what is true.


def gateways_of(
    office: Office, order: Order, also: Container[str] = ()
) -> Iterator[tuple[Gateway, tuple[Payment, ...]]]:
    """Yield each installed gateway that took or gave back money of *order*, with the payments it knows.

    *also* names gateways that may have given back what others took.
    """
    given_back = {(refund.gateway, refund.payment_id) for refund in order.refunds}
    for name, gateway in office.gateways.items():
        if isinstance(office.gateway_for(order, name), Reason):
            continue
        known = tuple(
            payment
            for payment in order.payments
            if payment.gateway == name
            or (name, payment.id) in given_back
            or (name in also and _tells_of_any(gateway, payment))
        )
        if known:
            yield gateway, known


def _tells_of_any(gateway: Gateway, payment: Payment) -> bool:
    can = capabilities_of(gateway, payment)
    return can.any_payment and not can.by_person


@frozen(kw_only=True)
class Look:
    """What came of asking the gateways about an order at ``asked_at``.

    ``told`` names, as (gateway, payment id), where every refund was told; ``failure`` is why a gateway could
    not be asked, ``unreachable`` names all that could not.
    """

    asked_at: datetime
    events: tuple[Event, ...] = ()
    told: frozenset[tuple[str, str]] = frozenset()
    failure: GatewayError | None = None
    unreachable: frozenset[str] = frozenset()

    def told_all(self, refund: Refund) -> bool:
        """Whether *refund* would have been told if it were there (law T2: None is never none)."""
        return (refund.gateway, refund.payment_id) in self.told

    def and_then(self, other: Look) -> Look:
        """Return both looks as one that began with this."""
        return Look(
            asked_at=self.asked_at,
            events=self.events + other.events,
            told=self.told | other.told,
            failure=other.failure or self.failure,
            unreachable=self.unreachable | other.unreachable,
        )


def fetch_all(office: Office, order_id: str, *, also: Container[str] = ()) -> Look:
    """Fetch all payments of an order and record what is true of them.

    *also* names gateways that may have given back what others took. The mark that they must be asked goes,
    unless a gateway could not be asked.
    """
    look = Look(asked_at=office.clock())
    order = office.store.get(order_id)
    for gateway, payments in gateways_of(office, order, also):
        look = look.and_then(_fetch(office, gateway, order, payments))
    if look.failure is not None:
        _log.warning("order.unreachable", order_id=order_id, error=type(look.failure).__name__)
    elif order.fetch_due_at is not None:
        office.change(order_id, lambda recorder: recorder.heard(order))
    return look


MOST_ROUNDS = 3


def _fetch(office: Office, gateway: Gateway, order: Order, payments: tuple[Payment, ...]) -> Look:
    """Fetch *payments* of *order* from *gateway* and record the reports; ``order.version`` is the one read before.

    If another report was recorded while this one was on its way, the payments are fetched again (law T3).
    """
    look = Look(asked_at=office.clock())
    for _ in range(MOST_ROUNDS):
        try:
            reports = _reports(office, gateway, order, payments)
            change, met = _recorded(office, gateway, order, reports)
        except GatewayError as error:
            unreachable = frozenset({gateway.name})
            return look.and_then(Look(asked_at=look.asked_at, failure=error, unreachable=unreachable))
        told = frozenset((gateway.name, one.payment.id) for one in reports if one.report.refunds is not None)
        look = look.and_then(Look(asked_at=look.asked_at, events=change.events, told=told))
        if not any(met.payment(payment.id).reported_version > order.version for payment in payments):
            return look
        order = change.order
    # Others report faster than we can ask; the sweep will have the last look.
    office.change(order.id, Recorder.urging)
    return look


def _recorded(
    office: Office, gateway: Gateway, asked: Order, reports: Iterable[_Heard]
) -> tuple[Change, Order]:
    """Record *reports*; return the change, and the order as the reports met it."""
    met: list[Order] = []

    def step(recorder: Recorder) -> Recorder:
        met.append(recorder.order)
        for one in reports:
            recorder = one.recorded(recorder, gateway.name, asked)
        return recorder

    try:
        return office.change(asked.id, step, actor=Actor.gateway(gateway.name)), met[-1]
    except InvalidValueError as error:
        raise GatewayUnavailableError(_unheard(gateway, error), gateway=gateway.name) from error


@frozen(kw_only=True)
class _Heard:
    """One report, the payment that it is about, and what its gateway can do with that."""

    report: PaymentReport
    payment: Payment
    can: Capabilities

    def recorded(self, recorder: Recorder, gateway: str, asked: Order) -> Recorder:
        payment = recorder.order.payment(self.payment.id)
        is_stale = payment.reported_version > asked.version
        hearing = Hearing(payment=payment, gateway=gateway, can=self.can, is_stale=is_stale)
        return record_report(recorder, hearing, self.report)


def _report(answer: object) -> PaymentReport:
    if not isinstance(answer, PaymentReport):
        raise TypeError(f"A gateway answers with PaymentReports, not with {type(answer).__name__}.")
    return answer


def _reports(
    office: Office, gateway: Gateway, order: Order, payments: tuple[Payment, ...]
) -> tuple[_Heard, ...]:
    try:
        answers = office.patiently(lambda: gateway.fetch(payments), office.lease())
        named = ((_report(answer), _named(order.payments, gateway, answer.reference)) for answer in answers)
        return tuple(
            _Heard(report=report, payment=payment, can=capabilities_of(gateway, payment))
            for report, payment in named
            if payment is not None
        )
    except GatewayError:
        raise
    except Exception as error:
        _log.error("gateway.raised", gateway=gateway.name, error=type(error).__name__)
        raise GatewayUnavailableError(
            f"Gateway {gateway.name} raised {type(error).__name__} when it was asked.", gateway=gateway.name
        ) from error


def _named(payments: Iterable[Payment], gateway: Gateway, reference: str) -> Payment | None:
    own = (p for p in payments if p.gateway == gateway.name and reference in p.references)
    others = (p for p in payments if reference in p.references)
    return next(own, None) or next(others, None)
