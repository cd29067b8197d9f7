"""A small server of a partner that hands over when it is called: it keeps books by idempotency key."""

from __future__ import annotations

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

LOSE = "lose"


class Receiver:
    """Open it with ``with``; ``answers`` are the next answers: a status, or LOSE to hang up after the work."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: deque[int | str] = deque()
        self.done: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def units(self, order_id: str, delivery_id: str) -> int:
        """Return how many units the customer has."""
        units = 0
        for told in self.done.values():
            if (told["order"], told["delivery"]) == (order_id, delivery_id):
                sign = {"deliver": 1, "redeliver": 0, "revoke": -1}[told["action"]]
                units = max(units + sign * told["units"], 0)
        return units

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int | str:
        """Do what was asked, once per key, and say what to answer."""
        with self._lock:
            self.requests.append((path, headers, body))
            answer = self.answers.popleft() if self.answers else 200
            if answer == LOSE or 200 <= int(answer) < 300:
                self.done.setdefault(headers["idempotency-key"], json.loads(body))
            return answer


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers["content-length"]))
            answer = receiver.take(self.path, headers, body)
            if answer == LOSE:
                self.close_connection = True
                return
            self.send_response(int(answer))
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    return Handler
