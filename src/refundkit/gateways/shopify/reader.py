"""What is asked of a shop without changing anything: an order's books, a dispute, an order to import."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from refundkit.gateways.records import Record, UnreadableError, inner, text
from refundkit.gateways.shopify.answers import Failure
from refundkit.gateways.shopify.documents import DISPUTE, IMPORT, LINES, ORDER
from refundkit.gateways.shopify.reading import Books, books_of, nodes
from refundkit.gateways.shopify.session import Session
from refundkit.logs import get_logger

__all__ = ["MOST_PAGES", "AskedInVainError", "Reader"]

# A list of lines that never ends would hold the caller forever.
MOST_PAGES: Final = 20

_log = get_logger("shopify")


class AskedInVainError(Exception):
    """Shopify gave no result; ``failure`` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.told)
        self.failure = failure


class Reader:
    """Asks one shop what is true.

    Its methods raise `AskedInVainError` if Shopify gives no result, and `UnreadableError` if the result
    cannot be understood.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def books(self, order_id: str) -> Books:
        """Return what Shopify has written down about one order: one query for all its payments."""
        return books_of(self._order(ORDER, {"id": order_id}))

    def dispute(self, dispute_id: str) -> Record | None:
        """Return a dispute in full; None if the app may not read it, or it cannot be found."""
        answer = self._session.ask(DISPUTE, {"id": dispute_id})
        if not isinstance(answer, Failure):
            return inner(answer.content["data"], "dispute") or None
        if answer.code not in ("ACCESS_DENIED", "RESOURCE_NOT_FOUND"):
            raise AskedInVainError(answer)
        _log.warning("dispute.unreadable", dispute=dispute_id, code=answer.code)
        return None

    def order(self, order_id: str) -> Record:
        """Return what an order is imported from, but its line items."""
        return self._order(IMPORT, {"id": order_id})

    def line_items(self, order_id: str) -> Iterator[Record]:
        """Yield the line items of an order, page after page."""
        after: str | None = None
        for _ in range(MOST_PAGES):
            order = self._order(LINES, {"id": order_id, "after": after})
            yield from nodes(order, "lineItems")
            page = inner(inner(order, "lineItems"), "pageInfo")
            if page.get("hasNextPage") is not True:
                return
            after = text(page, "endCursor")
        raise UnreadableError("there are more line items than can be read")

    def _order(self, document: str, variables: dict[str, Any]) -> Record:
        answer = self._session.ask(document, variables)
        if isinstance(answer, Failure):
            raise AskedInVainError(answer)
        order = inner(answer.content["data"], "order")
        if order.get("id") != variables["id"]:
            raise UnreadableError(
                "it shows no such order: was it deleted, or is it older than 60 days and the app without the "
                "scope read_all_orders"
            )
        return order
