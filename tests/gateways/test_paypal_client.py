"""What is wrong with the SDK's HTTP client, one test for each flaw (facts: §1), and that ours has none of it."""

import gzip
import json
import pickle
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from refundkit.errors import GatewayError, GatewayUnavailableError, InvalidValueError, OutcomeUnknownError
from refundkit.gateways.guards import Hidden
from refundkit.gateways.paypal import Account, Answer, Resource, Silence
from refundkit.gateways.paypal.client import MAX_ANSWER_BYTES, GuardedClient, SDKTransport
from refundkit.gateways.paypal.tokens import NoTokenError, Token, Tokens, token_of
from refundkit.model.refunds import RefundStatus
from refundkit.testing.sandbox import Fault
from refundkit.testing.sandbox.paypal import TOKEN_PATH, PayPalSandbox
from tests.gateways import wire
from tests.gateways.paypal_cases import (
    CLIENT_ID,
    SECRET,
    call,
    capture_record,
    gateway,
    order_record,
    payment,
    refund,
    refund_record,
)

TOKEN = {"access_token": "A21AAsecret", "token_type": "Bearer", "expires_in": 32_400}
REFUND_PATH = "/v2/payments/captures/3C679366HH908993F/refund"


@pytest.fixture(name="paypal")
def opened() -> Iterator[PayPalSandbox]:
    """Open a PayPal."""
    with PayPalSandbox() as sandbox:
        yield sandbox


@pytest.fixture(name="script")
def scripted() -> Iterator[wire.Wire]:
    """Run a PayPal that answers as it is told, with a token for everybody."""
    with wire.running() as running:
        running.on(f"POST {TOKEN_PATH}", TOKEN)
        yield running


def ask(script: wire.Wire, **options: Any) -> Any:
    """Refund through the real SDK."""
    ours = gateway(base_url=script.url, **options)
    return ours.refund(call(ours))


def token_is_asked(asked: Any) -> bool:
    """Pick the token requests."""
    return asked.path == TOKEN_PATH


# 1: the SDK has a timeout that nothing uses.


def test_a_dead_peer_does_not_hold_us_forever(paypal: PayPalSandbox) -> None:
    """SwagPayPal #262: workers that wait for good."""
    source = paypal.capture("50.00", "EUR")
    ours = paypal.gateway(timeout=(5, 0.2))
    paypal.faults.append(Fault.HANG)
    with pytest.raises(OutcomeUnknownError, match=r"ReadTimeout|ConnectionError"):
        ours.refund(call(ours, refund(), source))


# 2, 3, 12: tokens.


def test_sixteen_threads_fetch_one_token(paypal: PayPalSandbox) -> None:
    """A token for each transaction ends in RATE_LIMIT_REACHED (nopCommerce #7036)."""
    source = paypal.capture("50.00", "EUR")
    ours = paypal.gateway()
    start = threading.Barrier(16)
    done: list[Any] = []

    def give_back(number: int) -> None:
        asking = call(ours, refund("1.00", name=f"return-{number}"), source)
        start.wait()
        done.append(ours.refund(asking).status)

    threads = [threading.Thread(target=give_back, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [RefundStatus.SUCCEEDED] * 16
    assert paypal.tokens == 1
    assert len(paypal.refunds(source.reference)) == 16


def test_a_revoked_token_is_replaced_once(paypal: PayPalSandbox) -> None:
    """401 means that nothing was executed, so asking again is safe; the SDK would fail for nine hours."""
    source = paypal.capture("50.00", "EUR")
    ours = paypal.gateway()
    ours.fetch((source,))
    paypal.revoke_tokens()
    assert ours.refund(call(ours, refund(), source)).status is RefundStatus.SUCCEEDED
    assert (paypal.tokens, len(paypal.refunds(source.reference))) == (2, 1)


def test_a_new_token_that_is_refused_as_well_is_a_wrong_configuration(script: wire.Wire) -> None:
    """Nothing was executed, and asking a third time would not help."""
    script.on(f"POST {REFUND_PATH}", wire.Reply({"error": "invalid_token"}, 401))
    with pytest.raises(GatewayUnavailableError, match="client_secret") as refused:
        ask(script)
    assert refused.value.code == "invalid_token"
    assert [asked.path for asked in script.asked] == [TOKEN_PATH, REFUND_PATH] * 2


def test_a_wrong_secret_is_told_as_such(paypal: PayPalSandbox) -> None:
    """Nothing was asked but for a token."""
    ours = paypal.gateway(client_secret="wrong")
    with pytest.raises(GatewayUnavailableError, match=r"invalid_client.*client_secret"):
        ours.refund(call(ours))
    assert [asked.path for asked in paypal.requests] == [TOKEN_PATH]


@pytest.mark.parametrize(
    "fault",
    [Fault.LOST_REPLY, Fault.RESET, Fault.HANG, Fault.TRUNCATED, Fault.GARBAGE, Fault.RATE_LIMIT_429,
     Fault.SERVER_ERROR_500, Fault.UNAVAILABLE_503_HTML],
)  # fmt: skip
def test_without_a_token_nothing_was_executed(paypal: PayPalSandbox, fault: Fault) -> None:
    """However the token request fails, the refund was not sent: that is certain."""
    source = paypal.capture("50.00", "EUR")
    ours = paypal.gateway(timeout=(5, 0.3))
    paypal.faults.append(fault, where=token_is_asked)
    with pytest.raises(GatewayUnavailableError, match="no access token"):
        ours.refund(call(ours, refund(), source))
    assert paypal.refunds(source.reference) == ()
    assert ours.refund(call(ours, refund(), source)).status is RefundStatus.SUCCEEDED


def test_a_token_is_given_up_a_minute_early() -> None:
    """One that ends on the way would be refused for nothing."""
    now = 1_000.0
    fetched = iter(range(9))
    tokens = Tokens(lambda: Token(f"t{next(fetched)}", 600), clock=lambda: now)
    assert tokens.current().value == "t0"
    now += 539
    assert tokens.current().value == "t0"
    now += 1
    assert tokens.current().value == "t1"


def test_a_token_that_lives_shortly_is_used_all_the_same() -> None:
    """Half of its life, so that not every request asks for a new one."""
    now = 0.0
    fetched = iter(range(9))
    tokens = Tokens(lambda: Token(f"t{next(fetched)}", 10), clock=lambda: now)
    assert [tokens.current().value, tokens.current().value] == ["t0", "t0"]
    now = 5.0
    assert tokens.current().value == "t1"


def test_only_the_refused_token_is_replaced() -> None:
    """The second thread that was refused takes the token which the first one fetched."""
    fetched = iter(range(9))
    tokens = Tokens(lambda: Token(f"t{next(fetched)}", 600))
    refused = tokens.current()
    assert tokens.after(refused).value == "t1"
    assert tokens.after(refused).value == "t1"


@pytest.mark.parametrize("seconds", [None, "600", 6.5, True, -1])
def test_a_token_without_its_life_is_taken(seconds: Any) -> None:
    """The SDK raises AttributeError."""
    answer = Answer(status=200, record={"access_token": "A21", "expires_in": seconds})
    assert token_of(answer).seconds == 300


@pytest.mark.parametrize(
    "answer",
    [Answer(status=200), Answer(status=200, record={"access_token": 5}), Answer(status=401, record=TOKEN),
     Answer(status=200, record={"access_token": "a\nb"}), Answer(status=200, record={"access_token": "é"})],
)  # fmt: skip
def test_what_is_no_token_goes_into_no_header(answer: Answer) -> None:
    """Nor does a token of a refusal."""
    with pytest.raises(NoTokenError, match="HTTP"):
        token_of(answer)


# 4: redirects.


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_no_refund(script: wire.Wire, status: int) -> None:
    """Followed, a 302 becomes a GET of the capture, whose status is COMPLETED; a 307 posts it elsewhere."""
    script.on(f"POST {REFUND_PATH}", wire.Reply(b"", status, {"Location": f"{script.url}/elsewhere"}))
    script.on("GET /elsewhere", capture_record())
    script.on("POST /elsewhere", refund_record())
    with pytest.raises(OutcomeUnknownError, match=f"HTTP {status}"):
        ask(script)
    assert [asked.path for asked in script.asked] == [TOKEN_PATH, REFUND_PATH]


# 5: netrc.


def test_a_netrc_file_does_not_replace_the_token(
    script: wire.Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token would be replaced by a password for that host, and every request refused."""
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login somebody password something\n")
    monkeypatch.setenv("NETRC", str(file))
    script.on(f"POST {REFUND_PATH}", wire.Reply(refund_record(), 201))
    ask(script)
    assert script.asked[1].headers["authorization"] == "Bearer A21AAsecret"


# 6: 2xx with anything but a JSON object.

UNREADABLE = {
    "html": wire.Reply(b"<html>ok</html>", 200, {"content-type": "text/html"}),
    "text": wire.Reply(b"OK", 201, {"content-type": "text/plain"}),
    "xml": wire.Reply(b"<a/>", 201, {"content-type": "application/xml"}),
    "list": wire.Reply([refund_record()], 201),
    "number": wire.Reply(b"7", 201),
    "true": wire.Reply(b"true", 201),
    "null": wire.Reply(b"null", 201),
    "empty": wire.Reply(b"", 201),
    "half": wire.Reply(json.dumps(refund_record()).encode()[:80], 201),
    "truncated": wire.Reply(refund_record(), 201, fault="truncate"),
    "NaN": wire.Reply(b'{"id": NaN}', 201),
    "twice": wire.Reply(b'{"id": "A", "id": "B"}', 201),
    "deep": wire.Reply(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 201),
    "latin": wire.Reply('{"id": "é"}'.encode("latin-1"), 201),
    "digits": wire.Reply(b'{"id": ' + b"9" * 5_000 + b"}", 201),
    "endless": wire.Reply(b'{"id": "' + b"A" * (MAX_ANSWER_BYTES + 1) + b'"}', 201),
    "bomb": wire.Reply(gzip.compress(b"[" * 50_000_000), 201, {"content-encoding": "gzip"}),
    "no gzip": wire.Reply(b"{}", 201, {"content-encoding": "gzip"}),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_success_that_cannot_be_read_may_be_one(
    script: wire.Wire, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The money may have moved; and nothing is printed, as the SDK would."""
    script.on(f"POST {REFUND_PATH}", UNREADABLE[kind])
    with pytest.raises(OutcomeUnknownError):
        ask(script)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_look_that_cannot_be_read_changes_nothing(script: wire.Wire, kind: str) -> None:
    """It is not known what is true, which is not the same as "nothing"."""
    script.on("GET /v2/payments/captures/3C679366HH908993F", UNREADABLE[kind])
    with pytest.raises(GatewayUnavailableError):
        gateway(base_url=script.url).fetch((payment(),))


def test_a_packed_answer_is_read(script: wire.Wire) -> None:
    """The SDK asks for gzip."""
    packed = gzip.compress(json.dumps(refund_record()).encode())
    script.on(f"POST {REFUND_PATH}", wire.Reply(packed, 201, {"content-encoding": "gzip"}))
    assert ask(script).status is RefundStatus.SUCCEEDED
    assert script.asked[1].headers["accept-encoding"] == "gzip"


# 7: errors.


@pytest.mark.parametrize("status", [401, 409, 429, 500])
def test_errors_are_ours_and_pickle(script: wire.Wire, status: int) -> None:
    """The SDK's HttpError is an OSError that breaks every queue of jobs."""
    script.on(f"POST {REFUND_PATH}", wire.Reply({"name": "SOMETHING", "message": "No."}, status))
    with pytest.raises(GatewayError) as raised:
        ask(script)
    assert not isinstance(raised.value, OSError)
    again = pickle.loads(pickle.dumps(raised.value))  # noqa: S301 - what was just pickled
    assert (str(again), vars(again)) == (str(raised.value), vars(raised.value))


# 8: paths.


@pytest.mark.parametrize("name", ["x/../../captures/OTHER", "a/b", "..", "a?b", "", "é", "a b", "%2e"])
def test_an_id_that_is_none_reaches_no_path(script: wire.Wire, name: str) -> None:
    """Even if the gateway's own check were gone (law S5)."""
    transport = SDKTransport(_account(script.url))
    with pytest.raises(InvalidValueError):
        transport.read(Resource.CAPTURE, name)
    with pytest.raises(InvalidValueError):
        transport.refund(name, {}, "key")
    assert script.asked == []


# 9, 14: bodies.


def test_a_body_is_always_sent(script: wire.Wire) -> None:
    """PayPal takes an empty one for "everything that is left", and staff ask for {} instead of none."""
    script.on(f"POST {REFUND_PATH}", wire.Reply(refund_record(), 201))
    SDKTransport(_account(script.url)).refund("3C679366HH908993F", {}, "key")
    assert script.asked[1].body == b"{}"
    assert script.asked[1].headers["prefer"] == "return=representation"


# 11: connections.


def test_a_thread_keeps_its_connection_and_has_its_own(paypal: PayPalSandbox) -> None:
    """A new TLS connection for each request takes longer than the request."""
    client = GuardedClient(_account(paypal.url))
    ours = client._session()
    theirs: list[Any] = []
    thread = threading.Thread(target=lambda: theirs.append(client._session()))
    thread.start()
    thread.join()
    assert client._session() is ours
    assert theirs != [ours]


def test_no_cookie_is_kept(script: wire.Wire) -> None:
    """Nothing that one request leaves behind may change another."""
    cookie = {"Set-Cookie": "session=1; Path=/"}
    script.on("GET /v2/payments/captures/3C679366HH908993F", wire.Reply(capture_record(), 200, cookie))
    script.on("GET /v2/checkout/orders/5O190127TN364715T", wire.Reply(order_record(), 200, cookie))
    script.on("GET /v1/customer/disputes", wire.Reply({"items": []}, 200, cookie))
    gateway(base_url=script.url).fetch((payment(),))
    assert len(script.asked) == 4
    assert not any("cookie" in asked.headers for asked in script.asked)


# 15: what was certainly not sent.


def test_a_refused_connection_is_certainly_unsent() -> None:
    """Nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    ours = gateway(base_url=f"http://127.0.0.1:{port}")
    with pytest.raises(GatewayUnavailableError, match="nothing was executed"):
        ours.refund(call(ours))


def test_a_refused_connection_after_the_token_is_certainly_unsent_too(script: wire.Wire) -> None:
    """Also when the token was fetched before."""
    client = GuardedClient(_account(script.url))
    client._tokens.current()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    client.environment.base_url = f"http://127.0.0.1:{port}"
    transport = SDKTransport(_account(script.url))
    transport._client = Hidden(client)
    assert transport.refund("A1", {}, "key") == Silence(sent=False, why="ConnectionError")


@pytest.mark.parametrize("fault", ["reset", "hang"])
def test_silence_after_sending_is_not_certain(script: wire.Wire, fault: str) -> None:
    """A reset before and one after the request arrived look the same."""
    script.on(f"POST {REFUND_PATH}", wire.Reply(fault=fault))
    transport = SDKTransport(_account(script.url, timeout=(5, 0.2)))
    silence = transport.refund("3C679366HH908993F", {}, "key")
    assert isinstance(silence, Silence)
    assert silence.sent


def test_the_sdks_own_headers_are_sent(script: wire.Wire) -> None:
    """PayPal knows who is calling."""
    script.on(f"POST {REFUND_PATH}", wire.Reply(refund_record(), 201))
    ask(script)
    for asked in script.asked:
        assert asked.headers["sdk_name"] == "Checkout SDK"
        assert asked.headers["user-agent"].startswith("PayPalSDK/")


def _account(url: str, timeout: tuple[float, float] = (5, 30)) -> Account:
    return Account(credentials=Hidden((CLIENT_ID, SECRET)), base_url=url, timeout=timeout)
