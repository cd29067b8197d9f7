"""A session with one shop: who asks, how often, and how long it waits when Shopify asks for patience."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from refundkit.gateways.guards import Hidden
from refundkit.gateways.outcomes import Meaning
from refundkit.gateways.shopify.answers import (
    Failure,
    Reply,
    failure_of_exception,
    failure_of_reply,
)
from refundkit.gateways.shopify.client import open_client, post
from refundkit.gateways.shopify.options import Connection, is_token, token_source
from refundkit.logs import get_logger

__all__ = ["MOST_SENDS", "PATIENCE_SECONDS", "Pacing", "Session", "utc_now"]

# Longer waits are the sweep's business: whoever called is waiting.
PATIENCE_SECONDS: Final = 5.0
MOST_SENDS: Final = 3

_log = get_logger("shopify")


def utc_now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


class Pacing:
    """How time passes: ``sleep`` waits so many seconds, ``clock`` says when it is (for deadlines)."""

    def __init__(
        self, sleep: Callable[[float], object] = time.sleep, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.sleep = sleep
        self.clock = clock

    def waits(self, failure: Failure, deadline: datetime | None) -> bool:
        """Wait as *failure* asks for, if that is short and ends before *deadline*; say whether it was done."""
        seconds = failure.wait_seconds
        if seconds is None or seconds > PATIENCE_SECONDS:
            return False
        if not self.allows(deadline, after_seconds=seconds):
            return False
        self.sleep(seconds)
        # Sleeping may take longer than asked for.
        return self.allows(deadline)

    def allows(self, deadline: datetime | None, *, after_seconds: float = 0) -> bool:
        """Whether something may still be sent then (None: at any time)."""
        return deadline is None or self.clock() + timedelta(seconds=after_seconds) < deadline


class Session:
    """Asks one shop. Only what was certainly not executed is sent again, word for word."""

    def __init__(self, connection: Connection, token: object, pacing: Pacing) -> None:
        self._connection = connection
        self._pacing = pacing
        self._token = Hidden(token_source(token))
        client = open_client(connection)
        self._client = Hidden(client)
        # Whoever drops the gateway leaves no connection open; nobody has to remember to close it.
        weakref.finalize(self, client.close)

    def ask(
        self, document: str, variables: Mapping[str, Any], *, deadline: datetime | None = None
    ) -> Reply | Failure:
        """Post *document*; return the reply if it holds a result. Nothing is sent again after *deadline*."""
        payload = {"query": document, "variables": dict(variables)}
        token = self._fresh_token()
        answer = self._sent(payload, token)
        for _ in range(MOST_SENDS - 1):
            if not isinstance(answer, Failure) or answer.meaning is not Meaning.NOT_EXECUTED:
                break
            renewed = self._fresh_token() if answer.http_status == 401 else token
            # An expired token is replaced by the next one at once; the same one again would not help.
            is_new = renewed != token and self._pacing.allows(deadline)
            if not is_new and not self._pacing.waits(answer, deadline):
                break
            token = renewed
            answer = self._sent(payload, token)
        return answer

    def _fresh_token(self) -> str | Failure:
        """Ask for the token; whatever its source raises stays there, because it may lead to a secret."""
        try:
            token = self._token()()
        except Exception as error:  # noqa: BLE001 - whatever a token function raises
            text = f"the token function raised {type(error).__name__}"
            return Failure(meaning=Meaning.NOT_EXECUTED, kind="no token", text=text)
        if is_token(token):
            return token
        return Failure(meaning=Meaning.NOT_EXECUTED, kind="no token", text="the token function gave no token")

    def _sent(self, payload: dict[str, Any], token: str | Failure) -> Reply | Failure:
        if isinstance(token, Failure):
            return token
        try:
            reply = post(self._client(), self._connection, payload, token)
        except Exception as error:  # noqa: BLE001 - httpx lets errors of ssl, socket and idna through too
            return failure_of_exception(error)
        self._check_version(reply)
        return failure_of_reply(reply) or reply

    def _check_version(self, reply: Reply) -> None:
        # An expired version is served by a newer one. What was executed is executed, so this is only told;
        # the reading is strict enough to refuse what it does not understand.
        wanted = self._connection.api_version
        if reply.version and reply.version != wanted:
            _log.warning("version.fell_forward", shop=self._connection.shop, asked=wanted, got=reply.version)
