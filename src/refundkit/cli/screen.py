"""The screen: what people see. Nothing that came from outside reaches the terminal as it is.

A name, a note or an error of a gateway may hold anything, also the sequences that clear a screen or change what
was written above. Every text goes through `plain`, and rich is told to look for no markup.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from attrs import frozen
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from refundkit.money import Money

__all__ = [
    "Column",
    "Guarded",
    "alarm",
    "day",
    "moment",
    "plain",
    "print_json",
    "progress",
    "say",
    "say_aside",
    "say_styled",
    "table",
    "title",
]

Cell = str | Text | Money | None


@frozen
class Column:
    """One column of a table: ``name`` above it, figures to the right."""

    name: str
    right: bool = False


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


def _console(*, aside: bool = False) -> Console:
    # Made anew each time: sys.stdout is another one under a test or a pipe.
    return Console(
        file=sys.stderr if aside else sys.stdout, markup=False, highlight=False, emoji=False, soft_wrap=False
    )


def say(text: object = "", *, style: str = "", indent: int = 0) -> None:
    """Write a sentence on the page, wrapped at the width of the terminal."""
    line = Text(plain(text), style=style)
    _console().print(Padding(line, (0, 0, 0, indent), expand=False) if indent else line)


def say_styled(text: Text) -> None:
    """Write one line whose parts were made plain already, each in its style."""
    _console().print(text)


def say_aside(text: object, *, style: str = "") -> None:
    """Write one line beside the page (stderr), where it disturbs no script; it is not cut, so it can be copied."""
    _console(aside=True).print(Text(plain(text), style=style), soft_wrap=True)


def alarm(lines: Iterable[object]) -> None:
    """Write what went wrong, beside the page."""
    for number, line in enumerate(lines):
        text = Text(plain(line).strip(), style="" if number else "bold red")
        # What is an item of a list stays under its dash, however long it is.
        is_item = str(line).startswith("  - ")
        _console(aside=True).print(Padding(text, (0, 0, 0, 2), expand=False) if is_item else text)


def title(text: object) -> None:
    """Begin a part of a page."""
    say()
    say(text, style="bold")


def table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    """Write a table; what is too long is folded, never cut off."""
    grid = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for column in columns:
        grid.add_column(
            Text(column.name),
            justify="right" if column.right else "left",
            no_wrap=column.right,
            overflow="fold",
        )
    for row in rows:
        grid.add_row(*(_cell(cell) for cell in row))
    _console().print(grid)


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
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=True) + "\n")


class Guarded:
    """Standard output for text of many lines: as it is for a file or a pipe, made plain for a terminal."""

    def write(self, text: str, /) -> object:
        """Write the next piece."""
        if sys.stdout.isatty():
            text = "\n".join(map(plain, text.splitlines())) + "\n" * text.endswith("\n")
        return sys.stdout.write(text)


def progress() -> Progress:
    """Return a progress bar beside the page; there is none where nobody looks."""
    console = _console(aside=True)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
