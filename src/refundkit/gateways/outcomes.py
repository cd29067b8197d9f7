"""How a call to give money back ends when it does not end in a refund: three ways, whoever was asked (law E4)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Final

from refundkit.errors import GatewayUnavailableError, OutcomeUnknownError
from refundkit.gateways.base import RefundCall
from refundkit.gateways.records import UnreadableError
from refundkit.model.refunds import FailureCode, RefundStatus
from refundkit.model.reports import RefundReport

__all__ = [
    "LONGEST_WAIT",
    "Meaning",
    "about",
    "declined",
    "never_connected",
    "not_sent",
    "outcome_unknown",
    "retry_after",
]

# A day, in seconds: whatever asks for more is a mistake, and the sweep is there long before.
LONGEST_WAIT: Final = 86_400
# requests reports "refused" and "reset" as the same ConnectionError; only urllib3's reason inside tells them
# apart (measured with requests 2.34).
_NEVER_CONNECTED: Final = frozenset({"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"})
# Shopify writes whole seconds as 2.0.
_SECONDS: Final = re.compile(r"([0-9]{1,5})(?:\.0{1,3})?", re.ASCII)


class Meaning(StrEnum):
    """What an answer other than a refund says about the refund; whatever is in no table is UNKNOWN."""

    DECLINED = "declined"
    NOT_EXECUTED = "not_executed"
    UNKNOWN = "unknown"


def about(call: RefundCall, report: RefundReport) -> RefundReport:
    """Return *report* if it is about the refund that was asked for.

    Raises:
        UnreadableError: if it tells another id of ours: somebody on the way has mixed up two answers.
    """
    if report.refund_id in (None, call.refund.id):
        return report
    raise UnreadableError("the answer is about another refund")


def declined(call: RefundCall, failure: FailureCode, reason: str) -> RefundReport:
    """Report that the service said no, and why."""
    return RefundReport(
        status=RefundStatus.FAILED,
        amount=call.refund.amount,
        refund_id=call.refund.id,
        payment=call.payment.reference,
        failure=failure,
        reason=reason,
    )


def not_sent(call: RefundCall, gateway: str, why: str) -> GatewayUnavailableError:
    """Return the error for a stored request that must not be sent: it could give back more than was meant."""
    return GatewayUnavailableError(
        f"The stored request of refund {call.refund.id} {why}; nothing was sent.",
        gateway=gateway,
        refund_id=call.refund.id,
    )


def outcome_unknown(call: RefundCall, service: str, told: str, **values: Any) -> OutcomeUnknownError:
    """Return the error for an answer that leaves it open whether money moved; *told* is what was answered."""
    return OutcomeUnknownError(
        f"It is not known whether {service} made refund {call.refund.id} ({told}); "
        f"its money stays reserved until {service} says what is true.",
        **values,
        refund_id=call.refund.id,
    )


def never_connected(error: BaseException | None) -> bool:
    """Whether *error*, a ConnectionError of requests', says that no connection was made: not a byte was sent."""
    inner = next(iter(error.args), None) if error is not None else None
    return type(getattr(inner, "reason", None)).__name__ in _NEVER_CONNECTED


def retry_after(header: object) -> int | None:
    """Read how many seconds a service asks to be left alone, from its Retry-After; None if that is not certain.

    Dates are not read: they are true only if both clocks are.

    >>> retry_after("2"), retry_after("2.0"), retry_after("Wed, 21 Oct 2026 07:28:00 GMT")
    (2, 2, None)
    """
    found = _SECONDS.fullmatch(header) if isinstance(header, str) else None
    seconds = int(found[1]) if found else None
    return seconds if seconds is not None and seconds <= LONGEST_WAIT else None
