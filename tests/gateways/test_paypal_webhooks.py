"""Webhooks of PayPal: forged, stale, foreign or unreadable ones give WebhookError; verified ones are hints."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refundkit.errors import WebhookError
from refundkit.gateways.base import Webhook
from refundkit.gateways.paypal import Answer, PayPalGateway, Silence
from refundkit.gateways.paypal.webhooks import HEADERS, MAX_AGE, MAX_AHEAD, MAX_BODY
from refundkit.testing.sandbox import Fault
from refundkit.testing.sandbox.paypal import PayPalSandbox
from refundkit.testing.sandbox.paypal_webhooks import CERT_URL, headers_of
from tests.gateways.paypal_cases import (
    NOW,
    SECRET,
    WEBHOOK_ID,
    Told,
    event,
    gateway,
    refused,
    signed,
    webhook,
)


@pytest.fixture(name="paypal")
def opened() -> Iterator[PayPalSandbox]:
    """Open a PayPal whose clock stands still."""
    with PayPalSandbox(clock=lambda: NOW) as sandbox:
        yield sandbox


# What does not get through.


def test_altered_content_is_not_verified(paypal: PayPalSandbox) -> None:
    """Another amount, or only another order of the same keys (maho #1110)."""
    message = paypal.webhook("PAYMENT.CAPTURE.PENDING", paypal.capture("50.00", "EUR").reference)
    for body in (
        message["body"].replace(b"50.00", b"99.00"),
        json.dumps(json.loads(message["body"]), indent=1).encode(),
    ):
        with pytest.raises(WebhookError, match="not signed by PayPal"):
            paypal.gateway().parse_webhook(webhook({**message, "body": body}))


@pytest.mark.parametrize(
    "detail", ['{"b": 1.0, "a": {}, "c": []}', '{"b":1,"a":{ }}', '{"é": "\\u00e9\\/"}', '{ "x" :1e2 }']
)
def test_the_event_is_handed_over_byte_by_byte(paypal: PayPalSandbox, detail: str) -> None:
    """1.0 is not 1, and the order of keys is signed too; the SDK's encoder would change both."""
    body = b'{"resource_type": "x", "resource": ' + detail.encode() + b"} "
    headers = headers_of(body, WEBHOOK_ID, number=1, at=NOW)
    assert paypal.gateway().parse_webhook(Webhook(body=body, headers=headers, received_at=NOW)) == ()
    assert body in paypal.requests[-1].body


@pytest.mark.parametrize("changed", [{"transmission_id": "other"}, {"transmission_sig": "b3RoZXI="},
                                     {"transmission_time": "2026-11-21T11:59:59Z"}])  # fmt: skip
def test_altered_headers_are_not_verified(paypal: PayPalSandbox, changed: Any) -> None:
    """Each of them is signed."""
    with pytest.raises(WebhookError, match="not signed by PayPal"):
        paypal.gateway().parse_webhook(signed(**changed))


def test_another_webhooks_messages_are_not_verified(paypal: PayPalSandbox) -> None:
    """The id of the webhook is signed too, and it is ours that PayPal is asked about."""
    with pytest.raises(WebhookError, match="not signed by PayPal"):
        paypal.gateway(webhook_id="OTHER").parse_webhook(signed())


def test_without_a_webhook_id_no_webhook_is_taken() -> None:
    """There is nothing to verify against."""
    with pytest.raises(WebhookError) as refused_:
        gateway(webhook_id=None).parse_webhook(signed())
    assert refused_.value.http_status == 404


HOSTILE = [
    "http://api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
    "https://evilpaypal.com/v1/notifications/certs/CERT-1",
    "https://paypal.com/v1/notifications/certs/CERT-1",
    "https://www.sandbox.paypal.com/v1/notifications/certs/CERT-1",
    "https://api.sandbox.paypal.com.evil.example/v1/notifications/certs/CERT-1",
    "https://api.sandbox.paypal.com@evil.example/v1/notifications/certs/CERT-1",
    "https://user:pass@api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
    "https://api.sandbox.paypal.com:8443/v1/notifications/certs/CERT-1",
    "https://api.sandbox.paypal.com:443/v1/notifications/certs/CERT-1",
    "https://API.sandbox.paypal.com/v1/notifications/certs/CERT-1",
    "https://api.sandbox.paypal.com./v1/notifications/certs/CERT-1",
    "https://api.sandbox.paypal.com\\@evil.example/v1/notifications/certs/CERT-1",
    "https://api.sandbox.paypal.com/v1/notifications/certs/../../redirect",
    "https://api.sandbox.paypal.com/v1/notifications/certs/a/b",
    "https://api.sandbox.paypal.com/v1/notifications/certs/",
    "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1?x=1",
    "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1#x",
    "https://api.sandbox.paypal.com/elsewhere",
    "https://127.0.0.1/v1/notifications/certs/CERT-1",
    "https://[::1/v1/notifications/certs/CERT-1",
    "file:///etc/passwd",
    "",
    "https://" + "a" * 500,
]


@pytest.mark.parametrize("url", HOSTILE)
def test_only_paypals_own_certificates_count(url: str) -> None:
    """The address is the attacker's to choose: nothing but the exact hosts, and nobody is asked about others."""
    told = Told()
    with pytest.raises(WebhookError):
        gateway(transport=told).parse_webhook(signed(cert_url=url))
    assert told.asked == []


@pytest.mark.parametrize(
    ("live", "host", "accepted"),
    [
        (False, "api.sandbox.paypal.com", True),
        (False, "api-m.sandbox.paypal.com", True),
        (False, "api.paypal.com", False),
        (True, "api.paypal.com", True),
        (True, "api-m.paypal.com", True),
        (True, "api.sandbox.paypal.com", False),
        (True, "api-m.sandbox.paypal.com", False),
    ],
)
def test_live_and_sandbox_do_not_mix(*, live: bool, host: str, accepted: bool) -> None:
    """A message of PayPal's sandbox says nothing about live money (law S7)."""
    ours = gateway(live=live, transport=Told())
    message = signed(cert_url=CERT_URL.replace("api.sandbox.paypal.com", host))
    if accepted:
        assert ours.parse_webhook(message) == ("3C679366HH908993F",)
        return
    with pytest.raises(WebhookError, match="not at PayPal's address"):
        ours.parse_webhook(message)


@pytest.mark.parametrize("age", [MAX_AGE, timedelta(0), -MAX_AHEAD])
def test_age_within_bounds(age: timedelta) -> None:
    """Time enough for a queue, and for a clock that is a little wrong."""
    assert gateway(transport=Told()).parse_webhook(signed(at=NOW - age))


@pytest.mark.parametrize(
    "age", [MAX_AGE + timedelta(seconds=1), -MAX_AHEAD - timedelta(seconds=1), timedelta(days=9_999)]
)
def test_age_beyond_bounds(age: timedelta) -> None:
    """Stale, and from the future (law S1)."""
    told = Told()
    with pytest.raises(WebhookError, match="was not sent within"):
        gateway(transport=told).parse_webhook(signed(at=NOW - age))
    assert told.asked == []


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("value", [None, "", "é", "a" * 600, "x\r\ny", '"}', "٣"])
def test_headers_are_all_there_and_plain(name: str, value: str | None) -> None:
    """They go into a request of ours."""
    told = Told()
    message = signed()
    headers = {key: content for key, content in message.headers.items() if key != HEADERS[name][0]}
    headers |= {} if value is None else {HEADERS[name][0]: value}
    with pytest.raises(WebhookError, match="no readable"):
        gateway(transport=told).parse_webhook(Webhook(body=message.body, headers=headers, received_at=NOW))
    assert told.asked == []


@pytest.mark.parametrize("at", ["2026-13-21T11:59:59Z", "2026-11-21T99:99:99Z", "2026-11-21T:::::Z"])
def test_a_time_that_does_not_exist(at: str) -> None:
    """It only looks like one."""
    with pytest.raises(WebhookError, match="no readable time"):
        gateway(transport=Told()).parse_webhook(signed(transmission_time=at))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{} {}",
        b'{}, "webhook_id": "attacker", "x": {}',
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"a": ' + b"9" * 100 + b"}",
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b"[" * 100_000,
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        b"<xml/>",
    ],
)
def test_a_body_that_is_not_one_strict_object_is_not_handed_on(body: bytes) -> None:
    """Spliced into our request, more than one object could name another webhook id there."""
    told = Told()
    with pytest.raises(WebhookError, match="strict JSON"):
        gateway(transport=told).parse_webhook(signed(body))
    assert told.asked == []


def test_a_large_body_is_refused_unread() -> None:
    """With 413 (law S3)."""
    with pytest.raises(WebhookError) as large:
        gateway(transport=Told()).parse_webhook(signed(b" " * (MAX_BODY + 1)))
    assert large.value.http_status == 413


@pytest.mark.parametrize(
    "answer",
    [Silence(sent=True, why="ReadTimeout"), Silence(sent=False, why="no access token"), Answer(status=200),
     Answer(status=200, record={"verification_status": "MAYBE"}), Answer(status=302),
     Answer(status=500, record={"verification_status": "SUCCESS"}), refused(400, "VALIDATION_ERROR"),
     refused(403, "PERMISSION_DENIED"), refused(429)],
)  # fmt: skip
def test_if_paypal_does_not_say_the_webhook_may_come_again(answer: Any) -> None:
    """Not accepted and not refused for good: PayPal sends it again after a 503."""
    with pytest.raises(WebhookError, match="could not be asked") as unknown:
        gateway(transport=Told(verify=answer)).parse_webhook(signed())
    assert unknown.value.http_status == 503


def test_if_paypal_cannot_be_reached_the_webhook_may_come_again(paypal: PayPalSandbox) -> None:
    """With the real SDK."""
    paypal.faults.append(Fault.UNAVAILABLE_503_HTML)
    ours = paypal.gateway()
    with pytest.raises(WebhookError) as unknown:
        ours.parse_webhook(signed())
    assert unknown.value.http_status == 503
    assert ours.parse_webhook(signed()) == ("3C679366HH908993F",)


# Whatever arrives from outside.

OURS: PayPalGateway = gateway(transport=Told())
HEADER = st.text(max_size=60) | st.sampled_from(
    [CERT_URL, "SHA256withRSA", "2026-11-21T12:00:00Z", "YQ==", "a-b"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(body=st.binary(max_size=300), values=st.lists(HEADER, min_size=5, max_size=5))
def test_hostile_bytes_give_a_webhook_error_and_nothing_else(body: bytes, values: list[str]) -> None:
    """The caller answers 4xx (law S1)."""
    headers = dict(zip((name for name, _ in HEADERS.values()), values, strict=True))
    with pytest.raises(WebhookError):
        OURS.parse_webhook(Webhook(body=body, headers=headers, received_at=NOW))


@given(
    kind=st.sampled_from(["refund", "capture", "dispute", "checkout-order"]) | JSON,
    resource=JSON
    | st.fixed_dictionaries(
        {},
        optional={
            "id": JSON,
            "links": JSON | st.lists(st.fixed_dictionaries({"rel": st.just("up"), "href": JSON})),
            "disputed_transactions": JSON | st.lists(st.fixed_dictionaries({"seller_transaction_id": JSON})),
            "supplementary_data": st.fixed_dictionaries({"related_ids": JSON}),
        },
    ),
)
def test_verified_nonsense_gives_ids_or_a_webhook_error(kind: Any, resource: Any) -> None:
    """Even what PayPal verifies is somebody's input (laws S1, S5)."""
    try:
        names = OURS.parse_webhook(signed(event(resource, kind)))
    except WebhookError:
        return
    assert all(name.replace("-", "").isalnum() and name.isascii() for name in names)


def test_no_error_shows_what_was_in_it() -> None:
    """Not the body, not a header, not a credential (law S2)."""
    secret = b'{"resource_type": "capture", "resource": {"id": "secret content"}}'
    for message in (
        signed(secret),
        signed(secret, cert_url="https://secret content"),
        signed(b"secret content"),
    ):
        with pytest.raises(WebhookError) as refused_:
            gateway(transport=Told()).parse_webhook(message)
        shown = repr(
            (refused_.value, vars(refused_.value), refused_.value.__cause__, refused_.value.__context__)
        )
        assert "secret content" not in shown
        assert SECRET not in shown
