"""A small shop on SQLite whose power fails: a day of work, pictures of its files, and the morning after.

A picture is what a disk could hold at some moment: the database and its write-ahead log, whole, cut off, with a
torn block or a flipped bit. The gateway's books are never lost.
"""

from __future__ import annotations

import random
import shutil
import zlib
from collections.abc import Callable, Iterator
from enum import Enum, auto
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import sqlalchemy as sa
from attrs import define, field, frozen

from refundkit import Money, Order, Payment, RefundDesk, RefundRequest
from refundkit.model.refunds import NAMESPACE, RefundStatus
from refundkit.stores.sql import SQLStore
from refundkit.testing.clock import FakeClock
from refundkit.testing.fake_gateway import FakeGateway, Fault

__all__ = ["Damage", "Day", "Morning", "Picture", "after"]

ORDERS, WISHES = 3, 18
FAULTS = (*[None] * 6, Fault.LOST_ANSWER, Fault.LOST_REQUEST, Fault.PENDING, Fault.DECLINE)


class Damage(Enum):
    """What the power took of the write-ahead log."""

    NONE = auto()
    CUT = auto()
    TORN = auto()
    FLIPPED = auto()
    GONE = auto()

    def done_to(self, log: bytes, chance: random.Random) -> bytes:
        """Return what is left of *log*."""
        if self is Damage.NONE or not log:
            return log
        place = chance.randrange(len(log))
        if self is Damage.CUT:
            return log[:place]
        if self is Damage.TORN:
            return log[:place] + bytes(512) + log[place + 512 :]
        if self is Damage.FLIPPED:
            return log[:place] + bytes([log[place] ^ 1 << chance.randrange(8)]) + log[place + 1 :]
        return b""


@frozen(kw_only=True)
class Picture:
    """Both files at one moment (packed), the gateway's books, and the wishes that callers had by then."""

    database: bytes
    log: bytes
    books: FakeGateway
    wishes: int


def an_order(number: int) -> Order:
    """Return the order of that number: enough was captured for all that is wished."""
    name, clock = f"o-{number}", FakeClock()
    payment = Payment(
        id="p", gateway="fake", reference=f"pi-{name}", captured=Money.of("96.00", "EUR"), captured_at=clock()
    )
    return Order(id=name, currency="EUR", payments=(payment,))


def a_wish(number: int) -> tuple[Order, RefundRequest]:
    """Return what is asked for as number *number*: at most 12.00 of an order."""
    cents = random.Random(number).randint(1, 1200)  # noqa: S311 - chance, not secrets
    request = RefundRequest(key=f"wish-{number}", reason="chaos", amount=Money.of_minor(cents, "EUR"))
    return an_order(number % ORDERS), request


def _copied(books: FakeGateway) -> FakeGateway:
    copy = FakeGateway()
    copy.calls = list(books.calls)
    for name in ("_captured", "_keys", "_held"):
        setattr(copy, name, dict(getattr(books, name)))
    return copy


@define
class Day:
    """One day of work, photographed at *share* of all moments at which the database is asked something."""

    folder: Path
    chance: random.Random
    share: float = 0.015
    pictures: list[Picture] = field(factory=list)
    _books: FakeGateway = field(factory=FakeGateway)
    _wishes: int = 0

    def pass_by(self) -> None:
        """Do the day's work."""
        path = self.folder / "shop.db"
        engine = sa.create_engine(f"sqlite:///{path}")
        # The log is moved into the database once, in the middle of the day.
        sa.event.listen(engine, "connect", lambda c, _: c.execute("PRAGMA wal_autocheckpoint = 0").close())
        store, clock = SQLStore(engine), FakeClock()
        store.create_tables()
        # Opened once and closed at the end: closing a file gives up the locks that the process has on it.
        with path.open("rb") as database, (self.folder / "shop.db-wal").open("rb") as log:
            look = self._camera(lambda: (_whole(database), _whole(log)))
            sa.event.listen(engine, "after_cursor_execute", look)
            desk = RefundDesk(store=store, gateways=[self._books], clock=clock)
            for self._wishes in range(1, WISHES + 1):
                self._grant(desk, clock)
                if self._wishes == WISHES // 2:
                    with engine.connect() as connection:
                        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()

    def _grant(self, desk: RefundDesk, clock: FakeClock) -> None:
        order, request = a_wish(self._wishes - 1)
        desk.register(order)
        self._books.faults.append(self.chance.choice(FAULTS))
        desk.refund(order.id, request)
        self._books.faults.clear()
        if self.chance.random() < 0.2:
            clock.advance(minutes=10)
            desk.recover()

    def _camera(self, files: Callable[[], tuple[bytes, bytes]]) -> Callable[..., None]:
        def look(*_: object) -> None:
            if self.chance.random() < self.share:
                database, log = files()
                self.pictures.append(
                    Picture(database=database, log=log, books=_copied(self._books), wishes=self._wishes)
                )

        return look


def _whole(file: BinaryIO) -> bytes:
    file.seek(0)
    return zlib.compress(file.read(), level=1)


@define
class Morning:
    """The morning after: the files as the disk has them, and callers who ask for the same again."""

    folder: Path
    picture: Picture
    damage: Damage
    chance: random.Random
    namespace: UUID = NAMESPACE
    clock: FakeClock = field(factory=FakeClock)
    lost: int = 0
    books: FakeGateway = field(init=False)

    def __attrs_post_init__(self) -> None:
        # Others wake up to the same picture.
        self.books = _copied(self.picture.books)

    def pass_by(self) -> dict[str, Order]:
        """Open what is left, ask again, sweep; return the orders."""
        self.folder.mkdir()
        log = self.damage.done_to(zlib.decompress(self.picture.log), self.chance)
        (self.folder / "shop.db").write_bytes(zlib.decompress(self.picture.database))
        (self.folder / "shop.db-wal").write_bytes(log)
        try:
            return self._come_back()
        finally:
            shutil.rmtree(self.folder)

    def _come_back(self) -> dict[str, Order]:
        with SQLStore.open(f"sqlite:///{self.folder / 'shop.db'}") as store:
            with store._engine.connect() as connection:
                assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
            desk = RefundDesk(store=store, gateways=[self.books], clock=self.clock, namespace=self.namespace)
            self.lost = sum(store.find_refund(held.refund_id) is None for held in self.books.refunds)
            self._ask_again(desk)
            self._sweep(desk)
            return {order.id: order for order in desk.orders()}

    def _ask_again(self, desk: RefundDesk) -> None:
        # A few hours later, or so late that the gateway has forgotten every key.
        if self.chance.random() < 0.3:
            self.books.forget_keys()
            self.clock.advance(hours=30)
        self.clock.advance(hours=3)
        numbers = list(range(self.picture.wishes))
        self.chance.shuffle(numbers)
        for order, request in map(a_wish, numbers):
            desk.register(order)
            desk.refund(order.id, request)

    def _sweep(self, desk: RefundDesk) -> None:
        for _ in range(4):
            for held in self.books.refunds:
                if held.status is RefundStatus.PENDING:
                    self.books.settle(held.reference, RefundStatus.SUCCEEDED)
            self.clock.advance(hours=7)
            desk.recover()


def after(morning: Morning) -> Iterator[str]:
    """Let the morning pass by; yield whatever is not as it must be."""
    orders, books = morning.pass_by(), morning.books
    wish_of = {call.refund.id: call.refund.key for call in books.calls}
    given = [wish_of[held.refund_id] for held in books.refunds if held.status is not RefundStatus.FAILED]
    for key in {key for key in given if given.count(key) > 1}:
        yield f"{key} was paid out twice"
    truth = {held.refund_id: (held.amount, held.status) for held in books.refunds}
    ledger = {
        refund.id: (refund.amount, refund.status) for order in orders.values() for refund in order.refunds
    }
    if {
        name: end for name, end in ledger.items() if name in truth or end[1] is not RefundStatus.FAILED
    } != truth:
        yield "the ledger differs from the gateway's books"
    for order, request in map(a_wish, range(morning.picture.wishes)):
        kept = orders.get(order.id)
        if kept is None or kept.request(request.key) is None:
            yield f"{request.key} is lost"
    yield from (f"{order.id} is flagged" for order in orders.values() if order.is_flagged)
