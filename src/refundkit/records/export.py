"""Export: orders as CSV, one row per line of an order, written while they are read.

Rows are RFC 4180: commas, CRLF, quotes around what needs them. Texts that a spreadsheet would run are escaped
(law S4); numbers are written as numbers. Amounts of a whole order stand in its first row only, so that every
column of amounts can be added up, currency by currency.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Protocol

from attrs import frozen

from refundkit.model.ledger import LineSums
from refundkit.model.lines import OrderLine
from refundkit.model.orders import Order
from refundkit.model.refunds import RefundStatus
from refundkit.money import Money

__all__ = ["COLUMNS", "Writable", "export_orders"]

Cell = str | int | Decimal | Money | datetime | bool | None


class Writable(Protocol):
    """Anything that takes text: an open file, a response that streams."""

    def write(self, text: str, /) -> object:
        """Take the next piece of text."""


def export_orders(
    orders: Iterable[Order], to: Writable, *, progress: Callable[[int], None] | None = None
) -> int:
    """Write *orders* to *to*, under a row of `COLUMNS`, and return how many there were.

    Orders are taken one at a time, so any number of them fits: ``export_orders(desk.orders(wanted), file)``. Open
    files with ``newline=""`` and ``encoding="utf-8"``; with ``"utf-8-sig"``, spreadsheets see that it is UTF-8.
    *progress* is told after each order how many are written.
    """
    rows = csv.writer(to, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    count = 0
    for count, order in enumerate(orders, start=1):
        rows.writerows(map(_text, row) for row in _rows(order))
        if progress is not None:
            progress(count)
    return count


# What stands in a row.


@frozen
class Given:
    """What was given back of one line, and the tax in it."""

    amount: Money
    tax: Money


_OF_ORDER: Mapping[str, Callable[[Order], Cell]] = MappingProxyType(
    {
        "order_id": lambda order: order.id,
        "placed_at": lambda order: order.placed_at,
        "status": lambda order: order.status.value,
        "test": lambda order: order.test,
        "customer_name": lambda order: order.customer.name if order.customer else None,
        "customer_email": lambda order: order.customer.email if order.customer else None,
        "tags": lambda order: _listed(order.tags),
        "currency": lambda order: order.currency,
    }
)
_OF_FIRST: Mapping[str, Callable[[Order], Cell]] = MappingProxyType(
    {
        "gateways": lambda order: _listed(payment.gateway for payment in order.payments),
        "payment_references": lambda order: _listed(payment.reference for payment in order.payments),
        "payment_methods": lambda order: _listed(payment.method for payment in order.payments),
        "invoices": lambda order: _listed(document.number for document in order.documents),
        "credit_notes": lambda order: _listed(note.name for note in order.credit_notes),
        "order_total": lambda order: order.total,
        "order_captured": lambda order: order.captured,
        "order_refunded": lambda order: order.refunded,
        "order_pending": lambda order: order.reserved,
        "order_disputed": lambda order: order.lost_to_disputes,
        "order_refundable": lambda order: order.refundable,
        "order_balance": lambda order: order.balance,
    }
)
_OF_LINE: Mapping[str, Callable[[OrderLine], Cell]] = MappingProxyType(
    {
        "line_id": lambda line: line.id,
        "line_kind": lambda line: line.kind.value,
        "sku": lambda line: line.sku,
        "name": lambda line: line.name,
        "quantity": lambda line: line.quantity,
        "unit_price": lambda line: line.unit_price,
        "discount": lambda line: line.discount,
        "net": lambda line: None if line.tax is None else line.total - line.tax,
        "tax_rate": lambda line: line.tax_rate,
        "tax": lambda line: line.tax,
        "total": lambda line: line.total,
    }
)
_OF_SUMS: Mapping[str, Callable[[LineSums, Given], Cell]] = MappingProxyType(
    {
        "returned_quantity": lambda sums, _: sums.units,
        "refunded": lambda _, given: given.amount,
        "refunded_tax": lambda _, given: given.tax,
        "withheld": lambda sums, _: sums.withheld,
    }
)

COLUMNS: tuple[str, ...] = (*_OF_ORDER, *_OF_LINE, *_OF_SUMS, *_OF_FIRST)


def _listed(parts: Iterable[str | None]) -> str:
    return " | ".join(part for part in parts if part)


def _rows(order: Order) -> Iterator[list[Cell]]:
    """Yield a row per line in force; one without a line for an order that has none."""
    given = _given(order)
    shared = [cell(order) for cell in _OF_ORDER.values()]
    whole: list[Cell] = [cell(order) for cell in _OF_FIRST.values()]
    for sums in order.line_sums.values() or (None,):
        yield [*shared, *_line_cells(sums, given), *whole]
        whole = [None] * len(_OF_FIRST)


def _line_cells(sums: LineSums | None, given: Mapping[str, Given]) -> list[Cell]:
    if sums is None:
        return [None] * (len(_OF_LINE) + len(_OF_SUMS))
    zero = Money.zero(sums.line.total.currency)
    gone = given.get(sums.line.id, Given(zero, zero))
    of_line = (cell(sums.line) for cell in _OF_LINE.values())
    return [*of_line, *(cell(sums, gone) for cell in _OF_SUMS.values())]


def _given(order: Order) -> Mapping[str, Given]:
    """Return what was given back for certain of each line in force; what is pending is not among it."""
    given: dict[str, Given] = {}
    for refund in order.refunds:
        is_counted = refund.status is RefundStatus.SUCCEEDED and refund.amount.currency == order.currency
        if is_counted and refund.revision == order.revision:
            for part in refund.lines:
                known = given.get(part.line_id)
                given[part.line_id] = Given(
                    part.amount if known is None else known.amount + part.amount,
                    part.tax if known is None else known.tax + part.tax,
                )
    return given


# How a cell is written.

# A spreadsheet runs what begins like this. Some take the wide forms for the narrow ones; some look behind spaces.
_RUNS = r"(?=[\s\"]*[=+\-@\uff1d\uff0b\uff0d\uff20])"
# Where commas are decimals, a spreadsheet that is not asked cuts at semicolons: what follows one begins a cell.
_ESCAPED = re.compile(rf"(?:^(?=[\t\r\n])|(?:^|(?<=[;\t\r\n])){_RUNS})")


def escaped(text: str) -> str:
    """Put an apostrophe before whatever a spreadsheet would run in *text* (law S4); other text stays as it is.

    >>> escaped("=1+1"), escaped("-5 %"), escaped("A-1001"), escaped("Jo;=1+1")
    ("'=1+1", "'-5 %", 'A-1001', "Jo;'=1+1")
    """
    return _ESCAPED.sub("'", text)


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return escaped(cell)
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    if isinstance(cell, Money | Decimal):
        return f"{cell.decimal if isinstance(cell, Money) else cell:f}"
    return "" if cell is None else str(cell)
