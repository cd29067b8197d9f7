"""What services send is read strictly, within bounds, and told without secrets."""

import json
import re
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refundkit.gateways.records import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_LINE,
    UnreadableError,
    inner,
    objects,
    scrubber,
    strict_object,
    text,
    thawed,
)

SECRET = "sk_live_51H8kXo2eZvKYlo2C"
CARD = "4242 4242 4242 4242"

plain = scrubber(r"sk_[a-z]+_[A-Za-z0-9]+")


LEAVES = (
    st.none() | st.booleans() | st.text() | st.integers(-(10 ** (MAX_DIGITS - 2)), 10 ** (MAX_DIGITS - 1))
)
VALUES = st.recursive(
    LEAVES, lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside), max_leaves=9
)


@given(st.dictionaries(st.text(), VALUES))
def test_a_json_object_is_read_as_it_was_written(record: dict[str, Any]) -> None:
    """Escaped or not, indented or not."""
    assert strict_object(json.dumps(record).encode()) == record
    wide = json.dumps(record, ensure_ascii=False, indent=1)
    assert strict_object(wide.encode("utf-8", "surrogatepass")) in (record, None)


@given(st.binary() | st.text(alphabet='{}[]":,0123eE+-. nulNaN\\').map(str.encode))
def test_any_bytes_are_an_object_or_none(body: bytes) -> None:
    """Hostile bytes raise nothing (laws S1, S3)."""
    record = strict_object(body)
    assert record is None or isinstance(record, dict)


def nested(depth: int) -> bytes:
    """Write *depth* objects, one within the other."""
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"null",
            b"[]",
            b'"a"',
            b"1",
            b"{",
            b"{} {}",
            b"{}x",
            b"{'a': 1}",
            b'{"a": 1,}',
            b'{"a": "\xff"}',
        ),
        *(b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b'{"a": NaN}', b'{"a": -Infinity}'),
        *(b'{"a": 1, "a": 1}', b'{"a": [{"b": 1, "b": 2}]}'),
        *(b'{"a": %s}' % (b"9" * count) for count in (MAX_DIGITS + 1, 100_000)),
        *(nested(depth) for depth in (MAX_DEPTH + 1, 100_000)),
        *(b'{"a": %s}' % (b"[" * 40 + b"]" * 40), b'{"a":' + b"[" * 100_000),
    ],
)
def test_whatever_is_no_strict_object_is_none(body: bytes) -> None:
    """No half answer, no NaN, no key twice, and bounds on depth and digits (law S3)."""
    assert strict_object(body) is None


def test_the_bounds_themselves_are_within() -> None:
    """As deep, and as many digits, as may be (law S3)."""
    assert strict_object(nested(MAX_DEPTH)) is not None
    assert strict_object(b'{"a": %s}' % (b"9" * MAX_DIGITS)) == {"a": int("9" * MAX_DIGITS)}


def test_there_are_no_floats() -> None:
    """Digits are kept as they were written, or made into what the reader wants (law S3)."""
    body = b'{"a": 12.50, "b": [1e400]}'
    assert strict_object(body) == {"a": "12.50", "b": ["1e400"]}
    assert strict_object(b'{"a": 12.50}', fraction=Decimal) == {"a": Decimal("12.50")}


def test_a_fraction_may_be_refused() -> None:
    """A reader that counts digits makes the whole body unreadable (law S3)."""

    def short(digits: str) -> str:
        if len(digits) > 4:
            raise ValueError("too many digits")
        return digits

    assert strict_object(b'{"a": 1.25}', fraction=short) == {"a": "1.25"}
    assert strict_object(b'{"a": 1.255}', fraction=short) is None


RECORD = {
    "id": "re_1",
    "none": None,
    "empty": "",
    "number": 1,
    "inside": {"a": 1},
    "list": [{}],
    "mixed": [{}, 1],
}


@pytest.mark.parametrize("name", ["missing", "none", "empty", "number", "inside", "list"])
def test_a_text_that_is_missing_is_named(name: str) -> None:
    """By the name of its field, and never by a value (law S2)."""
    assert text(RECORD, "id") == "re_1"
    with pytest.raises(UnreadableError, match=f"^{name} is missing$"):
        text(RECORD, name)


@pytest.mark.parametrize("name", ["missing", "none", "id", "list"])
def test_a_record_that_is_not_there_is_empty(name: str) -> None:
    """So that what is asked of it next is missing too."""
    assert inner(RECORD, "inside") == {"a": 1}
    assert inner(RECORD, name) == {}


@pytest.mark.parametrize("name", ["missing", "none", "id", "inside", "mixed"])
def test_a_list_that_is_none_does_not_pass_for_an_empty_one(name: str) -> None:
    """An entry that cannot be read might be a refund (law S3)."""
    assert objects(RECORD, "list") == [{}]
    with pytest.raises(UnreadableError, match=f"^{name} is no list of objects$"):
        objects(RECORD, name)


def test_what_was_frozen_is_thawed() -> None:
    """A stored request becomes dicts and lists again, at every depth."""
    frozen = MappingProxyType({"a": (1, MappingProxyType({"b": ("c",)})), "d": "e", "f": None})
    assert json.dumps(thawed(frozen)) == '{"a": [1, {"b": ["c"]}], "d": "e", "f": null}'


# What is said to people.


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("No such charge", "No such charge"),
        ("  two\nlines\t and\r\nmore ", "two lines and more"),
        (f"Invalid key: {SECRET}.", "Invalid key: [hidden]."),
        (f"Card {CARD} was {CARD.replace(' ', '-')}", "Card [hidden] was [hidden]"),
        ("order 123456789012", "order 123456789012"),
        ("\x1b[31mred\x1b[0m\u202e", "[31mred[0m"),
        ("sk_live\u200b_51H8", "[hidden]"),
        (None, ""),
        (b"bytes", ""),
        (["list"], ""),
    ],
)
def test_a_services_text_is_told_on_one_line(said: object, told: str) -> None:
    """Without secrets, card numbers and what a terminal would obey (law S2)."""
    assert plain(said) == told


PIECES = st.sampled_from([SECRET, CARD, "sk_", "4242", "\u200b", " ", "-", "\n", "[hidden]"]) | st.text()


@given(st.lists(PIECES, max_size=60).map("".join))
def test_no_text_tells_a_secret(said: str) -> None:
    """However it is put together, it is one short printable line without secrets (laws S2, S3)."""
    told = plain(said)
    assert told.isprintable()
    assert len(told) <= MAX_LINE
    assert SECRET not in told
    assert not re.search(r"[0-9](?:[ -]?[0-9]){12,18}", told)


def test_a_text_without_end_is_cut() -> None:
    """A megabyte is looked at only as far as it may be told (law S3)."""
    assert plain("x" * 1_000_000) == "x" * MAX_LINE
