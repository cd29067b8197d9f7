"""What it means when PayPal says no: one table of HTTP statuses, one of issues.

PayPal names the trouble in ``details[].issue``; descriptions "can change" and are only repeated to people.
The issues are those of the OpenAPI description of Payments v2, and below them those that newer documentation
adds. An issue in no table is a decline like any other; a status in no table counts as UNKNOWN, because that is
the reading that never gives money back twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from refundkit.gateways.outcomes import Meaning, retry_after
from refundkit.gateways.paypal.guards import plain
from refundkit.gateways.paypal.transport import Answer, Silence
from refundkit.gateways.records import Record
from refundkit.model.refunds import FailureCode

__all__ = ["DECLINES", "ISSUES", "STATUSES", "Refusal", "refusal_of"]


TOO_MANY: Final = 429

STATUSES: Final[Mapping[int, Meaning]] = {
    400: Meaning.DECLINED,  # INVALID_REQUEST
    401: Meaning.NOT_EXECUTED,  # and a new token was refused as well
    403: Meaning.NOT_EXECUTED,  # NOT_AUTHORIZED: the app lacks a permission
    404: Meaning.DECLINED,  # RESOURCE_NOT_FOUND: no such capture in this account
    409: Meaning.UNKNOWN,  # PREVIOUS_REQUEST_IN_PROGRESS
    422: Meaning.DECLINED,  # UNPROCESSABLE_ENTITY: by issue
    TOO_MANY: Meaning.NOT_EXECUTED,  # RATE_LIMIT_REACHED
}

# An issue says more than the status that it comes with.
ISSUES: Final[Mapping[str, Meaning]] = {
    "PREVIOUS_REQUEST_IN_PROGRESS": Meaning.UNKNOWN,
    "DUPLICATE_REQUEST_ID": Meaning.UNKNOWN,  # the key was used for something else: something of ours ran
}

DECLINES: Final[Mapping[str, FailureCode]] = {
    "CAPTURE_FULLY_REFUNDED": FailureCode.ALREADY_REFUNDED,
    "REFUND_AMOUNT_EXCEEDED": FailureCode.ALREADY_REFUNDED,
    "REFUND_TIME_LIMIT_EXCEEDED": FailureCode.WINDOW_CLOSED,
    "REFUND_FAILED_INSUFFICIENT_FUNDS": FailureCode.INSUFFICIENT_FUNDS,
    "TRANSACTION_DISPUTED": FailureCode.DISPUTED,
    "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK": FailureCode.DISPUTED,
    "PENDING_CAPTURE": FailureCode.UNAVAILABLE,
    "INVALID_RESOURCE_ID": FailureCode.UNAVAILABLE,
    "PAYEE_ACCOUNT_LOCKED_OR_CLOSED": FailureCode.UNAVAILABLE,
    "PAYER_ACCOUNT_LOCKED_OR_CLOSED": FailureCode.UNAVAILABLE,
    "PAYEE_ACCOUNT_RESTRICTED": FailureCode.UNAVAILABLE,
    "REFUND_NOT_ALLOWED": FailureCode.DECLINED,
    "PARTIAL_REFUND_NOT_ALLOWED": FailureCode.DECLINED,
    "MAX_NUMBER_OF_REFUNDS_EXCEEDED": FailureCode.DECLINED,
    "REFUND_IS_RESTRICTED": FailureCode.DECLINED,
    "DUPLICATE_INVOICE_ID": FailureCode.DECLINED,
    "PLATFORM_FEE_EXCEEDED": FailureCode.DECLINED,
    "PLATFORM_FEE_NOT_ENABLED": FailureCode.DECLINED,
    "CANNOT_BE_ZERO_OR_NEGATIVE": FailureCode.DECLINED,
    "CANNOT_BE_NEGATIVE": FailureCode.DECLINED,
    "DECIMAL_PRECISION": FailureCode.DECLINED,
    "DECIMALS_NOT_SUPPORTED": FailureCode.DECLINED,
    "INVALID_CURRENCY_CODE": FailureCode.DECLINED,
    "CURRENCY_MISMATCH": FailureCode.DECLINED,
    "REFUND_CAPTURE_CURRENCY_MISMATCH": FailureCode.DECLINED,
    "REFUND_AMOUNT_TOO_LOW": FailureCode.DECLINED,
    "MISSING_REQUIRED_PARAMETER": FailureCode.DECLINED,
    "INVALID_PARAMETER_SYNTAX": FailureCode.DECLINED,
    "INVALID_PARAMETER_VALUE": FailureCode.DECLINED,
    "INVALID_STRING_LENGTH": FailureCode.DECLINED,
    "INVALID_STRING_MAX_LENGTH": FailureCode.DECLINED,
    "MALFORMED_REQUEST_JSON": FailureCode.DECLINED,
    # Only in newer documentation.
    "CAPTURED_AMOUNT_FULLY_REFUNDED": FailureCode.ALREADY_REFUNDED,
    "DUPLICATE_REFUND": FailureCode.ALREADY_REFUNDED,
    "REFUND_TIME_EXCEEDED_FOR_PAYMENT_SOURCE": FailureCode.WINDOW_CLOSED,
    "REFUND_FUNDS_NOT_AVAILABLE": FailureCode.INSUFFICIENT_FUNDS,
    "CAPTURE_DISPUTED_PARTIAL_REFUND_NOT_ALLOWED": FailureCode.DISPUTED,
    "KYC_HOLD": FailureCode.UNAVAILABLE,
    "COMPLIANCE_VIOLATION": FailureCode.UNAVAILABLE,
    "CANNOT_REFUND_SELF": FailureCode.DECLINED,
    "MAX_REFUND_LIMIT_EXCEEDED": FailureCode.DECLINED,
    "MAX_PAYEE_AMOUNT_LIMIT_EXCEEDED": FailureCode.DECLINED,
    "MAX_PAYER_AMOUNT_LIMIT_EXCEEDED": FailureCode.DECLINED,
    "PAYEE_REFUND_AMOUNT_LIMIT_EXCEEDED": FailureCode.DECLINED,
    "PAYER_REFUND_AMOUNT_LIMIT_EXCEEDED": FailureCode.DECLINED,
    "REFUND_CURRENCY_MISMATCH": FailureCode.DECLINED,
    "REFUND_FAILED_BY_PAYMENT_SOURCE": FailureCode.DECLINED,
    "REFUND_NOT_SUPPORTED_FOR_PAYMENT_SOURCE": FailureCode.DECLINED,
    "REFUND_REFUSED_BY_PROCESSOR": FailureCode.DECLINED,
    "REFUND_TRANSACTION_REFUSED": FailureCode.DECLINED,
}


@frozen(kw_only=True)
class Refusal:
    """An answer that is not what was asked for. It keeps texts only: no body and no header."""

    meaning: Meaning
    http_status: int | None
    code: str
    text: str
    debug_id: str = ""
    retry_after_seconds: float | None = None

    @property
    def decline(self) -> FailureCode:
        """Why PayPal declined, in refundkit's words."""
        fallback = FailureCode.UNAVAILABLE if self.http_status == 404 else FailureCode.DECLINED
        return DECLINES.get(self.code, fallback)

    @property
    def reason(self) -> str:
        """PayPal's own issue and description."""
        return ": ".join(part for part in (self.code, self.text) if part)

    def __str__(self) -> str:
        status = f"HTTP {self.http_status}" if self.http_status else ""
        return ", ".join(part for part in (status, self.reason) if part)


def refusal_of(answer: Answer | Silence) -> Refusal:
    """Say what *answer* means, given that it is no readable result."""
    if isinstance(answer, Silence):
        meaning = Meaning.UNKNOWN if answer.sent else Meaning.NOT_EXECUTED
        return Refusal(meaning=meaning, http_status=None, code="", text=plain(answer.why))
    record = answer.record or {}
    detail = _detail(record)
    named = plain(detail.get("issue") or record.get("name"))
    # Only the refusal of a token is called "error"; from anybody else it is no word of PayPal's on the refund.
    code = named or plain(record.get("error"))
    return Refusal(
        meaning=ISSUES.get(code) or _by_status(answer, record, is_paypals=bool(named)),
        http_status=answer.status,
        code=code,
        text=plain(detail.get("description") or record.get("message") or record.get("error_description")),
        debug_id=plain(record.get("debug_id") or answer.headers.get("paypal-debug-id")),
        retry_after_seconds=_wait(answer),
    )


def _wait(answer: Answer) -> float | None:
    # A 503 may come with the same header, but after it nobody knows what was executed.
    return retry_after(answer.headers.get("retry-after")) if answer.status == TOO_MANY else None


def _by_status(answer: Answer, record: Record, *, is_paypals: bool) -> Meaning:
    meaning = STATUSES.get(answer.status, Meaning.UNKNOWN)
    if {"id", "status"} <= record.keys():
        # A refund, whatever the status of the answer says.
        return Meaning.UNKNOWN
    # A 422 in HTML is some proxy's: no evidence of what PayPal did (law E4).
    return Meaning.UNKNOWN if meaning is Meaning.DECLINED and not is_paypals else meaning


def _detail(record: Record) -> Record:
    """Return the detail that says most: one that leaves the outcome open, one that is known, or the first."""
    details = record.get("details")
    found = [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []
    return min(found, key=_rank, default={})


def _rank(detail: Record) -> int:
    issue = plain(detail.get("issue"))
    return 0 if issue in ISSUES else 1 if issue in DECLINES else 2
