"""What a sandbox is asked and what it answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

__all__ = ["Reply", "Request"]


@frozen(kw_only=True)
class Request:
    """One request as it arrived: ``query`` flat (the last value of a name), ``headers`` in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(factory=dict)
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            ValueError: if it is none.
        """
        return json.loads(self.body)


@frozen(kw_only=True)
class Reply:
    """One answer; ``body`` is bytes, or anything that is to be sent as JSON (None: no body at all)."""

    status: int = 200
    headers: Mapping[str, str] = field(factory=dict)
    body: Any = None

    @property
    def raw(self) -> bytes:
        """The body as it goes over the wire."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
