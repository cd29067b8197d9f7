"""What people do by hand: each event says all of it, and each refusal names field and value."""

import pytest

from refundkit import Actor, EventKind, FailureCode, InvalidValueError, ManualGateway, Money, RefundStatus
from refundkit.desk.outbox import named
from refundkit.model.documents import Document, DocumentKind
from refundkit.model.payments import PaymentStatus
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import KIM, Shop, a_payment, an_order, eur


def last(shop):
    """Return the newest event."""
    return shop.desk.timeline("o-1")[-1]


def elsewhere(shop, amount="25.00", reference="x-1", **more):
    """Record a refund that was made elsewhere."""
    return shop.desk.record_external("o-1", "p-1", eur(amount), reference=reference, actor=KIM, **more)


# Events.


def test_a_payment_is_told_with_its_status():
    """Law T4: a payment that failed is told as such."""
    shop = Shop()
    shop.desk.record_payment("o-1", a_payment(2, "10.00", status=PaymentStatus.PENDING))

    assert (last(shop).kind, last(shop).payment_id, last(shop).amount) == (
        EventKind.PAYMENT_RECORDED,
        "p-2",
        eur("10.00"),
    )
    assert dict(last(shop).data) == {"status": "pending", "failure": None}


def test_a_note_is_told_with_the_tags_as_they_are_now():
    """Law T4: the note, and all tags after it."""
    shop = Shop()
    shop.desk.annotate("o-1", actor=KIM, note="called back", add_tags=["vip", "b2b"])
    assert (last(shop).text, dict(last(shop).data)) == ("called back", {"tags": ("b2b", "vip")})

    shop.desk.annotate("o-1", actor=KIM, remove_tags=["vip"])
    assert (last(shop).text, dict(last(shop).data)) == ("", {"tags": ("b2b",)})


def test_documents_are_told_by_name_kind_and_number():
    """Law T4: which document was issued, and which one was taken back."""
    shop = Shop()
    document = Document(id="d-1", kind=DocumentKind.BILLING_INVOICE, number="R-17")
    shop.desk.add_document("o-1", document, actor=KIM)
    told = {"document": "d-1", "kind": "billing_invoice", "number": "R-17"}
    assert (last(shop).kind, dict(last(shop).data)) == (EventKind.DOCUMENT_ADDED, told)

    shop.desk.remove_document("o-1", "d-1", actor=KIM)
    assert (last(shop).kind, dict(last(shop).data)) == (EventKind.DOCUMENT_REMOVED, {"document": "d-1"})


def test_a_cleared_flag_is_told_with_its_text_and_the_note():
    """Law T1: what was flagged, and what the person said who cleared it."""
    shop = Shop(Fault.OTHER_AMOUNT)
    shop.refund("40.00")
    (flag,) = shop.order.flags
    shop.desk.acknowledge("o-1", actor=KIM, note="the bank keeps a cent")

    assert last(shop).text == "the bank keeps a cent"
    assert dict(last(shop).data) == {"flags": (f"mismatched: {flag.text}",)}


def test_a_raised_flag_is_told_with_its_text():
    """Law T1: the event of a flag says what the flag says, and about what."""
    shop = Shop(Fault.OTHER_AMOUNT)
    shop.refund("40.00")
    (flag,) = shop.order.flags
    event = next(one for one in shop.desk.timeline("o-1") if one.kind is EventKind.ORDER_FLAGGED)

    assert (event.text, dict(event.data)) == (flag.text, {"flag": "mismatched", "subject": flag.subject})


def test_a_refund_that_failed_elsewhere_keeps_its_reason():
    """What a word says about the failure is kept with it."""
    shop = Shop()
    elsewhere(shop, status="canceled")

    assert (shop.only_refund.status, shop.only_refund.failure) == (RefundStatus.FAILED, FailureCode.CANCELED)


def test_a_dispute_by_hand_keeps_its_word():
    """The word of whoever recorded it stays beside what it was understood as."""
    shop = Shop()
    elsewhere(shop, status="Dispute Lost")

    assert shop.order.disputes[0].raw_status == "Dispute Lost"


# Refusals.


def refused(attempt, *args, **more):
    """Say which field was refused, and with which value."""
    with pytest.raises(InvalidValueError) as refusal:
        attempt(*args, **more)
    return refusal.value.field, refusal.value.value


def test_a_refund_elsewhere_is_more_than_nothing_and_in_the_orders_currency():
    """Laws C2 and M4: the refusal names the amount."""
    shop = Shop()
    assert refused(elsewhere, shop, "0.00") == ("amount", eur("0.00"))
    dollars = Money.of("5.00", "USD")
    attempt = shop.desk.record_external
    assert refused(attempt, "o-1", "p-1", dollars, reference="x", actor=KIM) == ("amount", dollars)


def test_a_reference_elsewhere_is_one_refund():
    """Law T2: the same again is the same; another amount, or one of ours, is a mistake that names the reference."""
    shop = Shop()
    assert elsewhere(shop) == elsewhere(shop)
    assert refused(elsewhere, shop, "26.00") == ("reference", "x-1")
    elsewhere(shop, "26.00", reference="x-2")
    ours = shop.refund("5.00").refunds[0]
    assert refused(elsewhere, shop, "5.00", reference=ours.reference) == ("reference", ours.reference)


def test_references_of_two_gateways_may_be_the_same():
    """Law C4: a reference is one refund at its gateway; at another one it is another."""
    payments = (a_payment(1, "50.00"), a_payment(2, "50.00", gateway="other"))
    shop = Shop(order=an_order(payments=payments), others=[FakeGateway(name="other")])
    for name, amount in (("p-1", "10.00"), ("p-2", "20.00")):
        shop.desk.record_external("o-1", name, eur(amount), reference="same", actor=KIM)

    assert [(r.payment_id, r.amount) for r in shop.order.refunds] == [
        ("p-1", eur("10.00")),
        ("p-2", eur("20.00")),
    ]


def test_what_a_gateway_knows_is_not_confirmed_by_hand():
    """Law E4: the refusal names the refund that its gateway can be asked about."""
    shop = Shop(Fault.PENDING)
    refund = shop.refund("40.00").refunds[0]

    assert refused(shop.desk.confirm, refund.id, actor=KIM) == ("refund_id", refund.id)


def test_what_is_settled_is_not_settled_otherwise():
    """A refund that a person confirmed stays as it was confirmed; the refusal names the other status."""
    manual = Shop(gateway=ManualGateway(), order=an_order(payments=(a_payment(gateway="manual"),)))
    refund = manual.refund("40.00").refunds[0]
    manual.desk.confirm(refund.id, actor=KIM)

    attempt = manual.desk.confirm
    value = refused(attempt, refund.id, actor=KIM, status=RefundStatus.FAILED)
    assert value == ("status", RefundStatus.FAILED)


@pytest.mark.parametrize("name", ["add_tags", "remove_tags"])
def test_one_text_is_no_list_of_tags(name):
    """A text would be taken apart letter by letter."""
    assert refused(Shop().desk.annotate, "o-1", actor=KIM, **{name: "vip"}) == ("tags", "vip")


# Listeners.


class Mail:
    """A listener with a name of its own."""

    name = "mail"

    def __call__(self, event):
        """Do nothing."""


class Silent:
    """A listener whose name is empty."""

    name = ""

    def __call__(self, event):
        """Do nothing."""


def write_down(event):
    """Do nothing."""


def test_listeners_are_known_by_their_names():
    """Law T4: by a name of their own, else by module and name of function or class; namesakes by numbers."""
    here = "test_what_people_do_is_told"
    listeners = [Mail(), write_down, Mail(), Silent(), write_down, Mail()]

    names = list(named(listeners))

    assert list(named(listeners).values()) == listeners
    assert [name.replace(__name__, here) for name in names] == [
        "mail",
        f"{here}.write_down",
        "mail#2",
        f"{here}.Silent",
        f"{here}.write_down#2",
        "mail#3",
    ]


@pytest.mark.parametrize("actor", [Actor.customer("eve"), Actor.gateway("fake")], ids=str)
def test_only_the_shop_settles_and_clears(actor):
    """Law T1: a customer, or a gateway without a report, has no word about money and flags."""
    shop = Shop(
        gateway=ManualGateway(settles="on_confirmation"),
        order=an_order(payments=(a_payment(gateway="manual"),)),
    )
    refund = shop.refund("40.00").refunds[0]
    before = shop.order
    for say in (
        lambda: shop.desk.confirm(refund.id, actor=actor),
        lambda: shop.desk.record_external("o-1", "p-1", eur("5.00"), reference="x-1", actor=actor),
        lambda: shop.desk.acknowledge("o-1", actor=actor),
    ):
        with pytest.raises(InvalidValueError, match="somebody of the shop has to"):
            say()
    assert shop.order == before
    assert shop.desk.confirm(refund.id, actor=Actor.system("bank import")).status is RefundStatus.SUCCEEDED
