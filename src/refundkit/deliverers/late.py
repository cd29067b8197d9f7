"""Late imports: what only some deliverers need is imported when one of them is made."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from refundkit.errors import PluginError

__all__ = ["late_import"]


def late_import(library: str, *, kind: str) -> Any:
    """Import the *library* that deliverers of this *kind* are made with.

    Raises:
        PluginError: if it is not installed.
    """
    try:
        return import_module(library)
    except ImportError as error:
        raise PluginError(
            f"Deliverers of kind {kind} need {library}: pip install 'refundkit[deliveries]'."
        ) from error
