"""Reconciliation: the gateways are asked about every payment of some time, for what no webhook has told."""

from __future__ import annotations

from datetime import datetime

from refundkit.desk.asking import Look, fetch_all
from refundkit.desk.office import Office
from refundkit.desk.results import Reconciliation
from refundkit.errors import StoreError
from refundkit.logs import get_logger
from refundkit.model.events import Event
from refundkit.stores.base import OrderFilter

__all__ = ["reconcile"]

_log = get_logger("reconciliation")


def reconcile(office: Office, *, since: datetime) -> Reconciliation:
    """Ask about every order with a payment captured at or after *since*, also those that may give back any payment."""
    orders = 0
    events: list[Event] = []
    unreachable: list[str] = []
    for order in office.store.search(OrderFilter(captured_from=since)):
        orders += 1
        look = _looked(office, order.id)
        events.extend(look.events if look is not None else ())
        if look is None or look.failure is not None:
            unreachable.append(order.id)
    return Reconciliation(orders=orders, events=tuple(events), unreachable=tuple(unreachable))


def _looked(office: Office, order_id: str) -> Look | None:
    """Ask about one order; None if what a gateway said could not be understood."""
    try:
        return fetch_all(office, order_id, also=office.gateways)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - one order must not keep all others from their turn
        _log.error("order.unsettled", order_id=order_id, error=type(error).__name__)
        return None
