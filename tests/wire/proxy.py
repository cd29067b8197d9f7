"""A loopback TCP proxy that passes requests on to a sandbox until it is told what to do wrong."""

import asyncio
import re
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Self
from urllib.parse import urlsplit

Where = Callable[[bytes], bool]

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_END_OF_HEAD = b"\r\n\r\n"


class Stage(Enum):
    """When a fault happens.

    LISTENING: nobody listens any more. IDLE: the connections that the client keeps for later are closed.
    ACCEPTED: the client is connected, not a byte was read. ASKED: the request was read.
    """

    LISTENING = auto()
    IDLE = auto()
    ACCEPTED = auto()
    ASKED = auto()


@dataclass(frozen=True)
class Fault:
    """What goes wrong; ``waits`` says that it ends when the client loses its patience."""

    does: Callable[["Exchange"], Awaitable[None]]
    stage: Stage = Stage.ASKED
    waits: bool = False


class Exchange:
    """One request of a client, and the means to mistreat it."""

    def __init__(self, proxy: "Proxy", streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self.proxy = proxy
        self.request = b""
        self._reader, self._writer = streams

    async def read(self) -> bool:
        """Read the next request; False if there is none."""
        if self._writer.is_closing():
            return False
        try:
            self.request = await _message(self._reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        return True

    async def executed(self) -> bytes:
        """Let the sandbox execute the request; return its answer, head and body."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy.sandbox_port)
        try:
            writer.write(self.request)
            answer = await _message(reader)
        finally:
            writer.close()
            await writer.wait_closed()
        self.proxy.answers.append(answer)
        return answer

    async def send(self, *parts: bytes) -> None:
        """Answer, or begin to."""
        for part in parts:
            self._writer.write(part)
            await self._writer.drain()
            self.proxy.sent += len(part)

    async def given_up(self) -> None:
        """Wait until the client goes away."""
        await self._reader.read()

    async def close(self) -> None:
        """Say goodbye (FIN)."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return  # the client was faster

    def reset(self) -> None:
        """Hang up without a goodbye (RST): lingering for 0 seconds makes it so."""
        linger = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()


class Proxy:
    """Stands between a client and the sandbox at *sandbox_url*; ``elsewhere`` is where redirects lead to.

    ``met`` counts the faults that happened, ``accepted`` the connections, ``sent`` the bytes that were answered;
    ``answers`` keeps what the sandbox said.
    """

    def __init__(self, sandbox_url: str, elsewhere: str) -> None:
        self.sandbox_port = urlsplit(sandbox_url).port
        self.elsewhere = elsewhere
        self.met = self.accepted = 0
        self.sent = 0
        self.answers: list[bytes] = []
        self._fault: Fault | None = None
        self._where: Where | None = None
        self._port = 0
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], Exchange] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where the client shall ask."""
        return f"http://127.0.0.1:{self._port}"

    def strike_once(self, fault: Fault, where: Where) -> None:
        """Let *fault* happen to the next request that *where* agrees to, then to none."""
        self._now(self._armed(fault, where))

    def strike(self, fault: Fault) -> None:
        """Let *fault* happen to whatever comes."""
        self._now(self._armed(fault, None))

    def heal(self) -> None:
        """Pass everything on from now on."""
        self._now(self._healed())

    def __enter__(self) -> Self:
        self._thread.start()
        self.heal()
        return self

    def __exit__(self, *_: object) -> None:
        self._now(self._hung_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # What follows runs in the loop's thread, `_now` apart.

    def _now(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _armed(self, fault: Fault, where: Where | None) -> None:
        self._fault, self._where = fault, where
        if fault.stage in (Stage.LISTENING, Stage.IDLE):
            self.met += 1
        if fault.stage is Stage.LISTENING:
            await self._hung_up()
        elif fault.stage is not Stage.ASKED:
            # Who wants to ask must connect anew.
            await self._disconnected()

    async def _healed(self) -> None:
        self._fault = None
        if self._server is None:
            self._server = await asyncio.start_server(
                self._serve, "127.0.0.1", self._port, reuse_address=True
            )
            self._port = self._server.sockets[0].getsockname()[1]

    async def _hung_up(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        await self._disconnected()

    async def _disconnected(self) -> None:
        tasks = tuple(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self.accepted += 1
        exchange = self._open[task] = Exchange(self, (reader, writer))
        try:
            await self._served(exchange)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client went away, or is sent away
        finally:
            del self._open[task]
            await exchange.close()

    async def _served(self, exchange: Exchange) -> None:
        if self._fault is not None and self._fault.stage is Stage.ACCEPTED:
            await self._taken(self._fault)(exchange)
        while await exchange.read():
            fault = self._fault
            is_met = fault is not None and fault.stage is Stage.ASKED
            if is_met and (self._where is None or self._where(exchange.request)):
                await self._taken(fault)(exchange)
            else:
                await exchange.send(await exchange.executed())

    def _taken(self, fault: Fault) -> Callable[[Exchange], Awaitable[None]]:
        self.met += 1
        if self._where is not None:
            self._fault = None
        return fault.does


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Read one request or answer; each says how long it is."""
    head = await reader.readuntil(_END_OF_HEAD)
    length = _LENGTH.search(head)
    return head + await reader.readexactly(int(length[1]) if length else 0)
