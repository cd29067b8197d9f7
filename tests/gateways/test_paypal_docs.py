"""docs/reference/paypal.md says what the code does: each of its tables is compared with the code's."""

import inspect

import attrs
import pytest

from refundkit.gateways.base import Capabilities
from refundkit.gateways.paypal import PayPalGateway, Transport, amounts, answers, reading, webhooks
from refundkit.gateways.paypal.gateway import CAPABILITIES
from refundkit.model.dispute_statuses import normalize_dispute
from refundkit.model.refunds import FailureCode
from refundkit.model.statuses import normalize_status
from tests.gateways.pages import Page, plain

PAGE = Page("paypal.md")
table, mapping = PAGE.table, PAGE.mapping


def test_every_option_is_documented_with_its_default() -> None:
    """Name and default of each option stand in the table of options."""
    parameters = inspect.signature(PayPalGateway).parameters.values()
    in_code = {one.name: "required" if one.default is one.empty else repr(one.default) for one in parameters}
    assert mapping("option") == in_code


def test_every_capability_is_documented() -> None:
    """All but the list of currencies, which has a table of its own."""
    names = [one.name for one in attrs.fields(Capabilities) if one.name != "currencies"]
    assert mapping("capability") == {name: str(getattr(CAPABILITIES, name)) for name in names}


def test_the_currencies_are_documented() -> None:
    """Those without decimals, and all others."""
    lists = [amounts.NO_DECIMALS, amounts.CURRENCIES - amounts.NO_DECIMALS]
    assert [row[0] for row in table("currencies")] == [" ".join(sorted(codes)) for codes in lists]


def test_every_answer_is_documented() -> None:
    """By status and by issue."""
    rows = mapping("HTTP status")
    assert rows.pop("any other") == str(answers.Meaning.UNKNOWN)
    assert rows == plain(answers.STATUSES)
    assert mapping("issue") == plain(answers.ISSUES)


def test_every_decline_is_documented() -> None:
    """By issue, by HTTP status, and what is left."""
    others = {"HTTP 404": str(FailureCode.UNAVAILABLE), "anything else": str(FailureCode.DECLINED)}
    assert mapping("declined with") == {**plain(answers.DECLINES), **others}


@pytest.mark.parametrize("row", table("refund at PayPal"), ids=lambda row: row[0])
def test_the_statuses_of_refunds_are_documented(row: list[str]) -> None:
    """Each word means what the page says."""
    word, status, failure = row
    said = normalize_status(word if word.isidentifier() else "TELEPORTED", reading.SERVICE)
    assert [str(said.status), str(said.failure or "")] == [status, failure]


@pytest.mark.parametrize("row", table("dispute at PayPal"), ids=lambda row: row[0])
def test_the_statuses_of_disputes_are_documented(row: list[str]) -> None:
    """Each word means what the page says."""
    word, status, funds = row
    said = normalize_dispute(word if word.isidentifier() else "TELEPORTED", reading.SERVICE)
    assert said.is_known is word.isidentifier()
    assert [str(said.status), str(said.funds)] == [status, funds]


def test_what_is_not_captured_is_documented() -> None:
    """Each word."""
    assert all(word in PAGE.text for word in reading.NOT_CAPTURED)


def test_the_webhooks_are_documented() -> None:
    """Every limit, and every host."""
    assert f"at most {webhooks.MAX_BODY} bytes" in PAGE.text
    assert f"at most {webhooks.MAX_AGE} ago and not more than {webhooks.MAX_AHEAD} ahead" in PAGE.text
    assert all(f"`{host}`" in PAGE.text for hosts in webhooks.CERT_HOSTS.values() for host in hosts)


def test_the_seam_is_documented() -> None:
    """Its three calls."""
    calls = [name for name, value in vars(Transport).items() if inspect.isfunction(value) and name[0] != "_"]
    assert list(mapping("call")) == calls
