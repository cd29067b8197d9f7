"""Hints: what a webhook named before anybody had registered it is kept, until an order answers to it."""

from __future__ import annotations

from refundkit.desk.office import Office
from refundkit.desk.recorder import Recorder

__all__ = ["follow", "keep"]


def keep(office: Office, gateway: str, reference: str) -> str | None:
    """Keep a reference that no order knows; return the order that was registered in this very moment, if any."""
    office.store.keep_hint(gateway, reference, at=office.clock())
    return office.store.find_payment(gateway, reference)


def follow(office: Office, order_id: str | None = None) -> None:
    """Have the gateways asked about every order, or this one, that a kept hint turned out to be about."""
    while hints := office.store.hints(order_id):
        for hint in hints:
            office.change(hint.order_id, Recorder.urging)
            office.store.drop_hint(hint)
