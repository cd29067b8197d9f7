"""The laws: each is proven by tests that name it, and the page about them names them all."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LAWS = [
    *(f"M{number}" for number in range(1, 5)),
    *(f"C{number}" for number in range(1, 9)),
    *(f"E{number}" for number in range(1, 8)),
    *(f"T{number}" for number in range(1, 6)),
    *(f"D{number}" for number in range(1, 4)),
    *(f"P{number}" for number in range(1, 4)),
    *(f"S{number}" for number in range(1, 8)),
]


def docstrings() -> Iterator[str]:
    """Yield the docstring of every test here."""
    for path in HERE.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield ast.get_docstring(node) or ""


NAMED = set(re.findall(r"\b[MCETDPS][1-8]\b", "\n".join(docstrings())))


@pytest.mark.parametrize("law", LAWS)
def test_a_law_has_a_test_that_names_it(law: str) -> None:
    """Every law is named in the docstring of some test."""
    assert law in NAMED


@pytest.mark.parametrize("law", LAWS)
def test_a_law_is_explained(law: str) -> None:
    """Every law stands on the page that explains them."""
    assert re.search(rf"\b{law}\b", (HERE.parent / "docs/explanation/laws.md").read_text())
