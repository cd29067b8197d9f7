"""Chapter 7: what a webhook named too early is kept until an order answers to it."""

# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

from datetime import timedelta

from refundkit.stores.base import Hint, Store
from refundkit.testing.builders import NOW, make_order, make_payment
from refundkit.testing.store_rules.base import Rules


class HintRules(Rules):
    """Chapter 7."""

    def test_a_hint_waits_for_its_order(self, store: Store, other_store: Store) -> None:
        """7.1 A hint is kept silently, and told once an order has a payment of that reference."""
        store.keep_hint("fake", "pi_1", at=NOW)
        assert store.hints() == ()
        payment = make_payment(gateway="fake", reference="pi_1")
        other_store.add(make_order(payments=(payment,)), ())
        assert (
            store.hints()
            == other_store.hints("o-1")
            == (Hint(gateway="fake", reference="pi_1", order_id="o-1"),)
        )
        assert store.hints("o-2") == ()

    def test_a_hint_may_name_an_alias_or_a_group(self, store: Store) -> None:
        """7.2 Aliases and groups answer as references do; another gateway's do not."""
        for name in ("ch_1", "group-1"):
            store.keep_hint("fake", name, at=NOW)
        store.keep_hint("other", "ch_1", at=NOW)
        store.add(
            make_order(payments=(make_payment(gateway="fake", aliases=("ch_1",), group="group-1"),)), ()
        )
        assert {(hint.gateway, hint.reference) for hint in store.hints()} == {
            ("fake", "ch_1"),
            ("fake", "group-1"),
        }

    def test_hints_are_kept_once(self, store: Store, other_store: Store) -> None:
        """7.3 The same hint again is no second one; one that is dropped is gone, and dropping it again is harmless."""
        for number in range(3):
            other_store.keep_hint("fake", "pi_1", at=NOW + timedelta(days=number))
        store.add(make_order(payments=(make_payment(gateway="fake", reference="pi_1"),)), ())
        (hint,) = store.hints()
        store.drop_hint(hint)
        other_store.drop_hint(hint)
        assert store.hints() == ()

    def test_hints_are_read_in_parts(self, store: Store) -> None:
        """7.4 Not more come than are asked for, and hints that nobody answers to are in nobody's way."""
        payments = []
        for number in range(6):
            store.keep_hint("fake", f"pi_{number}", at=NOW)
            store.keep_hint("fake", f"unknown-{number}", at=NOW)
            payments.append(make_payment(id=f"p-{number}", gateway="fake", reference=f"pi_{number}"))
        store.add(make_order(payments=tuple(payments)), ())
        assert len(store.hints(limit=4)) == 4
        assert len(store.hints()) == 6

    def test_old_hints_are_dropped(self, store: Store, other_store: Store) -> None:
        """7.5 Hints first kept before a moment are dropped at once, answered or not; later ones stay."""
        references = ("pi_1", "pi_2", "pi_3")
        for number, reference in enumerate(references):
            store.keep_hint("fake", reference, at=NOW + timedelta(days=number))
        store.keep_hint("fake", "pi_1", at=NOW + timedelta(days=9))
        payments = (
            make_payment(id=reference, gateway="fake", reference=reference) for reference in references
        )
        store.add(make_order(payments=tuple(payments)), ())
        other_store.drop_hints(before=NOW + timedelta(days=1))
        assert {hint.reference for hint in store.hints()} == {"pi_2", "pi_3"}
