"""Credit notes as values: their name, their sums, and what they consist of."""

from decimal import Decimal

import pytest

from refundkit.errors import InvalidValueError
from refundkit.model.credit_notes import CreditNote, CreditNoteLine, Party, TaxSum
from refundkit.money import Money
from tests.model.builders import NOW, eur

TEN, TWENTY = Decimal(10), Decimal(20)


def part(gross, tax="0.00", rate=None, **more):
    """Give something back."""
    return CreditNoteLine(description="Mug", gross=eur(gross), tax=eur(tax), tax_rate=rate, **more)


def note(*lines, **more):
    """Write a note about some lines."""
    named = {"series": "CN", "number": 17, "order_id": "o-1", "refund_id": "r-1", "issued_at": NOW}
    gross = Money.sum((line.gross for line in lines), "EUR")
    return CreditNote(
        **{**named, "seller": Party(), "buyer": Party(), "lines": lines, "gross": gross, **more}
    )


@pytest.mark.parametrize(
    ("number", "name"), [(17, "CN-000017"), (999_999, "CN-999999"), (1_000_000, "CN-1000000")]
)
def test_the_name_of_a_note(number, name):
    """Series and number, with zeros so that names sort as numbers do."""
    assert note(part("1.00"), number=number).name == name


def test_taxes_stand_by_rate():
    """The highest rate comes first, and what has no known rate last; each row adds up."""
    mixed = note(
        part("11.00", "1.00", TEN), part("5.00"), part("12.00", "2.00", TWENTY), part("22", "2", TEN)
    )

    assert mixed.taxes == (
        TaxSum(rate=TWENTY, net=eur("10.00"), tax=eur("2.00"), gross=eur("12.00")),
        TaxSum(rate=TEN, net=eur("30.00"), tax=eur("3.00"), gross=eur("33.00")),
        TaxSum(rate=None, net=eur("5.00"), tax=eur("0.00"), gross=eur("5.00")),
    )
    assert (mixed.gross, mixed.tax, mixed.net) == (eur(50), eur(5), eur(45))


def test_without_a_rate_there_is_one_row():
    """A shop that knows no rates gets one row, and one that knows all gets no empty one."""
    assert [one.rate for one in note(part("1.00"), part("2.00")).taxes] == [None]
    assert [one.rate for one in note(part("1.00", rate=TEN)).taxes] == [TEN]


@pytest.mark.parametrize("gross", ["0.99", "1.01"])
def test_lines_add_up_to_the_note(gross):
    """A note whose lines are worth more, or less, than it says does not exist."""
    with pytest.raises(InvalidValueError, match=r"credit note CN-000017 add up to 1.00 EUR, not to"):
        note(part("1.00"), gross=eur(gross))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Party(address=("Street 1", 2)),
        lambda: Party(address=("x" * 4001,)),
        lambda: Party(address="Street 1"),
        lambda: part("1.00", rate=Decimal(-1)),
        lambda: part("1.00", quantity=0),
        lambda: note(part("1.00"), number=0),
    ],
)
def test_what_cannot_stand_on_a_note(make):
    """Addresses are lines of text, rates are percentages, and numbers begin with one."""
    with pytest.raises(InvalidValueError):
        make()


@pytest.mark.parametrize("rate", [10, "10", Decimal(10), Decimal("10.0")])
def test_a_rate_in_other_words(rate):
    """Ten percent are ten percent, however a shop's own records write it; and they are one row."""
    assert note(part("1.00", rate=rate), part("1.00", rate=TEN)).taxes[0].rate == TEN
    assert len(note(part("1.00", rate=rate), part("1.00", rate=TEN)).taxes) == 1


def test_an_address_may_be_a_list():
    """Whoever reads an address from JSON may hand it on as it is; the note never changes with it."""
    lines = ["Street 1", "Town"]
    party = Party(name="Jo", address=lines)
    lines.clear()

    assert party.address == ("Street 1", "Town")
