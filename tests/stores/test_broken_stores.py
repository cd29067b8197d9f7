"""The contract finds what is wrong: each broken store fails exactly the rules that it breaks."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest

from refundkit.stores.memory import MemoryStore
from refundkit.testing import StoreContract
from refundkit.testing.store_rules import orders as order_rules
from tests.stores import broken as orders
from tests.stores import broken_changes as changes
from tests.stores import broken_otherwise as more

pytest_plugins = ["pytester"]

SUITE = """
import pytest

from refundkit.testing import StoreContract
from {module} import {kind}


class TestIt(StoreContract):
    @pytest.fixture
    def store(self):
        return {kind}()
"""

# The rules that each store breaks, and no other.
BROKEN: dict[type[MemoryStore], str] = {
    MemoryStore: "",
    # True is one, but one is not True.
    orders.Countable: "1.1 1.6 1.10",
    orders.Careless: "1.2 1.3",
    orders.AsciiOnly: "1.2 1.3",
    # What an order has become must also be left alone by a second registration.
    orders.Forgiving: "1.3 1.6",
    orders.Floating: "1.4",
    orders.Seconds: "1.5",
    orders.WallTime: "1.5",
    orders.Suspicious: "1.6",
    orders.Overwriting: "1.6 1.7 1.10",
    orders.Inventive: "1.8 2.3",
    orders.Hoarding: "1.9",
    orders.Unhurried: "1.10",
    orders.Narrow: "1.11",
    orders.FirstPage: "1.12",
    # The longest name is an alias, too.
    orders.AliasBlind: "1.11 2.1 2.6",
    orders.GatewayBlind: "2.2",
    orders.Generous: "2.3 2.4 2.5 2.8 2.9 3.3",
    orders.GenerousAtFirst: "2.3 2.5 2.8",
    orders.GenerousLater: "2.4 2.9 3.3",
    # The order that has everything has a group of two payments.
    orders.Groupless: "1.2 1.3 1.6 1.9 2.5",
    orders.Fashionable: "2.6",
    orders.Refundless: "2.7 3.3",
    orders.Racing: "2.8 2.9",
    # Whatever builds on an earlier change.
    changes.Stale: "1.12 3.8 3.9 3.11 3.12 5.4 8.2",
    changes.Trusting: "3.2",
    changes.EventsOutside: "2.3 2.4 2.9 3.3",
    changes.RefundsFirst: "3.3",
    changes.Stubborn: "3.4",
    changes.Jammed: "3.4",
    changes.Wrapping: "3.4",
    changes.Busy: "3.5 8.2",
    # Most rules about events change nothing else.
    changes.Silent: "3.6 4.1 4.3 4.5 4.6 4.7 8.1 8.2 8.3",
    changes.Nesting: "3.7",
    changes.LastWriterWins: "3.7 3.8 3.9 3.11",
    changes.WholeFile: "3.10",
    changes.Optimistic: "3.11",
    changes.FirstRunCounts: "3.11",
    changes.Torn: "3.12",
    more.FromOne: "3.1 4.1 4.2 4.6",
    more.Anonymous: "4.2",
    more.Textual: "4.3",
    more.Lossy: "3.12 4.3",
    more.Listing: "4.4",
    more.Backwards: "4.5 4.7",
    more.Deleting: "4.6",
    more.FirstPageAgain: "4.7",
    more.LastTaker: "4.8",
    more.NewestFirst: "5.1",
    more.Greedy: "5.2",
    # A lease that is not taken shows wherever two claims follow each other.
    more.ClaimsTwice: "5.2 5.3 5.4 5.6 5.7 5.8",
    more.ForEver: "5.3 5.4 5.7 5.8",
    more.Counting: "5.4 5.8",
    more.Pressing: "5.5",
    more.Colliding: "5.6",
    more.OneTime: "5.7",
    more.WallClock: "5.8",
    more.Alphabetical: "6.1 6.4",
    more.CaseSensitive: "6.1",
    more.Indexed: "1.12 6.2",
    more.HundredAtMost: "6.3 6.5",
    more.NothingFirst: "6.4 6.5",
    more.Exchanging: "6.4 6.6",
    more.SortedOnce: "6.6",
    more.Talkative: "7.1 7.2 7.4",
    more.ReferencesOnly: "7.2",
    more.Unforgetting: "7.3",
    more.Hoarding: "7.5",
    more.Flooding: "7.4",
    more.Unanswered: "7.4",
    more.OneSeries: "8.1",
    more.Gappy: "8.2",
    more.Guessing: "8.3",
}


def number_of(rule: Callable[..., None]) -> str:
    """Return the number that the docstring of a rule begins with."""
    return rule.__doc__.split()[0]


def place_of(number: str) -> list[int]:
    """Return what numbers are sorted by."""
    return [int(part) for part in number.split(".")]


RULES = sorted(
    (getattr(StoreContract, name) for name in dir(StoreContract) if name.startswith("test_")),
    key=lambda rule: place_of(number_of(rule)),
)


def cases(rule: Callable[..., None]) -> Iterator[Mapping[str, Any]]:
    """Yield the arguments of each case of a rule, as pytest would give them."""
    tables = [mark.args for mark in getattr(rule, "pytestmark", ()) if mark.name == "parametrize"]
    for values in itertools.product(*(values for _, values in tables)):
        yield dict(zip((name for name, _ in tables), values, strict=True))


# What such a store breaks only if two threads meet in one moment, as they do on a busy machine.
BY_CHANCE: Mapping[type[MemoryStore], set[str]] = {changes.Optimistic: {"3.9"}}


def keeps(kind: type[MemoryStore], rule: Callable[..., None], case: Mapping[str, Any]) -> bool:
    """Try one case of a rule on a new store."""
    store = kind()
    asked = inspect.signature(rule).parameters
    handles = {name: store for name in ("store", "other_store") if name in asked}
    try:
        rule(StoreContract(), **handles, **case)
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 - whatever a broken store raises, the rule is not kept
        return False
    return True


def broken_by(kind: type[MemoryStore]) -> set[str]:
    """Return the numbers of the rules that a store breaks."""
    return {number_of(rule) for rule in RULES if not all(keeps(kind, rule, case) for case in cases(rule))}


@pytest.mark.slow
@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_a_store_fails_what_it_breaks(monkeypatch: pytest.MonkeyPatch, kind: type[MemoryStore]) -> None:
    """The contract names the rules that a store breaks, and no other."""
    # Ten thousand refunds sixty times are too many; a thousand and a half are enough for a dictionary.
    monkeypatch.setattr(order_rules, "MANY", 1500)
    broken = broken_by(kind) - BY_CHANCE.get(kind, set())
    assert sorted(broken, key=place_of) == BROKEN[kind].split()


class Watch:
    """Notes the number of each rule that a run fails."""

    def __init__(self) -> None:
        self.failed: set[str] = set()
        self.kept: set[str] = set()

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Look at each outcome."""
        (self.failed if call.excinfo else self.kept).add(number_of(item.function))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [MemoryStore, changes.EventsOutside], ids=lambda kind: kind.__name__)
def test_its_author_sees_the_same(pytester: pytest.Pytester, kind: type[MemoryStore]) -> None:
    """Run by pytest, as an author runs it, the contract tries every rule and fails the same ones."""
    watch = Watch()
    suite = pytester.makepyfile(SUITE.format(module=kind.__module__, kind=kind.__name__))
    pytester.inline_run(suite, "-W", "error", "-p", "no:cacheprovider", plugins=[watch])
    assert sorted(watch.failed, key=place_of) == BROKEN[kind].split()
    assert watch.kept | watch.failed == {number_of(rule) for rule in RULES}


def test_each_rule_can_be_broken() -> None:
    """There is no rule that every store keeps by nature."""
    assert {number for numbers in BROKEN.values() for number in numbers.split()} == set(map(number_of, RULES))


def test_each_rule_has_a_number_of_its_own() -> None:
    """Chapters and rules are counted without a gap."""
    for before, after in pairwise(place_of(number_of(rule)) for rule in RULES):
        assert after in ([before[0], before[1] + 1], [before[0] + 1, 1])


@pytest.mark.parametrize("rule", RULES, ids=number_of)
def test_each_rule_is_said_in_a_sentence(rule: Callable[..., None]) -> None:
    """A docstring begins with the number and ends with a full stop."""
    assert re.fullmatch(r"\d+\.\d+ .+\.", rule.__doc__.strip(), re.DOTALL)
