"""Secrets: they come from the environment, and a file that holds one itself is refused.

A configuration is copied, mailed and committed; what stands in it is no secret for long.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from refundkit.errors import InvalidValueError

__all__ = ["in_environment", "refuse_literals", "require_no_password"]

_NAMES = re.compile(
    r"(^|_)(key|secret|token|password|passphrase|passwd|credential|private|auth)s?(_|$)", re.IGNORECASE
)
# How keys of vendors begin, whatever the option is called in which they stand.
_LOOKS = re.compile(r"(sk|rk|whsec|shpat|shpss|shpca)_", re.ASCII)


def in_environment(value: object) -> bool:
    """Say whether *value* is ``{ env = "NAME" }``."""
    return isinstance(value, Mapping) and set(value) == {"env"} and isinstance(value["env"], str)


def refuse_literals(options: Mapping[str, Any], where: str) -> None:
    """Require that no secret stands in *options* itself.

    Raises:
        InvalidValueError: that names the option and the way out, never the value.
    """
    for name, value in options.items():
        if _holds_literal(value, is_secret=_NAMES.search(name) is not None):
            raise _literal(f"{where}.{name}", name)
        if isinstance(value, Mapping) and not in_environment(value):
            refuse_literals(value, f"{where}.{name}")


def _holds_literal(value: Any, *, is_secret: bool) -> bool:
    if isinstance(value, list):
        return any(_holds_literal(one, is_secret=is_secret) for one in value)
    return isinstance(value, str) and (is_secret or _LOOKS.match(value) is not None)


def _literal(path: str, name: str) -> InvalidValueError:
    variable = re.sub(r"\W", "_", path.partition(".")[2]).upper()
    return InvalidValueError(
        f"{path} holds a secret, and secrets do not belong in a file. Put it into the environment, "
        f'and write here: {name} = {{ env = "{variable}" }}. If the file was shared, replace the secret as well.',
        field=path,
    )


def require_no_password(url: str) -> None:
    """Require that the address of the database has no password in it.

    Raises:
        InvalidValueError: if it has one, without showing it.
    """
    try:
        parts = urlsplit(url)
        has_password = parts.password is not None or bool(
            parse_qs(parts.query).keys() & {"password", "passfile"}
        )
    except ValueError:
        has_password = "@" in url
    if has_password:
        raise _literal("store.url", "url")
