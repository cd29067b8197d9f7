"""Eight processes issue credit notes at once, and some of them are killed: no gap, no double."""

from __future__ import annotations

import itertools
import os
import random
import signal
from collections.abc import Iterator

import pytest

from refundkit import CreditNote, CreditNoteDesk, Event, EventKind, Order, OrderFilter, Party, RefundStatus
from refundkit.stores.sql import SQLStore
from refundkit.testing.builders import eur, make_order, with_request
from tests.chaos.crew import PROCESSES, eventually

WORKERS = 8
KILLS = int(os.environ.get("REFUNDKIT_NOTE_KILLS", "8"))
ORDERS, EACH = 6 + 3 * KILLS, 3

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chaos")]


def sold(number: int) -> Order:
    """Return an order with three refunds that succeeded; every third order is a test order."""
    order = make_order(f"o-{number:03}", test=number % 3 == 0)
    for refund in range(EACH):
        order = with_request(order, f"k-{refund}", eur(100 + refund), RefundStatus.SUCCEEDED)
    return order


def issue(url: str) -> None:
    """Issue whatever is missing."""
    with SQLStore.open(url, create=False) as store:
        CreditNoteDesk(store=store, seller=Party(name="Shop"), eligible="all").issue_credit_notes()


def kill_and_replace(url: str, store: SQLStore) -> None:
    """Kill one process after the other, each when some more notes are there, and start another in its place."""
    chance = random.Random(1)  # noqa: S311 - chance, not secrets
    workers, deaths = [start(url) for _ in range(WORKERS)], []
    for kill in range(KILLS):
        enough = (kill + 1) * ORDERS * EACH // (KILLS + 2)
        eventually(lambda enough=enough: numbers_used(store) >= enough, "somebody issues")
        victim = chance.randrange(WORKERS)
        workers[victim].kill()
        deaths.append(ended(workers[victim]))
        workers[victim] = start(url)
    assert [ended(worker) for worker in workers] == [0] * WORKERS
    assert deaths.count(-signal.SIGKILL) > KILLS // 2, "most of them died at work"


def numbers_used(store: SQLStore) -> int:
    """Return how many numbers all series together have given out."""
    with store._engine.begin() as connection:
        return connection.exec_driver_sql("SELECT coalesce(sum(last), 0) FROM refundkit_series").scalar_one()


def start(url: str):
    """Start a process that issues."""
    process = PROCESSES.Process(target=issue, args=(url,))
    process.start()
    return process


def ended(process) -> int:
    """Wait for the end of a process, and return how it ended."""
    process.join(60)
    code = process.exitcode
    process.close()
    return code


def notes_in(store: SQLStore) -> list[CreditNote]:
    """Return every credit note."""
    return [note for order in store.search(OrderFilter()) for note in order.credit_notes]


def told_in(store: SQLStore) -> Iterator[Event]:
    """Yield every event that tells of a credit note."""
    orders = store.search(OrderFilter())
    events = itertools.chain.from_iterable(store.events(order.id) for order in orders)
    return (event for event in events if event.kind is EventKind.CREDIT_NOTE_ISSUED)


def test_eight_processes_issue_without_a_gap(engine_url):
    """Each refund has one note and one event, each number is used once, however many die on the way."""
    with SQLStore.open(engine_url) as store:
        for number in range(ORDERS):
            store.add(sold(number), ())
        kill_and_replace(engine_url, store)
        notes, told = notes_in(store), sorted(event.text for event in told_in(store))
    live = sorted(note.number for note in notes if note.series == "CN")
    test = sorted(note.number for note in notes if note.series == "CN-TEST")
    assert live == list(range(1, 2 * ORDERS // 3 * EACH + 1))
    assert test == list(range(1, ORDERS // 3 * EACH + 1))
    assert len({(note.order_id, note.refund_id) for note in notes}) == ORDERS * EACH
    assert told == sorted(note.name for note in notes)
