"""The tool that counts what tests would not notice: what it changes, and that a change really lives."""

import ast
import importlib
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.mutation import mutants, report
from tests.mutation.mutants import compiled, mutants_of, path_of
from tests.mutation.operators import OPERATORS
from tests.mutation.patching import MutatedImport, UnpatchableError, living_functions, patch_living
from tests.mutation.running import in_a_fork
from tests.mutation.scope import PARTS, TESTS

CHANGES = {
    "a < b <= c": {"a <= b <= c", "a < b < c"},
    "a + b": {"a - b"},
    "-a": {"a"},
    "a and b": {"a or b", "a", "b"},
    "not a": {"a"},
    "a if b else c": {"a", "c"},
    "7": {"8"},
    "True": {"False"},
    "'a'": {"'XXa'"},
    "b'a'": {"b'XXa'"},
    "max(a)": {"min(a)"},
    "a.ljust(b)": {"a.rjust(b)"},
    "f(a, b=c, d=e)": {"f(a, d=e)", "f(a, b=c)"},
    "{a, b}": {"{b}", "{a}"},
    "{a: b}": {"{}"},
    "None": set(),
}


@pytest.mark.parametrize(("before", "after"), CHANGES.items(), ids=CHANGES.keys())
def test_what_is_changed(before, after):
    """Each operator makes one small change, and each change that it could make."""
    node = ast.parse(before, mode="eval").body

    assert {ast.unparse(changed) for one in OPERATORS for changed in one(node)} == after


STATEMENTS = {
    "if a:\n    b": {"if False:\n    b"},
    "break": {"continue"},
    "continue": {"break"},
    "f()": {"pass"},
    "return a": {"return None"},
    "return None": set(),
    "a += b": {"a -= b"},
}


@pytest.mark.parametrize(("before", "after"), STATEMENTS.items(), ids=STATEMENTS.keys())
def test_which_statements_are_changed(before, after):
    """A branch is not taken, a call does not happen, a function returns nothing, a loop goes on or stops."""
    node = ast.parse(before).body[0]

    assert {ast.unparse(changed) for one in OPERATORS for changed in one(node)} == after


SOURCE = '''"""Not changed."""
__all__ = ["greet"]
LIMIT = 3


def _checked(text: str) -> str:
    """Not changed."""
    if len(text) > LIMIT:
        raise ValueError(f"{text} is too long", "also not changed")
    return text


class Greeter:
    @property
    def word(self):
        return "hi"

    def said(self, name):
        return f"{name} was here-{self.word}"


def later():
    return lambda: "later"


answer = later()
'''


@pytest.fixture(name="toy")
def toy_module(tmp_path, monkeypatch):
    """A module to change."""
    path = tmp_path / "toy_to_mutate.py"
    path.write_text(SOURCE, encoding="utf-8")
    monkeypatch.setattr(mutants, "path_of", lambda _: path)
    monkeypatch.setattr("tests.mutation.patching.path_of", lambda _: path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "toy_to_mutate"
    sys.modules.pop("toy_to_mutate", None)


def one_of(toy, change):
    """Find the mutant with this change."""
    return next(mutant for mutant in mutants_of(toy) if mutant.change == change)


def patch(toy, code):
    """Let a change live."""
    patch_living(living_functions()[str(mutants.path_of(toy))], code)


def test_messages_annotations_and_docstrings_stay(toy):
    """What no test should pin is left alone, and every mutant has a name of its own."""
    found = list(mutants_of(toy))

    assert {mutant.change for mutant in found} == {
        "3 → 4",
        "if len(text) > LIMIT → if False",
        "len(text) > LIMIT → len(text) >= LIMIT",
        "return text → return None",
        "return 'hi' → return None",
        "'hi' → 'XXhi'",
        "return f'{name} was here-{self.word}' → return None",
        "return lambda: 'later' → return None",
        "'later' → 'XXlater'",
    }
    assert Counter(mutant.name for mutant in found).most_common(1)[0][1] == 1


def test_a_change_lives_in_functions_properties_and_closures(toy):
    """New code reaches what exists already: functions, properties, and closures made at import."""
    module = importlib.import_module(toy)
    greeter = module.Greeter()

    patch(toy, compiled(one_of(toy, "len(text) > LIMIT → len(text) >= LIMIT")))
    with pytest.raises(ValueError, match="abc is too long"):
        module._checked("abc")
    patch(toy, compiled(one_of(toy, "'hi' → 'XXhi'")))
    assert (greeter.word, module._checked("abc")) == ("XXhi", "abc")
    patch(toy, compiled(one_of(toy, "'later' → 'XXlater'")))
    assert module.answer() == "XXlater"


def test_a_module_that_is_not_there_cannot_be_patched(toy):
    """A mutant that nothing living can take is not counted as tried."""
    with pytest.raises(UnpatchableError):
        patch(toy, compiled(one_of(toy, "'hi' → 'XXhi'")))


def test_what_runs_at_import_is_changed_by_the_import(toy, monkeypatch):
    """Constants and tables are changed where they are made."""
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    MutatedImport(toy, compiled(one_of(toy, "3 → 4"))).install()

    assert importlib.import_module(toy).LIMIT == 4


@pytest.mark.parametrize(
    ("work", "verdict"),
    [
        (lambda: (0, ""), "survived"),
        (lambda: (1, "test_x"), "killed"),
        (lambda: (77, ""), "again"),
        (lambda: 1 // 0, "killed"),
        (lambda: os.kill(os.getpid(), 14), "timeout"),
    ],
    ids=["survived", "killed", "again", "raised", "timeout"],
)
def test_a_verdict_comes_from_a_child(work, verdict):
    """Whatever happens to the child, there is a verdict, and nothing of it stays behind here."""
    assert in_a_fork(work)[0] == verdict


def test_every_module_in_scope_is_there():
    """What is to be mutated and what has to find it exist, and nothing is mutated twice."""
    modules = [module for part in PARTS.values() for module in part.modules]

    assert all(path_of(module).is_file() for module in modules)
    assert len(set(modules)) == len(modules)
    assert all(Path(name).exists() for name in TESTS)


def test_the_accepted_survivors_have_reasons():
    """Every mutant that may survive says why."""
    assert all(len(reason.split()) > 2 for reason in report.accepted().values())
