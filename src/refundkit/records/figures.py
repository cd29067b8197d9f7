"""Figures: what was given back, through which gateway, why, in which month, and what that cost.

Only refunds that succeeded count, each in its own currency; two currencies are never added up (law M4). Test orders
are left out (law S7). A gateway that keeps its fee when money goes back makes the refund cost that fee: a refund of a
part bears its part of the fee, and all parts together bear the fee exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo

from attrs import define, field, frozen

from refundkit.model.credit_notes import CreditNote
from refundkit.model.orders import Order
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund, RefundStatus
from refundkit.model.requests import RefundReason
from refundkit.money import Money

__all__ = ["RefundFigure", "RefundFigures", "fees_lost", "notes_to_correct", "refund_figures"]


@frozen(kw_only=True)
class RefundFigure:
    """The refunds through one gateway, for one reason, in one month and one currency.

    ``reason`` is None for refunds that were made elsewhere, ``month`` ("2026-11") is empty where nobody knows when.
    ``fees`` is what the gateways kept of their fees, one amount per currency that they charge in.
    """

    gateway: str
    reason: RefundReason | None
    month: str
    currency: str
    refunds: int
    refunded: Money
    fees: tuple[Money, ...]


@frozen(kw_only=True)
class RefundFigures:
    """All figures, sorted by month, gateway, reason and currency.

    ``to_correct`` are credit notes whose refund did not last: bookkeeping owes a document that corrects them.
    """

    figures: tuple[RefundFigure, ...]
    to_correct: tuple[CreditNote, ...]

    def total(self, currency: str) -> Money:
        """Return what was given back in *currency*."""
        return Money.sum((one.refunded for one in self.figures if one.currency == currency), currency)

    def fees(self, currency: str) -> Money:
        """Return the fees in *currency* that refunds have cost."""
        kept = (fee for one in self.figures for fee in one.fees if fee.currency == currency)
        return Money.sum(kept, currency)


_Key = tuple[str, str, str, str]


@define
class _Running:
    reason: RefundReason | None
    refunded: Money
    refunds: int = 0
    fees: dict[str, Money] = field(factory=dict)

    def add(self, refund: Refund, fee: Money | None) -> None:
        self.refunds += 1
        self.refunded += refund.amount
        if fee is not None:
            self.fees[fee.currency] = self.fees.get(fee.currency, fee * 0) + fee


def refund_figures(orders: Iterable[Order], *, zone: tzinfo = UTC) -> RefundFigures:
    """Count the refunds of *orders*, one order at a time; months begin at midnight in *zone*."""
    sums: dict[_Key, _Running] = {}
    stale: list[CreditNote] = []
    for order in orders:
        if order.test:
            continue
        stale.extend(notes_to_correct(order))
        for refund, fee in fees_lost(order):
            amount = refund.amount
            key = (_month(refund, zone), refund.gateway, refund.reason_type or "", amount.currency)
            running = sums.setdefault(key, _Running(refund.reason_type, amount * 0))
            running.add(refund, fee)
    return RefundFigures(
        figures=tuple(_figure(key, sums[key]) for key in sorted(sums)), to_correct=tuple(stale)
    )


def notes_to_correct(order: Order) -> tuple[CreditNote, ...]:
    """Return the credit notes of *order* whose refund did not last: it failed, or is pending again."""
    lasting = {refund.id for refund in order.refunds if refund.status is RefundStatus.SUCCEEDED}
    return tuple(note for note in order.credit_notes if note.refund_id not in lasting)


def fees_lost(order: Order) -> Iterator[tuple[Refund, Money | None]]:
    """Yield the refunds that succeeded, oldest first, each with the part of the payment's fee that it cost.

    None where no fee is known. ``Payment.fee`` is what the gateway still keeps, so a fee that it returned is not
    in there any more. After the whole payment was given back, the parts add up to the fee.
    """
    gone: dict[str, Money] = {}
    for refund in sorted(filter(_counts, order.refunds), key=_settled):
        payment = order.payment(refund.payment_id)
        before = gone.get(payment.id, payment.captured * 0)
        if payment.fee is None or refund.amount.currency != before.currency:
            yield refund, None
            continue
        gone[payment.id] = after = before + refund.amount
        yield refund, _borne(payment, payment.fee, after) - _borne(payment, payment.fee, before)


def _borne(payment: Payment, fee: Money, given: Money) -> Money:
    """Return how much of *fee* refunds of *given* together have cost: all of it, once all money went back."""
    if given >= payment.captured:
        return fee if given.is_positive else fee * 0
    return fee.share_rounded_half_up(given.minor, payment.captured.minor)


def _counts(refund: Refund) -> bool:
    return refund.status is RefundStatus.SUCCEEDED


def _settled(refund: Refund) -> datetime:
    return refund.settled_at or refund.created_at or datetime.max.replace(tzinfo=UTC)


def _month(refund: Refund, zone: tzinfo) -> str:
    at = refund.settled_at or refund.created_at
    return "" if at is None else f"{at.astimezone(zone):%Y-%m}"


def _figure(key: _Key, running: _Running) -> RefundFigure:
    month, gateway, _, currency = key
    return RefundFigure(
        gateway=gateway,
        reason=running.reason,
        month=month,
        currency=currency,
        refunds=running.refunds,
        refunded=running.refunded,
        fees=tuple(running.fees[code] for code in sorted(running.fees)),
    )
