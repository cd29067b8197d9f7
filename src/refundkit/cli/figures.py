"""Figures: what was given back by gateway, reason and month, and what that cost; each currency by itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from refundkit.cli.order_page import words
from refundkit.cli.screen import Column, busy, counted, print_json, say, table
from refundkit.cli.setup import Json, setup_of
from refundkit.errors import InvalidValueError, shown
from refundkit.money import Money
from refundkit.records.figures import RefundFigure, RefundFigures, refund_figures
from refundkit.serialization import to_json
from refundkit.stores.base import OrderFilter

__all__ = ["add_commands"]

Month = Annotated[str | None, typer.Option(metavar="MONTH", help="Such as 2026-03.")]


def add_commands(app: typer.Typer) -> None:
    """Add the figures."""
    app.command("figures")(figures)


def figures(
    context: typer.Context,
    *,
    since: Annotated[
        str | None, typer.Option("--from", metavar="MONTH", help="From this month on, such as 2026-03.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="MONTH", help="Up to this month, which counts too.")
    ] = None,
    zone: Annotated[
        str, typer.Option(metavar="ZONE", help="Where months begin at midnight, such as Europe/Berlin.")
    ] = "UTC",
    as_json: Json = False,
) -> None:
    """Show what refunds came to, and what they cost.

    By month, gateway and reason, each currency by itself. The cost is what gateways keep of their fees. Refunds
    that succeeded count; test orders do not.
    """
    place = _zone(zone)
    first, last = _month(since, place), _month(until, place)
    orders = setup_of(context).store.search(OrderFilter(test=False, refunded_from=first))
    with busy("Counting"):
        everything = refund_figures(orders, zone=place)
    wanted = [one for one in everything.figures if _is_between(one.month, first, last)]
    found = RefundFigures(figures=tuple(wanted), to_correct=everything.to_correct)
    if as_json:
        print_json(_in_full(found))
    else:
        _show(found)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise InvalidValueError(
            f"{shown(name)} is no time zone, such as Europe/Berlin.", field="zone", value=name
        ) from None


def _month(text: str | None, zone: tzinfo) -> datetime | None:
    """Read "2026-03" as the beginning of that month."""
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=zone)
    except ValueError:
        raise InvalidValueError(f"{shown(text)} is no month, such as 2026-03.", value=text) from None


def _is_between(month: str, first: datetime | None, last: datetime | None) -> bool:
    return (first is None or month >= f"{first:%Y-%m}") and (last is None or month <= f"{last:%Y-%m}")


def _show(found: RefundFigures) -> None:
    if not found.figures:
        say("No refunds.")
    else:
        _show_rows(found.figures)
    for note in found.to_correct:
        say(f"Credit note {note.name} is to be corrected: its refund did not last.", style="yellow")


def _show_rows(rows: tuple[RefundFigure, ...]) -> None:
    table(
        (
            Column("month"),
            Column("gateway"),
            Column("reason"),
            Column("refunds", right=True),
            Column("given back", right=True),
            Column("cost", right=True),
        ),
        (
            (
                one.month or "unknown",
                one.gateway,
                words(one.reason or "made elsewhere"),
                str(one.refunds),
                one.refunded,
                " + ".join(map(str, one.fees)),
            )
            for one in rows
        ),
    )
    say()
    for currency, count, refunded in _totals(rows):
        say(f"In {currency}: {counted(count, 'refund')}, {refunded} given back", style="bold")
    if costs := _costs(rows):
        say(f"Kept by gateways of their fees: {', '.join(map(str, costs))}", style="bold")


def _totals(rows: Iterable[RefundFigure]) -> list[tuple[str, int, Money]]:
    sums: dict[str, tuple[int, Money]] = {}
    for one in rows:
        count, refunded = sums.get(one.currency, (0, one.refunded * 0))
        sums[one.currency] = (count + one.refunds, refunded + one.refunded)
    return [(currency, *sums[currency]) for currency in sorted(sums)]


def _costs(rows: Iterable[RefundFigure]) -> list[Money]:
    sums: dict[str, Money] = {}
    for one in rows:
        for fee in one.fees:
            sums[fee.currency] = sums.get(fee.currency, fee * 0) + fee
    return [sums[currency] for currency in sorted(sums)]


def _in_full(found: RefundFigures) -> dict[str, Any]:
    return {
        "figures": [
            {
                "month": one.month or None,
                "gateway": one.gateway,
                "reason": one.reason.value if one.reason else None,
                "currency": one.currency,
                "refunds": one.refunds,
                "refunded": to_json(one.refunded),
                "cost": [to_json(fee) for fee in one.fees],
            }
            for one in found.figures
        ],
        "refunded": [to_json(refunded) for _, _, refunded in _totals(found.figures)],
        "cost": [to_json(fee) for fee in _costs(found.figures)],
        "to_correct": [note.name for note in found.to_correct],
    }
