"""Chapter 5: what is due is claimed by one sweep at a time."""

# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

from datetime import timedelta, timezone

import attrs

from refundkit.stores.base import Store, Work
from refundkit.testing.builders import NOW, eur, make_order, with_request
from refundkit.testing.store_rules.base import Rules, at_once

LATER = NOW + timedelta(minutes=5)


def _add_due(store: Store, name: str, minutes: int) -> None:
    store.add(make_order(name, due_at=NOW + timedelta(minutes=minutes)), ())


class SweepRules(Rules):
    """Chapter 5."""

    def test_longest_due_first(self, store: Store, other_store: Store) -> None:
        """5.1 Orders are claimed whose time has come, the longest due first; others are left alone."""
        for name, minutes in (("o-now", 0), ("o-late", -1), ("o-oldest", -60), ("o-soon", 1)):
            _add_due(store, name, minutes)
        store.add(make_order("o-never"), ())
        assert other_store.claim(NOW, until=LATER, limit=10) == ("o-oldest", "o-late", "o-now")

    def test_limit(self, store: Store) -> None:
        """5.2 At most so many are claimed as are asked for; the next sweep gets the rest."""
        for number in range(5):
            _add_due(store, f"o-{number}", number - 10)
        assert store.claim(NOW, until=LATER, limit=2) == ("o-0", "o-1")
        assert store.claim(NOW, until=LATER, limit=0) == ()
        assert store.claim(NOW, until=LATER, limit=9) == ("o-2", "o-3", "o-4")

    def test_lease(self, store: Store, other_store: Store) -> None:
        """5.3 A claimed order is not claimed again before its lease ends, and then it is."""
        _add_due(store, "o-1", -1)
        store.claim(NOW, until=LATER, limit=1)
        assert other_store.claim(LATER - timedelta(microseconds=1), until=LATER, limit=1) == ()
        assert other_store.claim(LATER, until=LATER + timedelta(hours=1), limit=1) == ("o-1",)

    def test_claim_is_no_change(self, store: Store) -> None:
        """5.4 Claiming moves the due time alone: no version, no event; a change keeps the lease."""
        _add_due(store, "o-1", -1)
        store.claim(NOW, until=LATER, limit=1)
        assert store.get("o-1") == make_order("o-1", due_at=LATER, version=1)
        assert store.events("o-1") == ()
        store.change("o-1", lambda order: (with_request(order, "k", eur(1)), ()))
        assert store.get("o-1").due_at == LATER

    def test_change_sets_the_time(self, store: Store) -> None:
        """5.5 A change may set the time, and take it away."""
        _add_due(store, "o-1", -1)
        store.add(make_order("o-2"), ())
        store.change("o-1", lambda order: (attrs.evolve(order, due_at=None), ()))
        store.change("o-2", lambda order: (attrs.evolve(order, due_at=NOW), ()))
        assert store.claim(NOW, until=LATER, limit=9) == ("o-2",)

    def test_sweeps_at_once(self, store: Store, other_store: Store) -> None:
        """5.6 Sweeps at the same moment claim different orders, and all of them."""
        names = [f"o-{number}" for number in range(12)]
        for number, name in enumerate(names):
            _add_due(store, name, number - 60)
        claims = at_once(
            [lambda s=s: s.claim(NOW, until=LATER, limit=3) for s in (store, other_store) * 2]  # type: ignore[misc]
        )
        claimed = [name for claim in claims if isinstance(claim, tuple) for name in claim]
        assert len(set(claimed)) == len(claimed)
        assert sorted((*claimed, *store.claim(NOW, until=LATER, limit=12))) == sorted(names)

    def test_each_work_has_its_own_time(self, store: Store, other_store: Store) -> None:
        """5.7 Deliveries are due apart from refunds; claiming for one work leaves the other alone."""
        store.add(make_order("o-1", due_at=NOW, delivery_due_at=NOW - timedelta(minutes=1)), ())
        store.add(make_order("o-2", delivery_due_at=LATER), ())
        assert store.claim(NOW, until=LATER, limit=9, work=Work.DELIVERIES) == ("o-1",)
        assert other_store.claim(NOW, until=LATER, limit=9, work=Work.DELIVERIES) == ()
        assert other_store.claim(NOW, until=LATER, limit=9) == ("o-1",)
        assert store.get("o-1").delivery_due_at == LATER

    def test_time_zones(self, store: Store) -> None:
        """5.8 A sweep may tell the time in any zone; it is the moment that counts."""
        there = timezone(timedelta(hours=-9, minutes=-30))
        _add_due(store, "o-1", 0)
        early, now = NOW - timedelta(microseconds=1), NOW.astimezone(there)
        assert store.claim(early.astimezone(there), until=LATER, limit=1) == ()
        assert store.claim(now, until=LATER.astimezone(there), limit=1) == ("o-1",)
        assert store.get("o-1") == make_order("o-1", due_at=LATER, version=1)
        assert str(store.get("o-1").due_at).endswith("+00:00")
