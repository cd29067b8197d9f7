"""How Stripe says no."""

from __future__ import annotations

from typing import Any, NoReturn

from refundkit.testing.sandbox.messages import Reply

__all__ = ["RefusedError", "error_reply", "refuse"]


class RefusedError(Exception):
    """A request is refused; ``is_kept`` says whether it went so far that its idempotency key keeps the answer."""

    def __init__(self, reply: Reply, *, is_kept: bool) -> None:
        super().__init__(reply.status)
        self.reply = reply
        self.is_kept = is_kept


def error_reply(status: int, message: str, **details: Any) -> Reply:
    """Write an error as Stripe does; a ``type`` among *details* replaces the usual one."""
    return Reply(
        status=status, body={"error": {"type": "invalid_request_error", "message": message, **details}}
    )


def refuse(message: str, *, status: int = 400, is_kept: bool = True, **details: Any) -> NoReturn:
    """Refuse the request in Stripe's words."""
    raise RefusedError(error_reply(status, message, **details), is_kept=is_kept)
