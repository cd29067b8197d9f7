"""A shop that sells goods: one order for two keys and a book, a fake gateway, a fake deliverer, one clock."""

from __future__ import annotations

from typing import Any

import attrs

from refundkit import (
    Actor,
    Delivery,
    DeliveryDesk,
    DeliveryResult,
    EventKind,
    MemoryStore,
    Money,
    Order,
    RefundDesk,
    RefundRequest,
    RefundStatus,
    Store,
)
from refundkit.testing.builders import make_line, make_order, make_payment
from refundkit.testing.clock import FakeClock
from refundkit.testing.fake_deliverer import DeliveryFault, FakeDeliverer
from refundkit.testing.fake_gateway import FakeGateway, Fault

KIM = Actor.staff("kim")
LEE = Actor.staff("lee")


def eur(amount: str) -> Money:
    """Return an amount of EUR."""
    return Money.of(amount, "EUR")


def a_delivery(name: str = "keys", **changes: Any) -> Delivery:
    """Return a delivery of the line of the same name; of keys there are two units."""
    told = {"id": name, "line_id": name, "kind": "fake", "target": "jo@example.org"}
    return Delivery(**{**told, "quantity": 2 if name == "keys" else 1, **changes})


def an_order(**changes: Any) -> Order:
    """Return order o-1: two keys for 40.00 and a book for 60.00, paid in full."""
    told: dict[str, Any] = {
        "lines": (
            make_line(id="keys", quantity=2, total=eur("40.00"), tax=None),
            make_line(id="book", quantity=1, total=eur("60.00"), tax=None),
        ),
        "payments": (make_payment(gateway="fake", reference="ref-1", captured=eur("100.00")),),
        "deliveries": (a_delivery("keys"), a_delivery("book")),
    }
    return make_order(**{**told, **changes})


class Shop:
    """Both desks on one store; order o-1 is registered already."""

    def __init__(
        self,
        *faults: DeliveryFault | None,
        order: Order | None = None,
        store: Store | None = None,
        can: dict[str, Any] | None = None,
        others: tuple[Any, ...] = (),
        bank: tuple[Fault, ...] = (),
        **desk: Any,
    ) -> None:
        self.store = store or MemoryStore()
        self.clock = FakeClock()
        self.gateway = FakeGateway(*bank)
        self.goods = FakeDeliverer(*faults, **(can or {}))
        self.news: list[Any] = []
        self.refunds = RefundDesk(store=self.store, gateways=[self.gateway], clock=self.clock)
        self.options = {"deliverers": [self.goods, *others], "listeners": [self.news.append], **desk}
        self.desk = self.new_desk()
        self.refunds.register(order or an_order())

    def new_desk(self, **options: Any) -> DeliveryDesk:
        """Return another desk with the same deliverers, as another process would have."""
        return DeliveryDesk(**{"store": self.store, "clock": self.clock, **self.options, **options})

    def deliver(self) -> DeliveryResult:
        """Deliver order o-1."""
        return self.desk.deliver("o-1", actor=KIM)

    def refund(self, key: str = "return-1", **wish: Any) -> None:
        """Give money back."""
        self.refunds.refund("o-1", RefundRequest(key=key, reason="broken", actor=KIM, **wish))

    def bank(self, status: RefundStatus, key: str = "return-1") -> None:
        """Let the customer's bank bring the refund of a request to another status, and the desk hear of it."""
        for leg in self.order.legs(key):
            self.gateway.settle(leg.reference, status)
        self.refunds.refresh("o-1")

    @property
    def order(self) -> Order:
        """The newest version of order o-1."""
        return self.store.get("o-1")

    def of(self, name: str = "keys") -> Delivery:
        """Return one delivery as it is now."""
        return next(delivery for delivery in self.order.deliveries if delivery.id == name)

    def status(self, name: str = "keys") -> str:
        """Return the status of one delivery."""
        return self.of(name).status.value

    def has(self, name: str = "keys") -> int:
        """Return how many units the customer really has."""
        return self.goods.units("o-1", name)

    def done(self, name: str = "keys") -> list[str]:
        """Return what was really done about one delivery."""
        return self.goods.moves("o-1", name)

    def keys_of(self, name: str = "keys") -> list[str]:
        """Return the idempotency keys of all calls about one delivery."""
        return [call.key for call in self.goods.calls if call.delivery.id == name]

    def told(self, *kinds: EventKind) -> list[tuple[str, str]]:
        """Return who did what in the timeline, of these kinds or of all about deliveries."""
        wanted = kinds or tuple(kind for kind in EventKind if kind.startswith(("delivery", "order.rede")))
        return [
            (event.kind.value, event.actor.name) for event in self.store.events("o-1") if event.kind in wanted
        ]

    def later(self, **duration: float) -> None:
        """Let time pass, and sweep."""
        self.clock.advance(**duration)
        self.desk.sweep()


def only(name: str, **changes: Any) -> Order:
    """Return the order with one delivery."""
    return an_order(deliveries=(attrs.evolve(a_delivery(name), **changes),))
