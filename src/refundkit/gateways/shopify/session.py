"""A session with one shop: who asks, under which token. Nobody waits here; the desk does."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from refundkit.gateways.bodies import latest_end
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
from refundkit.processes import PerProcess

if TYPE_CHECKING:
    import httpx

__all__ = ["Session"]

UNAUTHORIZED: Final = 401

_log = get_logger("shopify")


class Session:
    """Asks one shop."""

    def __init__(self, connection: Connection, token: object) -> None:
        self._connection = connection
        self._token = Hidden(token_source(token))
        clients = PerProcess(lambda: open_client(connection))
        clients()  # at once, so that a missing httpx is told where the gateway is made
        self._clients = Hidden(clients)
        # Whoever drops the gateway leaves no connection open; nobody has to remember to close it.
        weakref.finalize(self, _close, clients)

    def ask(self, document: str, variables: Mapping[str, Any]) -> Reply | Failure:
        """Post *document* once; and once more, word for word, under a new token if Shopify refuses this one."""
        payload = {"query": document, "variables": dict(variables)}
        ends = latest_end(self._connection.timeout)
        token = self._fresh_token()
        answer = self._sent(payload, token, ends)
        if not isinstance(answer, Failure) or answer.http_status != UNAUTHORIZED:
            return answer
        # Nothing was executed: the token had expired. The same one would be refused again.
        renewed = self._fresh_token()
        return answer if renewed == token else self._sent(payload, renewed, ends)

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

    def _sent(self, payload: dict[str, Any], token: str | Failure, ends: float) -> Reply | Failure:
        if isinstance(token, Failure):
            return token
        if monotonic() > ends:
            # Whoever waited for the token, or for an answer that refused it, may have lost the turn to send.
            return Failure(meaning=Meaning.NOT_EXECUTED, kind="no token", text="it came too late")
        try:
            reply = post(self._clients()(), self._connection, payload, token)
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


def _close(clients: PerProcess[httpx.Client]) -> None:
    for client in clients.made:
        client.close()
