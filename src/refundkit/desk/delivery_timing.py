"""The timing of deliveries: how often, after which waits, and how soon again, as data."""

from __future__ import annotations

from datetime import timedelta

from attrs import field, frozen

from refundkit.errors import InvalidValueError
from refundkit.model import fields

__all__ = ["DeliveryTiming"]


@frozen(kw_only=True)
class DeliveryTiming:
    """How long the delivery desk waits, and how often it tries.

    ``lease``: how long one process has a delivery for itself; no call is begun later than that.
    ``retries``: the waits after the first, second, … try; the last one repeats.
    ``most_attempts``: after so many tries a delivery is dead-lettered, and a person has to look.
    ``quarantine``: how long after a try that may have worked its goods are taken back at the earliest; longer than
    a request may be on its way, so that it does not arrive after that.
    ``cooldown``: how long after something was sent again nothing of that order is sent again.
    """

    lease: timedelta = field(default=timedelta(minutes=2))
    retries: tuple[timedelta, ...] = field(
        default=(
            timedelta(minutes=1),
            timedelta(minutes=5),
            timedelta(minutes=30),
            timedelta(hours=2),
            timedelta(hours=12),
        )
    )
    most_attempts: int = field(default=6, validator=fields.positive)
    quarantine: timedelta = field(default=timedelta(minutes=15))
    cooldown: timedelta = field(default=timedelta(seconds=60))

    def __attrs_post_init__(self) -> None:
        if not self.retries or min((self.lease, self.quarantine, self.cooldown, *self.retries)) <= timedelta(
            0
        ):
            raise InvalidValueError(
                "DeliveryTiming needs at least one wait between tries, and every wait must be above zero.",
                field="retries",
                value=self.retries,
            )

    def retry_after(self, attempts: int) -> timedelta:
        """Return the wait after so many tries."""
        return self.retries[min(max(attempts, 1), len(self.retries)) - 1]
