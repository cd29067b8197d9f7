"""What it means when Stripe's SDK raises: one table of exception classes, one of error codes.

The tables are keyed by name, so that they can be read and tested without the SDK. A class that is in no
table counts as UNKNOWN, because that is the reading that never gives money back twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from attrs import frozen

from refundkit.errors import RefundkitError
from refundkit.gateways.outcomes import Meaning, never_connected, retry_after
from refundkit.gateways.records import UnreadableError, scrubber
from refundkit.model.refunds import FailureCode

__all__ = [
    "CLASSES",
    "CODES",
    "DECLINES",
    "NOES",
    "STATUSES",
    "TEXTS",
    "Failure",
    "attempt",
    "plain",
]

T = TypeVar("T")

# Takes a text of Stripe's on one printable line, without keys and card numbers (law S2).
plain: Final = scrubber(r"(?:sk|rk|pk|whsec)_[A-Za-z0-9_*]+")

CLASSES: Final[Mapping[str, Meaning]] = {
    "InvalidRequestError": Meaning.DECLINED,  # HTTP 400 and 404
    "CardError": Meaning.DECLINED,  # HTTP 402
    "AuthenticationError": Meaning.NOT_EXECUTED,  # HTTP 401
    "PermissionError": Meaning.NOT_EXECUTED,  # HTTP 403
    "RateLimitError": Meaning.NOT_EXECUTED,  # HTTP 429 precedes the idempotency layer
    "IdempotencyError": Meaning.UNKNOWN,  # the key was used with other parameters: something of ours ran
    "APIError": Meaning.UNKNOWN,  # HTTP 409, 424, 5xx, and a 200 that cannot be read
    "APIConnectionError": Meaning.UNKNOWN,  # but see `never_connected`
    # Bases, and classes that do not belong to /v1/refunds: if one comes, nothing is certain.
    "StripeError": Meaning.UNKNOWN,
    "StripeErrorWithParamCode": Meaning.UNKNOWN,
    "OAuthError": Meaning.UNKNOWN,
    "SignatureVerificationError": Meaning.UNKNOWN,
    "AlreadyCanceledError": Meaning.UNKNOWN,
    "BlockedByStripeError": Meaning.UNKNOWN,
    "CannotProceedError": Meaning.UNKNOWN,
    "CapabilityNotEnabledError": Meaning.UNKNOWN,
    "ControlledByAlternateResourceError": Meaning.UNKNOWN,
    "FeatureNotEnabledError": Meaning.UNKNOWN,
    "FinancialAccountNotOpenError": Meaning.UNKNOWN,
    "FxQuoteNeedsRefreshError": Meaning.UNKNOWN,
    "InsufficientFundsError": Meaning.UNKNOWN,
    "InvalidPaymentMethodError": Meaning.UNKNOWN,
    "InvalidPayoutMethodError": Meaning.UNKNOWN,
    "InvalidVaultedCredentialError": Meaning.UNKNOWN,
    "NotCancelableError": Meaning.UNKNOWN,
    "QuotaExceededError": Meaning.UNKNOWN,
    "RecipientNotNotifiableError": Meaning.UNKNOWN,
    "TemporarySessionExpiredError": Meaning.UNKNOWN,
    "VerificationAttemptFailedError": Meaning.UNKNOWN,
    "VerificationExpiredError": Meaning.UNKNOWN,
    "VerificationNotInitiatedError": Meaning.UNKNOWN,
}

# A code says more than the class that it comes in.
CODES: Final[Mapping[str, Meaning]] = {
    "idempotency_key_in_use": Meaning.UNKNOWN,
}

# Which types of errors are a "no" of Stripe's; any other is no evidence (law E4).
NOES: Final = frozenset({"invalid_request_error", "card_error"})

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

TOO_MANY: Final = 429


@frozen(kw_only=True)
class Failure:
    """A call that gave no result. It keeps texts only: nothing of the SDK, no body and no header."""

    meaning: Meaning
    kind: str
    code: str
    text: str
    http_status: int | None
    request_id: str
    retry_after_seconds: float | None = None

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
        meaning=_meaning(error, code),
        kind=type(error).__name__,
        code=code,
        text=_text(error),
        http_status=_http_status(error),
        request_id=plain(getattr(error, "request_id", None)),
        retry_after_seconds=_wait(error),
    )


def _meaning(error: Exception, code: str) -> Meaning:
    if _class_name(error) == "APIConnectionError" and never_connected(error.__cause__):
        return Meaning.NOT_EXECUTED
    meaning = CODES.get(code) or CLASSES.get(_class_name(error), Meaning.UNKNOWN)
    # The SDK makes an InvalidRequestError of every 400, also of one that tells of trouble inside of Stripe.
    is_no = meaning is not Meaning.DECLINED or _type(error) in NOES
    return meaning if is_no else Meaning.UNKNOWN


def _type(error: Exception) -> str:
    return plain(getattr(getattr(error, "error", None), "type", None))


def _class_name(error: Exception) -> str:
    # The OAuth family has an InvalidRequestError of its own, which is no decline.
    names = [kind.__name__ for kind in type(error).__mro__]
    if "OAuthError" in names:
        return "OAuthError"
    return names[0] if "StripeError" in names else ""


def _code(error: Exception) -> str:
    # Several classes of the SDK leave their own code empty and have it in the parsed error only.
    parsed = getattr(error, "error", None)
    return plain(getattr(parsed, "code", None) or getattr(error, "code", None))


def _text(error: Exception) -> str:
    if isinstance(error, (UnreadableError, RefundkitError)):
        return plain(str(error))
    # Only what Stripe wrote for people: the SDK's own message quotes whole bodies.
    return plain(getattr(getattr(error, "error", None), "message", None))


def _http_status(error: Exception) -> int | None:
    status = getattr(error, "http_status", None)
    return status if type(status) is int else None


def _wait(error: Exception) -> float | None:
    # A 503 may come with the same header, but after it nobody knows what was executed.
    headers = getattr(error, "headers", None) if _http_status(error) == TOO_MANY else None
    return retry_after(headers.get("retry-after")) if isinstance(headers, Mapping) else None
