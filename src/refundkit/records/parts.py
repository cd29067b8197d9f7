"""Parts: what one refund gives back, line by line, in the words that the order had for its lines by then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import frozen

from refundkit.model.lines import OrderLine
from refundkit.model.orders import Order
from refundkit.model.refunds import Refund, RefundLine

__all__ = ["Part", "parts_of"]


@frozen(kw_only=True)
class Part:
    """What a refund gives back of one line; ``quantity`` is None where no whole units came back."""

    given: RefundLine
    line: OrderLine | None
    quantity: int | None

    @property
    def name(self) -> str:
        """How people call the line."""
        line = self.line
        return self.given.line_id if line is None else line.name or line.sku or line.id


def parts_of(order: Order, refund: Refund) -> Iterator[Part]:
    """Yield the parts of *refund* that belong to a line."""
    known = {line.id: line for line in _lines_at(order, refund.revision)}
    units = _whole_units(order, refund)
    for given in refund.lines:
        name = given.line_id
        yield Part(given=given, line=known.get(name), quantity=units.get(name))


def _lines_at(order: Order, revision: int) -> tuple[OrderLine, ...]:
    """Return the lines that were in force after so many revisions."""
    if not revision:
        return order.lines
    return order.revisions[revision - 1].request.revision or ()


def _whole_units(order: Order, refund: Refund) -> Mapping[str, int]:
    """Return the units that came back, by line id, where this refund gives back all of their money.

    Money of one line that goes back to two payments is in two refunds; neither can claim the units.
    """
    accepted = None if refund.key is None else order.request(refund.key)
    if accepted is None:
        return {}
    asked = {line.line_id: line for line in accepted.lines if line.quantity}
    return {
        part.line_id: asked[part.line_id].quantity
        for part in refund.lines
        if part.line_id in asked and asked[part.line_id].amount == part.amount
    }
