"""Writers that never pause, on one order or on many: how long do they wait for each other?

All processes are on the same order until it has its refunds, then all on the next one: an order is read and
written whole, and real ones have tens of refunds.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from threading import BrokenBarrierError
from typing import Any, ClassVar

from attrs import frozen

from refundkit import Money, Order, OrderNotFoundError, Payment, RefundDenied, RefundDesk, RefundRequest
from refundkit.gateways.base import Capabilities, Gateway, RefundCall
from refundkit.model.refunds import Refund, RefundStatus
from refundkit.model.reports import PaymentReport, RefundReport
from refundkit.stores.sql import SQLStore
from tests.chaos.crew import PROCESSES, started

ONE = Money.of("1.00", "EUR")


@frozen(kw_only=True)
class Contest:
    """Who refunds what: ``orders`` at a time, each until it has ``history`` refunds."""

    url: str
    processes: int = 8
    seconds: float = 5.0
    orders: int = 1
    history: int = 50


@frozen(kw_only=True)
class Outcome:
    """What came of it: per process, how long each refund took, in seconds."""

    contest: Contest
    took: tuple[tuple[float, ...], ...]

    @property
    def fairness(self) -> float:
        """The refunds of the slowest process for each one of the fastest."""
        counts = [len(each) for each in self.took]
        return min(counts) / max(counts)

    @property
    def worst(self) -> float:
        """The longest that anybody waited."""
        return max(max(each, default=self.contest.seconds) for each in self.took)

    @property
    def throughput(self) -> float:
        """Refunds in a second."""
        return sum(map(len, self.took)) / self.contest.seconds

    def percentile(self, percent: float) -> float:
        """Return what so many percent of all refunds stayed below."""
        every = sorted(seconds for each in self.took for seconds in each)
        return every[min(int(len(every) * percent / 100), len(every) - 1)]

    def __str__(self) -> str:
        counts = [len(each) for each in self.took]
        millis = [1000 * seconds for seconds in (self.percentile(50), self.percentile(99), self.worst)]
        return (
            f"{self.contest.processes} processes, {self.contest.orders} order(s): {self.throughput:.0f} refunds/s, "
            f"p50 {millis[0]:.1f} ms, p99 {millis[1]:.0f} ms, worst {millis[2]:.0f} ms, "
            f"per process {min(counts)} to {max(counts)} ({self.fairness:.0%})"
        )


class InstantGateway(Gateway):
    """A gateway that says yes before the question is out."""

    kind: ClassVar[str] = "instant"
    name = "instant"

    def capabilities(self, payment: Payment) -> Capabilities:
        """Forbid nothing."""
        return Capabilities()

    def prepare(self, refund: Refund, payment: Payment) -> Mapping[str, Any]:
        """Ask for what every gateway is asked for."""
        return {"payment": payment.reference, "amount": refund.amount.minor, "refund_id": refund.id}

    def refund(self, call: RefundCall) -> RefundReport:
        """Say yes."""
        return RefundReport(
            status=RefundStatus.SUCCEEDED,
            amount=call.refund.amount,
            reference=f"re_{call.refund.id}",
            raw_status="succeeded",
            refund_id=call.refund.id,
        )

    def fetch(self, payments: tuple[Payment, ...]) -> tuple[PaymentReport, ...]:
        """Know nothing."""
        return tuple(
            PaymentReport(reference=each.reference, captured=each.captured, refunds=None) for each in payments
        )


def measure(contest: Contest) -> Outcome:
    """Let all processes begin together, and collect what each of them measured."""
    with SQLStore.open(contest.url):
        pass
    start = PROCESSES.Barrier(contest.processes)
    found = PROCESSES.SimpleQueue()
    crew = [started(_hammer, contest, number, start, found) for number in range(contest.processes)]
    took = tuple(found.get() for _ in crew)
    for process in crew:
        process.join()
    found.close()
    return Outcome(contest=contest, took=took)


def _hammer(contest: Contest, number: int, start: Any, found: Any) -> None:
    took: list[float] = []
    try:
        with SQLStore.open(contest.url, create=False) as store:
            writer = _Writer(contest, number, store)
            writer.refund_on(f"warm-up-{number}")
            start.wait(60)
            took += writer.hammer()
    except BrokenBarrierError:
        pass  # somebody else has failed, and says so
    finally:
        found.put(tuple(took))


class _Writer:
    """One process: it refunds as fast as it can, always in orders that are not full."""

    def __init__(self, contest: Contest, number: int, store: SQLStore) -> None:
        self._contest = contest
        self._number = number
        self._desk = RefundDesk(store=store, gateways=[InstantGateway()])
        self._chance = random.Random(number)  # noqa: S311 - chance, not secrets
        self._keys = count()
        self._full = [0] * contest.orders  # how many orders are full already, at each place

    def hammer(self) -> Iterator[float]:
        """Yield how long each refund took, until the time is over."""
        until = time.monotonic() + self._contest.seconds
        while (began := time.monotonic()) < until:
            place = self._chance.randrange(self._contest.orders)
            if self.refund_on(f"o-{place}-{self._full[place]}"):
                yield time.monotonic() - began
            else:
                self._full[place] += 1

    def refund_on(self, order_id: str) -> bool:
        """Say whether the order had anything left."""
        request = RefundRequest(key=f"{self._number}-{next(self._keys)}", reason="hammer", amount=ONE)
        try:
            self._desk.refund(order_id, request)
        except OrderNotFoundError:
            self._desk.register(an_order(order_id, self._contest.history))
            return self.refund_on(order_id)
        except RefundDenied:
            return False
        return True


def an_order(order_id: str, history: int) -> Order:
    """Make an order that is full after so many refunds."""
    payment = Payment(
        id="p-1",
        gateway="instant",
        reference=f"pi-{order_id}",
        captured=ONE * history,
        captured_at=datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0),
    )
    return Order(id=order_id, currency="EUR", payments=(payment,))
