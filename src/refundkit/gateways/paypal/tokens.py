"""The access token: fetched once for all threads, given up early, replaced when PayPal refuses it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Final

from attrs import field, frozen

from refundkit.gateways.paypal.guards import plain
from refundkit.gateways.paypal.transport import Answer
from refundkit.processes import PerProcess

__all__ = ["NoTokenError", "Token", "Tokens", "token_of"]

# A token that ends while the request is on its way would be refused for nothing.
EARLY_SECONDS: Final = 60
# PayPal tells how long a token lives (about nine hours); should it not, it is trusted for this long.
UNTOLD_SECONDS: Final = 300
_TOKEN = re.compile(r"[!-~]{1,8000}", re.ASCII)


class NoTokenError(Exception):
    """PayPal gave no access token, so nothing else was asked; the message holds no secret."""


@frozen(eq=False)
class Token:
    """One access ``value``, good for so many ``seconds``. Two tokens are the same only if they are one."""

    value: str = field(repr=False)
    seconds: float


def token_of(answer: Answer) -> Token:
    """Read the answer to a token request.

    Raises:
        NoTokenError: if it holds no token.
    """
    record = answer.record or {}
    value, seconds = record.get("access_token"), record.get("expires_in")
    if answer.status != 200 or not isinstance(value, str) or not _TOKEN.fullmatch(value):
        error = plain(record.get("error"))
        raise NoTokenError(", ".join(part for part in (f"HTTP {answer.status}", error) if part))
    return Token(value, float(seconds) if type(seconds) is int and seconds >= 0 else UNTOLD_SECONDS)


class Tokens:
    """Hands out one token to all threads; *fetch* is never called by two of them at once.

    ``clock`` counts seconds. Whoever waited for another thread's *fetch* takes what came of it, a failure too:
    a queue in which each one tries for itself would hold the last of them beyond any deadline.
    """

    def __init__(self, fetch: Callable[[], Token], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = PerProcess(threading.Lock)
        self._failure: NoTokenError | None = None
        # Both in one attribute, so that no thread sees one without the other.
        self._held: tuple[Token, float] | None = None

    def current(self) -> Token:
        """Return a token that is good for a while."""
        held = self._held
        return held[0] if held is not None and self._clock() < held[1] else self.after(None)

    def after(self, refused: Token | None) -> Token:
        """Return another token than the one that PayPal *refused*; fetch it unless another thread just did.

        Raises:
            NoTokenError: if there is none to be had.
        """
        known = self._failure
        with self._lock():
            if self._failure is not None and self._failure is not known:
                raise NoTokenError(*self._failure.args)
            if self._held is None or self._held[0] is refused or self._clock() >= self._held[1]:
                token = self._fetched()
                early = min(EARLY_SECONDS, token.seconds / 2)
                self._held = (token, self._clock() + token.seconds - early)
            return self._held[0]

    def _fetched(self) -> Token:
        try:
            return self._fetch()
        except NoTokenError as failure:
            self._failure = NoTokenError(*failure.args)
            raise
