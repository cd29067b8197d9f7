"""The books of a Shopify shop in memory: orders, transactions, refunds, disputes, and the rules of refundCreate.

Records are dicts under GraphQL's own names, so that what is served is what is kept. Texts and rules are those
that real development stores were recorded to have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any, Final

__all__ = ["PARENTLESS", "Refused", "ShopifyBooks", "amount_of", "money_text", "utc_now"]

Record = dict[str, Any]

# Gateways whose refunds need no parent; they are entries in the ledger, no money moves.
PARENTLESS: Final = frozenset({"store-credit", "exchange-credit", "cash"})
_DEAD = frozenset({"FAILURE", "ERROR"})
_PARENTS = frozenset({"SALE", "CAPTURE"})
_SYMBOLS = {"USD": "$", "CAD": "$", "AUD": "$", "NZD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
# Shop money is presentment money at this rate, wherever the two currencies differ.
RATE: Final = Decimal("1.42")


class Refused(Exception):  # noqa: N818 - an answer, not a malfunction
    """A user error: the text, and the path of the input that is to blame (None for most)."""

    def __init__(self, text: str, field: list[str] | None = None) -> None:
        super().__init__(text)
        self.record: Record = {"message": text, "field": field}


def utc_now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


def money_text(amount: Decimal) -> str:
    """Write an amount as Shopify does: "15.0", "12.5", "12.34"."""
    plain = f"{amount.normalize():f}"
    return plain if "." in plain else f"{plain}.0"


def amount_of(transaction: Record) -> Decimal:
    """Return the amount of a transaction, in the currency that the customer paid in."""
    return Decimal(transaction["amountSet"]["presentmentMoney"]["amount"])


class ShopifyBooks:
    """Everything that one shop has written down. Not locked: whoever uses it holds a lock."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.orders: dict[str, Record] = {}
        self.transactions: dict[str, Record] = {}
        self.refunds: dict[str, Record] = {}
        self.disputes: dict[str, Record] = {}
        self._clock = clock
        self._numbers = count(1001)

    def new_id(self, kind: str) -> str:
        """Make an id that nothing else has, of any kind."""
        return f"gid://shopify/{kind}/{next(self._numbers)}"

    def now(self) -> str:
        """Return the time as Shopify writes it."""
        return self._clock().strftime("%Y-%m-%dT%H:%M:%SZ")

    def bag(self, amount: Decimal | str, order: Record) -> Record:
        """Write *amount* in the currencies of *order*."""
        paid, shop = order["presentmentCurrencyCode"], order["currencyCode"]
        exact = Decimal(amount)
        of_shop = exact if paid == shop else (exact * RATE).quantize(Decimal("0.01"))
        return {
            "presentmentMoney": {"amount": money_text(exact), "currencyCode": paid},
            "shopMoney": {"amount": money_text(of_shop), "currencyCode": shop},
        }

    def add_transaction(
        self, order: Record, kind: str, amount: Decimal | str, *, parent: Record | None = None, **changes: Any
    ) -> Record:
        """Write down a transaction; it takes its gateway from its *parent*, whatever was asked for."""
        record: Record = {
            "id": self.new_id("OrderTransaction"),
            "kind": kind,
            "status": "SUCCESS",
            "gateway": parent["gateway"] if parent else "shopify_payments",
            "test": order["test"],
            "errorCode": None,
            "createdAt": self.now(),
            "processedAt": self.now(),
            "amountSet": self.bag(amount, order),
            "parentTransaction": parent,
            **changes,
        }
        record["manualPaymentGateway"] = record["gateway"] == "manual"
        self.transactions[record["id"]] = record
        order["transactions"].append(record)
        return record

    def left_of(self, order: Record, parent: Record) -> Decimal:
        """Return what can still be given back of *parent*: a refund that is not final has its money taken."""
        took = amount_of(parent) if parent["status"] == "SUCCESS" else Decimal(0)
        return took - sum((amount_of(one) for one in _refunds_of(order, parent, _is_alive)), Decimal(0))

    def refund(self, data: Mapping[str, Any], statuses: Iterable[str] = ()) -> Record:
        """Do what refundCreate does with its input; *statuses* are those of the new transactions.

        Raises:
            Refused: in Shopify's words; nothing was changed then.
        """
        order = self.orders.get(data["orderId"])
        if order is None:
            raise Refused("Order does not exist", ["orderId"])
        wanted = data.get("transactions") or []
        parents = [self._parent(order, one) for one in wanted]
        self._check_amounts(order, data, parents)
        made = self._make(order, data, parents, list(statuses))
        return self.add_refund(order, made, data.get("note"))

    def add_refund(self, order: Record, transactions: list[Record], note: str | None = None) -> Record:
        """Write down a Refund over *transactions*, of which there may be none."""
        record: Record = {
            "id": self.new_id("Refund"),
            "note": note,
            "createdAt": self.now(),
            "transactions": transactions,
            "order": order,
        }
        self.refunds[record["id"]] = record
        order["refunds"].append(record)
        return record

    def refunded(self, order: Record, transactions: Iterable[Record]) -> Record:
        """Total the refunds among *transactions*: only SUCCESS counts, a pending one reads 0."""
        done = (one for one in transactions if one["kind"] == "REFUND" and one["status"] == "SUCCESS")
        return self.bag(sum((amount_of(one) for one in done), Decimal(0)), order)

    def net_payment(self, order: Record) -> Record:
        """Total what was taken and not given back."""
        taken = (
            one for one in order["transactions"] if one["kind"] in _PARENTS and one["status"] == "SUCCESS"
        )
        total = sum((amount_of(one) for one in taken), Decimal(0))
        back = Decimal(self.refunded(order, order["transactions"])["presentmentMoney"]["amount"])
        return self.bag(total - back, order)

    def financial_status(self, order: Record) -> str:
        """Return displayFinancialStatus."""
        back = Decimal(self.refunded(order, order["transactions"])["presentmentMoney"]["amount"])
        if not back:
            return "PAID"
        net = Decimal(self.net_payment(order)["presentmentMoney"]["amount"])
        return "PARTIALLY_REFUNDED" if net else "REFUNDED"

    def _parent(self, order: Record, wanted: Mapping[str, Any]) -> Record | None:
        if wanted["kind"] != "REFUND":
            raise Refused(f"Kind {wanted['kind'].lower()} is not a valid transaction")
        if not order["transactions"]:
            raise Refused("Unable to find parent transaction")
        name = wanted.get("parentId")
        if name is None and wanted["gateway"] in PARENTLESS:
            return None
        if name is None:
            raise Refused(
                "Transactions not on 'store-credit', 'exchange-credit', or 'cash' gateways require a parent_id",
                ["transactions"],
            )
        parent: Record | None = next((one for one in order["transactions"] if one["id"] == name), None)
        if parent is None or parent["kind"] not in _PARENTS:
            raise Refused("Transactions require a parent_id associated with the order")
        return parent

    def _check_amounts(self, order: Record, data: Mapping[str, Any], parents: list[Record | None]) -> None:
        paid = order["presentmentCurrencyCode"]
        implied = paid if order["currencyCode"] == paid else None
        if data.get("currency", implied) != paid:
            raise Refused(f"Currency Currency must match parent transaction {paid}")
        wanted: dict[str, Decimal] = {}
        for one, parent in zip(data.get("transactions") or [], parents, strict=True):
            if parent is not None:
                wanted[parent["id"]] = wanted.get(parent["id"], Decimal(0)) + Decimal(one["amount"])
        for name, amount in wanted.items():
            # allowOverRefunding was recorded not to lift this.
            self._check_left(order, self.transactions[name], amount)

    def _check_left(self, order: Record, parent: Record, amount: Decimal) -> None:
        left = self.left_of(order, parent)
        if amount <= left:
            return
        symbol = _SYMBOLS.get(order["presentmentCurrencyCode"], "")
        raise Refused(
            f"Refund amount {symbol}{amount:.2f} is greater than net payment received {symbol}{left:.2f}"
        )

    def _make(
        self,
        order: Record,
        data: Mapping[str, Any],
        parents: list[Record | None],
        statuses: list[str],
    ) -> list[Record]:
        made = []
        for one, parent in zip(data.get("transactions") or [], parents, strict=True):
            status = statuses.pop(0) if statuses else "SUCCESS"
            gateway = parent["gateway"] if parent else one["gateway"]
            changes = {"status": status, "gateway": gateway}
            if status in _DEAD:
                changes["errorCode"] = "CARD_DECLINED" if status == "FAILURE" else "PROCESSING_ERROR"
            made.append(self.add_transaction(order, "REFUND", one["amount"], parent=parent, **changes))
        return made


def _refunds_of(order: Record, parent: Record, wanted: Callable[[Record], bool]) -> list[Record]:
    return [
        one
        for one in order["transactions"]
        if one["kind"] == "REFUND" and one["parentTransaction"] is parent and wanted(one)
    ]


def _is_alive(transaction: Record) -> bool:
    return transaction["status"] not in _DEAD
