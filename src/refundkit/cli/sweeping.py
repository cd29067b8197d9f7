"""Sweeping: bring every unsettled refund and delivery to its end, once or for ever."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import typer
from attrs import frozen

from refundkit.cli.news import show_news_by_order
from refundkit.cli.screen import alarm, counted, counting, print_json, say
from refundkit.cli.setup import Json, Setup, setup_of
from refundkit.desk.deliveries import DeliveryDesk
from refundkit.desk.refunds import RefundDesk
from refundkit.desk.results import DeliverySweep, Recovery
from refundkit.errors import StoreError
from refundkit.model.events import Event
from refundkit.serialization import to_json

__all__ = ["add_commands"]

# Small portions: a signal is heard between two of them.
PORTION = 10

S = TypeVar("S", Recovery, DeliverySweep)


@frozen(kw_only=True)
class Desks:
    """Who sweeps: refunds always, goods if there are deliverers."""

    refunds: RefundDesk
    goods: DeliveryDesk | None


@frozen(kw_only=True)
class Swept:
    """What the portions of one sweep did."""

    refunds: list[Recovery]
    goods: list[DeliverySweep]

    @property
    def orders(self) -> list[str]:
        """The orders whose refunds were looked at."""
        return [name for one in self.refunds for name in one.orders]

    @property
    def unsettled(self) -> list[str]:
        """Those of which something has no end yet."""
        return [name for one in self.refunds for name in one.unsettled]

    @property
    def unreachable(self) -> list[str]:
        """Those whose gateway could not be asked."""
        return [name for one in self.refunds for name in one.unreachable]

    @property
    def delivered_of(self) -> list[str]:
        """The orders whose goods were looked at."""
        return [name for one in self.goods for name in one.orders]

    @property
    def failing(self) -> list[str]:
        """Those of which something could not be handed over or taken back."""
        return [name for one in self.goods for name in one.failing]

    @property
    def events(self) -> list[Event]:
        """What happened."""
        refunds = [event for one in self.refunds for event in one.events]
        return refunds + [event for one in self.goods for event in one.events]

    @property
    def is_unfinished(self) -> bool:
        """Whether something will have to be looked at again."""
        return bool(self.unsettled or self.unreachable or self.failing)


def add_commands(app: typer.Typer) -> None:
    """Add the sweep."""
    app.command("recover")(recover)


def recover(
    context: typer.Context,
    *,
    limit: Annotated[
        int,
        typer.Option(
            min=1,
            max=1_000_000,
            metavar="N",
            help="How many orders to look at, at most, in one sweep of each kind.",
        ),
    ] = 1000,
    forever: Annotated[bool, typer.Option("--forever", help="Sweep again and again, until stopped.")] = False,
    every: Annotated[
        float, typer.Option(min=1, max=86_400, metavar="SECONDS", help="The pause between two sweeps.")
    ] = 60,
    as_json: Json = False,
) -> None:
    """Bring unsettled refunds and deliveries to their end.

    It asks the gateways what became of refunds. If deliverers are configured, it hands over what is due, takes
    back what was refunded, and tries again what failed. Safe at any time, and by several people at once.
    """
    desks = _desks(setup_of(context))
    if forever:
        _sweep_forever(desks, limit, every)
        return
    swept = _swept(desks, limit, threading.Event())
    if as_json:
        print_json(_in_full(swept))
    else:
        _show(swept)
    if swept.is_unfinished:
        raise typer.Exit(3)


def _desks(setup: Setup) -> Desks:
    goods = setup.goods if setup.configuration.deliverers else None
    return Desks(refunds=setup.desk, goods=goods)


def _swept(desks: Desks, limit: int, stop: threading.Event) -> Swept:
    """Sweep refunds, then the goods, which may be due because a refund has just succeeded."""
    refunds = _in_portions("Orders with refunds", desks.refunds.recover, limit, stop)
    goods = [] if desks.goods is None else _in_portions("Orders with goods", desks.goods.sweep, limit, stop)
    return Swept(refunds=refunds, goods=goods)


def _in_portions(what: str, sweep: Callable[..., S], limit: int, stop: threading.Event) -> list[S]:
    """Sweep in portions, until nothing is due or *limit* orders were looked at."""
    done: list[S] = []
    with counting(what) as tell:
        count = 0
        while count < limit and not stop.is_set():
            portion = min(PORTION, limit - count)
            done.append(sweep(limit=portion))
            looked_at = len(done[-1].orders)
            count += looked_at
            tell(count)
            if looked_at < portion:
                break
    return done


def _in_full(swept: Swept) -> dict[str, Any]:
    return {
        "orders": swept.orders,
        "unsettled": swept.unsettled,
        "unreachable": swept.unreachable,
        "deliveries": {"orders": swept.delivered_of, "failing": swept.failing},
        "events": [to_json(event) for event in swept.events],
    }


def _show(swept: Swept) -> None:
    if not swept.orders and not swept.delivered_of:
        say("Nothing is due. Everything has come to its end, or waits for its next turn.")
        return
    looks = [f"refunds of {counted(len(swept.orders), 'order')}"] if swept.orders else []
    looks += [f"goods of {counted(len(swept.delivered_of), 'order')}"] if swept.delivered_of else []
    say(f"Looked at {' and '.join(looks)}; {counted(len(swept.events), 'event')}.")
    show_news_by_order(swept.events)
    for what, orders in (
        ("Still unsettled, for a bank or a person", swept.unsettled),
        ("Their gateway could not be asked; they come up again", swept.unreachable),
        ("Goods could not be handed over or taken back; see show", swept.failing),
    ):
        if orders:
            say(f"{what}: {', '.join(orders)}", style="yellow")


def _sweep_forever(desks: Desks, limit: int, every: float) -> None:
    with _until_told() as stop:
        say(f"Sweeping every {every:g} seconds, until it is stopped.")
        while not stop.is_set():
            _sweep_whatever_happens(desks, limit, stop)
            stop.wait(every)
    say("Stopped.")


def _sweep_whatever_happens(desks: Desks, limit: int, stop: threading.Event) -> None:
    try:
        swept = _swept(desks, limit, stop)
    except StoreError as error:
        alarm([f"The sweep failed, and is tried again: {error}"])
        return
    if swept.orders or swept.delivered_of:
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
