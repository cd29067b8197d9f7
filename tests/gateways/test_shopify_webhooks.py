"""Webhooks of Shopify: what is taken, what is refused, and that nothing but WebhookError comes of hostile bytes."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refundkit.errors import WebhookError
from refundkit.gateways.base import Webhook
from refundkit.gateways.shopify.webhooks import MAX_BODY, TOPICS
from refundkit.testing.sandbox.shopify import ShopifySandbox
from tests.gateways.shopify_cases import NOW, SECRET, bought, gateway, gateway_to, signature, webhook

OURS = gateway()
BODY = b'{"order_id": 820982911946154508}'
NAMED = ("gid://shopify/Order/820982911946154508",)


@pytest.fixture(name="shopify")
def sandbox() -> Iterator[ShopifySandbox]:
    """Run a shop."""
    with ShopifySandbox() as running:
        yield running


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("prefix", ["X-Shopify-", "Shopify-"])
def test_every_topic_names_its_order(shopify: ShopifySandbox, topic: str, prefix: str) -> None:
    """Under both spellings of the header; the topic itself is not looked at."""
    (source,) = bought(shopify, "50.00")
    refund = shopify.refund_elsewhere(source.group, {source.reference: "5.00"})
    dispute = shopify.open_dispute(source.group, "50.00")
    (made,) = shopify.refunds_of(source.group)
    about = {
        "orders/updated": source.group,
        "refunds/create": refund,
        "order_transactions/create": made["id"],
    }.get(topic, dispute)
    sent = shopify.webhook(topic, about, prefix=prefix)
    assert gateway_to(shopify).parse_webhook(Webhook(received_at=NOW, **sent)) == (source.group,)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"order_id": 1}, ("gid://shopify/Order/1",)),
        ({"order_id": 1, "admin_graphql_api_id": "gid://shopify/Refund/5"}, ("gid://shopify/Order/1",)),
        ({"admin_graphql_api_id": "gid://shopify/Order/1"}, ("gid://shopify/Order/1",)),
        ({"order_id": None, "type": "chargeback"}, ()),
        ({"admin_graphql_api_id": "gid://shopify/Product/1"}, ()),
        ({"admin_graphql_api_id": "gid://shopify/Order/1/../2"}, ()),
        ({"admin_graphql_api_id": 7}, ()),
        ({}, ()),
    ],
)
def test_a_body_names_an_order_or_nothing(body: dict[str, Any], names: tuple[str, ...]) -> None:
    """A dispute without an order, and news about other things, name none."""
    assert OURS.parse_webhook(webhook(body)) == names


def test_headers_route_nothing() -> None:
    """Topic and shop are unsigned: whatever they say, the body decides."""
    headers = {
        "x-shopify-hmac-sha256": signature(BODY),
        "x-shopify-topic": "orders/delete",
        "x-shopify-shop-domain": "evil.myshopify.com",
        "x-shopify-order-id": "7",
    }
    assert OURS.parse_webhook(Webhook(body=BODY, headers=headers, received_at=NOW)) == NAMED


@pytest.mark.parametrize("secret", ["secret-old", "secret-new"])
def test_several_secrets_are_accepted_while_one_is_replaced(secret: str) -> None:
    """During a rotation, either secret is right; a third one is not (law S1)."""
    ours = gateway(webhook_secrets=("secret-old", "secret-new"))
    assert ours.parse_webhook(webhook(BODY, signature(BODY, secret))) == NAMED
    with pytest.raises(WebhookError, match="not signed with a secret"):
        ours.parse_webhook(webhook(BODY))


def test_both_spellings_at_once_are_accepted() -> None:
    """One of them right is enough; each must be readable."""
    headers = {"x-shopify-hmac-sha256": signature(BODY, "other"), "shopify-hmac-sha256": signature(BODY)}
    assert OURS.parse_webhook(Webhook(body=BODY, headers=headers, received_at=NOW)) == NAMED


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("", "no readable"),
        ("x" * 5_000, "no readable"),
        (signature(BODY)[:-1], "no readable"),
        (signature(BODY) + "=", "no readable"),
        (signature(BODY) + "," + signature(BODY), "no readable"),
        ("é" * 43 + "=", "no readable"),
        ("٣" * 43 + "=", "no readable"),
        (base64.b64decode(signature(BODY)).hex(), "no readable"),
        ("A" * 43 + "=", "not signed"),
        (signature(BODY, "another secret"), "not signed"),
        (signature(BODY + b" "), "not signed"),
    ],
)
def test_a_forged_header_is_refused(header: str, text: str) -> None:
    """Whatever is wrong with the header, the answer is 400 and no reason to crash (law S1)."""
    with pytest.raises(WebhookError, match=text) as refused:
        OURS.parse_webhook(webhook(BODY, header))
    assert refused.value.http_status == 400


def test_a_missing_header_is_refused() -> None:
    """Unsigned is forged."""
    with pytest.raises(WebhookError, match="no readable x-shopify-hmac-sha256 header"):
        OURS.parse_webhook(Webhook(body=BODY, headers={}, received_at=NOW))


@pytest.mark.parametrize("altered", [BODY + b" ", BODY.replace(b"8", b"9", 1), BODY.replace(b" ", b"")])
def test_an_altered_body_is_refused(altered: bytes) -> None:
    """One byte, even of white space, makes another body (law S1)."""
    with pytest.raises(WebhookError, match="not signed with a secret"):
        OURS.parse_webhook(webhook(altered, signature(BODY)))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"order_id": 1} {}',
        b'{"order_id": 1, "order_id": 2}',
        b'{"order_id": NaN}',
        b'{"order_id": 1e5, "a": Infinity}',
        b'{"order_id": 1, "note": "\xff"}',
        b'{"order_id": ' + b"9" * 5_000 + b"}",
        b'{"a": ' * 100_000 + b"1" + b"}" * 100_000,
        b'{"a": ' * 40 + b"1" + b"}" * 40,
        b'{"order_id": true}',
        b'{"order_id": "1"}',
        b'{"order_id": -1}',
        b'{"order_id": 0}',
        b'{"order_id": 1.0}',
        b'{"order_id": [1]}',
        b'{"order_id": 100000000000000000000}',
    ],
)
def test_a_signed_body_that_is_not_strict_is_refused(body: bytes) -> None:
    """Also who knows the secret sends strict JSON, shallow, with numbers for ids (law S3)."""
    with pytest.raises(WebhookError) as refused:
        OURS.parse_webhook(webhook(body))
    assert refused.value.http_status in (400, 413)


def test_the_size_is_limited_before_anything_is_computed() -> None:
    """256 KiB are taken, one more byte is not."""
    fits = b'{"order_id": 1}'.ljust(MAX_BODY)
    assert OURS.parse_webhook(webhook(fits)) == ("gid://shopify/Order/1",)
    with pytest.raises(WebhookError, match="larger than 262144 bytes") as refused:
        OURS.parse_webhook(webhook(fits + b" "))
    assert refused.value.http_status == 413


def test_without_a_secret_no_webhook_is_taken() -> None:
    """An empty secret would be one that everybody knows."""
    with pytest.raises(WebhookError, match="no webhook_secrets") as refused:
        gateway(webhook_secrets=()).parse_webhook(webhook())
    assert refused.value.http_status == 404


def test_no_message_quotes_the_body_or_a_secret() -> None:
    """What is wrong with it is told, never what is in it (law S2)."""
    for sent in (webhook(b'{"order_id": "jo@example.com"}'), webhook(BODY, "A" * 43 + "=")):
        with pytest.raises(WebhookError) as refused:
            OURS.parse_webhook(sent)
        assert "jo@" not in str(refused.value)
        assert SECRET not in repr(vars(refused.value))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.binary(max_size=200), st.text(max_size=80))
def test_hostile_bytes_give_a_webhook_error(body: bytes, header: str) -> None:
    """Unsigned bytes are refused, whatever they are (law S1)."""
    with pytest.raises(WebhookError):
        OURS.parse_webhook(webhook(body, header))


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_hostile_signed_bytes_name_an_order_or_give_a_webhook_error(body: bytes) -> None:
    """Signed bytes too: a tuple of ids, or a WebhookError."""
    try:
        names = OURS.parse_webhook(webhook(body))
    except WebhookError:
        return
    assert all(name.startswith("gid://shopify/Order/") for name in names)


@given(st.dictionaries(st.sampled_from(["order_id", "admin_graphql_api_id", "id"]), JSON))
def test_hostile_fields_name_an_order_or_give_a_webhook_error(body: dict[str, Any]) -> None:
    """The fields that are read may hold anything."""
    try:
        names = OURS.parse_webhook(webhook(body))
    except WebhookError:
        return
    assert all(name.startswith("gid://shopify/Order/") for name in names)
