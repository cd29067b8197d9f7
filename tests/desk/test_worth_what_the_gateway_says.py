"""A refund made elsewhere is worth what its gateway says, whatever was written down by hand (law T1)."""

from refundkit import EventKind, RefundStatus
from tests.desk.shop import KIM, Shop, a_request, an_order, eur, kinds_of


def test_a_refund_of_nothing_is_no_refund():
    """Law C2: a gateway may list one of 0.00, under whatever name; there is nothing to record, and nothing breaks."""
    shop = Shop()
    shop.gateway.refund_elsewhere("ref-1", eur("0.00"))
    shop.gateway.refund_elsewhere("ref-1", eur("0.00"), refund_id="a name of ours")
    assert shop.desk.receive("fake", **shop.gateway.webhook("ref-1")) == ()
    assert shop.order.refunds == ()


def other_amount(written="10.00", told="12.00", **changes):
    """Return a shop in which somebody wrote down another amount than the gateway tells."""
    shop = Shop(**changes)
    reference = shop.gateway.refund_elsewhere("ref-1", eur(told))
    shop.desk.record_external("o-1", "p-1", eur(written), reference=reference, actor=KIM)
    return shop, reference


def test_the_gateway_knows_better_what_it_gave_back():
    """Law T1: a refund that somebody recorded by hand with a wrong amount is worth what its gateway says; flagged."""
    shop, reference = other_amount()
    assert kinds_of(shop.desk.refresh("o-1")) == [EventKind.REFUND_MISMATCHED, EventKind.ORDER_FLAGGED]
    refund = shop.only_refund
    assert (refund.amount, refund.reference, shop.flags()) == (eur("12.00"), reference, ["mismatched"])
    assert sum((part.amount for part in refund.lines), eur("0.00")) == eur("12.00")
    assert shop.order.refundable == eur("88.00")
    assert "12.00 EUR; 10.00 EUR was written down" in shop.order.flags[0].text
    assert shop.desk.refresh("o-1") == ()


def test_more_than_was_left_is_recorded_as_well():
    """Law T1: what the gateway says counts, also beyond the cap."""
    shop, _ = other_amount(told="120.00")
    shop.desk.refresh("o-1")
    assert shop.flags() == ["mismatched", "over_refunded"]
    assert shop.order.exposure == eur("20.00")


def test_another_amount_on_lines_that_were_revised_since():
    """Law C8: lines of an older revision are closed; the money counts all the same."""
    shop, _ = other_amount(written="12.00", told="10.00")
    shop.desk.change("o-1", a_request(revision=an_order().lines[1:]))
    shop.desk.refresh("o-1")
    adopted = shop.order.refunds[0]
    assert (adopted.amount, adopted.lines) == (eur("10.00"), ())
    assert shop.order.refundable == eur("62.00")


def test_a_late_report_corrects_no_amount():
    """Law T3: a report that was overtaken may be the older word."""
    shop, reference = other_amount()
    real = shop.gateway.fetch

    def overtaken(payments):
        told = real(payments)
        shop.gateway.fetch = real
        shop.desk.record_external("o-1", "p-1", eur("1.00"), reference="another", actor=KIM)
        shop.gateway.fetch = lambda _: ()
        return told

    shop.gateway.fetch = overtaken
    shop.desk.refresh("o-1")
    assert {refund.reference: refund.amount for refund in shop.order.refunds}[reference] == eur("10.00")


def test_a_refund_that_failed_keeps_the_amount_it_was_known_with():
    """Law T1: what a gateway calls the amount of a refund that moved nothing moves nothing."""
    shop, reference = other_amount()
    shop.gateway.settle(reference, RefundStatus.FAILED)
    assert kinds_of(shop.desk.refresh("o-1")) == [EventKind.REFUND_FAILED_AFTER_SUCCESS]
    assert shop.order.refundable == eur("100.00")
