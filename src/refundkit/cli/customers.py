"""Customers: everything that is known under one e-mail address."""

from __future__ import annotations

from typing import Annotated

import typer

from refundkit.cli.order_list import show_list
from refundkit.cli.order_page import summary
from refundkit.cli.screen import counted, print_json, say
from refundkit.cli.setup import Json, setup_of
from refundkit.desk.results import CustomerRecord
from refundkit.serialization import to_json

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add the look at a customer."""
    app.command("customer")(show_customer)


def show_customer(
    context: typer.Context,
    email: Annotated[str, typer.Argument(metavar="E-MAIL", help="The customer's address.")],
    *,
    as_json: Json = False,
) -> None:
    """Show a customer: orders, refunds, chargebacks."""
    record = setup_of(context).reading.customer(email.strip())
    if as_json:
        print_json(
            {
                "email": record.email,
                "has_chargebacks": record.has_chargebacks,
                "refunded": [to_json(amount) for amount in record.refunded],
                "orders": [summary(order) for order in record.orders],
            }
        )
    else:
        _show(record)


def _show(record: CustomerRecord) -> None:
    if not record.orders:
        say(f"Nothing was ordered as {record.email}.")
        return
    say(f"{record.email}: {counted(len(record.orders), 'order')}", style="bold")
    given = [str(amount) for amount in record.refunded if amount.is_positive]
    say(f"Given back, without test orders: {', '.join(given) or 'nothing'}")
    if record.has_chargebacks:
        say("CHARGEBACKS: disputes took money of this customer's orders.", style="bold red")
    say()
    show_list(record.orders)
