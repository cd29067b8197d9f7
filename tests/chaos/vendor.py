"""A payment service in a process of its own: its books are the truth, and it is never killed.

It keeps idempotency keys, though not for ever; it loses requests and answers, is late, answers 5xx before and
after it has moved the money, says no, leaves refunds pending, and has some sent back by the bank. It does not
look at how much is left of a payment: nothing but the store keeps the cap.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import threading
import time
from collections.abc import Mapping
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
from attrs import define, field

from tests.chaos.shelf import Shelf

__all__ = ["KEYS_SECONDS", "TRAVEL_SECONDS", "serve", "signature"]

# How long a key is remembered, and how long a request may be on its way.
KEYS_SECONDS = 12.0
TRAVEL_SECONDS = 0.6

Message = Mapping[str, Any]


class Trouble(Enum):
    """What goes wrong with one request."""

    NONE = auto()
    LATE = auto()
    LOST_REQUEST = auto()
    LOST_ANSWER = auto()
    ERROR_BEFORE = auto()
    ERROR_AFTER = auto()
    GARBAGE = auto()


WEIGHTS = {
    Trouble.NONE: 60,
    Trouble.LATE: 8,
    Trouble.LOST_REQUEST: 6,
    Trouble.LOST_ANSWER: 10,
    Trouble.ERROR_BEFORE: 6,
    Trouble.ERROR_AFTER: 6,
    Trouble.GARBAGE: 4,
}


def signature(body: bytes) -> str:
    """Sign a webhook."""
    return hmac.new(b"secret", body, hashlib.sha256).hexdigest()


@define(kw_only=True)
class Entry:
    """One refund in the books; time brings it to its end."""

    reference: str
    payment: str
    amount: int
    refund_id: str
    key: str
    settles_at: float
    fails_at: float | None

    def status(self, now: float) -> str:
        """Say where it stands at *now*."""
        if self.fails_at is not None and now >= self.fails_at:
            return "failed"
        return "succeeded" if now >= self.settles_at else "pending"

    def shown(self, now: float) -> dict[str, Any]:
        """Return it as the service tells it."""
        return {**attrs.asdict(self), "status": self.status(now)}


@define
class Books:
    """What the service knows, and its moods."""

    chance: random.Random
    entries: list[Entry] = field(factory=list)
    over: list[str] = field(factory=list)
    asked: int = 0
    is_calm: bool = False
    shelf: Shelf = field(factory=Shelf)
    _keys: dict[str, tuple[float, Entry | None]] = field(factory=dict)
    _lock: threading.Lock = field(factory=threading.Lock)

    def trouble(self) -> tuple[Trouble, float]:
        """Choose what goes wrong with the next request, and how long it is on its way."""
        with self._lock:
            self.asked += 1
            if self.is_calm:
                return Trouble.NONE, 0.0
            kind = self.chance.choices(list(WEIGHTS), WEIGHTS.values())[0]
            return kind, self.chance.uniform(0, TRAVEL_SECONDS) if kind is Trouble.LATE else 0.0

    def execute(self, message: Message) -> dict[str, Any] | None:
        """Move money, once per key; None is a no."""
        now = time.monotonic()
        with self._lock:
            said_at, entry = self._keys.get(message["refund_id"], (-KEYS_SECONDS, None))
            if now - said_at >= KEYS_SECONDS:
                entry = self._first_time(message, now)
                self._keys[message["refund_id"]] = now, entry
            return None if entry is None else entry.shown(now)

    def _first_time(self, message: Message, now: float) -> Entry | None:
        mood = 1.0 if self.is_calm else self.chance.random()
        if mood < 0.05:
            return None
        entry = Entry(
            reference=f"re-{len(self.entries) + 1}",
            payment=message["payment"],
            amount=message["amount"],
            refund_id=message["refund_id"],
            key=message["key"],
            settles_at=now + (self.chance.uniform(0, 1) if mood < 0.15 else 0),
            fails_at=now + self.chance.uniform(0, 2) if 0.1 < mood < 0.2 else None,
        )
        self.entries.append(entry)
        gone = (each.amount for each in self.of(entry.payment) if each.status(now) != "failed")
        if sum(gone) > message["captured"]:
            self.over.append(f"{entry.payment} by {entry.reference}")
        return entry

    def of(self, payment: str) -> list[Entry]:
        """Return the refunds of one payment."""
        return [entry for entry in self.entries if entry.payment == payment]

    def told(self, payments: list[str]) -> dict[str, Any]:
        """Say all there is about *payments*."""
        now = time.monotonic()
        with self._lock:
            return {payment: [entry.shown(now) for entry in self.of(payment)] for payment in payments}

    def webhook(self) -> dict[str, str]:
        """Make a webhook about any of the newest refunds: late, early, repeated, out of order."""
        with self._lock:
            recent = self.entries[-50:]
            payment = self.chance.choice(recent).payment if recent else "nothing-yet"
        body = json.dumps({"payment": payment})
        return {"body": body, "signature": signature(body.encode())}

    def everything(self) -> dict[str, Any]:
        """Show the books themselves."""
        now = time.monotonic()
        with self._lock:
            entries = [entry.shown(now) for entry in self.entries]
            return {"over": self.over, "entries": entries, "goods": self.shelf.shown()}

    def calm(self) -> dict[str, Any]:
        """Make no more trouble; what is on its way comes to its end."""
        self.is_calm = True
        return {}


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        trouble, travels = self.server.books.trouble()
        time.sleep(travels)
        if trouble is Trouble.ERROR_BEFORE:
            self._answer(500, {})
        elif trouble is not Trouble.LOST_REQUEST:
            books = self.server.books
            execute = books.shelf.execute if self.path == "/goods" else books.execute
            self._executed(trouble, execute(message))

    def _executed(self, trouble: Trouble, answer: dict[str, Any] | None) -> None:
        if trouble is Trouble.ERROR_AFTER:
            self._answer(500, {})
        elif trouble is Trouble.GARBAGE:
            self._answer(200, "<html>")
        elif trouble is not Trouble.LOST_ANSWER:
            self._answer(402 if answer is None else 200, answer or {"error": "declined"})

    def do_GET(self) -> None:
        books, asked = self.server.books, urlsplit(self.path)
        if asked.path == "/payments":
            trouble, _ = books.trouble()
            if trouble in (Trouble.NONE, Trouble.LATE):
                self._answer(200, books.told(parse_qs(asked.query)["payment"]))
            return
        shown = {"/webhook": books.webhook, "/books": books.everything, "/calm": books.calm}
        self._answer(200, shown[asked.path]() if asked.path in shown else {"asked": books.asked})

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode() if not isinstance(content, str) else content.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def __init__(self, books: Books) -> None:
        self.books = books
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Let clients go away: most of them are killed."""


def serve(seed: int, tell: Any) -> None:
    """Serve until the process ends; *tell* (one end of a pipe) hears the port."""
    with _Server(Books(random.Random(seed))) as server:  # noqa: S311 - chance, not secrets
        tell.send(server.server_port)
        server.serve_forever(poll_interval=0.05)
