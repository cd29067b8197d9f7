"""The vendor's shelf: what customers really have, which is the truth."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from attrs import define, field

__all__ = ["Shelf"]

Message = Mapping[str, Any]


@define
class Shelf:
    """What customers have: every key is carried out once, for ever."""

    over: list[str] = field(factory=list)
    has: dict[str, int] = field(factory=dict)
    sent_again: dict[str, int] = field(factory=dict)
    _done: dict[str, Message] = field(factory=dict)
    _lock: threading.Lock = field(factory=threading.Lock)

    def execute(self, message: Message) -> dict[str, Any]:
        """Hand over or take back, unless that was done under this key."""
        with self._lock:
            if message["key"] not in self._done:
                self._done[message["key"]] = message
                self._carry_out(message)
            return {"units": self._done[message["key"]]["units"]}

    def _carry_out(self, message: Message) -> None:
        name, units = message["name"], message["units"]
        has = self.has.get(name, 0)
        if message["move"] == "redeliver":
            self.sent_again[name] = self.sent_again.get(name, 0) + 1
            return
        self.has[name] = has + units if message["move"] == "deliver" else max(has - units, 0)
        if self.has[name] > message["quantity"]:
            self.over.append(f"{self.has[name]} of {name}")

    def shown(self) -> dict[str, Any]:
        """Show the shelf itself."""
        with self._lock:
            return {"over": self.over, "has": self.has, "sent_again": self.sent_again}
