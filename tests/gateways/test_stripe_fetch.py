"""What Stripe says of payments: money captured, fee, refunds, disputes; driven through the real SDK."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from refundkit.errors import GatewayUnavailableError
from refundkit.gateways.stripe import client
from refundkit.model.disputes import DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.refunds import RefundStatus
from refundkit.model.reports import PaymentReport
from refundkit.money import Money
from refundkit.testing.reachable import reachable
from tests.gateways import wire
from tests.gateways.stripe_cases import (
    KEY,
    NOW,
    charge_record,
    dispute_record,
    gateway,
    intent_record,
    page,
    payment,
    refund_record,
)
from tests.gateways.wire import Reply, refusal


@pytest.fixture(name="stripe")
def scripted() -> Iterator[wire.Wire]:
    """Run a scripted Stripe that knows one payment, and no refund or dispute of it."""
    with wire.running() as running:
        running.on("GET /v1/payment_intents/pi_1", intent_record())
        running.on("GET /v1/charges/ch_1", charge_record())
        running.on("GET /v1/refunds", page())
        running.on("GET /v1/disputes", page(url="/v1/disputes"))
        yield running


def fetched(stripe: wire.Wire, reference: str = "pi_1", **options: Any) -> PaymentReport:
    """Fetch one payment."""
    (report,) = gateway(base_url=stripe.url, **options).fetch((payment(reference),))
    return report


def test_a_payment_intent_tells_captured_money_and_fee(stripe: wire.Wire) -> None:
    """One request for the intent with its charge and fee expanded, one for refunds, one for disputes."""
    report = fetched(stripe)
    assert report == PaymentReport(
        reference="pi_1",
        captured=Money.of("50.00", "USD"),
        refunds=(),
        disputes=(),
        fee=Money.of("1.75", "USD"),
    )
    assert [asked.path for asked in stripe.asked] == [
        "/v1/payment_intents/pi_1",
        "/v1/refunds",
        "/v1/disputes",
    ]
    assert stripe.asked[0].form == {"expand[0]": "latest_charge.balance_transaction"}
    assert stripe.asked[1].form == {"payment_intent": "pi_1", "limit": "100"}


def test_a_charge_tells_captured_money_and_fee(stripe: wire.Wire) -> None:
    """A payment known by its charge is asked for by its charge, everywhere."""
    report = fetched(stripe, "ch_1")
    assert (report.captured, report.fee) == (Money.of("50.00", "USD"), Money.of("1.75", "USD"))
    assert [asked.form.get("charge") for asked in stripe.asked[1:]] == ["ch_1", "ch_1"]


def test_payments_are_reported_in_the_order_they_were_asked_for(stripe: wire.Wire) -> None:
    """One report for each payment."""
    ours = gateway(base_url=stripe.url)
    reports = ours.fetch((payment("ch_1"), payment("pi_1")))
    assert [report.reference for report in reports] == ["ch_1", "pi_1"]
    assert ours.fetch(()) == ()


@pytest.mark.parametrize(
    ("reference", "record", "captured"),
    [
        ("pi_1", {"amount_received": 3000}, "30.00"),
        ("pi_1", {"amount_received": 0, "status": "requires_capture"}, "0.00"),
        ("pi_1", {"amount_received": 0, "latest_charge": None}, "0.00"),
        ("ch_1", {"amount_captured": 3000}, "30.00"),
        ("ch_1", {"captured": False, "amount_captured": 0}, "0.00"),
        ("ch_1", {"captured": True, "status": "pending"}, "0.00"),
        ("ch_1", {"captured": True, "status": "failed"}, "0.00"),
    ],
)
def test_only_captured_money_counts(
    stripe: wire.Wire, reference: str, record: dict[str, Any], captured: str
) -> None:
    """Authorized, processing and failed money is not captured; a partial capture is only its part (law C5)."""
    stripe.on("GET /v1/payment_intents/pi_1", intent_record(**record))
    stripe.on("GET /v1/charges/ch_1", charge_record(**record))
    assert fetched(stripe, reference).captured == Money.of(captured, "USD")


@pytest.mark.parametrize(
    "transaction",
    [
        None,
        "txn_1",
        {"fee": 175, "currency": "eur"},
        {"fee": None, "currency": "usd"},
        {"fee": -5, "currency": "usd"},
        {"fee": True, "currency": "usd"},
        {"currency": "usd"},
    ],
)
def test_a_fee_that_is_not_known_in_this_currency_is_not_told(stripe: wire.Wire, transaction: Any) -> None:
    """Two currencies never meet (law M4), and a missing fee is no fee of zero."""
    charge = charge_record(balance_transaction=transaction)
    stripe.on("GET /v1/payment_intents/pi_1", intent_record(latest_charge=charge))
    assert fetched(stripe).fee is None


def test_a_fee_that_isk_cannot_express_is_not_told(stripe: wire.Wire) -> None:
    """A fee of 12.34 ISK is no reason to know nothing of the payment."""
    charge = charge_record(currency="isk", balance_transaction={"fee": 1234, "currency": "isk"})
    stripe.on("GET /v1/payment_intents/pi_1", intent_record(currency="isk", latest_charge=charge))
    report = fetched(stripe)
    assert (report.captured, report.fee) == (Money.of(50, "ISK"), None)


def test_every_page_of_refunds_is_read(stripe: wire.Wire) -> None:
    """A hundred on the first page and fifty on the second are a hundred and fifty refunds."""
    first = [refund_record(id=f"re_{number}", amount=1) for number in range(100)]
    second = [refund_record(id=f"re_{number}", amount=1) for number in range(100, 150)]
    stripe.on("GET /v1/refunds", page(*first, has_more=True), page(*second))
    refunds = fetched(stripe).refunds
    assert refunds is not None
    assert [one.reference for one in refunds] == [f"re_{number}" for number in range(150)]
    assert stripe.asked[2].form["starting_after"] == "re_99"


def test_a_list_that_never_ends_is_given_up(stripe: wire.Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that always has more must not hold the caller forever (law S3)."""
    monkeypatch.setattr(client, "MAX_LISTED", 25)
    stripe.on("GET /v1/refunds", page(*[refund_record()] * 10, has_more=True))
    with pytest.raises(GatewayUnavailableError, match="more than 25"):
        fetched(stripe)


def test_the_part_that_was_never_captured_is_no_refund(stripe: wire.Wire) -> None:
    """Stripe books the released rest of a partial capture as a refund; no money came back."""
    rest = refund_record(id="re_rest", amount=2000, reason="expired_uncaptured_charge", metadata={})
    stripe.on("GET /v1/payment_intents/pi_1", intent_record(amount_received=3000))
    stripe.on("GET /v1/refunds", page(rest, refund_record()))
    report = fetched(stripe)
    assert report.captured == Money.of("30.00", "USD")
    assert [one.reference for one in report.refunds or ()] == ["re_1"]


def test_a_refund_that_names_another_payment_is_reported_as_it_is(stripe: wire.Wire) -> None:
    """Expanded or not, what Stripe names is what is told (law E5)."""
    other = refund_record(payment_intent=None, charge={"object": "charge", "id": "ch_9"})
    stripe.on("GET /v1/refunds", page(other, refund_record(payment_intent=None, charge=None)))
    assert [one.payment for one in fetched(stripe).refunds or ()] == ["ch_9", None]


def test_a_failed_refund_is_reported_as_failed(stripe: wire.Wire) -> None:
    """A refund that succeeded yesterday may have come back today (law E7)."""
    stripe.on("GET /v1/refunds", page(refund_record(status="failed", failure_reason="lost_or_stolen_card")))
    (report,) = fetched(stripe).refunds or ()
    assert (report.status, report.failure) == (RefundStatus.FAILED, "returned")
    assert (report.reason, report.at) == ("lost_or_stolen_card", NOW)


@pytest.mark.parametrize(
    ("status", "stage", "standing", "funds"),
    [
        ("warning_needs_response", DisputeStage.INQUIRY, DisputeStatus.NEEDS_RESPONSE, DisputeFunds.NONE),
        ("warning_under_review", DisputeStage.INQUIRY, DisputeStatus.UNDER_REVIEW, DisputeFunds.NONE),
        ("warning_closed", DisputeStage.INQUIRY, DisputeStatus.CANCELED, DisputeFunds.NONE),
        ("prevented", DisputeStage.INQUIRY, DisputeStatus.PREVENTED, DisputeFunds.NONE),
        ("needs_response", DisputeStage.CHARGEBACK, DisputeStatus.NEEDS_RESPONSE, DisputeFunds.WITHDRAWN),
        ("under_review", DisputeStage.CHARGEBACK, DisputeStatus.UNDER_REVIEW, DisputeFunds.WITHDRAWN),
        (
            "appeal_needs_response",
            DisputeStage.CHARGEBACK,
            DisputeStatus.NEEDS_RESPONSE,
            DisputeFunds.WITHDRAWN,
        ),
        ("appeal_under_review", DisputeStage.CHARGEBACK, DisputeStatus.UNDER_REVIEW, DisputeFunds.WITHDRAWN),
        ("won", DisputeStage.CHARGEBACK, DisputeStatus.WON, DisputeFunds.REINSTATED),
        ("lost", DisputeStage.CHARGEBACK, DisputeStatus.LOST, DisputeFunds.WITHDRAWN),
        ("charge_refunded", DisputeStage.CHARGEBACK, DisputeStatus.CANCELED, DisputeFunds.NONE),
        ("teleported", DisputeStage.CHARGEBACK, DisputeStatus.UNKNOWN, DisputeFunds.NONE),
    ],
)
def test_a_dispute_stands_where_its_status_says(
    stripe: wire.Wire, status: str, stage: DisputeStage, standing: DisputeStatus, funds: DisputeFunds
) -> None:
    """Only withdrawn funds consume the cap; an inquiry consumes nothing (law D1)."""
    stripe.on("GET /v1/disputes", page(dispute_record(status=status)))
    (report,) = fetched(stripe).disputes
    assert (report.stage, report.status, report.funds) == (stage, standing, funds)
    assert (report.reference, report.amount, report.raw_status) == ("du_1", Money.of("50.00", "USD"), status)
    assert (report.opened_at, report.due_by, report.reason) == (NOW, NOW + timedelta(days=1), "fraudulent")


@pytest.mark.parametrize(
    ("amounts", "funds"),
    [
        ([], DisputeFunds.REINSTATED),
        ([-5000], DisputeFunds.WITHDRAWN),
        ([-5000, 5000], DisputeFunds.REINSTATED),
        ([-5000, None], DisputeFunds.REINSTATED),
        # Paid out in another currency, at another day's rate.
        ([-5420, 5380], DisputeFunds.REINSTATED),
        ([-5380, 5420], DisputeFunds.REINSTATED),
    ],
)
def test_where_the_money_is_stripes_movements_say_best(
    stripe: wire.Wire, amounts: list[int | None], funds: DisputeFunds
) -> None:
    """A won case is paid back a little later; until then the money is gone (law D1)."""
    movements = [{"object": "balance_transaction", "amount": amount} for amount in amounts]
    stripe.on("GET /v1/disputes", page(dispute_record(status="won", balance_transactions=movements)))
    assert fetched(stripe).disputes[0].funds is funds


@pytest.mark.parametrize(("amounts", "funds"), [([-5000, 5000], "reinstated"), ([-5000, 4990], "withdrawn")])
def test_a_lost_case_is_paid_back_in_full_or_not_at_all(
    stripe: wire.Wire, amounts: list[int], funds: str
) -> None:
    """Where the status says that the money is gone, less than all of it does not bring it back."""
    movements = [{"object": "balance_transaction", "amount": amount} for amount in amounts]
    stripe.on("GET /v1/disputes", page(dispute_record(status="lost", balance_transactions=movements)))
    assert fetched(stripe).disputes[0].funds == funds


@pytest.mark.parametrize(
    ("route", "reply"),
    [
        ("GET /v1/payment_intents/pi_1", refusal(404, "No such payment_intent", code="resource_missing")),
        ("GET /v1/payment_intents/pi_1", refusal(401, f"Invalid API Key provided: {KEY}")),
        ("GET /v1/payment_intents/pi_1", refusal(429, "Slow down.")),
        ("GET /v1/payment_intents/pi_1", refusal(500, "Oops.")),
        ("GET /v1/payment_intents/pi_1", Reply(b"garbage")),
        ("GET /v1/payment_intents/pi_1", Reply(fault="reset")),
        ("GET /v1/payment_intents/pi_1", Reply(fault="hang")),
        ("GET /v1/payment_intents/pi_1", Reply({"object": "customer"})),
        ("GET /v1/payment_intents/pi_1", Reply(intent_record(amount_received=None))),
        # Without its charge nobody can tell whether the payment is disputed.
        ("GET /v1/payment_intents/pi_1", Reply(intent_record(latest_charge="ch_1"))),
        ("GET /v1/refunds", refusal(500, "Oops.")),
        ("GET /v1/refunds", Reply({})),
        ("GET /v1/refunds", Reply(page(refund_record(amount="many")))),
        ("GET /v1/disputes", refusal(403, "The key lacks permissions.")),
        ("GET /v1/disputes", Reply(page(dispute_record(amount=None)))),
    ],
)
def test_what_cannot_be_read_is_not_known(stripe: wire.Wire, route: str, reply: Reply) -> None:
    """Half an answer is none: what is true stays unknown, and nothing leads to a secret (laws E4, T2, S2)."""
    stripe.on(route, reply)
    with pytest.raises(GatewayUnavailableError) as raised:
        fetched(stripe, timeout=(5, 0.3))
    assert raised.value.gateway == "stripe"
    for thing in reachable(raised.value):
        assert KEY not in repr(thing)
        assert type(thing).__module__.split(".")[0] != "stripe"


def test_a_reference_that_is_no_id_is_never_asked_for(stripe: wire.Wire) -> None:
    """Nothing but an id of a payment reaches a URL (law S5)."""
    with pytest.raises(GatewayUnavailableError, match="no id of a Stripe payment"):
        fetched(stripe, "pi_1/../../v1/customers")
    assert stripe.asked == []
