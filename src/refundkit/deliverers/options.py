"""What several deliverers ask of their options."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import ParamSpec, TypeVar

from refundkit.errors import DeliveryError, InvalidValueError

__all__ = ["MIN_SECRET", "asked", "checked_function", "checked_name", "checked_secrets", "utc_now"]

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object] | None)

# What an attacker could try out is no secret.
MIN_SECRET = 16


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def asked(function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """Call what the shop brought along; whatever it raises stays there, because it may lead to a secret.

    Raises:
        DeliveryError: as the function did, or for anything else that it raised.
    """
    cause = ""
    try:
        return function(*args, **options)
    except DeliveryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a shop's function raises
        cause = type(error).__name__
    raise DeliveryError(f"The shop's own function raised {cause}.")


def checked_function(function: F, name: str) -> F:
    """Require that the shop's own function *name* can be called, if there is one.

    Raises:
        InvalidValueError: before a delivery fails on it, again and again.
    """
    if function is not None and not callable(function):
        raise InvalidValueError(
            f"{name} must be a function, not {type(function).__name__}.", field=name, value=function
        )
    return function


def checked_name(name: object, default: str) -> str:
    """Require a name, or take the *default*.

    Raises:
        InvalidValueError: if it is none.
    """
    name = default if name is None else name
    if not isinstance(name, str) or not name.strip():
        raise InvalidValueError(f"A deliverer's name is a text, not {name!r}.", field="name", value=name)
    return name


def checked_secrets(secrets: object) -> tuple[str, ...]:
    """Require signing secrets: one, or several while one is replaced, the newest first.

    Raises:
        InvalidValueError: if one of them is none, or so short that it could be guessed.
    """
    several = (secrets,) if isinstance(secrets, str) else secrets
    is_secret: Callable[[object], bool] = lambda it: isinstance(it, str) and len(it.strip()) >= MIN_SECRET  # noqa: E731
    if not isinstance(several, (tuple, list)) or not several or not all(map(is_secret, several)):
        raise InvalidValueError(
            f"secrets must be a random text of at least {MIN_SECRET} characters, or several of them, "
            "the newest first.",
            field="secrets",
        )
    return tuple(several)
