"""Sweeping: bring every unsettled refund to its end, once or for ever."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import attrs
import typer

from refundkit.cli.screen import alarm, plain, print_json, progress, say
from refundkit.cli.setup import Json, setup_of
from refundkit.desk.refunds import RefundDesk
from refundkit.desk.results import Recovery
from refundkit.errors import StoreError

__all__ = ["add_commands"]

# Small portions: a signal is heard between two of them.
PORTION = 10


def add_commands(app: typer.Typer) -> None:
    """Add the sweep."""
    app.command("recover")(recover)


def recover(
    context: typer.Context,
    *,
    limit: Annotated[
        int, typer.Option(min=1, help="How many orders to look at, at most, in one sweep.")
    ] = 1000,
    forever: Annotated[bool, typer.Option("--forever", help="Sweep again and again, until stopped.")] = False,
    every: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="The pause between two sweeps.")
    ] = 60,
    as_json: Json = False,
) -> None:
    """Bring unsettled refunds to their end.

    It asks the gateways what became of them. Safe at any time, and by several people at once.
    """
    desk = setup_of(context).desk
    if forever:
        with _until_told() as stop:
            say(f"Sweeping every {every:g} seconds, until it is stopped.")
            while not stop.is_set():
                _sweep_whatever_happens(desk, limit, stop)
                stop.wait(every)
        say("Stopped.")
        return
    swept = _swept(desk, limit, threading.Event())
    if as_json:
        print_json({name: list(getattr(swept, name)) for name in ("orders", "unsettled", "unreachable")})
    else:
        _show(swept)
    if swept.unsettled or swept.unreachable:
        raise typer.Exit(3)


def _swept(desk: RefundDesk, limit: int, stop: threading.Event) -> Recovery:
    """Sweep in portions, until nothing is due or *limit* orders were looked at."""
    total = Recovery()
    with progress() as bar:
        task = bar.add_task("Orders looked at", total=None)
        while len(total.orders) < limit and not stop.is_set():
            portion = min(PORTION, limit - len(total.orders))
            one = desk.recover(limit=portion)
            total = _together(total, one)
            bar.update(task, completed=len(total.orders))
            if len(one.orders) < portion:
                break
        bar.update(task, total=len(total.orders))
    return total


def _together(one: Recovery, other: Recovery) -> Recovery:
    names = (field.name for field in attrs.fields(Recovery))
    return Recovery(**{name: getattr(one, name) + getattr(other, name) for name in names})


def _show(swept: Recovery) -> None:
    if not swept.orders:
        say("Nothing is due. All refunds have come to their end, or wait for their next turn.")
        return
    say(f"Looked at {_orders(len(swept.orders))}; {len(swept.events)} news.")
    for event in swept.events:
        amount = f"  {event.amount}" if event.amount else ""
        say(f"  {plain(event.order_id)}  {event.kind.replace('.', ' ').replace('_', ' ')}{amount}")
    if swept.unsettled:
        say(f"Still unsettled, for a bank or a person: {', '.join(swept.unsettled)}")
    if swept.unreachable:
        say(f"Their gateway could not be asked; they come up again: {', '.join(swept.unreachable)}")


def _orders(count: int) -> str:
    return f"{count} order" if count == 1 else f"{count} orders"


def _sweep_whatever_happens(desk: RefundDesk, limit: int, stop: threading.Event) -> None:
    try:
        swept = _swept(desk, limit, stop)
    except StoreError as error:
        alarm([f"The sweep failed, and is tried again: {error}"])
        return
    if swept.orders:
        _show(swept)


@contextmanager
def _until_told() -> Iterator[threading.Event]:
    """Yield what SIGTERM and SIGINT set, and let them do what they did before afterwards."""
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
