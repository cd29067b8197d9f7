"""The documentation is true: its code runs, its links lead somewhere, and nothing public is left out."""

import ast
import doctest
import importlib
import inspect
import logging
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path

import pytest

import refundkit
from refundkit import plugins

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS]
CODE = Path(refundkit.__file__).parent
MODULES = sorted(CODE.rglob("*.py"))

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
# What a page asks its reader to have, as the name of a variable, and the fixture that brings it.
PEERS = {"STRIPE_API_BASE": "localstripe", "DATABASE_URL": "postgresql_url"}

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LAW = re.compile(r"\blaws? ([A-Z][0-9](?:(?:, | and )[A-Z][0-9])*)")


# Each law, and the cell that says where it is proved.
LAWS = dict(
    re.findall(
        r"^\| ([A-Z][0-9]) \|.*\| (.*?) \|$",
        (ROOT / "docs/explanation/laws.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)


def text_of(*pages: Path) -> str:
    """Return the text of *pages*, one after the other."""
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def name_of(path: Path) -> str:
    """Name a file by its path inside the project."""
    return str(path.relative_to(ROOT))


def marked(page: Path) -> object:
    """Mark *page* with the peers that it needs."""
    peers = [peer.removesuffix("_url") for name, peer in PEERS.items() if name in text_of(page)]
    return pytest.param(page, id=name_of(page), marks=[getattr(pytest.mark, peer) for peer in peers])


class Fingers(doctest.DocTestRunner):
    """Types what a page shows and fails at the first answer that is another one."""

    def __init__(self) -> None:
        super().__init__(optionflags=OPTIONS, verbose=False)

    def type(self, source: str, globs: dict[str, object], name: str, line: int) -> None:
        """Run the examples in *source*; what they define stays in *globs*."""
        test = doctest.DocTestParser().get_doctest(source, globs, name, name, line)
        said: list[str] = []
        self.run(test, out=said.append, clear_globs=False)
        globs.update(test.globs)
        assert not self.failures, "".join(said)


@pytest.mark.parametrize("page", [marked(page) for page in PAGES])
def test_page_runs(page, request, monkeypatch, tmp_path, caplog):
    """Every block of Python on a page runs, from the first to the last, as its reader would run them."""
    monkeypatch.chdir(tmp_path)
    for name in ("stripe", "httpx", "httpcore", "urllib3"):
        # What a page tells its reader to set is put back afterwards, by caplog.
        caplog.set_level(logging.getLogger(name).level, logger=name)
    for name, peer in PEERS.items():
        if name in text_of(page):
            monkeypatch.setenv(name, request.getfixturevalue(peer))
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_123456")
    text, globs = text_of(page), {"__name__": "page"}

    for block in BLOCK.finditer(text):
        kind, source, line = block[1], block[2], text.count("\n", 0, block.start()) + 1
        if kind == "pycon":
            Fingers().type(source, globs, name_of(page), line)
        elif kind == "python":
            # An ellipsis stands for what the reader has to fill in.
            filled = "\n" * line + source.replace("…", "0")
            exec(compile(filled, page, "exec"), globs)  # noqa: S102 - our own pages


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_say_what_they_are(page):
    """A prompt stands in a block of `pycon` only: nowhere else would it be run."""
    wrong = [
        block[0] for block in BLOCK.finditer(text_of(page)) if block[1] != "pycon" and ">>> " in block[2]
    ]

    assert wrong == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_docstrings_run(path):
    """Every example in a docstring gives what it says."""
    parts = path.relative_to(CODE.parent).with_suffix("").parts
    module = importlib.import_module(".".join(part for part in parts if part != "__init__"))

    for test in doctest.DocTestFinder(exclude_empty=True).find(module):
        said: list[str] = []
        runner = doctest.DocTestRunner(optionflags=OPTIONS, verbose=False)
        runner.run(test, out=said.append)
        assert not runner.failures, "".join(said)


def test_readme_example_is_short():
    """The example that a stranger reads first has at most 15 lines."""
    example = next(block[2] for block in BLOCK.finditer(text_of(ROOT / "README.md")) if block[1] == "pycon")

    assert 0 < len(example.splitlines()) <= 15


def test_readme_is_the_index():
    """README links every page of the documentation."""
    linked = {(ROOT / target.split("#")[0]).resolve() for target in LINK.findall(text_of(ROOT / "README.md"))}

    assert set(DOCS) - linked == set()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_resolve(page):
    """Every link inside the project leads to a file, and to a heading of it if it names one."""
    broken = [target for target in LINK.findall(text_of(page)) if not leads_somewhere(page, target)]

    assert broken == []


def leads_somewhere(page: Path, target: str) -> bool:
    """Say whether a link of *page* resolves; links to the world are not followed."""
    if re.match(r"[a-z]+:", target):
        return True
    path, _, anchor = target.partition("#")
    goal = (page.parent / path).resolve() if path else page
    if not goal.exists():
        return False
    return not anchor or anchor in {slug(heading) for heading in HEADING.findall(text_of(goal))}


def slug(heading: str) -> str:
    """Return the anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def missing_from(text: str, names: Iterable[str]) -> list[str]:
    """Return the names that *text* does not contain as words of their own."""
    return sorted(name for name in names if not re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text))


def test_public_names_are_documented():
    """Everything that `refundkit` exports stands on the page of names, and nothing else is called public there."""
    rows = re.findall(r"^\| `(\w+)` \|", text_of(ROOT / "docs/reference/names.md"), re.MULTILINE)

    assert sorted(rows) == sorted(refundkit.__all__)


def test_hooks_are_documented():
    """Every hook stands in the documentation with its exact arguments."""
    hooks = [
        f"{name}({', '.join(list(inspect.signature(hook).parameters)[1:])})"
        for name, hook in vars(plugins.Hooks).items()
        if name.startswith("refundkit_")
    ]

    assert [hook for hook in hooks if f"`{hook}`" not in text_of(*DOCS)] == []


def test_typed_api_is_complete():
    """What mypy checks as a user would type it uses every public name."""
    tree = ast.parse(text_of(ROOT / "tests/typing/api.py"))
    imported = {
        name.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for name in node.names
    }
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}

    assert sorted(set(refundkit.__all__) - (imported & used)) == []


def test_states_are_documented():
    """Every member of every public enumeration stands in the reference."""
    text = text_of(*(ROOT / "docs/reference").glob("*.md"))
    kinds = [kind for kind in vars(refundkit).values() if inspect.isclass(kind) and issubclass(kind, Enum)]
    members = {
        f"{member.value if isinstance(member.value, str) else member.name}"
        for kind in kinds
        for member in kind
    }

    assert missing_from(text, members) == []


def test_reasons_are_documented():
    """Every reason to refuse or to ask a second person has a row in the reference of the policy, and no other has."""
    rows = table_below("Every reason", text_of(ROOT / "docs/reference/policy.md"))

    assert sorted(rows) == sorted({code for path in MODULES for code in reason_codes(path)})


def table_below(heading: str, text: str) -> list[str]:
    """Return the first cell of each row of the table below a heading."""
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def reason_codes(path: Path) -> Iterator[str]:
    """Yield the code of every reason that a module gives."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = ast.unparse(node.func)
            if name in {"Reason", "Verdict.deny", "Verdict.review"}:
                yield node.args[0].value


def test_errors_are_documented():
    """Every exception has a place of its own in the reference."""
    errors = [
        name
        for name, kind in vars(refundkit).items()
        if inspect.isclass(kind) and issubclass(kind, Exception)
    ]

    assert missing_from(text_of(ROOT / "docs/reference/errors.md"), errors) == []


def test_laws_are_explained():
    """Every law that the code names is explained."""
    named = {law for found in LAW.findall(text_of(*MODULES)) for law in re.findall(r"[A-Z][0-9]", found)}

    assert named - set(LAWS) == set()


@pytest.mark.parametrize("law", LAWS)
def test_laws_are_proved(law):
    """In every folder that is said to prove a law, some test names it."""
    folders = re.findall(r"`(tests/\w+)`", LAWS[law])
    silent = [
        folder for folder in folders if not re.search(rf"\b{law}\b", text_of(*(ROOT / folder).rglob("*.py")))
    ]

    assert silent == []
