"""Payments: intents, their charges, what was captured of them, and disputes about them."""

from __future__ import annotations

import copy
from typing import Any, Final

from refundkit.testing.sandbox.stripe.books import Books, Record, Scope
from refundkit.testing.sandbox.stripe.refunds import release_rest

__all__ = ["CHARGED_BACK", "capture", "dispute", "move_dispute", "take"]

# In these the bank has taken the money and not given it back; none of it can be refunded.
CHARGED_BACK: Final = frozenset(
    {"needs_response", "under_review", "appeal_needs_response", "appeal_under_review", "lost"}
)
CLOSED: Final = frozenset({"won", "lost", "warning_closed", "prevented"})
ANSWER_SECONDS: Final = 7 * 86_400


def take(books: Books, scope: Scope, amount: int, currency: str, **more: Any) -> Record:
    """Authorize a payment and return its intent; *more*: ``method``, ``metadata``."""
    method = more.get("method", "card")
    intent = books.add(
        scope,
        "pi",
        {
            "object": "payment_intent",
            "amount": amount,
            "amount_capturable": amount,
            "amount_received": 0,
            "capture_method": "manual",
            "currency": currency.lower(),
            "latest_charge": None,
            "livemode": scope.livemode,
            "metadata": dict(more.get("metadata", {})),
            "payment_method_types": [method],
            "status": "requires_capture",
        },
    )
    intent["latest_charge"] = _charge(books, intent, method)["id"]
    return intent


def _charge(books: Books, intent: Record, method: str) -> Record:
    content = {
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "captured": False,
        "currency": intent["currency"],
        "disputed": False,
        "livemode": intent["livemode"],
        "metadata": {},
        "paid": True,
        "payment_intent": intent["id"],
        "payment_method_details": {"type": method},
        "refunded": False,
        "status": "succeeded",
    }
    return books.add(books.scope_of(intent["id"]), "ch" if method == "card" else "py", content)


def capture(books: Books, intent: Record, amount: int, fee: int | None = None) -> None:
    """Capture *amount*; what is not captured is released, and booked as a refund."""
    charge = books.get(intent["latest_charge"])
    usual = amount * 29 // 1000 + 30
    kind = "charge" if charge["id"].startswith("ch_") else "payment"
    movement = books.movement(charge, amount, kind, usual if fee is None else fee)
    charge.update(captured=True, amount_captured=amount, balance_transaction=movement["id"])
    intent.update(amount_received=amount, amount_capturable=0, status="succeeded")
    if amount < charge["amount"]:
        release_rest(books, charge)
    books.happened("payment_intent.succeeded", intent)


def dispute(books: Books, charge: Record, amount: int, **more: Any) -> Record:
    """Open a case about a part of *charge*; *more*: ``status``, ``reason``."""
    status = more.get("status", "needs_response")
    case = books.add(
        books.scope_of(charge["id"]),
        "du",
        {
            "object": "dispute",
            "amount": amount,
            "balance_transactions": [],
            "charge": charge["id"],
            "currency": charge["currency"],
            "evidence_details": {
                "due_by": books.seconds() + ANSWER_SECONDS,
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "is_charge_refundable": status not in CHARGED_BACK,
            "livemode": charge["livemode"],
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "reason": more.get("reason", "fraudulent"),
            "status": status,
        },
    )
    charge["disputed"] = True
    books.happened("charge.dispute.created", case)
    _move_funds(books, case)
    return case


def move_dispute(books: Books, case: Record, status: str) -> None:
    """Bring a case to *status*, with its money and its events."""
    before = copy.deepcopy(case)
    case.update(status=status, is_charge_refundable=status not in CHARGED_BACK)
    _move_funds(books, case)
    books.happened("charge.dispute.closed" if status in CLOSED else "charge.dispute.updated", case, before)


def _move_funds(books: Books, case: Record) -> None:
    """Withdraw what a chargeback takes, reinstate what was won; an inquiry moves nothing."""
    held = sum(movement["amount"] for movement in case["balance_transactions"])
    if case["status"] in CHARGED_BACK and held == 0:
        amount, event = -case["amount"], "charge.dispute.funds_withdrawn"
    elif case["status"] == "won" and held < 0:
        amount, event = -held, "charge.dispute.funds_reinstated"
    else:
        return
    case["balance_transactions"].append(dict(books.movement(case, amount, "adjustment")))
    books.happened(event, case)
