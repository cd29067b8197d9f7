"""Webhooks of Stripe: what is taken, what is refused, and that nothing but WebhookError comes of hostile bytes."""

import json
from datetime import timedelta
from typing import Any

import pytest
import stripe as sdk
from hypothesis import given
from hypothesis import strategies as st

from refundkit.errors import WebhookError
from refundkit.gateways.base import Webhook
from tests.gateways.stripe_cases import (
    KEY,
    NOW,
    NOW_SECONDS,
    SECRET,
    charge_record,
    dispute_record,
    event,
    gateway,
    intent_record,
    refund_record,
    signature,
    webhook,
)

BODY = event()
RIGHT = signature(BODY)
SIGNED = f"t={NOW_SECONDS},v1={RIGHT}"
OURS = gateway()


@pytest.mark.parametrize(
    ("about", "names"),
    [
        (refund_record(), ("pi_1", "ch_1")),
        (refund_record(payment_intent=None), ("ch_1",)),
        (refund_record(payment_intent=None, charge=None), ()),
        (refund_record(payment_intent={"id": "pi_1"}, charge={"id": "ch_1"}), ("pi_1", "ch_1")),
        (charge_record(), ("pi_1", "ch_1")),
        (charge_record(payment_intent=None), ("ch_1",)),
        (charge_record(id="py_1"), ("pi_1", "py_1")),
        (dispute_record(), ("pi_1", "ch_1")),
        (intent_record(), ("pi_1", "ch_1")),
        (intent_record(latest_charge="ch_2"), ("pi_1", "ch_2")),
        (intent_record(latest_charge=None), ("pi_1",)),
        ({"object": "customer", "id": "cus_1"}, ()),
        ({"object": "payout", "id": "po_1"}, ()),
        ({"object": ["refund"]}, ()),
        ({}, ()),
    ],
)
def test_an_event_names_the_payments_that_it_is_about(about: dict[str, Any], names: tuple[str, ...]) -> None:
    """Refunds, charges, disputes and intents name payments, each id once; other news names none."""
    assert OURS.parse_webhook(webhook(event(about))) == names


def test_each_payment_is_named_once() -> None:
    """A charge that is its own payment intent would be fetched once."""
    assert OURS.parse_webhook(webhook(event(refund_record(charge="pi_1")))) == ("pi_1",)


def test_stripes_own_signature_is_accepted() -> None:
    """The SDK's own signer makes a header that we accept (law S1)."""
    header = sdk.WebhookSignature.generate_signature_header(BODY.decode(), SECRET, timestamp=NOW_SECONDS)
    assert OURS.parse_webhook(webhook(BODY, header)) == ("pi_1", "ch_1")


@pytest.mark.parametrize(
    "header",
    [
        f"t={NOW_SECONDS},v1={RIGHT}",
        f"t={NOW_SECONDS}, v1={RIGHT}",
        f"v1={RIGHT},t={NOW_SECONDS}",
        f"t={NOW_SECONDS},v1={RIGHT},v0={'0' * 64}",
        f"t={NOW_SECONDS},v0=é,v1={RIGHT}",
        f"t={NOW_SECONDS},v1={'0' * 64},v1={RIGHT}",
        f"t={NOW_SECONDS}" + f",v1={'0' * 64}" * 9 + f",v1={RIGHT}",
    ],
)
def test_a_right_signature_is_found_among_others(header: str) -> None:
    """Other schemes are ignored; Stripe sends two signatures while a secret is replaced (law S1)."""
    assert OURS.parse_webhook(webhook(BODY, header)) == ("pi_1", "ch_1")


@pytest.mark.parametrize("secret", ["whsec_old", "whsec_new"])
def test_several_secrets_are_accepted_while_one_is_replaced(secret: str) -> None:
    """During a rotation, either secret is right; a third one is not (law S1)."""
    ours = gateway(webhook_secrets=("whsec_old", "whsec_new"))
    header = f"t={NOW_SECONDS},v1={signature(BODY, secret)}"
    assert ours.parse_webhook(webhook(BODY, header)) == ("pi_1", "ch_1")
    with pytest.raises(WebhookError, match="not signed with a secret"):
        ours.parse_webhook(webhook(BODY, SIGNED))


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("", "no stripe-signature header"),
        ("x" * 5_000, "no stripe-signature header"),
        (f"v1={RIGHT}", "no readable time"),
        (f"t=,v1={RIGHT}", "no readable time"),
        (f"t=-1,v1={RIGHT}", "no readable time"),
        (f"t=1.5,v1={RIGHT}", "no readable time"),
        (f"t=1e9,v1={RIGHT}", "no readable time"),
        (f"t=١٢٣,v1={RIGHT}", "no readable time"),
        (f"t={'9' * 13},v1={RIGHT}", "no readable time"),
        (f"t={NOW_SECONDS},t={NOW_SECONDS},v1={RIGHT}", "no readable time"),
        (f"t={NOW_SECONDS}", "no readable signature"),
        (f"t={NOW_SECONDS},v0={RIGHT}", "no readable signature"),
        (f"t={NOW_SECONDS},v1=", "no readable signature"),
        (f"t={NOW_SECONDS},v1={RIGHT[:-1]}", "no readable signature"),
        (f"t={NOW_SECONDS},v1={RIGHT}0", "no readable signature"),
        (f"t={NOW_SECONDS},v1={'é' * 64}", "no readable signature"),
        (f"t={NOW_SECONDS},v1={'٣' * 64}", "no readable signature"),
        (f"t={NOW_SECONDS}" + f",v1={RIGHT}" * 11, "no readable signature"),
        (f"t={NOW_SECONDS},v1={'0' * 64}", "not signed with a secret"),
        (f"t={NOW_SECONDS},v1={signature(BODY, 'whsec_other')}", "not signed with a secret"),
        (f"t={NOW_SECONDS - 1},v1={RIGHT}", "not signed with a secret"),
        (f"t={NOW_SECONDS},v1={signature(BODY + b' ')}", "not signed with a secret"),
    ],
)
def test_a_forged_header_is_refused(header: str, text: str) -> None:
    """Whatever is wrong with the header, the answer is 400 and no reason to crash (law S1)."""
    with pytest.raises(WebhookError, match=text) as refused:
        OURS.parse_webhook(webhook(BODY, header))
    assert refused.value.http_status == 400


def test_an_altered_body_is_refused() -> None:
    """One byte, even of white space, makes another body (law S1)."""
    for altered in (
        BODY + b" ",
        BODY.replace(b"1250", b"9250"),
        json.dumps(json.loads(BODY), indent=1).encode(),
    ):
        with pytest.raises(WebhookError, match="not signed with a secret"):
            OURS.parse_webhook(webhook(altered, SIGNED))


@pytest.mark.parametrize(
    ("age", "fresh"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)]
)
def test_the_age_is_limited_both_ways(age: int, fresh: bool) -> None:  # noqa: FBT001
    """Five minutes old or five minutes early, no more; Stripe's SDK checks only the past (law S1)."""
    late = Webhook(body=BODY, headers={"stripe-signature": SIGNED}, received_at=NOW + timedelta(seconds=age))
    if fresh:
        assert OURS.parse_webhook(late)
    else:
        with pytest.raises(WebhookError, match="within 300 seconds"):
            OURS.parse_webhook(late)


def test_a_webhook_of_the_other_mode_is_refused() -> None:
    """A live event never meets test credentials, nor a test event live ones (law S7)."""
    live = event(livemode=True)
    with pytest.raises(WebhookError, match="not from test mode"):
        OURS.parse_webhook(webhook(live))
    ours = gateway(api_key="sk_live_1")
    assert ours.parse_webhook(webhook(live))
    with pytest.raises(WebhookError, match="not from live mode"):
        ours.parse_webhook(webhook(BODY))


@pytest.mark.parametrize("livemode", [None, 0, 1, "false", []])
def test_a_mode_that_is_not_told_is_no_mode(livemode: Any) -> None:
    """Only true and false themselves say which mode it is (law S7)."""
    with pytest.raises(WebhookError, match="mode"):
        OURS.parse_webhook(webhook(event(livemode=livemode)))


def test_a_webhook_of_another_account_is_refused() -> None:
    """The account of the event is the configured one, or none where none is configured."""
    ours = gateway(account="acct_1")
    assert ours.parse_webhook(webhook(event(account="acct_1")))
    for account, receiver in (("acct_2", ours), (None, ours), ("acct_1", OURS)):
        with pytest.raises(WebhookError, match="another account"):
            receiver.parse_webhook(webhook(event(account=account)))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"event"',
        b"{",
        b"\xff\xfe",
        b"\xef\xbb\xbf" + BODY,
        BODY.replace(b"1250", b"NaN"),
        BODY.replace(b"1250", b"-Infinity"),
        BODY.replace(b"1250", b"1" * 21),
        BODY.replace(b"1250", b"1" * 5_000),
        BODY.replace(b'"livemode": false', b'"livemode": true, "livemode": false'),
        BODY.replace(b"1250", b"[" * 40 + b"]" * 40),
        BODY.replace(b"1250", b"[" * 50_000 + b"]" * 50_000),
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_strict_json_is_refused(body: bytes) -> None:
    """Bounded depth and digits, no key twice, no NaN, no half answers, though it is signed (laws S1, S3)."""
    with pytest.raises(WebhookError, match="not strict JSON"):
        OURS.parse_webhook(webhook(body))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (event(object="v2.core.event"), "no snapshot event"),
        (event(object=None), "no snapshot event"),
        (
            b'{"id": "evt_1", "object": "v2.core.event", "related_object": {"id": "pi_1"}}',
            "no snapshot event",
        ),
        (event(data=None), "holds no object"),
        (event(data=[]), "holds no object"),
        (event(data={"object": "pi_1"}), "holds no object"),
        (event(refund_record(charge="ch_1/../x")), "something that is no id"),
        (event(refund_record(charge=5)), "something that is no id"),
        (event(refund_record(charge=["ch_1"])), "something that is no id"),
    ],
)
def test_an_event_that_is_not_as_it_should_be_is_refused(body: bytes, text: str) -> None:
    """Thin events and unreadable objects are answered with 400 (laws S1, S5)."""
    with pytest.raises(WebhookError, match=text) as refused:
        OURS.parse_webhook(webhook(body))
    assert refused.value.http_status == 400


def test_a_body_that_is_too_large_is_not_even_hashed() -> None:
    """256 KiB is the end (law S3)."""
    padding = b" " * (256 * 1024 - len(BODY))
    assert OURS.parse_webhook(webhook(BODY + padding))
    with pytest.raises(WebhookError) as refused:
        OURS.parse_webhook(webhook(BODY + padding + b" "))
    assert refused.value.http_status == 413


def test_without_a_secret_no_webhook_is_taken() -> None:
    """A gateway that cannot check a signature believes nobody (law S1)."""
    with pytest.raises(WebhookError) as refused:
        gateway(webhook_secrets=()).parse_webhook(webhook())
    assert refused.value.http_status == 404


def test_a_missing_header_is_refused() -> None:
    """No signature, no webhook."""
    with pytest.raises(WebhookError, match="no stripe-signature header"):
        OURS.parse_webhook(webhook(BODY, SIGNED, name="X-Signature"))


def test_a_refusal_tells_neither_secret_nor_content() -> None:
    """What is wrong is told, what is in it is not (law S2)."""
    bodies = (
        event(refund_record(charge="secret content")),
        event(object="secret content"),
        b"secret content",
    )
    for body in bodies:
        with pytest.raises(WebhookError) as refused:
            OURS.parse_webhook(webhook(body))
        shown = repr((refused.value, vars(refused.value), refused.value.__cause__, refused.value.__context__))
        assert "secret content" not in shown
        assert SECRET not in shown
        assert KEY not in shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
HEADERS = st.text(max_size=200) | st.lists(
    st.sampled_from(["t=", f"t={NOW_SECONDS}", "v1=", f"v1={RIGHT}", "v0=1", "=", ",", "é", "\ud800", "٣"]),
    max_size=14,
).map(",".join)


@given(body=st.binary(max_size=300), header=HEADERS)
def test_hostile_bytes_give_a_webhook_error_and_nothing_else(body: bytes, header: str) -> None:
    """Whatever arrives from outside, the caller answers 4xx (law S1)."""
    with pytest.raises(WebhookError):
        OURS.parse_webhook(webhook(body, header))


@given(
    content=JSON
    | st.fixed_dictionaries(
        {
            "object": st.just("event"),
            "livemode": st.sampled_from([False]),
            "data": st.fixed_dictionaries({"object": JSON}),
        }
    )
    | st.builds(
        lambda kind, first, second: json.loads(
            event({"object": kind, "payment_intent": first, "charge": second})
        ),
        st.sampled_from(["refund", "charge", "dispute", "payment_intent"]) | st.text(max_size=5),
        JSON,
        JSON,
    )
)
def test_signed_nonsense_gives_ids_or_a_webhook_error(content: Any) -> None:
    """Even if the secret leaked, nothing but ids of payments or a WebhookError comes out (laws S1, S5)."""
    try:
        names = OURS.parse_webhook(webhook(json.dumps(content).encode()))
    except WebhookError:
        return
    assert all(name.startswith(("pi_", "ch_", "py_")) for name in names)
