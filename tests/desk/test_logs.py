"""Logs are silent until the shop wants them, and hold ids and amounts only (law S2)."""

import logging

import pytest

from refundkit import Actor, Customer, ManualGateway, OutcomeUnknownError, RefundDenied, WebhookError
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import KIM, Shop, a_request, an_order, eur

SECRETS = {
    "reason": "REASON-broken-on-arrival",
    "note": "NOTE-angry-customer",
    "email": "EMAIL-ada@example.com",
    "name": "NAME-Ada",
    "body": "BODY-of-a-webhook",
    "header": "HEADER-signature",
    "page": "PAGE-of-the-gateway",
    "text": "TEXT-of-a-person",
}


def live_a_day():
    """Let everything happen that writes a log line."""
    customer = Customer(email=SECRETS["email"], name=SECRETS["name"])

    def listener(event):
        raise RuntimeError(SECRETS["text"])

    shop = Shop(
        Fault.LOST_ANSWER,
        Fault.CRASH,
        Fault.DECLINE,
        order=an_order(customer=customer),
        others=[ManualGateway()],
        listeners=[listener],
    )
    words = {"reason": SECRETS["reason"], "note": SECRETS["note"], "actor": Actor.customer(SECRETS["name"])}
    for number in range(4):
        shop.desk.refund("o-1", a_request(f"r-{number}", amount=eur("5.00"), **words))
    shop.gateway.refund = raising(OutcomeUnknownError(SECRETS["page"], gateway="fake"))
    shop.desk.refund("o-1", a_request("r-9", amount=eur("5.00"), **words))
    shop.gateway.fetch = raising(ValueError(SECRETS["page"]))
    shop.clock.advance(hours=1)
    shop.desk.recover()
    shop.desk.receive("fake", **shop.gateway.webhook("ref-1"))
    shop.gateway.parse_webhook = raising(ValueError(SECRETS["body"]))
    with pytest.raises(WebhookError):
        shop.desk.receive("fake", body=SECRETS["body"].encode(), headers={"x-signature": SECRETS["header"]})
    with pytest.raises(RefundDenied):
        shop.desk.refund("o-1", a_request("r-10", amount=eur("500.00"), **words))
    shop.desk.annotate("o-1", actor=KIM, note=SECRETS["note"])


def raising(error):
    """Return a method that raises."""

    def method(*args):
        raise error

    return method


def test_nothing_is_printed_by_default(capfd):
    """A shop that configured no logging sees nothing on its screen."""
    live_a_day()
    assert capfd.readouterr() == ("", "")


def test_log_records_hold_ids_and_amounts_only(caplog):
    """Law S2: no reason, note, customer, webhook, nor what a gateway or listener said, in any record."""
    caplog.set_level(logging.DEBUG)
    live_a_day()
    assert {record.message for record in caplog.records} >= {
        "refund.answered",
        "refund.unanswered",
        "gateway.raised",
        "listener.raised",
        "webhook.unreadable",
        "order.unreachable",
    }
    for record in caplog.records:
        everything = repr(vars(record))
        assert not [secret for secret in SECRETS.values() if secret in everything], record.message
        assert record.exc_info is None


def test_log_lines_carry_their_fields(caplog):
    """A shop finds the refund's id and amount in the attributes of the record."""
    caplog.set_level(logging.INFO, logger="refundkit")
    shop = Shop()
    refund = shop.refund("40.00").refunds[0]
    (record,) = caplog.records
    assert (record.name, record.message) == ("refundkit.desk", "refund.answered")
    assert (record.refund_id, record.amount, record.status) == (refund.id, "40.00 EUR", "succeeded")


def test_secrets_are_in_no_repr():
    """Law S2: neither the desk nor its gateways show more than names."""
    gateway = FakeGateway(name="stripe-us")
    assert repr(gateway) == "<FakeGateway 'stripe-us'>"
    assert "0x" in repr(Shop(gateway=FakeGateway()).desk)
