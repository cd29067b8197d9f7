"""Gateways to the till that prepare wrong requests."""

import socket
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import attrs

from refundkit.gateways.base import RefundCall
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund
from refundkit.model.reports import RefundReport
from tests.gateways.broken import DECIMALS, SECRET, TillGateway


class Requesting(TillGateway):
    """Adds something to every request."""

    def more(self, refund: Refund) -> dict[str, Any]:
        """Say what."""
        raise NotImplementedError

    def prepare(self, refund: Refund, payment: Payment) -> Mapping[str, Any]:
        """Add it."""
        return {**super().prepare(refund, payment), **self.more(refund)}


class RandomRequest(Requesting):
    """Never prepares the same twice."""

    def more(self, refund: Refund) -> dict[str, Any]:
        """Add chance."""
        return {"nonce": str(uuid4())}


class InstanceRequest(Requesting):
    """Prepares something else after a restart."""

    def more(self, refund: Refund) -> dict[str, Any]:
        """Add who prepared it."""
        return {"instance": id(self)}


class AttemptRequest(Requesting):
    """Prepares something else for every attempt."""

    def more(self, refund: Refund) -> dict[str, Any]:
        """Add how often it was sent."""
        return {"attempt": refund.attempts}


class AskingRequest(Requesting):
    """Asks somebody before it prepares anything."""

    def more(self, refund: Refund) -> dict[str, Any]:
        """Knock at a port where nobody listens."""
        with socket.socket() as door:
            door.connect_ex(("127.0.0.1", 9))
        return {}


class FloatRequest(Requesting):
    """Prepares what is no exact JSON; no call can be made of that."""

    def more(self, refund: Refund) -> dict[str, Any]:
        """Add a float."""
        return {"share": 0.1}


class SecretRequest(Requesting):
    """Stores its key with every refund."""

    def more(self, refund: Refund) -> dict[str, Any]:
        """Add the key."""
        return {"key": SECRET}


class NamelessRequest(TillGateway):
    """Leaves the amount out of what is stored."""

    def prepare(self, refund: Refund, payment: Payment) -> Mapping[str, Any]:
        """Take it out."""
        return {name: value for name, value in super().prepare(refund, payment).items() if name != "units"}

    def refund(self, call: RefundCall) -> RefundReport:
        """Put it in again."""
        return super().refund(
            attrs.evolve(call, request={**call.request, "units": self.units(call.refund.amount)})
        )


class GuessingRequest(TillGateway):
    """Takes every currency for one with two decimals."""

    def prepare(self, refund: Refund, payment: Payment) -> Mapping[str, Any]:
        """Guess."""
        number = int(refund.amount.decimal.scaleb(DECIMALS.get(refund.amount.currency, 2)))
        return {"payment": payment.reference, "units": number, "note": refund.id}
