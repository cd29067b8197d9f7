"""Words: what people type, read into values. Whatever cannot be read is refused with an example."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from refundkit.errors import InvalidValueError, shown
from refundkit.money import Money

__all__ = ["amount_of", "date", "lines_of", "money", "parts_of"]


def money(text: object) -> Money:
    """Read "12.50 EUR".

    Raises:
        InvalidValueError: if it is no amount with its currency.
    """
    amount, _, currency = text.strip().partition(" ") if isinstance(text, str) else ("", "", "")
    if not amount or not currency:
        raise InvalidValueError(
            f'{shown(text)} is no amount with its currency, such as "500.00 EUR".', value=text
        )
    return Money.of(amount, currency.strip())


def amount_of(text: str, currency: str) -> Money:
    """Read "12.50" as an amount of *currency*, or "12.50 EUR" as what it says."""
    return money(text) if " " in text.strip() else Money.of(text.strip(), currency)


def lines_of(texts: Iterable[str]) -> dict[str, int]:
    """Read ["tin=2", "cup=1"] as quantities by line id.

    Raises:
        InvalidValueError: if one has no quantity, or a line comes twice.
    """
    lines: dict[str, int] = {}
    for name, quantity in parts_of(texts, "tin=2"):
        if not (quantity.isascii() and quantity.isdigit() and 0 < len(quantity) < 10):
            raise InvalidValueError(f"{shown(quantity)} is no quantity of line {name}, such as {name}=2.")
        lines[name] = int(quantity)
    return lines


def parts_of(texts: Iterable[str], example: str) -> list[tuple[str, str]]:
    """Read ["a=1", "b=2"] as pairs; the last "=" divides, because ids may have one.

    Raises:
        InvalidValueError: if one is no pair, or a name comes twice.
    """
    pairs: list[tuple[str, str]] = []
    for text in texts:
        name, divides, value = text.strip().rpartition("=")
        if not divides or not name or not value:
            raise InvalidValueError(f"{shown(text)} must have two parts, as in {example}.", value=text)
        if name in dict(pairs):
            raise InvalidValueError(f"{shown(name)} is given twice.", value=text)
        pairs.append((name, value))
    return pairs


def date(text: str) -> datetime:
    """Read "2026-03-01" as the beginning of that day in UTC, or a moment with its offset.

    Raises:
        InvalidValueError: if it is neither.
    """
    try:
        at = datetime.fromisoformat(text.strip())
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidValueError(f"{shown(text)} is no date, such as 2026-03-01.", value=text) from None
