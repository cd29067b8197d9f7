"""Chapter 1: orders are kept exactly as they are."""

# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest

from refundkit.errors import OrderExistsError, OrderNotFoundError
from refundkit.model import fields
from refundkit.model.events import Event
from refundkit.model.marks import Note
from refundkit.model.orders import Order
from refundkit.model.parties import Actor
from refundkit.model.refunds import RefundOrigin
from refundkit.stores.base import OrderFilter, Store
from refundkit.testing.builders import (
    NOW,
    eur,
    make_event,
    make_order,
    make_payment,
    make_refund,
    with_request,
)
from refundkit.testing.store_rules.base import LARGEST, Rules, at_once, lived_order, registered_order

MANY = 10_000


def _longest(letter: str) -> str:
    return letter * fields.MAX_ID


def _many_refunds(order: Order) -> tuple[Order, tuple[Event, ...]]:
    """Adopt 10,000 refunds of 0.01, the way they would be found after years."""
    one = make_refund(key=None, origin=RefundOrigin.EXTERNAL, amount=eur(1), lines=())
    found = (attrs.evolve(one, id=f"r-{number}", reference=f"re_{number}") for number in range(MANY))
    return attrs.evolve(order, refunds=tuple(found)), (make_event(),)


class OrderRules(Rules):
    """Chapter 1."""

    def test_added_order_is_found(self, store: Store, other_store: Store) -> None:
        """1.1 An order that was added is found, at version 1, by everybody."""
        order = make_order()
        assert store.add(order, ()) is True
        assert store.get("o-1") == attrs.evolve(order, version=1)
        assert other_store.get("o-1") == attrs.evolve(order, version=1)

    def test_everything_registered_is_kept(self, store: Store, other_store: Store) -> None:
        """1.2 Whatever a shop can register comes back exactly: any text, any nesting, every optional field."""
        order = registered_order()
        store.add(order, ())
        assert other_store.get(order.id) == attrs.evolve(order, version=1)

    def test_everything_that_happens_is_kept(self, store: Store, other_store: Store) -> None:
        """1.3 Whatever history can write comes back exactly, in its order."""
        order = registered_order()
        store.add(order, ())
        change = store.change(order.id, lambda newest: (lived_order(newest), ()))
        assert other_store.get(order.id) == change.order == attrs.evolve(lived_order(order), version=2)

    def test_largest_amount(self, store: Store) -> None:
        """1.4 Amounts are exact up to 2**63 - 1 minor units."""
        store.add(make_order(lines=(), payments=(make_payment(captured=eur(LARGEST)),)), ())
        store.change("o-1", lambda order: (with_request(order, "all", eur(LARGEST)), ()))
        order = store.get("o-1")
        assert order.reserved.minor == order.captured.minor == LARGEST
        assert order.refundable.is_zero

    @pytest.mark.parametrize(
        "moment",
        [
            datetime(1970, 1, 1, tzinfo=UTC),
            # Half past two in Vienna, for the second time on that day.
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
            datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=-9, minutes=-30))),
            datetime(2800, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        ],
        ids=str,
    )
    def test_moments_are_exact(self, store: Store, moment: datetime) -> None:
        """1.5 A moment comes back as the same moment, in UTC, to the microsecond."""
        store.add(make_order(placed_at=moment, due_at=moment), ())
        order = store.get("o-1")
        assert (order.placed_at, order.due_at) == (moment, moment)
        assert str(order.placed_at).endswith("+00:00")

    def test_adding_again_changes_nothing(self, store: Store, other_store: Store) -> None:
        """1.6 The same content again is no news, whatever has happened to the order since."""
        order = registered_order()
        store.add(order, (make_event(order.id),))
        changed = store.change(order.id, lambda newest: (lived_order(newest), ())).order
        assert other_store.add(order, (make_event(order.id),)) is False
        assert store.get(order.id) == changed
        assert len(store.events(order.id)) == 1

    def test_other_content_is_refused(self, store: Store) -> None:
        """1.7 Other content under the same id is refused, and the order stays as it is."""
        order = make_order()
        store.add(order, ())
        with pytest.raises(OrderExistsError) as refused:
            store.add(attrs.evolve(order, metadata={"changed": True}), (make_event(),))
        assert refused.value.order_id == "o-1"
        assert store.get("o-1") == attrs.evolve(order, version=1)
        assert store.events("o-1") == ()

    def test_unknown_order(self, store: Store) -> None:
        """1.8 An order that is not there is an error to get and to change, and has no events."""
        with pytest.raises(OrderNotFoundError):
            store.get("nowhere")
        with pytest.raises(OrderNotFoundError):
            store.change("nowhere", lambda order: (order, ()))
        assert store.events("nowhere") == ()

    def test_what_is_taken_away_is_gone(self, store: Store, other_store: Store) -> None:
        """1.9 Flags, notes, tags and documents can be taken away; the rest keeps its order."""
        order = lived_order(registered_order())
        store.add(order, ())

        def clear(newest: Order) -> tuple[Order, tuple[()]]:
            emptied = attrs.evolve(newest, notes=(), flags=newest.flags[1:], documents=newest.documents[1:])
            return attrs.evolve(emptied, tags=("new", *newest.tags[1:])), ()

        change = store.change(order.id, clear)
        assert other_store.get(order.id) == change.order
        assert len(change.order.flags) == len(change.order.documents) == 1

    def test_added_by_many_at_once(self, store: Store, other_store: Store) -> None:
        """1.10 Of many who add the same order at once, one adds it and the others learn that it is there."""
        order = make_order()
        stores = [store, other_store] * 4
        results = at_once([lambda each=each: each.add(order, (make_event(at=NOW),)) for each in stores])  # type: ignore[misc]
        assert sorted(map(str, results)) == ["False"] * 7 + ["True"]
        assert len(store.events("o-1")) == 1

    def test_longest_texts(self, store: Store, other_store: Store) -> None:
        """1.11 The longest ids and texts that an order may have come back whole, in any script."""
        ids, text = [_longest(letter) for letter in "ß注🧾"], "🧾" * fields.MAX_TEXT
        payment = make_payment(reference=ids[1], aliases=(ids[2],))
        note = Note(text=text, actor=Actor.staff(ids[0]), at=NOW)
        order = make_order(payments=(payment,), tags=(ids[1],), notes=(note,), metadata={"x": text})
        order = attrs.evolve(order, id=ids[0])
        store.add(order, (make_event(order.id, text=text),))
        assert other_store.get(order.id) == attrs.evolve(order, version=1)
        assert [event.text for event in other_store.events(order.id)] == [text]
        assert other_store.find_payment("stripe", ids[2]) == order.id

    def test_ten_thousand_refunds(self, store: Store, other_store: Store) -> None:
        """1.12 An order with ten thousand refunds is read, changed and found like any other."""
        store.add(make_order(lines=(), payments=(make_payment(captured=eur(MANY + 1)),)), ())
        store.change("o-1", _many_refunds)
        change = other_store.change("o-1", lambda order: (with_request(order, "last", eur(1)), ()))
        order = store.get("o-1")
        assert order == change.order
        assert (len(order.refunds), order.refundable) == (MANY + 1, eur(0))
        assert store.find_refund(f"r-{MANY - 1}") == "o-1"
        assert list(other_store.search(OrderFilter(unsettled=True))) == [order]
