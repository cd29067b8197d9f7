"""Chapter 6: search finds what the filter accepts."""

# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

from datetime import timedelta
from itertools import islice

import attrs
import pytest

from refundkit.model.orders import Order
from refundkit.model.parties import Customer
from refundkit.model.refunds import RefundStatus
from refundkit.model.standing import OrderStatus
from refundkit.stores.base import OrderFilter, Store
from refundkit.testing.builders import (
    NOW,
    eur,
    make_dispute,
    make_flag,
    make_order,
    make_payment,
    with_request,
)
from refundkit.testing.store_rules.base import Rules

DAY = timedelta(days=1)

FILTERS = (
    OrderFilter(),
    *(OrderFilter(statuses=(status,)) for status in OrderStatus),
    OrderFilter(statuses=(OrderStatus.PAID, OrderStatus.REFUNDED)),
    OrderFilter(email="strasse@example.com"),
    OrderFilter(email="nobody@example.com"),
    OrderFilter(gateway="paypal"),
    OrderFilter(gateway="nowhere"),
    OrderFilter(tag="vip"),
    OrderFilter(tag="vi"),
    *(OrderFilter(flagged=flagged) for flagged in (True, False)),
    *(OrderFilter(unsettled=unsettled) for unsettled in (True, False)),
    *(OrderFilter(test=test) for test in (True, False)),
    OrderFilter(placed_from=NOW),
    OrderFilter(placed_before=NOW),
    OrderFilter(placed_from=NOW - DAY, placed_before=NOW + DAY),
    OrderFilter(captured_from=NOW),
    OrderFilter(captured_from=NOW + DAY),
    OrderFilter(flagged=False, test=False, unsettled=True, gateway="stripe"),
)


def _orders() -> list[Order]:
    paid = make_order("paid", tags=("vip", "x"))
    return [
        paid,
        make_order("Z-before-a", payments=()),
        make_order("paypal", payments=(make_payment(gateway="paypal"),), test=True),
        make_order("ä-behind-z", placed_at=None, customer=Customer(email="STRASSE@example.com")),
        make_order("street", customer=Customer(email="straße@Example.com"), placed_at=NOW - 2 * DAY),
        make_order("no-mail", customer=Customer(name="x"), placed_at=NOW + 2 * DAY),
        with_request(make_order("open"), "k", eur(1)),
        with_request(make_order("pending"), "k", eur(1), RefundStatus.PENDING),
        with_request(make_order("part"), "k", eur(1), RefundStatus.SUCCEEDED),
        with_request(make_order("refunded"), "k", eur(10000), RefundStatus.SUCCEEDED),
        with_request(make_order("failed"), "k", eur(1), RefundStatus.FAILED),
        make_order("flagged", flags=(make_flag(),)),
        make_order("old", payments=(make_payment(captured_at=NOW - DAY),)),
        make_order("unknown", payments=(make_payment(captured_at=None, reference="pi_2"),)),
        make_order("disputed", disputes=(make_dispute(),)),
    ]


class SearchRules(Rules):
    """Chapter 6."""

    @pytest.mark.parametrize(
        "wanted", FILTERS, ids=lambda wanted: str(attrs.asdict(wanted, filter=_is_given))
    )
    def test_search_is_the_filter(self, store: Store, wanted: OrderFilter) -> None:
        """6.1 Search yields exactly the orders that the filter accepts, whole, sorted by id (code points)."""
        for order in _orders():
            store.add(order, ())
        known = sorted((store.get(order.id) for order in _orders()), key=lambda order: order.id)
        assert list(store.search(wanted)) == [order for order in known if wanted.accepts(order)]

    def test_search_follows_changes(self, store: Store, other_store: Store) -> None:
        """6.2 What a change makes of an order is what it is found by."""
        store.add(make_order(), ())
        refunded = OrderFilter(statuses=(OrderStatus.REFUNDED,), unsettled=False, flagged=True, tag="new")
        assert list(other_store.search(refunded)) == []

        def settle(order: Order) -> tuple[Order, tuple[()]]:
            order = with_request(order, "k", eur(10000), RefundStatus.SUCCEEDED)
            return attrs.evolve(order, flags=(make_flag(),), tags=("new",)), ()

        store.change("o-1", settle)
        assert [order.id for order in other_store.search(refunded)] == ["o-1"]

    def test_search_is_a_stream(self, store: Store) -> None:
        """6.3 Many orders come one by one, each once; a caller may stop, or change them on the way."""
        names = [f"o-{number:03}" for number in range(120)]
        for name in names:
            store.add(make_order(name), ())
        seen = []
        for order in store.search(OrderFilter()):
            seen.append(order.id)
            if len(seen) % 50 == 0:
                store.change(order.id, lambda newest: (attrs.evolve(newest, tags=("seen",)), ()))
        assert seen == names
        assert [order.id for order in islice(store.search(OrderFilter()), 3)] == names[:3]


def _is_given(_: object, value: object) -> bool:
    return value not in ((), None)
