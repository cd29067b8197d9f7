"""Goods: have what an order bought sent again."""

from __future__ import annotations

from typing import Annotated

import typer

from refundkit.cli.order_page import show_deliveries
from refundkit.cli.screen import say
from refundkit.cli.setup import Staff, acting, setup_of
from refundkit.desk.deliveries import DeliveryDesk

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add what is about goods."""
    app.command("redeliver")(redeliver)


def redeliver(
    context: typer.Context,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")],
    *,
    delivery: Annotated[
        list[str] | None, typer.Option("--delivery", metavar="ID", help="Only this one; may be repeated.")
    ] = None,
    staff: Staff = "",
) -> None:
    """Have goods sent again.

    All deliveries that failed, or those that are named. Once a minute per order; gift cards are never sent again.
    """
    actor, setup = acting(staff), setup_of(context)
    desk = DeliveryDesk(store=setup.store, deliverers=setup.configuration.open_deliverers())
    result = desk.redeliver(order, delivery, actor=actor)
    show_deliveries(result.deliveries)
    for reason in result.reasons:
        say(f"Not handed over: {reason.text}")
    if result.failed:
        raise typer.Exit(1)
