"""What it means when Shopify gives no result: tables of HTTP statuses, codes, texts and httpx's exceptions.

What is in no table counts as UNKNOWN, because that is the reading that never gives money back twice. Codes
say that nothing was executed only where the error is about the operation as a whole: an error further down
its path comes from reading the result of what was executed.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from attrs import frozen

from refundkit.errors import RefundkitError
from refundkit.gateways.outcomes import LONGEST_WAIT, Meaning
from refundkit.gateways.records import Record, UnreadableError, scrubber
from refundkit.model.refunds import FailureCode

__all__ = [
    "CLASSES",
    "CODES",
    "DECLINES",
    "STATUSES",
    "TEXTS",
    "Failure",
    "Reply",
    "failure_of_exception",
    "failure_of_reply",
    "failure_of_user_errors",
    "plain",
    "unreadable",
]

# Takes a text of Shopify's on one printable line, without tokens and card numbers (law S2).
plain: Final = scrubber(r"shp[a-z]{2,3}_[A-Za-z0-9_*]+")

STATUSES: Final[Mapping[int, Meaning]] = {
    401: Meaning.NOT_EXECUTED,  # the token
    402: Meaning.NOT_EXECUTED,  # the shop is frozen
    403: Meaning.NOT_EXECUTED,  # a scope
    404: Meaning.NOT_EXECUTED,  # no such shop
    423: Meaning.NOT_EXECUTED,  # the shop is locked
    429: Meaning.NOT_EXECUTED,  # too many requests
    430: Meaning.NOT_EXECUTED,  # refused by Shopify's security layer
}

# Here Retry-After is about the very request; with any other status it says nothing about what was executed.
BUSY: Final = frozenset({429, 430})

# ``extensions.code`` of a top-level error, with HTTP 200.
CODES: Final[Mapping[str, Meaning]] = {
    "THROTTLED": Meaning.NOT_EXECUTED,
    "MAX_COST_EXCEEDED": Meaning.NOT_EXECUTED,
    "ACCESS_DENIED": Meaning.NOT_EXECUTED,
    "SHOP_INACTIVE": Meaning.NOT_EXECUTED,
    # The document or its variables are wrong, which is found out before anything is executed.
    "BAD_REQUEST": Meaning.NOT_EXECUTED,
    "INVALID_VARIABLE": Meaning.NOT_EXECUTED,
    "undefinedField": Meaning.NOT_EXECUTED,
    "directiveCannotBeApplied": Meaning.NOT_EXECUTED,
    "INTERNAL_SERVER_ERROR": Meaning.UNKNOWN,
}

# Texts decide before codes do: about idempotency refundCreate has nothing but texts.
TEXTS: Final[Mapping[str, Meaning]] = {
    "request is currently in progress": Meaning.UNKNOWN,
    # Something of ours ran under this key; what, only the order can tell.
    "idempotency key cannot be used with different operation parameters": Meaning.UNKNOWN,
    "previous request with this idempotency key failed": Meaning.DECLINED,
    # Not seen: our own precaution, should the payment service behind Shopify not have answered.
    "timed out": Meaning.UNKNOWN,
    "timeout": Meaning.UNKNOWN,
    "try again": Meaning.UNKNOWN,
    "something went wrong": Meaning.UNKNOWN,
    "unexpected error": Meaning.UNKNOWN,
    "internal error": Meaning.UNKNOWN,
}

# User errors carry no code; their texts are an open-ended list, some of them the payment service's own.
DECLINES: Final[Mapping[str, FailureCode]] = {
    "greater than net payment received": FailureCode.ALREADY_REFUNDED,
    "Order does not exist": FailureCode.UNAVAILABLE,
    "require a parent_id": FailureCode.UNAVAILABLE,
    "Unable to find parent transaction": FailureCode.UNAVAILABLE,
}

# httpx's exceptions, by name so that the table can be read without httpx.
CLASSES: Final[Mapping[str, Meaning]] = {
    "ConnectError": Meaning.NOT_EXECUTED,
    "ConnectTimeout": Meaning.NOT_EXECUTED,
    "PoolTimeout": Meaning.NOT_EXECUTED,
    "UnsupportedProtocol": Meaning.NOT_EXECUTED,
    # A reset before and a reset after the request arrived look the same.
    "ReadTimeout": Meaning.UNKNOWN,
    "WriteTimeout": Meaning.UNKNOWN,
    "ReadError": Meaning.UNKNOWN,
    "WriteError": Meaning.UNKNOWN,
    "CloseError": Meaning.UNKNOWN,
    "LocalProtocolError": Meaning.UNKNOWN,
    "RemoteProtocolError": Meaning.UNKNOWN,
    "ProxyError": Meaning.UNKNOWN,
    "DecodingError": Meaning.UNKNOWN,
    "TooManyRedirects": Meaning.UNKNOWN,
    "HTTPStatusError": Meaning.UNKNOWN,
    "InvalidURL": Meaning.UNKNOWN,
    # Bases.
    "HTTPError": Meaning.UNKNOWN,
    "RequestError": Meaning.UNKNOWN,
    "TransportError": Meaning.UNKNOWN,
    "TimeoutException": Meaning.UNKNOWN,
    "NetworkError": Meaning.UNKNOWN,
    "ProtocolError": Meaning.UNKNOWN,
}


@frozen(kw_only=True)
class Reply:
    """An HTTP answer: its JSON as ``content`` (None if it is none), ``version`` as Shopify served it."""

    http_status: int
    content: Any
    request_id: str = ""
    version: str = ""
    retry_after_seconds: float | None = None


@frozen(kw_only=True)
class Failure:
    """A call that gave no result. It keeps texts only: nothing of httpx, no body and no header.

    ``retry_after_seconds``: after how long Shopify would take the same request, where it says so.
    """

    meaning: Meaning
    kind: str
    text: str = ""
    code: str = ""
    http_status: int | None = None
    request_id: str = ""
    retry_after_seconds: float | None = None

    @property
    def decline(self) -> FailureCode:
        """Why Shopify declined, in refundkit's words."""
        said = self.text.casefold()
        found = (code for known, code in DECLINES.items() if known.casefold() in said)
        return next(found, FailureCode.DECLINED)

    @property
    def told(self) -> str:
        """What was answered, on one line."""
        status = f"HTTP {self.http_status}" if self.http_status not in (None, 200) else ""
        return ", ".join(part for part in (self.kind, status, self.code, self.text) if part)


def failure_of_exception(error: Exception) -> Failure:
    """Say what an exception means that came instead of a reply."""
    text = str(error) if isinstance(error, (UnreadableError, RefundkitError)) else ""
    name = type(error).__name__
    return Failure(meaning=CLASSES.get(name, Meaning.UNKNOWN), kind=name, text=plain(text))


def failure_of_reply(reply: Reply) -> Failure | None:
    """Say what is wrong with a reply; None if it is a result."""
    if reply.http_status != 200:
        return _refused(reply)
    if not isinstance(reply.content, dict):
        return unreadable(reply, "the answer is no JSON object")
    errors = reply.content.get("errors")
    if errors:
        return _top_level(reply, errors)
    if not isinstance(reply.content.get("data"), dict):
        return unreadable(reply, "the answer has no data")
    return None


def failure_of_user_errors(reply: Reply, errors: list[Any]) -> Failure:
    """Say what the user errors of a refundCreate without a refund mean: a no, unless a text says otherwise."""
    texts = [plain(_inner(error).get("message")) for error in errors]
    text = "; ".join(filter(None, texts))
    return Failure(
        meaning=_by_text(text) or Meaning.DECLINED,
        kind="user error",
        text=text,
        http_status=reply.http_status,
        request_id=reply.request_id,
    )


def unreadable(reply: Reply, what: str) -> Failure:
    """Say that an answer could not be understood, so that nobody knows what was done."""
    return Failure(
        meaning=Meaning.UNKNOWN,
        kind="unreadable answer",
        text=what,
        http_status=reply.http_status,
        request_id=reply.request_id,
    )


def _refused(reply: Reply) -> Failure:
    content = reply.content if isinstance(reply.content, dict) else {}
    errors = content.get("errors")
    # With a status other than 200, ``errors`` is a sentence more often than a list.
    text = errors if isinstance(errors, str) else _texts(errors)
    meaning = STATUSES.get(reply.http_status, Meaning.UNKNOWN)
    return Failure(
        meaning=Meaning.UNKNOWN if _tells_a_refund(reply) else meaning,
        kind="refused",
        text=plain(text),
        http_status=reply.http_status,
        request_id=reply.request_id,
        retry_after_seconds=reply.retry_after_seconds if reply.http_status in BUSY else None,
    )


def _top_level(reply: Reply, errors: Any) -> Failure:
    several = errors if isinstance(errors, list) else []
    codes = [plain(_inner(_inner(error).get("extensions")).get("code")) for error in several]
    text = errors if isinstance(errors, str) else _texts(several)
    return Failure(
        meaning=Meaning.UNKNOWN if _tells_a_refund(reply) else _by_text(text) or _by_codes(several, codes),
        kind="error",
        code=", ".join(dict.fromkeys(filter(None, codes))),
        text=plain(text),
        http_status=reply.http_status,
        request_id=reply.request_id or _request_id(several),
        retry_after_seconds=_refill(reply.content) if "THROTTLED" in codes else None,
    )


def _tells_a_refund(reply: Reply) -> bool:
    """Whether there is one beside the errors or the status: whatever they say, something was executed."""
    return bool(_inner(_inner(_inner(reply.content).get("data")).get("refundCreate")).get("refund"))


def _by_text(text: str) -> Meaning | None:
    said = text.casefold()
    return next((answer for known, answer in TEXTS.items() if known.casefold() in said), None)


def _by_codes(errors: list[Any], codes: list[str]) -> Meaning:
    """All errors must agree that nothing was executed, and be about nothing below the operation itself."""
    paths = [_inner(error).get("path") for error in errors]
    deep = any(isinstance(path, list) and len(path) > 1 and path[0] == "refundCreate" for path in paths)
    agreed = {CODES.get(code, Meaning.UNKNOWN) for code in codes}
    return Meaning.NOT_EXECUTED if agreed == {Meaning.NOT_EXECUTED} and not deep else Meaning.UNKNOWN


def _texts(errors: Any) -> str:
    several = errors if isinstance(errors, list) else []
    return "; ".join(filter(None, (plain(_inner(error).get("message")) for error in several)))


def _request_id(errors: list[Any]) -> str:
    named = (plain(_inner(_inner(error).get("extensions")).get("requestId")) for error in errors)
    return next(filter(None, named), "")


def _refill(content: Record) -> float | None:
    """Read when the bucket will hold as many points as the request costs."""
    cost = _inner(_inner(content.get("extensions")).get("cost"))
    bucket = _inner(cost.get("throttleStatus"))
    numbers = (cost.get("requestedQueryCost"), bucket.get("currentlyAvailable"), bucket.get("restoreRate"))
    if not all(type(number) in (int, Decimal) for number in numbers):
        return None
    requested, available, rate = (float(number) for number in numbers if number is not None)
    seconds = max(requested - available, 0.0) / rate if rate > 0 else None
    return seconds if seconds is not None and seconds <= LONGEST_WAIT else None


def _inner(value: Any) -> Record:
    return value if isinstance(value, dict) else {}
