"""The shop of these tests: which orders there are, what its writers ask for, and the desk that they work with.

Whatever a writer asks for follows from its seat and a number, so whoever takes over the seat after a kill asks
for the very same again. What processes leave behind is one line in a file, written at once.
"""

from __future__ import annotations

import os
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

from attrs import field, frozen

from refundkit import (
    Delivery,
    DeliveryDesk,
    DeliveryTiming,
    Event,
    Money,
    Order,
    OrderLine,
    Payment,
    RefundDesk,
    RefundRequest,
    Timing,
)
from refundkit.stores.base import Store
from tests.chaos.vendor_gateway import VendorGateway
from tests.chaos.vendor_goods import VendorDeliverer

__all__ = ["CAPTURED", "GOODS_TIMING", "LISTENERS", "TIMING", "Shop", "an_order", "wish"]

LISTENERS = ("mail", "books")
# Captured per order and payment, in cents: the writers ask for more than that in the end.
CAPTURED = {"card": 1_400, "voucher": 800}
WISHES_PER_ORDER = 4
# What was bought for it: two keys that can be taken back, and a gift that cannot.
LINES = (
    OrderLine(id="keys", name="Key", quantity=2, total=Money.of_minor(1_000, "EUR")),
    OrderLine(id="gift", name="Gift", total=Money.of_minor(1_200, "EUR")),
)
DELIVERIES = (
    Delivery(id="d-keys", line_id="keys", kind="goods", target="jo@example.org", quantity=2),
    Delivery(id="d-gift", line_id="gift", kind="gift", target="jo@example.org"),
)

# A request is at most 0.6 s on its way; the lease of its sender is shorter than that.
TIMING = Timing(
    lease=timedelta(seconds=0.3),
    quarantine=timedelta(seconds=2),
    retries=(timedelta(seconds=0.2), timedelta(seconds=0.5), timedelta(seconds=1)),
    poll=timedelta(seconds=0.4),
    # Whatever the bank sends back, it sends back within two seconds.
    after_success=(timedelta(seconds=0.5), timedelta(seconds=2.5)),
)
GOODS_TIMING = DeliveryTiming(
    lease=timedelta(seconds=0.3),
    quarantine=timedelta(seconds=3),
    retries=(timedelta(seconds=0.2), timedelta(seconds=0.5), timedelta(seconds=1)),
    most_attempts=10_000,
    cooldown=timedelta(seconds=1),
)


@frozen(kw_only=True)
class Shop:
    """One shop: its database, its vendor, and the folder with what its processes have noted."""

    url: str
    port: int
    folder: Path = field(converter=Path)
    seed: int = 0

    def desk(self, store: Store, seat: str) -> RefundDesk:
        """Make the desk of one process, with listeners that sometimes fail."""
        chance = random.Random(f"{self.seed} {seat} {os.getpid()}")  # noqa: S311 - chance, not secrets
        return RefundDesk(
            store=store,
            gateways=[VendorGateway(self.port)],
            timing=TIMING,
            listeners=[Listener(name, self, chance) for name in LISTENERS],
        )

    def delivery_desk(self, store: Store, seat: str) -> DeliveryDesk:
        """Make the desk for goods of one process."""
        chance = random.Random(f"{self.seed} {seat} {os.getpid()}")  # noqa: S311 - chance, not secrets
        return DeliveryDesk(
            store=store,
            deliverers=[VendorDeliverer(self.port, kind) for kind in ("goods", "gift")],
            timing=GOODS_TIMING,
            listeners=[Listener(name, self, chance) for name in LISTENERS],
        )

    def note(self, name: str, line: str) -> None:
        """Append one line to a file that many processes write."""
        file = os.open(self.folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, f"{line}\n".encode())
        finally:
            os.close(file)

    def noted(self, name: str) -> list[str]:
        """Return the lines of such a file."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    @property
    def is_closing(self) -> bool:
        """Whether nobody shall begin anything new."""
        return (self.folder / "closing").exists()

    def close(self) -> None:
        """Let everybody finish what they are at."""
        self.note("closing", "")


@frozen
class Listener:
    """Writes down what it hears, and sometimes fails before."""

    name: str
    shop: Shop
    chance: random.Random

    def __call__(self, event: Event) -> None:
        if self.chance.random() < 0.02:
            raise OSError(f"{self.name} is down")
        self.shop.note(self.name, f"{event.order_id} {event.version} {event.number}")


def an_order(number: int) -> Order:
    """Return the order of that number, as everybody registers it."""
    name = f"o-{number}"
    payments = tuple(
        Payment(id=kind, gateway="vendor", reference=f"{kind}-{name}", captured=Money.of_minor(cents, "EUR"))
        for kind, cents in CAPTURED.items()
    )
    return Order(id=name, currency="EUR", payments=payments, lines=LINES, deliveries=DELIVERIES)


def wish(seat: str, number: int) -> tuple[Order, RefundRequest]:
    """Return what *seat* wants as its wish of that number: some cents or some euros of an order, or for one key."""
    chance = random.Random(f"{seat} {number}")  # noqa: S311 - chance, not secrets
    amount = Money.of_minor(chance.choice((1, chance.randint(2, 99), chance.randint(100, 900))), "EUR")
    how_much: dict[str, Any] = {"lines": {"keys": 1}} if chance.random() < 0.25 else {"amount": amount}
    request = RefundRequest(key=f"{seat}-{number}", reason="chaos", **how_much)
    return an_order(number // WISHES_PER_ORDER), request
