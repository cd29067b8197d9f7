"""The contract finds what is wrong: each broken gateway fails exactly the rules that it breaks."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from refundkit.testing.gateway_contract import GatewayContract
from tests.gateways import broken
from tests.gateways import broken_otherwise as more
from tests.gateways import broken_requests as requests

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parents[2] / "docs/reference/gateway-contract.md"
SUITE = """
import pytest

from refundkit.testing.gateway_contract import GatewayContract
from tests.gateways.broken import bench_of
from {module} import {kind}


class TestIt(GatewayContract):
    @pytest.fixture
    def bench(self):
        return bench_of({kind})
"""

NO_BENCH = """
from refundkit.testing.gateway_contract import GatewayContract


class TestIt(GatewayContract):
    pass
"""

# The rules that each gateway breaks, and no other.
BROKEN = {
    broken.TillGateway: "",
    # A restart, a stored request, many threads, and asking again after an answer was lost.
    broken.NewKeyGateway: "2.2 2.3 2.4 2.7 3.7",
    broken.RaisingGateway: "3.1 3.2 3.3 6.6 8.5",
    # No doubt is told, and there is no error that could name the gateway.
    broken.HastyGateway: "3.5 3.6 3.8 3.11",
    broken.IsoGateway: "5.1 5.2",
    broken.TrustingGateway: "7.2 7.3 7.4 7.5 7.6 7.7 7.8 8.6",
    requests.RandomRequest: "1.1 1.2 1.3",
    requests.InstanceRequest: "1.2",
    requests.AttemptRequest: "1.3",
    requests.AskingRequest: "1.4",
    # What is stored is also what was sent, and leads back to the service in memory.
    requests.SecretRequest: "1.6 8.2 8.3",
    more.KeyByAmount: "2.5 3.2 4.6",
    more.OneAtATime: "2.6",
    # Whoever waits for a silent service waits in another thread.
    more.Homebody: "2.6 2.7 3.11 8.5",
    more.Rewriting: "2.8",
    more.Doubtful: "3.4",
    more.Nameless: "3.8",
    more.Optimist: "3.9",
    more.Speechless: "3.10 4.7",
    more.Patient: "3.11",
    more.FirstOnly: "4.1",
    more.Misremembering: "3.7 4.2 4.5 5.2",
    more.Forgetful: "4.3",
    more.Ignorant: "4.4",
    more.Possessive: "4.5",
    more.FirstPage: "4.6",
    more.Restless: "4.8",
    more.Confused: "4.9",
    more.EchoingGateway: "2.1 2.5 2.6 3.7 4.5 5.1 5.2",
    requests.GuessingRequest: "5.3",
    # What is not stored is made up of the refund when it is sent.
    requests.NamelessRequest: "2.8 5.4",
    more.Moody: "6.1",
    more.NeverWhole: "6.2",
    more.NeverPart: "6.3",
    more.NeverTwice: "6.4",
    more.SecretlyAtLeast: "6.5",
    more.Undisputed: "6.6",
    more.Aimless: "7.1",
    more.Neighborly: "7.6",
    more.Open: "8.1 8.2 8.3",
    more.Talkative: "8.4",
    more.Blabbing: "8.5",
    more.Helpful: "8.6",
    # These can less than others, and say so.
    more.WholeOnly: "",
    more.AtLeast: "",
    more.Bookless: "",
    more.Unknowing: "",
}


class Watch:
    """Notes the number of each rule that a run fails, and how many it keeps."""

    def __init__(self) -> None:
        self.failed: set[str] = set()
        self.kept: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[None]:
        """Look at each outcome."""
        report = yield
        number = number_of(item.function)
        if report.failed:
            self.failed.add(number)
        elif report.passed and report.when == "call":
            self.kept.add(number)
        return report


def number_of(test: object) -> str:
    """Return the number that a rule's docstring begins with."""
    return test.__doc__.split()[0]


def watched(pytester: pytest.Pytester, kind: type[broken.TillGateway]) -> Watch:
    """Run the contract as an author would run it."""
    watch = Watch()
    suite = pytester.makepyfile(SUITE.format(module=kind.__module__, kind=kind.__name__))
    pytester.inline_run(suite, "-W", "error", "-p", "no:cacheprovider", plugins=[watch])
    return watch


@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_a_gateway_fails_what_it_breaks(pytester: pytest.Pytester, kind: type[broken.TillGateway]) -> None:
    """The contract names the rules that a gateway breaks, and no other."""
    watch = watched(pytester, kind)
    assert watch.failed == set(BROKEN[kind].split())
    assert len(watch.kept | watch.failed) >= 20


def test_a_request_that_is_no_json_breaks_everything(pytester: pytest.Pytester) -> None:
    """No call can be made of it, so rule 1.5 is not alone."""
    assert "1.5" in watched(pytester, requests.FloatRequest).failed


def test_each_rule_can_be_broken() -> None:
    """There is no rule that every gateway keeps by nature."""
    broken_by_some = {number for numbers in BROKEN.values() for number in numbers.split()}
    assert {number_of(rule) for rule in rules()} - broken_by_some == {"1.5"}


def test_a_contract_without_a_bench_says_what_is_missing(pytester: pytest.Pytester) -> None:
    """Who forgets the fixture is told so."""
    suite = pytester.makepyfile(NO_BENCH)
    result = pytester.inline_run(suite, "-k", "deterministic", "-p", "no:cacheprovider")
    (failure,) = result.getfailures()
    assert "Override the fixture `bench`" in str(failure.longrepr)


def rules() -> list[object]:
    """List the tests of the contract, in the order of their numbers."""
    tests = [getattr(GatewayContract, name) for name in dir(GatewayContract) if name.startswith("test_")]
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


def test_each_rule_is_one_sentence() -> None:
    """A docstring begins with the number and ends with a full stop."""
    for test in rules():
        assert re.fullmatch(r"\d\.\d+ .+\.", test.__doc__.strip(), re.DOTALL)
