"""docs/reference/shopify.md says what the code does: each of its tables is compared with the code's."""

import inspect

import attrs
import pytest

from refundkit.gateways.base import Capabilities
from refundkit.gateways.shopify import (
    OLDEST_VERSION,
    ShopifyGateway,
    answers,
    documents,
    reading,
    webhooks,
)
from refundkit.gateways.shopify.gateway import CAPABILITIES
from refundkit.model.dispute_statuses import normalize_dispute
from refundkit.model.refunds import FailureCode
from refundkit.model.statuses import normalize_status
from refundkit.testing.sandbox.shopify import VERSIONS
from tests.gateways.pages import Page, plain

PAGE = Page("shopify.md")
table, mapping = PAGE.table, PAGE.mapping


def test_every_option_is_documented_with_its_default() -> None:
    """Name and default of each option stand in the table of options."""
    parameters = inspect.signature(ShopifyGateway).parameters.values()
    in_code = {one.name: "required" if one.default is one.empty else repr(one.default) for one in parameters}
    assert mapping("option") == in_code
    assert f"`{OLDEST_VERSION}` is the oldest" in PAGE.text


def test_every_capability_is_documented() -> None:
    """All but the long list of currencies."""
    names = [one.name for one in attrs.fields(Capabilities) if one.name != "currencies"]
    assert mapping("capability") == {name: str(getattr(CAPABILITIES, name)) for name in names}


def test_every_answer_is_documented() -> None:
    """By HTTP status, by code, by text; what is in no table is unknown."""
    statuses, codes = mapping("HTTP status"), mapping("code of a top-level error")
    assert {statuses.pop("any other but 200"), codes.pop("any other, or none")} == {"unknown"}
    assert statuses == plain(answers.STATUSES)
    assert codes == plain(answers.CODES)
    assert mapping("text of an error, before any code") == plain(answers.TEXTS)


def test_every_decline_is_documented() -> None:
    """By text, and what is left."""
    in_code = {**plain(answers.DECLINES), "anything else": str(FailureCode.DECLINED)}
    assert mapping("declined with") == in_code


@pytest.mark.parametrize("row", table("refund transaction at Shopify"), ids=lambda row: row[0])
def test_the_statuses_of_refunds_are_documented(row: list[str]) -> None:
    """Each word means what the page says."""
    word, status, failure = row
    said = normalize_status(word if word.isidentifier() else "TELEPORTED", reading.SERVICE)
    assert str(said.status) == status
    assert bool(said.failure) is bool(failure)


def test_the_failures_are_documented() -> None:
    """Shopify's code for a failure and ours."""
    assert mapping("`errorCode`") == plain(reading.ERROR_CODES)


@pytest.mark.parametrize("row", table("dispute at Shopify"), ids=lambda row: row[0])
def test_the_statuses_of_disputes_are_documented(row: list[str]) -> None:
    """Each pair of words means what the page says."""
    stage, word = row[0].split()
    said = normalize_dispute(word, reading.SERVICE, stage=stage)
    assert said.is_known
    assert [str(said.stage), str(said.status), str(said.funds)] == row[1:]


def test_the_webhooks_are_documented() -> None:
    """By which field each topic names its order, and the limit."""
    assert mapping("topic") == webhooks.TOPICS
    assert f"at most {webhooks.MAX_BODY} of them" in PAGE.text


def test_the_limits_are_documented() -> None:
    """How many, and for which versions."""
    assert f"{documents.MOST_TRANSACTIONS} transactions, {documents.MOST_REFUNDS} refunds" in PAGE.text
    assert f"{', '.join(VERSIONS[:-1])} and {VERSIONS[-1]}" in PAGE.text
