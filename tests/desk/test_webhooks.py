"""A webhook is a hint: it is verified, and then the gateway is asked (law S1)."""

import pytest

from refundkit import EventKind, RefundStatus, Webhook, WebhookError
from refundkit.desk.webhooks import MAX_WEBHOOK_BYTES
from refundkit.gateways.base import Gateway
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import KIM, Shop, a_payment, an_order, eur, kinds_of


def test_a_webhook_names_the_payment_that_is_fetched():
    """One road: receive() verifies, fetches, records, and returns what is new."""
    shop = Shop()
    shop.gateway.refund_elsewhere("ref-1", eur("25.00"))
    events = shop.desk.receive("fake", **shop.gateway.webhook("ref-1"))
    assert kinds_of(events) == [EventKind.REFUND_ADOPTED]
    assert shop.order.refundable == eur("75.00")


def test_what_a_webhook_claims_is_not_believed():
    """A webhook about a payment that nothing happened to changes nothing."""
    shop = Shop()
    assert shop.desk.receive("fake", **shop.gateway.webhook("ref-1")) == ()
    assert shop.order.refunds == ()


def test_the_same_webhook_again_changes_nothing():
    """Duplicates are normal."""
    shop = Shop(Fault.PENDING)
    reference = shop.refund("40.00").refunds[0].reference
    shop.gateway.settle(reference, RefundStatus.SUCCEEDED)
    webhook = shop.gateway.webhook("ref-1")
    assert kinds_of(shop.desk.receive("fake", **webhook)) == [EventKind.REFUND_SUCCEEDED]
    for _ in range(3):
        assert shop.desk.receive("fake", **webhook) == ()


def test_reordered_and_late_webhooks_say_what_is_true_now():
    """The webhook of the pending state, a month late, finds the truth of today."""
    shop = Shop(Fault.PENDING)
    reference = shop.refund("40.00").refunds[0].reference
    late = shop.gateway.webhook("ref-1")
    shop.gateway.settle(reference, RefundStatus.SUCCEEDED)
    shop.desk.receive("fake", **shop.gateway.webhook("ref-1"))
    shop.clock.advance(days=30)
    assert shop.desk.receive("fake", **late) == ()
    assert shop.only_refund.status is RefundStatus.SUCCEEDED


def test_a_forged_webhook_is_refused():
    """Law S1: a wrong signature is WebhookError, and nobody is asked."""
    shop = Shop()
    webhook = shop.gateway.webhook("ref-1")
    before = shop.order
    for forged in (
        {**webhook, "body": webhook["body"] + b" "},
        {**webhook, "headers": {}},
        {**webhook, "headers": {"x-signature": "0" * 64}},
    ):
        with pytest.raises(WebhookError) as refused:
            shop.desk.receive("fake", **forged)
        assert refused.value.http_status == 400
    assert shop.gateway.fetches == 0
    assert shop.order == before


def test_header_names_are_compared_without_regard_to_case():
    """Web servers spell headers as they like."""
    shop = Shop()
    webhook = shop.gateway.webhook("ref-1")
    (signature,) = webhook["headers"].values()
    assert shop.desk.receive("fake", body=webhook["body"], headers={"X-SIGNATURE": signature}) == ()


def test_a_webhook_that_is_too_large_is_not_even_parsed():
    """Law S3: 413, before anything is made of it."""
    shop = Shop()
    shop.gateway.parse_webhook = lambda _webhook: pytest.fail("it must not be parsed")
    with pytest.raises(WebhookError, match="too large") as refused:
        shop.desk.receive("fake", body=b"x" * (MAX_WEBHOOK_BYTES + 1), headers={})
    assert refused.value.http_status == 413


def test_a_webhook_for_nobody_is_404():
    """An unknown gateway, and one that takes no webhooks."""
    shop = Shop()
    shop.gateway.parse_webhook = lambda webhook: Gateway.parse_webhook(shop.gateway, webhook)
    for name in ("paypal", "fake"):
        with pytest.raises(WebhookError) as refused:
            shop.desk.receive(name, body=b"{}", headers={})
        assert refused.value.http_status == 404


def test_a_webhook_about_an_unknown_payment_is_no_error():
    """The gateway account may serve others too; it is answered with success and forgotten."""
    shop = Shop()
    assert shop.desk.receive("fake", **shop.gateway.webhook("ref-of-others")) == ()
    assert shop.gateway.fetches == 0


@pytest.mark.parametrize("known_as", ["ref-1", "charge-1", "basket-7"])
def test_a_payment_is_found_under_all_its_names(known_as):
    """By reference, by alias, and by the group that it belongs to at the gateway."""
    shop = Shop(order=an_order(payments=(a_payment(aliases=("charge-1",), group="basket-7"),)))
    shop.gateway.refund_elsewhere("ref-1", eur("25.00"))
    events = shop.desk.receive("fake", **shop.gateway.webhook(known_as))
    assert kinds_of(events) == [EventKind.REFUND_ADOPTED]


class HostileGateway(FakeGateway):
    """A gateway whose parser does what *parse* does."""

    def __init__(self, parse):
        super().__init__()
        self.parse_webhook = parse


def lazily(webhook):
    """Crash only when somebody looks at the names."""
    yield webhook.body.decode()


def deeper(webhook):
    """Recurse for ever."""
    return deeper(webhook)


CRASHES = {
    "utf-8": lambda webhook: webhook.body.decode(),
    "key": lambda _webhook: {}["payment"],
    "depth": deeper,
    "assert": lambda webhook: (_ for _ in ()).throw(AssertionError(webhook.body)),
    "lazily": lazily,
    "none": lambda _webhook: None,
    "number": lambda _webhook: 7,
}


@pytest.mark.parametrize("parse", CRASHES.values(), ids=CRASHES.keys())
def test_a_parser_that_crashes_on_hostile_bytes_gives_webhook_error(parse):
    """Law S1: hostile bytes give WebhookError and nothing else, and the body is not in the message."""
    shop = Shop(gateway=HostileGateway(parse))
    with pytest.raises(WebhookError, match="could not read this webhook") as refused:
        shop.desk.receive("fake", body=b"\xffsecret-body", headers={"x": "y"})
    assert refused.value.http_status == 400
    assert "secret-body" not in repr(refused.value) + str(refused.value.__dict__)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_a_webhook_never_shows_its_body():
    """Law S2: neither body nor headers are in the repr."""
    shop = Shop()
    webhook = Webhook(body=b"4242", headers={"Stripe-Signature": "t=1"}, received_at=shop.clock())
    assert "4242" not in repr(webhook)
    assert "t=1" not in repr(webhook)


@pytest.mark.parametrize("body", ["{}", None, {"payment": "ref-1"}, bytearray(b"{}")], ids=type)
def test_a_body_that_was_parsed_already_is_refused(body):
    """What was signed are the raw bytes; the shop's developer is told so."""
    shop = Shop()
    with pytest.raises(ValueError, match="raw bytes"):
        shop.desk.receive("fake", body=body, headers={})


# The gateway is down when its own webhook comes.


def down_at_webhook():
    """Return a shop that took a webhook while the gateway was down."""
    shop = Shop()
    shop.gateway.refund_elsewhere("ref-1", eur("25.00"))
    shop.gateway.down = True
    assert shop.desk.receive("fake", **shop.gateway.webhook("ref-1")) == ()
    return shop


def test_a_webhook_is_kept_when_the_gateway_is_down():
    """The webhook is answered with success, the order stays due, and the sweep asks."""
    shop = down_at_webhook()
    assert shop.is_due()
    shop.gateway.down = False
    assert kinds_of(shop.desk.recover().events) == [EventKind.REFUND_ADOPTED]
    assert shop.is_at_rest()


def test_a_webhook_survives_sweeps_that_find_the_gateway_down():
    """However long it lasts, the order is due again."""
    shop = down_at_webhook()
    for _ in range(5):
        assert shop.desk.recover().unreachable == ("o-1",)
        shop.clock.advance(days=1)
    shop.gateway.down = False
    shop.desk.recover()
    assert shop.order.refundable == eur("75.00")


def test_a_webhook_survives_other_changes_of_the_order():
    """A note, a document, another refund: the gateway still has to be asked."""
    shop = down_at_webhook()
    shop.desk.annotate("o-1", actor=KIM, note="customer called")
    shop.refund("10.00")
    shop.clock.advance(minutes=10)
    shop.gateway.down = False
    shop.desk.recover()
    assert shop.order.refunded == eur("25.00") + eur("10.00")


def test_what_was_recorded_is_returned_although_another_gateway_is_down():
    """receive() tells what is new, also when the order's other gateway could not be asked."""
    other = FakeGateway(name="other")
    mine, theirs = a_payment(1, "70.00"), a_payment(2, "30.00", gateway="other")
    shop = Shop(order=an_order(payments=(mine, theirs)), others=[other])
    other.down = True
    shop.gateway.refund_elsewhere("ref-1", eur("25.00"))
    events = shop.desk.receive("fake", **shop.gateway.webhook("ref-1"))
    assert kinds_of(events) == [EventKind.REFUND_ADOPTED]
    assert shop.is_due()


def test_a_webhook_that_is_faster_than_the_answer_finds_our_refund():
    """The refund is known before the gateway answered; the answer then has nothing to add."""
    shop = Shop()
    real = shop.gateway.refund

    def slow(call):
        answer = real(call)
        shop.desk.receive("fake", **shop.gateway.webhook("ref-1"))
        return answer

    shop.gateway.refund = slow
    assert shop.refund("40.00").returned == eur("40.00")
    assert shop.kinds().count(EventKind.REFUND_SUCCEEDED) == 1
    assert len(shop.order.refunds) == 1


def test_a_webhook_is_not_forgotten_by_a_look_that_began_before_it():
    """Law T1: two webhooks at the same tick of the clock; the second one's process dies before it has asked."""
    shop = Shop()
    shop.gateway.confirm_captured("ref-1", eur("100.00"))
    real, other = shop.gateway.fetch, shop.new_desk()

    def die(payments):
        raise KeyboardInterrupt

    def fetch(payments):
        reports = real(payments)
        shop.gateway.refund_elsewhere("ref-1", eur("5.00"))
        shop.gateway.fetch = die
        with pytest.raises(KeyboardInterrupt):
            other.receive("fake", **shop.gateway.webhook("ref-1"))
        shop.gateway.fetch = real
        return reports

    shop.gateway.fetch = fetch
    shop.desk.receive("fake", **shop.gateway.webhook("ref-1"))
    assert shop.is_due()
    shop.desk.recover()
    assert shop.order.refunded == eur("5.00")
