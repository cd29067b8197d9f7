"""Reasons: why a refund is refused or needs another person, as a code for programs and a text for people."""

from __future__ import annotations

from attrs import field, frozen

from refundkit.model import fields

__all__ = ["Reason"]


@frozen
class Reason:
    """One reason: ``code`` stays the same, ``text`` says what happened, with the values, and the way out.

    >>> Reason("window_closed", "The refund window of 30 days closed on 2026-11-01.").code
    'window_closed'
    """

    code: str = field(validator=fields.identifier)
    text: str = field(validator=fields.text)

    def __str__(self) -> str:
        return self.text
