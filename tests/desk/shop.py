"""A shop to test in: one order of 100.00 EUR, one fake gateway, a store in memory, a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from refundkit import (
    Actor,
    Event,
    EventKind,
    Gateway,
    MemoryStore,
    Money,
    Order,
    Payment,
    Refund,
    RefundDesk,
    RefundRequest,
    RefundResult,
)
from refundkit.stores.base import is_unsettled
from refundkit.testing.builders import make_line, make_order, make_payment
from refundkit.testing.clock import FakeClock
from refundkit.testing.fake_gateway import FakeGateway, Fault

KIM = Actor.staff("kim")
LEE = Actor.staff("lee")


def eur(amount: str) -> Money:
    """Return an amount of EUR."""
    return Money.of(amount, "EUR")


def a_payment(number: int = 1, captured: str = "100.00", **changes: Any) -> Payment:
    """Return payment p-1, captured at the fake gateway as ref-1."""
    told: dict[str, Any] = {
        "id": f"p-{number}",
        "gateway": "fake",
        "reference": f"ref-{number}",
        "captured": eur(captured),
    }
    return make_payment(**{**told, "captured_at": FakeClock().now, **changes})


def an_order(**changes: Any) -> Order:
    """Return order o-1: two lamps for 40.00 and a table for 60.00, paid in full."""
    told: dict[str, Any] = {
        "lines": (
            make_line(id="lamp", name="Lamp", quantity=2, total=eur("40.00"), tax=eur("6.39")),
            make_line(id="table", name="Table", quantity=1, total=eur("60.00"), tax=eur("9.58")),
        ),
        "payments": (a_payment(),),
    }
    return make_order(**{**told, **changes})


def two_payments() -> tuple[Payment, ...]:
    """Return 70.00 and 30.00 at the fake gateway."""
    return a_payment(1, "70.00"), a_payment(2, "30.00")


def a_request(key: str = "return-1", **changes: Any) -> RefundRequest:
    """Return a request for everything, unless *changes* say how much."""
    return RefundRequest(**{"key": key, "reason": "arrived broken", "actor": KIM, **changes})


class Shop:
    """A desk with all that it works with; *order* is registered already."""

    def __init__(
        self,
        *faults: Fault,
        order: Order | None = None,
        gateway: Gateway | None = None,
        others: Iterable[Gateway] = (),
        can: dict[str, Any] | None = None,
        **desk: Any,
    ) -> None:
        self.store = MemoryStore()
        self.clock = FakeClock()
        self.gateway: Any = gateway or FakeGateway(*faults, **(can or {}))
        self.others = tuple(others)
        self.options = desk
        self.desk = self.new_desk()
        self.desk.register(order or an_order())

    def new_desk(self, store: MemoryStore | None = None, **options: Any) -> RefundDesk:
        """Return another desk with the same gateways, as another process would have."""
        return RefundDesk(
            **{
                "store": store or self.store,
                "gateways": [self.gateway, *self.others],
                "clock": self.clock,
                **self.options,
                **options,
            }
        )

    def refund(self, amount: str | None = None, key: str = "return-1", **changes: Any) -> RefundResult:
        """Refund an amount of order o-1, or everything."""
        if amount is not None:
            changes["amount"] = eur(amount)
        return self.desk.refund("o-1", a_request(key, **changes))

    @property
    def order(self) -> Order:
        """The newest version of order o-1."""
        return self.desk.order("o-1")

    @property
    def only_refund(self) -> Refund:
        """The one refund of order o-1."""
        (refund,) = self.order.refunds
        return refund

    @property
    def moved(self) -> Money:
        """What the gateway really gave back."""
        return self.gateway.returned("EUR")

    def kinds(self) -> list[EventKind]:
        """Return what happened to order o-1, from the first refund on."""
        return kinds_of(self.desk.timeline("o-1")[1:])

    def flags(self) -> list[str]:
        """Return the kinds of flags that order o-1 has."""
        return [flag.kind.value for flag in self.order.flags]

    def is_at_rest(self) -> bool:
        """Whether nothing is unsettled, and the gateway needs not be asked today."""
        return not is_unsettled(self.order) and self.order.fetch_due_at is None and not self.is_due()

    def is_due(self) -> bool:
        """Whether the sweep would look at order o-1 now."""
        due_at = self.order.due_at
        return due_at is not None and due_at <= self.clock()


def kinds_of(events: Iterable[Event]) -> list[EventKind]:
    """Return what the events say, without the rest."""
    return [event.kind for event in events]


def copy_of(store: MemoryStore) -> MemoryStore:
    """Return a backup of *store*, as it is now."""
    twin = MemoryStore()
    for name, value in vars(store).items():
        if isinstance(value, dict):
            kept = {key: [*part] if isinstance(part, list) else part for key, part in value.items()}
            setattr(twin, name, kept)
    return twin
