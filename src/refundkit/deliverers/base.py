"""What a deliverer is: it hands over one kind of goods, and may be able to take them back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from attrs import field, frozen

from refundkit.errors import DeliveryError
from refundkit.model import fields
from refundkit.model.deliveries import Delivery, DeliveryMove
from refundkit.model.fields import FrozenMap
from refundkit.model.lines import OrderLine
from refundkit.model.orders import Order

__all__ = ["Deliverer", "DeliveryCall", "Receipt"]


@frozen(kw_only=True)
class DeliveryCall:
    """One call to hand over, or to take back, ``units`` of a delivery.

    ``move`` says which: DELIVER, REDELIVER (the same units once more, because they did not arrive) or REVOKE.
    ``key`` names this move for life: a call that is repeated after a lost answer has the same one, and must
    not hand over twice. Nothing may be begun after ``deadline``.
    """

    order: Order = field(validator=fields.instance(Order))
    line: OrderLine = field(validator=fields.instance(OrderLine))
    delivery: Delivery = field(validator=fields.instance(Delivery))
    units: int = field(validator=fields.positive)
    move: DeliveryMove = field(default=DeliveryMove.DELIVER, validator=fields.choice(DeliveryMove))
    key: str = field(validator=fields.identifier)
    deadline: datetime = field(converter=fields.to_utc, validator=fields.moment)


@frozen(kw_only=True)
class Receipt:
    """What a deliverer did: ``text`` for the timeline, ``details`` to be kept with the delivery. No secrets."""

    text: str = field(default="", validator=fields.text)
    details: Mapping[str, Any] = field(
        factory=FrozenMap, converter=fields.to_map, validator=fields.json_map, repr=False
    )


class Deliverer(ABC):
    """Hands over goods: its ``name`` is what `Delivery.kind` names.

    ``kind`` is the name under which the class is configured, and the name of a deliverer unless its
    constructor gives it another: two game servers are two deliverers with two names.
    ``redeliverable``: whether the same goods may be sent again on request. ``revocable``: whether what was
    handed over can be taken back with `revoke`. ``test`` says whether it hands over for test orders only
    (None: for any, because nothing real is handed over or it makes no difference); a live deliverer (False)
    never meets a test order (law S7).
    """

    kind: ClassVar[str] = ""
    name: str = ""
    test: bool | None = None
    redeliverable: bool = True
    revocable: bool = False

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "kind" in vars(cls) and "name" not in vars(cls):
            cls.name = cls.kind

    @abstractmethod
    def deliver(self, call: DeliveryCall) -> Receipt:
        """Hand over, once per ``call.key``.

        Raises:
            DeliveryError: if it did not work, or if that is not known; it is tried again under the same key.
                A final error says for certain that nothing was handed over under this key, and never will be.
        """

    def revoke(self, call: DeliveryCall) -> Receipt:
        """Take back, once per ``call.key``. What was never handed over is no error: there is nothing to do.

        Raises:
            DeliveryError: as `deliver`; a final error says that nothing was taken back.
        """
        raise DeliveryError(f"What {self.name} handed over cannot be taken back.", is_final=True)

    def where_it_is(self, delivery: Delivery) -> str:
        """Say where the customer finds what was handed over, for a refusal to send it again."""
        return f"It was sent to {delivery.target}."

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"
