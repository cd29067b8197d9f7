"""What is there for goods: the deliverers that are configured, and whether listeners are told from here."""

from __future__ import annotations

from typing import Any

from refundkit.cli.deliverers import open_deliverers
from refundkit.cli.screen import say, title
from refundkit.cli.setup import Setup
from refundkit.deliverers.base import Deliverer
from refundkit.errors import OrderNotFoundError, RefundkitError
from refundkit.plugins import load_listeners

__all__ = ["show"]


def show(setup: Setup) -> None:
    """Write what is configured for goods, and which listeners there are."""
    configured = setup.configuration.deliverers
    title("Configured deliverers")
    if not configured:
        say("None, so recover leaves goods alone. Write a section [deliverers.NAME] for each.")
    for name in sorted(configured):
        _show(setup, name)
    title("Listeners")
    count = len(load_listeners())
    if setup.configuration.tells_listeners:
        say(f"The listeners of plugins are told from here: {count}.")
    else:
        say(f"None is told from here; plugins bring {count}. Events wait for the processes of your shop.")


def _show(setup: Setup, name: str) -> None:
    configuration = setup.configuration
    try:
        (made,) = open_deliverers({name: configuration.deliverers[name]}, _nowhere, configuration.revocation)
    except (RefundkitError, ImportError) as error:
        say(f"{name}: cannot be used", style="bold red")
        say(error, indent=2)
        return
    again = "sent again" if made.redeliverable else "never sent again"
    back = "can be taken back" if made.revocable else "stays with the customer"
    say(f"{name} ({made.kind}): {again}, {back}, {_orders(made)}")


def _nowhere(order_id: str) -> Any:
    """Find no order: nothing is delivered here."""
    raise OrderNotFoundError(f"There is no order {order_id!r}.", order_id=order_id)


def _orders(made: Deliverer) -> str:
    if made.test is None:
        return "for test and live orders alike"
    return "for test orders" if made.test else "for live orders"
