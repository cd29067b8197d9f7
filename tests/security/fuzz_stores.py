"""Targets for stores: ids of strangers as keys of rows, in memory and in a database."""

from __future__ import annotations

import atexit
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from refundkit import MemoryStore, Order, OrderFilter, SQLStore, Store
from refundkit.errors import InvalidValueError, OrderNotFoundError
from refundkit.testing.builders import make_order

__all__ = ["SEEDS", "look_up"]

SEEDS = (b"o-1", b"pi_o-1", b"'; DROP TABLE refundkit_orders; --", b"%", b"o\x001", "Ö-\uff11".encode())


def look_up(data: bytes) -> None:
    """Ask every store for whatever has this id; both must say the same, and only o-1 is there."""
    name = data.decode("utf-8", "surrogateescape")
    answers = {_asked(store, name) for store in _stores()}
    assert len(answers) == 1, answers
    with suppress(InvalidValueError):
        wanted = OrderFilter(email=name, tag=name, gateway=name)
        assert [list(store.search(wanted)) for store in _stores()] == [[], []]


def _asked(store: Store, name: str) -> tuple[object, ...]:
    found = (store.find_payment("stripe", name), store.find_payment(name, "pi_o-1"), store.find_refund(name))
    return (*found, _order(store, name), store.events(name))


def _order(store: Store, name: str) -> Order | None:
    try:
        order = store.get(name)
    except OrderNotFoundError:
        return None
    assert order.id == name == "o-1", "another order came"
    return order


@cache
def _stores() -> tuple[Store, Store]:
    folder = TemporaryDirectory()
    database = SQLStore.open(f"sqlite:///{Path(folder.name) / 'refunds.db'}")
    atexit.register(folder.cleanup)
    atexit.register(database.close)
    stores = (MemoryStore(), database)
    for store in stores:
        store.add(make_order(), ())
    return stores
