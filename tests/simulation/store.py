"""The simulated store: the real MemoryStore, with a point before and after each call, and a judge at each commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from refundkit import MemoryStore, Store

if TYPE_CHECKING:
    from tests.simulation.world import World

__all__ = ["SimulatedStore", "copy_of"]


class _Visited:
    """What every method of the simulated store is made of."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.real = MemoryStore()
        self.is_open = False

    def visit(self, name: str, *arguments: Any, **options: Any) -> Any:
        """Call *name* of the real store, between two points."""
        loop = self.world.loop
        loop.point(f"before {name}")
        if name in {"change", "add"}:
            answer = self._commit(name, *arguments)
        else:
            answer = getattr(self.real, name)(*arguments, **options)
        answer = list(answer) if isinstance(answer, Iterator) else answer
        loop.point(f"after {name}")
        return iter(answer) if name == "search" else answer

    def _commit(self, name: str, *arguments: Any) -> Any:
        """Commit, then let the laws judge what was committed."""
        subject = arguments[0]
        order_id = subject if isinstance(subject, str) else subject.id
        before = self.real._orders.get(order_id)
        if name == "change":
            arguments = (order_id, self._in_transaction(arguments[1]))
        answer = getattr(self.real, name)(*arguments)
        after = self.real.get(order_id)
        if after is not before:
            self.world.laws.committed(before, after)
        return answer

    def _in_transaction(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Mark the transaction as open; some stores have to run a function again, and so does this one."""

        def marked(order: Any) -> Any:
            self.is_open = True
            try:
                if self.world.reruns:
                    function(order)
                return function(order)
            finally:
                self.is_open = False

        return marked


def _through(name: str) -> Callable[..., Any]:
    def method(self: Any, *arguments: Any, **options: Any) -> Any:
        return self.visit(name, *arguments, **options)

    return method


# Every abstract method, so that a new one of the product becomes a point as well.
SimulatedStore = type(
    "SimulatedStore", (_Visited, Store), {name: _through(name) for name in sorted(Store.__abstractmethods__)}
)


def copy_of(store: MemoryStore) -> MemoryStore:
    """Return a backup of *store*, as it is now."""
    twin = MemoryStore()
    for name, value in vars(store).items():
        if isinstance(value, dict):
            kept = {key: [*part] if isinstance(part, list) else part for key, part in value.items()}
            setattr(twin, name, kept)
    return twin
