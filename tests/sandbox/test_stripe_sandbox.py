"""The Stripe sandbox is as strict as Stripe, asked by the real SDK: how refunds are made and changed."""

from collections.abc import Iterator

import pytest
import stripe
from stripe._request_options import RequestOptions
from stripe.params import RefundCreateParams, RefundListParams, RefundUpdateParams

from refundkit.testing.clock import FakeClock
from refundkit.testing.sandbox.stripe import StripeSandbox
from refundkit.testing.sandbox.stripe.forms import LISTED, PARAMETERS
from tests.sandbox.stripe_client import Caller, code_of


@pytest.fixture(name="sandbox")
def opened() -> Iterator[StripeSandbox]:
    """Open a sandbox whose clock stands still."""
    with StripeSandbox(clock=FakeClock()) as sandbox:
        yield sandbox


@pytest.fixture(name="shop")
def calling(sandbox: StripeSandbox) -> Caller:
    """Make a client of it."""
    return Caller(sandbox)


# Making refunds.


def test_a_part_is_refunded(sandbox: StripeSandbox, shop: Caller) -> None:
    """The refund is a whole record, and the charge knows of it."""
    payment = sandbox.payment(5000, "usd")
    made = shop.refund(payment, 1250, reason="duplicate", metadata={"order": "o-1"})
    assert (made.object, made.status, made.amount, made.currency) == ("refund", "succeeded", 1250, "usd")
    assert (made.reason, made.metadata["order"], made.payment_intent) == ("duplicate", "o-1", payment)
    charge = shop.v1.charges.retrieve(made.charge)
    assert (charge.amount_refunded, charge.refunded, charge.amount_captured) == (1250, False, 5000)
    movement = shop.v1.balance_transactions.retrieve(made.balance_transaction)
    assert (movement.amount, movement.type) == (-1250, "refund")


def test_without_an_amount_all_that_is_left_is_refunded(sandbox: StripeSandbox, shop: Caller) -> None:
    """Stripe takes a missing amount for everything."""
    payment = sandbox.payment(5000, "usd")
    shop.refund(payment, 1000)
    assert shop.refund(payment).amount == 4000
    assert sandbox.charge_of(payment)["refunded"] is True
    assert sandbox.returned(payment) == 5000


def test_a_charge_can_be_refunded_too(sandbox: StripeSandbox, shop: Caller) -> None:
    """By the id of the charge."""
    payment = sandbox.payment(5000, "usd")
    charge = sandbox.charge_of(payment)["id"]
    assert shop.refund(charge, 100).payment_intent == payment


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (5001, "Refund amount ($50.01) is greater than charge amount ($50.00)"),
        (4001, "Refund amount ($40.01) is greater than unrefunded amount on charge ($40.00)"),
    ],
)
def test_more_than_is_left_is_refused(sandbox: StripeSandbox, shop: Caller, amount: int, text: str) -> None:
    """Without a code: only the text says why, and the parameter."""
    payment = sandbox.payment(5000, "usd")
    if amount == 4001:
        shop.refund(payment, 1000)
    error = shop.refused(payment, amount)
    assert isinstance(error, stripe.InvalidRequestError)
    assert (error.http_status, error.param, code_of(error), error.user_message) == (400, "amount", None, text)
    assert sandbox.returned(payment) in (0, 1000)


def test_what_is_refunded_already_is_refused(sandbox: StripeSandbox, shop: Caller) -> None:
    """With a code of its own."""
    payment = sandbox.payment(5000, "usd")
    shop.refund(payment)
    assert code_of(shop.refused(payment)) == code_of(shop.refused(payment, 1)) == "charge_already_refunded"


@pytest.mark.parametrize("amount", [0, -5, 10.5, True, "x", "1e3", "", "٣"])
def test_an_amount_is_a_positive_integer(sandbox: StripeSandbox, shop: Caller, amount: object) -> None:
    """The SDK sends whatever it is given; Stripe looks."""
    assert code_of(shop.refused(sandbox.payment(5000, "usd"), amount)) == "parameter_invalid_integer"


@pytest.mark.parametrize(
    ("currency", "amount", "is_taken"),
    [
        ("jpy", 1, True),
        ("huf", 101, True),
        ("twd", 101, True),
        ("isk", 150, False),
        ("isk", 200, True),
        ("ugx", 150, False),
        ("kwd", 1234, False),
        ("kwd", 1230, True),
    ],
)
def test_each_currency_has_its_own_units(
    sandbox: StripeSandbox,
    shop: Caller,
    currency: str,
    amount: int,
    is_taken: bool,  # noqa: FBT001
) -> None:
    """Where Stripe counts in steps, an amount between them is refused."""
    answer = shop.refused(sandbox.payment(50_000, currency), amount)
    assert (getattr(answer, "amount", None) == amount) is is_taken


def test_an_amount_has_twelve_digits_at_most(sandbox: StripeSandbox, shop: Caller) -> None:
    """More is too large."""
    assert code_of(shop.refused(sandbox.payment(10**13, "idr"), 10**12)) == "amount_too_large"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"ammount": 1}, "parameter_unknown"),
        ({"description": "x"}, "parameter_unknown"),
        ({"reason": "damaged"}, None),
        ({"reason": "expired_uncaptured_charge"}, None),
        ({"currency": "usd"}, None),
        ({"origin": "customer_balance"}, None),
        ({"reverse_transfer": True}, None),
        ({"refund_application_fee": "perhaps"}, None),
        ({"metadata": {"k" * 41: "v"}}, None),
        ({"metadata": {"k": "v" * 501}}, None),
        ({"metadata": {f"k{number}": "v" for number in range(51)}}, None),
        ({"metadata": {"k": {"deep": "v"}}}, None),
        ({"expand": ["customer"]}, None),
        ({"charge": "ch_1"}, "parameters_exclusive"),
    ],
)
def test_what_stripe_does_not_take_is_refused(sandbox: StripeSandbox, shop: Caller, params, code) -> None:
    """Unknown names, unknown words, too much metadata."""
    error = shop.refused(sandbox.payment(5000, "usd"), **params)
    assert isinstance(error, stripe.InvalidRequestError)
    assert (error.http_status, code_of(error)) == (400, code)


def test_a_refund_is_of_something(shop: Caller) -> None:
    """A charge or a payment intent."""
    with pytest.raises(stripe.InvalidRequestError, match="payment_intent or charge") as refused:
        shop.v1.refunds.create({"amount": 100})
    assert code_of(refused.value) == "parameter_missing"


@pytest.mark.parametrize("name", ["ch_nobody", "pi_nobody"])
def test_what_does_not_exist_is_missing(shop: Caller, name: str) -> None:
    """404, with a code."""
    error = shop.refused(name, 100)
    assert (error.http_status, code_of(error)) == (404, "resource_missing")


def test_the_parameters_are_those_of_the_sdk() -> None:
    """The lists are written down here, and compared with the SDK's own."""
    options = set(RequestOptions.__annotations__)
    assert PARAMETERS["create refund"] == set(RefundCreateParams.__annotations__) - options
    assert PARAMETERS["update refund"] == set(RefundUpdateParams.__annotations__) - options
    assert LISTED["refund"] == set(RefundListParams.__annotations__) - options


# Changing refunds.


def test_metadata_is_all_that_can_be_changed(sandbox: StripeSandbox, shop: Caller) -> None:
    """Keys are merged; an empty value removes one."""
    made = shop.refund(sandbox.payment(5000, "usd"), 100, metadata={"a": "1", "b": "2"})
    shop.v1.refunds.update(made.id, {"metadata": {"b": "", "c": "3"}})
    assert sandbox.record(made.id)["metadata"] == {"a": "1", "c": "3"}
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter"):
        shop.v1.refunds.update(made.id, {"amount": 1})


def test_only_a_refund_that_waits_for_the_customer_can_be_canceled(
    sandbox: StripeSandbox, shop: Caller
) -> None:
    """It counts as failed, and the money is there again; any other refund is beyond recall."""
    payment = sandbox.payment(5000, "jpy", method="konbini")
    waiting = shop.refund(payment)
    assert (waiting.status, waiting.next_action.type) == ("requires_action", "display_details")
    canceled = shop.v1.refunds.cancel(waiting.id)
    assert (canceled.status, canceled.failure_reason) == ("canceled", "merchant_request")
    assert sandbox.returned(payment) == 0
    with pytest.raises(stripe.InvalidRequestError, match="requires_action"):
        shop.v1.refunds.cancel(shop.refund(sandbox.payment(5000, "usd")).id)


def test_a_customer_who_never_answers_fails_the_refund(sandbox: StripeSandbox, shop: Caller) -> None:
    """Stripe has a test helper for that."""
    waiting = shop.refund(sandbox.payment(5000, "jpy", method="konbini"))
    assert shop.v1.test_helpers.refunds.expire(waiting.id).status == "failed"


@pytest.mark.parametrize(
    ("method", "prefixes", "status"),
    [("card", ("ch_", "re_"), "succeeded"), ("sepa_debit", ("py_", "pyr_"), "pending")],
)
def test_methods_differ(sandbox: StripeSandbox, shop: Caller, method: str, prefixes, status: str) -> None:
    """Other methods than cards have other ids, and are not refunded at once."""
    made = shop.refund(sandbox.payment(5000, "eur", method=method))
    assert (made.charge[:3], made.id[: len(prefixes[1])], made.status) == (*prefixes, status)


def test_a_refund_that_succeeded_may_fail_later(sandbox: StripeSandbox, shop: Caller) -> None:
    """The bank sends it back: a second movement, and the charge is refundable again."""
    payment = sandbox.payment(5000, "usd")
    made = shop.refund(payment)
    sandbox.settle(made.id, "failed", "expired_or_canceled_card")
    told = shop.v1.refunds.retrieve(made.id, {"expand": ["failure_balance_transaction"]})
    assert (told.status, told.failure_reason) == ("failed", "expired_or_canceled_card")
    assert (told.failure_balance_transaction.amount, told.failure_balance_transaction.type) == (
        5000,
        "refund_failure",
    )
    assert sandbox.charge_of(payment)["amount_refunded"] == 0
    assert shop.refund(payment, 5000).status == "succeeded"


@pytest.mark.parametrize(
    "way",
    [("pending", "succeeded", "failed"), ("requires_action", "pending", "succeeded", "requires_action")],
)
def test_refunds_pass_through_states(sandbox: StripeSandbox, shop: Caller, way: tuple[str, ...]) -> None:
    """Also back: a customer whose bank returned the money is asked again."""
    sandbox.next_refund(way[0])
    made = shop.refund(sandbox.payment(5000, "usd"))
    assert made.status == way[0]
    for status in way[1:]:
        sandbox.settle(made.id, status)
        assert shop.v1.refunds.retrieve(made.id).status == status


def test_what_failed_stays_failed(sandbox: StripeSandbox, shop: Caller) -> None:
    """A test cannot make Stripe do what it never does."""
    made = shop.refund(sandbox.payment(5000, "usd"))
    sandbox.settle(made.id, "failed")
    with pytest.raises(ValueError, match="does not become succeeded"):
        sandbox.settle(made.id, "succeeded")


def test_with_too_little_money_cards_wait_and_others_are_refused(
    sandbox: StripeSandbox, shop: Caller
) -> None:
    """A waiting refund has moved nothing."""
    card, debit = sandbox.payment(5000, "eur"), sandbox.payment(5000, "eur", method="sepa_debit")
    sandbox.empty_balance()
    held = shop.refund(card)
    assert (held.status, held.pending_reason, held.balance_transaction) == (
        "pending",
        "insufficient_funds",
        None,
    )
    assert code_of(shop.refused(debit)) == "balance_insufficient"


def test_a_test_can_refuse_the_next_refund(sandbox: StripeSandbox, shop: Caller) -> None:
    """Once, in whatever words."""
    payment = sandbox.payment(5000, "usd")
    sandbox.refuse_next("Your card was declined.", status=402, code="card_declined", type="card_error")
    assert isinstance(shop.refused(payment), stripe.CardError)
    assert shop.refund(payment).status == "succeeded"
