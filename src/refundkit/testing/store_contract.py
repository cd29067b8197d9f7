"""The contract of a store: subclass it, give it your store, and pytest says which rules it breaks.

::

    class TestMyStore(StoreContract):
        @pytest.fixture
        def store(self, tmp_path):
            with MyStore(tmp_path) as store:
                yield store

        @pytest.fixture
        def other_store(self, store, tmp_path):      # optional: a second handle on the same data
            with MyStore(tmp_path) as other:
                yield other

The rules are written down, with their numbers, in ``docs/reference/store-contract.md``.
"""

from __future__ import annotations

from refundkit.testing.store_rules.changes import ChangeRules
from refundkit.testing.store_rules.events import EventRules
from refundkit.testing.store_rules.hints import HintRules
from refundkit.testing.store_rules.numbers import NumberRules
from refundkit.testing.store_rules.orders import OrderRules
from refundkit.testing.store_rules.references import ReferenceRules
from refundkit.testing.store_rules.search import SearchRules
from refundkit.testing.store_rules.sweep import SweepRules

__all__ = ["StoreContract"]


class StoreContract(
    OrderRules,
    ReferenceRules,
    ChangeRules,
    EventRules,
    SweepRules,
    SearchRules,
    HintRules,
    NumberRules,
):
    """All rules. The fixture ``store`` is an empty store, for each test a new one."""
