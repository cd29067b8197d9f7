"""Every statement of a refund fails once, before or after it was carried out: the next call puts it right."""

import pytest
import sqlalchemy as sa

from refundkit import Money, Order, Payment, RefundDesk, RefundRequest, RefundStatus, StoreError
from refundkit.stores.sql import SQLStore
from refundkit.testing.clock import FakeClock
from refundkit.testing.fake_gateway import FakeGateway

pytestmark = pytest.mark.slow

FIVE = Money.of("5.00", "EUR")


class Saboteur:
    """Stands between SQLAlchemy and the driver, and makes one statement or commit fail."""

    def __init__(self, engine):
        self.passed, self.at, self.when, self.how = [], None, "", ""
        self._commit, engine.dialect.do_commit = engine.dialect.do_commit, self._committing
        self._error = engine.dialect.dbapi.OperationalError
        sa.event.listen(engine, "do_execute", self._executing)
        sa.event.listen(engine, "do_executemany", self._executing_many)

    def arm(self, at=None, when="before", how="error"):
        """Fail at statement number *at* from now on; without one only note which statements ``passed``."""
        self.passed, self.at, self.when, self.how = [], at, when, how

    def _executing(self, cursor, statement, parameters, _context):
        return self._through(cursor.connection, statement, lambda: cursor.execute(statement, parameters))

    def _executing_many(self, cursor, statement, parameters, _context):
        return self._through(cursor.connection, statement, lambda: cursor.executemany(statement, parameters))

    def _committing(self, connection):
        self._through(connection.dbapi_connection, "COMMIT", lambda: self._commit(connection))

    def _through(self, connection, statement, go_on):
        self.passed.append(statement.split()[0])
        if len(self.passed) - 1 != self.at:
            go_on()
            return True
        if self.when == "after":
            go_on()
        if self.how == "disconnect":
            connection.close()
        raise self._error("the connection is closed")


class Shop:
    """Orders of 5.00, each refunded in full, with a listener that hears of it."""

    def __init__(self, store):
        self.store, self.gateway, self.clock, self.heard = store, FakeGateway(), FakeClock(), []
        self.desk = RefundDesk(
            store=store, gateways=[self.gateway], clock=self.clock, listeners=[self.heard.append]
        )

    def register(self, name):
        """Register an order of 5.00."""
        paid = Payment(
            id="p", gateway="fake", reference=f"pi-{name}", captured=FIVE, captured_at=self.clock()
        )
        self.desk.register(Order(id=name, currency="EUR", payments=(paid,)))

    def refund(self, name):
        """Give all of it back."""
        return self.desk.refund(name, RefundRequest(key="all", reason="chaos"))

    def wrong_after_retry(self, name):
        """Ask again as a caller would, sweep once; return what is not as it must be."""
        self.clock.advance(minutes=5)
        self.refund(name)
        self.desk.recover()
        order = self.store.get(name)
        paid = [call.refund.id for call in self.gateway.calls if call.payment.reference == f"pi-{name}"]
        moved = [held for held in self.gateway.refunds if held.payment == f"pi-{name}"]
        told = list(dict.fromkeys(event.id for event in self.heard if event.order_id == name))
        checks = {
            "moved once": len(moved) == 1,
            "one id": len(set(paid)) == 1,
            "settled": [refund.status for refund in order.refunds] == [RefundStatus.SUCCEEDED],
            "told": told == [event.id for event in self.store.events(name)],
            "not flagged": not order.is_flagged,
        }
        return [check for check, holds in checks.items() if not holds]


@pytest.fixture
def shop(engine_url):
    """Yield a shop on one engine."""
    with SQLStore.open(engine_url, deadline=5) as store:
        yield Shop(store)


def faults(statements):
    """Yield where and when to fail: before every statement, and after each that changes something."""
    for number, statement in enumerate(statements):
        yield number, "before"
        if statement not in ("SELECT", "BEGIN"):
            yield number, "after"


# SQLite is a library: it has no connection to lose.
@pytest.mark.parametrize(
    ("engine_url", "how"),
    [
        ("sqlite", "error"),
        pytest.param("postgresql", "error", marks=pytest.mark.postgresql),
        pytest.param("postgresql", "disconnect", marks=pytest.mark.postgresql),
    ],
    indirect=["engine_url"],
)
def test_every_statement(shop, how):
    """Laws E1, E2 and T4: whichever statement fails, and however, the same request again brings it to rest."""
    saboteur = Saboteur(shop.store._engine)
    shop.register("clean")
    saboteur.arm()
    shop.refund("clean")
    all_faults, wrong, failures = list(faults(saboteur.passed)), {}, 0
    for number, when in all_faults:
        name = f"{when}-{number}"
        saboteur.arm()
        shop.register(name)
        saboteur.arm(number, when, how)
        try:
            shop.refund(name)
        except StoreError:
            failures += 1
        saboteur.arm()
        if found := shop.wrong_after_retry(name):
            wrong[name] = found
    print(f"{how}: {failures} of {len(all_faults)} faults reached the caller")  # noqa: T201 - for whoever runs it with -s
    assert wrong == {}
    assert failures > len(all_faults) / 2
