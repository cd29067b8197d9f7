"""The post: letters to customers, written by the product's own listener, and counted here."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from refundkit import CustomerNotices, Notice, OutcomeUnknownError, Policy
from tests.simulation.chance import Trouble

if TYPE_CHECKING:
    from tests.simulation.world import World

__all__ = ["Post"]


class Post:
    """Writes letters, and loses some: before they are written, or on the way."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.letters: Counter[str] = Counter()
        self.notices = CustomerNotices(
            store=world.store, write=self._write, policy=Policy(notify=True), clock=world.loop.clock
        )

    def _write(self, notice: Notice) -> None:
        world = self.world
        world.loop.point("letter leaves", notice.refund_id)
        if world.fate.has(Trouble.LISTENER):
            raise OSError("The post is closed.")
        self.letters[notice.refund_id] += 1
        if self.letters[notice.refund_id] > 1:
            world.laws.broken("S6", f"the customer is told twice of {notice.refund_id}")
        if world.fate.has(Trouble.LOST_ANSWER):
            raise OutcomeUnknownError("Nobody knows.", gateway="post")
        world.loop.point("letter written", notice.refund_id)
