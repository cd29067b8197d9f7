"""What it means when Stripe's SDK raises: one table of exception classes, one of error codes.

The tables are keyed by name, so that they can be read and tested without the SDK. A class that is in no
table counts as UNKNOWN, because that is the reading that never gives money back twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from attrs import frozen

from refundkit.errors import RefundkitError
from refundkit.model.refunds import FailureCode

__all__ = [
    "CLASSES",
    "CODES",
    "DECLINES",
    "STATUSES",
    "TEXTS",
    "Answer",
    "Failure",
    "UnreadableError",
    "attempt",
]

T = TypeVar("T")


class Answer(StrEnum):
    """What a failed call to Stripe says about the refund."""

    DECLINED = "declined"
    NOT_EXECUTED = "not_executed"
    UNKNOWN = "unknown"


CLASSES: Final[Mapping[str, Answer]] = {
    "InvalidRequestError": Answer.DECLINED,  # HTTP 400 and 404
    "CardError": Answer.DECLINED,  # HTTP 402
    "AuthenticationError": Answer.NOT_EXECUTED,  # HTTP 401
    "PermissionError": Answer.NOT_EXECUTED,  # HTTP 403
    "RateLimitError": Answer.NOT_EXECUTED,  # HTTP 429 precedes the idempotency layer
    "IdempotencyError": Answer.UNKNOWN,  # the key was used with other parameters: something of ours ran
    "APIError": Answer.UNKNOWN,  # HTTP 409, 424, 5xx, and a 200 that cannot be read
    "APIConnectionError": Answer.UNKNOWN,  # but see `_never_connected`
    # Bases, and classes that do not belong to /v1/refunds: if one comes, nothing is certain.
    "StripeError": Answer.UNKNOWN,
    "StripeErrorWithParamCode": Answer.UNKNOWN,
    "OAuthError": Answer.UNKNOWN,
    "SignatureVerificationError": Answer.UNKNOWN,
    "AlreadyCanceledError": Answer.UNKNOWN,
    "BlockedByStripeError": Answer.UNKNOWN,
    "CannotProceedError": Answer.UNKNOWN,
    "CapabilityNotEnabledError": Answer.UNKNOWN,
    "ControlledByAlternateResourceError": Answer.UNKNOWN,
    "FeatureNotEnabledError": Answer.UNKNOWN,
    "FinancialAccountNotOpenError": Answer.UNKNOWN,
    "FxQuoteNeedsRefreshError": Answer.UNKNOWN,
    "InsufficientFundsError": Answer.UNKNOWN,
    "InvalidPaymentMethodError": Answer.UNKNOWN,
    "InvalidPayoutMethodError": Answer.UNKNOWN,
    "InvalidVaultedCredentialError": Answer.UNKNOWN,
    "NotCancelableError": Answer.UNKNOWN,
    "QuotaExceededError": Answer.UNKNOWN,
    "RecipientNotNotifiableError": Answer.UNKNOWN,
    "TemporarySessionExpiredError": Answer.UNKNOWN,
    "VerificationAttemptFailedError": Answer.UNKNOWN,
    "VerificationExpiredError": Answer.UNKNOWN,
    "VerificationNotInitiatedError": Answer.UNKNOWN,
}

# A code says more than the class that it comes in.
CODES: Final[Mapping[str, Answer]] = {
    "idempotency_key_in_use": Answer.UNKNOWN,
}

DECLINES: Final[Mapping[str, FailureCode]] = {
    "charge_already_refunded": FailureCode.ALREADY_REFUNDED,
    "charge_disputed": FailureCode.DISPUTED,
    "refund_disputed_payment": FailureCode.DISPUTED,
    "balance_insufficient": FailureCode.INSUFFICIENT_FUNDS,
    "insufficient_funds": FailureCode.INSUFFICIENT_FUNDS,
    "resource_missing": FailureCode.UNAVAILABLE,
}

# An amount above what is left comes without a code; Stripe's text is all there is.
TEXTS: Final[Mapping[str, FailureCode]] = {
    "greater than unrefunded amount": FailureCode.ALREADY_REFUNDED,
}

STATUSES: Final[Mapping[int, FailureCode]] = {
    404: FailureCode.UNAVAILABLE,
}


class UnreadableError(ValueError):
    """Stripe's answer lacks something; the message names the field, never its value."""


@frozen(kw_only=True)
class Failure:
    """A call that gave no result. It keeps texts only: nothing of the SDK, no body and no header."""

    answer: Answer
    kind: str
    code: str
    text: str
    http_status: int | None
    request_id: str

    @property
    def decline(self) -> FailureCode:
        """Why Stripe declined, in refundkit's words."""
        for known, code in TEXTS.items():
            if known in self.text:
                return code
        fallback = STATUSES.get(self.http_status or 0, FailureCode.DECLINED)
        return DECLINES.get(self.code, fallback)

    @property
    def reason(self) -> str:
        """Stripe's own code and text."""
        return ": ".join(part for part in (self.code, self.text) if part) or self.kind


def attempt(call: Callable[[], T]) -> T | Failure:
    """Return the result of *call*, or what its exception means.

    Whoever raises does so after this has returned: inside an ``except`` the SDK's exception, which leads to
    the API key, would stay reachable as ``__context__`` (law S2).
    """
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - the SDK raises TypeError, AttributeError and warnings too
        return _failure(error)


def _failure(error: Exception) -> Failure:
    code = _code(error)
    return Failure(
        answer=_answer(error, code),
        kind=type(error).__name__,
        code=code,
        text=_text(error),
        http_status=_http_status(error),
        request_id=_plain(getattr(error, "request_id", None)),
    )


def _answer(error: Exception, code: str) -> Answer:
    if _never_connected(error):
        return Answer.NOT_EXECUTED
    return CODES.get(code) or CLASSES.get(_class_name(error), Answer.UNKNOWN)


def _class_name(error: Exception) -> str:
    # The OAuth family has an InvalidRequestError of its own, which is no decline.
    names = [kind.__name__ for kind in type(error).__mro__]
    if "OAuthError" in names:
        return "OAuthError"
    return names[0] if "StripeError" in names else ""


def _never_connected(error: Exception) -> bool:
    """Whether no connection was ever made, so that not a byte was sent.

    requests reports "refused" and "reset" as the same ConnectionError; only urllib3's own reason inside it
    tells them apart (measured with requests 2.34).
    """
    cause = error.__cause__ if _class_name(error) == "APIConnectionError" else None
    inner = next(iter(cause.args), None) if cause else None
    return type(getattr(inner, "reason", None)).__name__ in {"NewConnectionError", "NameResolutionError"}


def _code(error: Exception) -> str:
    # Several classes of the SDK leave their own code empty and have it in the parsed error only.
    parsed = getattr(error, "error", None)
    return _plain(getattr(parsed, "code", None) or getattr(error, "code", None))


def _text(error: Exception) -> str:
    if isinstance(error, (UnreadableError, RefundkitError)):
        return _plain(str(error))
    # Only what Stripe wrote for people: the SDK's own message quotes whole bodies.
    return _plain(getattr(getattr(error, "error", None), "message", None))


def _http_status(error: Exception) -> int | None:
    status = getattr(error, "http_status", None)
    return status if type(status) is int else None


_SECRETS = re.compile(r"(?:sk|rk|pk|whsec)_[A-Za-z0-9_*]+|[0-9](?:[ -]?[0-9]){12,18}")


def _plain(value: Any) -> str:
    """Take a text of Stripe's on one printable line, without keys and card numbers (law S2)."""
    if type(value) is not str:
        return ""
    line = " ".join(value[:2_000].split())
    printable = "".join(character for character in line if character.isprintable())
    return _SECRETS.sub("[hidden]", printable)[:500]
