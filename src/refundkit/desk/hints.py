"""Hints: what a webhook named before anybody had registered it is kept, until an order answers to it."""

from __future__ import annotations

from refundkit.desk.office import Office
from refundkit.desk.recorder import Recorder
from refundkit.errors import StoreBusyError
from refundkit.logs import get_logger
from refundkit.stores.base import Hint

__all__ = ["follow", "keep"]

_log = get_logger("hints")


def keep(office: Office, gateway: str, reference: str) -> str | None:
    """Keep a reference that no order knows; return the order that was registered in this very moment, if any."""
    office.store.keep_hint(gateway, reference, at=office.clock())
    return office.store.find_payment(gateway, reference)


def follow(office: Office, order_id: str | None = None) -> None:
    """Have the gateways asked about every order, or this one, that a kept hint turned out to be about."""
    while hints := office.store.hints(order_id):
        followed = sum(_was_followed(office, hint) for hint in hints)
        if not followed:
            return


def _was_followed(office: Office, hint: Hint) -> bool:
    """Follow one hint; an order whose record cannot be read or written keeps no other from being asked about."""
    try:
        office.change(hint.order_id, Recorder.urging)
    except StoreBusyError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a database has in its rows, or refuses to take into them
        _log.error("order.broken", order_id=hint.order_id, error=type(error).__name__)
        return False
    office.store.drop_hint(hint)
    return True
