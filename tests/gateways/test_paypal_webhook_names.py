"""What verified webhooks of PayPal name, and that even a verified one is only a hint."""

import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from refundkit.errors import WebhookError
from refundkit.money import Money
from refundkit.testing.sandbox.paypal import PayPalSandbox
from tests.gateways.paypal_cases import (
    NOW,
    Told,
    call,
    capture_record,
    dispute_record,
    event,
    gateway,
    order_record,
    refund,
    refund_record,
    signed,
    webhook,
)


@pytest.fixture(name="paypal")
def opened() -> Iterator[PayPalSandbox]:
    """Open a PayPal whose clock stands still."""
    with PayPalSandbox(clock=lambda: NOW) as sandbox:
        yield sandbox


def named(body: bytes) -> tuple[str, ...]:
    """Say what PayPal's own word lets us read out of *body*."""
    return gateway(transport=Told()).parse_webhook(signed(body))


def test_events_name_what_they_are_about(paypal: PayPalSandbox) -> None:
    """Through the real SDK and PayPal's own verification: captures and orders, never refunds or cases."""
    source = paypal.capture("50.00", "EUR")
    ours = paypal.gateway()
    made = ours.refund(call(ours, refund(), source))
    case = paypal.open_dispute(source.reference)

    def names(event_type: str, subject: str) -> tuple[str, ...]:
        return ours.parse_webhook(webhook(paypal.webhook(event_type, subject)))

    assert names("PAYMENT.CAPTURE.REFUNDED", made.reference) == (source.reference,)
    assert names("PAYMENT.REFUND.FAILED", made.reference) == (source.reference,)
    assert names("PAYMENT.CAPTURE.PENDING", source.reference) == (source.reference, source.group)
    assert names("CUSTOMER.DISPUTE.CREATED", case) == (source.reference,)
    assert names("CHECKOUT.ORDER.COMPLETED", source.group) == (source.group,)


def test_a_refund_is_not_taken_for_a_capture() -> None:
    """The resource of PAYMENT.CAPTURE.REFUNDED is a refund; many read its id as the capture's."""
    assert named(event(event_type="PAYMENT.CAPTURE.REFUNDED")) == ("3C679366HH908993F",)
    assert named(event(refund_record(links=[]))) == ()


def test_a_reversal_names_its_capture_whatever_it_is_called() -> None:
    """As a refund or as a capture, with the capture in the links."""
    assert named(event(kind="capture", event_type="PAYMENT.CAPTURE.REVERSED")) == (
        "1JU08902781691411",
        "3C679366HH908993F",
    )


@pytest.mark.parametrize(
    ("kind", "resource", "names"),
    [
        ("capture", capture_record(), ("3C679366HH908993F", "5O190127TN364715T")),
        ("checkout-order", order_record(), ("5O190127TN364715T",)),
        ("dispute", dispute_record(), ()),
        ("dispute", dispute_record(disputed_transactions=[{"seller_transaction_id": "A1"}] * 2), ("A1",)),
        ("subscription", {"id": "I-1"}, ()),
        (None, {}, ()),
        ("refund", "x", ()),
        ("x", {"supplementary_data": {"related_ids": {"capture_id": "A1", "order_id": "O1"}}}, ("A1", "O1")),
    ],
)
def test_names(kind: Any, resource: Any, names: tuple[str, ...]) -> None:
    """Each once; other news name nothing."""
    assert named(event(resource, kind)) == names


@pytest.mark.parametrize(
    ("kind", "resource"),
    [
        ("capture", {}),
        ("capture", {"id": "a/b"}),
        ("capture", {"id": 7}),
        ("capture", {"id": ["x"]}),
        ("dispute", {"disputed_transactions": [{}]}),
        ("dispute", {"disputed_transactions": "x"}),
        ("refund", {"links": [5]}),
        ("refund", {"supplementary_data": {"related_ids": {"order_id": "../x"}}}),
    ],
)
def test_what_is_no_id_is_not_followed(kind: str, resource: Any) -> None:
    """Names go into look-ups and may go into URLs (law S5)."""
    with pytest.raises(WebhookError, match="no id"):
        named(event(resource, kind))


@pytest.mark.parametrize(
    "href",
    ["https://api.paypal.com/v2/payments/captures/A1/../B2", "https://evil.example/?/v2/payments/captures/A1",
     "javascript:/v2/payments/captures/A1", "https://api.paypal.com/v2/payments/captures/A1?x", 5, None],
)  # fmt: skip
def test_a_link_is_read_whole_or_not_at_all(href: Any) -> None:
    """Only the path of a capture names one."""
    assert named(event(refund_record(links=[{"rel": "up", "href": href}]))) == ()


# The signature binds a CRC only.


def forged(body: bytes, genuine: bytes) -> bytes:
    """Add white space to *body* until its CRC-32 is that of *genuine*: 64 bits to solve 32 equations."""
    length = 64
    blank = body + b" " * length
    # Each tab in the place of a space changes the CRC by a constant (it is linear); find which of them to set.
    base = zlib.crc32(blank)
    rows: list[tuple[int, int]] = []
    for place in range(length):
        changed = bytearray(blank)
        changed[len(body) + place] = 0x09
        difference, chosen = zlib.crc32(bytes(changed)) ^ base, 1 << place
        for pivot, mask in rows:
            if difference ^ pivot < difference:
                difference, chosen = difference ^ pivot, chosen ^ mask
        if difference:
            rows.append((difference, chosen))
            rows.sort(reverse=True)
    wanted, chosen = base ^ zlib.crc32(genuine), 0
    for pivot, mask in rows:
        if wanted ^ pivot < wanted:
            wanted, chosen = wanted ^ pivot, chosen ^ mask
    assert wanted == 0
    made = bytearray(blank)
    for place in range(length):
        if chosen >> place & 1:
            made[len(body) + place] = 0x09
    return bytes(made)


def test_a_forged_body_that_verifies_moves_nothing(paypal: PayPalSandbox) -> None:
    """The signature covers a CRC-32; whoever has one genuine message can write others. So it is only a hint."""
    source, other = paypal.capture("50.00", "EUR"), paypal.capture("99999.00", "EUR")
    genuine = paypal.webhook("PAYMENT.CAPTURE.COMPLETED", source.reference)
    lie = refund_record(
        amount={"currency_code": "EUR", "value": "99999.00"},
        links=[{"rel": "up", "href": f"https://api.paypal.com/v2/payments/captures/{other.reference}"}],
    )
    body = forged(event(lie), genuine["body"])
    assert zlib.crc32(body) == zlib.crc32(genuine["body"])
    ours = paypal.gateway()
    assert ours.parse_webhook(webhook({**genuine, "body": body})) == (other.reference,)
    (report,) = ours.fetch((other,))
    assert (report.captured, report.refunds) == (Money.of("99999.00", "EUR"), ())
