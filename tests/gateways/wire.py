"""A loopback HTTP server that answers as it is told, faults included, and remembers what it was asked."""

import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it arrived; ``form`` holds the query or the form, flat."""

    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What to answer; ``fault`` is "reset", "hang" (until the server ends) or "truncate"."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""

    @property
    def raw(self) -> bytes:
        """The body as bytes; anything but bytes is sent as JSON."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def refusal(status: int, message: str = "No.", **error: Any) -> Reply:
    """Answer like Stripe does when it says no."""
    return Reply({"error": {"type": "invalid_request_error", "message": message, **error}}, status)


class Wire:
    """The script: what to answer where, and what was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.ended = threading.Event()
        self._routes: dict[str, deque[Any]] = {}

    def on(self, route: str, *replies: Reply | dict[str, Any] | Callable[[Asked], Any]) -> None:
        """Answer *route* ("POST /v1/refunds") with each of *replies* in turn, and then with the last again."""
        self._routes[route] = deque(replies)

    def reply_to(self, asked: Asked) -> Reply:
        """Find the answer to *asked*."""
        self.asked.append(asked)
        replies = self._routes.get(f"{asked.method} {asked.path}")
        if not replies:
            return refusal(404, f"Unrecognized request URL ({asked.method}: {asked.path}).")
        reply = replies.popleft() if len(replies) > 1 else replies[0]
        answer = reply(asked) if callable(reply) else reply
        return answer if isinstance(answer, Reply) else Reply(answer)


@contextmanager
def running() -> Iterator[Wire]:
    """Run a wire on a free loopback port."""
    wire = Wire()

    class Handler(_Handler):
        script = wire

    with _Server(("127.0.0.1", 0), Handler) as server:
        wire.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield wire
        finally:
            wire.ended.set()
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # the default of 5 resets the sixth of many threads that come at once

    def shutdown_request(self, request: Any) -> None:
        """Only close: a shutdown before it would say goodbye (FIN) where a reset is wanted."""
        request.close()


class _Handler(BaseHTTPRequestHandler):
    script: Wire

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the overridden one
        """Keep stderr clean."""

    def _answer(self) -> None:
        reply = self.script.reply_to(self._asked())
        if reply.fault == "reset":
            self._reset()
        elif reply.fault == "hang":
            self.script.ended.wait()
        else:
            self._send(reply)

    def _asked(self) -> Asked:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        is_form = "form" in self.headers.get("content-type", "")
        form = dict(parse_qsl(body.decode() if is_form else parts.query))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Asked(self.command, parts.path, headers, form, body)

    def _send(self, reply: Reply) -> None:
        length = len(reply.raw) + (100 if reply.fault == "truncate" else 0)
        self.send_response(reply.status)
        for name, value in {"content-type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(length))
        self.end_headers()
        self.wfile.write(reply.raw)

    def _reset(self) -> None:
        # Lingering for 0 seconds makes close() send RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
