"""Sessions of requests: what the clients of Stripe and PayPal send with."""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from requests import Session

__all__ = ["own_session"]

_NAME: Final = ("requests.sessions", "Session")


def own_session() -> Session:
    """Make a session of requests' own, whatever other code has put in its place for the whole process.

    A cache there (``requests_cache.install_cache()``) would tell what was true yesterday. No cookie is kept:
    nothing that one request leaves behind may change another.
    """
    known = import_module("requests").Session
    classes = reversed(getattr(known, "__mro__", ()))
    own = next((kind for kind in classes if (kind.__module__, kind.__name__) == _NAME), known)
    session: Session = own()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session
