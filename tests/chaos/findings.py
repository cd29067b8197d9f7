"""What must be true in the end: nothing lost, nothing double, nothing stuck, and everything told."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from attrs import frozen

from refundkit import Order, OrderFilter, RefundStatus
from refundkit.stores.base import Store
from tests.chaos.crew import Vendor, eventually
from tests.chaos.goods_findings import GoodsFindings, inspect_goods
from tests.chaos.shop import CAPTURED, LISTENERS, Shop, wish

__all__ = ["Findings", "come_to_rest", "inspect"]


@frozen(kw_only=True)
class Findings:
    """The figures of one run."""

    kills: int
    orders: int
    refunds: int
    events: int
    denied: int
    repeated: int
    goods: GoodsFindings
    refusals: dict[str, int]

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.orders} orders, {self.refunds} refunds, {self.denied} denied, "
            f"{self.events} events, {self.repeated} told again, {self.goods}, "
            f"refusals of the store: {self.refusals or 'none'}"
        )


def come_to_rest(shop: Shop, store: Store, vendor: Vendor) -> None:
    """Sweep until there is nothing left to do, ever: also the last look at each refund was taken."""
    vendor.look("/calm")
    refunds, goods = shop.desk(store, "test"), shop.delivery_desk(store, "test")

    def is_quiet() -> bool:
        refunds.recover()
        goods.sweep()
        orders = store.search(OrderFilter())
        return not store.undelivered() and all(_is_at_rest(order) for order in orders)

    eventually(is_quiet, "the sweep comes to rest", seconds=120)


def _is_at_rest(order: Order) -> bool:
    return order.due_at is None and order.delivery_due_at is None


def inspect(shop: Shop, store: Store, vendor: Vendor, *, kills: int = 0) -> Findings:
    """Compare shop and vendor to the cent, and return the figures.

    Raises:
        AssertionError: if anything is lost, double, stuck or untold.
    """
    assert shop.noted("crashes") == []
    orders = {order.id: order for order in store.search(OrderFilter())}
    books = vendor.look("/books")
    assert books["over"] == [], "more than was captured"
    _nothing_is_stuck(orders)
    _nothing_is_double(books["entries"])
    _ledger_equals_books(orders, books["entries"])
    denied = _nothing_is_lost(shop, orders)
    events, repeated = _everything_is_told(shop, store, orders)
    return Findings(
        kills=kills,
        orders=len(orders),
        refunds=sum(len(order.refunds) for order in orders.values()),
        denied=denied,
        events=events,
        repeated=repeated,
        goods=inspect_goods(store, orders, books["goods"]),
        refusals=dict(Counter(line.split(":")[0] for line in shop.noted("refusals"))),
    )


def _nothing_is_stuck(orders: dict[str, Order]) -> None:
    at_rest = {RefundStatus.SUCCEEDED, RefundStatus.FAILED}
    assert [
        refund for order in orders.values() for refund in order.refunds if refund.status not in at_rest
    ] == []
    assert [order.id for order in orders.values() if order.is_flagged] == []
    assert [order.id for order in orders.values() if not order.reserved.is_zero] == []


def _nothing_is_double(entries: list[dict[str, Any]]) -> None:
    ids = Counter(entry["refund_id"] for entry in entries)
    wishes = Counter((entry["payment"], entry["key"]) for entry in entries)
    assert [name for name, times in (*ids.items(), *wishes.items()) if times > 1] == []


def _ledger_equals_books(orders: dict[str, Order], entries: list[dict[str, Any]]) -> None:
    ledger = {
        refund.id: (order.payment(refund.payment_id).reference, refund.amount.minor, refund.status.value)
        for order in orders.values()
        for refund in order.refunds
    }
    books = {each["refund_id"]: (each["payment"], each["amount"], each["status"]) for each in entries}
    # What the vendor said no to is in the ledger only.
    assert {name: what for name, what in ledger.items() if name in books or what[2] != "failed"} == books
    for order in orders.values():
        for payment in order.payments:
            gone = sum(
                amount
                for where, amount, end in books.values()
                if (where, end) == (payment.reference, "succeeded")
            )
            assert gone <= CAPTURED[payment.id]


def _nothing_is_lost(shop: Shop, orders: dict[str, Order]) -> int:
    answers: Counter[str] = Counter()
    for path in sorted(shop.folder.glob("answers *")):
        seat = path.name.removeprefix("answers ")
        for number, line in enumerate(shop.noted(path.name)):
            assert line.split()[0] == str(number)
            answers[line.split()[1]] += 1
            order, request = wish(seat, number)
            if line.endswith("accepted"):
                legs = orders[order.id].legs(request.key)
                given = sum(leg.amount.minor for leg in legs)
                assert given == (given if request.amount is None else request.amount.minor), request.key
                assert given > 0, request.key
    assert sum(len(order.requests) for order in orders.values()) >= answers["accepted"]
    return answers["denied"]


def _everything_is_told(shop: Shop, store: Store, orders: dict[str, Order]) -> tuple[int, int]:
    written = {name: [(event.version, event.number) for event in store.events(name)] for name in orders}
    total, told = sum(map(len, written.values())), 0
    for listener in LISTENERS:
        heard: dict[str, dict[tuple[int, int], None]] = defaultdict(dict)
        for line in shop.noted(listener):
            order_id, version, number = line.split()
            heard[order_id].setdefault((int(version), int(number)))
            told += 1
        # Every event, and the first time of each in the order in which they happened.
        assert {name: list(of) for name, of in heard.items()} == written
    return total, told - total * len(LISTENERS)
