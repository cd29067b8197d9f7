"""The body of an answer, bounded in size and in time (law S3).

HTTP clients limit the wait for each part only: a server that sends a byte a minute, or never stops sending,
would hold the caller forever.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

from refundkit.gateways.records import UnreadableError

__all__ = ["as_they_come", "latest_end", "whole"]

_PART: Final = 65_536


def latest_end(timeout: tuple[float, float]) -> float:
    """Return when an answer that is asked for now must be there as a whole: twice the time for both waits."""
    return time.monotonic() + sum(timeout) * 2


def whole(parts: Iterable[bytes], *, limit: int, ends: float) -> bytes:
    """Join the *parts* of a body.

    Raises:
        UnreadableError: if they are more than *limit* bytes, or still come after *ends*.
    """
    joined: list[bytes] = []
    size = 0
    for part in parts:
        size += len(part)
        if size > limit:
            raise UnreadableError(f"the answer has more than {limit} bytes")
        if time.monotonic() > ends:
            raise UnreadableError("the answer comes too slowly")
        joined.append(part)
    return b"".join(joined)


def as_they_come(response: Any) -> Iterator[bytes]:
    """Yield the parts of a streamed answer of requests' as soon as they arrive.

    ``iter_content`` would wait until a part is full. urllib3 before 2 has nothing better.
    """
    read = getattr(response.raw, "read1", None)
    if read is None:
        yield from response.iter_content(_PART)
        return
    while part := read(_PART, decode_content=True):
        yield part
