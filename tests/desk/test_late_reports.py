"""A report that was overtaken by another may only bring a refund forward (law T3)."""

import pytest

from refundkit import DisputeFunds, DisputeReport, DisputeStage, DisputeStatus, EventKind, RefundStatus
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import Shop, an_order, eur


class SlowGateway(FakeGateway):
    """A gateway whose answer to fetch() is made first and arrives after *meanwhile* happened."""

    def __init__(self, *faults, **options):
        super().__init__(*faults, **options)
        self.meanwhile = []

    def fetch(self, payments):
        """Answer late."""
        old = super().fetch(payments)
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return old


def slow_shop(*faults):
    """Return a shop whose refund of 40.00 was made, at a slow gateway."""
    shop = Shop(gateway=SlowGateway(*faults))
    shop.refund("40.00")
    return shop


def and_refresh(shop, status):
    """Let the bank settle the refund, and somebody else hear of it first."""

    def happen():
        shop.gateway.settle("fake-refund-1", status)
        shop.desk.refresh("o-1")

    return happen


def test_a_stale_report_does_not_bring_a_refund_back():
    """Law T3: an old PENDING that arrives after SUCCEEDED was recorded reopens nothing."""
    shop = slow_shop(Fault.PENDING)
    shop.gateway.meanwhile = [and_refresh(shop, RefundStatus.SUCCEEDED)]
    shop.desk.refresh("o-1")
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    assert EventKind.REFUND_REOPENED not in shop.kinds()


def test_a_stale_report_does_not_revive_a_failed_refund():
    """Law T3: an old PENDING that arrives after FAILED was recorded revives nothing and flags nothing."""
    shop = slow_shop(Fault.PENDING)
    shop.gateway.meanwhile = [and_refresh(shop, RefundStatus.FAILED)]
    shop.desk.refresh("o-1")
    assert shop.only_refund.status is RefundStatus.FAILED
    assert shop.flags() == []


def test_a_stale_report_is_fetched_again():
    """Law T3: after a report was overtaken the payment is asked about once more."""
    shop = slow_shop(Fault.PENDING)
    shop.gateway.meanwhile = [and_refresh(shop, RefundStatus.SUCCEEDED)]
    before = shop.gateway.fetches
    shop.desk.refresh("o-1")
    assert shop.gateway.fetches - before == 3


def test_a_stale_report_still_brings_a_refund_forward():
    """Law T3: what a late report knows and nobody else does is recorded at once."""
    shop = Shop(Fault.LOST_ANSWER, gateway=SlowGateway(Fault.LOST_ANSWER))
    shop.refund("40.00")

    def happen():
        shop.gateway.confirm_captured("ref-1", eur("99.00"))
        real, shop.gateway._held = shop.gateway._held, {}
        shop.desk.refresh("o-1")
        shop.gateway._held = real

    shop.gateway.meanwhile = [happen]
    shop.desk.refresh("o-1")
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    assert shop.order.refundable == eur("59.00")


@pytest.mark.parametrize("status", [RefundStatus.SUCCEEDED, RefundStatus.FAILED])
def test_an_answer_counts_as_a_report(status):
    """Law T3: the answer to refund() is newer than a list that was asked for before it."""
    shop = Shop(gateway=SlowGateway(Fault.PENDING, Fault.LOST_ANSWER))
    shop.refund("10.00", key="another")
    shop.gateway.faults.clear()
    shop.gateway.faults.extend([Fault.PENDING])
    real = shop.gateway.refund

    def lost(call):
        real(call)
        raise TimeoutError

    shop.gateway.refund = lost
    shop.refund("40.00")
    del shop.gateway.refund

    def happen():
        shop.gateway.settle("fake-refund-2", status)
        real_fetch, shop.gateway.fetch = shop.gateway.fetch, lambda _payments: ()
        shop.clock.advance(minutes=1)
        shop.refund("40.00")
        shop.gateway.fetch = real_fetch

    shop.gateway.meanwhile = [happen]
    shop.desk.refresh("o-1")
    assert shop.order.refunds[1].status is status
    assert EventKind.REFUND_REOPENED not in shop.kinds()
    assert EventKind.REFUND_REVIVED not in shop.kinds()
    assert shop.flags() == []


def test_other_changes_of_the_order_make_no_report_stale():
    """Law T3: a note that somebody writes meanwhile is no reason to ask again."""
    shop = slow_shop(Fault.PENDING)
    shop.gateway.settle("fake-refund-1", RefundStatus.SUCCEEDED)
    shop.gateway.meanwhile = [
        lambda: shop.desk.annotate("o-1", actor=shop.order.requests[0].request.actor, note="x")
    ]
    before = shop.gateway.fetches
    shop.desk.refresh("o-1")
    assert shop.gateway.fetches - before == 1
    assert shop.only_refund.status is RefundStatus.SUCCEEDED


def test_reports_that_keep_being_overtaken_leave_the_last_look_to_the_sweep():
    """Law T3: nobody asks for ever; the order stays due, and the sweep looks once more."""
    shop = slow_shop(Fault.PENDING)

    def overtake(captured):
        def happen():
            rest, shop.gateway.meanwhile = shop.gateway.meanwhile, []
            shop.gateway.confirm_captured("ref-1", eur(captured))
            shop.desk.refresh("o-1")
            shop.gateway.meanwhile = rest

        return happen

    shop.gateway.meanwhile = [overtake("99.00"), overtake("98.00"), overtake("97.00")]
    shop.desk.refresh("o-1")
    assert shop.is_due()
    shop.desk.recover()
    assert not shop.is_due()
    assert shop.order.captured == eur("97.00")


def test_a_stale_report_does_not_bring_a_dispute_back():
    """Law T3: a dispute that was won meanwhile is not opened again by an old list."""
    shop = Shop(gateway=SlowGateway())
    shop.gateway.dispute("ref-1", a_case(DisputeStatus.NEEDS_RESPONSE, DisputeFunds.WITHDRAWN))
    shop.desk.refresh("o-1")

    def happen():
        shop.gateway.dispute("ref-1", a_case(DisputeStatus.WON, DisputeFunds.REINSTATED))
        shop.desk.refresh("o-1")

    shop.gateway.meanwhile = [happen]
    shop.desk.refresh("o-1")
    assert shop.order.disputes[0].status is DisputeStatus.WON
    assert shop.kinds().count(EventKind.DISPUTE_UPDATED) == 0


def test_what_is_registered_claims_no_reports():
    """Law T3: a payment that brings marks of another order's reports along starts anew."""
    import attrs

    shop = Shop(order=an_order(id="o-0", payments=()))
    marked = attrs.evolve(an_order().payments[0], reported_version=99, confirmed=eur("1.00"))
    with pytest.raises(ValueError, match="history"):
        shop.desk.register(an_order(payments=(marked,)))
    shop.desk.register(an_order(payments=()))
    shop.desk.record_payment("o-1", marked)
    assert shop.order.refundable == eur("100.00")
    assert shop.order.payment("p-1").reported_version == 0


def a_case(status, funds):
    """Return a chargeback of 40.00."""
    return DisputeReport(
        reference="d-1", amount=eur("40.00"), stage=DisputeStage.CHARGEBACK, status=status, funds=funds
    )
