"""Deliverers: built from the file, with what a file cannot hold given by the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

from refundkit.cli.filling import filled_in
from refundkit.deliverers.base import Deliverer
from refundkit.model.orders import Order
from refundkit.plugins import deliverer_kinds, load_deliverers
from refundkit.policy.goods import Revocation

__all__ = ["open_deliverers"]


def open_deliverers(
    configured: Mapping[str, Mapping[str, Any]], order: Callable[[str], Order], revocation: Revocation
) -> tuple[Deliverer, ...]:
    """Build every deliverer; one that asks for ``order`` or ``revocation`` gets what the desk has.

    Raises:
        InvalidValueError: if an environment variable is not set.
        PluginError: if a kind is not installed, or its options are wrong.
    """
    known, kinds = {"order": order, "revocation": revocation}, deliverer_kinds()
    options: dict[str, Mapping[str, Any]] = {}
    for name, settings in configured.items():
        filled = filled_in(settings, f"deliverers.{name}")
        asked = _parameters(kinds, filled.get("kind", name))
        options[name] = {**{key: value for key, value in known.items() if key in asked}, **filled}
    return load_deliverers(options)


def _parameters(kinds: Mapping[str, type[Deliverer]], kind: object) -> frozenset[str]:
    """Return the options that a kind takes; of an unknown one none, which `load_deliverers` explains."""
    made = kinds.get(kind) if isinstance(kind, str) else None
    return frozenset() if made is None else frozenset(signature(made).parameters)
