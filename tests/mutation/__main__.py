"""Try mutants and hold the survivors against those that are accepted: `python -m tests.mutation money policy`.

Without names all parts are tried, which takes hours. Every verdict is written to a file at once; a run that was
stopped goes on where it was, and --again tries only what survived, as after writing a test. The run fails
if too few mutants of a part are found, or if a survivor of a part with share 1 is not explained.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.report import Verdicts, complaints, table
from tests.mutation.running import in_a_fork, preload, try_functions, try_import
from tests.mutation.scope import PARTS


def main() -> int:
    """Do what the command line says."""
    given = _arguments()
    mutants = [
        mutant
        for part in given.parts or PARTS
        for module in PARTS[part].modules
        if given.module in module
        for mutant in mutants_of(module)
    ]
    verdicts = Verdicts(given.results)
    if not given.report:
        preload()
        wanted = [mutant for mutant in mutants if verdicts.wants(mutant, again=given.again)]
        _try(wanted, verdicts, most_seconds=given.seconds)
        # Most verdicts were written by children.
        verdicts = Verdicts(given.results)
    found = complaints(mutants, verdicts)
    sys.stdout.write("\n".join([table(mutants, verdicts), *found, ""]))
    return 1 if found else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--module", default="", help="only modules with this in their name")
    parser.add_argument("--results", type=Path, default=Path("mutation.jsonl"))
    parser.add_argument("--seconds", type=float, default=20, help="of tests that a mutant may cost")
    parser.add_argument("--again", action="store_true", help="try only what survived")
    parser.add_argument("--report", action="store_true", help="try nothing; only say what is known")
    given = parser.parse_args()
    if unknown := set(given.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return given


def _try(mutants: list[Mutant], verdicts: Verdicts, *, most_seconds: float) -> None:
    finders: dict[str, Counter[str]] = defaultdict(Counter)
    for later, tests in _functions(mutants, verdicts.record, most_seconds=most_seconds):
        verdict, finder = try_import(later, tests, finders)
        verdicts.record(later, verdict, finder)


def _functions(
    mutants: list[Mutant], record: Callable[[Mutant, str, str], None], *, most_seconds: float
) -> Iterable[tuple[Mutant, list[str]]]:
    """Try the functions in a child, so that nothing is imported here; return what is left, each with its tests."""
    if not mutants:
        return []
    with TemporaryDirectory() as folder:
        notes = Path(folder, "later.json")

        def work() -> tuple[int, str]:
            later = try_functions(mutants, record, most_seconds=most_seconds)
            notes.write_text(json.dumps({mutant.name: tests for mutant, tests in later.items()}))
            return 0, ""

        verdict, trouble = in_a_fork(work)
        if verdict != "survived":
            sys.exit(f"The functions could not be tried: {trouble}")
        later = json.loads(notes.read_text())
    return [(mutant, later[mutant.name]) for mutant in mutants if mutant.name in later]


if __name__ == "__main__":
    sys.exit(main())
