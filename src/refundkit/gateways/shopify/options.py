"""The options of the Shopify gateway, and what each of them may be."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from attrs import frozen

from refundkit.errors import InvalidValueError, shown
from refundkit.gateways.guards import check_timeout, check_url

__all__ = [
    "API_VERSION",
    "OLDEST_VERSION",
    "Connection",
    "checked_test",
    "is_token",
    "token_source",
]

# The version that these readings were written for.
API_VERSION: Final = "2026-10"
# The first one with @idempotent: before it, a lost answer cannot be asked for again.
OLDEST_VERSION: Final = "2026-01"

_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,60}\.myshopify\.com", re.ASCII)
_VERSION = re.compile(r"20[0-9]{2}-(?:01|04|07|10)", re.ASCII)


@frozen(kw_only=True)
class Connection:
    """Where Shopify is asked and how long that may take: ``timeout`` is (connect, read) in seconds."""

    shop: str
    api_version: str
    base_url: str | None
    timeout: tuple[float, float]

    def __attrs_post_init__(self) -> None:
        _check_shop(self.shop)
        _check_version(self.api_version)
        check_timeout(self.timeout)
        if self.base_url is not None:
            check_url(self.base_url, "the token")

    @property
    def url(self) -> str:
        """Where every document is posted to."""
        base = self.base_url or f"https://{self.shop}"
        return f"{base.rstrip('/')}/admin/api/{self.api_version}/graphql.json"


def _check_shop(shop: object) -> None:
    if not isinstance(shop, str) or not _SHOP.fullmatch(shop):
        raise InvalidValueError(
            f"{shown(shop)} is no shop such as 'example.myshopify.com'; the token is sent there, so it "
            "must be the shop's own myshopify.com name, in lower case.",
            field="shop",
            value=shop,
        )


def _check_version(version: object) -> None:
    # Versions are dates, so that text compares as time does.
    if not isinstance(version, str) or not _VERSION.fullmatch(version) or version < OLDEST_VERSION:
        raise InvalidValueError(
            f"api_version must be a quarter such as {API_VERSION!r}, {OLDEST_VERSION} or newer (the first one "
            f"with idempotency keys), not {shown(version)}.",
            field="api_version",
            value=version,
        )


def token_source(token: object) -> Callable[[], str]:
    """Return what gives the token: *token* itself if it can be called, or a function that returns it."""
    if callable(token):
        return token
    if not is_token(token):
        # The value stays out of the message: it is a secret all the same.
        raise InvalidValueError(
            "token must be an Admin API access token (shpat_…), or a function that returns one.",
            field="token",
        )
    fixed = str(token)
    return lambda: fixed


def is_token(token: object) -> bool:
    """Whether *token* can go into a header; shorter ones are no secrets and may not be redacted."""
    return isinstance(token, str) and 8 <= len(token) <= 1_000 and token.isascii() and token.isprintable()


def checked_test(test: object) -> bool | None:
    """Require True, False or None."""
    if test is not None and type(test) is not bool:
        raise InvalidValueError(f"test must be True, False or None, not {shown(test)}.", field="test")
    return test
