"""What people know and no gateway tells: refunds made elsewhere, and refunds that a person makes."""

import attrs
import pytest

from refundkit import (
    DisputeFunds,
    DisputeStatus,
    EventKind,
    InvalidValueError,
    ManualGateway,
    Money,
    OrderStatus,
    RefundDenied,
    RefundOrigin,
    RefundStatus,
    Settles,
)
from refundkit.gateways.base import RefundCall
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import KIM, Shop, a_payment, a_request, an_order, eur, kinds_of, two_payments


def record(shop, amount="25.00", **changes):
    """Record a refund that was made elsewhere."""
    told = {"reference": "x-1", "actor": KIM, **changes}
    return shop.desk.record_external("o-1", "p-1", eur(amount), **told)


@pytest.mark.parametrize(
    ("word", "status", "left"),
    [
        ("success", RefundStatus.SUCCEEDED, "75.00"),
        ("succeeded", RefundStatus.SUCCEEDED, "75.00"),
        ("Settled", RefundStatus.SUCCEEDED, "75.00"),
        ("pending", RefundStatus.PENDING, "75.00"),
        ("declined", RefundStatus.FAILED, "100.00"),
        ("what is this", RefundStatus.PENDING, "75.00"),
        ("", RefundStatus.PENDING, "75.00"),
    ],
)
def test_a_refund_made_elsewhere_is_recorded_in_the_shops_own_word(word, status, left):
    """A word that nobody knows is pending: the money stays reserved until somebody knows better."""
    shop = Shop()
    record(shop, status=word)
    refund = shop.only_refund
    assert (refund.status, refund.origin, refund.raw_status) == (status, RefundOrigin.EXTERNAL, word)
    assert shop.order.refundable == eur(left)
    assert shop.desk.timeline("o-1")[-1].actor == KIM
    assert shop.gateway.calls == []


@pytest.mark.parametrize(
    ("word", "status", "funds", "left"),
    [
        ("lost", DisputeStatus.LOST, DisputeFunds.WITHDRAWN, "75.00"),
        ("Dispute Lost", DisputeStatus.LOST, DisputeFunds.WITHDRAWN, "75.00"),
        ("chargeback", DisputeStatus.NEEDS_RESPONSE, DisputeFunds.WITHDRAWN, "75.00"),
        ("won", DisputeStatus.WON, DisputeFunds.REINSTATED, "100.00"),
        ("warning_needs_response", DisputeStatus.NEEDS_RESPONSE, DisputeFunds.NONE, "100.00"),
        ("warning_closed", DisputeStatus.CANCELED, DisputeFunds.NONE, "100.00"),
    ],
)
def test_words_of_disputes_become_disputes(word, status, funds, left):
    """Money that left through a chargeback is a dispute, and a dispute that was won has taken nothing."""
    shop = Shop()
    record(shop, status=word)
    (dispute,) = shop.order.disputes
    assert (dispute.status, dispute.funds, dispute.amount) == (status, funds, eur("25.00"))
    assert shop.order.refunds == ()
    assert shop.order.refundable == eur(left)


def test_a_word_is_understood_as_the_service_means_it_not_as_the_account_is_called():
    """Two accounts of one service speak one language."""
    gateway = FakeGateway(name="checkout-uk")
    gateway.__class__ = type("CheckoutGateway", (FakeGateway,), {"kind": "checkout.com"})
    shop = Shop(gateway=gateway, order=an_order(payments=(a_payment(gateway="checkout-uk"),)))
    record(shop, status="dispute_arbitration_lost")
    assert shop.order.refunds != () or shop.order.disputes != ()
    record(shop, status="accepted", reference="x-2")
    assert shop.order.refunds[-1].status is RefundStatus.PENDING


def test_the_same_again_changes_nothing():
    """A record is made once, and a later word brings it on."""
    shop = Shop()
    record(shop, status="pending")
    before = shop.order
    record(shop, status="pending")
    assert shop.order == before
    record(shop, status="succeeded")
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    with pytest.raises(InvalidValueError, match=r"is recorded with 25\.00 EUR"):
        record(shop, amount="26.00")


def test_a_confirmed_payment_can_be_recorded_on():
    """After the gateway has confirmed the capture a refund made elsewhere is recorded like before."""
    shop = Shop()
    shop.desk.refresh("o-1")
    record(shop)
    shop.gateway.confirm_captured("ref-1", eur("90.00"))
    shop.desk.refresh("o-1")
    record(shop, reference="x-2")
    assert shop.order.refundable == eur("40.00")


def test_a_refund_of_ours_cannot_be_recorded_as_one_made_elsewhere():
    """It would be counted twice."""
    shop = Shop()
    reference = shop.refund("40.00").refunds[0].reference
    with pytest.raises(InvalidValueError, match="which was made here"):
        record(shop, reference=reference)


@pytest.mark.parametrize("amount", [eur("0.00"), Money.of("-1.00", "EUR"), Money.of("5.00", "USD")], ids=str)
def test_amounts_that_make_no_sense_are_refused(amount):
    """Nothing, less than nothing, and another currency."""
    shop = Shop()
    with pytest.raises(InvalidValueError):
        shop.desk.record_external("o-1", "p-1", amount, reference="x-1", actor=KIM)
    assert shop.order.refunds == ()


def test_a_recorded_refund_that_the_gateway_shows_is_the_same():
    """Law T2: a person was faster than the webhook; the gateway's list finds it by its reference."""
    shop = Shop()
    reference = shop.gateway.refund_elsewhere("ref-1", eur("25.00"))
    record(shop, reference=reference)
    assert shop.desk.refresh("o-1") == ()
    assert len(shop.order.refunds) == 1


def test_more_than_was_captured_is_recorded_and_flagged():
    """Law T1: people report facts too."""
    shop = Shop()
    record(shop, "130.00")
    assert shop.order.exposure == eur("30.00")
    assert "over_refunded" in shop.flags()


def test_an_external_refund_is_never_executed():
    """Law T2: a pending refund of somebody else is watched, not sent."""
    shop = Shop()
    record(shop, status="pending")
    shop.clock.advance(days=3)
    shop.desk.recover()
    assert shop.gateway.calls == []
    assert shop.order.reserved == eur("25.00")


# Refunds that a person makes.


def manual_shop(settles=Settles.ON_CONFIRMATION, **options):
    """Return a shop that was paid in cash."""
    gateway = ManualGateway(settles=settles)
    return Shop(gateway=gateway, order=an_order(payments=(a_payment(gateway="manual"),)), **options)


def test_a_manual_refund_at_once_is_done_at_once():
    """Cash over the counter."""
    result = manual_shop(Settles.AT_ONCE).refund("40.00")
    assert result.returned == eur("40.00")
    assert result.refunds[0].reference == f"manual:{result.refunds[0].id}"


def test_a_manual_refund_on_confirmation_waits_for_a_person():
    """A bank transfer: pending until somebody says that it was made."""
    shop = manual_shop()
    assert shop.refund("40.00").pending == eur("40.00")
    refund = shop.desk.confirm(shop.only_refund.id, actor=KIM, reference="transfer 17", note="paid out")
    assert (refund.status, refund.reference) == (RefundStatus.SUCCEEDED, "transfer 17")
    event = shop.desk.timeline("o-1")[-1]
    assert (event.kind, event.actor) == (EventKind.REFUND_SUCCEEDED, KIM)
    assert shop.order.due_at is None


def test_a_manual_refund_that_will_not_be_made_frees_the_money():
    """The customer took a voucher instead."""
    shop = manual_shop()
    shop.refund("40.00")
    refund = shop.desk.confirm(shop.only_refund.id, actor=KIM, status=RefundStatus.FAILED, note="voucher")
    assert refund.status is RefundStatus.FAILED
    assert shop.order.refundable == eur("100.00")


def test_confirming_twice_is_confirming_once():
    """The second click changes nothing; the opposite is refused."""
    shop = manual_shop()
    shop.refund("40.00")
    first = shop.desk.confirm(shop.only_refund.id, actor=KIM)
    before = shop.order
    assert shop.desk.confirm(shop.only_refund.id, actor=KIM) == first
    assert shop.order == before
    with pytest.raises(InvalidValueError, match="succeeded and cannot be confirmed as failed"):
        shop.desk.confirm(shop.only_refund.id, actor=KIM, status=RefundStatus.FAILED)


@pytest.mark.parametrize("status", [RefundStatus.PLANNED, RefundStatus.SUBMITTED])
def test_a_refund_is_not_confirmed_into_a_status_that_nobody_can_know(status):
    """People say how it ended."""
    shop = manual_shop()
    shop.refund("40.00")
    with pytest.raises(InvalidValueError):
        shop.desk.confirm(shop.only_refund.id, actor=KIM, status=status)


@pytest.mark.parametrize("fault", [Fault.PENDING, Fault.LOST_REQUEST])
def test_a_person_does_not_settle_what_the_gateway_knows(fault):
    """The gateway can be asked: refresh(), not confirm()."""
    shop = Shop(fault)
    shop.refund("40.00")
    with pytest.raises(InvalidValueError, match=r"ask it with refresh\(\)"):
        shop.desk.confirm(shop.only_refund.id, actor=KIM)


def test_a_manual_refund_that_was_never_noted_is_noted_by_the_sweep():
    """Law E1: the process died before the manual gateway was told; however late, the sweep tells it."""
    shop = manual_shop(Settles.AT_ONCE)
    shop.gateway.refund = lambda _call: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        shop.refund("40.00")
    del shop.gateway.refund
    shop.clock.advance(days=400)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUCCEEDED


def test_the_manual_gateway_knows_no_refunds():
    """Law T2: what people paid out, only people know: refunds=None, never none."""
    gateway = ManualGateway()
    (report,) = gateway.fetch((a_payment(gateway="manual"),))
    assert report.refunds is None
    assert report.captured == eur("100.00")


def test_the_manual_gateway_answers_the_same_to_the_same():
    """It moves nothing, so asking twice is harmless."""
    shop = manual_shop(Settles.AT_ONCE)
    refund = shop.refund("40.00").refunds[0]
    call = RefundCall(
        refund=refund, payment=shop.order.payments[0], request=refund.prepared, deadline=shop.clock()
    )
    assert shop.gateway.refund(call) == shop.gateway.refund(call)
    assert refund.prepared == {"pay": "40.00 EUR", "for": "ref-1"}


def test_an_unknown_way_to_settle_is_refused():
    """The message names the choices."""
    with pytest.raises(InvalidValueError, match="'at_once', 'on_confirmation'"):
        ManualGateway(settles="sometimes")


# Another gateway gives it back.


def test_store_credit_gives_back_what_a_card_paid():
    """via= sends the money another way; the cap of the payment counts both ways together."""
    shop = Shop(others=[ManualGateway(name="store_credit")])
    result = shop.refund("40.00", via="store_credit")
    assert [refund.gateway for refund in result.refunds] == ["store_credit"]
    assert result.returned == eur("40.00")
    assert shop.gateway.calls == []
    assert shop.order.refundable == eur("60.00")
    assert shop.refund(key="return-2").returned == eur("60.00")


def test_a_gateway_that_may_not_pay_for_others_is_refused():
    """Only a gateway that declares any_payment gives back what another took."""
    shop = Shop(others=[FakeGateway(name="other")])
    with pytest.raises(RefundDenied, match="cannot give back what fake took"):
        shop.refund("40.00", via="other")


def test_what_no_gateway_can_give_back_goes_to_the_manual_gateway():
    """Remainder.MANUAL: the gateway's window is closed, a person pays it out."""
    from datetime import timedelta

    from refundkit import Policy, Remainder

    paid = a_payment(captured_at=Shop().clock())
    shop = Shop(
        order=an_order(payments=(paid,)),
        gateway=FakeGateway(window=timedelta(days=90)),
        others=[ManualGateway(settles="on_confirmation")],
        policy=Policy(remainder=Remainder.MANUAL),
    )
    shop.clock.advance(days=120)
    result = shop.refund("40.00")
    assert [(refund.gateway, refund.status) for refund in result.refunds] == [
        ("manual", RefundStatus.PENDING)
    ]
    shop.desk.confirm(result.refunds[0].id, actor=KIM)
    assert shop.order.status is OrderStatus.PARTIALLY_REFUNDED


def test_webhooks_of_the_card_do_not_disturb_store_credit():
    """The card's gateway knows nothing of the credit, and its list does not speak of it."""
    shop = Shop(others=[ManualGateway(name="store_credit", settles="on_confirmation")])
    shop.refund("40.00", via="store_credit")
    shop.gateway.refund_elsewhere("ref-1", eur("10.00"))
    events = shop.desk.receive("fake", **shop.gateway.webhook("ref-1"))
    assert kinds_of(events) == [EventKind.REFUND_ADOPTED]
    assert shop.order.reserved == eur("40.00")
    assert shop.desk.preview("o-1", a_request("return-2")).amount == eur("50.00")


def test_a_tag_is_not_taken_apart():
    """Tags given as one text are refused, before they become letters."""
    with pytest.raises(InvalidValueError, match=r"\['vip'\]"):
        Shop().desk.annotate("o-1", actor=KIM, add_tags="vip")


def test_a_known_fee_survives_a_newer_payment():
    """What the gateway said of its fee stays, when more is captured later and nobody repeats the fee."""
    payment = attrs.evolve(an_order().payments[0], fee=eur("0.30"))
    assert payment.updated(attrs.evolve(payment, fee=None)).fee == eur("0.30")


def test_one_refund_at_a_gateway_is_not_confirmed_as_two():
    """Law C1: what is recorded as made elsewhere cannot be confirmed as ours, too; it is told which it is."""
    shop = Shop(Fault.LOST_ANSWER, can={"echoes_refund_id": False})
    reference = shop.gateway.refund_elsewhere("ref-1", eur("20.00"))
    shop.desk.refresh("o-1")
    ours = shop.refund("20.00").refunds[0]
    shop.clock.advance(minutes=5)
    shop.desk.recover()
    assert shop.flags() == ["ambiguous"]

    with pytest.raises(InvalidValueError, match=f"{reference} is refund .* of 20.00 EUR already") as refused:
        shop.desk.confirm(ours.id, actor=KIM, reference=reference)
    assert refused.value.field == "reference"
    assert shop.desk.confirm(ours.id, actor=KIM, reference="fake-refund-2").reference == "fake-refund-2"


def test_one_bank_transfer_may_settle_two_refunds():
    """Money that a person gives back may go together."""
    shop = manual_shop()
    first, second = (shop.refund("10.00", key=key).refunds[0] for key in ("a", "b"))
    for refund in (first, second):
        assert shop.desk.confirm(refund.id, actor=KIM, reference="transfer-7").reference == "transfer-7"


def test_one_refund_made_elsewhere_is_of_one_payment():
    """The same reference for another payment is a mistake, and not the same again."""
    shop = Shop(order=an_order(payments=two_payments()))
    shop.desk.record_external("o-1", "p-1", eur("5.00"), reference="x-1", actor=KIM)
    with pytest.raises(InvalidValueError, match=r"recorded with 5\.00 EUR of payment p-1"):
        shop.desk.record_external("o-1", "p-2", eur("5.00"), reference="x-1", actor=KIM)
