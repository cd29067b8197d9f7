"""Timing: how long the desk waits for what, as data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from attrs import field, frozen

from refundkit.desk.patience import Patience
from refundkit.errors import InvalidValueError
from refundkit.model.orders import Order
from refundkit.model.refunds import Refund, RefundStatus

__all__ = ["Lease", "Timing", "is_leased", "next_due"]


@frozen(kw_only=True)
class Timing:
    """How long the desk waits.

    ``lease``: how long one sender has a refund for itself; no request is sent later than that.
    ``quarantine``: how long after an unclear attempt the gateway's silence proves nothing yet; longer than
    the lease and any time that a request can travel.
    ``retries``: the waits after the first, second, … attempt; the last one repeats.
    ``poll``: the wait between two looks at a pending refund.
    ``after_success``: when to look again at a refund that succeeded, since a bank may send it back.
    ``overdue``: how long a refund may stay unanswered before a person is asked to look; ``overdue_pending``: how
    long its gateway may call it pending.
    ``hints``: how long what a webhook named is kept while no order answers to it.
    ``patience``: how long a caller is kept waiting while a call is repeated.
    """

    lease: timedelta = field(default=timedelta(minutes=2))
    quarantine: timedelta = field(default=timedelta(minutes=15))
    retries: tuple[timedelta, ...] = field(
        default=(
            timedelta(seconds=30),
            timedelta(minutes=5),
            timedelta(hours=1),
            timedelta(hours=6),
            timedelta(days=1),
        )
    )
    poll: timedelta = field(default=timedelta(hours=1))
    after_success: tuple[timedelta, ...] = field(
        default=(timedelta(days=1), timedelta(days=7), timedelta(days=30))
    )
    overdue: timedelta = field(default=timedelta(days=3))
    overdue_pending: timedelta = field(default=timedelta(days=45))
    hints: timedelta = field(default=timedelta(days=90))
    patience: Patience = field(factory=Patience)

    def __attrs_post_init__(self) -> None:
        waits = (
            self.lease,
            self.poll,
            self.overdue,
            self.overdue_pending,
            self.hints,
            *self.retries,
            *self.after_success,
        )
        if not self.retries or min(waits) <= timedelta(0):
            raise InvalidValueError(
                "Timing needs at least one wait between retries, and every wait must be above zero.",
                field="retries",
                value=self.retries,
            )
        if self.quarantine <= self.lease:
            raise InvalidValueError(
                f"A quarantine of {self.quarantine} must be longer than the lease of {self.lease}: within the "
                "lease a request may still be on its way.",
                field="quarantine",
                value=self.quarantine,
            )

    def retry_after(self, attempts: int) -> timedelta:
        """Return the wait after so many attempts."""
        return self.retries[min(max(attempts, 1), len(self.retries)) - 1]

    def retry_at(self, since: datetime, now: datetime) -> datetime:
        """Return when to try again what fails since *since*: the longer it lasts, the longer is the wait."""
        lasting = now - since
        return now + next((wait for wait in self.retries if wait * 2 >= lasting), self.retries[-1])


@frozen(kw_only=True)
class Lease:
    """One sender's turn with one refund: nothing is sent when it is over, by either of two clocks.

    A wall clock can be set back. So the seconds since ``began`` are counted on a clock that cannot,
    and that was read before the turn was written down.
    """

    began: float
    seconds: float
    until: datetime

    def left(self, *, now: datetime, monotonic: float) -> timedelta:
        """Return how much of it is left; zero or less when it is over."""
        return min(self.until - now, timedelta(seconds=self.began + self.seconds - monotonic))


ByPerson = Callable[[Refund], bool]


def next_due(order: Order, timing: Timing, now: datetime, *, by_person: ByPerson) -> datetime | None:
    """Return when the sweep shall look at *order* again; None when there is nothing left to find out.

    *by_person* says of a refund whether a person settles it: once it was asked for, no sweep finds out more.
    """
    unsettled = (
        _due(refund, timing, now)
        for refund in order.refunds
        if refund.is_reserving and (refund.is_unsent or not by_person(refund))
    )
    dates = (order.fetch_due_at, *unsettled, _next_look(order, timing, now, by_person))
    return min((date for date in dates if date is not None), default=None)


def _next_look(order: Order, timing: Timing, now: datetime, by_person: ByPerson) -> datetime | None:
    """Return when the next refund that succeeded is looked at again: an answer may still be taken back."""
    looks = (
        (refund.settled_at + wait, refund)
        for refund in order.refunds
        if refund.status is RefundStatus.SUCCEEDED and refund.settled_at is not None
        for wait in timing.after_success
    )
    coming = sorted((look for look in looks if look[0] > now), key=lambda look: look[0])
    # The soonest is nearly always one that can be told of, so the gateways are asked about few.
    return next((at for at, refund in coming if not by_person(refund)), None)


def _due(refund: Refund, timing: Timing, now: datetime) -> datetime:
    if refund.status is RefundStatus.PENDING:
        return now + timing.poll
    # An answer that never came was waited for; the next try counts from when that was given up.
    sent = max((at for at in (refund.last_sent_at, refund.unclear_at) if at is not None), default=now)
    due = max(refund.leased_until or sent, sent + timing.retry_after(refund.attempts))
    # What is still SUBMITTED after that waits for a quarantine or a person; others must get their turn.
    return due if due > now else now + timing.poll


def is_leased(refund: Refund, now: datetime) -> bool:
    """Whether somebody may be sending *refund* right now."""
    return refund.leased_until is not None and refund.leased_until > now
