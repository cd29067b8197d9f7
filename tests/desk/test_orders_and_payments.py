"""An order is registered once; payments may come later; notes and documents may be added."""

import attrs
import pytest

from refundkit import (
    Customer,
    DisputeFunds,
    DisputeReport,
    DisputeStage,
    DisputeStatus,
    Document,
    DocumentKind,
    EventKind,
    InvalidValueError,
    Money,
    OrderExistsError,
    OrderFilter,
    OrderNotFoundError,
    OrderStatus,
    PaymentFailure,
    PaymentStatus,
    RefundDenied,
)
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import KIM, Shop, a_payment, a_request, an_order, eur, kinds_of


def test_the_same_order_again_is_no_news():
    """register() may be called by every retry; later history does not matter."""
    shop = Shop()
    shop.refund("40.00")
    again = shop.desk.register(an_order())
    assert again == shop.order
    assert kinds_of(shop.desk.timeline("o-1")).count(EventKind.ORDER_REGISTERED) == 1


@pytest.mark.parametrize(
    "other",
    [{"tags": ("vip",)}, {"payments": ()}, {"test": True}, {"customer": Customer(name="Ada")}],
    ids=str,
)
def test_another_order_under_the_same_id_is_refused(other):
    """An order is an immutable financial record from then on."""
    shop = Shop()
    with pytest.raises(OrderExistsError, match="registered already"):
        shop.desk.register(an_order(**other))
    assert shop.order.payments == an_order().payments


def test_an_order_with_a_history_is_refused():
    """What happened before is told with record_external(), not smuggled in."""
    shop = Shop()
    shop.refund("40.00")
    for told in (
        {"refunds": shop.order.refunds},
        {"requests": shop.order.requests},
        {"version": 3},
        {"due_at": shop.clock()},
    ):
        with pytest.raises(InvalidValueError, match="brings a history"):
            shop.desk.register(an_order(id="o-2", payments=(), **told))
    with pytest.raises(OrderNotFoundError):
        shop.desk.order("o-2")


def test_a_later_payment_is_recorded_and_refundable():
    """The second half was paid on delivery."""
    shop = Shop(order=an_order(payments=(a_payment(1, "60.00"),)))
    shop.desk.record_payment("o-1", a_payment(2, "40.00"), actor=KIM)
    assert shop.order.refundable == eur("100.00")
    event = shop.desk.timeline("o-1")[-1]
    assert (event.kind, event.payment_id, event.amount) == (EventKind.PAYMENT_RECORDED, "p-2", eur("40.00"))
    assert shop.refund().returned == eur("100.00")


def test_the_same_payment_again_is_no_news():
    """Retries change nothing, also after the gateway confirmed the payment."""
    shop = Shop()
    shop.desk.refresh("o-1")
    before = shop.order
    shop.desk.record_payment("o-1", a_payment())
    assert shop.order == before


def test_captured_money_grows_and_never_shrinks():
    """A partial capture is followed by another; money given back is a refund, not a smaller capture."""
    shop = Shop()
    shop.desk.record_payment("o-1", a_payment(captured="120.00"))
    assert shop.order.refundable == eur("120.00")
    with pytest.raises(InvalidValueError, match="only grows"):
        shop.desk.record_payment("o-1", a_payment(captured="119.99"))
    with pytest.raises(InvalidValueError, match="register the other one"):
        shop.desk.record_payment("o-1", a_payment(reference="ref-9"))
    with pytest.raises(InvalidValueError, match="is in EUR"):
        shop.desk.record_payment("o-1", attrs.evolve(a_payment(2), captured=Money.of("5.00", "USD")))
    assert shop.order.captured == eur("120.00")


@pytest.mark.parametrize("status", [PaymentStatus.FAILED, PaymentStatus.VOIDED])
def test_a_payment_that_failed_or_was_voided_is_not_refundable(status):
    """What came of a pending payment is recorded, with the reason."""
    pending = a_payment(status=PaymentStatus.PENDING)
    shop = Shop(order=an_order(payments=(pending,)))
    shop.desk.record_payment("o-1", attrs.evolve(pending, status=status, failure=PaymentFailure.EXPIRED_CARD))
    assert shop.order.status is OrderStatus.FAILED
    assert shop.desk.timeline("o-1")[-1].data["failure"] == "expired_card"
    with pytest.raises(RefundDenied):
        shop.refund()


# Notes, tags, documents.


def test_notes_and_tags_are_all_that_can_be_edited():
    """Each edit is in the timeline, with its author."""
    shop = Shop()
    shop.desk.annotate("o-1", actor=KIM, note="called", add_tags=["vip", "late"])
    shop.desk.annotate("o-1", actor=KIM, remove_tags=["late", "never there"])
    assert shop.order.tags == ("vip",)
    assert [(note.text, note.actor) for note in shop.order.notes] == [("called", KIM)]
    assert shop.kinds() == [EventKind.ORDER_ANNOTATED] * 2


def test_an_edit_that_changes_nothing_is_no_news():
    """No version, no event."""
    shop = Shop()
    shop.desk.annotate("o-1", actor=KIM, add_tags=["vip"])
    before = shop.order
    shop.desk.annotate("o-1", actor=KIM, add_tags=["vip"], remove_tags=["late"])
    assert shop.order == before


def test_documents_come_and_go():
    """Issued, replaced under its id, taken back; each once in the timeline."""
    shop = Shop()
    invoice = Document(id="d-1", kind=DocumentKind.BILLING_INVOICE, number="R-17")
    shop.desk.add_document("o-1", invoice, actor=KIM)
    shop.desk.add_document("o-1", invoice, actor=KIM)
    shop.desk.remove_document("o-1", "d-1", actor=KIM)
    assert shop.kinds() == [EventKind.DOCUMENT_ADDED, EventKind.DOCUMENT_REMOVED]
    with pytest.raises(OrderNotFoundError):
        shop.desk.remove_document("o-1", "d-1")


def test_the_paid_undelivered_list_is_for_good():
    """That document cannot be taken back."""
    shop = Shop()
    shop.desk.add_document("o-1", Document(id="d-1", kind=DocumentKind.PAID_UNDELIVERED_LIST))
    with pytest.raises(InvalidValueError, match="cannot be taken back"):
        shop.desk.remove_document("o-1", "d-1")
    assert len(shop.order.documents) == 1


# Lists and customers.


def a_case(amount="10.00", status=DisputeStatus.LOST, funds=DisputeFunds.WITHDRAWN, **changes):
    """Return what a gateway says of a dispute."""
    told = {"reference": "d-1", "stage": DisputeStage.CHARGEBACK, **changes}
    return DisputeReport(amount=eur(amount), status=status, funds=funds, **told)


def test_a_customer_is_known_by_e_mail_with_the_chargeback_flag():
    """Any dispute that took money flags the customer, in whatever case the address is spelled."""
    ada = Customer(email="Ada@Example.com")
    shop = Shop(order=an_order(customer=ada))
    shop.desk.register(an_order(id="o-2", customer=ada, payments=(a_payment(2),)))
    shop.desk.register(an_order(id="o-3", customer=Customer(email="bob@example.com"), payments=()))
    assert not shop.desk.customer("ada@example.com").has_chargebacks
    shop.refund("40.00")
    shop.gateway.dispute("ref-2", a_case())
    shop.desk.refresh("o-2")
    record = shop.desk.customer("ada@example.com")
    assert [order.id for order in record.orders] == ["o-1", "o-2"]
    assert record.has_chargebacks
    assert record.refunded == (eur("40.00"),)


def test_test_orders_are_left_out_of_a_customers_figures():
    """A test order is listed, but neither its refunds nor its disputes count."""
    ada = Customer(email="ada@example.com")
    shop = Shop(order=an_order(customer=ada, test=True))
    shop.refund("40.00")
    shop.gateway.dispute("ref-1", a_case())
    shop.desk.refresh("o-1")
    record = shop.desk.customer("ada@example.com")
    assert len(record.orders) == 1
    assert not record.has_chargebacks
    assert record.refunded == ()


def test_a_customer_without_orders_is_no_error():
    """An empty record."""
    record = Shop().desk.customer("nobody@example.com")
    assert (record.orders, record.has_chargebacks, record.refunded) == ((), False, ())


def test_orders_are_filtered():
    """What is given must all hold."""
    shop = Shop(Fault.PENDING, order=an_order(tags=("vip",)))
    shop.desk.register(an_order(id="o-2", payments=(a_payment(2),), test=True))
    shop.refund("40.00")

    def found(**wanted):
        return [order.id for order in shop.desk.orders(OrderFilter(**wanted))]

    assert [order.id for order in shop.desk.orders()] == ["o-1", "o-2"]
    assert found(unsettled=True) == ["o-1"]
    assert found(tag="vip") == ["o-1"]
    assert found(test=True) == ["o-2"]
    assert found(statuses=[OrderStatus.PAID], unsettled=False) == ["o-2"]
    assert found(flagged=True) == []
    assert found(gateway="paypal") == []


# Comparing with the gateways.


def test_reconcile_finds_what_no_webhook_told():
    """Every order with a recent payment is compared; older ones are left alone."""
    start = Shop().clock()
    recent, old = (a_payment(number, captured_at=start) for number in (1, 2))
    shop = Shop(order=an_order(payments=(recent,)))
    shop.clock.advance(days=40)
    shop.desk.register(an_order(id="o-2", payments=(attrs.evolve(old, captured_at=shop.clock()),)))
    shop.gateway.refund_elsewhere("ref-1", eur("10.00"))
    shop.gateway.refund_elsewhere("ref-2", eur("20.00"))
    compared = shop.desk.reconcile(since=shop.clock())
    assert (compared.orders, compared.unreachable) == (1, ())
    assert [event.amount for event in compared.events] == [eur("20.00")]
    assert shop.desk.reconcile(since=start).orders == 2
    assert shop.order.refundable == eur("90.00")
    assert shop.desk.reconcile(since=start).events == ()


def test_reconcile_names_what_it_could_not_reach():
    """A gateway that is down does not stop the comparison."""
    other = FakeGateway(name="other")
    shop = Shop(others=[other])
    shop.desk.register(an_order(id="o-2", payments=(a_payment(gateway="other"),)))
    other.refund_elsewhere("ref-1", eur("10.00"))
    shop.gateway.down = True
    compared = shop.desk.reconcile(since=shop.clock())
    assert (compared.orders, compared.unreachable) == (2, ("o-1",))
    assert kinds_of(compared.events) == [EventKind.REFUND_ADOPTED]


# Disputes.


def disputed(amount="40.00", **case):
    """Return a shop of which the gateway reports a dispute."""
    shop = Shop()
    shop.gateway.dispute("ref-1", a_case(amount, **case))
    return shop, kinds_of(shop.desk.refresh("o-1"))


def test_a_dispute_that_took_money_consumes_the_cap():
    """Law D1: withdrawn funds are gone until they come back."""
    shop, kinds = disputed(status=DisputeStatus.NEEDS_RESPONSE)
    assert kinds == [EventKind.DISPUTE_OPENED]
    assert shop.order.status is OrderStatus.DISPUTED
    assert shop.order.refundable == eur("60.00")
    with pytest.raises(RefundDenied, match="while it is disputed"):
        shop.refund("10.00")


def test_an_inquiry_consumes_nothing():
    """Law D1: a question is no chargeback; refunds go on."""
    shop, kinds = disputed(
        stage=DisputeStage.INQUIRY, status=DisputeStatus.NEEDS_RESPONSE, funds=DisputeFunds.NONE
    )
    assert kinds == [EventKind.DISPUTE_OPENED]
    assert shop.order.refundable == eur("100.00")
    assert shop.refund().returned == eur("100.00")


@pytest.mark.parametrize(
    ("status", "funds", "kind", "left"),
    [
        (DisputeStatus.UNDER_REVIEW, DisputeFunds.WITHDRAWN, EventKind.DISPUTE_UPDATED, "60.00"),
        (DisputeStatus.WON, DisputeFunds.REINSTATED, EventKind.DISPUTE_WON, "100.00"),
        (DisputeStatus.LOST, DisputeFunds.WITHDRAWN, EventKind.DISPUTE_LOST, "60.00"),
        (DisputeStatus.ACCEPTED, DisputeFunds.WITHDRAWN, EventKind.DISPUTE_LOST, "60.00"),
        (DisputeStatus.CANCELED, DisputeFunds.NONE, EventKind.DISPUTE_CLOSED, "100.00"),
    ],
)
def test_a_dispute_is_followed_to_its_end(status, funds, kind, left):
    """Laws D1 and T4: each step is one event, and only the withdrawn money is gone."""
    shop, _ = disputed(status=DisputeStatus.NEEDS_RESPONSE)
    shop.gateway.dispute("ref-1", a_case("40.00", status=status, funds=funds))
    assert kinds_of(shop.desk.refresh("o-1")) == [kind]
    assert shop.desk.refresh("o-1") == ()
    assert shop.order.refundable == eur(left)
    assert len(shop.order.disputes) == 1


def test_refund_and_chargeback_beyond_the_capture_are_shown_as_exposure():
    """Law D3: never a negative refundable; the order is flagged."""
    shop = Shop()
    shop.refund("80.00")
    shop.gateway.dispute("ref-1", a_case("100.00"))
    shop.desk.refresh("o-1")
    assert shop.order.refundable == eur("0.00")
    assert shop.order.exposure == eur("80.00")
    assert shop.flags() == ["over_refunded"]


def test_a_dispute_in_another_currency_is_recorded_and_flagged():
    """Law T1: the bank took money that no sum of the order can hold."""
    shop = Shop()
    case = attrs.evolve(a_case(), amount=Money.of("40.00", "USD"))
    shop.gateway.dispute("ref-1", case)
    shop.desk.refresh("o-1")
    assert shop.order.disputes[0].amount == Money.of("40.00", "USD")
    assert shop.flags() == ["mismatched"]
    with pytest.raises(RefundDenied):
        shop.desk.preview("o-1", a_request())


def test_the_timeline_tells_everything_in_order():
    """From the registration to the end, with who did it."""
    shop = Shop()
    shop.refund("40.00")
    timeline = shop.desk.timeline("o-1")
    assert [(event.kind.value, event.actor.kind.value) for event in timeline] == [
        ("order.registered", "system"),
        ("refund.requested", "staff"),
        ("refund.submitted", "staff"),
        ("refund.succeeded", "gateway"),
    ]


def test_a_payment_that_failed_after_its_refund_is_flagged():
    """Law T1: money went back that never came; a person has to look, whoever told of it."""
    shop = Shop()
    shop.refund("60.00")
    shop.desk.record_payment("o-1", a_payment(status=PaymentStatus.FAILED))
    assert (shop.order.exposure, shop.flags()) == (eur("60.00"), ["over_refunded"])
