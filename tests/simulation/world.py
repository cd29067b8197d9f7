"""The world of one seed: orders, gateways, one store, and everybody who works with them for some days."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from refundkit import (
    DeliveryDesk,
    MemoryStore,
    Order,
    RefundDesk,
    RefundkitError,
    Timing,
    WebhookError,
)
from refundkit.testing.builders import make_line, make_order, make_payment
from tests.simulation.books import money
from tests.simulation.chance import SKEW, Trouble
from tests.simulation.character import Character
from tests.simulation.gateway import SimulatedGateway
from tests.simulation.goods import SimulatedDeliverer
from tests.simulation.goods_laws import GoodsLaws
from tests.simulation.laws import Laws
from tests.simulation.listeners import Ear
from tests.simulation.post import Post
from tests.simulation.schedule import EPOCH, Loop
from tests.simulation.store import SimulatedStore, copy_of

__all__ = ["TIMING", "World"]

TIMING: Final = Timing()
MOST_WEBHOOKS: Final = 8


class World:
    """Everything there is; *fate* decides what is left open."""

    def __init__(self, fate: Any) -> None:
        self.fate = fate
        self.loop = Loop(fate)
        self.laws = Laws(self)
        self.store: Any = SimulatedStore(self)
        self.gateways: dict[str, SimulatedGateway] = {}
        self.ears: tuple[Ear, ...] = (Ear(self, "mail"), Ear(self, "ledger"))
        self.deliverers: tuple[SimulatedDeliverer, ...] = ()
        self.goods_laws = GoodsLaws(self)
        self.post: Post | None = None
        self.reruns = False
        self.webhooks = 0
        self.restores = 0

    # Setting up.

    def add_gateway(self, name: str, character: Character) -> SimulatedGateway:
        """Put a gateway into the world."""
        self.gateways[name] = SimulatedGateway(self, name, character)
        return self.gateways[name]

    def add_order(
        self, number: int, payments: Iterable[tuple[str, int]], *, with_lines: bool, **more: Any
    ) -> Order:
        """Register an order; *payments* are (gateway, captured)."""
        made = []
        for place, (gateway, captured) in enumerate(payments, 1):
            reference = f"ref-{number}-{place}"
            self.gateways[gateway].books.captured[reference] = captured
            made.append(
                make_payment(
                    id=f"p-{place}",
                    gateway=gateway,
                    reference=reference,
                    captured=money(captured),
                    captured_at=EPOCH,
                )
            )
        total = sum(payment.captured.minor for payment in made)
        lines = (make_line(total=money(total), tax=None),) if with_lines else ()
        told: dict[str, Any] = {"lines": lines, "payments": tuple(made), "placed_at": EPOCH}
        order = make_order(f"o-{number}", **(told | more))
        self.desk().register(order)
        return order

    def desk(self, *, listeners: Iterable[Any] | None = None) -> RefundDesk:
        """Make a desk, as every process has its own."""
        return RefundDesk(
            store=self.store,
            gateways=self.gateways.values(),
            clock=self._a_clock(),
            monotonic=self.loop.monotonic,
            sleep=self.loop.sleep,
            timing=TIMING,
            listeners=self.listeners if listeners is None else listeners,
        )

    def delivery_desk(self, *, listeners: Iterable[Any] | None = None) -> DeliveryDesk:
        """Make a desk for goods, as every process has its own."""
        return DeliveryDesk(
            store=self.store,
            deliverers=self.deliverers,
            clock=self._a_clock(),
            monotonic=self.loop.monotonic,
            listeners=self.listeners if listeners is None else listeners,
        )

    def _a_clock(self) -> Callable[[], datetime]:
        """Make the clock of one process, which may be a little wrong."""
        if not self.fate.has(Trouble.SKEW):
            return self.loop.clock
        skew = timedelta(seconds=self.fate.between(-SKEW, SKEW))
        return lambda: self.loop.clock() + skew

    @property
    def listeners(self) -> tuple[Any, ...]:
        """Everybody who hears of events."""
        return (*self.ears, *([] if self.post is None else [self.post.notices]))

    # Processes.

    def start(
        self, name: str, work: Callable[[RefundDesk], Any], *, after: float = 0.0, deaf: bool = False
    ) -> None:
        """Start a process that works with a desk of its own."""
        self._start(name, lambda: work(self.desk(listeners=() if deaf else None)), after)

    def start_delivering(
        self, name: str, work: Callable[[DeliveryDesk], Any], *, after: float = 0.0, deaf: bool = False
    ) -> None:
        """Start a process that works with a desk for goods of its own."""
        self._start(name, lambda: work(self.delivery_desk(listeners=() if deaf else None)), after)

    def _start(self, name: str, work: Callable[[], Any], after: float) -> None:
        """Start a process; what its desk refuses is an answer, too."""

        def live() -> None:
            try:
                answer = work()
            except WebhookError:
                raise
            except RefundkitError as refusal:
                answer = refusal
            self.loop.tell("is done", type(answer).__name__, answer if isinstance(answer, Exception) else "")

        self.loop.start(name, live, after=after)

    def announce(self, gateway: SimulatedGateway, payment: str) -> None:
        """Send a webhook about a payment, as often as fate wants."""
        for delay in self.fate.webhooks():
            if self.webhooks < MOST_WEBHOOKS:
                self.webhooks += 1
                body = json.dumps({"payment": payment}).encode()
                self.start(
                    f"webhook-{self.webhooks}",
                    lambda desk, body=body: desk.receive(gateway.name, body=body, headers={}),
                    after=delay,
                )

    # Looking at it from outside.

    def orders(self) -> list[Order]:
        """The newest version of every order."""
        return list(self.store.real._orders.values())

    # Restoring.

    def backup(self) -> MemoryStore:
        """Keep the store as it is now."""
        return copy_of(self.store.real)

    def restore(self, backup: MemoryStore) -> None:
        """Put an older store in the place of the newest; everybody who was working is gone."""
        self.loop.tell("the store is restored")
        self.loop.kill_all()
        self.store.real = backup
        self.restores += 1
        self.laws.restored()
        for ear in self.ears:
            ear.restored()
