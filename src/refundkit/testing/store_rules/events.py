"""Chapter 4: events are written once, in order, and wait until they are delivered (law T4)."""

# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

from refundkit.model.events import Event, EventKind
from refundkit.model.parties import Actor
from refundkit.stores.base import ChangeFunction, Store
from refundkit.testing.builders import eur, make_event, make_order
from refundkit.testing.store_rules.base import LARGEST, Rules


def _saying(*texts: str) -> ChangeFunction:
    return lambda order: (order, tuple(make_event(order.id, text=text) for text in texts))


def _texts(events: tuple[Event, ...]) -> list[str]:
    return [event.text for event in events]


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
        other_store.mark_delivered([first])
        assert store.undelivered() == (second,)
        store.mark_delivered(iter([first, second]))
        store.mark_delivered([])
        assert store.undelivered() == other_store.undelivered() == ()

    def test_undelivered_keep_their_order(self, store: Store) -> None:
        """4.5 Undelivered events come in order per order; one order's alone, and a limit, can be asked for."""
        for name in ("o-2", "o-1"):
            store.add(make_order(name), (make_event(name, text=f"{name} a"),))
        store.change("o-2", _saying("o-2 b", "o-2 c"))
        store.change("o-1", _saying("o-1 b"))
        assert _texts(store.undelivered("o-2")) == ["o-2 a", "o-2 b", "o-2 c"]
        assert _texts(store.undelivered("o-2", limit=2)) == ["o-2 a", "o-2 b"]
        everything = store.undelivered()
        assert len(everything) == 5
        assert [text for text in _texts(everything) if text.startswith("o-1")] == ["o-1 a", "o-1 b"]
        assert [text for text in _texts(everything) if text.startswith("o-2")] == ["o-2 a", "o-2 b", "o-2 c"]
        assert len(store.undelivered(limit=3)) == 3

    def test_events_stay(self, store: Store) -> None:
        """4.6 Events are append-only: neither delivery nor later changes touch them."""
        store.add(make_order(), (make_event(text="a"),))
        before = store.events("o-1")
        store.mark_delivered(before)
        store.change("o-1", _saying("b"))
        assert store.events("o-1")[:1] == before
        assert _texts(store.undelivered("o-1")) == ["b"]
