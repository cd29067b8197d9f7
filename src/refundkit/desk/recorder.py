"""The recorder: an order while something is done to it, with the events that tell of it so far."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import attrs
from attrs import frozen

from refundkit.model import fields
from refundkit.model.events import Event, EventKind
from refundkit.model.marks import Flag, FlagKind
from refundkit.model.orders import Order
from refundkit.model.parties import Actor
from refundkit.model.refunds import Refund

__all__ = ["Recorder", "storable"]


@frozen(kw_only=True)
class Recorder:
    """An order while something is recorded on it: each step returns a new one with more events."""

    order: Order
    now: datetime
    actor: Actor
    events: tuple[Event, ...] = ()

    def saying(
        self, kind: EventKind, *, refund: Refund | None = None, text: str = "", **details: Any
    ) -> Recorder:
        """Add an event; of a refund it takes id, payment and amount."""
        about: dict[str, Any] = {} if refund is None else _about(refund)
        event = Event(
            order_id=self.order.id,
            kind=kind,
            at=self.now,
            actor=self.actor,
            text=storable(text),
            **{**about, **details},
        )
        return attrs.evolve(self, events=(*self.events, event))

    def on(self, order: Order) -> Recorder:
        """Go on with *order*."""
        return attrs.evolve(self, order=order)

    def urging(self) -> Recorder:
        """Mark that the gateways must be asked at once: there is news, or what was heard does not fit together."""
        known = self.order.fetch_due_at
        if known is None or known > self.now:
            return self.postponing(self.now)
        # Never the same mark twice: whoever took up the older one must not clear this one as well.
        return self.postponing(known - timedelta(microseconds=1))

    def postponing(self, until: datetime) -> Recorder:
        """Mark that the gateways must be asked, at *until* and not before."""
        return self.on(attrs.evolve(self.order, fetch_due_at=until))

    def waiting(self, since: datetime, *, until: datetime) -> Recorder:
        """Mark that the gateways have to be asked *since* then, and that the sweep shall try at *until*."""
        return self.on(attrs.evolve(self.order, fetch_due_at=since, due_at=until))

    def heard(self, asked: Order) -> Recorder:
        """Take the mark away that *asked* had, now that the gateways were asked; a newer one stays."""
        if asked.fetch_due_at is None or self.order.fetch_due_at != asked.fetch_due_at:
            return self
        return self.on(attrs.evolve(self.order, fetch_due_at=None)).rescheduling()

    def rescheduling(self) -> Recorder:
        """Let the office say anew when the order is due, because somebody has looked at it."""
        return self.on(attrs.evolve(self.order, due_at=None))

    def flagging(self, kind: FlagKind, subject: str, text: str) -> Recorder:
        """Raise a flag, unless it is raised already."""
        flagged = self.order.with_flag(Flag(kind=kind, subject=subject, text=text, raised_at=self.now))
        if flagged is self.order:
            return self
        return self.on(flagged).saying(
            EventKind.ORDER_FLAGGED, text=text, data={"flag": kind, "subject": subject}
        )


def storable(text: str) -> str:
    """Keep of *text* what a field can hold: the error of a gateway may bring a whole page along."""
    return text[: fields.MAX_TEXT].replace("\0", "?").encode(errors="replace").decode()


def _about(refund: Refund) -> dict[str, Any]:
    return {"refund_id": refund.id, "payment_id": refund.payment_id, "amount": refund.amount}
