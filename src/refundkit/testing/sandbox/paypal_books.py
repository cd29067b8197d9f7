"""PayPal's books: captures, their refunds and disputes, and the records in which PayPal shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from attrs import define, field

from refundkit.money import Money
from refundkit.testing.sandbox.paypal_amounts import written

__all__ = ["Books", "Capture", "Dispute", "Refund"]

WEB: Final = "https://api.sandbox.paypal.com"
# PayPal's times may carry the offset of its headquarters.
_OFFSET = timezone(timedelta(hours=-7))
_DEAD = frozenset({"FAILED", "CANCELLED"})
Record = dict[str, Any]


def _timestamp(at: datetime) -> str:
    return at.astimezone(_OFFSET).isoformat(timespec="seconds")


def _link(path: str, rel: str) -> Record:
    return {"href": f"{WEB}{path}", "rel": rel, "method": "GET"}


@define(kw_only=True)
class Capture:
    """One capture; ``status`` is PayPal's word before any refund."""

    id: str
    order_id: str
    amount: Money
    at: datetime
    status: str = "COMPLETED"
    custom_id: str | None = None
    tells_order: bool = True


@define(kw_only=True)
class Refund:
    """One refund of a capture; ``reason`` is that of its status."""

    id: str
    capture_id: str
    amount: Money
    at: datetime
    status: str = "COMPLETED"
    reason: str | None = None
    custom_id: str | None = None
    total_so_far: Money = field()

    @property
    def is_alive(self) -> bool:
        """Whether its money is gone or on its way."""
        return self.status not in _DEAD


@define(kw_only=True)
class Dispute:
    """One case about one capture; ``taken`` is what PayPal took from the seller for it."""

    id: str
    capture_id: str
    amount: Money
    at: datetime
    reason: str
    stage: str
    status: str
    state: str
    outcome: str | None = None
    taken: Money | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is undecided."""
        return self.status != "RESOLVED"


class Books:
    """All that PayPal has written down, by id."""

    def __init__(self) -> None:
        self.captures: dict[str, Capture] = {}
        self.refunds: dict[str, Refund] = {}
        self.disputes: dict[str, Dispute] = {}
        self._last = 0

    def next_id(self, letter: str) -> str:
        """Return an id as PayPal writes them: 17 capital letters and digits."""
        self._last += 1
        return f"{self._last:016d}{letter}"

    def refunds_of(self, capture_id: str) -> Iterator[Refund]:
        """Yield the refunds of one capture."""
        return (refund for refund in self.refunds.values() if refund.capture_id == capture_id)

    def disputes_of(self, capture_id: str) -> Iterator[Dispute]:
        """Yield the disputes of one capture, latest first."""
        return (one for one in reversed(self.disputes.values()) if one.capture_id == capture_id)

    def returned(self, capture: Capture) -> Money:
        """Return what was given back of a capture, pending refunds included."""
        alive = (refund.amount for refund in self.refunds_of(capture.id) if refund.is_alive)
        return Money.sum(alive, capture.amount.currency)

    def taken(self, capture: Capture) -> Money:
        """Return what disputes took of a capture."""
        taken = (one.taken for one in self.disputes_of(capture.id) if one.taken is not None)
        return Money.sum(taken, capture.amount.currency)

    def left(self, capture: Capture) -> Money:
        """Return what may still be given back."""
        return capture.amount - self.returned(capture) - self.taken(capture)

    def add_refund(self, capture: Capture, amount: Money, **more: Any) -> Refund:
        """Write a refund down."""
        total = self.returned(capture) + amount
        refund = Refund(
            id=self.next_id("R"), capture_id=capture.id, amount=amount, total_so_far=total, **more
        )
        self.refunds[refund.id] = refund
        return refund

    # As PayPal shows them.

    def capture_record(self, capture: Capture) -> Record:
        """Show a capture; a pending one has no breakdown."""
        fee = Money.of_minor(capture.amount.minor // 4_000 * 100, capture.amount.currency)
        breakdown = {
            "gross_amount": written(capture.amount),
            "paypal_fee": written(fee),
            "net_amount": written(capture.amount - fee),
        }
        related = {"order_id": capture.order_id}
        return {
            "id": capture.id,
            "status": self._capture_status(capture),
            "amount": written(capture.amount),
            "final_capture": True,
            **({"custom_id": capture.custom_id} if capture.custom_id else {}),
            **({"seller_receivable_breakdown": breakdown} if capture.status == "COMPLETED" else {}),
            **({"supplementary_data": {"related_ids": related}} if capture.tells_order else {}),
            "create_time": _timestamp(capture.at),
            "update_time": _timestamp(capture.at),
            "links": [
                _link(f"/v2/payments/captures/{capture.id}", "self"),
                {**_link(f"/v2/payments/captures/{capture.id}/refund", "refund"), "method": "POST"},
                _link(f"/v2/checkout/orders/{capture.order_id}", "up"),
            ],
        }

    def _capture_status(self, capture: Capture) -> str:
        returned = self.returned(capture)
        if capture.status != "COMPLETED" or returned.is_zero:
            return capture.status
        return "REFUNDED" if returned == capture.amount else "PARTIALLY_REFUNDED"

    def refund_record(self, refund: Refund, *, minimal: bool = False) -> Record:
        """Show a refund; without ``Prefer: return=representation`` only the *minimal* part of it."""
        links = [
            _link(f"/v2/payments/refunds/{refund.id}", "self"),
            _link(f"/v2/payments/captures/{refund.capture_id}", "up"),
        ]
        small = {"id": refund.id, "status": refund.status, "links": links}
        return small if minimal else {**small, **self._refund_details(refund)}

    def _refund_details(self, refund: Refund) -> Record:
        amount = written(refund.amount)
        return {
            "amount": amount,
            **({"status_details": {"reason": refund.reason}} if refund.reason else {}),
            **({"custom_id": refund.custom_id} if refund.custom_id else {}),
            "seller_payable_breakdown": {
                "gross_amount": amount,
                "paypal_fee": written(Money.zero(refund.amount.currency)),
                "net_amount": amount,
                "total_refunded_amount": written(refund.total_so_far),
            },
            "create_time": _timestamp(refund.at),
            "update_time": _timestamp(refund.at),
        }

    def order_record(self, order_id: str) -> Record:
        """Show an order with all of its captures and refunds."""
        captures = [capture for capture in self.captures.values() if capture.order_id == order_id]
        refunds = [refund for capture in captures for refund in self.refunds_of(capture.id)]
        total = Money.sum((capture.amount for capture in captures), captures[0].amount.currency)
        payments = {
            "captures": [self.capture_record(capture) for capture in captures],
            **({"refunds": [self.refund_record(refund) for refund in refunds]} if refunds else {}),
        }
        return {
            "id": order_id,
            "intent": "CAPTURE",
            "status": "COMPLETED",
            "purchase_units": [{"reference_id": "default", "amount": written(total), "payments": payments}],
            "create_time": _timestamp(captures[0].at),
            "links": [_link(f"/v2/checkout/orders/{order_id}", "self")],
        }

    def dispute_summary(self, dispute: Dispute) -> Record:
        """Show a dispute as the list does."""
        at = dispute.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        due = (dispute.at + timedelta(days=10)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "dispute_id": dispute.id,
            "create_time": at,
            "update_time": at,
            "reason": dispute.reason,
            "status": dispute.status,
            "dispute_state": dispute.state,
            "dispute_amount": written(dispute.amount),
            "dispute_life_cycle_stage": dispute.stage,
            "dispute_channel": "INTERNAL",
            **({"seller_response_due_date": due} if dispute.is_open else {}),
            "links": [_link(f"/v1/customer/disputes/{dispute.id}", "self")],
        }

    def dispute_record(self, dispute: Dispute) -> Record:
        """Show all of a dispute; only here its outcome and the movements of money stand."""
        summary = self.dispute_summary(dispute)
        del summary["dispute_state"]
        transaction = {"seller_transaction_id": dispute.capture_id, "transaction_status": "COMPLETED"}
        return {
            **summary,
            "disputed_transactions": [transaction],
            **({"dispute_outcome": self._outcome(dispute)} if dispute.outcome else {}),
            **({"money_movements": [_movement(dispute.taken)]} if dispute.taken is not None else {}),
        }

    def _outcome(self, dispute: Dispute) -> Mapping[str, Any]:
        refunded = {"amount_refunded": written(dispute.taken)} if dispute.taken is not None else {}
        return {"outcome_code": dispute.outcome, **refunded}


def _movement(taken: Money) -> Record:
    return {
        "affected_party": "SELLER",
        "amount": written(taken),
        "type": "DEBIT",
        "reason": "DISPUTE_SETTLEMENT",
    }
