"""Filters: which orders a command is about; the same words for a list and for an export."""

from __future__ import annotations

from typing import Annotated

import typer

from refundkit.cli.words import date
from refundkit.model.standing import OrderStatus
from refundkit.stores.base import OrderFilter

__all__ = [
    "Before",
    "Email",
    "Flagged",
    "GatewayName",
    "Since",
    "Statuses",
    "Tag",
    "Test",
    "Unsettled",
    "wanted",
]

Statuses = Annotated[
    list[OrderStatus] | None,
    typer.Option("--status", metavar="STATUS", help=f"May be repeated: {', '.join(OrderStatus)}."),
]
Email = Annotated[str | None, typer.Option("--email", metavar="ADDRESS", help="Of this customer.")]
GatewayName = Annotated[
    str | None, typer.Option("--gateway", metavar="NAME", help="Paid through this gateway.")
]
Tag = Annotated[str | None, typer.Option("--tag", metavar="TAG", help="With this tag.")]
Flagged = Annotated[bool | None, typer.Option("--flagged/--unflagged", help="A person must look, or not.")]
Unsettled = Annotated[
    bool | None, typer.Option("--unsettled/--settled", help="Some refund has no known end yet, or all have.")
]
Test = Annotated[bool | None, typer.Option("--test/--live", help="Only test orders, or none of them.")]
Since = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="Placed on this day (UTC) or later.")
]
Before = Annotated[str | None, typer.Option("--before", metavar="DATE", help="Placed before this day (UTC).")]


def wanted(
    *,
    status: list[OrderStatus] | None = None,
    email: str | None = None,
    gateway: str | None = None,
    tag: str | None = None,
    flagged: bool | None = None,
    unsettled: bool | None = None,
    test: bool | None = None,
    since: str | None = None,
    before: str | None = None,
) -> OrderFilter:
    """Return the filter that was typed."""
    return OrderFilter(
        statuses=tuple(status or ()),
        email=email,
        gateway=gateway,
        tag=tag,
        flagged=flagged,
        unsettled=unsettled,
        test=test,
        placed_from=date(since) if since else None,
        placed_before=date(before) if before else None,
    )
