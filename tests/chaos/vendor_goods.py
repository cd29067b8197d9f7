"""The deliverer of goods at the vendor of these tests: plain HTTP, one connection for each call."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import ClassVar

from refundkit.deliverers.base import Deliverer, DeliveryCall, Receipt
from refundkit.errors import DeliveryError
from tests.chaos.vendor_gateway import BROKEN, ask

__all__ = ["VendorDeliverer"]


class VendorDeliverer(Deliverer):
    """Hands over at the vendor that listens on *port*: goods that can be taken back, or gifts that cannot."""

    kind: ClassVar[str] = "vendor"

    def __init__(self, port: int, name: str) -> None:
        self.name = name
        self.redeliverable = self.revocable = name != "gift"
        self._port = port

    def deliver(self, call: DeliveryCall) -> Receipt:
        """Hand over."""
        return self._asked(call)

    def revoke(self, call: DeliveryCall) -> Receipt:
        """Take back."""
        return self._asked(call)

    def _asked(self, call: DeliveryCall) -> Receipt:
        if datetime.now(UTC) >= call.deadline:
            raise DeliveryError("It is too late to send.")
        message = {
            "key": call.key,
            "name": f"{call.order.id} {call.delivery.id}",
            "move": call.move.value,
            "units": call.units,
            "quantity": call.delivery.quantity,
        }
        try:
            status, body = ask(self._port, "POST", "/goods", message)
            answer = json.loads(body)
        except (*BROKEN, ValueError) as error:
            raise DeliveryError(f"No answer: {type(error).__name__}.") from error
        if status != 200:
            raise DeliveryError(f"HTTP {status}.")
        return Receipt(text=f"{answer['units']} units.")
