"""Tries mutants: each in a process of its own that is forked when everything is imported and collected.

First all tests run once, watched, to learn which lines each of them reaches. Then every mutant of a function
is tried with the tests that reach its line, and every other one in a process that imports it anew.
"""

import gc
import json
import os
import resource
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from itertools import accumulate
from pathlib import Path

import coverage
import pytest
from _pytest.runner import runtestprotocol
from attrs import define, field
from hypothesis import HealthCheck, Phase, settings

from tests.mutation.mutants import Mutant, compiled, path_of
from tests.mutation.patching import MutatedImport, UnpatchableError, living_functions, patch_living
from tests.mutation.scope import LEFT_OUT, MARKS, PARTS, TESTS

KILLED, SURVIVED, AGAIN = 1, 0, 77
# What is imported before pytest starts cannot be rewritten by it, and need not be.
_PRELOADED = "ignore::pytest.PytestAssertRewriteWarning"
# Processor time, because somebody else may need the machine; and a longer wait for one that waits forever.
CPU_SECONDS, WALL_SECONDS = 10, 120
MEMORY_BYTES = 4 * 1024**3
# To collect tests takes longer than to run them, where each mutant needs it anew.
_MOST_FILES = 16


@define
class Reach:
    """Which tests reach which line, and how long each test takes."""

    tests: dict[tuple[str, int], set[str]] = field(factory=lambda: defaultdict(set))
    imported: set[tuple[str, int]] = field(factory=set)
    seconds: dict[str, float] = field(factory=dict)
    broken: list[str] = field(factory=list)


class Quietly:
    """A pytest plugin: properties are tried with few examples, always the same, and none is made smaller."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Come after the conftest and before the tests are imported."""
        settings.register_profile(
            "mutation",
            deadline=None,
            derandomize=True,
            max_examples=20,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        settings.load_profile("mutation")


class Trials(Quietly):
    """A pytest plugin: instead of the tests, run the mutants, each with the tests that reach it."""

    def __init__(
        self, mutants: list[Mutant], record: Callable[[Mutant, str, str], None], *, most_seconds: float
    ) -> None:
        self.mutants = mutants
        self.most_seconds = most_seconds
        self.record = record
        # What has to be tried by importing it, each with the tests that know its module.
        self.later: dict[Mutant, list[str]] = {}
        self.finders: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        paths = sorted({str(path_of(mutant.module)) for mutant in mutants})
        self.watch = coverage.Coverage(data_file=None, include=paths, concurrency="thread", config_file=False)
        self.watch.start()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Learn what the tests reach, then try the mutants."""
        self.watch.stop()
        reach = _learn(session.items, self.watch)
        items = {item.nodeid: item for item in session.items if item.nodeid not in reach.broken}
        # Looked up here and never in a child, where to touch an object is to copy it.
        self.living = living_functions()
        gc.collect()
        gc.freeze()
        for mutant in self.mutants:
            self._try(mutant, items, reach)
        return True

    def _try(self, mutant: Mutant, items: dict[str, pytest.Item], reach: Reach) -> None:
        path = str(path_of(mutant.module))
        lines = [(path, number) for number in range(mutant.first_line, mutant.last_line + 1)]
        names = set().union(*(reach.tests.get(line, ()) for line in lines)) & items.keys()
        if not names:
            self._leave(mutant, items, reach)
            return
        verdict, finder = in_a_fork(
            lambda: self._run(mutant, [items[name] for name in self._chosen(mutant, names, reach)], reach)
        )
        # What also runs while modules are imported may do its harm only there.
        if verdict == "again" or (verdict == "survived" and any(line in reach.imported for line in lines)):
            self._leave(mutant, items, reach)
            return
        self.finders[mutant.module, mutant.where][finder] += 1
        self.record(mutant, verdict, finder)

    def _leave(self, mutant: Mutant, items: dict[str, pytest.Item], reach: Reach) -> None:
        """Leave *mutant* to be imported, with tests of the few files that are most about its module."""
        path = str(path_of(mutant.module))
        about: Counter[str] = Counter()
        everything: Counter[str] = Counter()
        for (where, _), names in reach.tests.items():
            for name in set(map(file_of, names)):
                everything[name] += 1
                about[name] += where == path
        files = sorted(about, key=lambda name: (-about[name] / everything[name], name))[:_MOST_FILES]
        names = {name for name in items if file_of(name) in files}
        self.later[mutant] = self._chosen(mutant, names, reach)

    def _chosen(self, mutant: Mutant, names: set[str], reach: Reach) -> list[str]:
        """Return as many tests as a mutant may cost that nobody finds: first what found others, then near and cheap."""
        finders, near = self.finders[mutant.module, mutant.where], _near(mutant)
        order = sorted(
            names, key=lambda name: (-finders[name], not name.startswith(near), reach.seconds[name], name)
        )
        spent = accumulate(reach.seconds[name] for name in order)
        return [
            name for name, after in zip(order, spent, strict=True) if after <= self.most_seconds
        ] or order[:1]

    def _run(self, mutant: Mutant, items: list[pytest.Item], reach: Reach) -> tuple[int, str]:
        gc.disable()
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        try:
            patch_living(self.living[str(path_of(mutant.module))], compiled(mutant))
        except UnpatchableError:
            return AGAIN, ""
        for place, item in enumerate(items):
            following = items[place + 1] if place + 1 < len(items) else None
            _limit(10 * reach.seconds[item.nodeid])
            if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
                return KILLED, item.nodeid
        return SURVIVED, ""


def _near(mutant: Mutant) -> tuple[str, ...]:
    return next(part.tests for part in PARTS.values() if mutant.module in part.modules)


def _limit(seconds: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS + seconds)
    signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS + seconds)


def in_a_fork(work: Callable[[], tuple[int, str]]) -> tuple[str, str]:
    """Do *work* in a child; return "killed", "survived", "timeout" or "again", and what found it."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        code = KILLED
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            code, finder = work()
            os.write(writing, finder.encode()[:4000])
        except BaseException as error:  # noqa: BLE001 - also SystemExit and whatever pytest raises to stop
            os.write(writing, f"{type(error).__name__}: {error}".encode()[:4000])
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        finder = pipe.read().decode(errors="replace")
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return "timeout", f"signal {os.WTERMSIG(status)}"
    return {SURVIVED: "survived", AGAIN: "again"}.get(os.WEXITSTATUS(status), "killed"), finder


def _learn(items: list[pytest.Item], imported: coverage.Coverage) -> Reach:
    """Run every test once, in a child, so that nothing of it stays behind."""
    notes = Path(f"{os.getpid()}.reach.json").absolute()
    verdict, trouble = in_a_fork(lambda: _watch(items, imported, notes))
    if verdict != "survived":
        raise RuntimeError(f"The tests could not be watched: {trouble}")
    told = json.loads(notes.read_text(encoding="utf-8"))
    notes.unlink()
    reach = Reach(seconds=told["seconds"], broken=told["broken"])
    for name, path, line in told["lines"]:
        reach.tests[path, line].add(name)
    data = imported.get_data()
    reach.imported = {(path, line) for path in data.measured_files() for line in data.lines(path) or ()}
    return reach


def _watch(items: list[pytest.Item], imported: coverage.Coverage, notes: Path) -> tuple[int, str]:
    include = imported.get_option("run:include")
    watch = coverage.Coverage(data_file=None, include=include, concurrency="thread", config_file=False)
    seconds, broken = {}, []
    watch.start()
    for place, item in enumerate(items):
        watch.switch_context(item.nodeid)
        began = time.process_time()
        following = items[place + 1] if place + 1 < len(items) else None
        if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
            broken.append(item.nodeid)
        seconds[item.nodeid] = time.process_time() - began
    watch.stop()
    data = watch.get_data()
    lines = [
        (name, path, line)
        for path in data.measured_files()
        for line, names in data.contexts_by_lineno(path).items()
        for name in names
        if name
    ]
    notes.write_text(json.dumps({"seconds": seconds, "broken": broken, "lines": lines}), encoding="utf-8")
    return SURVIVED, ""


def try_functions(
    mutants: list[Mutant], record: Callable[[Mutant, str, str], None], *, most_seconds: float
) -> dict[Mutant, list[str]]:
    """Try what can be tried in living functions; return the mutants that cannot, with the tests for them."""
    trials = Trials(mutants, record, most_seconds=most_seconds)
    with silence():
        pytest.main([*_ARGUMENTS, *TESTS], plugins=[trials])
    return trials.later


def try_import(mutant: Mutant, tests: list[str], finders: dict[str, Counter[str]]) -> tuple[str, str]:
    """Try *mutant* by importing it, with these *tests*; the files that found its like are asked first."""
    alike = finders[mutant.module], finders["anywhere"]
    best = {name for known in alike for name, _ in known.most_common(2)}
    rounds = [[name for name in tests if (file_of(name) in best) is first] for first in (True, False)]
    verdict, finder = in_a_fork(lambda: _import(mutant, rounds))
    for known in alike if finder else ():
        known[file_of(finder)] += 1
    return verdict, finder


def file_of(test: str) -> str:
    """Return the file that *test* is in; only what is collected costs time."""
    return test.partition("::")[0]


def preload() -> None:
    """Import what everybody needs and nobody mutates, so that the children need not."""
    for name in ("attrs", "cattrs", "hypothesis", "httpx", "pluggy", "sqlalchemy.orm", "stripe", "structlog"):
        import_module(name)


def _import(mutant: Mutant, rounds: list[list[str]]) -> tuple[int, str]:
    signal.setitimer(signal.ITIMER_PROF, 300)
    signal.setitimer(signal.ITIMER_REAL, 900)
    MutatedImport(mutant.module, compiled(mutant)).install()
    for tests in filter(None, rounds):
        finder = _Finder(tests)
        files = sorted(set(map(file_of, tests)))
        with silence():
            code = pytest.main([*_ARGUMENTS, "-x", *files], plugins=[finder])
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            return KILLED, finder.name
    return SURVIVED, ""


@contextmanager
def silence() -> Iterator[None]:
    """Let pytest report to nobody."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        yield


class _Finder(Quietly):
    name = "import"

    def __init__(self, tests: list[str]) -> None:
        self.places = {name: place for place, name in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Run the chosen tests only, in their order."""
        items[:] = sorted(
            (item for item in items if item.nodeid in self.places), key=lambda item: self.places[item.nodeid]
        )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember who found it."""
        if report.failed:
            self.name = report.nodeid


_ARGUMENTS = (
    *("-q", "--tb=no", "--assert=plain", "-p", "no:cacheprovider", "-W", _PRELOADED, "-m", MARKS),
    *(f"--ignore={name}" for name in LEFT_OUT),
)
