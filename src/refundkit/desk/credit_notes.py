"""CreditNoteDesk: issues one credit note for each refund that succeeded, in numbers without gaps.

The number is taken in the very transaction that writes the note (`Store.issue`), so a process that dies leaves no
gap, and two that meet leave no double. A credit note never changes: if its refund is sent back later, bookkeeping
corrects it with a document of its own (`refundkit.records.figures` and ``evidence`` say which).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import Literal

from attrs import frozen

from refundkit.desk import outbox
from refundkit.desk.outbox import Listener, named
from refundkit.desk.recorder import Recorder
from refundkit.errors import InvalidValueError
from refundkit.model.credit_notes import CreditNote, Party
from refundkit.model.events import Event, EventKind
from refundkit.model.orders import Order
from refundkit.model.parties import Actor
from refundkit.model.refunds import Refund, RefundStatus
from refundkit.model.requests import RefundReason
from refundkit.records.drafting import Letterhead, buyer_of, draft
from refundkit.stores.base import OrderFilter, Store

__all__ = ["CreditNoteDesk", "Eligible"]

Eligible = Callable[[Order, Refund], bool] | Collection[RefundReason] | Literal["all"]

_SYSTEM = Actor.system("refundkit")
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class CreditNoteDesk:
    """Issues credit notes in the name of ``seller``, numbered in ``series``.

    ``eligible`` says which refunds get one in a run: those with one of these reasons, ``"all"``, or those for
    which a callable of order and refund says so. ``buyer`` says who an order was sold to, with address and tax id
    if they must be on the note. Test orders are numbered in ``test_series`` (law S7).
    Any number of threads and processes may issue at the same time.
    """

    def __init__(
        self,
        *,
        store: Store,
        seller: Party,
        series: str = "CN",
        test_series: str | None = None,
        eligible: Eligible = frozenset({RefundReason.CUSTOMER_SATISFACTION}),
        buyer: Callable[[Order], Party] = buyer_of,
        listeners: Iterable[Listener] = (),
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._store = store
        self._series = _Series(live=series, test=test_series or f"{series}-TEST")
        self._seller = seller
        self._eligible = _rule(eligible)
        self._buyer = buyer
        self._listeners = named(listeners)
        self._clock = clock

    def issue_credit_notes(self, since: datetime | None = None) -> tuple[CreditNote, ...]:
        """Issue what is missing: a note for each eligible refund that succeeded, at or after *since* if given.

        Run it as often as you like, by as many processes as you like. It returns what this run has issued.
        """
        notes: list[CreditNote] = []
        for order in self._store.search(OrderFilter(refunded_from=since or _EVER)):
            for refund in order.refunds:
                if _is_due(order, refund, since) and self._eligible(order, refund):
                    notes.extend(self._issue(order, refund.id, _SYSTEM))
        return tuple(notes)

    def issue(self, order_id: str, refund_id: str, *, actor: Actor) -> CreditNote:
        """Issue the note about one refund, eligible or not; the one that it has already, if there is one.

        Raises:
            OrderNotFoundError: if there is no such order, or it has no such refund.
            InvalidValueError: if the refund has not succeeded.
        """
        order = self._store.get(order_id)
        refund = order.refund(refund_id)
        if (known := _note_about(order, refund_id)) is not None:
            return known
        if refund.status is not RefundStatus.SUCCEEDED:
            raise InvalidValueError(
                f"Refund {refund_id} is {refund.status}; a credit note is about money that went back.",
                field="refund_id",
                value=refund_id,
            )
        issued = self._issue(order, refund_id, actor)
        return issued[0] if issued else self.issue(order_id, refund_id, actor=actor)

    def _issue(self, order: Order, refund_id: str, actor: Actor) -> tuple[CreditNote, ...]:
        """Issue one note on the newest order; nothing if somebody has, or if the refund was sent back meanwhile."""
        series, buyer = self._series.of(order), self._buyer(order)

        def issue(newest: Order, number: int) -> tuple[Order, tuple[Event, ...]]:
            if not _is_due(newest, newest.refund(refund_id)):
                return newest, ()
            # Asked for here, where nobody else has a number of this series: dates ascend with the numbers.
            letterhead = Letterhead(
                series=series, number=number, issued_at=self._clock(), seller=self._seller, buyer=buyer
            )
            return _issued(
                Recorder(order=newest, now=letterhead.issued_at, actor=actor), refund_id, letterhead
            )

        change = self._store.issue(order.id, series, issue)
        if not change.events:
            return ()
        if self._listeners:
            outbox.deliver(self._store, self._listeners, order.id)
        return change.order.credit_notes[-1:]


@frozen(kw_only=True)
class _Series:
    """The series of live orders and that of test orders, which are never one (law S7)."""

    live: str
    test: str

    def __attrs_post_init__(self) -> None:
        if self.live == self.test:
            raise InvalidValueError(
                f"Test orders cannot be numbered in {self.live!r}, the series of live ones; name another.",
                field="test_series",
                value=self.test,
            )

    def of(self, order: Order) -> str:
        return self.test if order.test else self.live


def _rule(eligible: Eligible) -> Callable[[Order, Refund], bool]:
    if eligible == "all":
        return lambda *_: True
    if callable(eligible):
        return eligible
    reasons = frozenset(eligible)
    if not all(isinstance(reason, RefundReason) for reason in reasons):
        raise InvalidValueError(
            "eligible must be RefundReasons, a callable of order and refund, or 'all'.",
            field="eligible",
            value=eligible,
        )
    return lambda _, refund: refund.reason_type in reasons


def _is_due(order: Order, refund: Refund, since: datetime | None = None) -> bool:
    """Whether *refund* succeeded, not before *since*, and has no note yet."""
    if refund.status is not RefundStatus.SUCCEEDED or _note_about(order, refund.id) is not None:
        return False
    return since is None or refund.settled_at is None or refund.settled_at >= since


def _note_about(order: Order, refund_id: str) -> CreditNote | None:
    return next((note for note in order.credit_notes if note.refund_id == refund_id), None)


def _issued(recorder: Recorder, refund_id: str, letterhead: Letterhead) -> tuple[Order, tuple[Event, ...]]:
    order = recorder.order
    refund = order.refund(refund_id)
    note = draft(order, refund, letterhead)
    told = recorder.on(order.with_credit_note(note)).saying(
        EventKind.CREDIT_NOTE_ISSUED,
        refund=refund,
        text=note.name,
        data={"series": note.series, "number": note.number},
    )
    return told.order, told.events
