"""What the gateway says happened is written down, also what should not have been possible (laws T1, T2)."""

import pytest

from refundkit import (
    DisputeFunds,
    DisputeReport,
    DisputeStage,
    DisputeStatus,
    EventKind,
    GatewayUnavailableError,
    Money,
    PaymentReport,
    RefundDenied,
    RefundOrigin,
    RefundReport,
    RefundStatus,
)
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import KIM, Shop, a_request, an_order, eur, kinds_of, two_payments


def test_a_refund_of_the_dashboard_is_adopted_once():
    """Law T2: what was refunded elsewhere is recorded, however often it is fetched, and never executed."""
    shop = Shop()
    reference = shop.gateway.refund_elsewhere("ref-1", eur("25.00"))
    (event,) = shop.desk.refresh("o-1")
    assert event.kind is EventKind.REFUND_ADOPTED
    assert (event.amount, event.actor.name) == (eur("25.00"), "fake")
    for _ in range(3):
        assert shop.desk.refresh("o-1") == ()
    refund = shop.only_refund
    assert (refund.origin, refund.reference, refund.key) == (RefundOrigin.EXTERNAL, reference, None)
    assert shop.order.refundable == eur("75.00")
    assert shop.gateway.calls == []


def test_one_refresh_asks_each_gateway_once():
    """Law T3: asking again is for reports that were overtaken, not for every first look."""
    shop = Shop()
    shop.desk.refresh("o-1")
    assert shop.gateway.fetches == 1
    shop.gateway.refund_elsewhere("ref-1", eur("25.00"))
    shop.desk.refresh("o-1")
    assert shop.gateway.fetches == 2


def test_a_look_that_finds_nothing_new_writes_nothing():
    """Law T4: no news, no new version, no event."""
    shop = Shop()
    shop.refund("40.00")
    shop.desk.refresh("o-1")
    before = shop.order
    assert shop.desk.refresh("o-1") == ()
    assert shop.order == before


def test_two_equal_refunds_of_the_dashboard_are_two():
    """Law T2: the gateway's reference tells them apart, not the amount."""
    shop = Shop()
    shop.gateway.refund_elsewhere("ref-1", eur("25.00"))
    shop.gateway.refund_elsewhere("ref-1", eur("25.00"))
    shop.desk.refresh("o-1")
    assert shop.order.refundable == eur("50.00")


def test_facts_beyond_the_cap_are_recorded_and_flagged():
    """Law T1: ours and the dashboard's together exceed what was captured; both stand, a person must look."""
    shop = Shop()
    shop.refund("80.00")
    shop.gateway.refund_elsewhere("ref-1", eur("50.00"))
    shop.desk.refresh("o-1")
    assert shop.order.refunded == eur("130.00")
    assert shop.order.exposure == eur("30.00")
    assert shop.order.refundable == eur("0.00")
    assert "over_refunded" in shop.flags()


def test_commands_on_a_flagged_order_are_refused_until_somebody_looked():
    """Law T1: refund, reject and change wait; looking does not; acknowledge() opens the order again."""
    shop = Shop()
    shop.gateway.refund_elsewhere("ref-1", eur("20.00"))
    shop.gateway.refund_elsewhere("ref-1", eur("20.00"))
    shop.desk.refresh("o-1")
    shop.gateway.confirm_captured("ref-1", eur("30.00"))
    shop.desk.refresh("o-1")
    assert "over_refunded" in shop.flags()
    for command in (shop.desk.refund, shop.desk.reject, shop.desk.preview):
        with pytest.raises(RefundDenied, match="waits for a person") as denied:
            command("o-1", a_request("return-9"))
        assert "flagged" in [reason.code for reason in denied.value.reasons]
    shop.gateway.confirm_captured("ref-1", eur("100.00"))
    shop.desk.acknowledge("o-1", actor=KIM, note="a typing error at the gateway")
    shop.desk.refresh("o-1")
    assert shop.refund("60.00").returned == eur("60.00")


def test_an_acknowledged_excess_is_not_flagged_again_by_other_news():
    """Law T1: a person has looked; only more excess is a new reason to look."""
    shop = Shop()
    shop.refund()
    shop.gateway.refund_elsewhere("ref-1", eur("10.00"))
    shop.desk.refresh("o-1")
    shop.desk.acknowledge("o-1", actor=KIM)
    case = DisputeReport(
        reference="d-1",
        amount=eur("1.00"),
        stage=DisputeStage.INQUIRY,
        status=DisputeStatus.NEEDS_RESPONSE,
        funds=DisputeFunds.NONE,
    )
    shop.gateway.dispute("ref-1", case)
    assert shop.desk.refresh("o-1") != ()
    assert shop.flags() == []
    shop.gateway.refund_elsewhere("ref-1", eur("10.00"))
    shop.desk.refresh("o-1")
    assert "over_refunded" in shop.flags()


def test_what_was_acknowledged_stays_in_the_timeline():
    """Law T5: a cleared flag is told of for ever."""
    shop = Shop()
    shop.refund()
    shop.gateway.refund_elsewhere("ref-1", eur("10.00"))
    shop.desk.refresh("o-1")
    shop.desk.acknowledge("o-1", actor=KIM, note="seen")
    event = shop.desk.timeline("o-1")[-1]
    assert event.kind is EventKind.ORDER_ACKNOWLEDGED
    assert event.actor == KIM
    assert any("over_refunded" in text for text in event.data["flags"])
    before = shop.order
    shop.desk.acknowledge("o-1", actor=KIM)
    assert shop.order == before


def test_ours_is_found_by_its_id():
    """Law T2: a refund whose answer was lost is found under the id that the gateway echoes."""
    shop = Shop(Fault.LOST_ANSWER)
    shop.refund("40.00")
    shop.desk.refresh("o-1")
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    assert shop.only_refund.reference == "fake-refund-1"


def test_ours_is_found_by_its_reference():
    """Law T2: a gateway that echoes no id is understood by the reference that it answered with."""
    shop = Shop(Fault.PENDING, can={"echoes_refund_id": False})
    reference = shop.refund("40.00").refunds[0].reference
    shop.gateway.settle(reference, RefundStatus.SUCCEEDED)
    shop.desk.refresh("o-1")
    assert shop.only_refund.status is RefundStatus.SUCCEEDED


def test_a_second_refund_under_one_id_is_another_refund():
    """Law T2: the gateway has two refunds under one name of ours: both count, and a person must look."""
    shop = Shop()
    shop.refund("40.00")
    shop.gateway.refund_elsewhere("ref-1", eur("40.00"), refund_id=shop.only_refund.id)
    shop.desk.refresh("o-1")
    assert shop.flags() == ["repeated"]
    assert shop.order.refundable == eur("20.00")
    shop.desk.acknowledge("o-1", actor=KIM)
    assert shop.desk.refresh("o-1") == ()
    assert shop.flags() == []


def test_an_answer_that_names_another_refund_is_looked_into():
    """Law T1: the answer is late, and of another refund than the list showed; the gateway is asked again."""
    shop = Shop(Fault.LOST_ANSWER)
    shop.refund("40.00")
    real = shop.gateway.refund

    def second(call):
        shop.desk.refresh("o-1")
        shop.gateway.forget_keys()
        return real(call)

    shop.gateway.refund = second
    real_report = shop.gateway._report
    shop.gateway._report = lambda payment: PaymentReport(
        reference=payment.reference, captured=payment.captured
    )
    shop.clock.advance(minutes=1)

    def then_told(payments):
        del shop.gateway._report, shop.gateway.fetch
        return (PaymentReport(reference="ref-1", captured=eur("100.00")),)

    shop.gateway.fetch = then_told
    shop.desk.recover()
    assert real_report is not None
    assert shop.moved == eur("80.00")
    shop.clock.advance(hours=1)
    shop.desk.recover()
    assert shop.order.refunded == eur("80.00")
    assert shop.flags() == ["repeated"]


def test_a_name_of_ours_at_another_gateway_is_another_refund():
    """Law T2: our id, echoed by a gateway that never had the refund, moves nothing of ours."""
    credit = FakeGateway(name="credit", any_payment=True)
    shop = Shop(Fault.LOST_REQUEST, others=[credit])
    shop.refund("40.00")
    shop.refund("10.00", key="return-2", via="credit")
    credit.refund_elsewhere("ref-1", eur("40.00"), refund_id=shop.order.refunds[0].id)
    shop.desk.refresh("o-1")
    assert shop.order.refunds[0].status is RefundStatus.SUBMITTED
    assert "repeated" in shop.flags()


# A gateway that cannot tell which refund is ours.


def test_what_may_be_ours_is_neither_adopted_nor_sent_again():
    """Law T2: no echo, one of ours SUBMITTED, one refund there: a person decides."""
    shop = Shop(Fault.LOST_ANSWER, can={"echoes_refund_id": False})
    shop.refund("40.00")
    shop.desk.refresh("o-1")
    assert len(shop.order.refunds) == 1
    assert shop.flags() == ["ambiguous"]
    shop.clock.advance(days=9)
    shop.desk.recover()
    shop.desk.recover()
    assert len(shop.gateway.calls) == 1
    assert shop.order.reserved == eur("40.00")


def test_a_person_says_that_it_was_ours():
    """Law T2: confirm() with the reference settles it, and the gateway's list agrees from then on."""
    shop = Shop(Fault.LOST_ANSWER, can={"echoes_refund_id": False})
    shop.refund("40.00")
    shop.desk.refresh("o-1")
    shop.desk.confirm(shop.only_refund.id, actor=KIM, reference="fake-refund-1")
    shop.desk.acknowledge("o-1", actor=KIM)
    assert shop.desk.refresh("o-1") == ()
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    assert shop.order.refundable == eur("60.00")


def test_a_person_says_that_it_was_not_ours():
    """Law T2: confirm() as failed frees ours, and the other one is adopted at the next look."""
    shop = Shop(Fault.LOST_REQUEST, can={"echoes_refund_id": False})
    shop.refund("40.00")
    shop.gateway.refund_elsewhere("ref-1", eur("40.00"))
    shop.desk.refresh("o-1")
    assert shop.flags() == ["ambiguous"]
    shop.desk.confirm(shop.only_refund.id, actor=KIM, status=RefundStatus.FAILED)
    shop.desk.acknowledge("o-1", actor=KIM)
    shop.desk.refresh("o-1")
    assert [refund.origin for refund in shop.order.refunds] == [RefundOrigin.REQUEST, RefundOrigin.EXTERNAL]
    assert shop.order.refundable == eur("60.00")


def test_a_refund_whose_answer_is_on_the_way_is_not_ambiguous():
    """Law T2: the webhook is faster than the answer; nothing is adopted, and nobody is troubled."""
    shop = Shop(can={"echoes_refund_id": False})
    real = shop.gateway.refund

    def slow(call):
        answer = real(call)
        shop.desk.receive("fake", **shop.gateway.webhook("ref-1"))
        return answer

    shop.gateway.refund = slow
    shop.refund("40.00")
    assert shop.flags() == []
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    shop.clock.advance(minutes=5)
    shop.desk.recover()
    assert len(shop.order.refunds) == 1
    assert shop.is_at_rest()


def test_what_was_not_adopted_meanwhile_is_adopted_later():
    """Law T2: a dashboard refund that was met while one of ours was in flight is found by the sweep."""
    shop = Shop(can={"echoes_refund_id": False})
    real = shop.gateway.refund

    def slow(call):
        shop.gateway.refund_elsewhere("ref-1", eur("15.00"))
        shop.desk.refresh("o-1")
        return real(call)

    shop.gateway.refund = slow
    shop.refund("40.00")
    shop.clock.advance(minutes=5)
    shop.desk.recover()
    assert shop.order.refundable == eur("45.00")
    assert shop.flags() == []


def test_refunds_that_cannot_be_known_change_nothing():
    """Law T2: refunds=None is "cannot be known", never "none"."""
    shop = Shop()
    shop.refund("40.00")
    shop.gateway._report = lambda payment: PaymentReport(
        reference=payment.reference, captured=payment.captured, refunds=None
    )
    assert shop.desk.refresh("o-1") == ()
    assert shop.order.refunded == eur("40.00")


def test_a_refund_that_the_gateway_lists_no_more_stays_recorded():
    """Law T5: refunds are never deleted, whatever a list leaves out."""
    shop = Shop()
    shop.refund("40.00")
    shop.gateway._held.clear()
    assert shop.desk.refresh("o-1") == ()
    assert shop.order.refunded == eur("40.00")


# Odd reports.


def report_of(shop, *refunds, **changes):
    """Let the gateway say *refunds* of payment ref-1 from now on."""
    told = {"reference": "ref-1", "captured": eur("100.00"), "refunds": refunds, **changes}
    shop.gateway._report = lambda _payment: PaymentReport(**told)


def test_a_refund_in_another_currency_is_recorded_and_flagged():
    """Law T1: money that no sum of the order can hold is a reason to look."""
    shop = Shop()
    report_of(
        shop, RefundReport(status=RefundStatus.SUCCEEDED, amount=Money.of("25.00", "USD"), reference="r-1")
    )
    shop.desk.refresh("o-1")
    assert shop.only_refund.amount == Money.of("25.00", "USD")
    assert shop.flags() == ["mismatched"]
    shop.desk.acknowledge("o-1", actor=KIM)
    assert shop.desk.refresh("o-1") == ()


@pytest.mark.parametrize("status", [RefundStatus.PLANNED, RefundStatus.SUBMITTED])
def test_an_external_refund_in_a_status_of_ours_is_pending_and_never_sent(status):
    """Law T2: what is adopted is never executed, whatever the gateway calls it."""
    shop = Shop()
    report_of(shop, RefundReport(status=status, amount=eur("25.00"), reference="r-1"))
    shop.desk.refresh("o-1")
    assert shop.only_refund.status is RefundStatus.PENDING
    shop.clock.advance(days=9)
    shop.desk.recover()
    assert shop.gateway.calls == []


@pytest.mark.parametrize("status", [RefundStatus.PLANNED, RefundStatus.SUBMITTED])
def test_a_known_refund_in_a_status_of_ours_breaks_nothing(status):
    """Law T1: a report that no gateway should give does not stop the record."""
    shop = Shop(Fault.PENDING)
    reference = shop.refund("40.00").refunds[0].reference
    report_of(shop, RefundReport(status=status, amount=eur("40.00"), reference=reference))
    shop.desk.refresh("o-1")
    assert shop.only_refund.status is RefundStatus.PENDING


@pytest.mark.parametrize("answer", [None, 7, [None], [object()], ["ref-1"], [{"reference": "ref-1"}]])
def test_nonsense_is_as_good_as_no_answer(answer):
    """Law T2: a gateway whose reports are none could not be asked."""
    shop = Shop()
    shop.gateway.fetch = lambda _payments: answer
    with pytest.raises(GatewayUnavailableError, match="raised TypeError"):
        shop.desk.refresh("o-1")


def test_a_gateway_that_is_down_does_not_hide_what_others_say():
    """Law T1: refresh() tells that one gateway could not be asked, and records what the other said."""
    other = FakeGateway(name="other")
    payments = (*two_payments()[:1], two_payments()[1].__class__(
        id="p-2", gateway="other", reference="ref-2", captured=eur("30.00")
    ))  # fmt: skip
    shop = Shop(order=an_order(payments=payments), others=[other])
    other.refund_elsewhere("ref-2", eur("5.00"))
    shop.gateway.down = True
    with pytest.raises(GatewayUnavailableError, match="fake cannot be reached"):
        shop.desk.refresh("o-1")
    assert shop.order.refundable_of("p-2") == eur("25.00")
    assert kinds_of(shop.desk.timeline("o-1"))[-1] is EventKind.REFUND_ADOPTED


def test_a_report_of_an_unknown_payment_is_left_alone():
    """Law T1: what is said of a payment that this order does not have is not this order's."""
    shop = Shop()
    report_of(
        shop,
        RefundReport(status=RefundStatus.SUCCEEDED, amount=eur("25.00"), reference="r-1"),
        reference="ref-of-others",
    )
    assert shop.desk.refresh("o-1") == ()
    assert shop.order.refunds == ()


def test_the_gateway_confirms_less_than_was_registered():
    """Law C1: the smaller of both counts, and what was registered is never lowered."""
    shop = Shop()
    shop.gateway.confirm_captured("ref-1", eur("90.00"))
    (event,) = shop.desk.refresh("o-1")
    assert event.kind is EventKind.PAYMENT_CONFIRMED
    assert shop.order.payment("p-1").captured == eur("100.00")
    assert shop.order.refundable == eur("90.00")
    shop.gateway.confirm_captured("ref-1", eur("100.00"))
    (event,) = shop.desk.refresh("o-1")
    assert (event.kind, event.amount) == (EventKind.PAYMENT_CONFIRMED, eur("100.00"))
    assert shop.order.refundable == eur("100.00")


def test_fees_are_remembered_from_report_to_report():
    """Law T1: the fee that a gateway tells once stays known when it leaves it out later."""
    shop = Shop()
    report_of(shop, fee=eur("1.50"))
    shop.desk.refresh("o-1")
    report_of(shop)
    shop.desk.refresh("o-1")
    assert shop.order.payment("p-1").fee == eur("1.50")
