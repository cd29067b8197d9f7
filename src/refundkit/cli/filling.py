"""Filling in: what a file cannot hold itself, put in the place of what stands for it.

::

    api_key  = { env = "STRIPE_API_KEY" }              # a secret: it comes from the environment
    issue    = { function = "tea_shop.cards:issue" }   # a function of an installed package
    lifetime = { days = 7 }                            # a span of days, hours, minutes, seconds
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pkgutil import resolve_name
from typing import Any

from refundkit.cli.secrets import in_environment
from refundkit.errors import InvalidValueError, shown

__all__ = ["filled_in"]

_FUNCTION = re.compile(r"[\w.]+:[\w.]+")
_SPANS = frozenset({"days", "hours", "minutes", "seconds"})


def filled_in(value: Any, where: str) -> Any:
    """Return *value* with everything in it that stands for something else replaced by that.

    Raises:
        InvalidValueError: if a variable is not set, or empty, or there is no such function or span.
    """
    if not isinstance(value, Mapping):
        # The options of gateways are tuples where they are several.
        return tuple(filled_in(inner, where) for inner in value) if isinstance(value, list) else value
    if in_environment(value):
        return _variable(value["env"], where)
    if set(value) == {"function"}:
        return _function(value["function"], where)
    if value and value.keys() <= _SPANS:
        return _span(value, where)
    return {name: filled_in(inner, f"{where}.{name}") for name, inner in value.items()}


def _variable(name: str, where: str) -> str:
    found = os.environ.get(name, "")
    if not found:
        raise InvalidValueError(
            f"{where} is taken from the environment variable {name}, which is not set.", field=where
        )
    return found


def _function(path: object, where: str) -> Any:
    if not isinstance(path, str) or not _FUNCTION.fullmatch(path):
        raise InvalidValueError(
            f'{where} names no function; write it as {{ function = "tea_shop.cards:issue" }}.', field=where
        )
    try:
        function = resolve_name(path)
    except Exception as error:  # noqa: BLE001 - whatever a shop's module raises, and it may lead to a secret
        raise InvalidValueError(
            f"{where} is the function {path}, which cannot be imported ({type(error).__name__}).", field=where
        ) from None
    if not callable(function):
        raise InvalidValueError(f"{where} is {path}, which is no function.", field=where)
    return function


def _span(parts: Mapping[str, Any], where: str) -> timedelta:
    try:
        return timedelta(**parts)
    except (TypeError, ValueError, OverflowError):
        raise InvalidValueError(
            f"{where} is {shown(dict(parts))}, which is no span of time, such as {{ days = 7 }}.", field=where
        ) from None
