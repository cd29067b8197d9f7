"""Searching for a few refunds among millions: the partial indexes are seen."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from refundkit import OrderFilter
from refundkit.testing.builders import NOW, make_order


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        pytest.param(OrderFilter(unsettled=True), "refundkit_refunds_unsettled", id="unsettled"),
        pytest.param(OrderFilter(refunded_from=NOW), "refundkit_refunds_succeeded", id="refunded"),
    ],
)
def test_a_search_by_refunds_reads_their_index(sqlite_store, wanted, index):
    """What is unsettled, and what succeeded of late, is found without a look at every refund."""
    sqlite_store.add(make_order(), ())
    sent = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        sent.append((statement, parameters))

    sa.event.listen(sqlite_store._engine, "before_cursor_execute", note)
    list(sqlite_store.search(wanted))
    sa.event.remove(sqlite_store._engine, "before_cursor_execute", note)
    (asked,) = [one for one in sent if "refundkit_refunds" in one[0]]
    with sqlite_store._engine.connect() as connection:
        plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0]}", asked[1]).all())
    assert index in plan
    assert "SCAN refundkit_refunds'" not in plan
