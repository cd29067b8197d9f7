"""Disputes in the timeline: which event each step is, and what it carries (laws D1, T4)."""

import pytest

from refundkit import EventKind, Money
from refundkit.model.disputes import DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.reports import DisputeReport
from tests.desk.shop import Shop, an_order, eur, two_payments

STAGE, STATUS, FUNDS = DisputeStage.CHARGEBACK, DisputeStatus, DisputeFunds


def a_report(reference="dp-1", **changes):
    """Report a chargeback of 30.00 that the shop has to answer."""
    values = {
        "amount": eur("30.00"),
        "stage": STAGE,
        "status": STATUS.NEEDS_RESPONSE,
        "funds": FUNDS.WITHDRAWN,
        "reason": "fraudulent",
    }
    return DisputeReport(reference=reference, raw_status="open", **{**values, **changes})


def told(shop, *reports, payment="ref-1"):
    """Let the gateway report, and return the events that came of it."""
    for report in reports:
        shop.gateway.dispute(payment, report)
    return [event for event in shop.desk.refresh("o-1") if event.kind is not EventKind.ORDER_FLAGGED]


def test_an_event_carries_where_the_dispute_stands():
    """Law T4: payment, amount and reason, and the dispute's own name, stage, status and funds."""
    (event,) = told(Shop(), a_report())

    assert (event.kind, event.payment_id, event.amount) == (EventKind.DISPUTE_OPENED, "p-1", eur("30.00"))
    assert event.text == "fraudulent"
    assert dict(event.data) == {
        "dispute": "dp-1",
        "stage": "chargeback",
        "status": "needs_response",
        "funds": "withdrawn",
    }


@pytest.mark.parametrize(
    ("status", "funds", "kind"),
    [
        (STATUS.UNDER_REVIEW, FUNDS.WITHDRAWN, EventKind.DISPUTE_UPDATED),
        (STATUS.WON, FUNDS.REINSTATED, EventKind.DISPUTE_WON),
        (STATUS.LOST, FUNDS.WITHDRAWN, EventKind.DISPUTE_LOST),
        (STATUS.LOST, FUNDS.NONE, EventKind.DISPUTE_CLOSED),
        (STATUS.ACCEPTED, FUNDS.WITHDRAWN, EventKind.DISPUTE_LOST),
        (STATUS.ACCEPTED, FUNDS.NONE, EventKind.DISPUTE_CLOSED),
    ],
)
def test_which_event_a_step_is(status, funds, kind):
    """Law D1: a dispute is lost when money is gone with it, and closed otherwise."""
    shop = Shop()
    told(shop, a_report())

    assert [event.kind for event in told(shop, a_report(status=status, funds=funds))] == [kind]


def test_each_dispute_is_known_by_its_own_name():
    """Law D1: the second dispute of a payment is opened, however far the first one is, and changes nothing of it."""
    shop = Shop()
    told(shop, a_report())
    events = told(shop, a_report("dp-2", amount=eur("20.00")))

    assert [(event.kind, event.data["dispute"]) for event in events] == [(EventKind.DISPUTE_OPENED, "dp-2")]
    assert shop.order.lost_to_disputes == eur("50.00")
    assert [event.kind for event in told(shop, a_report(status=STATUS.UNDER_REVIEW))] == [
        EventKind.DISPUTE_UPDATED
    ]
    assert told(shop, a_report(status=STATUS.UNDER_REVIEW)) == []


def test_two_payments_may_have_disputes_of_one_name():
    """Law C4: a dispute belongs to its payment."""
    shop = Shop(order=an_order(payments=two_payments()))
    told(shop, a_report())
    events = told(shop, a_report(), payment="ref-2")

    assert [(event.kind, event.payment_id) for event in events] == [(EventKind.DISPUTE_OPENED, "p-2")]


@pytest.mark.parametrize(
    ("changes", "flagged"),
    [
        ({"amount": Money.of("30.00", "USD")}, True),
        ({"amount": Money.of("30.00", "USD"), "funds": FUNDS.NONE}, False),
        ({"amount": Money.of("30.00", "USD"), "funds": FUNDS.REINSTATED}, False),
        ({}, False),
    ],
)
def test_money_in_another_currency_needs_a_person(changes, flagged):
    """Law M4: what a bank took in another currency fits in no sum; what it did not take needs nobody."""
    shop = Shop()
    told(shop, a_report(**changes))

    assert shop.flags() == (["mismatched"] if flagged else [])
