"""What all sandboxes share: a server that ends cleanly, a log, one request at a time, and a fault script."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Self
from urllib.parse import urlsplit

import pytest

from refundkit.testing.sandbox import Fault, Reply, Request, Sandbox


class Counter(Sandbox):
    """A vendor that counts what it executed."""

    def __init__(self) -> None:
        super().__init__()
        self.executed = 0
        self.inside = 0

    def handle(self, request: Request) -> Reply:
        """Count; POST /bug is one, POST /slow takes its time."""
        self.inside += 1
        assert self.inside == 1
        if request.path == "/bug":
            raise ZeroDivisionError
        if request.path == "/slow":
            time.sleep(0.001)
        self.executed += 1
        self.inside -= 1
        return Reply(status=201, headers={"X-Count": str(self.executed)}, body={"count": self.executed})

    def is_faulty(self, request: Request) -> bool:
        """Spare the token requests."""
        return request.path != "/token"


@pytest.fixture(name="sandbox")
def opened() -> Iterator[Counter]:
    """Open a sandbox."""
    with Counter() as sandbox:
        yield sandbox


class Caller:
    """A client with one kept connection."""

    def __init__(self, sandbox: Sandbox, timeout_seconds: float = 10) -> None:
        parts = urlsplit(sandbox.url)
        self.connection = http.client.HTTPConnection("127.0.0.1", parts.port or 0, timeout=timeout_seconds)

    def post(self, path: str = "/", body: bytes = b"{}") -> tuple[int, bytes]:
        """Ask, and return status and body."""
        self.connection.request("POST", path, body, {"Content-Type": "application/json", "X-Name": "value"})
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def test_a_request_is_handed_over_whole_and_logged(sandbox: Counter) -> None:
    """Method, path, query, headers in lower case, and the raw body."""
    with Caller(sandbox) as caller:
        assert caller.post("/a/b?x=1&y=%26&x=2", b'{"n": 1}') == (201, b'{"count": 1}')
    (request,) = sandbox.requests
    assert (request.method, request.path, request.query) == ("POST", "/a/b", {"x": "2", "y": "&"})
    assert request.headers["x-name"] == "value"
    assert (request.body, request.json()) == (b'{"n": 1}', {"n": 1})


def test_a_connection_is_kept_and_fast(sandbox: Counter) -> None:
    """Nagle's algorithm would cost 40 ms for each of these requests."""
    with Caller(sandbox) as caller:
        caller.post()
        started = time.perf_counter()
        for _ in range(20):
            caller.post()
        assert time.perf_counter() - started < 0.5


def test_requests_are_handled_one_at_a_time(sandbox: Counter) -> None:
    """Sixteen clients at once, and the state of the sandbox needs no lock of its own."""

    def ask() -> None:
        with Caller(sandbox) as caller:
            caller.post("/slow")

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sandbox.executed == len(sandbox.requests) == 16


@pytest.mark.parametrize(
    ("fault", "status", "executed"),
    [
        (Fault.CONFLICT_409, 409, 0),
        (Fault.RATE_LIMIT_429, 429, 0),
        (Fault.THROTTLED, 429, 0),
        (Fault.SERVER_ERROR_500, 500, 0),
        (Fault.UNAVAILABLE_503_HTML, 503, 0),
        (Fault.GARBAGE, 200, 1),
    ],
)
def test_a_fault_that_answers(sandbox: Counter, fault: Fault, status: int, executed: int) -> None:
    """The answer says what the fault says, once; then all is well again."""
    sandbox.faults.append(fault)
    with Caller(sandbox) as caller:
        assert caller.post()[0] == status
        assert sandbox.executed == executed
        assert caller.post()[0] == 201


def test_too_many_requests_say_when_to_come_back(sandbox: Counter) -> None:
    """As a header, in seconds."""
    sandbox.faults.append(Fault.RATE_LIMIT_429)
    with Caller(sandbox) as caller:
        caller.connection.request("POST", "/")
        answer = caller.connection.getresponse()
        answer.read()
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE_503_HTML, Fault.GARBAGE])
def test_a_page_of_html(sandbox: Counter, fault: Fault) -> None:
    """Where JSON should be."""
    sandbox.faults.append(fault)
    with Caller(sandbox) as caller:
        assert caller.post()[1].startswith(b"<html>")


@pytest.mark.parametrize(
    ("fault", "executes", "raised", "executed"),
    [
        (Fault.RESET, None, ConnectionResetError, 0),
        (Fault.RESET, True, ConnectionResetError, 1),
        (Fault.LOST_REPLY, None, http.client.RemoteDisconnected, 1),
        (Fault.LOST_REPLY, False, http.client.RemoteDisconnected, 0),
        (Fault.TRUNCATED, None, http.client.IncompleteRead, 1),
        (Fault.HANG, None, TimeoutError, 0),
        (Fault.HANG, True, TimeoutError, 1),
    ],
)
def test_a_fault_that_does_not_answer(
    sandbox: Counter, fault: Fault, *, executes: bool | None, raised: type[Exception], executed: int
) -> None:
    """The client sees what it would see, and the books changed or did not."""
    sandbox.faults.append(fault, executes=executes)
    with Caller(sandbox, 0.2 if fault is Fault.HANG else 10) as caller, pytest.raises(raised):
        caller.post()
    assert sandbox.executed == executed
    with Caller(sandbox) as caller:
        assert caller.post()[0] == 201


def test_half_of_an_answer_is_half_of_it(sandbox: Counter) -> None:
    """With the length of the whole."""
    sandbox.faults.append(Fault.TRUNCATED)
    with Caller(sandbox) as caller, pytest.raises(http.client.IncompleteRead) as cut:
        caller.post()
    assert cut.value.partial == b'{"coun'


def test_faults_happen_to_the_requests_that_they_name(sandbox: Counter) -> None:
    """The sandbox may spare some requests, and a test may choose."""
    sandbox.faults.append(Fault.CONFLICT_409)
    sandbox.faults.append(Fault.SERVER_ERROR_500, where=lambda request: request.path == "/token")
    with Caller(sandbox) as caller:
        assert caller.post("/token")[0] == 500
        assert caller.post("/token")[0] == 201
        assert len(sandbox.faults) == 1
        assert caller.post("/other")[0] == 409
        assert caller.post("/other")[0] == 201


def test_faults_happen_in_order_and_can_be_forgotten(sandbox: Counter) -> None:
    """One per request."""
    sandbox.faults.extend(Fault.CONFLICT_409, Fault.RATE_LIMIT_429, Fault.SERVER_ERROR_500)
    with Caller(sandbox) as caller:
        assert [caller.post()[0] for _ in range(2)] == [409, 429]
        sandbox.faults.clear()
        assert caller.post()[0] == 201


def test_closing_ends_hanging_and_kept_connections_at_once() -> None:
    """No thread is left, and nobody waits for a timeout."""
    before = threading.active_count()
    with Counter() as sandbox:
        sandbox.faults.append(Fault.HANG, where=lambda request: request.path == "/hang")
        hanging = socket.create_connection(("127.0.0.1", urlsplit(sandbox.url).port or 0))
        hanging.sendall(b"POST /hang HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        silent = socket.create_connection(("127.0.0.1", urlsplit(sandbox.url).port or 0))
        kept = Caller(sandbox)
        while all(request.path != "/hang" for request in sandbox.requests):
            kept.post()
        started = time.perf_counter()
    assert time.perf_counter() - started < 2
    assert threading.active_count() == before
    for connection in (hanging, silent, kept.connection):
        connection.close()


def test_a_closed_sandbox_has_no_address() -> None:
    """It says what to do."""
    with pytest.raises(RuntimeError, match="with"):
        _ = Counter().url


def test_a_closed_sandbox_may_be_closed_again() -> None:
    """And listens no more."""
    sandbox = Counter().open()
    address = ("127.0.0.1", urlsplit(sandbox.url).port or 0)
    sandbox.close()
    sandbox.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_a_bug_in_a_sandbox_does_not_pass_for_a_fault() -> None:
    """The client gets a 500, and closing raises the bug."""
    sandbox = Counter().open()
    with Caller(sandbox) as caller:
        status, body = caller.post("/bug")
    assert (status, json.loads(body)) == (500, {"sandbox": "ZeroDivisionError"})
    with pytest.raises(RuntimeError, match="itself broke") as raised:
        sandbox.close()
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_nonsense_instead_of_http_is_a_bug_of_the_test() -> None:
    """A length that is none is told at the end, not swallowed."""
    sandbox = Counter().open()
    with socket.create_connection(("127.0.0.1", urlsplit(sandbox.url).port or 0)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n")
        assert connection.recv(100) == b""
    with pytest.raises(RuntimeError, match="itself broke"):
        sandbox.close()


def test_a_body_is_sent_as_it_is_or_as_json() -> None:
    """Bytes as they are, nothing as nothing, anything else as JSON."""
    assert [Reply(body=b"x").raw, Reply(body={"a": 1}).raw, Reply(status=204).raw] == [b"x", b'{"a": 1}', b""]


def test_the_time_is_the_clocks() -> None:
    """The system's, in UTC, unless a test brings one."""
    assert abs((Counter().clock() - datetime.now(UTC)).total_seconds()) < 10
