"""Refunds: when Stripe makes one, how it looks, and what becomes of it."""

from __future__ import annotations

import copy
from typing import Any, Final

from refundkit.testing.sandbox.stripe.amounts import check_units, shown
from refundkit.testing.sandbox.stripe.books import ENDED, Books, Record, matching
from refundkit.testing.sandbox.stripe.refusals import refuse

__all__ = ["EMAILED", "MOVES", "check_refundable", "left_of", "make", "release_rest", "settle"]

# The customer is asked by mail where to send the money.
EMAILED: Final = frozenset({"boleto", "customer_balance", "konbini", "multibanco", "promptpay"})
MOVES: Final = {
    "requires_action": frozenset({"pending", "succeeded", "failed", "canceled"}),
    "pending": frozenset({"requires_action", "succeeded", "failed", "canceled"}),
    "succeeded": frozenset({"requires_action", "failed"}),
    "failed": frozenset[str](),
    "canceled": frozenset[str](),
}
_OUT: Final = frozenset({"pending", "succeeded"})


def left_of(charge: Record) -> int:
    """Return what can still be given back of a charge."""
    return int(charge["amount"] - charge["amount_refunded"])


def check_refundable(books: Books, charge: Record, amount: int | None) -> int:
    """Return how much is to be given back (None: all that is left), or refuse as Stripe does."""
    name = charge["id"]
    if not charge["captured"] or charge["status"] != "succeeded":
        refuse(f"Charge {name} has not been captured; cancel it instead.", code="charge_not_refundable")
    if any(not case["is_charge_refundable"] for case in books.of_charge("dispute", charge)):
        refuse(f"Charge {name} has been charged back; cannot issue a refund.", code="charge_disputed")
    left = left_of(charge)
    if left == 0:
        refuse(f"Charge {name} has already been refunded.", code="charge_already_refunded")
    wanted = left if amount is None else amount
    if wanted > left:
        _refuse_excess(charge, wanted)
    check_units(wanted, charge["currency"])
    return wanted


def _refuse_excess(charge: Record, amount: int) -> None:
    """Refuse more than is left: without a code, as Stripe does; only the text tells."""
    currency = charge["currency"]
    what, most = "unrefunded amount on charge", left_of(charge)
    if most == charge["amount"]:
        what = "charge amount"
    refuse(
        f"Refund amount ({shown(amount, currency)}) is greater than {what} ({shown(most, currency)})",
        param="amount",
    )


def make(books: Books, charge: Record, amount: int, **more: Any) -> Record:
    """Make a refund; *more* are fields of it, such as ``status``, ``metadata`` and ``reason``."""
    is_card = charge["id"].startswith("ch_")
    method = charge["payment_method_details"]["type"]
    content = {
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "currency": charge["currency"],
        "destination_details": {"type": method},
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": _first_status(method),
        "transfer_reversal": None,
        **more,
    }
    refund = books.add(books.scope_of(charge["id"]), "re" if is_card else "pyr", content)
    _complete(books, refund)
    books.recount(charge)
    books.happened("refund.created", refund)
    books.happened("charge.refunded", charge)
    return refund


def _first_status(method: str) -> str:
    if method == "card":
        return "succeeded"
    return "requires_action" if method in EMAILED else "pending"


def _complete(books: Books, refund: Record) -> None:
    """Add what a status brings along."""
    status = refund["status"]
    if status == "pending":
        refund.setdefault("pending_reason", "processing")
    if status == "requires_action":
        refund["next_action"] = {
            "type": "display_details",
            "display_details": {
                "email_sent": {"email_sent_at": books.seconds(), "email_sent_to": "customer@example.com"},
                "expires_at": books.seconds() + 30 * 86_400,
            },
        }
    is_held = refund.get("pending_reason") == "insufficient_funds"
    if status in _OUT and not is_held and refund["balance_transaction"] is None:
        movement = books.movement(refund, -refund["amount"], _kind(refund, "refund", "payment_refund"))
        refund["balance_transaction"] = movement["id"]


def _kind(refund: Record, card: str, other: str) -> str:
    return card if refund["id"].startswith("re_") else other


def release_rest(books: Books, charge: Record) -> None:
    """Book what was authorized and never captured as a refund, which Stripe makes by itself."""
    make(books, charge, charge["amount"] - charge["amount_captured"], reason="expired_uncaptured_charge")


def settle(books: Books, refund: Record, status: str, failure_reason: str | None = None) -> None:
    """Bring a refund to another status, as banks do days later, with all its events.

    Raises:
        ValueError: if Stripe makes no such move.
    """
    if status != refund["status"] and status not in MOVES[refund["status"]]:
        raise ValueError(f"A refund that {refund['status']} does not become {status} at Stripe.")
    before = copy.deepcopy(refund)
    refund["status"] = status
    for name in ("next_action", "pending_reason"):
        refund.pop(name, None)
    if status in ENDED:
        _fail(books, refund, failure_reason)
    _complete(books, refund)
    books.recount(books.get(refund["charge"]))
    # There is no refund.canceled: a cancellation arrives as an update, as any change does.
    for kind in ("refund.failed",) if status == "failed" else ():
        books.happened(kind, refund, before)
    for kind in ("refund.updated", "charge.refund.updated"):
        books.happened(kind, refund, before)


def _fail(books: Books, refund: Record, failure_reason: str | None) -> None:
    usual = "merchant_request" if refund["status"] == "canceled" else "unknown"
    refund["failure_reason"] = failure_reason or usual
    if refund["balance_transaction"] is not None:
        kind = _kind(refund, "refund_failure", "payment_failure_refund")
        refund["failure_balance_transaction"] = books.movement(refund, refund["amount"], kind)["id"]


def of_payment(books: Books, charge: Record) -> list[Record]:
    """Return the refunds that give money back: the released rest of a capture is none."""
    refunds = books.of_charge("refund", charge)
    rest = matching(refunds, reason="expired_uncaptured_charge")
    return [refund for refund in refunds if refund not in rest]
