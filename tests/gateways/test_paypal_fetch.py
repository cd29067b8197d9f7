"""What PayPal says is true: captures, the refunds in their orders, and disputes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from refundkit.errors import GatewayUnavailableError
from refundkit.gateways.paypal import Answer
from refundkit.gateways.paypal.disputes import dispute_report
from refundkit.model.disputes import DisputeFunds, DisputeStage, DisputeStatus
from refundkit.money import Money
from refundkit.testing.sandbox.paypal import PayPalSandbox
from tests.gateways.paypal_cases import (
    REFUND_ID,
    Told,
    call,
    capture_record,
    dispute_record,
    gateway,
    order_record,
    payment,
    refund,
    refund_record,
    refused,
)

OTHER = [{"rel": "up", "href": "https://api.paypal.com/v2/payments/captures/OTHER"}]
EUR = "EUR"


@pytest.fixture(name="paypal")
def opened() -> Iterator[PayPalSandbox]:
    """Open a PayPal."""
    with PayPalSandbox() as sandbox:
        yield sandbox


def look_up(source: Any = None, **answers: Any) -> Any:
    """Fetch a payment from answers that are told."""
    (report,) = gateway(transport=Told(**answers)).fetch((source or payment(),))
    return report


# Captures.


def test_a_capture_tells_amount_and_fee(paypal: PayPalSandbox) -> None:
    """Captured stays what was captured, whatever was refunded since."""
    source = paypal.capture("50.00", "EUR")
    paypal.refund_in_dashboard(source.reference, "20.00")
    (report,) = paypal.gateway().fetch((source,))
    assert (report.reference, report.captured, report.fee) == (
        source.reference,
        Money.of("50.00", EUR),
        Money.of("1.00", EUR),
    )


@pytest.mark.parametrize("status", ["PENDING", "DECLINED", "FAILED"])
def test_what_is_not_captured_counts_as_zero(paypal: PayPalSandbox, status: str) -> None:
    """A pending capture booked as done is money that may never come (shopware #5924: it has no breakdown)."""
    source = paypal.capture("50.00", "EUR", status=status)
    (report,) = paypal.gateway().fetch((source,))
    assert (report.captured, report.fee) == (Money.zero(EUR), None)


@pytest.mark.parametrize("status", ["COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED", "TELEPORTED", None])
def test_what_is_captured_counts(status: Any) -> None:
    """A word from the future changes no amount."""
    assert look_up(capture=capture_record(status=status)).captured == Money.of("50.00", EUR)


@pytest.mark.parametrize(
    "fee", [None, {}, {"currency_code": "USD", "value": "1.75"}, {"currency_code": "EUR", "value": "x"},
            {"currency_code": "EUR", "value": "0.001"}]
)  # fmt: skip
def test_a_fee_that_cannot_be_read_is_left_out(fee: Any) -> None:
    """Or one in another currency: that would need an exchange rate."""
    assert look_up(capture=capture_record(seller_receivable_breakdown={"paypal_fee": fee})).fee is None


@pytest.mark.parametrize(
    "more", [{"id": "OTHER"}, {"amount": None}, {"amount": {"currency_code": "X", "value": "1"}}]
)
def test_a_capture_that_cannot_be_understood_changes_nothing(more: Any) -> None:
    """Another capture, or no amount."""
    with pytest.raises(GatewayUnavailableError, match="cannot be understood"):
        look_up(capture=capture_record(**more))


@pytest.mark.parametrize("what", ["capture", "order", "disputes_of_capture", "dispute"])
@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409, 422, 429, 500, 503])
def test_whatever_paypal_does_not_tell_changes_nothing(what: str, status: int) -> None:
    """A look that failed is no proof of absence, also a 404 of the order that the payment was registered with."""
    answers = {
        "disputes_of_capture": {"items": [{"dispute_id": "PP-D-1"}]},
        what: refused(status, "SOMETHING"),
    }
    with pytest.raises(GatewayUnavailableError) as raised:
        look_up(**answers)
    assert raised.value.http_status == status


def test_a_missing_permission_is_told_as_such(paypal: PayPalSandbox) -> None:
    """REST apps have to be allowed to read disputes."""
    source = paypal.capture("50.00", "EUR")
    paypal.denied.add("/v1/customer/disputes")
    with pytest.raises(GatewayUnavailableError, match="permission"):
        paypal.gateway().fetch((source,))


# Refunds.


def test_a_refund_of_the_dashboard_is_told_without_an_id_of_ours(paypal: PayPalSandbox) -> None:
    """It is adopted, never taken for ours (law T2)."""
    source = paypal.capture("50.00", "EUR")
    name = paypal.refund_in_dashboard(source.reference, "20.00")
    (found,) = paypal.gateway().fetch((source,))[0].refunds
    assert (found.reference, found.refund_id, found.amount) == (name, None, Money.of("20.00", EUR))


@pytest.mark.parametrize("custom_id", ["INV-4711", REFUND_ID.upper(), "", 7, None, "x" * 36])
def test_a_custom_id_of_other_software_makes_no_refund_ours(custom_id: Any) -> None:
    """Order numbers are written into that field by many (law T2)."""
    report = look_up(order=order_record(refund_record(custom_id=custom_id)))
    assert report.refunds[0].refund_id is None


def test_the_custom_id_of_the_capture_makes_no_refund_ours() -> None:
    """A shop's own UUID of the order, which a refund may have from its capture."""
    own = "516f189a-bd3e-4cd3-a7a4-3a7e37328a27"
    order = order_record(refund_record(custom_id=own), captures=[capture_record(custom_id=own)])
    assert look_up(order=order).refunds[0].refund_id is None


def test_several_captures_of_one_order_keep_their_refunds_apart(paypal: PayPalSandbox) -> None:
    """The order lists the refunds of all of them."""
    first = paypal.capture("50.00", "EUR")
    second = paypal.capture("30.00", "EUR", order_id=first.group)
    ours = paypal.gateway()
    ours.refund(call(ours, refund("5.00"), second))
    paypal.refund_in_dashboard(first.reference, "7.00")
    reports = ours.fetch((first, second))
    assert [[str(one.amount.decimal) for one in report.refunds] for report in reports] == [["7.00"], ["5.00"]]


def test_a_refund_that_names_no_capture_belongs_to_the_only_one() -> None:
    """Links may be missing."""
    assert len(look_up(order=order_record(refund_record(links=[]))).refunds) == 1
    assert look_up(order=order_record(refund_record(links=OTHER))).refunds == ()


@pytest.mark.parametrize(
    "order",
    [
        {},
        order_record(captures=[]),
        order_record(captures=[{"id": "OTHER"}]),
        order_record(refund_record(links=[]), captures=[capture_record(), {"id": "OTHER"}]),
        order_record(refund_record(amount=None)),
        order_record(refund_record(id=None)),
        order_record("x"),
        {"purchase_units": {}},
        {"purchase_units": [{"payments": {"captures": [capture_record()], "refunds": {"a": 1}}}]},
    ],
)
def test_an_order_that_may_hide_a_refund_proves_nothing(order: Any) -> None:
    """Another order, or refunds that cannot be read: a refund that is not listed might exist (law E4)."""
    with pytest.raises(GatewayUnavailableError, match="cannot be understood"):
        look_up(order=order)


def test_an_order_without_refunds_says_that_there_are_none() -> None:
    """PayPal leaves the list out."""
    order = {"purchase_units": [{"payments": {"captures": [capture_record()]}}, {}]}
    assert look_up(order=order).refunds == ()


def test_the_order_is_found_through_the_capture(paypal: PayPalSandbox) -> None:
    """Where the shop did not register it."""
    source = attrs.evolve(paypal.capture("50.00", "EUR"), group=None)
    paypal.refund_in_dashboard(source.reference, "20.00")
    assert len(paypal.gateway().fetch((source,))[0].refunds) == 1


def test_without_an_order_nobody_knows_the_refunds(paypal: PayPalSandbox) -> None:
    """None: cannot be known; not (): there are none (law T2)."""
    source = attrs.evolve(paypal.capture("50.00", "EUR", tells_order=False), group=None)
    assert paypal.gateway().fetch((source,))[0].refunds is None


@pytest.mark.parametrize("status", [403, 404])
def test_an_order_that_may_not_be_read_is_like_none(status: int) -> None:
    """If nobody has promised that absence is known."""
    told = {"order": Answer(status=status)}
    assert look_up(attrs.evolve(payment(), group=None), **told).refunds is None
    with pytest.raises(GatewayUnavailableError):
        look_up(attrs.evolve(payment(), group=None), order=Answer(status=500))


@pytest.mark.parametrize("found", [None, 5, "a/b", ""])
def test_an_order_id_that_is_none_is_not_followed(found: Any) -> None:
    """It would go into a URL (law S5)."""
    capture = capture_record(supplementary_data={"related_ids": {"order_id": found}})
    assert look_up(attrs.evolve(payment(), group=None), capture=capture).refunds is None


# Disputes.


def disputes_of(paypal: PayPalSandbox, source: Any) -> Any:
    """Fetch the disputes of *source*."""
    return paypal.gateway().fetch((source,))[0].disputes


def test_the_life_of_a_case(paypal: PayPalSandbox) -> None:
    """An inquiry takes nothing, nor does a claim; the decision does (law D1)."""
    source = paypal.capture("50.00", "EUR")
    assert disputes_of(paypal, source) == ()
    case = paypal.open_dispute(source.reference)
    (inquiry,) = disputes_of(paypal, source)
    assert (inquiry.stage, inquiry.status, inquiry.funds) == (
        DisputeStage.INQUIRY,
        DisputeStatus.NEEDS_RESPONSE,
        DisputeFunds.NONE,
    )
    assert inquiry.due_by is not None
    paypal.escalate_dispute(case)
    (claim,) = disputes_of(paypal, source)
    assert (claim.reference, claim.stage, claim.status, claim.funds) == (
        case,
        DisputeStage.CHARGEBACK,
        DisputeStatus.UNDER_REVIEW,
        DisputeFunds.NONE,
    )


@pytest.mark.parametrize(
    ("outcome", "status", "funds"),
    [
        ("RESOLVED_BUYER_FAVOUR", DisputeStatus.LOST, DisputeFunds.WITHDRAWN),
        ("RESOLVED_SELLER_FAVOUR", DisputeStatus.WON, DisputeFunds.REINSTATED),
        ("RESOLVED_WITH_PAYOUT", DisputeStatus.WON, DisputeFunds.REINSTATED),
        ("CANCELED_BY_BUYER", DisputeStatus.CANCELED, DisputeFunds.NONE),
        ("ACCEPTED", DisputeStatus.ACCEPTED, DisputeFunds.WITHDRAWN),
        ("DENIED", DisputeStatus.UNKNOWN, DisputeFunds.NONE),
        ("NONE", DisputeStatus.UNKNOWN, DisputeFunds.NONE),
    ],
)
def test_every_outcome(
    paypal: PayPalSandbox, outcome: str, status: DisputeStatus, funds: DisputeFunds
) -> None:
    """By its code, which only the details of a case tell; DENIED and NONE say too little to close it."""
    source = paypal.capture("50.00", "EUR")
    paypal.resolve_dispute(paypal.open_dispute(source.reference, stage="CHARGEBACK"), outcome)
    (found,) = disputes_of(paypal, source)
    assert (found.status, found.funds, found.raw_status) == (status, funds, outcome)


def test_only_what_was_taken_is_withdrawn(paypal: PayPalSandbox) -> None:
    """A case about 50.00 that cost 20.00."""
    source = paypal.capture("50.00", "EUR")
    paypal.resolve_dispute(paypal.open_dispute(source.reference), "RESOLVED_BUYER_FAVOUR", taken="20.00")
    assert disputes_of(paypal, source)[0].amount == Money.of("20.00", EUR)


def movement(amount: str, way: str = "DEBIT", currency: str = "EUR", **more: Any) -> dict[str, Any]:
    """Make a movement of money as PayPal writes it."""
    money = {"currency_code": currency, "value": amount}
    return {"affected_party": "SELLER", "amount": money, "type": way, "reason": "DISPUTE_SETTLEMENT", **more}


LOST = {"status": "RESOLVED", "dispute_outcome": {"outcome_code": "RESOLVED_BUYER_FAVOUR"}}


@pytest.mark.parametrize(
    ("movements", "funds", "amount"),
    [
        ([], DisputeFunds.WITHDRAWN, "50.00"),
        ([movement("20.00")], DisputeFunds.WITHDRAWN, "20.00"),
        ([movement("20.00"), movement("5.00", "CREDIT")], DisputeFunds.WITHDRAWN, "15.00"),
        ([movement("20.00"), movement("20.00", "CREDIT")], DisputeFunds.REINSTATED, "50.00"),
        ([movement("20.00"), movement("16.00", reason="CHARGEBACK_FEE")], DisputeFunds.WITHDRAWN, "20.00"),
        ([movement("20.00", affected_party="BUYER")], DisputeFunds.WITHDRAWN, "50.00"),
        ([movement("20.00", currency="USD")], DisputeFunds.WITHDRAWN, "50.00"),
    ],
)
def test_movements_of_money_say_where_it_is(movements: Any, funds: DisputeFunds, amount: str) -> None:
    """The seller's, fees apart, in the currency of the case; without any the outcome says it."""
    found = dispute_report(dispute_record(**LOST, money_movements=movements))
    assert (found.funds, found.amount) == (funds, Money.of(amount, EUR))


def test_money_held_while_a_case_is_open_is_withdrawn() -> None:
    """Whatever the word would say."""
    found = dispute_report(dispute_record(money_movements=[movement("50.00")]))
    assert (found.status, found.funds) == (DisputeStatus.NEEDS_RESPONSE, DisputeFunds.WITHDRAWN)


@pytest.mark.parametrize(
    ("refunded", "amount"),
    [({"currency_code": "EUR", "value": "30.00"}, "30.00"), ({"currency_code": "EUR", "value": "0.00"}, "50.00"),
     ({"currency_code": "USD", "value": "30.00"}, "50.00"), ("x", "50.00")],
)  # fmt: skip
def test_an_outcome_may_tell_how_much_was_refunded(refunded: Any, amount: str) -> None:
    """In the currency of the case."""
    outcome = {"outcome_code": "ACCEPTED", "amount_refunded": refunded}
    found = dispute_report(dispute_record(status="RESOLVED", dispute_outcome=outcome))
    assert found.amount == Money.of(amount, EUR)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"status": "OPEN"}, DisputeStatus.NEEDS_RESPONSE),
        ({"status": "WAITING_FOR_SELLER_RESPONSE"}, DisputeStatus.NEEDS_RESPONSE),
        ({"status": "WAITING_FOR_BUYER_RESPONSE"}, DisputeStatus.UNDER_REVIEW),
        ({"status": "UNDER_REVIEW"}, DisputeStatus.UNDER_REVIEW),
        ({"status": "OPEN", "dispute_state": "REQUIRED_OTHER_PARTY_ACTION"}, DisputeStatus.UNDER_REVIEW),
        ({"status": "OPEN", "dispute_state": "REQUIRED_ACTION"}, DisputeStatus.NEEDS_RESPONSE),
        ({"status": "OPEN", "dispute_state": "OPEN_INQUIRIES"}, DisputeStatus.NEEDS_RESPONSE),
        ({"status": "UNDER_REVIEW", "dispute_state": "UNDER_PAYPAL_REVIEW"}, DisputeStatus.UNDER_REVIEW),
        ({**LOST, "dispute_state": "APPEALABLE"}, DisputeStatus.LOST),
        ({"status": "RESOLVED"}, DisputeStatus.UNKNOWN),
        ({"status": "OTHER"}, DisputeStatus.UNKNOWN),
        ({"status": "TELEPORTED"}, DisputeStatus.UNKNOWN),
        ({"status": None}, DisputeStatus.UNKNOWN),
    ],
)
def test_every_word_of_a_case(more: Any, status: DisputeStatus) -> None:
    """The seller's state says more than the status; a resolved case says its outcome."""
    assert dispute_report(dispute_record(**more)).status is status


@pytest.mark.parametrize(
    ("word", "stage"),
    [("INQUIRY", DisputeStage.INQUIRY), ("CHARGEBACK", DisputeStage.CHARGEBACK),
     ("PRE_ARBITRATION", DisputeStage.PRE_ARBITRATION), ("ARBITRATION", DisputeStage.ARBITRATION),
     ("TELEPORTED", DisputeStage.CHARGEBACK), (None, DisputeStage.CHARGEBACK)],
)  # fmt: skip
def test_every_stage_of_a_case(word: Any, stage: DisputeStage) -> None:
    """A word from the future is no harmless one."""
    assert dispute_report(dispute_record(dispute_life_cycle_stage=word)).stage is stage


def test_what_else_a_case_tells() -> None:
    """Reason, and when it was opened and is due."""
    found = dispute_report(dispute_record())
    assert (found.reason, found.opened_at, found.due_by) == (
        "UNAUTHORISED",
        datetime(2026, 11, 20, 10, tzinfo=UTC),
        datetime(2026, 12, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "listing",
    [{"items": [{}]}, {"items": {}}, {"items": [{"dispute_id": "a/b"}]}, {"links": [{"rel": "next"}]}],
)
def test_a_list_of_cases_that_cannot_be_read_changes_nothing(listing: Any) -> None:
    """Or one that is longer than a page."""
    with pytest.raises(GatewayUnavailableError, match="cannot be understood"):
        look_up(disputes_of_capture=listing)


@pytest.mark.parametrize("more", [{"dispute_id": None}, {"dispute_amount": None}, {"money_movements": 5}])
def test_a_case_that_cannot_be_read_changes_nothing(more: Any) -> None:
    """Its money would be missing."""
    with pytest.raises(GatewayUnavailableError, match="cannot be understood"):
        look_up(disputes_of_capture={"items": [{"dispute_id": "PP-D-1"}]}, dispute=dispute_record(**more))


def test_an_empty_list_of_cases_may_be_written() -> None:
    """PayPal's description forbids it, and who knows."""
    assert look_up(disputes_of_capture={"items": []}).disputes == ()
