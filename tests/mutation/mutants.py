"""The mutants of one module: found in its syntax tree, named so that the name survives an edit elsewhere."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import CodeType

from attrs import field, frozen

from tests.mutation.operators import OPERATORS

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# What is told to a person may change its words without a test: errors, and reasons behind their code.
ERRORS = ("Error", "Denied", "Required", "_refuse", "refuse")
REASONS = ("Reason", ".deny", ".review")
# Words around the values of a text, such as " cannot approve "; a sign alone may mean something.
WORDING = re.compile(r"[A-Za-z]\s|\s[A-Za-z]|^\.$")


@frozen(kw_only=True)
class Mutant:
    """One change: ``where`` in the module, in which ``line`` of code, and ``change`` as before → after."""

    module: str
    where: str
    line: str
    change: str
    number: int
    first_line: int
    last_line: int
    # The place of the change in the tree, as `ast` counts, and which of its replacements it is.
    index: int = field(eq=False)

    @property
    def name(self) -> str:
        """What it is called in survivors.toml."""
        again = f" #{self.number}" if self.number > 1 else ""
        return f"{self.module} | {self.where} | {self.line} | {self.change}{again}"


@frozen
class _Change:
    parent: ast.AST
    attribute: str
    place: int | None
    node: ast.AST
    replacement: ast.AST
    where: str

    def apply(self) -> None:
        """Put the replacement into the tree."""
        ast.copy_location(self.replacement, self.node)
        if self.place is None:
            setattr(self.parent, self.attribute, self.replacement)
        else:
            getattr(self.parent, self.attribute)[self.place] = self.replacement


def path_of(module: str) -> Path:
    """Find the source of *module* without importing it (its parents are)."""
    top, *rest = module.split(".")
    folder = Path(str(find_spec(top).origin)).parent.joinpath(*rest)
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def mutants_of(module: str) -> Iterator[Mutant]:
    """Yield all mutants of *module*, always in the same order."""
    source = path_of(module).read_text(encoding="utf-8")
    lines = source.splitlines()
    seen: Counter[tuple[str, str, str]] = Counter()
    for index, change in enumerate(_changes(ast.parse(source))):
        first, last = _lines(change.node)
        line, text = lines[first - 1].strip(), _text(change)
        seen[change.where, line, text] += 1
        yield Mutant(
            module=module,
            where=change.where,
            line=line,
            change=text,
            number=seen[change.where, line, text],
            first_line=first,
            last_line=last,
            index=index,
        )


def compiled(mutant: Mutant) -> CodeType:
    """Compile the module with the change in it."""
    path = path_of(mutant.module)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    next(change for index, change in enumerate(_changes(tree)) if index == mutant.index).apply()
    return compile(ast.fix_missing_locations(tree), str(path), "exec", dont_inherit=True)


def _changes(tree: ast.Module) -> list[_Change]:
    return list(_visit(tree, ""))


def _visit(parent: ast.AST, where: str) -> Iterator[_Change]:
    for attribute, place, node in _children(parent):
        for operator in OPERATORS:
            for replacement in operator(node):
                yield _Change(parent, attribute, place, node, replacement, where)
        named = isinstance(node, (*FUNCTIONS, ast.ClassDef))
        yield from _visit(node, f"{where}.{node.name}".strip(".") if named else where)


def _children(parent: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    for attribute, value in ast.iter_fields(parent):
        if attribute in ("annotation", "returns", "decorator_list", "bases"):
            continue
        for place, node in enumerate(value) if isinstance(value, list) else ((None, value),):
            if isinstance(node, ast.AST) and not _is_left_alone(parent, node):
                yield attribute, place, node


def _is_left_alone(parent: ast.AST, node: ast.AST) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
        return True
    if isinstance(node, (ast.Constant, ast.JoinedStr)) and not isinstance(getattr(node, "value", ""), int):
        return _is_message(parent, node)
    return isinstance(node, (ast.Import, ast.ImportFrom))


def _is_message(parent: ast.AST, node: ast.AST) -> bool:
    """Whether *node* is what *parent* tells a person."""
    if isinstance(parent, ast.JoinedStr):
        return isinstance(node, ast.Constant) and WORDING.search(str(node.value)) is not None
    if isinstance(parent, ast.Call):
        called = ast.unparse(parent.func)
        return called.endswith(ERRORS) or (called.endswith(REASONS) and node is not parent.args[0])
    if isinstance(parent, ast.Assign):
        return ast.unparse(parent.targets[0]) == "text"
    return isinstance(parent, ast.keyword) and parent.arg == "text"


def _lines(node: ast.AST) -> tuple[int, int]:
    if isinstance(node, ast.comprehension):
        return node.target.lineno, node.target.lineno
    # Of a statement with a body only its head is changed.
    last = node.test if isinstance(node, ast.If) else node
    return node.lineno, last.end_lineno or node.lineno


def _text(change: _Change) -> str:
    missing = _entries(change.node) - _entries(change.replacement)
    if type(change.node) is type(change.replacement) and missing:
        return f"without {', '.join(sorted(missing))}"
    return f"{_short(change.node)} → {_short(change.replacement)}"


def _entries(node: ast.AST) -> set[str]:
    """Return what can be left out of *node*, entry by entry."""
    if isinstance(node, ast.Call):
        return {f"{keyword.arg}={_short(keyword.value)}" for keyword in node.keywords}
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return {f"{_short(key) if key else '**'}: {_short(value)}" for key, value in pairs}
    return {_short(entry) for entry in node.elts} if isinstance(node, ast.Set) else set()


def _short(node: ast.AST) -> str:
    if isinstance(node, ast.If):
        return f"if {ast.unparse(node.test)}"
    if isinstance(node, ast.comprehension):
        return " ".join([f"for {ast.unparse(node.target)}", *(f"if {ast.unparse(one)}" for one in node.ifs)])
    return " ".join(ast.unparse(node).split())
