"""Goods: have what an order bought handed over, sent again, or noted as arrived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from refundkit.cli.news import heard, show_news
from refundkit.cli.order_page import delivery_in_full, show_deliveries
from refundkit.cli.screen import print_json, say
from refundkit.cli.setup import Json, OrderId, Setup, Staff, acting, setup_of
from refundkit.desk.results import DeliveryResult
from refundkit.model.deliveries import Delivery
from refundkit.serialization import to_json

__all__ = ["add_commands"]

DeliveryId = Annotated[str, typer.Argument(metavar="DELIVERY", help="The delivery's id, as show has it.")]


def add_commands(app: typer.Typer) -> None:
    """Add what is about goods."""
    app.command("deliver")(deliver)
    app.command("redeliver")(redeliver)
    app.command("retry")(retry)
    app.command("mark-delivered")(mark_delivered)
    app.command("add-delivery")(add_delivery)


def deliver(context: typer.Context, order: OrderId, *, staff: Staff = "", as_json: Json = False) -> None:
    """Hand over what an order is due now.

    What was refunded is taken back. What cannot be handed over is told with its reason.
    """
    actor, setup = acting(staff), setup_of(context)
    _carry_out(setup, order, lambda: setup.goods.deliver(order, actor=actor), as_json=as_json)


def redeliver(
    context: typer.Context,
    order: OrderId,
    *,
    delivery: Annotated[
        list[str] | None, typer.Option("--delivery", metavar="ID", help="Only this one; may be repeated.")
    ] = None,
    staff: Staff = "",
    as_json: Json = False,
) -> None:
    """Have goods sent again.

    All deliveries that failed, or those that are named. Once a minute per order; gift cards are never sent again.
    """
    actor, setup = acting(staff), setup_of(context)
    _carry_out(setup, order, lambda: setup.goods.redeliver(order, delivery, actor=actor), as_json=as_json)


def retry(
    context: typer.Context,
    order: OrderId,
    delivery: DeliveryId,
    *,
    staff: Staff = "",
    as_json: Json = False,
) -> None:
    """Try a delivery again that failed.

    Also one that nobody tries any more, and one that could not be taken back.
    """
    actor, setup = acting(staff), setup_of(context)
    _carry_out(setup, order, lambda: setup.goods.retry(order, delivery, actor=actor), as_json=as_json)


def mark_delivered(
    context: typer.Context,
    order: OrderId,
    delivery: DeliveryId,
    *,
    note: Annotated[str, typer.Option(metavar="TEXT", help="How it came to the customer.")] = "",
    staff: Staff = "",
    as_json: Json = False,
) -> None:
    """Note that the customer has a delivery.

    By whatever way it came: it is not sent any more.
    """
    actor, setup = acting(staff), setup_of(context)
    _carry_out(
        setup,
        order,
        lambda: setup.goods.mark_delivered(order, delivery, actor=actor, note=note),
        as_json=as_json,
    )


def add_delivery(
    context: typer.Context,
    order: OrderId,
    *,
    name: Annotated[str, typer.Option("--id", metavar="ID", help="The new delivery's id.")],
    line: Annotated[str, typer.Option(metavar="ID", help="The line that it belongs to.")],
    kind: Annotated[str, typer.Option(metavar="NAME", help="The deliverer, as the configuration names it.")],
    target: Annotated[str, typer.Option(metavar="TEXT", help="What or where to, as the deliverer wants it.")],
    quantity: Annotated[int, typer.Option(min=1, metavar="N", help="How many units.")] = 1,
    staff: Staff = "",
    as_json: Json = False,
) -> None:
    """Add a delivery to a paid order.

    It is handed over at once.
    """
    actor, setup = acting(staff), setup_of(context)
    delivery = Delivery(id=name, line_id=line, kind=kind, target=target, quantity=quantity)

    def add_and_deliver() -> DeliveryResult:
        setup.goods.add(order, [delivery], actor=actor)
        return setup.goods.deliver(order, actor=actor)

    _carry_out(setup, order, add_and_deliver, as_json=as_json)


def _carry_out(setup: Setup, order: str, deed: Callable[[], DeliveryResult], *, as_json: bool) -> None:
    """Do it, then say what happened and how the goods stand now; what failed is exit code 1."""
    with heard(setup.store, order) as news:
        result = deed()
    if as_json:
        print_json(
            {
                "order": result.order_id,
                "deliveries": [delivery_in_full(one) for one in result.deliveries],
                "not_handed_over": [to_json(reason) for reason in result.reasons],
                "events": [to_json(event) for event in news],
            }
        )
    else:
        _show(result)
        show_news(news)
    if result.failed:
        raise typer.Exit(1)


def _show(result: DeliveryResult) -> None:
    if not result.deliveries:
        say(f"Order {result.order_id} has no deliveries.")
        return
    show_deliveries(result.deliveries)
    say()
    for reason in result.reasons:
        say(f"Not handed over: {reason.text}", style="yellow")
