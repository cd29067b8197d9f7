"""What can go wrong on the way, by name; "unsent" never reaches the sandbox, "executed" changes its books."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial

from tests.wire.proxy import Exchange, Fault, Stage

HTML = b"<html><body><h1>Something went wrong</h1></body></html>"
STATUSES = (500, 502, 503, 504)
REDIRECTS = (302, 307)
# A byte each so many seconds comes in time for every single read, and never to an end.
BETWEEN_BYTES_SECONDS = 0.05
# What nobody may read to the end.
ENDLESS_BYTES = 64 * 1024 * 1024


def answer(body: bytes, status: int = 200, **headers: str) -> bytes:
    """Put an answer together."""
    told = {"content-type": "application/json", "content-length": str(len(body)), **_dashed(headers)}
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def body_of(message: bytes) -> bytes:
    """Return what follows the head."""
    return message.partition(b"\r\n\r\n")[2]


# Before the request is read.


async def _close(exchange: Exchange) -> None:
    await exchange.close()


async def _reset(exchange: Exchange) -> None:
    exchange.reset()


# Instead of an answer.


async def _reset_executed(exchange: Exchange) -> None:
    await exchange.executed()
    exchange.reset()


async def _close_executed(exchange: Exchange) -> None:
    await exchange.executed()
    await exchange.close()


async def _hang(exchange: Exchange) -> None:
    await exchange.given_up()


async def _hang_executed(exchange: Exchange) -> None:
    await exchange.executed()
    await exchange.given_up()


# Half an answer, or more than one.


async def _truncate_head(exchange: Exchange) -> None:
    await exchange.send((await exchange.executed())[:40])
    await exchange.close()


async def _truncate_body(exchange: Exchange) -> None:
    whole = await exchange.executed()
    await exchange.send(whole[: len(whole) - len(body_of(whole)) // 2])
    await exchange.close()


async def _drip(exchange: Exchange) -> None:
    whole = await exchange.executed()
    begun = len(whole) - len(body_of(whole))
    await exchange.send(whole[:begun])
    for place in range(begun, len(whole)):
        await exchange.send(whole[place : place + 1])
        await asyncio.sleep(BETWEEN_BYTES_SECONDS)


async def _long(exchange: Exchange) -> None:
    body = body_of(await exchange.executed())
    await exchange.send(answer(body, content_length=str(len(body) + 100)))
    await exchange.given_up()


async def _short(exchange: Exchange) -> None:
    body = body_of(await exchange.executed())
    await exchange.send(answer(body, content_length=str(len(body) // 2)))


async def _chunk_missing(exchange: Exchange) -> None:
    body = body_of(await exchange.executed())
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    # All of the answer, and no word that this was all of it.
    await exchange.send(head + f"{len(body):x}\r\n".encode() + body + b"\r\n")
    await exchange.close()


async def _wrongly_packed(exchange: Exchange) -> None:
    body = body_of(await exchange.executed())
    await exchange.send(answer(body, content_encoding="gzip"))


async def _endless(exchange: Exchange) -> None:
    await exchange.executed()
    await exchange.send(answer(b'{"id": "', content_length=str(ENDLESS_BYTES)))
    for _ in range(ENDLESS_BYTES // 65_536):
        await exchange.send(b"A" * 65_536)


async def _asked_twice(exchange: Exchange) -> None:
    await exchange.executed()
    await exchange.send(await exchange.executed())


async def _answered_twice(exchange: Exchange) -> None:
    whole = await exchange.executed()
    await exchange.send(whole + whole)


# Another answer.


async def _answer(exchange: Exchange, *, raw: bytes) -> None:
    await exchange.executed()
    await exchange.send(raw)
    if not raw.startswith(b"HTTP/"):
        await exchange.close()


async def _refuse(exchange: Exchange, *, raw: bytes) -> None:
    await exchange.send(raw)


async def _echo(exchange: Exchange) -> None:
    """Send all that was asked back, credentials included, wherever a client may look for a message."""
    await exchange.executed()
    text = exchange.request.decode("latin-1")
    names = ("message", "name", "error_description", "errors")
    said = {**dict.fromkeys(names, text), "error": {"message": text, "code": text}}
    await exchange.send(answer(json.dumps(said).encode(), 500, request_id="1"))


async def _answer_of_another(exchange: Exchange) -> None:
    """Mix the answers up: this one was meant for whoever asked before."""
    await exchange.send(exchange.proxy.answers[-1])


async def _redirect(exchange: Exchange, *, status: int) -> None:
    await exchange.send(answer(b"", status, location=f"{exchange.proxy.elsewhere}/elsewhere"))


def _answers(body: bytes, status: int = 200, **headers: str) -> Callable[[Exchange], Awaitable[None]]:
    return partial(_answer, raw=answer(body, status, **headers))


def _fails(status: int) -> dict[str, Fault]:
    # Retry-After is about the next request: it does not say that this one was not executed.
    raw = answer(HTML, status, content_type="text/html", retry_after="1")
    return {
        f"{status} unsent": Fault(partial(_refuse, raw=raw)),
        f"{status} executed": Fault(partial(_answer, raw=raw)),
    }


FAULTS: dict[str, Fault] = {
    "connection refused": Fault(_close, stage=Stage.LISTENING),
    "kept connection closed": Fault(_close, stage=Stage.IDLE),
    "accepted, then closed": Fault(_close, stage=Stage.ACCEPTED),
    "accepted, then reset": Fault(_reset, stage=Stage.ACCEPTED),
    "closed unsent": Fault(_close),
    "closed executed": Fault(_close_executed),
    "reset unsent": Fault(_reset),
    "reset executed": Fault(_reset_executed),
    "hang unsent": Fault(_hang, waits=True),
    "hang executed": Fault(_hang_executed, waits=True),
    "head truncated": Fault(_truncate_head),
    "body truncated": Fault(_truncate_body),
    "byte by byte": Fault(_drip, waits=True),
    "longer than told": Fault(_short),
    "shorter than told": Fault(_long, waits=True),
    "last chunk missing": Fault(_chunk_missing),
    "wrongly packed": Fault(_wrongly_packed),
    "endless": Fault(_endless),
    "no HTTP": Fault(partial(_answer, raw=b"\x16\x03\x01\x02\x00garbage\x00\xff" * 9)),
    "no JSON": Fault(_answers(b'{"id": ')),
    "HTML with status 200": Fault(_answers(HTML, content_type="text/html")),
    "a list": Fault(_answers(b"[]")),
    "another shape": Fault(_answers(b'{"unexpected": [1]}')),
    "empty 200": Fault(_answers(b"")),
    "empty 204": Fault(partial(_answer, raw=b"HTTP/1.1 204 No Content\r\n\r\n")),
    **{name: fault for status in STATUSES for name, fault in _fails(status).items()},
    **{f"redirect {status}": Fault(partial(_redirect, status=status)) for status in REDIRECTS},
    "credentials echoed": Fault(_echo),
    "answer of another": Fault(_answer_of_another),
    "asked twice": Fault(_asked_twice),
    "answered twice": Fault(_answered_twice),
}
