"""News: what happened just now, in the sentences of the timeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from refundkit.cli.order_page import summary, words
from refundkit.cli.screen import print_json, say, say_item
from refundkit.model.events import Event
from refundkit.model.orders import Order
from refundkit.records.timeline import describe
from refundkit.serialization import to_json
from refundkit.stores.base import Store

__all__ = ["heard", "show_news", "show_news_by_order", "tell"]


@contextmanager
def heard(store: Store, order_id: str) -> Iterator[list[Event]]:
    """Yield a list that holds, when this is left, what happened to the order meanwhile."""
    before = len(store.events(order_id))
    news: list[Event] = []
    yield news
    news.extend(store.events(order_id)[before:])


def show_news(events: Iterable[Event]) -> None:
    """Write news of one order, a line each."""
    for event in events:
        say_item(describe(event))


def show_news_by_order(events: Iterable[Event]) -> None:
    """Write news of several orders, each below its order."""
    order_id = ""
    for event in events:
        if event.order_id != order_id:
            order_id = event.order_id
            say(order_id, style="bold")
        say_item(describe(event), indent=2)


def tell(order: Order, news: Iterable[Event], *, as_json: bool) -> None:
    """Say what happened to *order*, and how it stands now."""
    events = tuple(news)
    if as_json:
        print_json({**summary(order), "events": [to_json(event) for event in events]})
        return
    show_news(events)
    if not events:
        say("Nothing new: it stands here already.")
    flagged = ", a person must look" if order.is_flagged else ""
    say(f"Order {order.id}: {words(order.status)}, {order.refundable} can be given back{flagged}.")
