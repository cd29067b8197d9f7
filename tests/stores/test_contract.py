"""Every store that we ship keeps the contract, and the contract leaves no field out."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from refundkit.model.deliveries import Delivery
from refundkit.model.disputes import Dispute
from refundkit.model.documents import Document
from refundkit.model.events import Event
from refundkit.model.lines import OrderLine
from refundkit.model.marks import Flag, Note
from refundkit.model.orders import Order
from refundkit.model.parties import Customer
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund, RefundLine
from refundkit.stores.memory import MemoryStore
from refundkit.stores.sql import SQLStore
from refundkit.testing import StoreContract
from refundkit.testing.store_rules.base import lived_order, registered_order
from refundkit.testing.store_rules.events import rich_event

RULES = {
    name: rule
    for name in dir(StoreContract)
    if (rule := getattr(StoreContract, name)) and name[:5] == "test_"
}
PROSE = Path(__file__).parents[2] / "docs" / "reference" / "store-contract.md"


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self):
        """An empty store."""
        return MemoryStore()


class TestSQLite(StoreContract):
    @pytest.fixture
    def store(self, sqlite_store):
        """An empty store."""
        return sqlite_store

    @pytest.fixture
    def other_store(self, store, sqlite_url):
        """A second engine on the same file."""
        with SQLStore.open(sqlite_url) as other:
            yield other


class TestPostgreSQL(StoreContract):
    @pytest.fixture
    def store(self, postgresql_store):
        """An empty store."""
        return postgresql_store

    @pytest.fixture
    def other_store(self, store, postgresql_schema):
        """A second engine on the same database."""
        with SQLStore.open(postgresql_schema) as other:
            yield other


def number_of(rule) -> str:
    """Return the number that the docstring of a rule begins with."""
    return rule.__doc__.split()[0]


def test_every_rule_is_written_down():
    """The prose and the tests have the same numbers, each once."""
    written = re.findall(r"^(?:- )?\*\*(\d+\.\d+)\*\*", PROSE.read_text(), re.MULTILINE)
    assert sorted(written) == sorted(number_of(rule) for rule in RULES.values())
    assert len(set(written)) == len(written)


def parts_of(value):
    """Yield *value* and every value in it."""
    if attrs.has(type(value)):
        yield value
        for attribute in attrs.fields(type(value)):
            yield from parts_of(getattr(value, attribute.name))
    elif isinstance(value, tuple):
        for inner in value:
            yield from parts_of(inner)


KINDS = (Order, OrderLine, Payment, Refund, RefundLine, Dispute, Delivery, Document, Flag, Note, Customer)


@pytest.mark.parametrize("kind", [*KINDS, Event], ids=lambda kind: kind.__name__)
def test_every_field_is_tried(kind):
    """Rules 1.2, 1.3 and 4.2 write something in every field there is: a new one cannot be forgotten in a store."""
    order = lived_order(registered_order())
    written = [each for root in (order, rich_event()) for each in parts_of(root) if type(each) is kind]
    numbered = {"version", "number"}
    for name in {attribute.name for attribute in attrs.fields(kind)} - numbered:
        default = getattr(attrs.fields(kind), name).default
        default = default.factory() if isinstance(default, attrs.Factory) else default
        assert any(getattr(each, name) != default for each in written), (
            f"{kind.__name__}.{name} is never given"
        )
