"""What every vendor's gateway asks of its options, and how it keeps its secrets."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from refundkit.errors import InvalidValueError, PluginError, shown
from refundkit.hidden import Hidden

__all__ = [
    "Hidden",
    "as_it_is",
    "check_timeout",
    "check_url",
    "checked_secrets",
    "is_any_of",
    "late_import",
]

T = TypeVar("T")

MAX_SECONDS: Final = 600
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def check_timeout(timeout: Any) -> None:
    """Require (connect, read) in seconds.

    Raises:
        InvalidValueError: if it is anything else, or would wait for ten minutes.
    """
    pair = timeout if isinstance(timeout, tuple) else ()
    if len(pair) != 2 or not all(type(part) in (int, float) and 0 < part < MAX_SECONDS for part in pair):
        raise InvalidValueError(
            f"timeout must be (connect, read) in seconds, such as (5, 30), not {shown(timeout)}.",
            field="timeout",
            value=timeout,
        )


def check_url(url: object, secret: str) -> None:
    """Require an address that the *secret* (its name, not its value) may be sent to.

    Raises:
        InvalidValueError: if others on the way could read along.
    """
    if not _is_safe(url):
        # The address stays out of the message: it may hold a password.
        raise InvalidValueError(
            f"base_url must begin with https:// (http:// only for this machine): {secret} is sent there.",
            field="base_url",
        )


def _is_safe(url: object) -> bool:
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def checked_secrets(secrets: object, what: str) -> tuple[str, ...]:
    """Require signing secrets, one or several; *what* says what each of them is.

    Raises:
        InvalidValueError: if one is none; an empty one would sign whatever anybody sends.
    """
    several = (secrets,) if isinstance(secrets, str) else secrets
    if not isinstance(several, tuple) or not all(map(_is_secret, several)):
        raise InvalidValueError(
            f"webhook_secrets must be {what}, or a tuple of them while one is replaced.",
            field="webhook_secrets",
        )
    return several


def _is_secret(secret: object) -> bool:
    return isinstance(secret, str) and secret.isascii() and secret.isprintable() and secret.strip() != ""


def is_any_of(given: Sequence[bytes], expected: Sequence[bytes]) -> bool:
    """Whether one of the signatures that were *given* is *expected*, in a time that does not tell which."""
    # A list, not any() over a generator, which would stop at the first one (law S1).
    matches = [hmac.compare_digest(one, other) for one in expected for other in given]
    return any(matches)


def as_it_is(request: T) -> T:
    """Stand in for an authentication of requests', which would otherwise look for one in a netrc file."""
    return request


@contextmanager
def late_import(service: str, library: str) -> Iterator[None]:
    """Surround the import of the *library* that the gateway to *service* is made with.

    The extra that brings it is called as the gateway is: ``refundkit[stripe]`` for "Stripe".

    Raises:
        PluginError: if it is not installed.
    """
    kind = service.lower()
    try:
        yield
    except ImportError as error:
        raise PluginError(
            f"The {service} gateway needs {library}: pip install 'refundkit[{kind}]'.", gateway=kind
        ) from error
