"""The Stripe sandbox keeps idempotency keys, fails as it is told, signs webhooks, and agrees with localstripe."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from refundkit.testing.clock import FakeClock
from refundkit.testing.sandbox import Fault
from refundkit.testing.sandbox.stripe import StripeSandbox
from tests.peers.localstripe import API_KEY
from tests.sandbox.stripe_client import Caller, client_at, code_of


@pytest.fixture(name="sandbox")
def opened() -> Iterator[StripeSandbox]:
    """Open a sandbox."""
    with StripeSandbox() as sandbox:
        yield sandbox


@pytest.fixture(name="shop")
def calling(sandbox: StripeSandbox) -> Caller:
    """Make a client of it."""
    return Caller(sandbox)


def headers_of(answer: Any) -> dict[str, str]:
    """Return the headers that an answer came with."""
    return {name.lower(): value for name, value in answer.last_response.headers.items()}


# Idempotency keys.


def test_the_same_key_makes_one_refund(sandbox: StripeSandbox, shop: Caller) -> None:
    """The first answer is given again, and marked; as it was then, not as the refund is now."""
    payment = sandbox.payment(5000, "usd")
    first = shop.refund(payment, 1000, key="key-1")
    sandbox.settle(first.id, "failed")
    again = shop.refund(payment, 1000, key="key-1")
    assert (again.id, again.status) == (first.id, "succeeded")
    assert headers_of(again)["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in headers_of(first)
    assert headers_of(first)["request-id"] != headers_of(again)["request-id"]


def test_without_a_key_the_same_question_makes_two(sandbox: StripeSandbox, shop: Caller) -> None:
    """The SDK makes up a key for every call."""
    payment = sandbox.payment(5000, "usd")
    assert shop.refund(payment, 1000).id != shop.refund(payment, 1000).id


def test_a_key_stands_for_one_question(sandbox: StripeSandbox, shop: Caller) -> None:
    """Another one under the same key is refused, and the first answer stays."""
    payment = sandbox.payment(5000, "usd")
    first = shop.refund(payment, 1000, key="key-1")
    error = shop.refused(payment, 1001, key="key-1")
    assert isinstance(error, stripe.IdempotencyError)
    assert (error.http_status, code_of(error)) == (400, None)
    assert shop.refund(payment, 1000, key="key-1").id == first.id


def test_a_refusal_after_execution_began_is_kept(sandbox: StripeSandbox, shop: Caller) -> None:
    """Too much stays too much under this key, whatever happens to the charge."""
    payment = sandbox.payment(5000, "usd")
    made = shop.refund(payment)
    assert code_of(shop.refused(payment, 100, key="key-1")) == "charge_already_refunded"
    sandbox.settle(made.id, "failed")
    assert code_of(shop.refused(payment, 100, key="key-1")) == "charge_already_refunded"
    assert shop.refund(payment, 100, key="key-2").amount == 100


def test_a_refusal_before_execution_leaves_the_key_free(sandbox: StripeSandbox, shop: Caller) -> None:
    """A parameter that is wrong, or too many requests."""
    payment = sandbox.payment(5000, "usd")
    shop.refused(payment, 0, key="key-1")
    sandbox.faults.append(Fault.RATE_LIMIT_429)
    error = shop.refused(payment, 100, key="key-1")
    assert isinstance(error, stripe.RateLimitError)
    assert code_of(error) == "rate_limit"
    assert shop.refund(payment, 100, key="key-1").amount == 100


def test_a_key_that_is_under_way_conflicts(sandbox: StripeSandbox, shop: Caller) -> None:
    """409, and nothing is kept."""
    payment = sandbox.payment(5000, "usd")
    with sandbox.in_flight("key-1"):
        error = shop.refused(payment, 100, key="key-1")
    assert isinstance(error, stripe.APIError)
    assert (error.http_status, code_of(error)) == (409, "idempotency_key_in_use")
    assert shop.refund(payment, 100, key="key-1").amount == 100


def test_keys_are_forgotten_after_a_day(sandbox: StripeSandbox, shop: Caller) -> None:
    """Then the same request is a new one, and money moves twice."""
    payment = sandbox.payment(5000, "usd")
    shop.refund(payment, 1000, key="key-1")
    sandbox.forget_keys()
    shop.refund(payment, 1000, key="key-1")
    assert sandbox.returned(payment) == 2000


def test_a_key_has_255_characters_at_most(sandbox: StripeSandbox, shop: Caller) -> None:
    """More is refused."""
    payment = sandbox.payment(5000, "usd")
    assert shop.refund(payment, 1, key="k" * 255).amount == 1
    assert shop.refused(payment, 1, key="k" * 256).http_status == 400


def test_keys_belong_to_an_account() -> None:
    """Two accounts may use the same one."""
    with StripeSandbox(account="acct_1") as sandbox:
        payment = sandbox.payment(5000, "usd")
        assert code_of(Caller(sandbox).refused(payment, key="key-1")) == "resource_missing"
        assert Caller(sandbox, stripe_account="acct_1").refund(payment, key="key-1").amount == 5000


# Faults.


@pytest.mark.parametrize("fault", [Fault.LOST_REPLY, Fault.TRUNCATED, Fault.GARBAGE])
def test_a_lost_answer_is_found_under_its_key(sandbox: StripeSandbox, shop: Caller, fault: Fault) -> None:
    """The money moved once, whatever the client saw."""
    payment = sandbox.payment(5000, "usd")
    sandbox.faults.append(fault)
    error = shop.refused(payment, 1000, key="key-1")
    assert isinstance(error, (stripe.APIConnectionError, stripe.APIError))
    assert sandbox.returned(payment) == 1000
    assert shop.refund(payment, 1000, key="key-1").amount == 1000
    assert sandbox.returned(payment) == 1000


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (Fault.RESET, stripe.APIConnectionError, None),
        (Fault.CONFLICT_409, stripe.APIError, "idempotency_key_in_use"),
        (Fault.THROTTLED, stripe.RateLimitError, "lock_timeout"),
        (Fault.SERVER_ERROR_500, stripe.APIError, None),
        (Fault.UNAVAILABLE_503_HTML, stripe.APIError, None),
    ],
)
def test_a_fault_that_executes_nothing(
    sandbox: StripeSandbox, shop: Caller, fault: Fault, kind, code
) -> None:
    """It looks like Stripe's own, and asked again, all is well."""
    payment = sandbox.payment(5000, "usd")
    sandbox.faults.append(fault)
    error = shop.refused(payment, 1000, key="key-1")
    assert type(error) is kind
    assert (code_of(error) if error.error else None) == code
    assert sandbox.returned(payment) == 0
    assert shop.refund(payment, 1000, key="key-1").amount == 1000


def test_a_500_after_execution_is_kept(sandbox: StripeSandbox, shop: Caller) -> None:
    """The key answers 500 for ever; only a look at the refunds tells that there is one."""
    payment = sandbox.payment(5000, "usd")
    sandbox.faults.append(Fault.SERVER_ERROR_500, executes=True)
    for _ in range(2):
        assert shop.refused(payment, 1000, key="key-1").http_status == 500
    assert [one.amount for one in shop.v1.refunds.list({"payment_intent": payment}).data] == [1000]


# Webhooks.


def test_webhooks_are_signed_as_stripe_signs_them(sandbox: StripeSandbox, shop: Caller) -> None:
    """The SDK's own check takes them."""
    made = shop.refund(sandbox.payment(5000, "usd"))
    body, headers = sandbox.webhook("refund.updated", made.id)
    event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], sandbox.webhook_secret)
    assert (event.type, event.data.object.id, event.livemode) == ("refund.updated", made.id, False)
    assert shop.v1.events.retrieve(event.id).type == "refund.updated"


def test_webhooks_can_be_foreign_stale_or_about_anything() -> None:
    """Signed by the sandbox's clock, or at any time, with any secret, for any account."""
    with StripeSandbox(account="acct_1", clock=FakeClock()) as sandbox:
        charge = sandbox.charge_of(sandbox.payment(5000, "usd"))
        body, headers = sandbox.webhook(
            "charge.refunded", {**charge, "amount_refunded": 1}, secret="whsec_other"
        )
        assert headers["Stripe-Signature"].startswith(f"t={int(sandbox.clock().timestamp())},v1=")
        assert json.loads(body)["data"]["object"]["amount_refunded"] == 1
        assert json.loads(body)["account"] == "acct_1"
        body, headers = sandbox.webhook("charge.refunded", charge, at_seconds=7, account="acct_2")
        assert headers["Stripe-Signature"].startswith("t=7,")
        assert json.loads(body)["account"] == "acct_2"
        assert sandbox.record(charge["id"])["amount_refunded"] == 0


# The happy path, here and at localstripe.


def session(url: str, key: str) -> list[Any]:
    """Take money, refund it in parts and look at everything; return what can be compared."""
    v1 = client_at(url, key).v1
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}
    method = v1.payment_methods.create({"type": "card", "card": card})
    intent = v1.payment_intents.create(
        {"amount": 5000, "currency": "usd", "payment_method": method.id, "confirm": True}
    )
    first = v1.refunds.create(
        {"payment_intent": intent.id, "amount": 1250, "metadata": {"refundkit_id": "r-1"}}
    )
    second = v1.refunds.create({"payment_intent": intent.id, "amount": 750})
    listed = v1.refunds.list({"payment_intent": intent.id, "limit": 100}).data
    told = v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge.balance_transaction"]})
    charge = v1.charges.retrieve(first.charge, {"expand": ["balance_transaction"]})
    return [
        [(one.object, one.status, one.amount, one.currency) for one in (first, second)],
        [one.payment_intent == intent.id for one in (first, second)],
        {one.id for one in listed} == {first.id, second.id},
        [v1.refunds.retrieve(one.id).amount for one in (first, second)],
        first.metadata.to_dict(),
        (told.object, told.status, told.amount, told.currency, told.latest_charge.id == charge.id),
        (
            charge.object,
            charge.status,
            charge.captured,
            charge.amount,
            charge.amount_refunded,
            charge.refunded,
        ),
        (charge.balance_transaction.object, charge.balance_transaction.currency),
    ]


def test_localstripe_agrees_on_the_happy_path(sandbox: StripeSandbox, localstripe: str) -> None:
    """The same session gives the same at a server that somebody else wrote."""
    assert session(sandbox.url, API_KEY) == session(localstripe, API_KEY)
