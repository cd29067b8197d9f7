"""The bench: what an author of a deliverer hands to the contract, and the means to look behind the deliverer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, TypeVar
from uuid import uuid4

import attrs
import pytest
from attrs import field, frozen

from refundkit.deliverers.base import Deliverer, DeliveryCall
from refundkit.model.deliveries import Delivery, DeliveryMove
from refundkit.model.lines import OrderLine
from refundkit.model.orders import Order
from refundkit.model.payments import Payment
from refundkit.money import Money

__all__ = ["DelivererBench", "DeliveryMishap", "Rules", "need"]

T = TypeVar("T")


class DeliveryMishap(Enum):
    """What the bench can make happen to the next call, once."""

    FAILED = "failed"
    """Nothing is done."""
    LOST_REPLY = "lost reply"
    """It is done, and the deliverer cannot know (a timeout)."""
    NEVER = "never"
    """The service says no, for good: the deliverer raises a final error."""


def _now() -> datetime:
    return datetime.now(UTC)


@frozen(kw_only=True)
class DelivererBench:
    """One deliverer, ready to be called, and the means to look behind it. Make a new one for every test.

    ``deliverer`` is the one under test. All other means are optional: what needs one that is missing is
    skipped, visibly.

    ``handed_over(call)``: how often the goods of this order and delivery were really handed over, each unit
    counted; less what was taken back.
    ``faults``: for each `DeliveryMishap` a function that lets it happen to the next call, once.
    ``second_deliverer``: another instance with the same service behind it, as after a restart.
    ``target``: where the goods go, in the form that the deliverer wants.
    ``secrets``: keys, signing secrets and codes, as texts that must never show; a function, if they become
    known only while goods are handed over.
    ``now``: the time that deadlines are counted from.
    """

    deliverer: Deliverer
    handed_over: Callable[[DeliveryCall], int] | None = None
    faults: Mapping[DeliveryMishap, Callable[[], object]] = field(factory=dict)
    second_deliverer: Deliverer | None = None
    target: str = "kim@example.org"
    secrets: Callable[[], tuple[str, ...]] | tuple[str, ...] = field(default=(), repr=False)
    now: Callable[[], datetime] = _now

    def call(self, units: int = 2) -> DeliveryCall:
        """Return a call to hand over *units* of an order that nobody has seen yet."""
        price = Money.of("20.00", "EUR")
        line = OrderLine(id="line-1", name="Game", quantity=units, total=price, sku="game-1")
        delivery = Delivery(
            id="d-1", line_id="line-1", kind=self.deliverer.name, target=self.target, quantity=units
        )
        order = Order(
            id=f"contract-{uuid4()}",
            currency="EUR",
            lines=(line,),
            payments=(Payment(id="p-1", gateway="cash", reference="receipt-1", captured=price),),
            deliveries=(delivery,),
            test=bool(self.deliverer.test),
        )
        return DeliveryCall(
            order=order,
            line=line,
            delivery=delivery,
            units=units,
            key=str(uuid4()),
            deadline=self.now() + timedelta(minutes=5),
        )

    def revocation(self, call: DeliveryCall, **known: Any) -> DeliveryCall:
        """Return the call that takes back what *call* handed over; *known* is what the delivery remembers."""
        delivery = attrs.evolve(call.delivery, handed_over=call.units, moves=1, **known)
        order = call.order.with_delivery(delivery)
        return attrs.evolve(call, order=order, delivery=delivery, move=DeliveryMove.REVOKE, key=str(uuid4()))

    def count(self, call: DeliveryCall) -> int:
        """Look into the books, or skip the test."""
        return need(self.handed_over, "handed_over")(call)

    def let(self, mishap: DeliveryMishap) -> None:
        """Let *mishap* happen to the next call, or skip the test."""
        need(self.faults.get(mishap), f"faults[DeliveryMishap.{mishap.name}]")()


def need(means: T | None, name: str) -> T:
    """Return *means*, or skip the test and say which of the bench's means is missing."""
    if means is None:
        pytest.skip(f"the bench has no {name}")
    return means


class Rules:
    """What every chapter asks for: a subclass in somebody's tests overrides this one fixture."""

    @pytest.fixture
    def bench(self) -> DelivererBench:
        """Make a fresh `DelivererBench`."""
        pytest.fail(
            "Override the fixture `bench` in your subclass of DelivererContract; return a DelivererBench."
        )
