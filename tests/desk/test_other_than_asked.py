"""The gateway does something else than it was asked for: a fact, recorded once (law E5)."""

import pytest

from refundkit import (
    EventKind,
    FailureCode,
    GatewayUnavailableError,
    Money,
    RefundDenied,
    RefundOrigin,
    RefundReport,
    RefundStatus,
)
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import KIM, Shop, a_request, an_order, eur, kinds_of, two_payments


class OddGateway(FakeGateway):
    """A gateway that does what *odd* says in place of what it was asked for."""

    def __init__(self, *faults, amount=None, payment=None, reference="odd-1", **options):
        super().__init__(*faults, **options)
        self.odd = {
            "amount": eur("40.00") if amount is None else amount,
            "payment": payment,
            "reference": reference,
        }

    def _hold(self, payment, amount, status, refund_id):
        held = super()._hold(payment, amount, status, refund_id)
        report = RefundReport(status=status, raw_status=status.value, refund_id=refund_id, **self.odd)
        twin = held.__class__(payment=payment, report=report)
        self._held[held.report.reference] = twin
        self._held[self.odd["reference"]] = twin
        return twin

    def _report(self, payment):
        report = super()._report(payment)
        return report.__class__(
            reference=report.reference, captured=report.captured, refunds=tuple(dict.fromkeys(report.refunds))
        )


ODDITIES = {
    "less": {"amount": eur("39.99")},
    "more": {"amount": eur("40.01")},
    "much more": {"amount": eur("250.00")},
    "nothing": {"amount": eur("0.00")},
    "currency": {"amount": Money.of("40.00", "USD")},
    "payment": {"payment": "ref-of-another-order"},
    "without a name": {"amount": eur("39.99"), "reference": None},
}


@pytest.mark.parametrize("fault", [None, Fault.LOST_ANSWER], ids=["answered", "found"])
@pytest.mark.parametrize("odd", ODDITIES.values(), ids=ODDITIES.keys())
def test_what_differs_is_recorded_once_and_flagged(odd, fault):
    """Law E5: the reservation is released, the fact is recorded as what it is, and a person must look."""
    shop = Shop(gateway=OddGateway(fault, **odd))
    shop.refund("40.00")
    shop.desk.refresh("o-1")
    ours = next(refund for refund in shop.order.refunds if refund.key == "return-1")
    assert (ours.status, ours.failure) == (RefundStatus.FAILED, FailureCode.MISMATCH)
    assert "mismatched" in shop.flags()
    others = [refund for refund in shop.order.refunds if refund is not ours]
    moved = odd.get("amount", eur("40.00"))
    assert [refund.amount for refund in others] == ([moved] if moved.is_positive else [])
    assert all(refund.origin is RefundOrigin.EXTERNAL for refund in others)
    assert shop.kinds().count(EventKind.REFUND_MISMATCHED) == 1
    assert shop.order.reserved == eur("0.00")


@pytest.mark.parametrize("odd", ODDITIES.values(), ids=ODDITIES.keys())
def test_repeated_looks_change_nothing_more(odd):
    """Law E5: the oddity is recorded once, however often it is fetched, also after it was acknowledged."""
    shop = Shop(gateway=OddGateway(**odd))
    shop.refund("40.00")
    shop.desk.refresh("o-1")
    flags = shop.flags()
    for _ in range(3):
        assert shop.desk.refresh("o-1") == ()
    assert shop.flags() == flags
    shop.desk.acknowledge("o-1", actor=KIM)
    assert shop.desk.refresh("o-1") == ()
    assert shop.flags() == []


def test_commands_wait_for_a_person_after_it():
    """Law T1: until somebody has looked, nothing else is refunded on the order."""
    shop = Shop(Fault.OTHER_AMOUNT)
    shop.refund("40.00")
    with pytest.raises(RefundDenied, match="waits for a person"):
        shop.refund("10.00", key="return-2")
    shop.desk.acknowledge("o-1", actor=KIM, note="the bank keeps a cent")
    assert shop.refund("60.01", key="return-2").returned == eur("60.01")
    assert shop.order.refundable == eur("0.00")


def test_the_amount_that_really_moved_consumes_the_cap():
    """Law E5: one cent less was given back, so one cent more is left."""
    shop = Shop(Fault.OTHER_AMOUNT)
    shop.refund("40.00")
    assert shop.order.refundable == eur("60.01")
    assert shop.order.refunded == shop.moved == eur("39.99")


def test_a_refund_of_another_payment_of_the_order_is_booked_there():
    """Law E5: our refund turns up under the other payment: that one's money is gone, the asked one's is not."""
    shop = Shop(gateway=OddGateway(payment="ref-2"), order=an_order(payments=two_payments()))
    shop.gateway.odd["amount"] = eur("20.00")
    shop.refund("20.00", payments={"p-1": eur("20.00")})
    assert shop.order.refundable_of("p-1") == eur("70.00")
    assert shop.order.refundable_of("p-2") == eur("10.00")
    assert "mismatched" in shop.flags()


def test_a_refund_listed_under_another_payment_is_booked_there():
    """Law E5: the same, when the gateway says it only by listing our refund there."""
    shop = Shop(Fault.LOST_REQUEST, order=an_order(payments=two_payments()))
    shop.refund("20.00", payments={"p-1": eur("20.00")})
    shop.gateway.refund_elsewhere("ref-2", eur("20.00"), refund_id=shop.only_refund.id)
    shop.desk.refresh("o-1")
    assert shop.order.refundable_of("p-1") == eur("70.00")
    assert shop.order.refundable_of("p-2") == eur("10.00")
    assert shop.flags() == ["mismatched"]
    assert shop.desk.refresh("o-1") == ()


def test_an_amount_that_changes_after_the_success_is_a_fact_as_well():
    """Law E5: a refund that succeeded as asked and is another one later is released and booked anew."""
    shop = Shop()
    reference = shop.refund("40.00").refunds[0].reference
    held = shop.gateway._held[reference]
    report = RefundReport(
        status=RefundStatus.SUCCEEDED,
        amount=eur("45.00"),
        reference=reference,
        refund_id=held.report.refund_id,
    )
    shop.gateway._held[reference] = held.__class__(payment="ref-1", report=report)
    events = shop.desk.refresh("o-1")
    assert EventKind.REFUND_MISMATCHED in kinds_of(events)
    assert shop.order.refundable == eur("55.00")
    assert shop.desk.refresh("o-1") == ()


# Legs stand alone.


@pytest.mark.parametrize(
    ("faults", "returned", "pending", "failed"),
    [
        ([Fault.DECLINE, None], "30.00", "0.00", "70.00"),
        ([None, Fault.DECLINE], "70.00", "0.00", "30.00"),
        ([Fault.LOST_REQUEST, None], "30.00", "70.00", "0.00"),
        ([Fault.CRASH, Fault.DECLINE], "0.00", "70.00", "30.00"),
        ([Fault.PENDING, Fault.PENDING], "0.00", "100.00", "0.00"),
    ],
)
def test_one_leg_that_fails_leaves_the_others_as_they_are(faults, returned, pending, failed):
    """Law E6: each payment's refund has its own end."""
    shop = Shop(*faults, order=an_order(payments=two_payments()))
    result = shop.refund()
    assert (result.returned, result.pending, result.failed) == (eur(returned), eur(pending), eur(failed))
    assert result.is_settled is (pending == "0.00")
    assert shop.order.refundable == eur(failed)


def test_what_a_failed_leg_left_can_be_asked_for_again():
    """Law E6: under a new key, the money of the failed leg goes back."""
    shop = Shop(Fault.DECLINE, order=an_order(payments=two_payments()))
    shop.refund()
    assert shop.refund(key="return-2").returned == eur("70.00")
    assert shop.moved == eur("100.00")


# Sent back by the customer's bank.


def test_a_refund_that_fails_after_its_success_gives_the_money_back():
    """Law E7: the bank sends it back; the money is refundable again, and an event says so."""
    shop = Shop()
    reference = shop.refund("40.00").refunds[0].reference
    shop.gateway.settle(reference, RefundStatus.FAILED, FailureCode.RETURNED)
    (event,) = shop.desk.refresh("o-1")
    assert event.kind is EventKind.REFUND_FAILED_AFTER_SUCCESS
    assert (event.amount, event.refund_id) == (eur("40.00"), shop.only_refund.id)
    assert shop.only_refund.failure is FailureCode.RETURNED
    assert shop.order.refundable == eur("100.00")
    assert shop.order.line_sums["table"].given == eur("0.00")


def test_a_success_that_is_reopened_keeps_the_money_reserved():
    """Law E7: SUCCEEDED may become PENDING again; the money stays set aside, and the sweep watches it."""
    shop = Shop()
    reference = shop.refund("40.00").refunds[0].reference
    shop.gateway.settle(reference, RefundStatus.PENDING)
    (event,) = shop.desk.refresh("o-1")
    assert event.kind is EventKind.REFUND_REOPENED
    assert shop.order.reserved == eur("40.00")
    assert shop.order.due_at is not None


def test_a_failed_refund_that_lives_after_all_is_booked_outside_the_cap_and_flagged():
    """Law T1: gateway truth may revive a failed refund whose money was given back otherwise meanwhile."""
    shop = Shop()
    reference = shop.refund("80.00").refunds[0].reference
    shop.gateway.settle(reference, RefundStatus.FAILED)
    shop.desk.refresh("o-1")
    shop.gateway.settle(reference, RefundStatus.SUCCEEDED)
    shop.gateway._captured["ref-1"] = eur("180.00")
    assert shop.refund("80.00", key="return-2").returned == eur("80.00")
    events = shop.desk.refresh("o-1")
    assert EventKind.REFUND_REVIVED in kinds_of(events)
    assert shop.order.refunds[0].outside_cap
    assert set(shop.flags()) == {"revived", "over_refunded"}
    assert shop.order.exposure == eur("60.00")
    sums = shop.order.payment_sums["p-1"]
    assert sums.reserved + sums.returned <= sums.payment.captured
    with pytest.raises(RefundDenied):
        shop.desk.refund("o-1", a_request("return-3"))


# More than any order can hold.

ABSURD = Money.of_minor(2**63 - 1, "EUR")


def test_an_answer_that_no_order_can_hold_is_unclear():
    """Law E4: the gateway says that it gave back more money than there is; the caller is not broken by that."""
    shop = Shop(gateway=OddGateway(amount=ABSURD))
    shop.desk.record_external("o-1", "p-1", eur("1.00"), reference="x-1", actor=KIM)
    result = shop.refund("40.00")
    assert (result.pending, result.refunds[0].unclear_at) == (eur("40.00"), shop.clock.now)


def test_a_look_that_no_order_can_hold_is_as_good_as_none():
    """Law E4: a refund of more money than there is, in the gateway's list, breaks no webhook and no sweep."""
    shop = Shop()
    shop.refund("40.00")
    shop.gateway.refund_elsewhere("ref-1", ABSURD)
    assert shop.desk.receive("fake", **shop.gateway.webhook("ref-1")) == ()
    assert shop.desk.recover().unreachable == ("o-1",)
    with pytest.raises(GatewayUnavailableError, match="told what this order cannot hold"):
        shop.desk.refresh("o-1")
    assert shop.order.refundable == eur("60.00")
