"""Every deliverer of ours keeps the contract of docs/reference/deliverer-contract.md."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from refundkit.testing.deliverer_contract import DelivererBench, DelivererContract
from tests.deliveries.benches import (
    Bank,
    Inbox,
    download_bench,
    fake_bench,
    gift_card_bench,
    webhook_bench,
)
from tests.deliveries.receiver import Receiver

PAGE = Path(__file__).parents[2] / "docs/reference/deliverer-contract.md"


class TestFake(DelivererContract):
    @pytest.fixture
    def bench(self) -> DelivererBench:
        """Make a fake deliverer that keeps books."""
        return fake_bench()


class TestFakeForGood(DelivererContract):
    @pytest.fixture
    def bench(self) -> DelivererBench:
        """Make one that can take nothing back."""
        return fake_bench(revocable=False)


class TestGiftCard(DelivererContract):
    @pytest.fixture
    def bench(self) -> DelivererBench:
        """Make gift cards that can be voided."""
        return gift_card_bench(Bank(), voids=True)


class TestGiftCardForGood(DelivererContract):
    @pytest.fixture
    def bench(self) -> DelivererBench:
        """Make gift cards that cannot."""
        return gift_card_bench(Bank(), voids=False)


class TestFileDownload(DelivererContract):
    @pytest.fixture
    def bench(self) -> DelivererBench:
        """Make links that are sent by letter; whether they work is decided when they are used."""
        return download_bench(Inbox())


class TestWebhookCall(DelivererContract):
    @pytest.fixture
    def bench(self) -> Iterator[DelivererBench]:
        """Call a server of our own."""
        with Receiver() as receiver:
            yield webhook_bench(receiver)


def number_of(test: object) -> str:
    """Return the number that a rule's docstring begins with."""
    return test.__doc__.split()[0]


def rules() -> list[object]:
    """List the tests of the contract, in the order of their numbers."""
    tests = [getattr(DelivererContract, name) for name in dir(DelivererContract) if name.startswith("test_")]
    return sorted(tests, key=lambda test: [int(part) for part in number_of(test).split(".")])


def test_each_rule_has_a_number_of_its_own() -> None:
    """Chapters and rules are counted without a gap."""
    numbers = [[int(part) for part in number_of(test).split(".")] for test in rules()]
    for before, after in pairwise(numbers):
        assert after in ([before[0], before[1] + 1], [before[0] + 1, 1])


def test_each_rule_is_written_down() -> None:
    """The prose has the same numbers as the tests, in the same order."""
    written = re.findall(r"^\*\*(\d+\.\d+)\*\* ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert written == [number_of(test) for test in rules()]
