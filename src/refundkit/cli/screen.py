"""The screen: what people see. Nothing that came from outside reaches the terminal as it is.

A name, a note or an error of a gateway may hold anything, also the sequences that clear a screen or change what
was written above. Every text goes through `plain`, and rich is told to look for no markup.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import StringIO
from typing import Any

from attrs import frozen
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from refundkit.cli.streams import is_terminal, silence, write
from refundkit.money import Money

__all__ = [
    "Cell",
    "Column",
    "Guarded",
    "alarm",
    "busy",
    "counted",
    "counting",
    "day",
    "is_wide",
    "moment",
    "plain",
    "print_json",
    "progress",
    "say",
    "say_aside",
    "say_item",
    "say_styled",
    "table",
    "title",
]

USUAL, WIDE = 80, 100

# How long a cell may be that is never folded, such as a date; the least width of one that is; what is between two.
SHORT, FOLDED, GAP = 10, 8, 2

Cell = str | Text | Money | None


@frozen
class Column:
    """One column of a table: ``name`` above it, figures to the right, no wider than ``most``.

    ``whole`` is what somebody will copy: it is never folded.
    """

    name: str
    right: bool = False
    most: int | None = None
    whole: bool = False


def plain(text: object) -> str:
    r"""Return *text* in one line of characters that only print: spaces for breaks, ``\x1b`` for the rest.

    >>> print(plain("Jo\nDoe\x1b[2J"))
    Jo Doe\x1b[2J
    """
    return "".join(map(_printable, str(text)))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else character.encode("unicode_escape", "replace").decode()


class Page(Console):
    """A console that goes on in silence when whoever reads it has seen enough, as `head` has.

    What is under way is brought to its end, and its exit code says how that was.
    """

    def on_broken_pipe(self) -> None:
        """Write no more."""
        silence(self.file)


def _console(*, aside: bool = False) -> Console:
    # Made anew each time: sys.stdout is another one under a test or a pipe.
    stream = sys.stderr if aside else sys.stdout
    # One that is closed is nobody's, not the other one.
    page = Page(file=stream or StringIO(), markup=False, highlight=False, emoji=False, soft_wrap=False)
    if not page.width:
        # On no columns at all rich writes nothing at all.
        page.width = USUAL
    return page


def is_wide() -> bool:
    """Whether there is room for more than 80 columns need."""
    return _console().width >= WIDE


def say(text: object = "", *, style: str = "", indent: int = 0) -> None:
    """Write a sentence on the page, wrapped at the width of the terminal."""
    line = Text(plain(text), style=style)
    _console().print(Padding(line, (0, 0, 0, indent), expand=False) if indent else line)


def say_item(text: object, *, style: str = "", indent: int = 0) -> None:
    """Write an item of a list; what is long stays under its beginning."""
    _console().print(_item(Text(plain(text), style=style), indent))


def _item(text: Text, indent: int) -> Padding:
    item = Table.grid(padding=(0, 1, 0, 0))
    item.add_row("-", text)
    return Padding(item, (0, 0, 0, indent), expand=False)


def say_styled(text: Text) -> None:
    """Write one line whose parts were made plain already, each in its style."""
    _console().print(text)


def say_aside(text: object, *, style: str = "") -> None:
    """Write one line beside the page (stderr), where it disturbs no script; it is not cut, so it can be copied."""
    _console(aside=True).print(Text(plain(text), style=style), soft_wrap=True)


# How an item begins in what is told with `alarm`.
ITEM = "  - "


def alarm(lines: Iterable[object]) -> None:
    """Write what went wrong, beside the page."""
    for number, line in enumerate(lines):
        is_item = str(line).startswith(ITEM)
        text = Text(plain(line).strip().removeprefix("- "), style="" if number else "bold red")
        _console(aside=True).print(_item(text, 2) if is_item else text)


def title(text: object) -> None:
    """Begin a part of a page."""
    say()
    say(text, style="bold")


def table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a table; what is too long is folded, never cut off, and what is too wide is written in a list."""
    cells = [[_cell(cell) for cell in row] for row in rows]
    longest = [max((row[place].cell_len for row in cells), default=0) for place in range(len(columns))]
    kept = [
        column.right or column.whole or most <= SHORT for column, most in zip(columns, longest, strict=True)
    ]
    least = (
        max(most, len(column.name)) if whole else FOLDED
        for column, most, whole in zip(columns, longest, kept, strict=True)
    )
    if sum(least) + GAP * (len(columns) - 1) > _console().width:
        _list(columns, cells)
    else:
        _grid(columns, cells, kept)


def _grid(columns: Sequence[Column], rows: Iterable[Sequence[Text]], kept: Sequence[bool]) -> None:
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for column, whole in zip(columns, kept, strict=True):
        grid.add_column(
            Text(column.name),
            justify="right" if column.right else "left",
            no_wrap=whole,
            max_width=column.most,
            overflow="fold",
        )
    for row in rows:
        grid.add_row(*row)
    _console().print(grid)


def _list(columns: Sequence[Column], rows: Iterable[Sequence[Text]]) -> None:
    """Write what has no room side by side one below the other."""
    for number, row in enumerate(rows):
        if number:
            say()
        for column, cell in zip(columns, row, strict=True):
            if cell.plain:
                say_styled(Text(f"{column.name}: ") + cell)


def _cell(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text("" if cell is None else plain(cell))


def day(at: datetime | None) -> str:
    """Write a date, in UTC."""
    return "" if at is None else f"{at:%Y-%m-%d}"


def moment(at: datetime | None) -> str:
    """Write a date and time, in UTC."""
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"


def print_json(data: Any) -> None:
    """Write JSON for a script: ASCII only, so it holds no control character either."""
    write(json.dumps(data, indent=2, ensure_ascii=True) + "\n")


class Guarded:
    """Standard output for text of many lines: as it is for a file or a pipe, made plain for a terminal."""

    def write(self, text: str, /) -> None:
        """Write the next piece."""
        if is_terminal():
            text = "\n".join(map(plain, text.splitlines())) + "\n" * text.endswith("\n")
        write(text)


_WHAT = TextColumn("{task.description}", markup=False)


def progress() -> Progress:
    """Return a progress bar beside the page, for as many as are known; there is none where nobody looks."""
    return _bar(_WHAT, BarColumn(), MofNCompleteColumn())


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None]]:
    """Show beside the page how many were done, where nobody knows how many there are; yield what is told that."""
    with _bar(SpinnerColumn("line"), _WHAT, TextColumn("{task.completed}", markup=False)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda count: bar.update(task, completed=count)


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Show beside the page that something is under way."""
    with _bar(SpinnerColumn("line"), _WHAT) as bar:
        bar.add_task(what, total=None)
        yield


def _bar(*columns: ProgressColumn) -> Progress:
    console = _console(aside=True)
    return Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


def counted(count: int, what: str) -> str:
    """Write "1 order" and "2 orders"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
