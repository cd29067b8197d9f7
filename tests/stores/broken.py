"""Stores that each do one thing wrong with orders or references, as first drafts do; the contract must find it."""

import threading
import time
from datetime import UTC, datetime, timedelta

import attrs

from refundkit.errors import OrderNotFoundError
from refundkit.model.events import Event
from refundkit.model.orders import Order
from refundkit.model.refunds import Refund
from refundkit.money import Money
from refundkit.stores.base import (
    Change,
    ChangeFunction,
    NumberedFunction,
    names_of,
    require_free,
    require_same,
)
from refundkit.stores.memory import MemoryStore

PAUSE = 0.002


class Keeping(MemoryStore):
    """Keeps of an order what `kept` makes of it."""

    def kept(self, order: Order) -> Order:
        """Return what is left of an order once it was written."""
        return order

    def _write(self, order: Order, events: tuple[Event, ...]) -> tuple[Event, ...]:
        return super()._write(self.kept(order), events)


# Chapter 1: orders.


class Countable(MemoryStore):
    """Answers with the number of rows that it added."""

    def add(self, order: Order, events: tuple[Event, ...]) -> bool:
        """Let 1 stand for True."""
        return int(super().add(order, events))


class Careless(Keeping):
    """Has no column for discounts."""

    def kept(self, order: Order) -> Order:
        """Lose them."""
        return attrs.evolve(order, lines=tuple(attrs.evolve(line, discount=None) for line in order.lines))


class AsciiOnly(Keeping):
    """Keeps names in an encoding of long ago."""

    def kept(self, order: Order) -> Order:
        """Put question marks where letters were."""
        return attrs.evolve(order, lines=tuple(map(self.line, order.lines)))

    def line(self, line):
        """Encode the name of one line."""
        return attrs.evolve(line, name=line.name.encode("ascii", "replace").decode())


class Forgiving(Keeping):
    """Has no column for what lived on after it had been given up."""

    def kept(self, order: Order) -> Order:
        """Lose it."""
        return attrs.evolve(
            order, refunds=tuple(attrs.evolve(refund, outside_cap=False) for refund in order.refunds)
        )


class Floating(Keeping):
    """Keeps amounts of refunds in a float column."""

    def kept(self, order: Order) -> Order:
        """Round to 53 bits."""
        return attrs.evolve(order, refunds=tuple(map(self.refund, order.refunds)))

    def refund(self, refund: Refund) -> Refund:
        """Round one refund, no higher than the model allows."""
        minor = min(int(float(refund.amount.minor)), 2**63 - 1024)
        amount = Money.of_minor(minor, refund.amount.currency)
        return refund if amount == refund.amount else attrs.evolve(refund, amount=amount, lines=())


class Seconds(Keeping):
    """Keeps moments as seconds in a float, which has no microseconds left in some centuries."""

    def kept(self, order: Order) -> Order:
        """Round."""
        if order.placed_at is None:
            return order
        return attrs.evolve(order, placed_at=datetime.fromtimestamp(order.placed_at.timestamp(), UTC))


class WallTime(Keeping):
    """Keeps what a clock in Vienna shows, where one hour of the year comes twice."""

    def kept(self, order: Order) -> Order:
        """Take the second of them for the first."""
        twice = datetime(2026, 10, 25, 1, tzinfo=UTC)
        if order.placed_at is None or not twice <= order.placed_at < twice + timedelta(hours=1):
            return order
        return attrs.evolve(order, placed_at=order.placed_at - timedelta(hours=1))


class Suspicious(MemoryStore):
    """Compares a registration with what the order has become."""

    def add(self, order: Order, events: tuple[Event, ...]) -> bool:
        """Take history for other content."""
        if order.id in self._orders:
            self._registered[order.id] = attrs.evolve(self._orders[order.id], version=order.version)
        return super().add(order, events)


class Overwriting(MemoryStore):
    """Lets the last registration win."""

    def add(self, order: Order, events: tuple[Event, ...]) -> bool:
        """Forget that there was one."""
        self._registered.pop(order.id, None)
        return super().add(order, events)


class Inventive(MemoryStore):
    """Makes an order up when there is none."""

    def get(self, order_id: str) -> Order:
        """Return something in any case."""
        try:
            return super().get(order_id)
        except OrderNotFoundError:
            return Order(id=order_id, currency="EUR")


class Hoarding(Keeping):
    """Adds rows and never takes one away."""

    def kept(self, order: Order) -> Order:
        """Keep the notes that were there."""
        before = self._orders.get(order.id, order).notes
        return attrs.evolve(order, notes=(*before, *(note for note in order.notes if note not in before)))


class Unhurried(MemoryStore):
    """Looks whether an order is there, and writes it later."""

    def add(self, order: Order, events: tuple[Event, ...]) -> bool:
        """Let others in between."""
        known = self._registered.get(order.id)
        time.sleep(PAUSE)
        if known is not None:
            require_same(known, order)
            return False
        with self._writing():
            self._write(attrs.evolve(order, version=1), events)
            self._registered[order.id] = order
        return True


class Narrow(Keeping):
    """Cuts notes to 255 characters, as a column of that width may."""

    def kept(self, order: Order) -> Order:
        """Cut."""
        return attrs.evolve(
            order, notes=tuple(attrs.evolve(note, text=note.text[:255]) for note in order.notes)
        )


class FirstPage(Keeping):
    """Reads the first thousand refunds of an order and takes them for all."""

    def kept(self, order: Order) -> Order:
        """Lose what is on the other pages."""
        return attrs.evolve(order, refunds=order.refunds[:1000])


# Chapter 2: references.


class AliasBlind(MemoryStore):
    """Does not find payments by their aliases."""

    def find_payment(self, gateway: str, reference: str) -> str | None:
        """Look at references and groups only."""
        owner = super().find_payment(gateway, reference)
        payments = self._orders[owner].payments if owner else ()
        aliases = {alias for payment in payments for alias in payment.aliases}
        return None if reference in aliases else owner


class GatewayBlind(MemoryStore):
    """Takes the same name at two gateways for the same payment."""

    def find_payment(self, gateway: str, reference: str) -> str | None:
        """Leave the gateway out."""
        return next((owner for (_, name), owner in self._references.items() if name == reference), None)


class Generous(MemoryStore):
    """Gives a name away that belongs to another order."""

    def _write(self, order: Order, events: tuple[Event, ...]) -> tuple[Event, ...]:
        if self.gives(order):
            for payment in order.payments:
                for name in names_of(payment):
                    self._references.pop((payment.gateway, name), None)
        return super()._write(order, events)

    def gives(self, order: Order) -> bool:
        """Say whether the names of *order* are not looked up."""
        return order.version >= 1


class GenerousAtFirst(Generous):
    """Gives names away when an order is registered."""

    def gives(self, order: Order) -> bool:
        """Look names up in changes only."""
        return order.version == 1


class GenerousLater(Generous):
    """Gives names away when an order is changed."""

    def gives(self, order: Order) -> bool:
        """Look names up at registration only."""
        return order.version > 1


class Groupless(MemoryStore):
    """Wants every group to have one payment, and so forgets that two payments may share it."""

    def _write(self, order: Order, events: tuple[Event, ...]) -> tuple[Event, ...]:
        groups = [payment.group for payment in order.payments if payment.group]
        for group in groups:
            if groups.count(group) > 1:
                require_free("stripe", group, order.id, "another payment")
        return super()._write(order, events)


class Fashionable(MemoryStore):
    """Knows the newest names of a payment only."""

    def _write(self, order: Order, events: tuple[Event, ...]) -> tuple[Event, ...]:
        written = super()._write(order, events)
        for name, owner in self._references.copy().items():
            if owner == order.id and name not in self.names(order):
                del self._references[name]
        return written

    def names(self, order: Order) -> set[tuple[str, str]]:
        """Return the names that an order has now."""
        return {(payment.gateway, name) for payment in order.payments for name in names_of(payment)}


class Refundless(MemoryStore):
    """Does not know which order a refund belongs to."""

    def find_refund(self, refund_id: str) -> str | None:
        """Guess."""
        return next(iter(self._orders), None)


class Racing(MemoryStore):
    """Looks which names are free before it takes the lock."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = threading.local()

    def add(self, order: Order, events: tuple[Event, ...]) -> bool:
        """Look, and let others in between."""
        self.look()
        return super().add(order, events)

    def change(self, order_id: str, function: ChangeFunction) -> Change:
        """Look, and let others in between."""
        self.look()
        return super().change(order_id, function)

    def issue(self, order_id: str, series: str, function: NumberedFunction) -> Change:
        """Look, and let others in between."""
        self.look()
        return super().issue(order_id, series, function)

    def look(self) -> None:
        """Remember which names are taken now."""
        self._seen.names = set(self._references)
        time.sleep(PAUSE)

    def _write(self, order: Order, events: tuple[Event, ...]) -> tuple[Event, ...]:
        for payment in order.payments:
            for name in names_of(payment):
                if (payment.gateway, name) not in self._seen.names:
                    self._references.pop((payment.gateway, name), None)
        return super()._write(order, events)
