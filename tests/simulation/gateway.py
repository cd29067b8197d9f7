"""The simulated gateway: the product's side of the wire, and what the books make of what arrives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from refundkit import (
    Capabilities,
    Gateway,
    Payment,
    PaymentReport,
    Refund,
    RefundCall,
    RefundReport,
    RefundStatus,
    Webhook,
)
from tests.simulation.books import Books, Held, Order
from tests.simulation.chance import Trip, Trouble
from tests.simulation.character import Character
from tests.simulation.wire import Wire

if TYPE_CHECKING:
    from tests.simulation.world import World

__all__ = ["SimulatedGateway"]


class SimulatedGateway(Wire, Gateway):
    """A gateway of one character, with true books behind an untrue wire."""

    kind: ClassVar[str] = "simulated"

    def __init__(self, world: World, name: str, character: Character) -> None:
        super().__init__(world, name)
        self.character = character
        self.books = Books(
            name=name,
            character=character,
            now=lambda: world.loop.now,
            announce=lambda payment: world.announce(self, payment),
        )

    def capabilities(self, payment: Payment) -> Capabilities:
        """Return what the gateway declares."""
        return self.character.can

    def prepare(self, refund: Refund, payment: Payment) -> Mapping[str, Any]:
        """Ask for an amount of a payment."""
        return {"payment": payment.reference, "amount": refund.amount.minor}

    def refund(self, call: RefundCall) -> RefundReport:
        """Send the request on its journey, and wait for what comes back."""
        self.loop.point("refund leaves", call.refund.id)
        self.world.laws.sent(self, call)
        order = Order(self.key_of(call), call.refund.id, call.request["payment"], call.request["amount"])
        return self.journey("refund", lambda trip: self._executed(order, trip))

    def key_of(self, call: RefundCall) -> str:
        """Name the idempotency key: the refund's id, for life (E2)."""
        return call.refund.id

    def fetch(self, payments: tuple[Payment, ...]) -> tuple[PaymentReport, ...]:
        """Ask the books what is true, at the moment at which the question arrives."""
        self.loop.point("fetch leaves")
        self.world.laws.asked()
        return self.journey(
            "fetch", lambda _: tuple(self.books.report(payment.reference) for payment in payments)
        )

    def parse_webhook(self, webhook: Webhook) -> tuple[str, ...]:
        """Name the payment; signatures are proven elsewhere."""
        return (str(json.loads(webhook.body)["payment"]),)

    # At the books.

    def _executed(self, order: Order, trip: Trip) -> RefundReport | Exception:
        fate = self.world.fate
        before = len(self.books.refunds)
        answer = self.books.execute(
            order,
            declines=fate.has(Trouble.DECLINE),
            # What is pending at a gateway that never tells of its refunds would be pending for ever.
            pends=not self.character.blind and fate.has(Trouble.PENDING),
            # Where a person has to say whose refund this is, a refund of another amount is nobody's.
            short=self.character.can_be_asked and fate.has(Trouble.OTHER_AMOUNT),
        ).answer
        self.loop.tell("gateway did", order.key, answer)
        for held in self.books.refunds[before:]:
            self.world.laws.executed(self, held)
            self._plan_the_future(held)
        return answer

    def _plan_the_future(self, held: Held) -> None:
        fate = self.world.fate
        if held.status is RefundStatus.PENDING:
            end = RefundStatus.FAILED if fate.has(Trouble.PENDING_FAILS) else RefundStatus.SUCCEEDED
            self.loop.later(fate.pick((1.0, 60.0, 5000.0)), lambda: self.books.settle(held, end))
        elif fate.has(Trouble.FAILS_LATER):
            self.loop.later(
                fate.pick((1.0, 60.0, 5000.0)), lambda: self.books.settle(held, RefundStatus.FAILED)
            )
