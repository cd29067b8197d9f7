"""What the code of the library may not do at all, wherever it stands."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import refundkit

CODE = Path(refundkit.__file__).parent
ROOT = Path(__file__).parents[2]
MODULES = sorted(CODE.rglob("*.py"))
# The contract kits are made of asserts, and pytest runs them.
SHIPPED = [path for path in MODULES if path.relative_to(CODE).parts[0] != "testing"]

# What makes code or objects out of bytes, what starts programs, and what trusts without looking.
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "print", "breakpoint", "input"}
FORBIDDEN_IMPORTS = {
    "pickle",
    "marshal",
    "shelve",
    "yaml",
    "subprocess",
    "pty",
    "ctypes",
    "code",
    "xml",
    "tempfile",
}
FORBIDDEN_WORDS = {"CERT_NONE", "_create_unverified_context", "disable_warnings", "md5", "mktemp"}


def named(path: Path) -> str:
    """Name a module by its path in the package."""
    return str(path.relative_to(CODE))


def parsed(path: Path) -> Iterator[ast.AST]:
    """Yield every node of a module."""
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", SHIPPED, ids=named)
def test_no_check_is_an_assert(path):
    """Checks stay on in production: ``python -O`` strips every assert, so none may guard anything."""
    assert [node.lineno for node in parsed(path) if isinstance(node, ast.Assert)] == []


@pytest.mark.parametrize("path", SHIPPED, ids=named)
def test_nothing_is_executed_or_unpickled(path):
    """Law S3: no bytes become code or objects, no program is started, nothing is printed."""
    calls = {
        node.func.id
        for node in parsed(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert calls & FORBIDDEN_CALLS == set()
    assert set(imports(path)) & FORBIDDEN_IMPORTS == set()


def imports(path: Path) -> Iterator[str]:
    """Yield the first name of every import."""
    for node in parsed(path):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("path", SHIPPED, ids=named)
def test_no_certificate_goes_unchecked(path):
    """Law S5: neither ``verify=False`` nor a context that trusts everybody, nor a redirect that is followed."""
    options = {
        (node.arg, node.value.value)
        for node in parsed(path)
        if isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant)
    }
    assert options.isdisjoint({("verify", False), ("allow_redirects", True), ("follow_redirects", True)})
    words = {node.attr for node in parsed(path) if isinstance(node, ast.Attribute)}
    assert words & FORBIDDEN_WORDS == set()


@pytest.mark.parametrize("path", SHIPPED, ids=named)
def test_no_statement_is_put_together_from_values(path):
    """Every value in SQL is a bound parameter: no f-string, no % and no + goes into text() or execute()."""
    built = [
        node.lineno
        for node in parsed(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"text", "execute", "exec_driver_sql"}
        and any(isinstance(part, (ast.JoinedStr, ast.BinOp)) for part in node.args[:1])
    ]
    assert built == []


def test_ruff_watches_over_it_too():
    """All of ruff's rules are on, those about security too, and none of them is ignored for the library."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
    assert told["select"] == ["ALL"]
    assert not any(rule.startswith("S") and rule[1:2].isdigit() for rule in told["ignore"])
    for pattern, rules in told["per-file-ignores"].items():
        if pattern.startswith("src/"):
            assert not any(rule.startswith("S") and rule[1:2].isdigit() for rule in rules)


def test_every_dependency_has_a_lower_bound():
    """Nobody gets a release from before the one that was tried, with holes that have been mended since."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [
        one
        for extra in (project["dependencies"], *extras)
        for one in extra
        if not one.startswith("refundkit")
    ]
    assert [one for one in wanted if ">=" not in one and "==" not in one] == []


def test_importing_asks_nobody():
    """No network and no program at import, of any module of the library."""
    names = [".".join(path.relative_to(CODE.parent).with_suffix("").parts) for path in SHIPPED]
    look = f"""
import sys
def watch(event, args):
    if event.startswith(("socket.connect", "socket.getaddrinfo", "socket.bind", "subprocess.Popen", "os.system")):
        raise RuntimeError(event)
sys.addaudithook(watch)
for name in {[name.removesuffix(".__init__") for name in names]!r}:
    __import__(name)
"""
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_checks_hold_under_optimization():
    """Law M3: with ``python -OO`` a float is still no amount, and too much is still refused."""
    look = """
from refundkit import *
for wrong in (lambda: Money.of(0.1, "EUR"), lambda: Money.of(1, "EUR") + Money.of(1, "USD")):
    try:
        wrong()
    except InvalidValueError:
        print("refused")
desk = RefundDesk(store=MemoryStore(), gateways=[ManualGateway(name="cash")])
paid = Payment(id="p", gateway="cash", reference="r", captured=Money.of(1, "EUR"))
desk.register(Order(id="o", currency="EUR", payments=(paid,)))
try:
    desk.refund("o", RefundRequest(key="k", reason="too much", amount=Money.of(2, "EUR")))
except RefundDenied:
    print("denied")
"""
    done = subprocess.run([sys.executable, "-OO", "-c", look], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["refused", "refused", "denied"], done.stderr
