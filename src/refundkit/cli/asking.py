"""Asking the gateways: what is true of one order, of all that were paid lately, of one that a gateway keeps."""

from __future__ import annotations

from typing import Annotated

import typer

from refundkit.cli import order_page
from refundkit.cli.news import heard, show_news_by_order, tell
from refundkit.cli.screen import busy, counted, print_json, say
from refundkit.cli.setup import Json, OrderId, Staff, acting, setup_of
from refundkit.cli.words import date
from refundkit.serialization import to_json

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add what asks the gateways."""
    app.command("refresh")(refresh)
    app.command("reconcile")(reconcile)
    app.command("import")(import_order)


def refresh(context: typer.Context, order: OrderId, *, as_json: Json = False) -> None:
    """Ask the gateways about one order.

    What is true of each of its payments is written down, also refunds and disputes that were made there.
    """
    setup = setup_of(context)
    desk = setup.desk
    with heard(setup.store, order) as news, busy("Asking the gateways"):
        desk.refresh(order)
    tell(desk.order(order), news, as_json=as_json)


def reconcile(
    context: typer.Context,
    *,
    since: Annotated[
        str, typer.Option(metavar="DATE", help="Orders with a payment captured on this day (UTC) or later.")
    ],
    as_json: Json = False,
) -> None:
    """Ask the gateways about every order since a day.

    It finds what nobody told: refunds and disputes made in a dashboard while your webhooks were away.
    """
    start, desk = date(since), setup_of(context).desk
    with busy("Asking the gateways"):
        found = desk.reconcile(since=start)
    if as_json:
        print_json(
            {
                "orders": found.orders,
                "events": [to_json(event) for event in found.events],
                "unreachable": list(found.unreachable),
            }
        )
    else:
        say(f"Asked about {counted(found.orders, 'order')}; {counted(len(found.events), 'event')}.")
        show_news_by_order(found.events)
        if found.unreachable:
            say(f"Their gateway could not be asked: {', '.join(found.unreachable)}", style="yellow")
    if found.unreachable:
        raise typer.Exit(3)


def import_order(
    context: typer.Context,
    gateway: Annotated[str, typer.Argument(metavar="GATEWAY", help="The gateway that keeps the order.")],
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="The order's id there.")],
    *,
    staff: Staff = "",
    as_json: Json = False,
) -> None:
    """Register an order that a gateway keeps, such as Shopify.

    With its lines and payments, and the refunds and disputes that it had there already.
    """
    actor, desk = acting(staff), setup_of(context).desk
    found = desk.import_order(gateway, reference, actor=actor)
    if as_json:
        print_json(order_page.in_full(found, desk.timeline(found.id)))
    else:
        order_page.show(found, desk.timeline(found.id))
