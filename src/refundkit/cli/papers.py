"""Papers for bookkeeping: orders as CSV, and credit notes."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from refundkit.cli import filters
from refundkit.cli.filters import wanted
from refundkit.cli.screen import Column, Guarded, busy, counted, counting, day, say, say_aside, table
from refundkit.cli.setup import Setup, setup_of
from refundkit.cli.words import date
from refundkit.desk.credit_notes import CreditNoteDesk
from refundkit.errors import InvalidValueError
from refundkit.model.credit_notes import CreditNote
from refundkit.records.export import export_orders
from refundkit.records.rendering import render_credit_note
from refundkit.stores.base import OrderFilter, Store

__all__ = ["add_commands", "require_folder"]


def add_commands(app: typer.Typer) -> None:
    """Add what bookkeeping needs."""
    app.command("export")(export)
    app.command("credit-notes")(credit_notes)


def export(
    context: typer.Context,
    *,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Where to; without it, to standard output.")
    ] = None,
    status: filters.Statuses = None,
    email: filters.Email = None,
    gateway: filters.GatewayName = None,
    tag: filters.Tag = None,
    flagged: filters.Flagged = None,
    unsettled: filters.Unsettled = None,
    test: filters.Test = None,
    since: filters.Since = None,
    before: filters.Before = None,
) -> None:
    """Write orders as CSV.

    A row per line of an order. Amounts of a whole order stand in its first row only, so columns can be added up.
    Test orders are among them, unless you say --live.
    """
    which = wanted(
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
    store = setup_of(context).store
    if to is None:
        export_orders(store.search(which), Guarded())
        return
    require_folder(to)
    count = _exported(store, which, to)
    say_aside(f"Wrote {counted(count, 'order')} to {to}.")


def _exported(store: Store, which: OrderFilter, to: Path) -> int:
    # In spreadsheets, "utf-8-sig" is what UTF-8 is known by.
    with to.open("w", encoding="utf-8-sig", newline="") as file, counting("Orders") as tell:
        return export_orders(store.search(which), file, progress=tell)


def require_folder(file: Path) -> None:
    """Require that *file* can be written where it is.

    Raises:
        InvalidValueError: if there is no such folder.
    """
    if not file.parent.is_dir():
        raise InvalidValueError(f"{file} cannot be written: there is no such folder.", field="to")
    if file.is_dir():
        raise InvalidValueError(f"{file} is a folder; name a file in it.", field="to")


def credit_notes(
    context: typer.Context,
    *,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DATE", help="Only for refunds of this day (UTC) or later."),
    ] = None,
    pages: Annotated[
        Path | None,
        typer.Option(
            "--pages", metavar="FOLDER", help="Write the pages that are missing there, as HTML to print."
        ),
    ] = None,
) -> None:
    """Issue credit notes that are missing.

    One for each refund that succeeded and is eligible, in numbers without gaps. Run it as often as you like.
    """
    setup = setup_of(context)
    if pages is not None and not (pages.is_dir() and os.access(pages, os.W_OK)):
        raise InvalidValueError(f"{pages} is no folder that can be written to.", field="pages")
    start = date(since) if since else None
    desk = _desk(setup)
    with busy("Issuing"):
        issued = desk.issue_credit_notes(start)
    _show(issued)
    if pages is not None:
        say(f"Wrote {counted(_write_pages(setup.store, start, pages), 'page')} to {pages}.")


def _desk(setup: Setup) -> CreditNoteDesk:
    configuration = setup.configuration
    if configuration.seller is None:
        raise InvalidValueError(
            f'Credit notes need a seller: write [seller] in {configuration.path}, with name = "…" and '
            'address = ["…"].',
            field="seller",
        )
    return CreditNoteDesk(store=setup.store, seller=configuration.seller, **configuration.credit_notes)


def _show(issued: tuple[CreditNote, ...]) -> None:
    if not issued:
        say("Nothing was missing.")
        return
    table(
        (
            Column("credit note"),
            Column("order"),
            Column("refunded"),
            Column("net", right=True),
            Column("tax", right=True),
            Column("gross", right=True),
        ),
        (
            (
                note.name,
                note.order_id,
                day(note.refunded_at),
                f"{note.net.decimal}",
                f"{note.tax.decimal}",
                note.gross,
            )
            for note in issued
        ),
    )


def _write_pages(store: Store, since: datetime | None, folder: Path) -> int:
    """Write the page of every note that has none there: also of those that an earlier run could not finish."""
    count = 0
    with counting("Pages") as tell:
        for order in store.search(OrderFilter(refunded_from=since)):
            for note in order.credit_notes:
                count += _wrote(note, folder / f"{re.sub(r'[^A-Za-z0-9._-]', '_', note.name)}.html")
                tell(count)
    return count


def _wrote(note: CreditNote, page: Path) -> bool:
    """Write one page, if it is not there."""
    if page.exists():
        return False
    page.write_text(render_credit_note(note), encoding="utf-8")
    return True
