"""What is true of payments at Shopify: captured money, refunds and disputes, read without guessing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from refundkit.errors import GatewayUnavailableError
from refundkit.gateways.shopify.documents import MOST_REFUNDS, MOST_TRANSACTIONS
from refundkit.gateways.shopify.reading import ERROR_CODES
from refundkit.model.disputes import DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.payments import Payment
from refundkit.model.refunds import FailureCode, RefundStatus
from refundkit.model.reports import PaymentReport
from refundkit.money import Money
from refundkit.testing.sandbox.shopify import ShopifySandbox
from tests.gateways import wire
from tests.gateways.shopify_cases import (
    ORDER,
    PARENT,
    REFUNDED,
    bought,
    call,
    gateway,
    gateway_to,
    money,
    order_record,
    payment,
    refund,
    refund_record,
    sale,
    transaction,
)

ROUTE = "POST /admin/api/2026-10/graphql.json"
DISPUTE = "gid://shopify/OrderDisputeSummary/7"


@pytest.fixture(name="shopify")
def sandbox() -> Iterator[ShopifySandbox]:
    """Run a shop."""
    with ShopifySandbox() as running:
        yield running


@pytest.fixture(name="script")
def scripted() -> Iterator[wire.Wire]:
    """Run a scripted Shopify."""
    with wire.running() as running:
        yield running


def fetched(
    script: wire.Wire, *replies: Any, payments: tuple[Payment, ...] = ()
) -> tuple[PaymentReport, ...]:
    """Fetch the payment, with these replies."""
    script.on(ROUTE, *replies)
    return gateway(base_url=script.url).fetch(payments or (payment(),))


def only(script: wire.Wire, *replies: Any) -> PaymentReport:
    """Fetch the one payment."""
    (report,) = fetched(script, *replies)
    return report


# Orders.


def test_one_query_tells_all_tenders_of_an_order(shopify: ShopifySandbox) -> None:
    """Payments of one group cost one request, in the order in which they were asked for."""
    card, gift = bought(shopify, "30.00", ("gift_card", "20.00"))
    before = len(shopify.requests)
    reports = gateway_to(shopify).fetch((gift, card))
    assert len(shopify.requests) == before + 1
    assert [(report.reference, str(report.captured)) for report in reports] == [
        (gift.reference, "20.00 USD"),
        (card.reference, "30.00 USD"),
    ]


def test_payments_of_two_orders_cost_two_queries(shopify: ShopifySandbox) -> None:
    """Each group is asked once."""
    one, two = bought(shopify, "30.00") + bought(shopify, "20.00")
    before = len(shopify.requests)
    reports = gateway_to(shopify).fetch((one, two))
    assert len(shopify.requests) == before + 2
    assert [report.reference for report in reports] == [one.reference, two.reference]


def test_nothing_is_asked_about_no_payments() -> None:
    """There is no order to ask for."""
    assert gateway().fetch(()) == ()


@pytest.mark.parametrize(
    ("kind", "status", "captured"),
    [
        ("SALE", "SUCCESS", "50.00"),
        ("CAPTURE", "SUCCESS", "50.00"),
        ("CAPTURE", "PENDING", "0.00"),
        ("SALE", "FAILURE", "0.00"),
        ("AUTHORIZATION", "SUCCESS", "0.00"),
        ("VOID", "SUCCESS", "0.00"),
    ],
)
def test_only_captured_money_counts(script: wire.Wire, kind: str, status: str, captured: str) -> None:
    """An authorization, and a capture that is not done, have captured nothing (law C5)."""
    report = only(script, order_record(transactions=[sale(kind=kind, status=status)]))
    assert report.captured == Money.of(captured, "USD")


@pytest.mark.parametrize(
    "order",
    [
        {"data": {"order": None}},
        {"data": {}},
        order_record(id="gid://shopify/Order/2"),
        order_record(transactions=None),
        order_record(transactions=[7]),
        order_record(transactions=[]),
        order_record(transactions=[sale("gid://shopify/OrderTransaction/99")]),
        order_record(transactions=[sale(id="x")]),
        order_record(transactions=[sale(kind=None)]),
        order_record(transactions=[sale(amountSet=money("50.001"))]),
        order_record(transactions=[sale(amountSet=money("-5"))]),
        order_record(transactions=[sale(amountSet=money("5", "JEP"))]),
        order_record(refunds=None),
        order_record(disputes=None),
        order_record(disputes=[{"id": "7", "status": "LOST", "initiatedAs": "CHARGEBACK"}]),
        {"errors": "No."},
        wire.Reply(b"", 503),
    ],
)
def test_an_order_that_cannot_be_read_is_not_guessed(script: wire.Wire, order: Any) -> None:
    """No report is better than a wrong one; asking changed nothing."""
    with pytest.raises(GatewayUnavailableError, match="nothing was executed"):
        fetched(script, order)


@pytest.mark.parametrize(
    ("name", "limit", "entry"),
    [
        ("transactions", MOST_TRANSACTIONS, sale()),
        ("refunds", MOST_REFUNDS, refund_record(note=None)),
    ],
)
def test_a_list_that_may_be_cut_off_proves_nothing(
    script: wire.Wire, name: str, limit: int, entry: dict[str, Any]
) -> None:
    """Plain lists cannot be paged: one that is as long as its limit may lack our refund."""
    with pytest.raises(GatewayUnavailableError, match=f"{name} may be cut off"):
        fetched(script, order_record(**{name: [entry] * limit}))


# Refunds.


def test_a_refund_made_in_the_dashboard_is_reported_without_our_id(shopify: ShopifySandbox) -> None:
    """Each tender's part belongs to its own payment (law T2)."""
    card, gift = bought(shopify, "30.00", ("gift_card", "20.00"))
    shopify.refund_elsewhere(card.group, {card.reference: "3.00", gift.reference: "2.00"}, "For Kim")
    reports = gateway_to(shopify).fetch((card, gift))
    parts = [report.refunds for report in reports]
    assert [[str(one.amount) for one in refunds] for refunds in parts] == [["3.00 USD"], ["2.00 USD"]]
    assert {one.refund_id for refunds in parts for one in refunds} == {None}


def test_a_pending_refund_reads_zero_in_the_totals_and_in_full_here(shopify: ShopifySandbox) -> None:
    """The totals count only SUCCESS; capacity is gone all the same."""
    (source,) = bought(shopify, "50.00")
    shopify.statuses.append("PENDING")
    ours = gateway_to(shopify)
    ours.refund(call(ours, refund("50.00"), source))
    order = shopify.books.orders[source.group]
    assert shopify.books.refunded(order, order["transactions"])["presentmentMoney"]["amount"] == "0.0"
    (report,) = ours.fetch((source,))
    assert [(one.status, str(one.amount)) for one in report.refunds] == [(RefundStatus.PENDING, "50.00 USD")]
    declined = ours.refund(call(ours, refund("1.00", name="refund-2"), source))
    assert declined.reason.endswith("greater than net payment received $0.00")


def test_a_failed_transaction_without_a_refund_is_told_too(script: wire.Wire) -> None:
    """It is in the order's transactions, and belongs to no Refund."""
    failed = transaction(status="FAILURE", errorCode="INSUFFICIENT_FUNDS")
    (report,) = only(script, order_record(failed)).refunds
    assert (report.status, report.failure, report.reason) == (
        RefundStatus.FAILED,
        FailureCode.INSUFFICIENT_FUNDS,
        "INSUFFICIENT_FUNDS",
    )
    assert report.refund_id is None


@pytest.mark.parametrize("code", ERROR_CODES)
def test_every_error_code_of_the_table(script: wire.Wire, code: str) -> None:
    """Shopify's code stands beside ours."""
    (report,) = only(script, order_record(transaction(status="ERROR", errorCode=code))).refunds
    assert (report.failure, report.reason) == (ERROR_CODES[code], code)


@pytest.mark.parametrize(
    ("note", "name"),
    [
        ("refundkit:refund-1", "refund-1"),
        ("refundkit:refund-1 and a word of Kim's", "refund-1"),
        ("Kim: refundkit:refund-1", "refund-1"),
        ("refundkit:refund-1é", None),
        ("notrefundkit:refund-1", None),
        ("refundkit:", None),
        ("refundkit: refund-1", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_the_note_tells_which_refund_of_ours_it_is(script: wire.Wire, note: Any, name: str | None) -> None:
    """Anybody may write notes: what cannot be an id of ours is none."""
    made = refund_record({"id": REFUNDED}, note=note)
    (report,) = only(script, order_record(transaction(), refunds=[made])).refunds
    assert report.refund_id == name


@pytest.mark.parametrize(
    "transactions",
    [
        [],
        [{"id": "gid://shopify/OrderTransaction/98"}],
        [{"id": REFUNDED}, {"id": "gid://shopify/OrderTransaction/98"}],
        [{"id": PARENT}],
    ],
)
def test_a_refund_of_ours_without_its_money_is_no_absence(
    script: wire.Wire, transactions: list[dict[str, Any]]
) -> None:
    """A Refund may exist before its transaction does: then nobody may conclude that it was not made."""
    order = order_record(
        transaction(), refunds=[refund_record(*transactions, transactions={"nodes": transactions})]
    )
    with pytest.raises(GatewayUnavailableError, match="no transaction of its own yet"):
        fetched(script, order)


def test_a_refund_of_others_without_money_is_none(shopify: ShopifySandbox) -> None:
    """Restocking alone makes a Refund too."""
    (source,) = bought(shopify, "50.00")
    shopify.refund_elsewhere(source.group, {}, "restocked")
    assert gateway_to(shopify).fetch((source,))[0].refunds == ()


def test_ours_from_a_payment_that_nobody_registered_is_not_lost(script: wire.Wire) -> None:
    """It is told with the first payment, and names the one that it came out of (law E5)."""
    stray = transaction(parentTransaction={"id": "gid://shopify/OrderTransaction/99"})
    made = refund_record({"id": REFUNDED})
    second = "gid://shopify/OrderTransaction/13"
    order = order_record(stray, sale(second), refunds=[made])
    payments = (payment(), payment(second, id="p2"))
    first, other = fetched(script, order, payments=payments)
    assert [(one.refund_id, one.payment) for one in first.refunds] == [
        ("refund-1", "gid://shopify/OrderTransaction/99")
    ]
    assert other.refunds == ()


def test_cash_in_the_ledger_belongs_to_no_payment(script: wire.Wire) -> None:
    """A refund without a parent moved no money of a payment."""
    assert only(script, order_record(transaction(parentTransaction=None, gateway="cash"))).refunds == ()


def test_moments_are_read_in_utc(script: wire.Wire) -> None:
    """When it was processed, else when it was created, else nothing."""
    ways = [
        {"processedAt": "2026-11-01T07:00:00-05:00"},
        {"processedAt": None},
        {"processedAt": "soon", "createdAt": "9" * 50},
    ]
    found = [only(script, order_record(transaction(**way))).refunds[0].at for way in ways]
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert found == [noon, noon, None]


# Disputes.


def test_a_dispute_is_followed_from_inquiry_to_its_end(shopify: ShopifySandbox) -> None:
    """An inquiry takes nothing, a chargeback takes the money, a win brings it back (law D1)."""
    (source,) = bought(shopify, "50.00")
    dispute = shopify.open_dispute(source.group, "40.00", "INQUIRY")
    seen = []
    for status, kind in [
        ("NEEDS_RESPONSE", "INQUIRY"),
        ("NEEDS_RESPONSE", "CHARGEBACK"),
        ("UNDER_REVIEW", "CHARGEBACK"),
        ("WON", "CHARGEBACK"),
        ("LOST", "CHARGEBACK"),
    ]:
        shopify.move_dispute(dispute, status, kind)
        (one,) = gateway_to(shopify).fetch((source,))[0].disputes
        seen.append((one.stage, one.status, one.funds))
        assert (one.reference, one.amount, one.reason) == (dispute, Money.of("40.00", "USD"), "FRAUDULENT")
        assert one.due_by == datetime(2026, 11, 21, tzinfo=UTC)
    chargeback = DisputeStage.CHARGEBACK
    assert seen == [
        (DisputeStage.INQUIRY, DisputeStatus.NEEDS_RESPONSE, DisputeFunds.NONE),
        (chargeback, DisputeStatus.NEEDS_RESPONSE, DisputeFunds.WITHDRAWN),
        (chargeback, DisputeStatus.UNDER_REVIEW, DisputeFunds.WITHDRAWN),
        (chargeback, DisputeStatus.WON, DisputeFunds.REINSTATED),
        (chargeback, DisputeStatus.LOST, DisputeFunds.WITHDRAWN),
    ]


def test_without_the_scope_all_of_the_payment_counts_as_disputed(shopify: ShopifySandbox) -> None:
    """The order tells how a dispute stands and not how much it is about; the most is assumed."""
    (source,) = bought(shopify, "50.00")
    dispute = shopify.open_dispute(source.group, "40.00")
    shopify.scopes.remove("read_shopify_payments_disputes")
    (one,) = gateway_to(shopify).fetch((source,))[0].disputes
    assert (one.reference, one.amount) == (dispute, Money.of("50.00", "USD"))
    assert (one.status, one.funds) == (DisputeStatus.NEEDS_RESPONSE, DisputeFunds.WITHDRAWN)


def test_a_dispute_belongs_to_what_shopify_payments_took(shopify: ShopifySandbox) -> None:
    """Gift cards have no chargebacks; of two cards, the one of this amount, else the larger one."""
    gift, small, large = bought(shopify, ("gift_card", "90.00"), "20.00", "30.00")
    exact = shopify.open_dispute(gift.group, "20.00")
    other = shopify.open_dispute(gift.group, "25.00")
    reports = gateway_to(shopify).fetch((gift, small, large))
    assert [[one.reference for one in report.disputes] for report in reports] == [[], [exact], [other]]


def test_another_currency_counts_as_all_of_the_payment(script: wire.Wire) -> None:
    """It could not be counted against the payment otherwise."""
    summary = {"id": DISPUTE, "initiatedAs": "CHARGEBACK", "status": "LOST"}
    details = {"amount": {"amount": "11.5", "currencyCode": "CAD"}, "status": "LOST", "type": "CHARGEBACK"}
    days = {"evidenceDueBy": "2026-11-20", "initiatedAt": "2013-05-04"}
    (one,) = only(
        script, order_record(disputes=[summary]), {"data": {"dispute": {**details, **days}}}
    ).disputes
    assert one.amount == Money.of("50.00", "USD")
    assert (one.due_by, one.opened_at) == (
        datetime(2026, 11, 20, tzinfo=UTC),
        datetime(2013, 5, 4, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "reply",
    [
        {"data": {"dispute": None}},
        {"errors": [{"message": "Invalid id", "extensions": {"code": "RESOURCE_NOT_FOUND"}}]},
    ],
)
def test_a_dispute_that_is_not_found_is_what_the_order_says(script: wire.Wire, reply: Any) -> None:
    """A dispute is asked for under its own name, not under the one that the order has for it."""
    summary = {"id": DISPUTE, "initiatedAs": "INQUIRY", "status": "UNDER_REVIEW"}
    (one,) = only(script, order_record(disputes=[summary]), reply).disputes
    assert (one.stage, one.status, one.funds) == (
        DisputeStage.INQUIRY,
        DisputeStatus.UNDER_REVIEW,
        DisputeFunds.NONE,
    )
    assert one.reference == "gid://shopify/ShopifyPaymentsDispute/7"
    assert b"gid://shopify/ShopifyPaymentsDispute/7" in script.asked[-1].body


def test_a_dispute_that_cannot_be_asked_for_stops_the_fetch(script: wire.Wire) -> None:
    """An outage is no answer."""
    summary = {"id": DISPUTE, "initiatedAs": "INQUIRY", "status": "UNDER_REVIEW"}
    with pytest.raises(GatewayUnavailableError, match="HTTP 500"):
        only(script, order_record(disputes=[summary]), wire.Reply(b"", 500))


def test_the_order_is_asked_for_by_its_id(script: wire.Wire) -> None:
    """Ids travel as variables, never inside a document (law S5)."""
    only(script, order_record())
    (asked,) = script.asked
    assert f'"variables":{{"id":"{ORDER}"}}'.encode() in asked.body.replace(b" ", b"")
