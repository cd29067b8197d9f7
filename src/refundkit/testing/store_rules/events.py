"""Chapter 4: events are written once, in order, and wait until they are delivered (law T4)."""

# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

from collections.abc import Iterable

from refundkit.model.events import Event, EventKind
from refundkit.model.parties import Actor
from refundkit.stores.base import ChangeFunction, News, Store
from refundkit.testing.builders import eur, make_event, make_order
from refundkit.testing.store_rules.base import LARGEST, Rules


def _saying(*texts: str) -> ChangeFunction:
    return lambda order: (order, tuple(make_event(order.id, text=text) for text in texts))


def _texts(events: Iterable[Event | News]) -> list[str]:
    return [(news.event if isinstance(news, News) else news).text for news in events]


def rich_event() -> Event:
    """Make an event with something in every field."""
    return make_event(
        kind=EventKind.REFUND_FAILED,
        actor=Actor.staff("Zoë"),
        payment_id="p-1",
        refund_id="r-1",
        amount=eur(LARGEST),
        text="ß 🧾\n",
        data={"nested": {"list": [1, None, True]}, "text": "' \"\\"},
    )


class EventRules(Rules):
    """Chapter 4."""

    def test_events_are_numbered(self, store: Store, other_store: Store) -> None:
        """4.1 An event has the version that it led to, and its number within that version, from zero."""
        store.add(make_order(), (make_event(text="a"), make_event(text="b")))
        change = store.change("o-1", _saying("c", "d"))
        places = [(event.version, event.number, event.text) for event in other_store.events("o-1")]
        assert places == [(1, 0, "a"), (1, 1, "b"), (2, 0, "c"), (2, 1, "d")]
        assert change.events == other_store.events("o-1")[2:]

    def test_events_are_kept_exactly(self, store: Store, other_store: Store) -> None:
        """4.2 Every field of an event comes back as it was."""
        event = rich_event()
        store.add(make_order(), (event,))
        assert other_store.events("o-1") == (event.numbered(1, 0),)

    def test_events_belong_to_their_order(self, store: Store) -> None:
        """4.3 The events of an order are its own, oldest first, however many there are."""
        store.add(make_order("o-1"), ())
        store.add(make_order("o-2"), (make_event("o-2"),))
        for number in range(12):
            store.change("o-1", _saying(f"{number}"))
        assert _texts(store.events("o-1")) == [f"{number}" for number in range(12)]
        assert len(store.events("o-2")) == 1

    def test_events_wait_for_delivery(self, store: Store, other_store: Store) -> None:
        """4.4 An event is undelivered until it is marked; marking it again is harmless."""
        store.add(make_order(), (make_event(text="a"), make_event(text="b")))
        first, second = store.undelivered()
        other_store.mark_delivered([first.event])
        assert store.undelivered() == (second,)
        store.mark_delivered(iter([first.event, second.event]))
        store.mark_delivered([])
        assert store.undelivered() == other_store.undelivered() == ()

    def test_undelivered_keep_their_order(self, store: Store) -> None:
        """4.5 Undelivered events come by order id, oldest first; one order's alone can be asked for, and a limit."""
        for name in ("o-2", "o-1"):
            store.add(make_order(name), (make_event(name, text=f"{name} a"),))
        store.change("o-2", _saying("o-2 b", "o-2 c"))
        store.change("o-1", _saying("o-1 b"))
        assert _texts(store.undelivered("o-2")) == ["o-2 a", "o-2 b", "o-2 c"]
        assert _texts(store.undelivered("o-2", limit=2)) == ["o-2 a", "o-2 b"]
        everything = store.undelivered()
        assert _texts(everything) == ["o-1 a", "o-1 b", "o-2 a", "o-2 b", "o-2 c"]
        assert _texts(store.undelivered(limit=3)) == ["o-1 a", "o-1 b", "o-2 a"]

    def test_events_stay(self, store: Store) -> None:
        """4.6 Events are append-only: neither delivery nor later changes touch them."""
        store.add(make_order(), (make_event(text="a"),))
        before = store.events("o-1")
        store.mark_delivered(before)
        store.change("o-1", _saying("b"))
        assert store.events("o-1")[:1] == before
        assert _texts(store.undelivered("o-1")) == ["b"]

    def test_undelivered_are_read_page_by_page(self, store: Store, other_store: Store) -> None:
        """4.7 With *after*, only what lies behind that event comes, whether or not it is delivered itself."""
        for name in ("o-2", "o-10", "o-1"):
            store.add(make_order(name), (make_event(name, text=f"{name} a"),))
            store.change(name, _saying(f"{name} b"))
        first, second, *_ = store.undelivered()
        assert _texts(store.undelivered(after=first.event, limit=2)) == ["o-1 b", "o-10 a"]
        assert _texts(store.undelivered("o-2", after=second.event)) == ["o-2 a", "o-2 b"]
        other_store.mark_delivered([second.event])
        assert _texts(store.undelivered(after=second.event)) == ["o-10 a", "o-10 b", "o-2 a", "o-2 b"]
        assert store.undelivered(after=store.undelivered()[-1].event) == ()

    def test_each_listener_takes_for_itself(self, store: Store, other_store: Store) -> None:
        """4.8 An event says who has taken it; marks add up, and it waits until it is delivered to all."""
        store.add(make_order(), (make_event(text="a"), make_event(text="b")))
        first, second = store.undelivered()
        assert first.taken_by == second.taken_by == frozenset()
        store.mark_taken(first.event, ["mail"])
        other_store.mark_taken(first.event, ["ledger", "mail"])
        assert [news.taken_by for news in store.undelivered()] == [{"mail", "ledger"}, frozenset()]
        store.mark_delivered([first.event])
        store.mark_taken(first.event, ["late"])
        assert other_store.undelivered() == (second,)
