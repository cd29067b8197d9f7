"""The project's tasks: tests, peers, types, lint, coverage, audit, demo; and the long proofs.

CI runs these in short: simulate, mutants, chaos, fuzz. `mutation` takes an hour.

`nox` alone runs the tests: all of them on the Python that runs nox, and the fast part on every other
supported Python that this machine has. The environment is passed along: CI=true makes a missing peer fail.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["tests"]
nox.options.reuse_venv = "yes"

PROJECT = nox.project.load_toml("pyproject.toml")
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
MAIN = "{}.{}".format(*sys.version_info)
# What the tests need of the project itself; the rest comes from the dependency groups.
EDITABLE = ("-e", ".[stripe,paypal,shopify,deliveries,postgresql,records,cli,testing]")
# Two workers even where there are more cores: the peers and the tests that kill processes need some too.
# loadgroup: tests of one xdist_group stay together, all others go where there is room.
PARALLEL = ("-n", "2", "--dist", "loadgroup")


# What runs on the other Pythons: what could differ there, without the peers that would not.
FAST = "not slow and not peers and not postgresql and not localstripe"


# Measuring slows these down and tells nothing: they live through the same code as everything else, many times.
PROOFS = ("tests/chaos", "tests/simulation")
# What meets the world in the same way on every Python.
ONCE = (*PROOFS, "tests/wire", "tests/security")


def without(*folders: str) -> tuple[str, ...]:
    """Return the options that leave *folders* out."""
    return tuple(f"--ignore={folder}" for folder in folders)


def group(name: str) -> list[str]:
    """Return the requirements of one dependency group."""
    return nox.project.dependency_groups(PROJECT, name)


def works(python: str, version: str) -> bool:
    """Say whether this is an interpreter of *version* that runs: a shim may be found and still be broken."""
    code = "import ssl, sys, venv; print('{}.{}'.format(*sys.version_info))"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == version


def find_interpreter(version: str) -> str | None:
    """Find an interpreter of *version*, on the PATH or among pyenv's."""
    on_path = shutil.which(f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [on_path] if on_path else []
    candidates += map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}")))
    return next((candidate for candidate in candidates if works(candidate, version)), None)


OTHERS = {
    version: python
    for version in SUPPORTED
    if version != MAIN and (python := find_interpreter(version)) is not None
}


@nox.session
def tests(session: nox.Session) -> None:
    """Run the whole suite here and the fast part on each other Python; or only what is named after --."""
    session.install(*EDITABLE, *group("tests"))
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    run_measured(session)
    session.run("pytest", *PARALLEL, *PROOFS)
    for version in OTHERS:
        session.notify(f"tests-{version}", posargs=())


def tests_elsewhere(session: nox.Session) -> None:
    """Run the fast part of the tests on another Python."""
    session.install(*EDITABLE, *group("tests"))
    session.run(
        *("pytest", "-q", *PARALLEL, "-m", FAST, *without(*ONCE), *session.posargs),
        env={"HYPOTHESIS_PROFILE": "quick"},
    )


for version, python in OTHERS.items():
    nox.session(tests_elsewhere, name=f"tests-{version}", python=python, default=False)


@nox.session
def peers(session: nox.Session) -> None:
    """Hold sandboxes and gateways against what the vendors publish, taken from npm for the occasion."""
    session.install(*EDITABLE, *group("tests"))
    session.run("pytest", "-m", "peers", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """Check the types: the library, its public names as a user types them, and the examples."""
    session.install(*EDITABLE, *group("types"))
    session.run("mypy", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and the direction of imports."""
    # import-linter reads the installed package; the extras only have to be named in it, not present.
    session.install("-e", ".", *group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")


@nox.session
def coverage(session: nox.Session) -> None:
    """Report what the tests reached: from the data that they left, or from a run of its own."""
    if is_measured():
        session.install("coverage")
    else:
        session.install(*EDITABLE, *group("tests"))
        run_measured(session)
    if unread_data():
        session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session
def demo(session: nox.Session) -> None:
    """Show refunds from wish to money: the vendors' real clients against servers on this machine."""
    session.install(".[stripe,paypal,shopify,sql,testing]", *group("demo"))
    session.run("python", "examples/quickstart.py", *session.posargs)
    session.run("python", "examples/sweep.py")
    session.run("python", "examples/with_localstripe.py")


# The long proofs. A number after -- says how long: `nox -s simulate -- 1000000`.


def amount(session: nox.Session, usual: int) -> str:
    """Return the number that was given after --, or the usual one."""
    return session.posargs[0] if session.posargs else str(usual)


@nox.session
def simulate(session: nox.Session) -> None:
    """Live through 200,000 simulated worlds, or as many as you say, and play against the reference model."""
    session.install(*EDITABLE, *group("tests"))
    seeds = amount(session, 200_000)
    session.run("python", "-m", "tests.simulation", "--seeds", seeds, "--jobs", str(os.cpu_count() or 1))
    session.run("pytest", "-s", "tests/simulation", env={"REFUNDKIT_EXHAUSTIVE_BUDGET": "4"})
    session.run(
        "pytest", "-s", "tests/desk/test_against_a_model.py", env={"REFUNDKIT_MACHINE_EXAMPLES": "2000"}
    )


@nox.session
def mutants(session: nox.Session) -> None:
    """Switch known bugs on, one at a time: the simulation must find every one."""
    session.install(*EDITABLE, *group("tests"))
    session.run("pytest", "-s", "tests/simulation/test_mutants.py")


@nox.session
def chaos(session: nox.Session) -> None:
    """Kill 400 processes per engine, or as many as you say, and cut the power 300 times."""
    session.install(*EDITABLE, *group("tests"))
    much = {"REFUNDKIT_KILLS": amount(session, 400), "REFUNDKIT_IMAGES": "300"}
    session.run("pytest", "-s", "tests/chaos", env=much)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Throw hostile input at every parser, for 60 seconds each or as many as you say."""
    session.install(*EDITABLE, *group("tests"))
    session.run("python", "-m", "tests.security.fuzz", "--seconds", amount(session, 60))


@nox.session
def mutation(session: nox.Session) -> None:
    """Change the code in thousands of small ways: some test must notice each of them, or a list says why not."""
    session.install(*EDITABLE, *group("tests"))
    session.run("python", "-m", "tests.mutation", *session.posargs)


@nox.session
def audit(session: nox.Session) -> None:
    """Ask the advisory database about every dependency of the library."""
    session.install(".[stripe,paypal,shopify,deliveries,postgresql,records,cli,testing]", "pip-audit")
    session.run("pip-audit", "--local", "--strict")


def run_measured(session: nox.Session) -> None:
    """Run the whole suite and leave the data for the session `coverage`."""
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *PARALLEL, "-m", "not peers", *without(*PROOFS))


def unread_data() -> list[Path]:
    """Return the data files, one per process, that are not combined yet."""
    return list(Path().glob(".coverage.*"))


def is_measured() -> bool:
    """Say whether there is data, and none of the code has changed since."""
    data = [*unread_data(), *Path().glob(".coverage")]
    code = [path for folder in ("src", "tests") for path in Path(folder).rglob("*.py")]
    newest = max(path.stat().st_mtime for path in (*code, Path("pyproject.toml")))
    return bool(data) and min(path.stat().st_mtime for path in data) > newest
