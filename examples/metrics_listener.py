"""Metrics for Prometheus: a listener that counts what happened, and gauges that are read from the store.

Run it with ``pip install 'refundkit[sql,testing]'``: it refunds a few orders and prints the page that
Prometheus would read. In a shop, serve `page` at ``/metrics``.

No library is needed. With ``prometheus_client``, put its ``Counter`` and ``Summary`` in place of `Samples`:
``samples.add("refundkit_refunds_total", 1, gateway=…, status=…)`` becomes
``REFUNDS.labels(gateway=…, status=…).inc()``, and `gauges` the ``collect()`` of a custom collector.

What is worth an alert: `refundkit_sweep_last_timestamp_seconds` older than five minutes, any
`refundkit_orders_flagged`, `refundkit_outbox_waiting` or `refundkit_orders_due` that only grow.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from refundkit import (
    Event,
    EventKind,
    Money,
    Order,
    OrderFilter,
    Payment,
    Recovery,
    Refund,
    RefundDesk,
    RefundRequest,
    SQLStore,
    Store,
)
from refundkit.stores.sql import metadata
from refundkit.testing.clock import FakeClock
from refundkit.testing.fake_gateway import FakeGateway, Fault

HELP: Final = {
    "refundkit_events_total": "Events by kind.",
    "refundkit_refunds_total": "Refunds that came to a status.",
    "refundkit_refund_minor_units_total": "Their amounts, in minor units of one currency each.",
    "refundkit_refund_unclear_total": "Requests without a clear answer.",
    "refundkit_refund_resubmitted_total": "Requests that were sent again.",
    "refundkit_refund_seconds": "From the wish to the end of a refund.",
    "refundkit_flags_total": "Flags that were raised: a person must look.",
    "refundkit_sweep_seconds": "How long sweeps take.",
    "refundkit_sweep_orders_total": "Orders that sweeps have looked at.",
    "refundkit_sweep_last_timestamp_seconds": "When the last sweep ended.",
    "refundkit_sweep_unreachable": "Orders whose gateway the last sweep could not ask.",
    "refundkit_orders_due": "Orders that wait for a sweep.",
    "refundkit_orders_unsettled": "Orders with a refund whose end is not known.",
    "refundkit_orders_flagged": "Orders that wait for a person.",
    "refundkit_outbox_waiting": "Events that some listener has not taken yet.",
}
SUMMARIES: Final = frozenset({"refundkit_refund_seconds", "refundkit_sweep_seconds"})

STATUSES: Final = {
    EventKind.REFUND_SUBMITTED: "submitted",
    EventKind.REFUND_PENDING: "pending",
    EventKind.REFUND_SUCCEEDED: "succeeded",
    EventKind.REFUND_FAILED: "failed",
    EventKind.REFUND_FAILED_AFTER_SUCCESS: "failed_after_success",
    EventKind.REFUND_REOPENED: "reopened",
    EventKind.REFUND_REVIVED: "revived",
    EventKind.REFUND_ADOPTED: "adopted",
    EventKind.REFUND_REBUILT: "rebuilt",
    EventKind.REFUND_MISMATCHED: "mismatched",
}
ENDS: Final = frozenset({EventKind.REFUND_SUCCEEDED, EventKind.REFUND_FAILED})

# An event comes again soon after the first time, if at all: from a process that died before it could mark
# it. So many ids are remembered, and no more.
MOST_REMEMBERED: Final = 10_000

Labels = tuple[tuple[str, str], ...]


class Samples:
    """Numbers by name and labels; any thread may add to them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: dict[tuple[str, Labels], float] = {}

    def add(self, name: str, number: float, **labels: str) -> None:
        """Count *number* more."""
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            self._numbers[key] = self._numbers.get(key, 0) + number

    def put(self, name: str, number: float, **labels: str) -> None:
        """Say what it is now."""
        with self._lock:
            self._numbers[name, tuple(sorted(labels.items()))] = number

    def observe(self, name: str, number: float, **labels: str) -> None:
        """Count one more observation of a summary."""
        self.add(f"{name}_count", 1, **labels)
        self.add(f"{name}_sum", number, **labels)

    def all(self) -> Mapping[tuple[str, Labels], float]:
        """Return every number as it is now."""
        with self._lock:
            return dict(self._numbers)


class Metrics:
    """A listener that counts events: give it to every desk, and every event is counted in one process.

    A counter that starts anew with its process is what Prometheus expects of counters.
    """

    # The store remembers under this name what was counted; keep it from one release to the next.
    name = "metrics"

    def __init__(self, store: Store) -> None:
        self.samples = Samples()
        self._store = store
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Count one event, once."""
        # Read first: if the store fails here, the event is not counted yet and comes again.
        refund = self._refund_of(event)
        if not self._is_new(event):
            return
        self.samples.add("refundkit_events_total", 1, kind=event.kind)
        if event.kind is EventKind.ORDER_FLAGGED:
            self.samples.add("refundkit_flags_total", 1, kind=str(event.data.get("flag", "unknown")))
        if refund is not None:
            self._count(event, refund)

    def swept(self, recovery: Recovery, *, seconds: float, at: datetime) -> None:
        """Count one sweep."""
        self.samples.observe("refundkit_sweep_seconds", seconds)
        self.samples.add("refundkit_sweep_orders_total", len(recovery.orders))
        self.samples.put("refundkit_sweep_unreachable", len(recovery.unreachable))
        self.samples.put("refundkit_sweep_last_timestamp_seconds", at.timestamp())

    def _refund_of(self, event: Event) -> Refund | None:
        """Return the refund that an event is about; an event names it, and only the order knows its gateway."""
        if event.refund_id is None:
            return None
        return self._store.get(event.order_id).refund(event.refund_id)

    def _is_new(self, event: Event) -> bool:
        with self._lock:
            if event.id in self._known:
                return False
            self._known[event.id] = None
            if len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
            return True

    def _count(self, event: Event, refund: Refund) -> None:
        if event.kind is EventKind.REFUND_UNCLEAR:
            self.samples.add("refundkit_refund_unclear_total", 1, gateway=refund.gateway)
        if event.kind is EventKind.REFUND_RESUBMITTED:
            self.samples.add("refundkit_refund_resubmitted_total", 1, gateway=refund.gateway)
        if (status := STATUSES.get(event.kind)) is None:
            return
        self.samples.add("refundkit_refunds_total", 1, gateway=refund.gateway, status=status)
        # Euros and yen are never added: each currency has a number of its own.
        money = refund.amount if event.amount is None else event.amount
        about = {"gateway": refund.gateway, "status": status, "currency": money.currency}
        self.samples.add("refundkit_refund_minor_units_total", money.minor, **about)
        if event.kind in ENDS and refund.created_at is not None:
            lasted = (event.at - refund.created_at).total_seconds()
            self.samples.observe("refundkit_refund_seconds", lasted, gateway=refund.gateway)


# Gauges: what is true now, read when Prometheus asks.


def gauges(store: Store, engine: sa.Engine, now: datetime) -> Samples:
    """Read how much waits: for a sweep, for a gateway, for a person, for a listener."""
    samples = Samples()
    samples.put("refundkit_orders_due", orders_due(engine, now))
    samples.put("refundkit_orders_unsettled", count(store, OrderFilter(unsettled=True)))
    samples.put("refundkit_orders_flagged", count(store, OrderFilter(flagged=True)))
    samples.put("refundkit_outbox_waiting", outbox_waiting(store))
    return samples


def orders_due(engine: sa.Engine, now: datetime) -> int:
    """Count the orders that wait for a sweep; the index of the sweep answers that."""
    orders = metadata.tables["refundkit_orders"]
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).where(orders.c.due_at <= now)) or 0


def count(store: Store, wanted: OrderFilter) -> int:
    """Count orders; those that are unsettled or flagged should be few."""
    return sum(1 for _ in store.search(wanted))


def outbox_waiting(store: Store) -> int:
    """Count the events that wait for a listener, page by page."""
    waiting, after = 0, None
    while page := store.undelivered(after=after):
        waiting, after = waiting + len(page), page[-1].event
    return waiting


# The page that Prometheus reads.


def page(*samples: Samples) -> str:
    """Write all numbers in the text format of Prometheus."""
    numbers = {key: number for one in samples for key, number in one.all().items()}
    lines: list[str] = []
    for family, text in HELP.items():
        own = [key for key in numbers if _family(key[0]) == family]
        if own:
            lines += [f"# HELP {family} {text}", f"# TYPE {family} {_kind(family)}"]
            lines += [f"{name}{_shown(labels)} {numbers[name, labels]:.15g}" for name, labels in sorted(own)]
    return "\n".join(lines) + "\n"


def _family(name: str) -> str:
    base = name.removesuffix("_count").removesuffix("_sum")
    return base if base in SUMMARIES else name


def _kind(family: str) -> str:
    if family in SUMMARIES:
        return "summary"
    return "counter" if family.endswith("_total") else "gauge"


def _shown(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


# A demonstration.


def main() -> None:
    """Refund a few orders in two currencies, lose an answer, sweep, and print the page."""
    clock, gateway = FakeClock(), FakeGateway(Fault.LOST_ANSWER, name="card")
    with tempfile.TemporaryDirectory(prefix="refundkit-metrics-") as folder:
        engine = sa.create_engine(f"sqlite:///{Path(folder) / 'refunds.db'}", hide_parameters=True)
        store = SQLStore(engine)
        store.create_tables()
        metrics = Metrics(store)
        desk = RefundDesk(store=store, gateways=[gateway], clock=clock, listeners=[metrics])
        for number, price in enumerate((Money.of("20.00", "EUR"), Money.of(3000, "JPY")), 1):
            paid = Payment(
                id="p", gateway="card", reference=f"pay-{number}", captured=price, captured_at=clock()
            )
            desk.register(Order(id=f"A-{number}", currency=price.currency, payments=(paid,)))
            desk.refund(f"A-{number}", RefundRequest(key="return-1", reason="damaged"))
        clock.advance(minutes=1)
        began = time.monotonic()
        metrics.swept(desk.recover(), seconds=time.monotonic() - began, at=clock())
        print(page(metrics.samples, gauges(store, engine, clock())), end="")
        engine.dispose()


if __name__ == "__main__":
    main()
