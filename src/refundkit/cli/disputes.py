"""Disputes: the evidence that a shop hands in when a payment is disputed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from refundkit.cli.papers import require_folder
from refundkit.cli.screen import Guarded, plain, print_json, say_aside
from refundkit.cli.setup import Json, OrderId, setup_of
from refundkit.records.evidence import evidence
from refundkit.serialization import to_json

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add what is for disputes."""
    app.command("evidence")(show_evidence)


def show_evidence(
    context: typer.Context,
    order: OrderId,
    *,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Where to; without it, to standard output.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Gather what speaks for the shop in a dispute.

    What was ordered and paid, handed over and downloaded, written to the customer and given back, and which
    documents there are. Reasons and notes are for the shop and stay out of it.
    """
    desk = setup_of(context).reading
    bundle = evidence(desk.order(order), desk.timeline(order))
    if to is None:
        print_json(to_json(bundle)) if as_json else Guarded().write(bundle.text)
        return
    require_folder(to)
    text = json.dumps(to_json(bundle), indent=2) + "\n" if as_json else _lines(bundle.text)
    to.write_text(text, encoding="utf-8")
    say_aside(f"Wrote the evidence about order {order} to {to}.")


def _lines(text: str) -> str:
    """Keep the lines and nothing else that acts: whoever opens the file may do so at a terminal."""
    return "".join(f"{plain(line)}\n" for line in text.splitlines())
