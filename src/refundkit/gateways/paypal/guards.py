"""What PayPal's own ids, credentials and secrets look like."""

from __future__ import annotations

import re
from typing import Final

from refundkit.errors import InvalidValueError, shown
from refundkit.gateways.records import scrubber

__all__ = ["checked_credential", "checked_id", "is_id", "plain"]

# Takes a text of PayPal's on one printable line, without tokens and card numbers (law S2).
plain: Final = scrubber(r"Bearer \S+|A21AA[A-Za-z0-9_-]+")

# PayPal writes [A-Z0-9]+; the SDK leaves "/" in a path as it is, so nothing else may come near one (law S5).
_ID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
# Half of an HTTP Basic header: no colon and nothing that HTTP would cut.
_CREDENTIAL = re.compile(r"[!-9;-~]{1,500}", re.ASCII)


def is_id(value: object) -> bool:
    """Whether *value* could be an id of PayPal's, and may go into a URL (law S5)."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def checked_id(value: object, what: str) -> str:
    """Require an id of PayPal's; *what* says of what.

    Raises:
        InvalidValueError: if it is none.
    """
    if isinstance(value, str) and is_id(value):
        return value
    raise InvalidValueError(
        f"{shown(value)} is no id of a PayPal {what}: letters, digits and - only.",
        field="reference",
        value=value,
    )


def checked_credential(value: object, name: str) -> str:
    """Require a client id or secret; the value stays out of the message."""
    if isinstance(value, str) and _CREDENTIAL.fullmatch(value):
        return value
    raise InvalidValueError(f"{name} must be that of a REST app in PayPal's dashboard.", field=name)
