"""What Stripe's records mean: refund, dispute and payment become reports.

Read strictly where money is concerned: an amount that is no int, a currency that is unknown, a record of
another kind raise. Words that Stripe may add to at any time (a status) are taken as they come.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from refundkit.errors import InvalidValueError
from refundkit.gateways.records import Record, UnreadableError, inner, text
from refundkit.gateways.stripe.amounts import from_stripe
from refundkit.gateways.stripe.answers import plain
from refundkit.model.dispute_statuses import normalize_dispute
from refundkit.model.disputes import DisputeFunds
from refundkit.model.refunds import FailureCode, RefundStatus
from refundkit.model.reports import DisputeReport, RefundReport
from refundkit.model.statuses import NormalizedStatus, normalize_status
from refundkit.money import Money

__all__ = [
    "FAILURES",
    "REFUND_ID",
    "captured_of",
    "charge_of",
    "dispute_report",
    "fee_of",
    "is_refund",
    "refund_report",
]

# Under this name a refund carries our id, so that it is found again after any crash.
REFUND_ID: Final = "refundkit_id"
# Whose words `normalize_status` and `normalize_dispute` are asked for.
SERVICE: Final = "stripe"
_OURS = re.compile(r"[A-Za-z0-9_.:-]{1,255}", re.ASCII)
_END_OF_TIME = 253_402_300_799  # 9999-12-31, in seconds

FAILURES: Final[Mapping[str, FailureCode]] = {
    "lost_or_stolen_card": FailureCode.RETURNED,
    "expired_or_canceled_card": FailureCode.RETURNED,
    "charge_for_pending_refund_disputed": FailureCode.DISPUTED,
    "insufficient_funds": FailureCode.INSUFFICIENT_FUNDS,
    "declined": FailureCode.DECLINED,
    "merchant_request": FailureCode.CANCELED,
    "unknown": FailureCode.UNKNOWN,
}


def refund_report(record: Record, payment: str, known: Iterable[str]) -> RefundReport:
    """Read a refund; *known* are all ids of the *payment* that it is expected to come out of.

    Raises:
        UnreadableError: if it is no refund.
        InvalidValueError: if its amount cannot exist.
    """
    _expect(record, "refund")
    said = normalize_status(record.get("status"), SERVICE)
    failed = said.status is RefundStatus.FAILED
    return RefundReport(
        # None, a word from the future, or one that is of disputes: not known to have ended.
        status=said.status if isinstance(said.status, RefundStatus) else RefundStatus.PENDING,
        amount=_money(record, "amount"),
        reference=text(record, "id"),
        raw_status=said.raw,
        refund_id=_our_id(record),
        payment=_source(record, payment, known),
        failure=_failure(record, said) if failed else None,
        reason=_word(record, "failure_reason") if failed else "",
        at=_moment(record, "created"),
    )


def is_refund(record: Record) -> bool:
    """Whether money was given back: Stripe also books the part that was never captured as a refund."""
    return record.get("reason") != "expired_uncaptured_charge"


def dispute_report(record: Record) -> DisputeReport:
    """Read a dispute.

    Raises:
        UnreadableError: if it is no dispute.
        InvalidValueError: if its amount cannot exist.
    """
    _expect(record, "dispute")
    said = normalize_dispute(record.get("status"), SERVICE)
    return DisputeReport(
        reference=text(record, "id"),
        amount=_money(record, "amount"),
        stage=said.stage,
        status=said.status,
        funds=_funds(record, said.funds),
        reason=_word(record, "reason"),
        due_by=_moment(inner(record, "evidence_details"), "due_by"),
        opened_at=_moment(record, "created"),
        raw_status=said.raw,
    )


def captured_of(record: Record) -> Money:
    """Return what was captured of a payment intent (all of it) or of a charge; zero before capture.

    localstripe tells neither amount, only whether the charge is captured.
    """
    _expect(record, "payment_intent", "charge")
    if "amount_received" in record:
        return _money(record, "amount_received")
    charge = charge_of(record)
    if charge.get("captured") is not True or charge.get("status") != "succeeded":
        return from_stripe(0, _currency(record))
    return _money(charge, "amount_captured" if "amount_captured" in charge else "amount")


def charge_of(record: Record) -> Record:
    """Return the charge of a payment intent, or the charge itself; {} while there is none.

    Raises:
        UnreadableError: if there is one, and nothing but its id is told.
    """
    if record.get("object") == "charge":
        return record
    if isinstance(record.get("latest_charge"), str):
        raise UnreadableError("latest_charge is not expanded")
    return inner(record, "latest_charge")


def fee_of(charge: Record, currency: str) -> Money | None:
    """Return Stripe's fee, if it was taken in *currency*; another one would need an exchange rate."""
    transaction = inner(charge, "balance_transaction")
    if not transaction or str(transaction.get("currency")).upper() != currency:
        return None
    fee = transaction.get("fee")
    try:
        return from_stripe(fee, currency) if type(fee) is int and fee >= 0 else None
    except InvalidValueError:  # 12.34 ISK: a fee is worth knowing, but not worth failing for
        return None


def _failure(record: Record, said: NormalizedStatus) -> FailureCode:
    if said.failure is FailureCode.CANCELED:
        return FailureCode.CANCELED
    return FAILURES.get(_word(record, "failure_reason"), FailureCode.UNKNOWN)


def _source(record: Record, payment: str, known: Iterable[str]) -> str | None:
    """Say what it came out of: *payment* if one of its *known* ids is named, else what Stripe names."""
    named = [name for name in (_id_of(record.get(key)) for key in ("payment_intent", "charge")) if name]
    if set(named) & set(known):
        return payment
    return named[0] if named else None


def _our_id(record: Record) -> str | None:
    # Anybody may write metadata by hand: what cannot be an id of ours is none.
    ours = inner(record, "metadata").get(REFUND_ID)
    return ours if type(ours) is str and _OURS.fullmatch(ours) else None


def _funds(record: Record, by_status: DisputeFunds) -> DisputeFunds:
    """Say where the money is: by Stripe's movements where there are any (a won case is paid back later)."""
    movements = record.get("balance_transactions")
    records = movements if isinstance(movements, list) else []
    amounts = [record.get("amount") for record in records if isinstance(record, dict)]
    known = [amount for amount in amounts if type(amount) is int]
    if not known or len(known) < len(records):
        return by_status
    taken, returned = sum(amount < 0 for amount in known), sum(amount > 0 for amount in known)
    # In the account's currency, what comes back is not what was taken: the rate has changed in between.
    is_over = returned >= taken and by_status is not DisputeFunds.WITHDRAWN
    return DisputeFunds.REINSTATED if is_over or sum(known) >= 0 else DisputeFunds.WITHDRAWN


def _expect(record: Record, *kinds: str) -> None:
    if record.get("object") not in kinds:
        raise UnreadableError(f"the answer is no {' and no '.join(kinds)}")


def _money(record: Record, name: str) -> Money:
    units = record.get(name)
    if type(units) is not int or units < 0:
        raise UnreadableError(f"{name} is no whole number of zero and more")
    return from_stripe(units, _currency(record))


def _currency(record: Record) -> str:
    return text(record, "currency").upper()


def _word(record: Record, name: str) -> str:
    return plain(record.get(name))


def _id_of(value: Any) -> str | None:
    """Take an id, or the id of a record that was expanded in its place."""
    found = value.get("id") if isinstance(value, dict) else value
    return found if type(found) is str else None


def _moment(record: Record, name: str) -> datetime | None:
    seconds = record.get(name)
    if type(seconds) is not int or not 0 <= seconds <= _END_OF_TIME:
        return None
    return datetime.fromtimestamp(seconds, UTC)
