"""Chapter 8: numbers of a series have no gaps, whatever fails and whoever comes at once."""

# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

from collections.abc import Callable

import pytest

from refundkit.model.events import Event
from refundkit.model.orders import Order
from refundkit.stores.base import Store
from refundkit.testing.builders import make_event, make_order
from refundkit.testing.store_rules.base import Rules, at_once


def _note(order: Order, number: int) -> tuple[Order, tuple[Event, ...]]:
    return order, (make_event(order.id, text=str(number)),)


def _numbers(store: Store, *names: str) -> list[int]:
    return sorted(int(event.text) for name in names for event in store.events(name))


class NumberRules(Rules):
    """Chapter 8."""

    def test_numbers_count_from_one(self, store: Store, other_store: Store) -> None:
        """8.1 Every series counts from one, for all orders together; another series counts for itself."""
        for name in ("o-1", "o-2"):
            store.add(make_order(name), ())
        for name in ("o-1", "o-2", "o-1"):
            other_store.issue(name, "CN", _note)
        store.issue("o-2", "XX", _note)
        assert _numbers(store, "o-1") == [1, 3]
        assert _numbers(store, "o-2") == [1, 2]

    def test_a_number_that_is_not_used_is_not_gone(self, store: Store, other_store: Store) -> None:
        """8.2 If the function raises, or changes nothing, the next caller gets the same number."""
        store.add(make_order(), ())
        seen: list[int] = []

        def raising(order: Order, number: int) -> tuple[Order, tuple[Event, ...]]:
            seen.append(number)
            raise ValueError("no")

        def nothing(order: Order, number: int) -> tuple[Order, tuple[Event, ...]]:
            seen.append(number)
            return order, ()

        with pytest.raises(ValueError, match="no"):
            store.issue("o-1", "CN", raising)
        assert store.issue("o-1", "CN", nothing).events == ()
        other_store.issue("o-1", "CN", _note)
        assert set(seen) == {1}
        assert _numbers(store, "o-1") == [1]

    def test_many_at_once_leave_no_gap(self, store: Store, other_store: Store) -> None:
        """8.3 Many who issue at once, on one order and on several, use every number once."""
        names = ("o-1", "o-2", "o-3")
        for name in names:
            store.add(make_order(name), ())
        tasks: list[Callable[[], object]] = [
            lambda name=name, s=s: s.issue(name, "CN", _note)  # type: ignore[misc]
            for name in names
            for s in (store, other_store) * 2
        ]
        at_once(tasks)
        assert _numbers(store, *names) == list(range(1, 13))
