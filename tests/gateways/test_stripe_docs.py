"""docs/reference/stripe.md says what the code does: each of its tables is compared with the code's."""

import inspect
import re
from typing import get_args

import attrs
import pytest
import stripe as sdk

from refundkit.gateways.base import Capabilities
from refundkit.gateways.stripe import REASONS, StripeGateway, amounts, answers, reading, webhooks
from refundkit.gateways.stripe.gateway import CAPABILITIES
from refundkit.model.dispute_statuses import normalize_dispute
from refundkit.model.refunds import FailureCode
from refundkit.model.statuses import normalize_status
from tests.gateways.pages import Page, plain

PAGE = Page("stripe.md")
table, mapping = PAGE.table, PAGE.mapping


def test_every_option_is_documented_with_its_default() -> None:
    """Name and default of each option stand in the table of options."""
    parameters = inspect.signature(StripeGateway).parameters.values()
    in_code = {
        one.name: "required"
        if one.default is one.empty
        else "see below"
        if one.name == "reasons"
        else repr(one.default)
        for one in parameters
    }
    assert mapping("option") == in_code


def test_the_reasons_are_documented() -> None:
    """Which word is sent for which reason."""
    assert mapping("reason type") == plain(REASONS)


def test_every_capability_is_documented() -> None:
    """All but the long list of currencies, which has a table of its own."""
    names = [one.name for one in attrs.fields(Capabilities) if one.name != "currencies"]
    assert mapping("capability") == {name: str(getattr(CAPABILITIES, name)) for name in names}


def test_the_currencies_are_documented() -> None:
    """Each list of special currencies, in order."""
    listed = [
        " ".join(sorted(codes))
        for codes in (amounts.ZERO_DECIMALS, amounts.HUNDREDFOLD, amounts.THREE_DECIMALS)
    ]
    assert [row[0] for row in table("currencies")][:3] == listed


def test_every_answer_is_documented() -> None:
    """Classes that stand for nothing in particular are the last row."""
    rows = mapping("exception of the SDK")
    others = rows.pop("any other")
    assert rows == {name: str(answers.CLASSES[name]) for name in rows}
    assert {str(answer) for name, answer in answers.CLASSES.items() if name not in rows} == {others}
    assert mapping("Stripe's code") == plain(answers.CODES)


def test_every_decline_is_documented() -> None:
    """By code, by text, by HTTP status, and what is left."""
    in_code = {
        **plain(answers.DECLINES),
        **{f'"{text}" in the text': str(code) for text, code in answers.TEXTS.items()},
        **{f"HTTP {status}": str(code) for status, code in answers.STATUSES.items()},
        "anything else": str(FailureCode.DECLINED),
    }
    assert mapping("declined with") == in_code


@pytest.mark.parametrize("row", table("refund at Stripe"), ids=lambda row: row[0])
def test_the_statuses_of_refunds_are_documented(row: list[str]) -> None:
    """Each word means what the page says."""
    word, status, failure = row
    said = normalize_status(word if word.isidentifier() else "teleported", reading.SERVICE)
    assert str(said.status) == status
    assert str(said.failure or "") in (failure, "unknown")


def test_every_word_of_a_dispute_is_documented() -> None:
    """The words that the SDK's own types list; older SDKs list fewer, older API versions say one more."""
    words, _ = get_args(sdk.Dispute.__annotations__["status"])
    assert set(get_args(words)) <= {row[0] for row in table("dispute at Stripe")}


def test_every_word_of_a_refund_is_documented() -> None:
    """The words that the SDK's own documentation of Refund.status and Refund.failure_reason lists."""
    source = inspect.getsource(sdk.Refund)
    for name, header in (("status", "refund at Stripe"), ("failure_reason", "`failure_reason`")):
        text = source.split(f"    {name}: ", 1)[1].split('"""')[1]
        documented = {row[0] for row in table(header) if row[0].isidentifier()}
        assert documented == set(re.findall(r"`([a-z_]+)`", text))


def test_the_failures_are_documented() -> None:
    """Stripe's reason for a failure and ours."""
    assert mapping("`failure_reason`") == plain(reading.FAILURES)


@pytest.mark.parametrize("row", table("dispute at Stripe"), ids=lambda row: row[0])
def test_the_statuses_of_disputes_are_documented(row: list[str]) -> None:
    """Each word means what the page says."""
    said = normalize_dispute(row[0], reading.SERVICE)
    assert said.is_known
    assert [said.raw, str(said.stage), str(said.status), str(said.funds)] == row


def test_the_webhooks_are_documented() -> None:
    """By which fields an event names payments, and every limit."""
    rows = mapping("object of the event")
    assert rows.pop("any other") == "nothing"
    assert rows == {kind: ", ".join(names) for kind, names in webhooks.NAMED_BY.items()}
    limits = f"at most {webhooks.MAX_SIGNATURES} signatures, {webhooks.MAX_BODY} bytes of body, and"
    assert f"{limits} {webhooks.TOLERANCE_SECONDS} seconds" in PAGE.text
