"""docs/explanation/security.md names the tests that prove it; none of them may be missing."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs/explanation/security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)))


@cache
def known_in(name: str) -> frozenset[str]:
    """Return the name of every test in a file, those of classes too."""
    tree = ast.parse((TESTS / name).read_text(encoding="utf-8"))
    functions = (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return frozenset(function for function in functions if function.startswith("test_"))


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_every_test_that_is_named_exists(file, test):
    """A test that was renamed takes its row along."""
    assert test in known_in(file)


def test_every_row_names_a_test():
    """What is said to be protected is proved somewhere."""
    rows = re.findall(r"^\| (?!protected|---)(.*) \|$", PAGE, re.MULTILINE)
    assert len(rows) > 30
    assert [row for row in rows if "::test_" not in row] == []


@pytest.mark.parametrize("file", sorted(path.name for path in Path(__file__).parent.glob("test_*.py")))
def test_every_file_of_this_folder_is_on_the_page(file):
    """What is proved is said, but for the test of the page itself."""
    assert file == Path(__file__).name or f"security/{file}" in PAGE
