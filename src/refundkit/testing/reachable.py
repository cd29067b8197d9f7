"""Everything that an object leads to: where a secret could hide."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["reachable"]


def reachable(root: object) -> Iterator[object]:
    """Yield *root* and all that its attributes, arguments, causes, contexts and items lead to."""
    seen: dict[int, object] = {}  # kept alive, because an id is free again once its thing is gone
    waiting: list[object] = [root]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, type):
            continue
        seen[id(thing)] = thing
        yield thing
        waiting += _led_to(thing)


def _led_to(thing: object) -> list[object]:
    if isinstance(thing, dict):
        return [*thing, *thing.values()]
    if isinstance(thing, (list, tuple, set, frozenset)):
        return list(thing)
    led_to = list(vars(thing).values()) if hasattr(thing, "__dict__") else []
    if isinstance(thing, BaseException):
        led_to += [thing.args, thing.__cause__, thing.__context__]
    return led_to
