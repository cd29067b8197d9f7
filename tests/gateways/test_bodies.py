"""No answer is read without end, and none is taken for one that says "nothing"."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from refundkit.gateways.bodies import as_they_come, latest_end, whole
from refundkit.gateways.paypal.disputes import dispute_ids
from refundkit.gateways.records import UnreadableError

NEVER = float("inf")


def test_a_body_is_joined() -> None:
    """As many bytes as are allowed are not too many."""
    assert whole([b"a", b"", b"bc"], limit=3, ends=NEVER) == b"abc"


def test_a_body_that_is_too_long_is_given_up() -> None:
    """The rest is not even asked for (law S3)."""

    def endless() -> Iterator[bytes]:
        while True:
            yield b"1234"

    with pytest.raises(UnreadableError, match="more than 10 bytes"):
        whole(endless(), limit=10, ends=NEVER)


def test_a_body_that_comes_too_slowly_is_given_up() -> None:
    """However soon the next part comes: the end of time was long ago (law S3)."""
    with pytest.raises(UnreadableError, match="too slowly"):
        whole([b"1"], limit=10, ends=0.0)


def test_a_whole_answer_may_take_longer_than_its_parts() -> None:
    """Twice as long as both waits together."""
    assert latest_end((5, 30)) - latest_end((0, 0)) == pytest.approx(70, abs=1)


def test_without_a_better_way_parts_are_read_as_they_are_full() -> None:
    """urllib3 before 2 cannot hand out what has arrived."""
    response = SimpleNamespace(raw=object(), iter_content=lambda _: iter([b"a", b"b"]))
    assert list(as_they_come(response)) == [b"a", b"b"]


@pytest.mark.parametrize(
    "listing",
    [{}, {"unexpected": [1]}, {"id": "1JU08902781691411", "links": []}, {"errors": []}],
)
def test_what_is_no_list_of_disputes_is_not_an_empty_one(listing: dict[str, object]) -> None:
    """PayPal leaves out items where there are none, but not everything."""
    with pytest.raises(UnreadableError, match="no list of disputes"):
        dispute_ids(listing)


@pytest.mark.parametrize("listing", [{"items": []}, {"links": []}, {"items": [], "links": []}])
def test_an_empty_list_of_disputes_is_one(listing: dict[str, object]) -> None:
    """Each of these is."""
    assert dispute_ids(listing) == ()
