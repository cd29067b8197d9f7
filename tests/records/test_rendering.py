"""A credit note on paper: everything stands on it, nothing runs, and nothing is fetched from anywhere."""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from html.parser import HTMLParser
from unittest import mock

import attrs
import pytest

from refundkit import CreditNote, CreditNoteLine, InvalidValueError, Money, Party, render_credit_note
from refundkit.records import rendering
from refundkit.records.rendering import WORDS, credit_note_json
from refundkit.serialization import from_json, to_json
from tests.records.orders import SELLER, a_note, eur
from tests.records.sample import PAGE, sample

NASTY = "<script>alert('x')</script>\"&{{ 7*7 }}"


class Page(HTMLParser):
    """A page as its reader sees it: the text, and every tag with what it has."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.texts: list[str] = []
        self._style = False
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))
        self._style = tag == "style"

    def handle_endtag(self, tag):
        """Leave the style sheet."""
        self._style = False

    def handle_data(self, data):
        """Note what is read."""
        if data.strip() and not self._style:
            self.texts.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        """All that is read, in one line."""
        return " ".join(self.texts)


def page_of(note: CreditNote, **options) -> Page:
    """Render a note."""
    return Page(render_credit_note(note, **options))


def test_everything_stands_on_it():
    """Number, dates, parties, invoice, lines, taxes, sums and how the money went back."""
    text = page_of(sample()).text
    for part in (
        "Credit note CN-000001",
        "2026-11-03",
        "2026-11-02",
        "A-1001",
        "R-2026-0815",
        "Tea & Mugs Ltd",
        "Harbour Road 7",
        "XY 123 456 789",
        "Lighthouse Lane 3",
        "Mug 4 10 % 36.01 3.60 39.61",
        "Shipping 1 15 % 5.00 0.75 5.75",
        "15 % 5.00 0.75 5.75 10 % 36.01 3.60 39.61",
        "Total credited 45.36 EUR",
        "paid back by card ending in 4242.",
    ):
        assert part in text, part


def test_the_sample_in_the_docs():
    """The page in the documentation is what is rendered today (`python -m tests.records.sample`)."""
    assert PAGE.read_text(encoding="utf-8") == render_credit_note(sample())


def test_nothing_on_it_runs():
    """Whatever somebody wrote into a name stays text, in every place of the note."""
    party = Party(name=NASTY, address=(NASTY,), email=NASTY, tax_id=NASTY)
    line = attrs.evolve(a_note().lines[0], description=NASTY)
    note = a_note(seller=party, buyer=party, lines=(line,), invoice=NASTY, paid_back=NASTY, order_id=NASTY)
    page = page_of(note)
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.text.count("{{ 7*7 }}") >= 9


def test_nothing_breaks_out_of_the_style_sheet():
    """Law S3: the name of the note stands on every page through the style sheet, where it stays a string."""
    series = 'CN"; } body { display: none } </style><script>\\'
    page = render_credit_note(attrs.evolve(a_note(), series=series))

    style = page.partition("<style>")[2].partition("</style>")[0]
    assert "<script" not in page
    assert "display: none" not in style
    assert style.count("{") == style.count("}")
    assert r"CN\22 \3b " in style


def test_nothing_comes_from_outside():
    """The page prints without a network: no link, no picture, no font, no script."""
    source = render_credit_note(sample())
    page = Page(source)
    assert not {"link", "img", "script", "iframe", "object", "a"} & {tag for tag, _ in page.tags}
    assert not any({"src", "href"} & attributes.keys() for _, attributes in page.tags)
    assert re.findall(r"url\(|@import|https?:|//", source) == []


def test_what_is_not_known_is_left_out():
    """Without invoice, date of the refund, addresses, rate and method the page is whole, and says nothing odd."""
    line = CreditNoteLine(description="Refund of order o-1", gross=eur("5.00"), tax=eur("0.00"))
    page = page_of(a_note(seller=Party(name="Shop"), buyer=Party(), lines=(line,), gross=eur("5.00")))
    assert "Invoice" not in page.text
    assert "Refunded on" not in page.text
    assert "None" not in page.text
    assert "without a rate" in page.text
    assert page.text.endswith("paid back to the payment method of the order.")


@pytest.mark.parametrize(
    ("rate", "shown"), [("19", "19 %"), ("19.00", "19 %"), ("7.70", "7.7 %"), ("0", "0 %"), ("100", "100 %")]
)
def test_rates_are_written_short(rate, shown):
    """Zeros behind the point go, zeros before it stay."""
    line = attrs.evolve(a_note().lines[0], tax_rate=Decimal(rate))
    assert f" 1 {shown} 10.00" in page_of(a_note(lines=(line,))).text


@pytest.mark.parametrize(
    ("gross", "shown"),
    [
        (Money.of("1234567.89", "EUR"), "1 234 567.89 EUR"),
        (Money.of(1500, "JPY"), "1 500 JPY"),
        (Money.of("1.234", "KWD"), "1.234 KWD"),
    ],
)
def test_amounts_are_exact_and_grouped(gross, shown):
    """Every currency has its own decimals."""
    line = CreditNoteLine(description="x", gross=gross, tax=gross * 0)
    assert f"Total credited {shown}" in page_of(a_note(lines=(line,), gross=gross)).text


def test_another_language():
    """Each word on it can be replaced, and a word that is not on it is refused."""
    words = {"language": "de", "title": "Gutschrift", "gross": "Brutto"}
    page = page_of(a_note(), words=words)
    assert page.tags[0] == ("html", {"lang": "de"})
    assert "Gutschrift CN-000017" in page.text
    with pytest.raises(InvalidValueError, match="no word 'titel'"):
        render_credit_note(a_note(), words={"titel": "x"})


def test_every_word_is_used():
    """No word is offered that does not stand on the page."""
    line = attrs.evolve(a_note().lines[0], tax_rate=None)
    full = a_note(lines=(line,), invoice="R-1", refunded_at=a_note().issued_at, seller=SELLER)
    spoken = {word: f"«{word}»" for word in WORDS}
    both = [render_credit_note(attrs.evolve(full, paid_back=how), words=spoken) for how in ("", "card")]
    assert [word for word in WORDS if f"«{word}»" not in "".join(both)] == []


def test_as_json():
    """The JSON has the name and all sums beside what is stored, and the stored part reads back."""
    note = sample()
    data = credit_note_json(note)
    assert data["name"] == "CN-000001"
    assert data["gross"] == {"amount": "45.36", "currency": "EUR"}
    assert data["tax"] == {"amount": "4.35", "currency": "EUR"}
    assert [(one["rate"], one["tax"]["amount"]) for one in data["taxes"]] == [("15", "0.75"), ("10", "3.60")]
    assert from_json({key: data[key] for key in to_json(note)}, CreditNote) == note


def test_the_extra_is_named():
    """Without Jinja2 the message says what to install."""
    rendering._pages.cache_clear()
    with (
        mock.patch.dict(sys.modules, {"jinja2": None}),
        pytest.raises(ImportError, match=r"refundkit\[records\]"),
    ):
        render_credit_note(a_note())
