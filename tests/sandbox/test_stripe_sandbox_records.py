"""The Stripe sandbox as the real SDK sees it: payments, disputes, events, lists, accounts and modes."""

from collections.abc import Iterator

import pytest
import requests
import stripe

from refundkit.testing.clock import FakeClock
from refundkit.testing.sandbox.stripe import StripeSandbox
from refundkit.testing.sandbox.stripe.amounts import money
from tests.sandbox.stripe_client import LIVE_KEY, Caller, client_at, code_of


@pytest.fixture(name="sandbox")
def opened() -> Iterator[StripeSandbox]:
    """Open a sandbox whose clock stands still."""
    with StripeSandbox(clock=FakeClock()) as sandbox:
        yield sandbox


@pytest.fixture(name="shop")
def calling(sandbox: StripeSandbox) -> Caller:
    """Make a client of it."""
    return Caller(sandbox)


# Payments.


def test_a_payment_intent_tells_charge_and_fee(sandbox: StripeSandbox, shop: Caller) -> None:
    """Expanded as asked, two levels deep."""
    payment = sandbox.payment(5000, "usd", fee=175)
    intent = shop.v1.payment_intents.retrieve(payment, {"expand": ["latest_charge.balance_transaction"]})
    assert (intent.status, intent.amount_received) == ("succeeded", 5000)
    assert (intent.latest_charge.payment_intent, intent.latest_charge.balance_transaction.fee) == (
        payment,
        175,
    )
    assert isinstance(shop.v1.payment_intents.retrieve(payment).latest_charge, str)


def test_a_charge_shows_its_ten_newest_refunds_if_asked(sandbox: StripeSandbox, shop: Caller) -> None:
    """Not unless it is expanded."""
    payment = sandbox.payment(5000, "usd")
    made = [shop.refund(payment, 100).id for _ in range(11)]
    charge = sandbox.charge_of(payment)["id"]
    shown = shop.v1.charges.retrieve(charge, {"expand": ["refunds"]}).refunds
    assert ([refund.id for refund in shown.data], shown.has_more) == (made[:0:-1], True)
    assert not hasattr(shop.v1.charges.retrieve(charge), "refunds")


def test_authorized_money_is_not_refundable(sandbox: StripeSandbox, shop: Caller) -> None:
    """It can be captured or canceled."""
    payment = sandbox.payment(5000, "usd", captured=0)
    assert shop.v1.payment_intents.retrieve(payment).status == "requires_capture"
    assert code_of(shop.refused(payment)) == "charge_not_refundable"
    assert shop.v1.payment_intents.cancel(payment).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
        shop.v1.payment_intents.capture(payment)


def test_the_released_rest_of_a_capture_looks_like_a_refund(sandbox: StripeSandbox, shop: Caller) -> None:
    """Stripe makes it by itself; only what was captured can be given back."""
    payment = sandbox.payment(5000, "usd", captured=3000)
    (rest,) = shop.v1.refunds.list({"payment_intent": payment}).data
    assert (rest.amount, rest.reason) == (2000, "expired_uncaptured_charge")
    assert sandbox.returned(payment) == 0
    assert "unrefunded amount on charge ($30.00)" in shop.refused(payment, 3001).user_message
    assert shop.refund(payment).amount == 3000


def test_money_can_be_taken_through_the_sdk(shop: Caller) -> None:
    """Authorize by card, capture a part, refund a part of that."""
    card = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}
    method = shop.v1.payment_methods.create({"type": "card", "card": card})
    wish = {"amount": 5000, "currency": "eur", "payment_method": method.id, "confirm": True}
    intent = shop.v1.payment_intents.create({**wish, "capture_method": "manual"})
    assert intent.status == "requires_capture"
    assert shop.v1.payment_intents.capture(intent.id, {"amount_to_capture": 4000}).amount_received == 4000
    assert shop.refund(intent.id, 1000).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="confirm=True"):
        shop.v1.payment_intents.create({**wish, "confirm": False})


# Disputes.


def test_a_chargeback_takes_the_money_and_stops_refunds(sandbox: StripeSandbox, shop: Caller) -> None:
    """Until it is won; then the money comes back."""
    payment = sandbox.payment(5000, "usd")
    name = sandbox.dispute(payment, 2000)
    (case,) = shop.v1.disputes.list({"payment_intent": payment}).data
    assert (case.id, case.status, case.amount, case.is_charge_refundable) == (
        name,
        "needs_response",
        2000,
        False,
    )
    assert [movement.amount for movement in case.balance_transactions] == [-2000]
    assert sandbox.charge_of(payment)["disputed"] is True
    assert code_of(shop.refused(payment)) == "charge_disputed"
    sandbox.move_dispute(name, "won")
    case = shop.v1.disputes.retrieve(name)
    assert sum(movement.amount for movement in case.balance_transactions) == 0
    assert shop.refund(payment).status == "succeeded"


def test_an_inquiry_moves_no_money_and_stays_refundable(sandbox: StripeSandbox, shop: Caller) -> None:
    """It may become a chargeback."""
    payment = sandbox.payment(5000, "usd")
    name = sandbox.dispute(payment, status="warning_needs_response", reason="unrecognized")
    case = shop.v1.disputes.retrieve(name)
    assert (case.is_charge_refundable, case.balance_transactions, case.reason) == (True, [], "unrecognized")
    assert shop.refund(payment, 1000).status == "succeeded"
    sandbox.move_dispute(name, "needs_response")
    assert code_of(shop.refused(payment)) == "charge_disputed"


# Lists, accounts and modes.


def test_lists_come_in_pages_newest_first(sandbox: StripeSandbox, shop: Caller) -> None:
    """Ten, unless asked otherwise; the SDK turns the pages both ways."""
    payment = sandbox.payment(5000, "usd")
    made = [shop.refund(payment, 10).id for _ in range(25)]
    page = shop.v1.refunds.list({"payment_intent": payment})
    assert (len(page.data), page.has_more, page.data[0].id) == (10, True, made[-1])
    walked = [one.id for one in shop.v1.refunds.list({"limit": 7}).auto_paging_iter()]
    assert walked == made[::-1]
    before = shop.v1.refunds.list({"ending_before": made[0], "limit": 3})
    assert ([one.id for one in before.data], before.has_more) == (made[3:0:-1], True)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"limit": 0}, "parameter_invalid_integer"),
        ({"limit": 101}, "parameter_invalid_integer"),
        ({"refund": "re_1"}, "parameter_unknown"),
        ({"starting_after": "re_1"}, "resource_missing"),
        ({"charge": "ch_1"}, "resource_missing"),
        ({"created": {"gte": "soon"}}, "parameter_invalid_integer"),
        ({"created": {"after": 1}}, "parameter_unknown"),
    ],
)
def test_a_list_is_asked_for_rightly(shop: Caller, params, code: str) -> None:
    """Or refused."""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.v1.refunds.list(params)
    assert code_of(refused.value) == code


def test_lists_are_narrowed_by_payment_and_time(sandbox: StripeSandbox, shop: Caller) -> None:
    """By charge, by payment intent, and by when it was made."""
    first, second = sandbox.payment(5000, "usd"), sandbox.payment(5000, "usd")
    early = shop.refund(first, 100)
    sandbox.clock.advance(days=1)
    late = shop.refund(second, 100)
    for params in ({"charge": late.charge}, {"payment_intent": second}, {"created": {"gt": early.created}}):
        assert [one.id for one in shop.v1.refunds.list(params).data] == [late.id]
    assert [one.id for one in shop.v1.refunds.list({"created": {"lte": early.created}}).data] == [early.id]
    assert [one.id for one in shop.v1.refunds.list({"created": late.created}).data] == [late.id]
    (charge,) = shop.v1.charges.list({"payment_intent": second, "expand": ["data.payment_intent"]}).data
    assert charge.payment_intent.id == second


def test_events_tell_what_happened(sandbox: StripeSandbox, shop: Caller) -> None:
    """Each change of a refund is an event, with what it was before; there is no refund.canceled."""
    sandbox.next_refund("requires_action")
    made = shop.refund(sandbox.payment(5000, "usd"))
    sandbox.settle(made.id, "canceled")
    kinds = [event.type for event in shop.v1.events.list().data]
    assert kinds[:4] == ["charge.refund.updated", "refund.updated", "charge.refunded", "refund.created"]
    (updated,) = shop.v1.events.list({"type": "refund.updated"}).data
    assert updated.data.previous_attributes.status == "requires_action"
    assert shop.v1.events.retrieve(updated.id).data.object.status == "canceled"
    sandbox.settle(shop.refund(sandbox.payment(100, "usd")).id, "failed")
    listed = shop.v1.events.list({"types": ["refund.failed", "charge.dispute.created"]}).data
    assert [event.type for event in listed] == ["refund.failed"]


def test_disputes_tell_of_the_money(sandbox: StripeSandbox, shop: Caller) -> None:
    """Withdrawn, reinstated, closed."""
    case = sandbox.dispute(sandbox.payment(5000, "usd"))
    sandbox.move_dispute(case, "under_review")
    sandbox.move_dispute(case, "won")
    words = ["created", "funds_withdrawn", "updated", "funds_reinstated", "closed"]
    told = [event.type for event in shop.v1.events.list({"limit": 5}).data]
    assert told[::-1] == [f"charge.dispute.{word}" for word in words]


def test_a_connected_account_has_its_own_books() -> None:
    """What belongs to it is seen with its name only, and other accounts are not open to the key."""
    with StripeSandbox(account="acct_1") as sandbox:
        payment = sandbox.payment(5000, "usd")
        assert code_of(Caller(sandbox).refused(payment)) == "resource_missing"
        assert Caller(sandbox, stripe_account="acct_1").refund(payment).status == "succeeded"
        error = Caller(sandbox, stripe_account="acct_2").refused(payment)
    assert isinstance(error, stripe.PermissionError)
    assert code_of(error) == "account_invalid"


def test_test_keys_do_not_see_live_payments(sandbox: StripeSandbox, shop: Caller) -> None:
    """And the other way round; Stripe says that there is something in the other mode."""
    assert "in test mode" in Caller(sandbox, LIVE_KEY).refused(sandbox.payment(5000, "usd")).user_message
    with StripeSandbox(livemode=True) as live:
        payment = live.payment(5000, "usd")
        assert "in live mode" in Caller(live).refused(payment).user_message
        assert Caller(live, LIVE_KEY).v1.payment_intents.retrieve(payment).livemode is True


@pytest.mark.parametrize("key", ["pk_test_1", "nonsense_that_is_quite_long"])
def test_a_wrong_key_is_refused(sandbox: StripeSandbox, key: str) -> None:
    """And not repeated."""
    error = Caller(sandbox, key).refused(sandbox.payment(5000, "usd"))
    assert isinstance(error, stripe.AuthenticationError)
    assert key not in str(error)


def test_a_key_is_needed(sandbox: StripeSandbox) -> None:
    """Without one nothing is told."""
    answer = requests.get(f"{sandbox.url}/v1/refunds", timeout=2)
    assert (answer.status_code, "API key" in answer.json()["error"]["message"]) == (401, True)


def test_not_every_number_of_units_is_money() -> None:
    """Half a króna does not exist, and a test that thinks so is told."""
    with pytest.raises(ValueError, match="150 units of isk"):
        money(150, "isk")


def test_unknown_paths_are_refused(sandbox: StripeSandbox) -> None:
    """In Stripe's words."""
    client = client_at(sandbox.url)
    for method, path in (
        ("get", "/v1/customers"),
        ("delete", "/v1/refunds"),
        ("get", "/v1/balance_transactions"),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.raw_request(method, path)
        assert refused.value.http_status == 404
