"""What PayPal says of a dispute: how far it went, who has to act, and where the money is."""

from __future__ import annotations

from collections.abc import Iterable

from refundkit.errors import InvalidValueError
from refundkit.gateways.paypal.amounts import from_paypal
from refundkit.gateways.paypal.guards import plain
from refundkit.gateways.paypal.reading import SERVICE, items, moment
from refundkit.gateways.records import Record, UnreadableError, inner, text
from refundkit.model.dispute_statuses import normalize_dispute
from refundkit.model.disputes import DisputeFunds
from refundkit.model.reports import DisputeReport
from refundkit.money import Money

__all__ = ["dispute_ids", "dispute_report", "word_of"]

# How the seller sees it; of a case that ended, only the outcome counts.
_OVER = frozenset({"RESOLVED", "APPEALABLE"})


def dispute_ids(listing: Record) -> tuple[str, ...]:
    """Return the ids of the disputes of one capture.

    Raises:
        UnreadableError: if they cannot be read, or are more than one page holds (50).
    """
    # PayPal leaves items out where there are none; what is no list at all must not say so.
    if "id" in listing or not {"items", "links"} & listing.keys():
        raise UnreadableError("the answer is no list of disputes")
    if any(link.get("rel") == "next" for link in items(listing, "links")):
        raise UnreadableError("there are more disputes than one page holds")
    return tuple(text(summary, "dispute_id") for summary in items(listing, "items"))


def dispute_report(record: Record) -> DisputeReport:
    """Read a dispute.

    Raises:
        UnreadableError: if it is no dispute.
        InvalidValueError: if its amount cannot exist.
    """
    said = normalize_dispute(word_of(record), SERVICE, stage=record.get("dispute_life_cycle_stage"))
    disputed = from_paypal(record.get("dispute_amount"))
    settled = _settled(record, disputed.currency)
    funds = said.funds if settled is None else _where(settled)
    return DisputeReport(
        reference=text(record, "dispute_id"),
        amount=_taken(record, disputed, settled) if funds is DisputeFunds.WITHDRAWN else disputed,
        stage=said.stage,
        status=said.status,
        funds=funds,
        reason=plain(record.get("reason")),
        due_by=moment(record, "seller_response_due_date"),
        opened_at=moment(record, "create_time"),
        raw_status=said.raw,
    )


def word_of(record: Record) -> object:
    """Return the word that says most: the outcome of a resolved case, else the seller's state, else the status."""
    if record.get("status") == "RESOLVED":
        return inner(record, "dispute_outcome").get("outcome_code") or "RESOLVED"
    state = record.get("dispute_state")
    return state if state and state not in _OVER else record.get("status")


def _settled(record: Record, currency: str) -> Money | None:
    """Add up what the case took from the seller and gave back (its fees apart); None where PayPal tells nothing."""
    moved = [
        from_paypal(movement.get("amount")) * (1 if movement.get("type") == "DEBIT" else -1)
        for movement in _of_the_seller(items(record, "money_movements"))
    ]
    same = [amount for amount in moved if amount.currency == currency]
    return Money.sum(same, currency) if same and len(same) == len(moved) else None


def _of_the_seller(movements: Iterable[Record]) -> Iterable[Record]:
    return (
        movement
        for movement in movements
        if movement.get("affected_party") == "SELLER" and movement.get("reason") == "DISPUTE_SETTLEMENT"
    )


def _where(settled: Money) -> DisputeFunds:
    return DisputeFunds.WITHDRAWN if settled.is_positive else DisputeFunds.REINSTATED


def _taken(record: Record, disputed: Money, settled: Money | None) -> Money:
    """Say how much is gone: by the movements, by the outcome, or all that was disputed."""
    if settled is not None:
        return settled
    try:
        refunded = from_paypal(inner(record, "dispute_outcome").get("amount_refunded"))
    except (UnreadableError, InvalidValueError):
        return disputed
    return refunded if refunded.currency == disputed.currency and refunded.is_positive else disputed
