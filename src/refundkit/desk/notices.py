"""Notices: a listener that has the customer written to, once for each refund.

The refund is marked (`Refund.notified_at`) before the letter is written, in the store, where two processes cannot
both do it. So nobody gets two letters: whoever hears of the refund again finds the mark.

- A writer that raises has written nothing: the mark is taken back, and the letter is tried again after a pause.
- A writer that raises `OutcomeUnknownError` may have written: the mark stays.
- A process that dies between the mark and the letter leaves a mark, and the letter may be missing. Missing is
  better than twice here, and nobody can know which of the two it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from refundkit.desk.recorder import Recorder
from refundkit.errors import OutcomeUnknownError, RefundkitError
from refundkit.logs import get_logger
from refundkit.model.events import Event, EventKind
from refundkit.model.orders import Order
from refundkit.model.parties import Actor
from refundkit.model.refunds import RefundOrigin
from refundkit.policy.rules import Policy
from refundkit.records.notices import Addressees, Notice, notice_for
from refundkit.stores.base import Store

__all__ = ["PAUSES", "CustomerNotices", "LetterWaitsError"]

# What may lead to a letter: a refund that succeeds, however we hear of it, and a letter that could not be written.
_NEWS: Final = frozenset(
    {
        EventKind.REFUND_SUCCEEDED,
        EventKind.REFUND_REVIVED,
        EventKind.REFUND_REBUILT,
        EventKind.REFUND_ADOPTED,
        EventKind.CUSTOMER_NOT_NOTIFIED,
    }
)

# How long to wait after each attempt that failed; when all of them are used up, nobody tries any more.
PAUSES: Final = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=12),
)

_SYSTEM = Actor.system("refundkit")
_log = get_logger("notices")


class LetterWaitsError(RefundkitError):
    """A letter failed and is not due again yet; the outbox keeps its event until it is."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class CustomerNotices:
    """A listener that hands ``write`` a `Notice` for every refund that the customer shall hear of, at most once.

    Give it to every desk on the store, with the desk's own ``policy``. ``write`` returns when the letter is on its
    way, raises `OutcomeUnknownError` when that is not known, and anything else when it certainly is not.
    ``pauses`` say how long to wait after each failure; after the last one nobody tries again. ``origins`` are the
    refunds to write about: those that a request of yours made, unless you add EXTERNAL ones. ``test`` says of which
    orders the writer is: live ones, test orders (True), or both (None).
    """

    name = "refundkit.customer_notices"

    def __init__(
        self,
        *,
        store: Store,
        write: Callable[[Notice], object],
        policy: Policy | None = None,
        pauses: Iterable[timedelta] = PAUSES,
        origins: Iterable[RefundOrigin] = (RefundOrigin.REQUEST,),
        test: bool | None = False,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._store = store
        self._write = write
        self._policy = policy or Policy()
        self._pauses = tuple(pauses)
        self._addressees = Addressees(origins=origins, test=test)
        self._clock = clock

    def __call__(self, event: Event) -> None:
        """Take one event, and write the letter that follows from it, if one does.

        Raises:
            Exception: whatever ``write`` raised, so that the outbox keeps the event.
            LetterWaitsError: if it failed before and is not due again yet.
        """
        if event.kind not in _NEWS or event.refund_id is None:
            return
        # Most refunds lead to no letter, which can be told without a lock.
        if self._notice(self._store.get(event.order_id), event.refund_id) is None:
            return
        failures = self._failures(event.order_id, event.refund_id)
        if len(failures) > len(self._pauses):
            return
        self._require_due(event, failures)
        if (notice := self._mark(event.order_id, event.refund_id)) is not None:
            self._tell(notice, is_last=len(failures) == len(self._pauses))

    def _notice(self, order: Order, refund_id: str) -> Notice | None:
        return notice_for(order, order.refund(refund_id), self._policy, addressees=self._addressees)

    def _failures(self, order_id: str, refund_id: str) -> list[Event]:
        return [
            event
            for event in self._store.events(order_id)
            if event.kind is EventKind.CUSTOMER_NOT_NOTIFIED and event.refund_id == refund_id
        ]

    def _require_due(self, event: Event, failures: list[Event]) -> None:
        due = failures[-1].at + self._pauses[len(failures) - 1] if failures else None
        if due is not None and self._clock() < due:
            raise LetterWaitsError(
                f"The letter about refund {event.refund_id} failed {len(failures)} times and waits until "
                f"{due:%Y-%m-%d %H:%M:%S} UTC.",
                order_id=event.order_id,
                refund_id=event.refund_id,
            )

    def _mark(self, order_id: str, refund_id: str) -> Notice | None:
        """Mark the refund on the newest order; return what to write, or nothing if somebody was faster."""
        claimed: list[Notice | None] = [None]

        def mark(order: Order) -> tuple[Order, tuple[Event, ...]]:
            # The store may run this again on a newer order: only what the last run says counts.
            claimed[0] = self._notice(order, refund_id)
            if claimed[0] is None:
                return order, ()
            recorder = Recorder(order=order, now=self._clock(), actor=_SYSTEM)
            return _noted(recorder, refund_id, recorder.now, EventKind.CUSTOMER_NOTIFIED, {})

        self._store.change(order_id, mark)
        return claimed[0]

    def _tell(self, notice: Notice, *, is_last: bool) -> None:
        try:
            self._write(notice)
        except OutcomeUnknownError as error:
            self._unmark(notice, {"error": type(error).__name__, "unclear": True})
            _log.error("notice.unclear", order_id=notice.order_id, refund_id=notice.refund_id)
        except Exception as error:
            self._unmark(notice, {"error": type(error).__name__, "given_up": is_last})
            if not is_last:
                raise
            _log.error("notice.given_up", order_id=notice.order_id, refund_id=notice.refund_id)

    def _unmark(self, notice: Notice, data: dict[str, str | bool]) -> None:
        """Write down that the letter failed, by the type of the error only: its text may quote the letter."""

        def unmark(order: Order) -> tuple[Order, tuple[Event, ...]]:
            recorder = Recorder(order=order, now=self._clock(), actor=_SYSTEM)
            kept = order.refund(notice.refund_id).notified_at if data.get("unclear") else None
            return _noted(recorder, notice.refund_id, kept, EventKind.CUSTOMER_NOT_NOTIFIED, data)

        self._store.change(notice.order_id, unmark)


def _noted(
    recorder: Recorder, refund_id: str, at: datetime | None, kind: EventKind, data: dict[str, str | bool]
) -> tuple[Order, tuple[Event, ...]]:
    refund = attrs.evolve(recorder.order.refund(refund_id), notified_at=at)
    noted = recorder.on(recorder.order.with_refund(refund)).saying(kind, refund=refund, data=data)
    return noted.order, noted.events
