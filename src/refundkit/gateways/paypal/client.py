"""The seam filled with paypal-checkout-serversdk 1.0.3, whose HTTP client is replaced where it is unsafe.

Left alone, that client has no timeout, fetches a token per thread, never replaces a refused one, follows
redirects (which turns a POST of a refund into a GET of the capture, with status COMPLETED), lets a netrc
file replace the access token, and takes HTML for a result. What is kept: its requests, its headers, its
encoders. This module imports the SDK; nothing else does.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from time import monotonic
from typing import Any, Final

import requests
from paypalcheckoutsdk.core import AccessTokenRequest, PayPalEnvironment, PayPalHttpClient
from paypalcheckoutsdk.payments import CapturesRefundRequest

from refundkit.gateways.bodies import as_they_come, latest_end, whole
from refundkit.gateways.guards import Hidden, as_it_is
from refundkit.gateways.outcomes import never_connected
from refundkit.gateways.paypal.guards import checked_id
from refundkit.gateways.paypal.tokens import NoTokenError, Token, Tokens, token_of
from refundkit.gateways.paypal.transport import Account, Answer, Resource, Silence
from refundkit.gateways.records import UnreadableError, strict_object
from refundkit.gateways.sessions import own_session
from refundkit.processes import PerProcess

__all__ = ["GuardedClient", "SDKTransport"]

MAX_ANSWER_BYTES: Final = 1024 * 1024
UNAUTHORIZED: Final = 401


class SDKTransport:
    """Sends through the SDK; may be shared by threads."""

    def __init__(self, account: Account) -> None:
        self._client = Hidden(GuardedClient(account))

    def refund(self, capture_id: str, body: Mapping[str, Any], key: str) -> Answer | Silence:
        """Send a refund under its idempotency key."""
        request = CapturesRefundRequest(checked_id(capture_id, "capture"))
        request.pay_pal_request_id(key)
        # Without it PayPal answers with id and status only, and nobody knows how much was given back.
        request.prefer("return=representation")
        # Always a body: without one PayPal gives back all that is left.
        return self._asked(request.request_body(dict(body)))

    def read(self, resource: Resource, identifier: str) -> Answer | Silence:
        """Read one resource."""
        return self._asked(_Read(resource.value.format(id=checked_id(identifier, resource.name.lower()))))

    def verify(self, body: bytes) -> Answer | Silence:
        """Let PayPal verify a webhook."""
        return self._asked(_Verification(body))

    def _asked(self, request: Any) -> Answer | Silence:
        try:
            answer: Answer = self._client().execute(request)
        except NoTokenError as error:
            return Silence(sent=False, why=f"no access token: {error}")
        except Exception as error:  # noqa: BLE001 - requests, urllib3 and the SDK raise whatever they like
            # Only its class: the exception leads to the request, and the request to the token (law S2).
            return Silence(sent=not _is_unsent(error), why=type(error).__name__)
        return answer


class _Read:
    verb = "GET"

    def __init__(self, path: str) -> None:
        self.path = path
        self.headers = {"Content-Type": "application/json"}


class _Verification:
    verb = "POST"
    path = "/v1/notifications/verify-webhook-signature"

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.headers = {"Content-Type": "application/json"}


class GuardedClient(PayPalHttpClient):  # type: ignore[misc]  # the SDK has no types
    """The SDK's client with timeouts, one locked token, answers read strictly, and sessions that nobody shares."""

    def __init__(self, account: Account) -> None:
        # Its own hosts are the old ones without -m, so the environment is made by hand.
        super().__init__(PayPalEnvironment(*account.credentials(), account.base_url, account.base_url))
        self._timeout = account.timeout
        self._local = PerProcess(threading.local)
        self._tokens = Tokens(self._new_token)

    def execute(self, request: Any) -> Answer:
        """Send *request* once; and once more under a new token if this one is refused: then nothing was executed.

        Raises:
            NoTokenError: if there is no token, or none in time; *request* was not executed then.
            Exception: whatever the network did.
        """
        ends = latest_end(self._timeout)
        token = self._tokens.current()
        answer = self._sent(request, token, ends)
        if answer.status != UNAUTHORIZED:
            return answer
        return self._sent(request, self._tokens.after(token), ends)

    def _sent(self, request: Any, token: Token, ends: float) -> Answer:
        # Whoever waited for the token, or for an answer that refused it, may have lost the turn to send.
        if monotonic() > ends:
            raise NoTokenError("it came too late")
        return self._exchange(request, f"Bearer {token.value}")

    def parse_response(self, response: requests.Response) -> Answer:
        """Read the answer, whatever its status: a JSON object of bounded size that comes in time, or none."""
        ends = latest_end(self._timeout)
        try:
            body = whole(as_they_come(response), limit=MAX_ANSWER_BYTES, ends=ends)
        except UnreadableError:
            body = b""
        headers = {name.lower(): value for name, value in response.headers.items()}
        record = strict_object(body)
        return Answer(status=response.status_code, headers=headers, record=record)

    def _new_token(self) -> Token:
        request = AccessTokenRequest(self.environment)
        try:
            answer = self._exchange(request, request.headers["Authorization"])
        except Exception as error:  # noqa: BLE001 - whatever the network did, nothing but a token was asked for
            why = type(error).__name__
        else:
            return token_of(answer)
        raise NoTokenError(why)

    def _exchange(self, request: Any, authorization: str) -> Answer:
        sent = copy.copy(request)
        sent.headers = {**request.headers, "Authorization": authorization}
        for injector in self._injectors:
            injector(sent)
        sent.headers = self.format_headers({"User-Agent": self.get_user_agent(), **sent.headers})
        with self._session().request(
            sent.verb,
            self.environment.base_url + sent.path,
            headers=sent.headers,
            data=self._encoded(sent),
            timeout=self._timeout,
            allow_redirects=False,
            stream=True,
            auth=as_it_is,
        ) as response:
            return self.parse_response(response)

    def _encoded(self, sent: Any) -> Any:
        body = getattr(sent, "body", None)
        return body if body is None or isinstance(body, bytes) else self.encoder.serialize_request(sent)

    def _session(self) -> requests.Session:
        local = self._local()
        session: requests.Session | None = local.__dict__.get("session")
        if session is None:
            session = local.session = own_session()
        return session


def _is_unsent(error: Exception) -> bool:
    return isinstance(error, requests.ConnectionError) and never_connected(error)
