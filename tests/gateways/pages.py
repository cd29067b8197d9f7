"""A reference page, read for its tables, so that a test can hold them against the code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


class Page:
    """One page of docs/reference; ``text`` is all of it."""

    def __init__(self, name: str) -> None:
        self.text = (REFERENCE / name).read_text(encoding="utf-8")

    def table(self, header: str) -> list[list[str]]:
        """Return the rows below the one whose first cell is *header*, cell by cell, without code marks."""
        lines = self.text.splitlines()
        (start,) = [number for number, line in enumerate(lines) if line.startswith(f"| {header} |")]
        rows = []
        for line in lines[start + 2 :]:
            if not line.startswith("|"):
                break
            rows.append([_cell(cell) for cell in line.strip("|").split("|")])
        return rows

    def mapping(self, header: str) -> dict[str, str]:
        """Return a table by its first two columns."""
        return {row[0]: row[1] for row in self.table(header)}


def _cell(cell: str) -> str:
    """Take the marks off: code marks anywhere, quotation marks around the whole."""
    bare = cell.strip().replace("`", "")
    return bare[1:-1] if len(bare) > 1 and bare[0] == bare[-1] == '"' else bare


def plain(table_of_code: Any) -> dict[str, str]:
    """Write a table of the code as a page writes it."""
    return {str(key): str(value) for key, value in table_of_code.items()}
