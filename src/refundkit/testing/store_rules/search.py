"""Chapter 6: search finds what the filter accepts."""

# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

from datetime import timedelta
from itertools import islice

import attrs
import pytest

from refundkit.model.deliveries import Delivery, DeliveryStatus
from refundkit.model.orders import Order
from refundkit.model.parties import Customer
from refundkit.model.payments import Payment, PaymentStatus
from refundkit.model.refunds import RefundStatus
from refundkit.model.standing import OrderStatus
from refundkit.money import Money
from refundkit.stores.base import OrderColumn, OrderFilter, OrderSort, Store
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
    *(OrderFilter(payment_status=status) for status in (PaymentStatus.FAILED, PaymentStatus.CAPTURED)),
    *(OrderFilter(delivery_status=status) for status in (DeliveryStatus.PENDING, DeliveryStatus.REVOKED)),
    *(OrderFilter(flagged=flagged) for flagged in (True, False)),
    *(OrderFilter(unsettled=unsettled) for unsettled in (True, False)),
    *(OrderFilter(test=test) for test in (True, False)),
    OrderFilter(placed_from=NOW),
    OrderFilter(placed_before=NOW),
    OrderFilter(placed_from=NOW - DAY, placed_before=NOW + DAY),
    OrderFilter(captured_from=NOW),
    OrderFilter(captured_from=NOW + DAY),
    *(OrderFilter(refunded_from=since) for since in (NOW, NOW + DAY)),
    OrderFilter(flagged=False, test=False, unsettled=True, gateway="stripe"),
)


SORTS = [OrderSort(by=column, descending=down) for column in OrderColumn for down in (False, True)]


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
        make_order("declined", payments=(_failed(), make_payment(reference="pi_4"))),
        make_order("to-send", deliveries=(_delivery(),)),
        make_order("disputed", disputes=(make_dispute(),)),
        *(_settled(status) for status in (RefundStatus.SUCCEEDED, RefundStatus.FAILED)),
    ]


def _failed() -> Payment:
    return make_payment(
        id="p-0", reference="pi_3", captured=eur(0), status=PaymentStatus.FAILED, captured_at=None
    )


def _delivery() -> Delivery:
    return Delivery(id="d-1", line_id="line-1", kind="post", target="Main Street 1")


def _settled(status: RefundStatus) -> Order:
    """Make an order with a refund that has come to its end now."""
    order = with_request(make_order(f"settled-{status}"), "k", eur(1), status)
    return order.with_refund(attrs.evolve(order.refunds[0], settled_at=NOW))


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

    @pytest.mark.parametrize(
        "sort", SORTS, ids=lambda sort: f"{sort.by}-{'down' if sort.descending else 'up'}"
    )
    def test_search_is_sorted(self, store: Store, sort: OrderSort) -> None:
        """6.4 Sorted by any column, the list is what `OrderSort.arranged` makes of it: without a value, last."""
        orders = [*_orders(), *_foreign_orders()]
        for order in orders:
            store.add(order, ())
        known = [store.get(order.id) for order in orders]
        assert list(store.search(OrderFilter(), sort)) == sort.arranged(known)
        wanted = OrderFilter(test=False, flagged=False)
        assert list(store.search(wanted, sort)) == sort.arranged(filter(wanted.accepts, known))

    def test_a_long_list_is_sorted(self, store: Store) -> None:
        """6.5 Many orders, many of them alike in the column, come each once; a caller may stop."""
        dates = (NOW, NOW - DAY, NOW, NOW + DAY, NOW, None)
        orders = [make_order(f"o-{n:03}", placed_at=dates[n % 6]) for n in range(130)]
        for order in orders:
            store.add(order, ())
        for down in (False, True):
            sort = OrderSort(by=OrderColumn.PLACED_AT, descending=down)
            names = [order.id for order in sort.arranged(orders)]
            assert [order.id for order in store.search(OrderFilter(), sort)] == names
            assert [order.id for order in islice(store.search(OrderFilter(), sort), 3)] == names[:3]

    def test_sorting_follows_changes(self, store: Store, other_store: Store) -> None:
        """6.6 What a change makes of an order is what it is sorted by: amounts of one currency, never across two."""
        for order in (make_order("a"), make_order("b"), *_foreign_orders()):
            store.add(order, ())
        by_refunded = OrderSort(by=OrderColumn.REFUNDED)
        before = [order.id for order in other_store.search(OrderFilter(), by_refunded)]
        store.change("a", lambda order: (with_request(order, "k", eur(1), RefundStatus.SUCCEEDED), ()))
        after = [order.id for order in other_store.search(OrderFilter(), by_refunded)]
        assert (before, after) == (["swiss", "a", "b", "yen"], ["swiss", "b", "a", "yen"])


def _foreign_orders() -> list[Order]:
    """Make orders without lines: of 100 yen, and of 0.90 francs, which are fewer minor units."""
    yen = make_payment(captured=Money.of(100, "JPY"), reference="pi_yen")
    swiss = make_payment(captured=Money.of("0.90", "CHF"), reference="pi_swiss")
    return [
        make_order("yen", currency="JPY", lines=(), payments=(yen,)),
        make_order("swiss", currency="CHF", lines=(), payments=(swiss,)),
    ]


def _is_given(_: object, value: object) -> bool:
    return value not in ((), None)
