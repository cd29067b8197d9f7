"""The store in memory refuses what would never end."""

import threading

import pytest

from refundkit import StoreError
from tests.desk.shop import Shop, a_payment, an_order

CALLS = {
    "change": lambda store, _order: store.change("o-1", lambda newest: (newest, ())),
    "add": lambda store, order: store.add(order, ()),
    "claim": lambda store, _order: store.claim(Shop().clock(), until=Shop().clock(), limit=1),
    "mark_delivered": lambda store, _order: store.mark_delivered(()),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_a_change_that_writes_to_its_own_store_is_refused(call):
    """Whatever it calls, it is told so; it does not wait for itself for ever."""
    store = Shop().store
    met = []

    def function(order):
        call(store, an_order(id="o-2", payments=(a_payment(2),)))
        return order, ()

    def work():
        try:
            store.change("o-1", function)
        except StoreError as error:
            met.append(str(error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(5)
    assert met
    assert "must not change the store itself" in met[0]


def test_reading_inside_a_change_is_allowed():
    """A function may look; it is the newest truth that it was given anyway."""
    store = Shop().store
    store.change("o-1", lambda order: (order, tuple(store.undelivered("o-9"))))
    assert store.get("o-1").version == 1


def test_the_next_change_works_after_one_that_raised():
    """A function that raises changes nothing and blocks nobody."""
    store = Shop().store
    with pytest.raises(ZeroDivisionError):
        store.change("o-1", lambda _order: 1 / 0)
    assert store.change("o-1", lambda order: (order, ())).order.version == 1
