"""Looking: the list of orders, and one order in full. Neither needs a gateway, so neither needs a secret."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer

from refundkit.cli import filters, order_page
from refundkit.cli.order_list import show_list
from refundkit.cli.screen import print_json, say
from refundkit.cli.setup import Json, OrderId, setup_of
from refundkit.stores.sorting import OrderColumn, OrderSort

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add what only looks."""
    app.command("orders")(list_orders)
    app.command("show")(show_order)


Limit = Annotated[
    int, typer.Option("--limit", min=1, max=1_000_000, metavar="N", help="How many to list at most.")
]


def list_orders(
    context: typer.Context,
    *,
    status: filters.Statuses = None,
    email: filters.Email = None,
    gateway: filters.GatewayName = None,
    tag: filters.Tag = None,
    flagged: filters.Flagged = None,
    unsettled: filters.Unsettled = None,
    test: filters.Test = None,
    since: filters.Since = None,
    before: filters.Before = None,
    sort: Annotated[
        OrderColumn, typer.Option(metavar="COLUMN", help=f"By {', '.join(OrderColumn)}.")
    ] = OrderColumn.ID,
    descending: Annotated[bool, typer.Option("--desc", help="The other way round.")] = False,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List orders."""
    which = filters.wanted(
        status=status,
        email=email,
        gateway=gateway,
        tag=tag,
        flagged=flagged,
        unsettled=unsettled,
        test=test,
        since=since,
        before=before,
    )
    order = OrderSort(by=sort, descending=descending)
    found = list(islice(setup_of(context).store.search(which, order), limit + 1))
    if as_json:
        print_json([order_page.summary(order) for order in found[:limit]])
        return
    if not found:
        say("No such orders.")
        return
    show_list(found[:limit])
    if len(found) > limit:
        say(f"These are the first {limit}; see more with --limit, or fewer with a filter (--help).")


def show_order(
    context: typer.Context,
    order: OrderId,
    *,
    as_json: Json = False,
) -> None:
    """Show one order in full.

    Lines, payments, refunds, disputes, deliveries, flags, notes, and what happened, with who did it.
    """
    desk = setup_of(context).reading
    found, events = desk.order(order), desk.timeline(order)
    if as_json:
        print_json(order_page.in_full(found, events))
    else:
        order_page.show(found, events)
