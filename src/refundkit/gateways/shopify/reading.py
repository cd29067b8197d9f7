"""What Shopify's records mean: transactions, refunds and disputes become reports.

Money is where the transactions are: "the existence of a Refund object doesn't guarantee that the money has
been returned" (Shopify's schema), and its totals leave out what is pending. So a refund is one transaction
of kind REFUND, its Refund gives nothing but the note with our id, and a list that may be cut off, or one of
our Refunds without such a transaction, makes the whole answer unreadable: it must not pass for absence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from attrs import frozen

from refundkit.gateways.records import Record, UnreadableError, inner, objects, text
from refundkit.gateways.shopify.amounts import from_shopify
from refundkit.gateways.shopify.answers import plain
from refundkit.gateways.shopify.documents import MOST_REFUNDS, MOST_TRANSACTIONS
from refundkit.model.refunds import FailureCode, RefundStatus
from refundkit.model.reports import RefundReport
from refundkit.model.statuses import normalize_status
from refundkit.model.words import quoted
from refundkit.money import Money

__all__ = [
    "ERROR_CODES",
    "NOTE_PREFIX",
    "ORDER_ID",
    "PARENT_KINDS",
    "TRANSACTION_ID",
    "Books",
    "Transaction",
    "books_of",
    "created_refund",
    "moment",
    "nodes",
    "records",
    "refund_reports",
    "transactions_of",
]

# Whose words `normalize_status` and `normalize_dispute` are asked for.
SERVICE: Final = "shopify"
ORDER_ID: Final = re.compile(r"gid://shopify/Order/[0-9]{1,20}", re.ASCII)
TRANSACTION_ID: Final = re.compile(r"gid://shopify/OrderTransaction/[0-9]{1,20}", re.ASCII)

# What money can be given back of, once it succeeded.
PARENT_KINDS: Final = frozenset({"SALE", "CAPTURE"})

# The note of a Refund carries our id, so that it is found again after any crash.
NOTE_PREFIX: Final = "refundkit:"
_OURS = re.compile(r"(?:^|\s)refundkit:([A-Za-z0-9_.:-]{1,255})(?=\s|$)", re.ASCII)

# ``errorCode`` of a transaction that failed; any other is DECLINED if its status is FAILURE, else UNKNOWN.
ERROR_CODES: Final[Mapping[str, FailureCode]] = {
    "AMAZON_PAYMENTS_MAX_AMOUNT_REFUNDED": FailureCode.ALREADY_REFUNDED,
    "INSUFFICIENT_FUNDS": FailureCode.INSUFFICIENT_FUNDS,
    "CANCELLED_PAYMENT": FailureCode.CANCELED,
    "PAYMENT_METHOD_UNAVAILABLE": FailureCode.UNAVAILABLE,
    "PAYMENT_METHOD_UNSUPPORTED": FailureCode.UNAVAILABLE,
    "UNSUPPORTED_FEATURE": FailureCode.UNAVAILABLE,
}


@frozen(kw_only=True)
class Transaction:
    """One movement of money, in the currency that the customer paid in; ``parent`` is what it came out of."""

    id: str
    kind: str
    status: str
    gateway: str
    amount: Money
    parent: str | None
    error_code: str
    at: datetime | None

    @property
    def captured(self) -> Money:
        """What was captured by it: nothing before it succeeded, and nothing by an authorization."""
        took = self.kind in PARENT_KINDS and self.status == "SUCCESS"
        return self.amount if took else Money.zero(self.amount.currency)


@frozen(kw_only=True)
class Books:
    """What Shopify has written down about one order.

    ``names``: our refund ids, by the id of the transaction that they are about. ``disputes``: as they came.
    """

    transactions: Mapping[str, Transaction]
    names: Mapping[str, str]
    disputes: tuple[Record, ...]


def books_of(order: Record) -> Books:
    """Read all that an order query tells.

    Raises:
        UnreadableError: if something is missing, cut off, or not there yet.
    """
    transactions = {one.id: one for one in transactions_of(order)}
    refunds = records(order, "refunds", MOST_REFUNDS)
    names: dict[str, str] = {}
    for refund in refunds:
        if (ours := _our_id(refund)) is not None:
            names.update({one.id: ours for one in _ours(refund, transactions)})
    return Books(transactions=transactions, names=names, disputes=tuple(records(order, "disputes")))


def transactions_of(order: Record) -> tuple[Transaction, ...]:
    """Read the transactions of an order, oldest first, as Shopify lists them."""
    return tuple(_transaction(record) for record in records(order, "transactions", MOST_TRANSACTIONS))


def refund_reports(books: Books, reference: str, asked: Iterable[str]) -> tuple[RefundReport, ...]:
    """Report every refund of the payment *reference*.

    One of ours that came out of a payment which nobody *asked* for is told with the first one that somebody
    did ask for, because it must not be lost: the desk finds it by its id and sees the other payment (law E5).
    """
    known = tuple(asked)
    strays = {name for name in books.names if books.transactions[name].parent not in known}
    return tuple(
        _report(one, books.names.get(one.id))
        for one in books.transactions.values()
        if one.kind == "REFUND" and (one.parent == reference or (one.id in strays and reference == known[0]))
    )


def created_refund(payload: Record) -> RefundReport | None:
    """Read the refund that refundCreate answers with; None if it answers without one.

    Raises:
        UnreadableError: if it is no refund with one transaction, which is what was asked for.
    """
    refund = payload.get("refund")
    if refund is None:
        return None
    if not isinstance(refund, dict):
        raise UnreadableError("refund is no object")
    made = [one for one in map(_transaction, nodes(refund, "transactions")) if one.kind == "REFUND"]
    if len(made) != 1:
        raise UnreadableError(f"the refund has {len(made)} refund transactions")
    return _report(made[0], _our_id(refund))


def _report(one: Transaction, refund_id: str | None) -> RefundReport:
    said = normalize_status(one.status, SERVICE)
    # A word from the future, or one that is of disputes: not known to have ended.
    status = said.status if isinstance(said.status, RefundStatus) else RefundStatus.PENDING
    failed = status is RefundStatus.FAILED
    return RefundReport(
        status=status,
        amount=one.amount,
        reference=one.id,
        raw_status=said.raw,
        refund_id=refund_id,
        payment=one.parent,
        failure=_failure(one) if failed else None,
        reason=one.error_code if failed else "",
        at=one.at,
    )


def _failure(one: Transaction) -> FailureCode:
    other = FailureCode.DECLINED if one.status == "FAILURE" else FailureCode.UNKNOWN
    return ERROR_CODES.get(one.error_code, other)


def _our_id(refund: Record) -> str | None:
    # Anybody may write notes by hand: what cannot be an id of ours is none.
    note = refund.get("note")
    found = _OURS.search(note) if isinstance(note, str) else None
    return found[1] if found else None


def _ours(refund: Record, transactions: Mapping[str, Transaction]) -> list[Transaction]:
    """Find the money of a Refund of ours; where there is none yet, nothing can be said about this order."""
    listed = [transactions.get(text(node, "id")) for node in nodes(refund, "transactions")]
    moved = [one for one in listed if one is not None and one.kind == "REFUND" and one.parent is not None]
    if not moved or len(moved) < len(listed):
        raise UnreadableError("a refund of ours has no transaction of its own yet")
    return moved


def _transaction(record: Record) -> Transaction:
    name = text(record, "id")
    if not TRANSACTION_ID.fullmatch(name):
        raise UnreadableError("a transaction has no id of one")
    return Transaction(
        id=name,
        kind=text(record, "kind"),
        status=text(record, "status"),
        gateway=quoted(record.get("gateway")),
        amount=from_shopify(inner(record, "amountSet").get("presentmentMoney")),
        parent=_parent(record),
        error_code=plain(record.get("errorCode")),
        at=moment(record, "processedAt") or moment(record, "createdAt"),
    )


def _parent(record: Record) -> str | None:
    parent = inner(record, "parentTransaction")
    return text(parent, "id") if parent else None


def records(record: Record, name: str, limit: int | None = None) -> list[Record]:
    """Return a list of records; one that is as long as its *limit* may be cut off.

    Raises:
        UnreadableError: if it is none, or may be cut off.
    """
    found = objects(record, name)
    if limit is not None and len(found) >= limit:
        raise UnreadableError(f"{name} may be cut off: there are {limit} or more")
    return found


def nodes(record: Record, name: str) -> list[Record]:
    """Return the nodes of a connection."""
    return records(inner(record, name), "nodes")


def moment(record: Record, name: str) -> datetime | None:
    """Read a moment, or a day (as dates of disputes were until 2026-04); None if it is neither."""
    value = record.get(name)
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
        return found and (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
