"""Rendering: a credit note as a page to print (A4, HTML without anything from outside) and as JSON.

Whatever stands on a note came from somebody, so every cell is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from refundkit.errors import InvalidValueError
from refundkit.model.credit_notes import CreditNote
from refundkit.money import Money
from refundkit.serialization import to_json

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["WORDS", "credit_note_json", "render_credit_note"]

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "language": "en",
        "title": "Credit note",
        "issued": "Date",
        "refunded": "Refunded on",
        "order": "Order",
        "invoice": "Invoice",
        "currency": "Currency",
        "tax_id": "Tax ID",
        "description": "Description",
        "quantity": "Quantity",
        "rate": "Tax rate",
        "net": "Net",
        "tax": "Tax",
        "gross": "Gross",
        "by_rate": "Tax by rate",
        "no_rate": "without a rate",
        "total": "Total credited",
        "paid_back": "The total was paid back to the payment method of the order",
        "paid_back_by": "The total was paid back by",
    }
)


def render_credit_note(note: CreditNote, *, words: Mapping[str, str] | None = None) -> str:
    """Return *note* as an HTML page that prints on A4; needs the extra ``records``.

    *words* replaces some of the `WORDS` on it, for another language or another title.

    Raises:
        InvalidValueError: if one of *words* is not on the page.
        ImportError: if Jinja2 is missing.
    """
    unknown = sorted((words or {}).keys() - WORDS.keys())
    if unknown:
        raise InvalidValueError(
            f"A credit note has no word {unknown[0]!r}; it has {', '.join(WORDS)}.",
            field="words",
            value=unknown[0],
        )
    said = {**WORDS, **(words or {})}
    return (
        _pages()
        .get_template("credit_note.html")
        .render(note=note, words=said, language=said["language"], seller_line=_in_one_line(note))
    )


def credit_note_json(note: CreditNote) -> dict[str, Any]:
    """Return *note* as JSON-ready data, with its name and the sums that a reader would have to work out.

    ``refundkit.serialization.to_json`` gives the same without these, for reading it back.
    """
    taxes = [to_json(one) for one in note.taxes]
    sums = {"net": to_json(note.net), "tax": to_json(note.tax), "taxes": taxes}
    return {"name": note.name, **to_json(note), **sums}


def _in_one_line(note: CreditNote) -> str:
    """Return what a window envelope shows above the buyer."""
    seller = note.seller
    return " · ".join((seller.name, *seller.address)) if seller.address else ""


@cache
def _pages() -> Environment:
    """Return the templates, with everything escaped and nothing left out by accident."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError as missing:
        raise ImportError("Rendering needs Jinja2: pip install 'refundkit[records]'.") from missing
    pages = Environment(
        loader=PackageLoader("refundkit.records"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    pages.filters.update(figure=_figure, rate=_rate, day=_day, quoted=_quoted)
    return pages


def _figure(money: Money) -> str:
    return f"{money.decimal:,f}".replace(",", "\N{NO-BREAK SPACE}")


def _rate(rate: Decimal | None) -> str:
    """Write 19 and 19.00 as 19 %, and 7.70 as 7.7 %."""
    if rate is None:
        return ""
    digits = f"{rate:f}"
    return f"{digits.rstrip('0').rstrip('.') if '.' in digits else digits}\N{NO-BREAK SPACE}%"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _quoted(text: str) -> str:
    r"""Write *text* into a string of a style sheet, where the escapes of HTML mean nothing.

    >>> print(_quoted('A"b'))
    A\22 b
    """
    return "".join(
        letter if letter.isascii() and letter.isalnum() else f"\\{ord(letter):x} " for letter in text
    )
