"""Two ways to let a mutant live: in the functions that exist already, or from the import on.

Putting new code into living functions takes a millisecond, and reaches properties, validators and closures.
What runs while a module is imported (tables, fields, defaults) needs the import.
"""

import gc
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from types import CodeType, FunctionType, ModuleType

from attrs import frozen

from tests.mutation.mutants import path_of

Key = tuple[str, int]


class UnpatchableError(Exception):
    """The living functions cannot take the new code."""


def living_functions() -> dict[str, list[FunctionType]]:
    """Return every function that exists, by the file that it was written in."""
    living: dict[str, list[FunctionType]] = defaultdict(list)
    for one in gc.get_objects():
        if isinstance(one, FunctionType):
            living[one.__code__.co_filename].append(one)
    return living


def patch_living(living: Iterable[FunctionType], code: CodeType) -> None:
    """Give all *living* functions of a module their code from *code*, the module's.

    Raises:
        UnpatchableError: if a function closes over other names than before, or none is alive.
    """
    found = list(_functions(code))
    fresh = dict(found)
    alike = Counter(key for key, _ in found)
    patches = [(one, fresh.get(_key(one.__code__))) for one in living]
    if not patches:
        raise UnpatchableError
    for one, replacement in patches:
        # Two lambdas in one line cannot be told apart.
        if replacement is None or alike[_key(replacement)] > 1:
            raise UnpatchableError(one.__qualname__)
        if replacement.co_freevars != one.__code__.co_freevars:
            raise UnpatchableError(one.__qualname__)
    for one, replacement in patches:
        one.__code__ = replacement


def _functions(code: CodeType) -> Iterator[tuple[Key, CodeType]]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield _key(inner), inner
            yield from _functions(inner)


def _key(code: CodeType) -> Key:
    return code.co_qualname, code.co_firstlineno


@frozen
class _Mutated(Loader):
    code: CodeType

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, vars(module))  # noqa: S102 - the module's own code, with one change


@frozen
class MutatedImport(MetaPathFinder):
    """Imports one module with other code than its file has."""

    module: str
    code: CodeType

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer for that module only."""
        if fullname != self.module:
            return None
        return spec_from_file_location(fullname, str(path_of(self.module)), loader=_Mutated(self.code))

    def install(self) -> None:
        """Answer from now on, before anybody else."""
        sys.meta_path.insert(0, self)
