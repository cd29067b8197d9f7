"""The characters of gateways: what they can do, how long they remember, what they tell.

The desk hears only ``can``. The rest is how the gateway really is, and it is never worse than ``can`` says: a
gateway that breaks its own word (forgets keys inside the window that it declares) is a residual risk, not
part of the simulated world.
"""

from __future__ import annotations

from datetime import timedelta

from attrs import frozen

from refundkit import Capabilities

__all__ = ["CHARACTERS", "FOREVER", "MARGIN", "Character"]

FOREVER = timedelta(days=4000)
# A request that leaves just inside the window travels; keys live longer than the window by more than that.
MARGIN = timedelta(hours=1)


@frozen(kw_only=True)
class Character:
    """One kind of gateway.

    ``remembers_declines``: whether a no is the first result that a repeated request is answered with, too.
    ``lag``: how old a refund must be before a list shows it. ``blind``: it shows no refunds at all. ``lax``: it
    gives back more than was captured, if it is asked to.
    """

    name: str
    can: Capabilities
    remembers_declines: bool = False
    lag: float = 0.0
    blind: bool = False
    lax: bool = False

    @property
    def key_lifetime(self) -> float:
        """How many seconds it answers a repeated request with the first result; none if it has no keys."""
        window = self.can.idempotency_window
        return (window + MARGIN).total_seconds() if window else 0.0

    @property
    def can_be_asked(self) -> bool:
        """Whether its silence about a refund proves that there is none."""
        return self.can.echoes_refund_id and self.can.knows_absence


def _can(hours: float = 20, **changes: bool) -> Capabilities:
    return Capabilities(idempotency_window=timedelta(hours=hours), **changes)


CHARACTERS = (
    Character(name="strict", can=_can()),
    Character(name="forgetful", can=_can(1)),
    Character(name="keyless", can=_can(0)),
    Character(name="faithful", can=Capabilities(idempotency_window=FOREVER)),
    Character(name="lax", can=_can(2), lax=True),
    Character(name="silent", can=_can(echoes_refund_id=False, knows_absence=False)),
    Character(name="nameless", can=_can(2, echoes_refund_id=False)),
    Character(name="blind", can=_can(2, knows_absence=False), blind=True),
    Character(name="lagging", can=_can(2, knows_absence=False), lag=3600.0),
)
