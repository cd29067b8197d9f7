"""Many refunds from a file: `preview-batch` shows what it would do, `batch` does it and writes down what came of it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from refundkit.cli.question import require_yes
from refundkit.cli.screen import Column, plain, progress, say, table
from refundkit.cli.setup import Staff, acting, setup_of
from refundkit.cli.words import money
from refundkit.desk.batch import (
    BatchPlan,
    BatchResult,
    BatchRow,
    PlannedRow,
    RowOutcome,
    carry_out,
    plan_batch,
    read_batch,
)
from refundkit.desk.refunds import RefundDesk
from refundkit.errors import InvalidValueError, RefundkitError
from refundkit.model.parties import Actor
from refundkit.money import Money
from refundkit.records.export import escaped

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add the batches."""
    app.command("preview-batch")(preview_batch)
    app.command("batch")(batch)


Table = Annotated[
    Path,
    typer.Argument(metavar="FILE.csv", help="Columns: order, key, amount (or lines), reason; and others."),
]
RESULT_COLUMNS = ("line", "order", "key", "outcome", "returned", "pending", "failed", "currency", "why")


def preview_batch(context: typer.Context, file: Table, *, staff: Staff = "") -> None:
    """Show what a batch would do.

    Row by row; nothing is sent, and nothing is written.
    """
    rows = _read(file)
    actor = Actor.staff(staff.strip()) if staff.strip() else Actor.system("refundkit")
    plan = _plan(setup_of(context).desk, rows, actor)
    _show(plan)
    say("This is a preview: nothing was sent, and nothing was written.")
    if plan.problems:
        raise typer.Exit(1)


def batch(
    context: typer.Context,
    file: Table,
    *,
    results: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the results go; FILE-results.csv if not said.")
    ] = None,
    skip: Annotated[bool, typer.Option("--skip-refused", help="Carry out the rows that can be.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; only with --expect-total.")] = False,
    expect_total: Annotated[
        list[str] | None,
        typer.Option(metavar="'AMOUNT CUR'", help="Refuse unless the rows add up to this; one per currency."),
    ] = None,
    staff: Staff = "",
) -> None:
    """Carry out the refunds of a file.

    If it is interrupted, type it again: nothing is done twice. Unless all rows can be carried out, none is.
    """
    if yes and not expect_total:
        raise InvalidValueError(
            "--yes needs --expect-total, so that nothing else is done unseen.", field="yes"
        )
    actor, rows = acting(staff), _read(file)
    target = results or file.with_name(f"{file.stem}-results.csv")
    if target.resolve() == file.resolve():
        raise InvalidValueError("The results would overwrite the batch; name another file.", field="results")
    desk = setup_of(context).desk
    plan = _plan(desk, rows, actor)
    _show(plan)
    if plan.problems and not skip:
        raise RefundkitError(
            f"{len(plan.problems)} of {len(plan.rows)} rows cannot be carried out, so nothing was sent. "
            "Correct them, or carry out the others with --skip-refused."
        )
    if expect_total:
        _require_total(plan, expect_total)
    if plan.amounts and not yes:
        count = sum(one.is_ready and not one.is_repeated for one in plan.rows)
        require_yes(
            f"Carry out {count} refunds, {_sum_up(plan.amounts)}?", script="--yes with --expect-total"
        )
    counts = _carried_out(desk, plan, target)
    say(", ".join(f"{count} {outcome}" for outcome, count in counts.items()) + f". Results: {target}")
    raise typer.Exit(_code(counts))


def _read(file: Path) -> tuple[BatchRow, ...]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return read_batch(lines)
    except OSError as error:
        raise InvalidValueError(f"{file} cannot be read: {error.strerror}.", field="file") from None
    except UnicodeDecodeError:
        raise InvalidValueError(f"{file} is not UTF-8; save it as CSV UTF-8.", field="file") from None


def _plan(desk: RefundDesk, rows: tuple[BatchRow, ...], actor: Actor) -> BatchPlan:
    with progress() as bar:
        task = bar.add_task("Planning", total=len(rows))
        return plan_batch(desk, rows, actor=actor, progress=lambda _: bar.advance(task))


def _show(plan: BatchPlan) -> None:
    table(
        (
            Column("line", right=True),
            Column("order"),
            Column("key"),
            Column("amount", right=True),
            Column("to"),
            Column("what"),
        ),
        (
            (
                str(one.row.number),
                one.row.order_id,
                one.row.key,
                one.plan.amount if one.plan else None,
                ", ".join(leg.gateway for leg in one.plan.refunds) if one.plan else None,
                _prospect(one),
            )
            for one in plan.rows
        ),
    )
    say()
    say(f"To give back now: {_sum_up(plan.amounts)}.", style="bold")


def _prospect(one: PlannedRow) -> Text:
    if one.problem:
        return Text(plain(f"refused: {one.problem}"), style="red")
    return Text("requested before" if one.is_repeated else "to do")


def _require_total(plan: BatchPlan, expected: list[str]) -> None:
    totals = tuple(sorted((money(text) for text in expected), key=lambda amount: amount.currency))
    if totals != plan.totals:
        raise RefundkitError(
            f"The rows add up to {_sum_up(plan.totals)}, not to {_sum_up(totals)}. Nothing was sent."
        )


def _sum_up(amounts: Iterable[Money]) -> str:
    return " and ".join(map(str, amounts)) or "nothing"


def _carried_out(desk: RefundDesk, plan: BatchPlan, target: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    # In spreadsheets, "utf-8-sig" is what UTF-8 is known by.
    with target.open("w", encoding="utf-8-sig", newline="") as file, progress() as bar:
        task = bar.add_task("Refunds", total=len(plan.rows))
        rows = csv.writer(file)
        rows.writerow(RESULT_COLUMNS)
        for result in carry_out(desk, plan):
            rows.writerow(map(escaped, _cells(result)))
            # Whatever happens next, what is known by now stands in the file.
            file.flush()
            counts[result.outcome] += 1
            bar.advance(task)
    return counts


def _cells(one: BatchResult) -> tuple[str, ...]:
    sums: tuple[str, ...] = ("", "", "", "")
    if (result := one.result) is not None:
        parts = (result.returned, result.pending, result.failed)
        sums = (*(f"{part.decimal}" for part in parts), result.returned.currency)
    return (str(one.row.number), one.row.order_id, one.row.key, one.outcome.value, *sums, plain(one.text))


def _code(counts: Counter[str]) -> int:
    if counts[RowOutcome.PENDING] or counts[RowOutcome.UNCLEAR]:
        return 3
    return 1 if counts[RowOutcome.REFUSED] or counts[RowOutcome.FAILED] else 0
