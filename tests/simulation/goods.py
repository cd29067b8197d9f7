"""The simulated deliverers: what customers really have, behind a wire that loses, delays and repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from attrs import define, field, frozen

from refundkit import Deliverer, DeliveryCall, DeliveryError, DeliveryMove, GatewayError, Receipt
from tests.simulation.chance import Trouble
from tests.simulation.wire import Wire

if TYPE_CHECKING:
    from tests.simulation.world import World

__all__ = ["KINDS", "Kind", "Parcel", "Shelf", "SimulatedDeliverer"]


@frozen
class Kind:
    """One kind of goods: whether the same may be sent again, and whether it can be taken back."""

    name: str
    redeliverable: bool = True
    revocable: bool = True


KINDS = (Kind("keys"), Kind("file", revocable=False), Kind("gift", redeliverable=False, revocable=False))


@frozen
class Parcel:
    """What arrives at the deliverer's service: so many units of one delivery, as move *number* of it."""

    key: str
    order: str
    delivery: str
    move: DeliveryMove
    number: int
    units: int

    @property
    def subject(self) -> tuple[str, str]:
        """Which delivery of which order."""
        return self.order, self.delivery


@define
class Shelf:
    """The books of the service: what was done under which key, and what customers have."""

    done: dict[str, Parcel | None] = field(factory=dict)
    has: dict[tuple[str, str], int] = field(factory=dict)
    sent_again: dict[tuple[str, str], int] = field(factory=dict)

    def execute(self, parcel: Parcel, *, refuses: bool) -> bool:
        """Do it, once per key for ever; say whether it was done now, or raise a no that holds for ever."""
        if parcel.key in self.done:
            if self.done[parcel.key] is None:
                raise DeliveryError("No, as I said.", is_final=True)
            return False
        self.done[parcel.key] = None if refuses else parcel
        if refuses:
            raise DeliveryError("No, never.", is_final=True)
        self._carry_out(parcel)
        return True

    def _carry_out(self, parcel: Parcel) -> None:
        has = self.has.get(parcel.subject, 0)
        if parcel.move is DeliveryMove.REDELIVER:
            self.sent_again[parcel.subject] = self.sent_again.get(parcel.subject, 0) + 1
        elif parcel.move is DeliveryMove.DELIVER:
            self.has[parcel.subject] = has + parcel.units
        else:
            # Whoever asks may not know whether it was ever handed over.
            self.has[parcel.subject] = max(has - parcel.units, 0)


class SimulatedDeliverer(Wire, Deliverer):
    """A deliverer of one kind, with true books behind an untrue wire."""

    kind: ClassVar[str] = "simulated"

    def __init__(self, world: World, kind: Kind) -> None:
        super().__init__(world, kind.name)
        self.redeliverable = kind.redeliverable
        self.revocable = kind.revocable
        self.shelf = Shelf()

    def deliver(self, call: DeliveryCall) -> Receipt:
        """Hand over."""
        return self._asked(call)

    def revoke(self, call: DeliveryCall) -> Receipt:
        """Take back."""
        return self._asked(call)

    def key_of(self, call: DeliveryCall) -> str:
        """Name the idempotency key (E2)."""
        return call.key

    def _asked(self, call: DeliveryCall) -> Receipt:
        self.loop.point("goods leave", call.move, call.delivery.id)
        parcel = Parcel(
            key=self.key_of(call),
            order=call.order.id,
            delivery=call.delivery.id,
            move=call.move,
            number=call.delivery.moves,
            units=call.units,
        )
        self.world.goods_laws.sent(self, parcel)
        try:
            return self.journey("goods", lambda _: self._executed(parcel))
        except GatewayError as error:
            raise DeliveryError(str(error)) from None

    def _executed(self, parcel: Parcel) -> Receipt | Exception:
        refuses = self.world.fate.has(Trouble.DECLINE)
        try:
            is_new = self.shelf.execute(parcel, refuses=refuses)
        except DeliveryError as refusal:
            self.loop.tell("service refused", parcel)
            return refusal
        self.loop.tell("service did", parcel, "" if is_new else "before")
        if is_new:
            self.world.goods_laws.executed(self, parcel)
        return Receipt(text="done")
