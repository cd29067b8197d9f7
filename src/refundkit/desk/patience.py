"""Patience: how often one call to a gateway is repeated while the caller waits, by what is known of the failure.

=====================  ==================================  =========================================
what is known          how it is told                      what is done
=====================  ==================================  =========================================
not executed           GatewayUnavailableError             repeated after the waits of ``not_executed``
not executed, wait     the same, ``retry_after_seconds``   repeated after that wait, if it is short enough
unknown                OutcomeUnknownError                 never repeated here; the sweep asks first
=====================  ==================================  =========================================

All waits of one call together stay below ``total``. Gateways and their SDKs do not wait by themselves, so
nothing is stacked; whatever is left over, the sweep tries again later (`Timing.retries`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

from attrs import field, frozen

from refundkit.errors import GatewayUnavailableError

__all__ = ["Patience", "patiently"]

T = TypeVar("T")

# "Again at once" adds nothing to the total, so something else must come to an end.
MOST_TRIES: Final = 5


@frozen(kw_only=True)
class Patience:
    """How long a caller is kept waiting.

    ``not_executed``: the waits before the second, third, … try. ``longest_wait``: the longest that a gateway
    may ask for. ``total``: all waits of one call together.
    """

    not_executed: tuple[timedelta, ...] = field(default=())
    longest_wait: timedelta = field(default=timedelta(seconds=5))
    total: timedelta = field(default=timedelta(seconds=10))

    def wait_after(self, error: GatewayUnavailableError, tries: int) -> timedelta | None:
        """Return how long to wait after so many failed tries, None to give up."""
        if error.retry_after_seconds is not None:
            asked = timedelta(seconds=max(error.retry_after_seconds, 0))
            return asked if asked <= self.longest_wait and tries < MOST_TRIES else None
        return self.not_executed[tries - 1] if tries <= len(self.not_executed) else None


def patiently(
    ask: Callable[[], T],
    *,
    patience: Patience,
    sleep: Callable[[float], None],
    time_left: Callable[[], timedelta],
) -> T:
    """Call *ask* until it does not raise GatewayUnavailableError, as long as *patience* and *time_left* last.

    *time_left* is asked before each wait, because the calls themselves take time as well. Whatever the last
    call raised reaches the caller.
    """
    # Imported late: most calls go through at once, and nobody should pay for it before the first.
    import tenacity

    def wait(state: tenacity.RetryCallState) -> timedelta | None:
        error = state.outcome.exception() if state.outcome is not None else None
        if not isinstance(error, GatewayUnavailableError):
            return None
        return patience.wait_after(error, state.attempt_number)

    def stop(state: tenacity.RetryCallState) -> bool:
        next_wait = wait(state)
        waited = timedelta(seconds=state.idle_for)
        return next_wait is None or waited + next_wait >= patience.total or next_wait >= time_left()

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(GatewayUnavailableError),
        stop=stop,
        wait=lambda state: (wait(state) or timedelta(0)).total_seconds(),
        sleep=sleep,
        reraise=True,
    )
    return retrying(ask)
