"""Chapter 2: what a gateway calls a payment leads to one order (law C4)."""

# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

import attrs
import pytest

from refundkit.errors import OrderNotFoundError, ReferenceTakenError
from refundkit.model.orders import Order
from refundkit.stores.base import ChangeFunction, Store
from refundkit.testing.builders import eur, make_event, make_order, make_payment, make_refund, with_request
from refundkit.testing.store_rules.base import Rules, at_once


def _taking(name: str) -> ChangeFunction:
    """Pay once more, under *name*."""
    payment = make_payment(id="p-9", reference=name)
    return lambda order: (order.with_payment(payment), (make_event(order.id),))


def _paid_by(order_id: str, **payment: object) -> Order:
    return make_order(order_id, payments=(make_payment(**payment),))


class ReferenceRules(Rules):
    """Chapter 2."""

    def test_payment_is_found_under_all_its_names(self, store: Store, other_store: Store) -> None:
        """2.1 A payment is found by its reference, by every alias and by its group."""
        store.add(_paid_by("o-1", reference="pi_1", aliases=("ch_1", "ch_2"), group="g_1"), ())
        found = [other_store.find_payment("stripe", name) for name in ("pi_1", "ch_1", "ch_2", "g_1")]
        assert found == ["o-1"] * 4

    def test_names_belong_to_a_gateway(self, store: Store) -> None:
        """2.2 The same name at another gateway is another payment; an unknown name leads nowhere."""
        store.add(_paid_by("o-1", gateway="stripe", reference="x"), ())
        store.add(_paid_by("o-2", gateway="paypal", reference="x"), ())
        assert store.find_payment("stripe", "x") == "o-1"
        assert store.find_payment("paypal", "x") == "o-2"
        assert store.find_payment("manual", "x") is None
        assert store.find_payment("stripe", "y") is None

    @pytest.mark.parametrize("name", ["pi_1", "ch_1", "g_1"])
    def test_taken_name_is_refused_at_registration(self, store: Store, name: str) -> None:
        """2.3 An order with a name that belongs to another order is not added, and the owner is named."""
        store.add(_paid_by("o-1", reference="pi_1", aliases=("ch_1",), group="g_1"), ())
        with pytest.raises(ReferenceTakenError) as refused:
            store.add(_paid_by("o-2", reference="pi_2", aliases=(name,)), (make_event("o-2"),))
        assert (refused.value.gateway, refused.value.reference, refused.value.order_id) == (
            "stripe",
            name,
            "o-1",
        )
        with pytest.raises(OrderNotFoundError):
            store.get("o-2")
        assert store.find_payment("stripe", "pi_2") is None
        assert store.undelivered("o-2") == ()

    def test_taken_name_is_refused_in_a_change(self, store: Store) -> None:
        """2.4 A change that takes a name of another order writes nothing at all."""
        store.add(_paid_by("o-1", reference="pi_1"), ())
        store.add(_paid_by("o-2", reference="pi_2"), ())

        def take(order: Order) -> tuple[Order, tuple[object, ...]]:
            paid_twice = order.with_payment(make_payment(id="p-9", reference="pi_1"))
            return with_request(paid_twice, "k", eur(1)), (make_event("o-2"),)

        with pytest.raises(ReferenceTakenError):
            store.change("o-2", take)  # type: ignore[arg-type]
        assert store.get("o-2") == attrs.evolve(_paid_by("o-2", reference="pi_2"), version=1)
        assert store.events("o-2") == ()

    def test_group_is_shared_within_an_order(self, store: Store) -> None:
        """2.5 Several payments of one order may share a group; another order may not have it."""
        both = (make_payment(reference="t_1", group="g"), make_payment(id="p-2", reference="t_2", group="g"))
        store.add(make_order("o-1", payments=both), ())
        assert store.find_payment("stripe", "g") == "o-1"
        with pytest.raises(ReferenceTakenError):
            store.add(_paid_by("o-2", reference="t_3", group="g"), ())

    def test_names_come_with_later_payments(self, store: Store) -> None:
        """2.6 Names that a change brings are found, and a name once known stays known."""
        store.add(_paid_by("o-1", reference="pi_1", aliases=("old",)), ())
        later = (make_payment(reference="pi_1", aliases=("new",)), make_payment(id="p-2", reference="pi_2"))
        store.change("o-1", lambda order: (attrs.evolve(order, payments=later), ()))
        found = [store.find_payment("stripe", name) for name in ("pi_1", "old", "new", "pi_2")]
        assert found == ["o-1"] * 4

    def test_refund_is_found(self, store: Store, other_store: Store) -> None:
        """2.7 The order of a refund is found by the refund's id."""
        store.add(make_order("o-1"), ())
        store.add(make_order("o-2"), ())
        store.change("o-2", lambda order: (order.with_refund(make_refund(id="r-1")), ()))
        assert other_store.find_refund("r-1") == "o-2"
        assert other_store.find_refund("r-2") is None

    def test_name_wanted_by_many_at_once(self, store: Store, other_store: Store) -> None:
        """2.8 Of many orders that want the same name at once, one gets it."""
        stores = [store, other_store] * 4
        orders = [_paid_by(f"o-{number}", reference="pi_1", aliases=(f"ch_{number}",)) for number in range(8)]
        results = at_once([lambda s=s, o=o: s.add(o, ()) for s, o in zip(stores, orders, strict=True)])  # type: ignore[misc]
        assert results.count(True) == 1
        assert sum(isinstance(result, ReferenceTakenError) for result in results) == 7
        owner = orders[results.index(True)].id
        assert store.find_payment("stripe", "pi_1") == owner

    def test_name_wanted_by_many_changes_at_once(self, store: Store, other_store: Store) -> None:
        """2.9 Of many changes that want the same name at once, one gets it and the others write nothing."""
        names = [f"o-{number}" for number in range(8)]
        for name in names:
            store.add(_paid_by(name, reference=f"pi_{name}"), ())
        stores = [store, other_store] * 4
        results = at_once(
            [lambda s=s, n=n: s.change(n, _taking("pi_9")) for s, n in zip(stores, names, strict=True)]  # type: ignore[misc]
        )
        assert sum(isinstance(result, ReferenceTakenError) for result in results) == 7
        (owner,) = [name for name in names if store.get(name).version == 2]
        assert store.find_payment("stripe", "pi_9") == owner
        assert [len(store.events(name)) for name in names].count(0) == 7
