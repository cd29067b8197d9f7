"""Limits: the largest that fits, and the smallest that does not (law S3)."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import attrs
import pytest

from refundkit._iso4217 import EXPONENTS
from refundkit.errors import InvalidValueError
from refundkit.model.capabilities import Capabilities
from refundkit.model.lines import OrderLine
from refundkit.model.refunds import RefundStatus
from refundkit.model.requests import LineRefund, RestockingFee
from refundkit.model.statuses import normalize_status
from tests.model.builders import eur, line, simple, wish


def nested(levels, *, inner):
    """Put mappings, or lists in one mapping, into each other."""
    value = "x"
    for _ in range(levels - 1):
        value = inner(value)
    return {"a": value}


def mapping(value):
    """Put a value into a mapping."""
    return {"a": value}


def sequence(value):
    """Put a value into a list."""
    return [value]


def rate(given):
    """Tax something."""
    return line("a", eur(1), tax_rate=given)


# Each maker, the last value that it takes, and the first that it refuses.
LIMITS = {
    "identifier": (lambda size: wish(key="x" * size), 255, 256),
    "shortest identifier": (lambda size: wish(key="x" * size), 1, 0),
    "text": (lambda size: wish(note="x" * size), 4000, 4001),
    "key of metadata": (lambda size: wish(metadata={"x" * size: 1}), 255, 256),
    "text in metadata": (lambda size: wish(metadata={"a": "x" * size}), 4000, 4001),
    "largest number": (lambda number: wish(metadata={"a": number}), 2**63 - 1, 2**63),
    "smallest number": (lambda number: wish(metadata={"a": number}), 1 - 2**63, -(2**63)),
    "entries": (lambda size: wish(metadata={str(n): n for n in range(size)}), 500, 501),
    "entries of a list": (lambda size: wish(metadata={"a": [0] * size}), 499, 500),
    "entries of inner lists": (lambda size: wish(metadata={"a": [[0] * size, [0] * 248]}), 249, 250),
    "entries of inner mappings": (
        lambda size: wish(metadata={"a": {str(n): n for n in range(size)}, "b": {"c": [0] * 248}}),
        249,
        250,
    ),
    "nested mappings": (lambda levels: wish(metadata=nested(levels, inner=mapping)), 16, 17),
    "nested lists": (lambda levels: wish(metadata=nested(levels, inner=sequence)), 16, 17),
    "quantity": (lambda quantity: line("a", eur(1), quantity=quantity), 2**31 - 1, 2**31),
    "smallest quantity": (lambda quantity: line("a", eur(1), quantity=quantity), 1, 0),
    "units of a part": (lambda quantity: LineRefund(line_id="a", quantity=quantity), 1, 0),
    "money of a part": (lambda minor: LineRefund(line_id="a", amount=eur("0.01") * minor), 1, 0),
    "tax": (lambda tax: line("a", eur(1), tax=eur(tax)), "1.00", "1.01"),
    "rate": (rate, Decimal(1000), Decimal("1000.1")),
    "rate of nothing": (rate, Decimal(0), Decimal("-0.1")),
    "digits of a rate": (rate, Decimal("1E-20"), Decimal("1E-21")),
    "zeros of a rate": (rate, Decimal("0E+20"), Decimal("0E+21")),
    "rate as an int": (rate, 1000, 1001),
    "rate as a text": (rate, "1000", "10000"),
    "decimals of a rate as a text": (rate, "1.0123456789", "1.01234567891"),
    "window": (lambda days: Capabilities(window=timedelta(days)), 0, -1),
    "memory for keys": (lambda days: Capabilities(idempotency_window=timedelta(days)), 0, -1),
    "currencies": (lambda codes: Capabilities(currencies=codes), set(EXPONENTS), {*EXPONENTS, "XXY"}),
    "no currency": (lambda codes: Capabilities(currencies=codes), [], [1]),
}


@pytest.mark.parametrize("name", LIMITS)
def test_what_fits(name):
    """Law S3: a limit is part of what is allowed."""
    make, fits, _ = LIMITS[name]

    assert make(fits)


@pytest.mark.parametrize("name", LIMITS)
def test_what_does_not_fit(name):
    """Law S3: whatever lies just beyond a limit is refused."""
    make, _, too_much = LIMITS[name]

    with pytest.raises(InvalidValueError):
        make(too_much)


def test_a_rate_in_other_words():
    """19, "19" and Decimal("19") are nineteen percent, and "2.5" is two and a half."""
    assert rate(19) == rate("19") == rate(Decimal(19))
    assert (rate("2.5").tax_rate, RestockingFee(percent="2.5").percent) == (Decimal("2.5"), Decimal("2.5"))
    assert type(OrderLine(id="a", total=eur(1), tax_rate=19).tax_rate) is Decimal


@pytest.mark.parametrize("given", [True, "1e3", "19%", " 19", "19\n", "-1", ".5", "5.", "\u0661", ""])
def test_what_is_no_rate(given):
    """Only plain digits are taken for a percentage."""
    with pytest.raises(InvalidValueError):
        rate(given)


def test_a_moment_beyond_the_calendar_is_not_forgotten():
    """What has no UTC is refused, also where saying nothing would do."""
    with pytest.raises(InvalidValueError, match=r"Order\.placed_at must be an aware datetime"):
        attrs.evolve(simple(), placed_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))))


def test_the_longest_word():
    """A word of others may have a hundred characters; of a longer one nobody reads the rest."""
    padded = "succeeded" + " " * 91

    assert normalize_status(padded).status is RefundStatus.SUCCEEDED
    assert normalize_status(f"{padded} ").status is RefundStatus.PENDING
    assert normalize_status("x" * 101).raw == "x" * 100
    assert normalize_status("a\nb\x00c").raw == "a?b?c"
    assert normalize_status(None).raw == normalize_status(b"succeeded").raw == ""
