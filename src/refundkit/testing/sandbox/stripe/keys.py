"""Stripe's idempotency keys: the first answer is kept, and given again to the same question."""

from __future__ import annotations

from collections.abc import Hashable

import attrs
from attrs import frozen

from refundkit.testing.sandbox.messages import Reply
from refundkit.testing.sandbox.stripe.refusals import refuse

__all__ = ["Keys"]

Slot = tuple[Hashable, str]
MAX_LENGTH = 255
IN_USE = (
    "There is currently another in-progress request using this Idempotent Key "
    "(that probably means you submitted twice, and the other request is still going through): {}. "
    "Please try again later."
)
MISMATCH = (
    "Keys for idempotent requests can only be used with the same parameters they were first used with. "
    "Try using a key other than '{}' if you meant to execute a different request."
)


@frozen
class _Kept:
    question: Hashable
    reply: Reply


class Keys:
    """The keys of all accounts: a slot is the account with the key."""

    def __init__(self) -> None:
        self.in_flight: set[str] = set()
        self._kept: dict[Slot, _Kept] = {}

    def find(self, slot: Slot, question: Hashable) -> Reply | None:
        """Return the kept answer, marked as a replay; None if the key is new.

        Raises:
            RefusedError: if the key is in flight, too long, or stands for another question.
        """
        key = slot[1]
        if len(key) > MAX_LENGTH:
            refuse(f"Idempotency keys have at most {MAX_LENGTH} characters.", is_kept=False)
        if key in self.in_flight:
            refuse(IN_USE.format(key), status=409, is_kept=False, code="idempotency_key_in_use")
        kept = self._kept.get(slot)
        if kept is None:
            return None
        if kept.question != question:
            refuse(MISMATCH.format(key), is_kept=False, type="idempotency_error")
        return attrs.evolve(kept.reply, headers={**kept.reply.headers, "idempotent-replayed": "true"})

    def keep(self, slot: Slot, question: Hashable, reply: Reply) -> None:
        """Keep the answer to *question*."""
        self._kept[slot] = _Kept(question, reply)

    def spoil(self, key: str, reply: Reply) -> None:
        """Keep *reply* instead of what was answered, if anything was: a 500 after execution is kept, too."""
        for slot in [slot for slot in self._kept if slot[1] == key]:
            self._kept[slot] = attrs.evolve(self._kept[slot], reply=reply)

    def forget(self) -> None:
        """Forget all, as Stripe does after a day."""
        self._kept.clear()
