"""The Shopify gateway against the sandbox: options, requests, refunds, throttling, tokens."""

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refundkit.errors import GatewayUnavailableError, InvalidValueError, OutcomeUnknownError, PluginError
from refundkit.gateways.base import WhileDisputed
from refundkit.gateways.shopify.amounts import from_shopify, to_shopify
from refundkit.gateways.shopify.documents import REFUND_CREATE
from refundkit.model.refunds import FailureCode, RefundStatus
from refundkit.money import Money
from refundkit.testing.sandbox import Fault
from refundkit.testing.sandbox.shopify import ShopifySandbox
from tests.gateways.shopify_cases import (
    ORDER,
    PARENT,
    asked,
    bought,
    call,
    gateway,
    gateway_to,
    payment,
    refund,
)


@pytest.fixture(name="shopify")
def sandbox() -> Iterator[ShopifySandbox]:
    """Run a shop."""
    with ShopifySandbox() as running:
        yield running


# The request.


def test_prepare_names_one_parent_one_amount_and_our_id() -> None:
    """The request is complete, JSON-ready, holds no secret, and tells the customer nothing (E1, S2, S6)."""
    assert gateway().prepare(refund("12.50"), payment()) == {
        "orderId": ORDER,
        "note": "refundkit:refund-1",
        "transactions": [
            {
                "orderId": ORDER,
                "parentId": PARENT,
                "gateway": "shopify_payments",
                "kind": "REFUND",
                "amount": "12.50",
            }
        ],
    }


def test_a_payment_without_a_method_is_refunded_by_its_parent() -> None:
    """Shopify wants a gateway's name and takes the parent's own."""
    prepared = gateway().prepare(refund(), payment(method=None))
    assert prepared["transactions"][0]["gateway"] == "shopify_payments"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [("12.5", "USD", "12.50"), ("500", "JPY", "500"), ("1.234", "KWD", "1.234"), ("7", "ISK", "7")],
)
def test_amounts_have_all_decimals_of_their_currency(amount: str, currency: str, text: str) -> None:
    """What is sent is quantised to the currency's exponent."""
    prepared = gateway().prepare(refund(amount, currency), payment(amount=amount, currency=currency))
    assert prepared["transactions"][0]["amount"] == text
    assert "currency" not in prepared


def test_the_customers_currency_is_named_where_the_shop_has_another() -> None:
    """Amounts are presentment money, and say so where that is not the shop's."""
    source = payment(details={"shop_currency": "CAD"})
    assert gateway().prepare(refund(), source)["currency"] == "USD"
    assert "currency" not in gateway().prepare(refund(), payment(details={"shop_currency": "USD"}))


@pytest.mark.parametrize(
    ("wanted", "source"),
    [
        (refund(), payment(group=None)),
        (refund(), payment(group="gid://shopify/Order/1/../2")),
        (refund(), payment(group="1")),
        (refund(), payment("gid://shopify/Order/1")),
        (refund(), payment("gid://shopify/OrderTransaction/\u0661")),
        (refund(), payment("gid://shopify/OrderTransaction/")),
        (refund(name="a b"), payment()),
        (refund(name="réfund"), payment()),
        (refund("1", "BOV"), payment(amount="1", currency="BOV")),
    ],
)
def test_only_shopifys_ids_and_currencies_are_sent(wanted: Any, source: Any) -> None:
    """Anything else is refused before it is reserved (law S5)."""
    with pytest.raises(InvalidValueError):
        gateway().prepare(wanted, source)


@pytest.mark.parametrize(
    "change",
    [
        {"transactions": []},
        {"transactions": None},
        {"transactions": [{}, {}]},
        {"orderId": "1"},
        {"transactions": [{"parentId": PARENT, "kind": "REFUND", "amount": "0.00"}]},
        {"transactions": [{"parentId": PARENT, "kind": "REFUND", "amount": "1e3"}]},
        {"transactions": [{"parentId": PARENT, "kind": "SALE", "amount": "1.00"}]},
        {"transactions": [{"kind": "REFUND", "amount": "1.00"}]},
    ],
)
def test_a_stored_request_that_leaves_something_to_shopify_is_not_sent(
    shopify: ShopifySandbox, change: dict[str, Any]
) -> None:
    """Without its one transaction, Shopify would decide by itself what to give back."""
    ours = gateway_to(shopify)
    request = {**ours.prepare(refund(), payment()), **change}
    with pytest.raises(GatewayUnavailableError, match="nothing was sent"):
        ours.refund(call(ours, request=request))
    assert shopify.requests == []


# Refunds.


def test_a_refund_is_made_and_found_again_by_our_id(shopify: ShopifySandbox) -> None:
    """What refund() reports is what fetch() sees, with our id on it (laws E2, T2)."""
    (source,) = bought(shopify, "50.00")
    ours = gateway_to(shopify)
    made = ours.refund(call(ours, source=source))
    (report,) = ours.fetch((source,))
    assert report.refunds == (made,)
    assert (made.status, made.amount) == (RefundStatus.SUCCEEDED, Money.of("12.50", "USD"))
    assert (made.refund_id, made.payment, made.raw_status) == ("refund-1", source.reference, "SUCCESS")


def test_the_request_is_sent_as_it_was_stored(shopify: ShopifySandbox) -> None:
    """Key, input, token and version are on the wire; nothing is added and nothing left out (laws E1, E2)."""
    (source,) = bought(shopify, "50.00")
    ours = gateway_to(shopify)
    wanted = call(ours, source=source)
    ours.refund(wanted)
    (sent,) = asked(shopify, "refundCreate")
    assert sent["variables"] == {"input": ours.prepare(refund(), source), "key": "refund-1"}
    assert "notify" not in str(sent["variables"])
    assert shopify.requests[-1].path == "/admin/api/2026-10/graphql.json"
    assert shopify.requests[-1].headers["x-shopify-access-token"] == shopify.token


def test_a_repeated_key_gives_the_first_refund_again(shopify: ShopifySandbox) -> None:
    """The same key and input make one refund (law E2)."""
    (source,) = bought(shopify, "50.00")
    ours = gateway_to(shopify)
    first, second = (ours.refund(call(ours, source=source)) for _ in range(2))
    assert first == second
    assert len(shopify.refunds_of(source.group)) == 1


def test_a_lost_reply_and_the_same_key_make_one_refund(shopify: ShopifySandbox) -> None:
    """The first answer is unknown, the second one tells."""
    (source,) = bought(shopify, "50.00")
    ours = gateway_to(shopify)
    shopify.faults.append(Fault.LOST_REPLY)
    with pytest.raises(OutcomeUnknownError, match="RemoteProtocolError"):
        ours.refund(call(ours, source=source))
    assert ours.refund(call(ours, source=source)).status is RefundStatus.SUCCEEDED
    assert len(shopify.refunds_of(source.group)) == 1


def test_a_reused_key_with_another_amount_is_unknown(shopify: ShopifySandbox) -> None:
    """Something of ours ran under this key; what, only the order can tell."""
    (source,) = bought(shopify, "50.00")
    ours = gateway_to(shopify)
    ours.refund(call(ours, refund("1.00"), source))
    with pytest.raises(OutcomeUnknownError, match="different operation parameters"):
        ours.refund(call(ours, refund("2.00"), source))


def test_an_over_refund_is_declined_in_shopifys_words(shopify: ShopifySandbox) -> None:
    """The order stays as it was, and its text is kept."""
    (source,) = bought(shopify, "15.00")
    ours = gateway_to(shopify)
    report = ours.refund(call(ours, refund("25.00"), source))
    assert (report.status, report.failure) == (RefundStatus.FAILED, FailureCode.ALREADY_REFUNDED)
    assert report.reason == "Refund amount $25.00 is greater than net payment received $15.00"
    assert report.reference is None
    assert shopify.refunds_of(source.group) == ()


def test_a_refund_that_failed_before_under_its_key_is_declined(shopify: ShopifySandbox) -> None:
    """Shopify keeps the failure too, and asks for another key, which is another request."""
    (source,) = bought(shopify, "15.00")
    ours = gateway_to(shopify)
    for _ in range(2):
        report = ours.refund(call(ours, refund("25.00"), source))
    assert report.reason.startswith("A previous request with this idempotency key failed")
    assert report.failure is FailureCode.DECLINED


def test_the_parent_of_each_tender_is_its_own_hard_cap(shopify: ShopifySandbox) -> None:
    """A gift card's part goes back to the gift card, and no part beyond what it paid."""
    card, gift = bought(shopify, "30.00", ("gift_card", "20.00"))
    ours = gateway_to(shopify)
    assert ours.refund(call(ours, refund("25.00", name="r-1"), gift)).failure is FailureCode.ALREADY_REFUNDED
    assert ours.refund(call(ours, refund("20.00", name="r-2"), gift)).status is RefundStatus.SUCCEEDED
    assert ours.refund(call(ours, refund("30.00", name="r-3"), card)).status is RefundStatus.SUCCEEDED
    assert [one["gateway"] for one in shopify.refunds_of(card.group)] == ["gift_card", "shopify_payments"]


@pytest.mark.parametrize(
    ("word", "status", "failure"),
    [
        ("SUCCESS", RefundStatus.SUCCEEDED, None),
        ("PENDING", RefundStatus.PENDING, None),
        ("AWAITING_RESPONSE", RefundStatus.PENDING, None),
        ("UNKNOWN", RefundStatus.PENDING, None),
        ("FAILURE", RefundStatus.FAILED, FailureCode.DECLINED),
        ("ERROR", RefundStatus.FAILED, FailureCode.UNKNOWN),
    ],
)
def test_the_transaction_and_not_the_refund_says_how_it_stands(
    shopify: ShopifySandbox, word: str, status: RefundStatus, failure: FailureCode | None
) -> None:
    """A Refund that exists proves nothing."""
    (source,) = bought(shopify, "50.00")
    ours = gateway_to(shopify)
    shopify.statuses.append(word)
    made = ours.refund(call(ours, source=source))
    assert (made.status, made.failure, made.raw_status) == (status, failure, word)
    assert ours.fetch((source,))[0].refunds == (made,)


def test_an_unknown_order_and_an_unknown_parent_are_declined(shopify: ShopifySandbox) -> None:
    """There is nothing to give back there."""
    (source,) = bought(shopify, "50.00")
    ours = gateway_to(shopify)
    elsewhere = payment(source.reference, group="gid://shopify/Order/9")
    foreign = payment("gid://shopify/OrderTransaction/9", group=source.group)
    for number, wrong in enumerate((elsewhere, foreign)):
        report = ours.refund(call(ours, refund(name=f"r-{number}"), wrong))
        assert (report.status, report.failure) == (RefundStatus.FAILED, FailureCode.UNAVAILABLE)


def test_a_customer_who_paid_in_another_currency_gets_that_one_back(shopify: ShopifySandbox) -> None:
    """Amounts are presentment money both ways; the shop's money is another number."""
    (source,) = bought(shopify, "50.00", currency="USD", shop_currency="CAD")
    ours = gateway_to(shopify)
    made = ours.refund(call(ours, refund("5.00"), source))
    assert made.amount == Money.of("5.00", "USD")
    assert ours.fetch((source,))[0].captured == Money.of("50.00", "USD")
    (kept,) = shopify.refunds_of(source.group)
    assert kept["amountSet"]["shopMoney"] == {"amount": "7.1", "currencyCode": "CAD"}


def test_without_the_currency_such_an_order_is_declined(shopify: ShopifySandbox) -> None:
    """A payment registered without the shop's currency is refused, not converted."""
    (source,) = bought(shopify, "50.00", currency="USD", shop_currency="CAD")
    ours = gateway_to(shopify)
    report = ours.refund(call(ours, source=payment(source.reference, group=source.group)))
    assert report.reason == "Currency Currency must match parent transaction USD"


def test_the_reason_of_a_no_is_always_asked_for() -> None:
    """Without userErrors, a refusal would be a null without a reason; a code would be an error of its own."""
    assert "userErrors { field message }" in REFUND_CREATE
    assert "@idempotent(key: $key)" in REFUND_CREATE


# Options.


@pytest.mark.parametrize(
    "options",
    [
        {"shop": "example.com"},
        {"shop": "https://example.myshopify.com"},
        {"shop": "example.myshopify.com.evil.com"},
        {"shop": "Example.myshopify.com"},
        {"shop": "a@b.myshopify.com"},
        {"shop": None},
        {"token": ""},
        {"token": None},
        {"token": "short"},
        {"token": "shpat_1234\nX-Evil: 1"},
        {"api_version": "2025-10"},
        {"api_version": "2026-02"},
        {"api_version": "unstable"},
        {"api_version": "2026-10/../x"},
        {"api_version": None},
        {"webhook_secrets": ""},
        {"webhook_secrets": ["a"]},
        {"webhook_secrets": ("a", " ")},
        {"timeout": 30},
        {"timeout": (0, 30)},
        {"base_url": "http://example.com"},
        {"base_url": "ftp://127.0.0.1"},
        {"test": "yes"},
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(options: dict[str, Any]) -> None:
    """Wrong options are refused when the gateway is made, not when money should move."""
    with pytest.raises(InvalidValueError) as refused:
        gateway(**options)
    assert "shpat_1234" not in str(refused.value)


@pytest.mark.parametrize("version", ["2026-01", "2026-04", "2026-07", "2026-10", "2027-01"])
def test_newer_and_older_versions_may_be_asked_for(version: str) -> None:
    """From the first one with idempotency keys on."""
    assert gateway(api_version=version).name == "shopify"


@pytest.mark.parametrize("test", [True, False, None])
def test_the_shop_says_whether_it_is_for_test_orders(test: bool | None) -> None:  # noqa: FBT001
    """A token does not tell (law S7)."""
    assert gateway(test=test).test is test


def test_several_gateways_have_several_names() -> None:
    """Two shops are two gateways."""
    assert repr(gateway(name="shopify-uk")) == "<ShopifyGateway 'shopify-uk'>"


def test_what_shopify_can_do() -> None:
    """Parts, several times, found by our id; nothing while disputed, anything while asked about (law D2)."""
    can = gateway().capabilities(payment())
    assert (can.partial, can.multiple, can.echoes_refund_id, can.knows_absence) == (True,) * 4
    assert (can.while_disputed, can.while_inquiry) == (WhileDisputed.NOTHING, WhileDisputed.ANYTHING)
    assert can.idempotency_window == timedelta(hours=20)


def test_without_httpx_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing httpx is a clear PluginError, when a gateway is made."""
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(PluginError, match=r"pip install 'refundkit\[shopify\]'"):
        gateway()


@given(st.integers(0, 10**12), st.sampled_from(["USD", "JPY", "KWD", "ISK", "VND"]))
def test_amounts_survive_the_way_there_and_back(minor: int, currency: str) -> None:
    """Whatever is written is read as the same amount, with or without trailing zeros."""
    amount = Money.of_minor(minor, currency)
    written = to_shopify(amount)
    assert from_shopify({"amount": written, "currencyCode": currency}) == amount
    longer = written + ("0" if "." in written else ".0")
    assert from_shopify({"amount": longer, "currencyCode": currency}) == amount
