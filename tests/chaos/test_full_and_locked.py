"""A full disk, and a database that others hold: the caller is told, nothing is half done, afterwards it works."""

import resource
import sqlite3
from collections import Counter
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from refundkit import Money, Order, Payment, RefundDesk, RefundRequest, StoreBusyError, StoreError
from refundkit.stores.sql import SQLStore
from refundkit.testing.clock import FakeClock
from refundkit.testing.fake_gateway import FakeGateway

CENT = Money.of("0.01", "EUR")
DEADLINE = 0.1
# Pages of a disk that has room.
PLENTY = 1_000_000


class Shop:
    """One order of 100.00, one gateway, and a clock that a test moves."""

    def __init__(self, store):
        self.store, self.gateway, self.clock = store, FakeGateway(), FakeClock()
        self.desk = RefundDesk(store=store, gateways=[self.gateway], clock=self.clock)
        paid = Payment(
            id="p", gateway="fake", reference="pi", captured=CENT * 10_000, captured_at=self.clock()
        )
        self.desk.register(Order(id="o", currency="EUR", payments=(paid,)))

    def refund(self, key):
        """Give a cent back, with so long a note that a page of the database does not hold two."""
        return self.desk.refund("o", RefundRequest(key=key, reason="chaos", amount=CENT, note="n" * 3000))

    def check_nothing_half_done(self, key, asked):
        """Assert that a request that failed is not there at all, or set aside and, perhaps, carried out."""
        order = self.store.get("o")
        if order.request(key) is None:
            assert len(self.gateway.calls) == asked, "asked before it was stored (law E1)"
            return "nothing"
        assert order.reserved == CENT
        assert len(self.gateway.calls) == asked + 1
        return "set aside"

    def check_works_again(self, key):
        """Assert that the same request comes to its end, once."""
        self.clock.advance(minutes=5)
        result = self.refund(key)
        assert (result.returned, result.pending) == (CENT, CENT * 0)
        order = self.store.get("o")
        assert order.refunded == self.gateway.returned("EUR")
        assert not order.is_flagged


@pytest.fixture
def small_disk(sqlite_url):
    """Yield a shop on SQLite, and a list with the number of pages that its database may have."""
    engine, most = sa.create_engine(sqlite_url), [PLENTY]

    def limit(connection, *_):
        connection.execute(f"PRAGMA max_page_count = {most[0]}").close()

    sa.event.listen(engine, "checkout", limit)
    store = SQLStore(engine)
    store.create_tables()
    yield Shop(store), most
    engine.dispose()


def pages_of(store):
    """Return how many pages the database has."""
    with store._engine.connect() as connection:
        return connection.exec_driver_sql("PRAGMA page_count").scalar_one()


def test_full_before_asking(small_disk):
    """Law E1: with a full disk nothing is asked that could not be stored."""
    shop, most = small_disk
    seen = Counter()
    for number in range(12):
        most[0] = pages_of(shop.store)
        key, asked = f"r-{number}", len(shop.gateway.calls)
        failure = failure_of(shop, key)
        most[0] = PLENTY
        if failure:
            assert "disk is full" in failure
            seen[shop.check_nothing_half_done(key, asked)] += 1
            shop.check_works_again(key)
    assert seen["nothing"] > 3


def test_full_after_asking(small_disk):
    """Law E4: an answer for which there is no room is asked for again, once there is."""
    shop, most = small_disk
    execute, seen = shop.gateway.refund, Counter()

    def refund(call):
        most[0] = pages_of(shop.store)
        return execute(call)

    shop.gateway.refund = refund
    for number in range(60):
        key, asked = f"r-{number}", len(shop.gateway.calls)
        failure = failure_of(shop, key)
        most[0] = PLENTY
        if failure:
            assert "disk is full" in failure
            seen[shop.check_nothing_half_done(key, asked)] += 1
            shop.check_works_again(key)
            most[0] = PLENTY
    assert seen["set aside"]


def failure_of(shop, key):
    """Try to give a cent back; return what the store said, if it could not."""
    try:
        shop.refund(key)
    except StoreError as error:
        return str(error)
    return ""


@contextmanager
def largest_file(size):
    """Let no file of this process grow beyond *size* bytes, as a disk does that is full or broken."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_log_cannot_grow(sqlite_url, tmp_path):
    """Law E1: a write-ahead log that breaks off in the middle of a page leaves nothing half done."""
    with SQLStore.open(sqlite_url) as store:
        shop, seen = Shop(store), Counter()
        for number in range(30):
            key, asked = f"r-{number}", len(shop.gateway.calls)
            size = (tmp_path / "refunds.db-wal").stat().st_size
            with largest_file(size + 4000 * number):
                failure = failure_of(shop, key)
            if failure:
                seen[shop.check_nothing_half_done(key, asked)] += 1
                shop.check_works_again(key)
    assert seen["nothing"]
    assert seen["set aside"]


@contextmanager
def held(url):
    """Hold what a writer of the order needs: all of SQLite, or the order's row in PostgreSQL."""
    if url.startswith("sqlite"):
        holder = sqlite3.connect(sa.make_url(url).database, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE").close()
        yield
        holder.close()
        return
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT id FROM refundkit_orders FOR UPDATE")
        yield
    engine.dispose()


def test_held_before_asking(engine_url):
    """Law E1: whoever cannot reserve in time is told that others were in the way, and no gateway is asked."""
    with SQLStore.open(engine_url, deadline=DEADLINE) as store:
        shop = Shop(store)
        with held(engine_url), pytest.raises(StoreBusyError):
            shop.refund("r-1")
        assert shop.check_nothing_half_done("r-1", asked=0) == "nothing"
        shop.check_works_again("r-1")


def test_held_after_asking(engine_url):
    """Law E4: whoever cannot record the answer in time is told so, and the next one to ask finds it."""
    with SQLStore.open(engine_url, deadline=DEADLINE) as store:
        shop = Shop(store)
        holders = []
        execute = shop.gateway.refund

        def refund(call):
            report = execute(call)
            holders.append(held(engine_url))
            holders[0].__enter__()
            return report

        shop.gateway.refund = refund
        with pytest.raises(StoreBusyError):
            shop.refund("r-1")
        holders[0].__exit__(None, None, None)
        assert shop.check_nothing_half_done("r-1", asked=0) == "set aside"
        shop.check_works_again("r-1")
        assert len(shop.gateway.refunds) == 1
