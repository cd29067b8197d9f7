"""The limits of webhooks, in plain numbers: the last that is taken and the first that is not."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from refundkit.errors import InvalidValueError, WebhookError
from refundkit.gateways.base import Webhook
from refundkit.gateways.guards import check_timeout, check_url, checked_secrets
from refundkit.gateways.paypal.webhooks import CERT_HOSTS, event_of, verification
from refundkit.gateways.shopify.webhooks import TOPICS
from tests.gateways import paypal_cases, shopify_cases, stripe_cases
from tests.gateways.paypal_cases import Told

STRIPE = stripe_cases.gateway()
SHOPIFY = shopify_cases.gateway()
BODY = stripe_cases.event()
NOW_SECONDS = stripe_cases.NOW_SECONDS


def refusal(parse: Any, webhook: Webhook) -> tuple[str, int]:
    """Say why a webhook is refused, and with which answer."""
    with pytest.raises(WebhookError) as refused:
        parse(webhook)
    return str(refused.value), refused.value.http_status


# Stripe.


def padded(length: int) -> Webhook:
    """Sign rightly, in a header of so many characters."""
    right = f"t={NOW_SECONDS},v1={stripe_cases.signature(BODY)},v0="
    return stripe_cases.webhook(BODY, right.ljust(length, "x"))


def test_a_stripe_header_has_4096_characters() -> None:
    """Law S3: one character more, or none at all, and nobody looks at the header."""
    too_long = "The Stripe webhook has no stripe-signature header of at most 4096 characters."

    assert STRIPE.parse_webhook(padded(4096)) == ("pi_1", "ch_1")
    assert refusal(STRIPE.parse_webhook, padded(4097)) == (too_long, 400)
    assert refusal(STRIPE.parse_webhook, stripe_cases.webhook(BODY, "")) == (too_long, 400)


def test_the_shortest_stripe_header_is_looked_at() -> None:
    """Law S1: whatever is in a header of one character, it is no time."""
    assert "no readable time" in refusal(STRIPE.parse_webhook, stripe_cases.webhook(BODY, "x"))[0]


@pytest.mark.parametrize("odd", ["nonsense", "", "0" * 63, "0" * 65, "G" * 64, "A" * 64])
def test_each_stripe_signature_must_be_readable(odd: str) -> None:
    """Law S1: a right signature does not excuse nonsense beside it, and nonsense is no reason to crash."""
    right = f"v1={stripe_cases.signature(BODY)}"

    for signatures in (f"{right},v1={odd}", f"v1={odd},{right}"):
        message = stripe_cases.webhook(BODY, f"t={NOW_SECONDS},{signatures}")
        assert "no readable signature" in refusal(STRIPE.parse_webhook, message)[0]


@pytest.mark.parametrize(("digits", "text"), [(12, "within 300 seconds"), (13, "no readable time")])
def test_a_stripe_time_has_twelve_digits(digits: int, text: str) -> None:
    """Law S3: what is signed at a time far away is stale, and more digits than that are no time."""
    at = "9" * digits
    header = f"t={at},v1={stripe_cases.signature(BODY, at=at)}"

    assert text in refusal(STRIPE.parse_webhook, stripe_cases.webhook(BODY, header))[0]


@pytest.mark.parametrize("kind", ["pi", "ch", "py"])
def test_a_stripe_id_has_two_hundred_characters(kind: str) -> None:
    """Law S5: an id goes into a URL, so it is of a kind that we know and of a length that fits."""
    fits = f"{kind}_{'x' * 200}"

    for odd in (f"{fits}x", f"{kind}_", f"{kind}_é", f"{kind}_a/b", f"{kind}_1\n", f"x{kind}_1", "cus_1"):
        message = stripe_cases.webhook(stripe_cases.event(stripe_cases.refund_record(charge=odd)))
        why = "The Stripe webhook names a payment by something that is no id (refund.charge)."
        assert refusal(STRIPE.parse_webhook, message) == (why, 400)
    message = stripe_cases.webhook(stripe_cases.event(stripe_cases.refund_record(charge=fits)))
    assert STRIPE.parse_webhook(message) == ("pi_1", fits)


def test_a_stripe_signature_is_that_of_time_and_body() -> None:
    """Law S1: HMAC-SHA256 over the time as it is written, a dot, and the raw body; nothing else."""
    key, at = stripe_cases.SECRET.encode(), f"0{NOW_SECONDS}"
    signed = hmac.new(key, at.encode() + b"." + BODY, hashlib.sha256).hexdigest()
    bare = hmac.new(key, BODY, hashlib.sha256).hexdigest()

    assert STRIPE.parse_webhook(stripe_cases.webhook(BODY, f"t={at},v1={signed}"))
    assert "not signed" in refusal(STRIPE.parse_webhook, stripe_cases.webhook(BODY, f"t={at},v1={bare}"))[0]


def test_a_stripe_mode_is_told_as_the_key_has_it() -> None:
    """Law S7: a refusal says of which mode the API key is."""
    ours = stripe_cases.gateway(api_key="sk_live_ThisIsTheVerySecretKey")

    why, status = refusal(ours.parse_webhook, stripe_cases.webhook())
    assert (why, status) == ("The Stripe webhook is not from live mode, as the API key is.", 400)


# PayPal.


@pytest.mark.parametrize(
    ("age", "taken"),
    [
        (timedelta(minutes=30), True),
        (timedelta(minutes=30, seconds=1), False),
        (-timedelta(minutes=5), True),
        (-timedelta(minutes=5, seconds=1), False),
    ],
)
def test_a_paypal_message_is_half_an_hour_old(age: timedelta, taken: bool) -> None:  # noqa: FBT001
    """Law S1: half an hour late, five minutes early, and not a second more."""
    ours, message = paypal_cases.gateway(transport=Told()), paypal_cases.signed(at=paypal_cases.NOW - age)
    if taken:
        assert ours.parse_webhook(message)
    else:
        assert "was not sent within 0:30:00" in refusal(ours.parse_webhook, message)[0]


def test_a_paypal_body_has_256_kibibytes() -> None:
    """Law S3: one byte more is refused unread, with the answer for what is too large."""
    ours = paypal_cases.gateway(transport=Told())
    fits = paypal_cases.event().ljust(262_144)

    assert ours.parse_webhook(paypal_cases.signed(fits))
    why = ("The PayPal webhook is larger than 262144 bytes.", 413)
    assert refusal(ours.parse_webhook, paypal_cases.signed(fits + b" ")) == why


def test_the_hosts_of_paypals_certificates_are_these() -> None:
    """Law S7: two hosts for live money, two for the sandbox, and nobody else's."""
    assert {
        False: {"api.paypal.com", "api-m.paypal.com"},
        True: {"api.sandbox.paypal.com", "api-m.sandbox.paypal.com"},
    } == CERT_HOSTS


FORMS = {
    "auth_algo": (
        ["SHA256withRSA", "SHA384withRSA", "SHA512withRSA"],
        ["SHA1withRSA", "SHA256withRSAx", "x"],
    ),
    "transmission_id": (["x" * 50, "A-0"], ["x" * 51, "a_b", "a b"]),
    "transmission_sig": (["A" * 498 + "==", "a+/9="], ["A" * 499, "A===", "=A", "A-B"]),
    "transmission_time": (
        ["2026-11-21T12:00:00Z", "2026-11-21T12:00:00.123+00:00"],
        ["2026-11-21 12:00:00Z", "2026-11-21T12:00:00", "x2026-11-21T12:00:00Z", "2026-11-21T12:0:Z0"],
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_forms_of_paypals_headers(name: str) -> None:
    """Law S3: each header is taken in its own form only, whole, because it goes into a request of ours."""
    taken, odd = FORMS[name]
    for value in taken:
        assert event_of(paypal_cases.signed(**{name: value}), test=True)[0][name] == value
    for value in odd:
        why, status = refusal(
            lambda message: event_of(message, test=True), paypal_cases.signed(**{name: value})
        )
        assert ("no readable paypal-" in why, status) == (True, 400)


@pytest.mark.parametrize(("length", "taken"), [(200, True), (201, False)])
def test_a_certificate_has_a_name_of_two_hundred_characters(length: int, taken: bool) -> None:  # noqa: FBT001
    """Law S5: the path is PayPal's, and the name in it is short and plain."""
    url = f"https://api.sandbox.paypal.com/v1/notifications/certs/{'x' * length}"
    message = paypal_cases.signed(cert_url=url)
    if taken:
        assert event_of(message, test=True)[0]["cert_url"] == url
    else:
        assert "not at PayPal's address" in refusal(lambda one: event_of(one, test=True), message)[0]


def test_paypal_is_asked_about_all_that_was_signed() -> None:
    """Law S1: the request to PayPal holds the five headers, our webhook id, and the event byte by byte."""
    message = paypal_cases.signed()
    signed, _ = event_of(message, test=True)

    body = verification(signed, "WH-1", message.body)

    told = json.loads(body)
    assert told.pop("webhook_event") == json.loads(message.body)
    assert told.pop("webhook_id") == "WH-1"
    headers = {f"paypal-{name.replace('_', '-')}": value for name, value in told.items()}
    assert headers == {name: message.headers[name] for name in headers}
    assert len(headers) == 5
    assert body.endswith(b', "webhook_event": ' + message.body + b"}")


# Options.


@pytest.mark.parametrize(
    ("check", "field", "value"),
    [
        (lambda: check_timeout(30), "timeout", 30),
        (lambda: checked_secrets("", "a secret"), "webhook_secrets", None),
        (lambda: check_url("http://example.com", "the key"), "base_url", None),
    ],
    ids=["timeout", "secrets", "address"],
)
def test_a_refused_option_is_named_and_shown_if_it_is_no_secret(
    check: Any, field: str, value: object
) -> None:
    """Law S2: a refusal names the option; its value only where that cannot be a secret."""
    with pytest.raises(InvalidValueError) as refused:
        check()

    assert (refused.value.field, getattr(refused.value, "value", None)) == (field, value)


# Shopify.


def test_the_topics_that_a_shop_subscribes_to() -> None:
    """Refunds, transactions and disputes name their order by number, updates of an order by its own id."""
    assert TOPICS == {
        "refunds/create": "order_id",
        "order_transactions/create": "order_id",
        "disputes/create": "order_id",
        "disputes/update": "order_id",
        "orders/updated": "admin_graphql_api_id",
    }


def test_a_shopify_order_has_twenty_digits() -> None:
    """Law S5: from 1 up to twenty digits."""
    for number in (1, 10**20 - 1):
        found = SHOPIFY.parse_webhook(shopify_cases.webhook({"order_id": number}))
        assert found == (f"gid://shopify/Order/{number}",)
    for odd in (0, -1, 10**20):
        assert refusal(SHOPIFY.parse_webhook, shopify_cases.webhook({"order_id": odd}))[1] == 400


def test_a_shopify_signature_may_have_space_around_it() -> None:
    """Law S1: servers in between may leave space at the ends of a header, and none within."""
    body = b'{"order_id": 1}'
    right = shopify_cases.signature(body)

    assert SHOPIFY.parse_webhook(shopify_cases.webhook(body, f" {right}\t"))
    for odd in (f"{right[:20]} {right[20:]}", f"{right}\x00"):
        why, status = refusal(SHOPIFY.parse_webhook, shopify_cases.webhook(body, odd))
        assert ("no readable x-shopify-hmac-sha256 header" in why, status) == (True, 400)


def test_each_shopify_signature_must_be_readable() -> None:
    """Law S1: a right signature under one spelling does not excuse nonsense under the other."""
    body = b'{"order_id": 1}'
    headers = {"x-shopify-hmac-sha256": shopify_cases.signature(body), "shopify-hmac-sha256": "nonsense"}
    message = Webhook(body=body, headers=headers, received_at=shopify_cases.NOW)

    assert "no readable" in refusal(SHOPIFY.parse_webhook, message)[0]
