"""Many refunds at once: rows that are read and planned as a whole, and then carried out one by one.

::

    order,key,amount,reason
    A-1001,recall-1,12.50,recalled
    A-1002,recall-2,all,recalled

Each row is a request of its own, with a key of its own: a batch that was interrupted is run again, and what was
done is not done twice. A row that fails leaves the others as they are.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

import attrs
from attrs import frozen

from refundkit.desk.refunds import RefundDesk
from refundkit.desk.results import RefundResult
from refundkit.errors import (
    GatewayError,
    InvalidValueError,
    OrderNotFoundError,
    PlanChangedError,
    RefundDenied,
    RefundkitError,
    StoreError,
    shown,
)
from refundkit.model.orders import Order
from refundkit.model.parties import Actor
from refundkit.model.requests import RefundReason, RefundRequest
from refundkit.money import Money
from refundkit.policy.plan import RefundPlan

__all__ = [
    "COLUMNS",
    "BatchPlan",
    "BatchResult",
    "BatchRow",
    "PlannedRow",
    "RowOutcome",
    "carry_out",
    "in_the_name_of_the_first",
    "plan_batch",
    "read_batch",
]

COLUMNS = ("order", "key", "amount", "lines", "reason", "reason_type", "note", "message", "approved_by")
_NEEDED = ("order", "key", "reason")
# What a table of refunds never has. More is another file by mistake.
MOST_ROWS = 100_000
MOST_CHARACTERS = 20_000


@frozen(kw_only=True)
class BatchRow:
    """One row as it was written: ``number`` is its line in the file, ``cells`` hold text by column."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    @property
    def order_id(self) -> str:
        """The order that it is about."""
        return self["order"]

    @property
    def key(self) -> str:
        """Its request key."""
        return self["key"]


@frozen(kw_only=True)
class PlannedRow:
    """One row, and what it would do: a plan, or why there is none (``problem``)."""

    row: BatchRow
    request: RefundRequest | None = None
    plan: RefundPlan | None = None
    problem: str = ""
    is_repeated: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether it can be carried out as things stand."""
        return not self.problem


@frozen(kw_only=True)
class BatchPlan:
    """What all rows together would do."""

    rows: tuple[PlannedRow, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """What stands in the way, row by row."""
        return tuple(f"line {one.row.number}: {one.problem}" for one in self.rows if one.problem)

    @property
    def amounts(self) -> tuple[Money, ...]:
        """What would be given back now, one amount per currency: the rows that nobody has requested before."""
        return _by_currency(one for one in self.rows if not one.is_repeated)

    @property
    def totals(self) -> tuple[Money, ...]:
        """What all rows that can be carried out are worth, requested before or not; it stays, run after run."""
        return _by_currency(self.rows)


def _by_currency(rows: Iterable[PlannedRow]) -> tuple[Money, ...]:
    amounts = [one.plan.amount for one in rows if one.plan is not None and one.is_ready]
    currencies = sorted({amount.currency for amount in amounts})
    return tuple(Money.sum((one for one in amounts if one.currency == code), code) for code in currencies)


class RowOutcome(StrEnum):
    """What became of a row."""

    DONE = "done"
    PENDING = "pending"
    FAILED = "failed"
    REFUSED = "refused"
    UNCLEAR = "unclear"


@frozen(kw_only=True)
class BatchResult:
    """What became of one row; ``text`` says why, if it is not done."""

    row: BatchRow
    outcome: RowOutcome
    result: RefundResult | None = None
    text: str = ""


# Reading.


def read_batch(lines: Iterable[str]) -> tuple[BatchRow, ...]:
    """Read the rows of a CSV file with a header; nothing is known of the orders yet.

    Raises:
        InvalidValueError: if the file as such is wrong; ``problems`` has every one of them.
    """
    reader = csv.reader(_bounded(lines), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(header)
        rows = tuple(_rows(reader, header))
    except csv.Error as error:
        raise _refused([f"line {reader.line_num}: {error}"]) from None
    if problems := list(_misfits(rows)):
        raise _refused(problems)
    return rows


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number > MOST_ROWS or len(line) > MOST_CHARACTERS:
            raise _refused([f"line {number + 1}: more than a batch can hold."])
        yield line if number else line.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")


def _check_header(header: list[str]) -> None:
    problems = [f"line 1: there is no column {name!r}." for name in _NEEDED if name not in header]
    if not {"amount", "lines"} & set(header):
        problems.append("line 1: there is no column 'amount', and none 'lines'.")
    unknown = [name for name in header if name not in COLUMNS]
    problems += [f"line 1: {shown(name)} is no column; there are {', '.join(COLUMNS)}." for name in unknown]
    problems += [f"line 1: {name!r} comes twice." for name in sorted(set(header)) if header.count(name) > 1]
    if problems:
        raise _refused(problems)


def _rows(reader: Any, header: list[str]) -> Iterator[BatchRow]:
    for cells in reader:
        if any(cell.strip() for cell in cells):
            if len(cells) != len(header):
                raise _refused([f"line {reader.line_num}: {len(cells)} cells under {len(header)} columns."])
            yield BatchRow(
                number=reader.line_num,
                cells={name: cell.strip() for name, cell in zip(header, cells, strict=True)},
            )


def _misfits(rows: tuple[BatchRow, ...]) -> Iterator[str]:
    if not rows:
        yield "line 1: there is no row below the header."
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        for name in _NEEDED:
            if not row[name]:
                yield f"line {row.number}: the {name} is missing."
        if bool(row["amount"]) is bool(row["lines"]):
            yield f"line {row.number}: say how much, in exactly one of amount ('all' for all that is left) and lines."
        first = seen.setdefault((row.order_id, row.key), row.number)
        if first != row.number:
            yield f"line {row.number}: order {row.order_id} with key {row.key} stands in line {first} already."


def _refused(problems: list[str]) -> InvalidValueError:
    return InvalidValueError(
        "This is no batch that could be carried out; nothing was sent:\n" + "\n".join(problems),
        field="batch",
        problems=tuple(problems),
    )


# Planning.


def plan_batch(
    desk: RefundDesk,
    rows: Iterable[BatchRow],
    *,
    actor: Actor,
    progress: Callable[[PlannedRow], None] = lambda _: None,
) -> BatchPlan:
    """Plan every row as things stand now; nothing is moved and nothing is written."""
    planned: list[PlannedRow] = []
    for row in rows:
        planned.append(_planned(desk, row, actor))
        progress(planned[-1])
    return BatchPlan(rows=_within_reach(desk, tuple(planned)))


def _planned(desk: RefundDesk, row: BatchRow, actor: Actor) -> PlannedRow:
    try:
        order = desk.order(row.order_id)
        request = in_the_name_of_the_first(order, _request(row, order, actor))
        plan = desk.preview(order.id, request)
    except RefundDenied as denial:
        return PlannedRow(row=row, problem=" ".join(reason.text for reason in denial.reasons))
    except RefundkitError as error:
        return PlannedRow(row=row, problem=str(error))
    return PlannedRow(
        row=row,
        request=request,
        plan=plan,
        problem=" ".join(reason.text for reason in plan.reasons),
        is_repeated=_is_known(order, plan),
    )


def _is_known(order: Order, plan: RefundPlan) -> bool:
    """Whether it was requested before; after a restored backup, whether refunds of it were found."""
    refunds = {refund.id for refund in order.refunds}
    return order.request(plan.request.key) is not None or any(leg.id in refunds for leg in plan.refunds)


def _request(row: BatchRow, order: Order, actor: Actor) -> RefundRequest:
    return RefundRequest(
        key=row.key,
        reason=row["reason"],
        reason_type=_reason_type(row["reason_type"]),
        actor=actor,
        amount=_amount(row["amount"], order.currency),
        lines=_quantities(row["lines"]) if row["lines"] else None,
        note=row["note"],
        message=row["message"],
        approved_by=Actor.staff(row["approved_by"]) if row["approved_by"] else None,
    )


def _reason_type(text: str) -> RefundReason:
    if text not in {"", *RefundReason}:
        raise InvalidValueError(
            f"{shown(text)} is no reason_type; there are {', '.join(RefundReason)}.",
            field="reason_type",
            value=text,
        )
    return RefundReason(text or RefundReason.OTHER)


def _amount(text: str, currency: str) -> Money | None:
    """Read an amount in the order's currency, "12.50 EUR", or "all"; an empty cell never means everything (law C2)."""
    if not text or text.lower() == "all":
        return None
    amount, _, code = text.partition(" ")
    return Money.of(amount, code.strip() or currency)


def _quantities(text: str) -> dict[str, int]:
    """Read ``tin=2; cup=1``."""
    lines: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, divides, quantity = part.rpartition("=")
        if (
            not divides
            or not (quantity.isascii() and quantity.isdigit())
            or len(quantity) > 9
            or name.strip() in lines
        ):
            raise InvalidValueError(
                f"{shown(text)} is no list of lines with quantities, such as tin=2; cup=1.",
                field="lines",
                value=text,
            )
        lines[name.strip()] = int(quantity)
    return lines


def in_the_name_of_the_first(order: Order, request: RefundRequest) -> RefundRequest:
    """Return *request* as the one under its key that was accepted, if a colleague repeats it.

    Who repeats a request asks for nothing new; so it stays the wish of whoever had it first (law E3).
    """
    known = order.request(request.key)
    return request if known is None else attrs.evolve(request, actor=known.request.actor)


def _within_reach(desk: RefundDesk, rows: tuple[PlannedRow, ...]) -> tuple[PlannedRow, ...]:
    """Mark rows that are possible one by one, and not together."""
    new: dict[str, list[PlannedRow]] = {}
    for one in rows:
        if one.plan is not None and one.is_ready and not one.is_repeated:
            new.setdefault(one.plan.order_id, []).append(one)
    too_much = {
        order_id: problem
        for order_id, several in new.items()
        if len(several) > 1 and (problem := _overdrawn(desk.order(order_id), several))
    }
    return tuple(
        attrs.evolve(one, problem=too_much[one.row.order_id])
        if one.row.order_id in too_much and one.is_ready and not one.is_repeated
        else one
        for one in rows
    )


def _overdrawn(order: Order, several: list[PlannedRow]) -> str:
    together = Money.sum((one.plan.amount for one in several if one.plan), order.currency)
    if together <= order.refundable:
        return ""
    return f"{len(several)} rows ask for {together} of order {order.id} together; {order.refundable} is possible."


# Carrying out.


def carry_out(desk: RefundDesk, batch: BatchPlan) -> Iterator[BatchResult]:
    """Carry the rows out one by one; yield what became of each as soon as it is known.

    A row with a problem is refused without being sent. What was accepted before is asked about, not made again.
    """
    for one in batch.rows:
        yield _carried_out(desk, one)


def _carried_out(desk: RefundDesk, one: PlannedRow) -> BatchResult:
    if one.request is None or one.plan is None or one.problem:
        return BatchResult(row=one.row, outcome=RowOutcome.REFUSED, text=one.problem)
    try:
        # Rows of one order change its spread for each other, but never what a row is worth.
        plan = desk.preview(one.plan.order_id, one.request)
        _require_worth(plan, one.plan)
        result = desk.refund(one.plan.order_id, one.request, expect=plan)
    except RefundkitError as error:
        is_known = not isinstance(error, (GatewayError, StoreError)) or isinstance(error, OrderNotFoundError)
        outcome = RowOutcome.REFUSED if is_known else RowOutcome.UNCLEAR
        return BatchResult(row=one.row, outcome=outcome, text=str(error))
    except Exception as error:  # noqa: BLE001 - a rule or a listener's store that breaks over one row stops no other
        text = f"{type(error).__name__} was raised on the way; refund this row alone to see where."
        return BatchResult(row=one.row, outcome=RowOutcome.UNCLEAR, text=text)
    return BatchResult(row=one.row, outcome=_outcome(result), result=result, text=_failures(result))


def _require_worth(plan: RefundPlan, shown_before: RefundPlan) -> None:
    if plan.amount != shown_before.amount:
        raise PlanChangedError(
            f"The refund would be {plan.amount} by now, not {shown_before.amount} as planned.",
            shown=shown_before,
            current=plan,
        )


def _outcome(result: RefundResult) -> RowOutcome:
    if not result.is_settled:
        return RowOutcome.PENDING
    return RowOutcome.FAILED if result.failed.is_positive else RowOutcome.DONE


def _failures(result: RefundResult) -> str:
    return "; ".join(
        f"{leg.payment_id}: {leg.failure} {leg.failure_text}".strip()
        for leg in result.refunds
        if leg.failure is not None
    )
