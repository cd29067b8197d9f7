"""A real desk against a plain model of the rules, on every store; and the machine sees what is wrong.

REFUNDKIT_MACHINE_EXAMPLES=2000 tries so many lives in memory, and a tenth of it on each database.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from refundkit import Store
from refundkit.desk import asking, recording, recovery
from refundkit.model.ledger import PaymentSums
from refundkit.model.refunds import RefundStatus
from refundkit.model.reports import RefundReport
from refundkit.stores.sql import SQLStore, metadata
from tests.desk.model_machine import RefundMachine

MORE = int(os.environ.get("REFUNDKIT_MACHINE_EXAMPLES", "0"))

LIVES = settings(
    deadline=None,
    stateful_step_count=50,
    # With more examples than CI tries, each run looks somewhere else.
    derandomize=not MORE,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def live(machine: type[RefundMachine], examples: int, **changes: object) -> None:
    """Let *machine* live through so many lives."""
    run_state_machine_as_test(machine, settings=settings(LIVES, max_examples=examples, **changes))


def machine_on(new_store: Callable[[], Store]) -> type[RefundMachine]:
    """Return the machine on stores that *new_store* opens, empty."""

    class Machine(RefundMachine):
        def new_store(self) -> Store:
            return new_store()

        def teardown(self) -> None:
            if hasattr(self, "store"):
                self.store.close()

    return Machine


def test_in_memory():
    """Whatever happens in whatever order, the desk and the model agree after each step."""
    live(RefundMachine, MORE or 60)


@pytest.mark.slow
def test_in_sqlite(tmp_path):
    """They agree on a SQLite file."""
    number = count()
    live(machine_on(lambda: SQLStore.open(f"sqlite:///{tmp_path}/{next(number)}.db")), MORE // 10 or 5)


@pytest.fixture
def postgresql_schema(postgresql_url) -> Iterator[str]:
    """Yield the URL of a schema of our own."""
    schema = f"machine_{os.getpid()}"
    engine = sa.create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    url = sa.make_url(postgresql_url).update_query_dict({"options": f"-csearch_path={schema}"})
    SQLStore.open(url).close()
    yield url.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
    engine.dispose()


@pytest.mark.slow
def test_in_postgresql(postgresql_schema):
    """They agree in PostgreSQL."""
    engine = sa.create_engine(postgresql_schema)

    def emptied() -> SQLStore:
        with engine.begin() as connection:
            connection.exec_driver_sql(
                f"TRUNCATE {', '.join(table.name for table in metadata.sorted_tables)}"
            )
        return SQLStore.open(postgresql_schema, create=False)

    live(machine_on(emptied), MORE // 10 or 5)
    engine.dispose()


# The machine can see: each of these bugs is found.


def no_cap(patch):
    """Forget what is gone already."""
    patch.setattr(PaymentSums, "left", property(lambda sums: sums.payment.capacity))


def no_lease(patch):
    """Send again what somebody may be sending right now."""
    patch.setattr(recovery, "is_leased", lambda *_: False)


def released_on_timeout(patch):
    """Take a call that was not answered for one that was refused."""

    def refused(office, refund, order_id, _):
        report = RefundReport(status=RefundStatus.FAILED, amount=refund.amount)
        return asking._answered(office, office.gateways[refund.gateway], refund, order_id, report)

    patch.setattr(asking, "unanswered", refused)


def decline_is_believed(patch):
    """Believe a "no" after an attempt that nobody knows the end of."""
    patch.setattr(
        recording, "_doubted", lambda recorder, refund, report, _: recording._fail(recorder, refund, report)
    )


def no_quarantine(patch):
    """Take the gateway's silence as proof at once."""
    real = recovery.next_step
    patch.setattr(recovery, "next_step", lambda *seen, **_: real(*seen, quarantine=timedelta(0)))


# The last two need three things to happen in a row, and some 200 lives.
rare = pytest.mark.skipif(not MORE, reason="REFUNDKIT_MACHINE_EXAMPLES is not set")
BUGS = (
    no_cap,
    no_lease,
    released_on_timeout,
    pytest.param(decline_is_believed, marks=rare),
    pytest.param(no_quarantine, marks=rare),
)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_the_machine_can_see(monkeypatch, bug):
    """A desk with a bug and the model do not agree for long."""
    bug(monkeypatch)
    with pytest.raises(AssertionError):
        live(
            RefundMachine, MORE or 400, phases=[Phase.generate], print_blob=False, report_multiple_bugs=False
        )
