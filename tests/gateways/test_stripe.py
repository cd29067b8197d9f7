"""The Stripe gateway with the real SDK against localstripe; its options; its requests."""

import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from queue import Queue
from typing import Any

import pytest
import requests
import stripe as sdk

from refundkit.errors import InvalidValueError, PluginError
from refundkit.gateways.base import Webhook, WhileDisputed
from refundkit.gateways.stripe import API_VERSION, REASONS, StripeGateway
from refundkit.gateways.stripe.reading import captured_of, charge_of
from refundkit.model.payments import Payment
from refundkit.model.refunds import FailureCode, Refund, RefundStatus
from refundkit.model.requests import RefundReason
from refundkit.money import Money
from tests.gateways import wire
from tests.gateways.stripe_cases import KEY, NOW, call, gateway, payment, refund, refund_record
from tests.peers.localstripe import API_KEY


class Shop:
    """A shop with a Stripe account at localstripe: takes money through the SDK, gives it back through us."""

    def __init__(self, url: str) -> None:
        self.gateway = StripeGateway(api_key=API_KEY, base_url=url, reasons={})
        self.client = sdk.StripeClient(
            API_KEY, base_addresses={"api": url}, http_client=sdk.RequestsClient(timeout=(5, 30))
        )
        card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}
        self.card = self.client.v1.payment_methods.create({"type": "card", "card": card}).id

    def take(self, **more: Any) -> Payment:
        """Take 50.00 USD by a payment intent."""
        content = {"amount": 5000, "currency": "usd", "payment_method": self.card, "confirm": True, **more}
        return payment(self.client.v1.payment_intents.create(content).id)

    def give_back(self, source: Payment, amount: str, name: str = "refund-1") -> Any:
        """Refund a part of *source*."""
        return self.gateway.refund(call(self.gateway, refund(amount, name=name), source))

    def look_up(self, source: Payment) -> Any:
        """Fetch *source*."""
        (report,) = self.gateway.fetch((source,))
        return report


@pytest.fixture(name="shop")
def opened_shop(localstripe: str) -> Shop:
    """Open a shop at localstripe."""
    return Shop(localstripe)


@pytest.fixture(name="stripe")
def scripted() -> Iterator[wire.Wire]:
    """Run a scripted Stripe."""
    with wire.running() as running:
        yield running


def test_a_partial_refund_is_made_and_found_again_by_our_id(shop: Shop) -> None:
    """What refund() reports is what fetch() sees, with our id on it (laws E2, T2)."""
    source = shop.take()
    made = shop.give_back(source, "12.50")
    (found,) = shop.look_up(source).refunds
    assert made == found
    assert (made.status, made.amount) == (RefundStatus.SUCCEEDED, Money.of("12.50", "USD"))
    assert (made.refund_id, made.payment, made.raw_status) == ("refund-1", source.reference, "succeeded")


def test_a_fetched_payment_tells_what_was_captured_and_its_fee(shop: Shop) -> None:
    """Captured money and the fee come from the gateway; localstripe takes no fee and knows no disputes."""
    report = shop.look_up(shop.take())
    assert report.captured == Money.of("50.00", "USD")
    assert report.fee == Money.zero("USD")
    assert (report.refunds, report.disputes) == ((), ())


def test_one_payment_is_refunded_several_times(shop: Shop) -> None:
    """Every refund of a payment is listed, each with its own id."""
    source = shop.take()
    for number in range(3):
        shop.give_back(source, "10.00", f"refund-{number}")
    refunds = shop.look_up(source).refunds
    assert {one.refund_id for one in refunds} == {"refund-0", "refund-1", "refund-2"}
    assert Money.sum((one.amount for one in refunds), "USD") == Money.of("30.00", "USD")


def test_more_refunds_than_a_page_holds_are_all_found(shop: Shop) -> None:
    """105 refunds need two pages of a hundred; each is reported once."""
    source = shop.take()
    for number in range(105):
        shop.give_back(source, "0.10", f"refund-{number}")
    found = [one.refund_id for one in shop.look_up(source).refunds]
    assert len(found) == 105
    assert set(found) == {f"refund-{number}" for number in range(105)}


def test_a_charge_is_a_payment_too(shop: Shop) -> None:
    """A payment known by its charge is refunded and fetched by its charge."""
    intent = shop.client.v1.payment_intents.retrieve(shop.take().reference)
    source = payment(intent.latest_charge.id)
    made = shop.give_back(source, "7.00")
    report = shop.look_up(source)
    assert made.payment == report.reference == source.reference
    assert report.captured == Money.of("50.00", "USD")
    assert [one.reference for one in report.refunds] == [made.reference]


def test_a_refund_made_in_the_dashboard_is_reported_without_our_id(shop: Shop) -> None:
    """Somebody else's refund is reported too, as theirs (law T2)."""
    source = shop.take()
    shop.client.v1.refunds.create({"payment_intent": source.reference, "amount": 300})
    (report,) = shop.look_up(source).refunds
    assert report.refund_id is None
    assert report.amount == Money.of("3.00", "USD")


def test_a_refund_made_by_charge_belongs_to_the_intent_that_was_asked_for(shop: Shop) -> None:
    """Whatever the list of a payment's refunds contains came out of that payment, under the id we know."""
    source = shop.take()
    charge = shop.client.v1.payment_intents.retrieve(source.reference).latest_charge.id
    shop.client.v1.refunds.create({"charge": charge, "amount": 300})
    assert shop.look_up(source).refunds[0].payment == source.reference


def test_before_capture_nothing_is_captured(shop: Shop) -> None:
    """An authorized payment has captured zero, so nothing can be given back (law C5)."""
    source = shop.take(capture_method="manual")
    assert shop.look_up(source).captured == Money.zero("USD")


def test_an_unconfirmed_payment_intent_has_no_charge_and_no_money(shop: Shop) -> None:
    """Without a charge there is no fee and nothing captured."""
    source = shop.take(confirm=False)
    # localstripe cannot list the refunds of an intent without a charge (it answers 500).
    record = shop.gateway._retrieved("payment_intent", source.reference)
    assert charge_of(record) == {}
    assert captured_of(record) == Money.zero("USD")


def test_localstripe_declines_an_unknown_payment(shop: Shop) -> None:
    """No such payment: a decline, not a crash; localstripe tells it without a code."""
    report = shop.give_back(payment("pi_doesnotexist"), "1.00")
    assert (report.status, report.failure) == (RefundStatus.FAILED, FailureCode.UNAVAILABLE)


def test_localstripe_signs_a_webhook_that_we_accept(localstripe: str, stripe: wire.Wire) -> None:
    """An event that a real server signed and sent names the payment that it is about (law S1)."""
    arrived: Queue[wire.Asked] = Queue()
    stripe.on("POST /hook", lambda asked: arrived.put(asked) or {})
    hook = f"{localstripe}/_config/webhooks/refundkit"
    requests.post(
        hook, json={"url": f"{stripe.url}/hook", "secret": "whsec_local"}, timeout=10
    ).raise_for_status()
    shop = Shop(localstripe)
    receiving = gateway(webhook_secrets="whsec_local", account=None)
    source = shop.take()
    while True:
        asked = arrived.get(timeout=10)
        signed_at = int(asked.headers["stripe-signature"].split(",")[0].removeprefix("t="))
        received = NOW + timedelta(seconds=signed_at - NOW.timestamp())
        names = receiving.parse_webhook(Webhook(body=asked.body, headers=asked.headers, received_at=received))
        if source.reference in names:
            break
    requests.post(hook, json={"url": stripe.url, "secret": "x", "events": []}, timeout=10)


def test_prepare_names_the_payment_the_amount_and_our_id() -> None:
    """The request is complete, JSON-ready, and holds no secret (laws E1, S2)."""
    prepared = gateway().prepare(refund("12.50"), payment("pi_1"))
    assert prepared == {"payment_intent": "pi_1", "amount": 1250, "metadata": {"refundkit_id": "refund-1"}}


@pytest.mark.parametrize(
    ("reference", "parameter"), [("pi_1", "payment_intent"), ("ch_1", "charge"), ("py_1", "charge")]
)
def test_prepare_knows_intents_from_charges(reference: str, parameter: str) -> None:
    """A charge is named as a charge, a payment intent as a payment intent."""
    assert gateway().prepare(refund(), payment(reference))[parameter] == reference


@pytest.mark.parametrize(
    "reference", ["pi_1/../ch_2", "pi_", "re_1", "pyr_1", "pi_é", "PI_1", "x", "pi_1?a=b"]
)
def test_only_ids_of_payments_reach_a_url(reference: str) -> None:
    """A reference that is no id of a payment is refused before it is sent anywhere (law S5)."""
    with pytest.raises(InvalidValueError, match="no id of a Stripe payment"):
        gateway().prepare(refund(), payment(reference))


@pytest.mark.parametrize("name", ["refund 1", "réfund", "a/b"])
def test_only_plain_refund_ids_reach_a_header(name: str) -> None:
    """The id becomes an idempotency key in a header, so it is plain ASCII (law S5)."""
    with pytest.raises(InvalidValueError, match="takes no refund id"):
        gateway().prepare(refund(name=name), payment())


def test_no_reason_of_ours_blocks_a_buyer() -> None:
    """Stripe's `fraudulent` puts card and e-mail on a block list, so no default leads there."""
    assert "fraudulent" not in REASONS.values()
    assert RefundReason.FRAUDULENT not in REASONS


@pytest.mark.parametrize(
    ("reason", "reasons", "word"),
    [
        (RefundReason.DUPLICATE, REASONS, "duplicate"),
        (RefundReason.DAMAGED, REASONS, "requested_by_customer"),
        (RefundReason.FRAUDULENT, REASONS, None),
        (RefundReason.OTHER, REASONS, None),
        (RefundReason.FRAUDULENT, {RefundReason.FRAUDULENT: "fraudulent"}, "fraudulent"),
        (RefundReason.DUPLICATE, {}, None),
    ],
)
def test_a_reason_is_told_in_stripes_words(reason: RefundReason, reasons: Any, word: str | None) -> None:
    """A refund that carries a reason type sends Stripe's word for it, if there is one."""
    told = Refund(
        id="refund-1", payment_id="p1", gateway="stripe", amount=Money.of(1, "USD"), reason_type=reason
    )
    assert gateway(reasons=reasons).prepare(told, payment()).get("reason") == word


def test_the_request_is_sent_as_it_was_stored(stripe: wire.Wire) -> None:
    """Idempotency key, account, API version, explicit amount and our id are on the wire (laws E1, E2)."""
    stripe.on("POST /v1/refunds", refund_record())
    ours = gateway(base_url=stripe.url, account="acct_1")
    ours.refund(call(ours))
    (asked,) = stripe.asked
    assert asked.form == {"payment_intent": "pi_1", "amount": "1250", "metadata[refundkit_id]": "refund-1"}
    assert asked.headers["idempotency-key"] == "refund-1"
    assert asked.headers["stripe-account"] == "acct_1"
    assert asked.headers["stripe-version"] == API_VERSION
    assert asked.headers["authorization"] == f"Bearer {KEY}"


def test_the_request_uses_only_parameters_that_stripe_knows() -> None:
    """Every key of a request is one of the SDK's own parameters of refunds.create."""
    from stripe._request_options import RequestOptions
    from stripe.params import RefundCreateParams

    allowed = set(RefundCreateParams.__annotations__) - set(RequestOptions.__annotations__)
    told = Refund(
        id="r",
        payment_id="p1",
        gateway="stripe",
        amount=Money.of(1, "USD"),
        reason_type=RefundReason.DUPLICATE,
    )
    assert set(gateway().prepare(told, payment())) <= allowed


def test_sixteen_threads_share_one_gateway(stripe: wire.Wire) -> None:
    """No answer ever reaches another thread's refund."""

    def echo(asked: wire.Asked) -> dict[str, Any]:
        name = asked.form["metadata[refundkit_id]"]
        assert asked.headers["idempotency-key"] == name
        return refund_record(
            id=f"re_{name}", amount=int(asked.form["amount"]), metadata={"refundkit_id": name}
        )

    stripe.on("POST /v1/refunds", echo)
    ours = gateway(base_url=stripe.url)
    wrong: list[str] = []

    def work(thread: int) -> None:
        for number in range(10):
            name = f"refund-{thread}-{number}"
            wanted = refund(f"{thread + 1}.{number:02}", name=name)
            report = ours.refund(call(ours, wanted))
            if (report.refund_id, report.amount, report.reference) != (name, wanted.amount, f"re_{name}"):
                wrong.append(name)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len({asked.headers["idempotency-key"] for asked in stripe.asked}) == 160


@pytest.mark.parametrize(
    ("api_key", "test"),
    [
        ("sk_live_1", False),
        ("rk_live_1", False),
        ("sk_test_1", True),
        ("rk_test_1", True),
        ("sk_org_live_1", False),
    ],
)
def test_the_key_says_whether_it_is_for_tests(api_key: str, test: bool) -> None:  # noqa: FBT001
    """The mode of the credentials is known from the key (law S7)."""
    assert gateway(api_key=api_key).test is test


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": "pk_test_1"},
        {"api_key": ""},
        {"api_key": None},
        {"api_key": "sk_test_1\nX-Evil: 1"},
        {"account": "pi_1"},
        {"webhook_secrets": ""},
        {"webhook_secrets": ("whsec_1", " ")},
        {"webhook_secrets": ["whsec_1"]},
        {"webhook_secrets": "whsec_é"},
        {"timeout": 30},
        {"timeout": (0, 30)},
        {"timeout": (5, None)},
        {"base_url": "http://example.com"},
        {"base_url": "ftp://127.0.0.1"},
        {"reasons": {RefundReason.DAMAGED: "broken"}},
        {"reasons": {"damaged": "duplicate"}},
        {"api_version": None},
        {"api_version": "latest"},
        {"api_version": "2026-10-28.endive\nX-Evil: 1"},
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(options: dict[str, Any]) -> None:
    """Wrong options are refused when the gateway is made, not when money should move."""
    with pytest.raises(InvalidValueError) as refused:
        gateway(**options)
    assert "sk_test_1" not in str(refused.value)


def test_several_gateways_have_several_names() -> None:
    """Two accounts are two gateways."""
    assert gateway().name == "stripe"
    assert repr(gateway(name="stripe-uk")) == "<StripeGateway 'stripe-uk'>"


def test_what_stripe_can_do() -> None:
    """Parts, several times, found by our id; nothing while disputed, anything while asked about (law D2)."""
    can = gateway().capabilities(payment())
    assert (can.partial, can.multiple, can.echoes_refund_id, can.knows_absence) == (True,) * 4
    assert (can.while_disputed, can.while_inquiry) == (WhileDisputed.NOTHING, WhileDisputed.ANYTHING)
    assert can.idempotency_window == timedelta(hours=20)
    assert (can.window, can.minimum, can.any_payment, can.by_person) == (None, None, False, False)


def test_without_the_sdk_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing SDK is a clear PluginError, when a gateway is made."""
    monkeypatch.setitem(sys.modules, "stripe", None)
    with pytest.raises(PluginError, match=r"pip install 'refundkit\[stripe\]'"):
        gateway()
