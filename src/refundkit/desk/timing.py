"""Timing: how long the desk waits for what, as data."""

from __future__ import annotations

from datetime import datetime, timedelta

from attrs import field, frozen

from refundkit.desk.patience import Patience
from refundkit.errors import InvalidValueError
from refundkit.model.orders import Order
from refundkit.model.refunds import Refund, RefundStatus

__all__ = ["Timing", "is_leased", "next_due"]


@frozen(kw_only=True)
class Timing:
    """How long the desk waits.

    ``lease``: how long one sender has a refund for itself; no request is sent later than that.
    ``quarantine``: how long after an unclear attempt the gateway's silence proves nothing yet; longer than
    the lease and any time that a request can travel.
    ``retries``: the waits after the first, second, … attempt; the last one repeats.
    ``poll``: the wait between two looks at a pending refund.
    ``patience``: how long a caller is kept waiting while a call is repeated.
    """

    lease: timedelta = field(default=timedelta(minutes=2))
    quarantine: timedelta = field(default=timedelta(minutes=15))
    retries: tuple[timedelta, ...] = field(
        default=(timedelta(seconds=30), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6))
    )
    poll: timedelta = field(default=timedelta(hours=1))
    patience: Patience = field(factory=Patience)

    def __attrs_post_init__(self) -> None:
        if not self.retries or min(self.lease, self.poll, *self.retries) <= timedelta(0):
            raise InvalidValueError(
                "Timing needs a lease, a poll and at least one wait between retries, all above zero.",
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


def next_due(order: Order, timing: Timing, now: datetime) -> datetime | None:
    """Return when the sweep shall look at *order* again; None when nothing on it is unsettled or marked."""
    unsettled = [_due(refund, timing, now) for refund in order.refunds if refund.is_reserving]
    marked = [] if order.fetch_due_at is None else [order.fetch_due_at]
    return min(unsettled + marked, default=None)


def _due(refund: Refund, timing: Timing, now: datetime) -> datetime:
    if refund.status is RefundStatus.PENDING:
        return now + timing.poll
    sent = refund.last_sent_at or now
    due = max(refund.leased_until or sent, sent + timing.retry_after(refund.attempts))
    # What is still SUBMITTED after that waits for a quarantine or a person; others must get their turn.
    return due if due > now else now + timing.poll


def is_leased(refund: Refund, now: datetime) -> bool:
    """Whether somebody may be sending *refund* right now."""
    return refund.leased_until is not None and refund.leased_until > now
