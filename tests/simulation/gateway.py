"""The simulated gateway: the product's side of the wire, and the journey to the books and back.

A request that has left is on its own: it arrives although its sender is dead or has given up waiting.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from attrs import define

from refundkit import (
    Capabilities,
    Gateway,
    GatewayUnavailableError,
    OutcomeUnknownError,
    Payment,
    PaymentReport,
    Refund,
    RefundCall,
    RefundReport,
    RefundStatus,
    Webhook,
)
from tests.simulation.books import Books, Held, Order
from tests.simulation.chance import PATIENCE, Trip, Trouble
from tests.simulation.character import Character
from tests.simulation.schedule import Loop, Process

if TYPE_CHECKING:
    from tests.simulation.world import World

__all__ = ["SimulatedGateway"]

T = TypeVar("T")


@define(eq=False)
class Letter:
    """An answer on its way: who waits for it, and what it says once it is there."""

    reader: Process | None = None
    content: Any = None


class SimulatedGateway(Gateway):
    """A gateway of one character, with true books behind an untrue wire."""

    kind: ClassVar[str] = "simulated"

    def __init__(self, world: World, name: str, character: Character) -> None:
        self.name = name
        self.character = character
        self.world = world
        self.loop: Loop = world.loop
        self.down = False
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
        return self._journey("refund", lambda trip: self._executed(order, trip))

    def key_of(self, call: RefundCall) -> str:
        """Name the idempotency key: the refund's id, for life (E2)."""
        return call.refund.id

    def fetch(self, payments: tuple[Payment, ...]) -> tuple[PaymentReport, ...]:
        """Ask the books what is true, at the moment at which the question arrives."""
        self.loop.point("fetch leaves")
        self.world.laws.asked()
        return self._journey(
            "fetch", lambda _: tuple(self.books.report(payment.reference) for payment in payments)
        )

    def parse_webhook(self, webhook: Webhook) -> tuple[str, ...]:
        """Name the payment; signatures are proven elsewhere."""
        return (str(json.loads(webhook.body)["payment"]),)

    # The journey.

    def _journey(self, what: str, act: Callable[[Trip], T]) -> T:
        trip = self.world.fate.trip()
        if self.down or trip.trouble is Trouble.UNAVAILABLE:
            raise GatewayUnavailableError(f"{self.name} cannot be reached.", gateway=self.name)
        if trip.trouble is Trouble.BUSY:
            raise GatewayUnavailableError("Busy.", gateway=self.name, retry_after_seconds=2.0)
        letter = Letter()
        if trip.out is not None:
            self.loop.later(trip.out, lambda: self._arrives(what, act, trip, letter))
        self.loop.point(f"{what} travels")
        if letter.content is None:
            letter.reader = self.loop.running
            self.loop.wait(lambda: letter.content is not None, timeout=PATIENCE)
        self.loop.point(f"{what} answered", letter.content)
        return self._read(letter)

    def _arrives(self, what: str, act: Callable[[Trip], Any], trip: Trip, letter: Letter) -> None:
        if self.down or trip.trouble is Trouble.ERROR_BEFORE:
            answer: Any = OutcomeUnknownError("500 Internal Server Error", gateway=self.name)
        else:
            answer = act(trip)
        if trip.trouble is Trouble.ERROR_AFTER:
            answer = OutcomeUnknownError("502 Bad Gateway", gateway=self.name)
        if trip.trouble is Trouble.GARBAGE:
            answer = ValueError("not JSON")
        if trip.back is not None:
            self.loop.later(trip.back, lambda: self._comes_back(letter, answer))

    def _comes_back(self, letter: Letter, answer: Any) -> None:
        letter.content = answer
        if letter.reader is not None:
            self.loop.wake(letter.reader)

    def _read(self, letter: Letter) -> Any:
        if letter.content is None:
            raise OutcomeUnknownError(f"{self.name} did not answer in time.", gateway=self.name)
        if isinstance(letter.content, Exception):
            raise letter.content
        return letter.content

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
