"""Fuzzing: hostile bytes for everything that reads bytes of strangers.

::

    python -m tests.security.fuzz --target webhook-stripe --inputs 1000000
    python -m tests.security.fuzz --seconds 60                # every target, a minute each
    python -m tests.security.fuzz --target plan --seconds 60 --engine atheris   # guided by coverage

The same seed makes the same inputs. Whatever escapes but the documented exceptions is a failure, and so is
an input that takes longer than two seconds; its bytes are kept in tests/security/corpus, where the tests
find them for ever after.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from tests.security.fuzz_targets import Target

__all__ = ["CORPUS", "EscapedError", "Run", "check", "fuzz", "kept"]

CORPUS: Final = Path(__file__).parent / "corpus"
MOST_SECONDS: Final = 2.0
MOST_MEMORY_BYTES: Final = 2 * 1024**3


class EscapedError(Exception):
    """Something came out of a target that is not documented, or it took too long."""


@frozen(kw_only=True)
class Run:
    """What was done: so many ``inputs``, of which so many were ``taken``, the slowest in ``slowest_seconds``."""

    target: str
    inputs: int
    taken: int
    slowest_seconds: float

    def __str__(self) -> str:
        return (
            f"{self.target}: {self.inputs} inputs, {self.taken} taken, slowest {self.slowest_seconds:.3f} s"
        )


def check(target: Target, data: bytes) -> tuple[bool, float]:
    """Let *target* read one input; say whether it took it, and in how many seconds of processor time.

    Raises:
        EscapedError: if anything undocumented came out of it, or if it took too long.
    """
    begun = time.process_time()
    taken = True
    try:
        target.attempt(data)
    except target.documented:
        taken = False
    except Exception as error:
        raise EscapedError(f"{target.name} let out {type(error).__name__}: {error}") from error
    seconds = time.process_time() - begun
    if seconds > MOST_SECONDS:
        raise EscapedError(f"{target.name} took {seconds:.1f} s for {len(data)} bytes.")
    return taken, seconds


def fuzz(target: Target, *, seed: int = 0, inputs: int | None = None, seconds: float | None = None) -> Run:
    """Try the corpus, the seeds, and then mutations of them: so many *inputs*, or for so many *seconds*.

    Raises:
        EscapedError: at the first input that fails; the input is added to the corpus.
    """
    ends = None if seconds is None else time.monotonic() + seconds
    done = taken = 0
    slowest = 0.0
    for data in _inputs(target, seed):
        if done == inputs or (ends is not None and time.monotonic() > ends):
            break
        was_taken, spent = _checked(target, data)
        done, taken, slowest = done + 1, taken + was_taken, max(slowest, spent)
    return Run(target=target.name, inputs=done, taken=taken, slowest_seconds=slowest)


def kept(target: Target) -> tuple[Path, ...]:
    """Return the inputs that once failed, and those that are worth keeping."""
    return tuple(sorted((CORPUS / target.name).glob("*")))


def _inputs(target: Target, seed: int) -> Iterator[bytes]:
    from tests.security.mutations import mutated

    old = tuple(path.read_bytes() for path in kept(target))
    yield from old
    yield from target.seeds
    random = Random(f"{target.name} {seed}")  # noqa: S311 - repeatable, not secret
    for _ in count():
        yield mutated(random, target.seeds + old)


def _checked(target: Target, data: bytes) -> tuple[bool, float]:
    try:
        return check(target, data)
    except EscapedError as error:
        error.add_note(f"The input is in {_keep(target, data)}.")
        raise


def _keep(target: Target, data: bytes) -> Path:
    if known := [path for path in kept(target) if path.read_bytes() == data]:
        return known[0]
    path = CORPUS / target.name / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


# The command line.


def main() -> None:
    """Fuzz what the command line says."""
    told = _arguments()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    if told.engine == "atheris":
        _guided(told.target, told.seconds)
        return
    from tests.security.fuzz_targets import TARGETS

    for name in [told.target] if told.target else TARGETS:
        run = fuzz(TARGETS[name], seed=told.seed, inputs=told.inputs, seconds=told.seconds)
        print(run, flush=True)  # noqa: T201 - it talks to a person
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory {peak} MiB", flush=True)  # noqa: T201


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fuzz refundkit.")
    parser.add_argument("--target", help="one target; all of them, if it is left out")
    parser.add_argument("--inputs", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=("random", "atheris"), default="random")
    told = parser.parse_args()
    if told.inputs is None and told.seconds is None:
        told.seconds = 10.0
    if told.engine == "atheris" and not told.target:
        parser.error("atheris takes one --target")
    return told


def _guided(name: str, seconds: float | None) -> None:
    """Let atheris choose the inputs by the code that they reach; it must see refundkit being imported."""
    import atheris

    with atheris.instrument_imports(include=["refundkit"]):
        from tests.security.fuzz_targets import TARGETS

    target = TARGETS[name]
    # It ends the process, so nobody could clean up after it.
    begin = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for number, seed in enumerate(target.seeds):
        (begin / str(number)).write_bytes(seed)
    options = [
        f"-max_total_time={int(seconds or 10)}",
        "-max_len=20000",
        "-timeout=10",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(begin)], lambda data: _checked(target, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
