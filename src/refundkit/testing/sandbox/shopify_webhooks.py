"""Bodies of webhooks as Shopify sends them: REST's names, numbers for ids, lower-case words."""

from __future__ import annotations

from typing import Any

from refundkit.testing.sandbox.shopify_books import ShopifyBooks

__all__ = ["webhook_body"]

Record = dict[str, Any]


def webhook_body(books: ShopifyBooks, topic: str, subject: str) -> Record:
    """Return the body of a webhook of *topic* about the record *subject*.

    Raises:
        ValueError: if the sandbox has no such topic.
    """
    if topic == "orders/updated":
        return _order(books.orders[subject])
    if topic == "refunds/create":
        return _refund(books.refunds[subject])
    if topic == "order_transactions/create":
        return _transaction(books.transactions[subject], _order_of(books, subject))
    if topic in ("disputes/create", "disputes/update"):
        return _dispute(books.disputes[subject])
    raise ValueError(f"The sandbox sends no webhooks of topic {topic!r}.")


def _number(gid: str) -> int:
    return int(gid.rpartition("/")[2])


def _order_of(books: ShopifyBooks, transaction: str) -> Record:
    return next(
        order
        for order in books.orders.values()
        if any(one["id"] == transaction for one in order["transactions"])
    )


def _order(order: Record) -> Record:
    return {
        "id": _number(order["id"]),
        "admin_graphql_api_id": order["id"],
        "name": order["name"],
        "email": order["email"],
        "total_price": order["totalPriceSet"]["shopMoney"]["amount"],
        "refunds": [_refund(refund) for refund in order["refunds"]],
    }


def _refund(refund: Record) -> Record:
    order = refund["order"]
    return {
        "id": _number(refund["id"]),
        "order_id": _number(order["id"]),
        "created_at": refund["createdAt"],
        "note": refund["note"],
        "user_id": None,
        "duties": [],
        "admin_graphql_api_id": refund["id"],
        "refund_line_items": [{"id": 1, "quantity": 1, "subtotal": 199.0}],
        "transactions": [_transaction(one, order) for one in refund["transactions"]],
    }


def _transaction(one: Record, order: Record) -> Record:
    parent = one["parentTransaction"]
    return {
        "id": _number(one["id"]),
        "order_id": _number(order["id"]),
        "kind": one["kind"].lower(),
        "gateway": one["gateway"],
        "status": one["status"].lower(),
        "parent_id": _number(parent["id"]) if parent else None,
        "amount": one["amountSet"]["presentmentMoney"]["amount"],
        "currency": one["amountSet"]["presentmentMoney"]["currencyCode"],
        "error_code": one["errorCode"] and one["errorCode"].lower(),
        "manual_payment_gateway": one["manualPaymentGateway"],
        "test": one["test"],
        "admin_graphql_api_id": one["id"],
    }


def _dispute(dispute: Record) -> Record:
    return {
        "id": _number(dispute["id"]),
        "order_id": _number(dispute["order"]["id"]) if dispute["order"] else None,
        "type": dispute["type"].lower(),
        "amount": dispute["amount"]["amount"],
        "currency": dispute["amount"]["currencyCode"],
        "reason": dispute["reasonDetails"]["reason"].lower(),
        "network_reason_code": dispute["reasonDetails"]["networkReasonCode"],
        "status": dispute["status"].lower(),
        "evidence_due_by": dispute["evidenceDueBy"],
        "initiated_at": dispute["initiatedAt"],
    }
