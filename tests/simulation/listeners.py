"""Listeners: ears that check law T4 while they listen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refundkit import Event
from tests.simulation.chance import Trouble

if TYPE_CHECKING:
    from tests.simulation.world import World

__all__ = ["Ear"]


class Ear:
    """A listener with a name; it sees every order's events in order and without gaps, repeats left aside."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.heard: dict[str, list[str]] = {}

    def __call__(self, event: Event) -> None:
        """Take an event, or raise."""
        loop = self.world.loop
        loop.alive()
        heard = self.heard.setdefault(event.order_id, [])
        written = self.world.store.real.events(event.order_id)
        if event not in written:
            self.world.laws.broken(
                "T4", f"{self.name} hears of {event.id} {event.kind} before it is committed"
            )
        if event.id not in heard:
            if written[len(heard)].id != event.id:
                self.world.laws.broken("T4", f"{self.name} hears {event.id} after {heard[-1:]}")
            if self.world.fate.has(Trouble.LISTENER):
                raise RuntimeError("The listener is not in the mood.")
            heard.append(event.id)

    def restored(self) -> None:
        """Forget what is lost: its events get their numbers again, for other things."""
        for order in self.world.orders():
            kept = {event.id for event in self.world.store.real.events(order.id)}
            self.heard[order.id] = [name for name in self.heard.get(order.id, []) if name in kept]
