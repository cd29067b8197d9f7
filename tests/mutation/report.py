"""What came of the mutants: verdicts in a file, a table of scores, and what is not as it should be."""

import json
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from tests.mutation.mutants import Mutant
from tests.mutation.scope import PARTS

SURVIVORS = Path(__file__).with_name("survivors.toml")
FOUND = {"killed", "timeout"}
COLUMNS = ("mutants", "killed", "timeout", "accepted", "survived", "untried")


class Verdicts:
    """The verdict on each mutant, the last one told; kept in a file of JSON lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            told = json.loads(line)
            self._known[told["name"]] = told["verdict"]

    def record(self, mutant: Mutant, verdict: str, finder: str) -> None:
        """Write down a verdict, and which test found the mutant."""
        self._known[mutant.name] = verdict
        told = {"name": mutant.name, "verdict": verdict, "finder": finder}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(told, ensure_ascii=False) + "\n")

    def of(self, mutant: Mutant) -> str:
        """Return "killed", "timeout", "survived" or "untried"."""
        return self._known.get(mutant.name, "untried")

    def wants(self, mutant: Mutant, *, again: bool) -> bool:
        """Whether *mutant* is to be tried: what was never tried, or what survived if it is tried *again*."""
        return self.of(mutant) == ("survived" if again else "untried")


def part_of(mutant: Mutant) -> str:
    """Return the name of the part that *mutant* belongs to."""
    return next(name for name, part in PARTS.items() if mutant.module in part.modules)


def accepted() -> dict[str, str]:
    """Return the survivors that are explained, each with its reason."""
    told = tomllib.loads(SURVIVORS.read_text(encoding="utf-8"))
    return {name: group["reason"] for group in told["survivors"] for name in group["mutants"]}


def table(mutants: Iterable[Mutant], verdicts: Verdicts) -> str:
    """Write one row for each module and each part."""
    rows: dict[str, Counter[str]] = {}
    explained = accepted()
    for mutant in mutants:
        verdict = verdicts.of(mutant)
        if verdict == "survived" and mutant.name in explained:
            verdict = "accepted"
        for row in (f"  {mutant.module.removeprefix('refundkit.')}", part_of(mutant)):
            rows.setdefault(row, Counter())[verdict] += 1
    head = f"{'module':32}" + "".join(f"{column:>9}" for column in (*COLUMNS, "score"))
    ordered = [row for part in PARTS for row in (part, *_modules(part)) if row in rows]
    return "\n".join([head, *(_row(name, rows[name]) for name in ordered)])


def _modules(part: str) -> Iterator[str]:
    return (f"  {module.removeprefix('refundkit.')}" for module in PARTS[part].modules)


def _row(name: str, counts: Counter[str]) -> str:
    numbers = (counts.total() if column == "mutants" else counts[column] for column in COLUMNS)
    return f"{name:32}{''.join(f'{number:>9}' for number in numbers)}{_score(counts):>9.1%}"


def _score(counts: Counter[str]) -> float:
    """Return the share that was found, of what was tried and could be found."""
    found = sum(counts[key] for key in FOUND)
    return found / max(found + counts["survived"], 1)


def complaints(mutants: Collection[Mutant], verdicts: Verdicts) -> list[str]:
    """Say what is not as it should be: parts below their share, and explanations of what does not survive."""
    explained = accepted()
    counts: dict[str, Counter[str]] = {name: Counter() for name in PARTS}
    found, survivors = [], {name: [] for name in PARTS}
    unknown = set(explained)
    for mutant in mutants:
        unknown.discard(mutant.name)
        verdict, known = verdicts.of(mutant), mutant.name in explained
        if known and verdict in FOUND:
            found.append(f"no survivor any more: {mutant.name}")
        if verdict == "survived" and not known:
            survivors[part_of(mutant)].append(mutant.name)
        counts[part_of(mutant)]["accepted" if verdict == "survived" and known else verdict] += 1
    tried = {mutant.module for mutant in mutants}
    found += [f"no such mutant any more: {name}" for name in unknown if name.split(" | ")[0] in tried]
    for name, part in PARTS.items():
        if _score(counts[name]) < part.share and counts[name].total():
            found.append(f"{name}: {_score(counts[name]):.1%} found, {part.share:.0%} wanted")
            found += [f"  survived: {mutant}" for mutant in survivors[name]]
    return found
