"""Hidden: what must not show. Keys and secrets of gateways and deliverers are kept in it (law S2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NoReturn, TypeVar

__all__ = ["Hidden"]

T = TypeVar("T")


class Hidden(Generic[T]):
    """Something that no repr, ``vars``, ``asdict``, copy or pickle gives away (law S2); call it to use it.

    >>> Hidden("sk_live_1")
    <hidden>
    """

    __slots__ = ("_reveal",)

    def __init__(self, content: T) -> None:
        self._reveal: Callable[[], T] = lambda: content

    def __call__(self) -> T:
        """Return what is hidden."""
        return self._reveal()

    def __repr__(self) -> str:
        return "<hidden>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Credentials are not copied or pickled; make what needs them where it is used.")
