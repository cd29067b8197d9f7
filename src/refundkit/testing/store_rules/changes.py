"""Chapter 3: a change is one step from the newest truth to a newer one, whole or not at all."""

# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

import time

import attrs
import pytest

from refundkit.errors import ReferenceTakenError, StoreError
from refundkit.model.events import Event
from refundkit.model.orders import Order
from refundkit.model.refunds import RefundStatus
from refundkit.stores.base import Change, ChangeFunction, Store
from refundkit.testing.builders import eur, make_event, make_order, make_payment, with_request
from refundkit.testing.store_rules.base import Rules, at_once

Changed = tuple[Order, tuple[Event, ...]]


class _Stop(Exception):  # noqa: N818 - nobody's error
    """What a function of a test raises."""


class _Halt(BaseException):
    """What ends a process or a task, as KeyboardInterrupt does."""


def _reserving(key: str) -> ChangeFunction:
    """Reserve 1.00 under *key* if there is so much left, as the desk does."""

    def reserve(order: Order) -> Changed:
        if order.refundable < eur(100):
            return order, ()
        return with_request(order, key, eur(100)), (make_event(text=key),)

    return reserve


def _tagging(tag: str) -> ChangeFunction:
    def tag_it(order: Order) -> Changed:
        # Long enough for others to read the same version, were they allowed to.
        time.sleep(0.002)
        return attrs.evolve(order, tags=(*order.tags, tag)), ()

    return tag_it


class _Counting:
    """A function that says in tag and event which of its runs wrote them, and notes what each run was given."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.given: list[int] = []

    def __call__(self, order: Order) -> Changed:
        self.given.append(order.version)
        # Long enough for others to get in between, where a store lets them.
        time.sleep(0.002)
        return attrs.evolve(order, tags=(*order.tags, self.last)), (make_event(text=self.last),)

    @property
    def last(self) -> str:
        return f"{self.name}-{len(self.given)}"


def _growing(number: int) -> ChangeFunction:
    """Write number *number* into every part of an order, and an event."""

    def grow(order: Order) -> Changed:
        # Long enough for others to read what is being changed.
        time.sleep(0.001)
        tagged = attrs.evolve(order, tags=(*order.tags, f"{number}"))
        return with_request(tagged, f"{number}", eur(1)), (make_event(text=f"{number}"),)

    return grow


class ChangeRules(Rules):
    """Chapter 3."""

    def test_change_is_written_and_returned(self, store: Store, other_store: Store) -> None:
        """3.1 The function gets the newest order, and what it returns is written and returned."""
        store.add(make_order(), ())
        seen: list[Order] = []

        def reserve(order: Order) -> Changed:
            seen.append(order)
            return _reserving("k-1")(order)

        change = store.change("o-1", reserve)
        assert seen[-1] == attrs.evolve(make_order(), version=1)
        assert change.order.refunds[0].status is RefundStatus.SUBMITTED
        assert other_store.get("o-1") == change.order
        assert other_store.events("o-1") == change.events

    def test_version_grows_by_one(self, store: Store, other_store: Store) -> None:
        """3.2 Every change that writes makes the version one larger, whatever the function put there."""
        store.add(make_order(version=9), ())
        assert store.get("o-1").version == 1
        store.change("o-1", _reserving("k-1"))
        change = other_store.change("o-1", lambda order: (attrs.evolve(order, tags=("t",), version=77), ()))
        assert change.order.version == store.get("o-1").version == 3

    def test_all_or_nothing(self, store: Store) -> None:
        """3.3 Order and events are written together: if anything cannot be written, nothing is."""
        store.add(make_order("o-1"), ())
        store.add(make_order("o-2", due_at=None), ())
        before = store.get("o-2")

        def too_much(order: Order) -> Changed:
            order, events = _reserving("k-1")(attrs.evolve(order, tags=("tag",)))
            return order.with_payment(make_payment(id="p-2", reference="pi_o-1")), (
                *events,
                make_event("o-2"),
            )

        with pytest.raises(ReferenceTakenError):
            store.change("o-2", too_much)
        assert store.get("o-2") == before
        assert (store.events("o-2"), store.undelivered("o-2")) == ((), ())
        assert store.find_refund(too_much(before)[0].refunds[0].id) is None

    @pytest.mark.parametrize("kind", [_Stop, _Halt])
    def test_function_that_raises(self, store: Store, kind: type[BaseException]) -> None:
        """3.4 What the function raises reaches the caller, nothing is written, and the next change works."""
        store.add(make_order(), ())
        stop = kind("no")

        def refuse(_: Order) -> Changed:
            raise stop

        with pytest.raises(kind) as raised:
            store.change("o-1", refuse)
        assert raised.value is stop
        assert store.get("o-1").version == 1
        assert store.change("o-1", _reserving("k-1")).order.version == 2

    def test_nothing_to_write(self, store: Store) -> None:
        """3.5 A function that returns the order it was given, without events, writes nothing."""
        store.add(make_order(), ())
        change = store.change("o-1", lambda order: (order, ()))
        assert change.order == store.get("o-1")
        assert (change.order.version, change.events) == (1, ())

    def test_events_alone(self, store: Store) -> None:
        """3.6 Events without any other news are a change: they get a version of their own."""
        store.add(make_order(), ())
        change = store.change("o-1", lambda order: (order, (make_event(text="seen"),)))
        assert store.get("o-1").version == 2
        assert [event.version for event in change.events] == [2]

    def test_change_within_a_change(self, store: Store) -> None:
        """3.7 A function that changes the store is refused instead of waiting for itself, and writes nothing."""
        store.add(make_order("o-1"), ())
        store.add(make_order("o-2"), ())

        def nested(order: Order) -> Changed:
            store.change("o-2", _reserving("inner"))
            return _reserving("outer")(order)

        with pytest.raises(StoreError):
            store.change("o-1", nested)
        assert store.get("o-1").version == store.get("o-2").version == 1
        assert store.change("o-1", _reserving("k-1")).order.version == 2

    def test_no_update_is_lost(self, store: Store, other_store: Store) -> None:
        """3.8 Many who change one order at once all see each other's changes: none is lost."""
        store.add(make_order(), ())
        stores = [store, other_store] * 4
        tags = [f"tag-{number}" for number in range(8)]
        at_once([lambda s=s, t=t: s.change("o-1", _tagging(t)) for s, t in zip(stores, tags, strict=True)])  # type: ignore[misc]
        order = store.get("o-1")
        assert sorted(order.tags) == tags
        assert order.version == 9

    def test_cap_is_kept(self, store: Store, other_store: Store) -> None:
        """3.9 Law C1: of eight threads that reserve more than was captured, just enough get something."""
        store.add(make_order(payments=(make_payment(captured=eur(1000)),)), ())

        def hammer(each: Store, worker: int) -> None:
            for number in range(4):
                each.change("o-1", _reserving(f"{worker}-{number}"))

        stores = [store, other_store] * 4
        results = at_once([lambda s=s, n=n: hammer(s, n) for n, s in enumerate(stores)])  # type: ignore[misc]
        assert results == [None] * 8
        order = store.get("o-1")
        assert len(order.refunds) == len(store.events("o-1")) == 10
        assert (order.reserved, order.refundable) == (eur(1000), eur(0))

    def test_many_orders_at_once(self, store: Store, other_store: Store) -> None:
        """3.10 Changes of different orders do not get in each other's way."""
        for number in range(8):
            store.add(make_order(f"o-{number}"), ())
        stores = [store, other_store] * 4
        at_once([lambda s=s, n=n: s.change(f"o-{n}", _tagging("t")) for n, s in enumerate(stores)])  # type: ignore[misc]
        assert [store.get(f"o-{number}").version for number in range(8)] == [2] * 8

    def test_last_run_counts(self, store: Store, other_store: Store) -> None:
        """3.11 However often a function is run, what its last run returned is written, and nothing else."""
        store.add(make_order(), ())
        functions = [_Counting(f"{number}") for number in range(8)]
        stores = [store, other_store] * 4
        changes = at_once(
            [lambda s=s, f=f: s.change("o-1", f) for s, f in zip(stores, functions, strict=True)]  # type: ignore[misc]
        )
        last = [function.last for function in functions]
        assert [_outline(change) for change in changes] == [
            (function.given[-1] + 1, [function.last]) for function in functions
        ]
        assert sorted(store.get("o-1").tags) == sorted(last)
        assert sorted(event.text for event in store.events("o-1")) == sorted(last)

    def test_reads_are_whole(self, store: Store, other_store: Store) -> None:
        """3.12 Who reads while others write sees an order before or after a change, never between."""
        store.add(make_order(), ())

        def write() -> None:
            for number in range(20):
                store.change("o-1", _growing(number))

        def read() -> None:
            for _ in range(40):
                _require_whole(other_store)

        assert at_once([write, read, read]) == [None] * 3
        assert _require_whole(store) == 21


def _require_whole(store: Store) -> int:
    """Read order and events while others write; return the version that was seen."""
    order = store.get("o-1")
    assert len(order.tags) == len(order.requests) == len(order.refunds) == order.version - 1
    assert len(store.events("o-1")) >= order.version - 1
    return order.version


def _outline(change: Change | Exception) -> tuple[int, list[str]]:
    assert isinstance(change, Change), change
    return change.order.version, [event.text for event in change.events]
