"""The part that all sandboxes share: a loopback server, a log of requests, a lock, and a fault script."""

from __future__ import annotations

import select
import socket
import struct
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from refundkit.testing.sandbox.faults import Fault, FaultScript, Planned
from refundkit.testing.sandbox.messages import Reply, Request

__all__ = ["Clock", "Reply", "Request", "Sandbox"]

Clock = Callable[[], datetime]
HTML = b"<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"
RETRY_AFTER_SECONDS = 1


def _now() -> datetime:
    return datetime.now(UTC)


class Sandbox(ABC):
    """A vendor in a thread: a context manager that listens on a free port of 127.0.0.1 at ``url``.

    A subclass says in `handle` what the vendor does; it is called for one request at a time, under ``lock``,
    which its helpers for tests take too. ``requests`` is the log of all that was asked, ``faults`` the
    script of what goes wrong. An exception in `handle` is answered with 500 and raised again by `close`.
    """

    def __init__(self, *, clock: Clock = _now) -> None:
        self.clock = clock
        self.requests: list[Request] = []
        self.faults = FaultScript(self.is_faulty)
        self.lock = threading.RLock()
        self._crashes: list[BaseException] = []
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @abstractmethod
    def handle(self, request: Request) -> Reply:
        """Answer one request as the vendor would; called under ``lock``."""

    def is_faulty(self, request: Request) -> bool:
        """Say whether a fault that names no requests may happen to this one (a token request, say, is none)."""
        return True

    def refusal(self, fault: Fault, request: Request) -> Reply:
        """Say in the vendor's own words what *fault* stands for: CONFLICT_409 to SERVER_ERROR_500, THROTTLED."""
        status = {Fault.CONFLICT_409: 409, Fault.SERVER_ERROR_500: 500}.get(fault, 429)
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == 429 else {}
        return Reply(status=status, headers=headers, body={"error": fault.name.lower()})

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        if self._server is None:
            raise RuntimeError("The sandbox is not open; use it in a `with` statement, or call open().")
        return f"http://127.0.0.1:{self._server.server_port}"

    def open(self) -> Self:
        """Start listening; `with` does it."""
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop listening, end every connection, and raise what `handle` has raised, if it has."""
        server, self._server = self._server, None
        if server is not None and self._thread is not None:
            server.shutdown()
            self._thread.join()
            server.end_connections()
            server.server_close()
        if self._crashes:
            raise RuntimeError("The sandbox itself broke; see the cause.") from self._crashes.pop(0)

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def crashed(self, error: BaseException) -> None:
        """Remember a bug of the sandbox, for `close` to raise."""
        self._crashes.append(error)

    def execute(self, request: Request) -> Reply:
        """Let the vendor's books change, whatever becomes of the answer."""
        try:
            with self.lock:
                return self.handle(request)
        except Exception as error:  # noqa: BLE001 - a bug of the sandbox must not look like a fault of the vendor's
            self.crashed(error)
            return Reply(status=500, body={"sandbox": type(error).__name__})


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # the default of 5 resets the sixth of many threads that come at once

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        # A byte that nobody ever reads wakes everybody who waits for the end.
        self.ended, self._end = socket.socketpair()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, and know of both, so that they can be ended."""
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self._guard:
            self._open[request] = thread
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection to its end."""
        super().process_request_thread(request, client_address)
        with self._guard:
            self._open.pop(request, None)

    def end_connections(self) -> None:
        """End all connections, also those that hang or are kept alive, and wait for their threads."""
        self._end.send(b"x")
        with self._guard:
            left = dict(self._open)
            for connection in left:
                _shut(connection)
        for thread in left.values():
            thread.join(10)
        self.ended.close()
        self._end.close()

    def shutdown_request(self, request: Any) -> None:
        """Only close: a shutdown before it would say goodbye (FIN) where a reset is wanted."""
        request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep stderr clean: that clients go away is what tests are about, anything else is a bug here."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.sandbox.crashed(error)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it was closed already


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without these two, each answer on a kept connection waits 40 ms for an acknowledgement (Nagle).
    disable_nagle_algorithm = True
    wbufsize = 65_536
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the overridden one
        """Keep stderr clean."""

    def _serve(self) -> None:
        sandbox = self.server.sandbox
        request = self._request()
        with sandbox.lock:
            sandbox.requests.append(request)
        met = sandbox.faults.take(request)
        if met is None:
            self._send(sandbox.execute(request))
        else:
            self._fail(met, request)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server's names

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        return Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )

    def _fail(self, met: Planned, request: Request) -> None:
        reply = self.server.sandbox.execute(request) if met.executes else Reply()
        if met.fault is Fault.HANG:
            select.select([self.connection, self.server.ended], [], [])
            self.close_connection = True
        elif met.fault is Fault.RESET:
            self._reset()
        elif met.fault is Fault.LOST_REPLY:
            self.close_connection = True
        elif met.fault is Fault.TRUNCATED:
            self._send_half(reply)
        else:
            self._send(self._disguised(met.fault, request, reply))

    def _disguised(self, fault: Fault, request: Request, reply: Reply) -> Reply:
        if fault is Fault.GARBAGE:
            return Reply(headers={"Content-Type": "text/html"}, body=HTML)
        if fault is Fault.UNAVAILABLE_503_HTML:
            return Reply(status=503, headers={"Content-Type": "text/html"}, body=HTML)
        return self.server.sandbox.refusal(fault, request)

    def _send(self, reply: Reply) -> None:
        self._head(reply)
        self.wfile.write(reply.raw)

    def _send_half(self, reply: Reply) -> None:
        self._head(reply)
        self.wfile.write(reply.raw[: len(reply.raw) // 2])
        self.close_connection = True

    def _head(self, reply: Reply) -> None:
        self.send_response(reply.status)
        headers: Mapping[str, str] = {"Content-Type": "application/json", **reply.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.raw)))
        self.end_headers()

    def _reset(self) -> None:
        # Lingering for 0 seconds makes close() send RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
