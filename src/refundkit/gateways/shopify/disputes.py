"""Disputes: what Shopify tells of them, which depends on what the app may read.

The order names its disputes and how they stand (``read_orders``); how much is disputed, why and until when
takes ``read_shopify_payments_disputes``. Neither tells which transaction it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from refundkit.gateways.records import Record, UnreadableError, inner, text
from refundkit.gateways.shopify.amounts import from_shopify
from refundkit.gateways.shopify.answers import plain
from refundkit.gateways.shopify.reading import SERVICE, Books, Transaction, moment
from refundkit.model.dispute_statuses import normalize_dispute
from refundkit.model.reports import DisputeReport
from refundkit.money import Money

__all__ = ["PAYMENTS_GATEWAY", "dispute_id", "dispute_report", "disputed_amount", "disputed_payment"]

# Only payments that went through Shopify Payments have disputes that Shopify knows of.
PAYMENTS_GATEWAY: Final = "shopify_payments"
_ID = re.compile(r"gid://shopify/(?:OrderDisputeSummary|ShopifyPaymentsDispute)/([0-9]{1,20})", re.ASCII)


def dispute_id(summary: Record) -> str:
    """Return the id under which the dispute itself is found.

    An order calls it ``OrderDisputeSummary/7`` where it is ``ShopifyPaymentsDispute/7``; asked for under the
    first name, Shopify answers RESOURCE_NOT_FOUND (seen live by third parties).

    Raises:
        UnreadableError: if it is neither.
    """
    found = _ID.fullmatch(text(summary, "id"))
    if found is None:
        raise UnreadableError("a dispute has no id of one")
    return f"gid://shopify/ShopifyPaymentsDispute/{found[1]}"


def disputed_payment(books: Books, asked: Iterable[str], amount: Money | None) -> Transaction:
    """Say which of the payments *asked* for a dispute over *amount* is about, always the same one.

    Of those that went through Shopify Payments, the one of exactly this amount, else the largest; where none
    did, of all of them.
    """
    known = [books.transactions[name] for name in asked]
    likely = [one for one in known if one.gateway == PAYMENTS_GATEWAY] or known
    exact = [one for one in likely if one.amount == amount]
    return max(exact or likely, key=lambda one: one.amount.minor)


def dispute_report(summary: Record, details: Record | None, payment: Transaction) -> DisputeReport:
    """Read a dispute; without *details*, all of the payment counts as disputed, which is the most it can be.

    So does a dispute in another currency than the payment's: it could not be counted against it.
    """
    full = details or {}
    amount = disputed_amount(full)
    said = normalize_dispute(
        full.get("status", summary.get("status")),
        SERVICE,
        stage=full.get("type", summary.get("initiatedAs")),
    )
    same = amount is not None and amount.currency == payment.amount.currency
    return DisputeReport(
        reference=dispute_id(summary),
        amount=amount if same and amount is not None else payment.amount,
        stage=said.stage,
        status=said.status,
        funds=said.funds,
        reason=plain(inner(full, "reasonDetails").get("reason")),
        due_by=moment(full, "evidenceDueBy"),
        opened_at=moment(full, "initiatedAt"),
        raw_status=said.raw,
    )


def disputed_amount(details: Record) -> Money | None:
    """Return what is disputed, if it is told."""
    return from_shopify(details["amount"]) if "amount" in details else None
