"""Looking: the list of orders, and one order in full. Neither needs a gateway, so neither needs a secret."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Annotated

import typer
from rich.text import Text

from refundkit.cli import filters, order_page
from refundkit.cli.screen import Column, day, plain, print_json, say, table
from refundkit.cli.setup import Json, setup_of
from refundkit.model.orders import Order
from refundkit.stores.sorting import OrderColumn, OrderSort

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add what only looks."""
    app.command("orders")(list_orders)
    app.command("show")(show_order)


Limit = Annotated[int, typer.Option("--limit", min=1, help="How many to list at most.")]


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
    _list(found[:limit])
    if len(found) > limit:
        say(f"These are the first {limit}; see more with --limit, or fewer with a filter (--help).")


def _list(found: Iterable[Order]) -> None:
    orders = tuple(found)
    if not orders:
        say("No such orders.")
        return
    table(
        (
            Column("order"),
            Column("placed"),
            Column("customer"),
            Column("total", right=True),
            Column("refunded", right=True),
            Column("left", right=True),
            Column("status"),
        ),
        (
            (
                order.id,
                day(order.placed_at),
                _customer(order),
                order.total,
                f"{order.refunded.decimal}" if order.refunded.is_positive else "",
                f"{order.refundable.decimal}",
                _standing(order),
            )
            for order in orders
        ),
    )


def _customer(order: Order) -> str:
    return "" if order.customer is None else order.customer.email or order.customer.name


def _standing(order: Order) -> Text:
    """Say where an order stands, and what makes it special."""
    text = Text(plain(order_page.words(order.status)))
    for mark, style in order_page.marks(order):
        text.append(f" {mark}", style=style)
    return text


def show_order(
    context: typer.Context,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")],
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
