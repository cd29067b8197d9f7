"""What was settled is looked at again, and what cannot be settled becomes a person's case."""

import pytest

from refundkit import (
    EventKind,
    FailureCode,
    InvalidValueError,
    ManualGateway,
    RefundDenied,
    RefundStatus,
    Timing,
)
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import KIM, Shop, a_payment, an_order, eur, kinds_of


def test_a_refund_that_succeeded_is_looked_at_for_thirty_days():
    """Law E7: after a day, a week and a month; then it is left alone."""
    shop = Shop()
    shop.refund("40.00")
    looked = []
    for day in range(1, 60):
        shop.clock.advance(days=1)
        if shop.desk.recover().orders:
            looked.append(day)
    assert looked == [1, 7, 30]
    assert shop.order.due_at is None


def test_a_refund_that_the_bank_sent_back_is_found_without_any_webhook():
    """Law E7: the money is refundable again, and an event says so."""
    shop = Shop()
    reference = shop.refund("40.00").refunds[0].reference
    shop.clock.advance(days=3)
    shop.desk.recover()
    shop.gateway.settle(reference, RefundStatus.FAILED, FailureCode.RETURNED)
    shop.clock.advance(days=5)
    assert kinds_of(shop.desk.recover().events) == [EventKind.REFUND_FAILED_AFTER_SUCCESS]
    assert shop.order.refundable == eur("100.00")


def test_cash_is_not_looked_at_again():
    """Nobody can be asked about money that a person handed out."""
    paid = a_payment(gateway="manual", reference="receipt-1")
    shop = Shop(order=an_order(payments=(paid,)), gateway=ManualGateway())
    shop.refund("40.00")
    assert shop.order.due_at is None


# Overdue.


def overdue_shop():
    """Return a shop whose gateway has been away for four days, with one unanswered refund, swept all the time."""
    shop = Shop(Fault.LOST_REQUEST)
    shop.refund("40.00")
    shop.gateway.down = True
    for _ in range(16):
        shop.clock.advance(hours=6)
        shop.desk.recover()
    return shop


def test_after_three_days_a_person_is_asked():
    """The end of every road that no program can walk is a flag, once, with what to do in it."""
    shop = overdue_shop()
    assert shop.flags() == ["overdue"]
    assert kinds_of(shop.desk.timeline("o-1")).count(EventKind.ORDER_FLAGGED) == 1
    assert "confirm() it" in shop.order.flags[0].text
    assert shop.order.reserved == eur("40.00")
    with pytest.raises(RefundDenied):
        shop.refund("10.00", key="another")


def test_a_person_may_settle_what_is_overdue():
    """confirm() takes a person's word, because the gateway gives none."""
    shop = overdue_shop()
    shop.desk.confirm(shop.only_refund.id, actor=KIM, status=RefundStatus.FAILED, note="account closed")
    assert shop.order.refundable == eur("100.00")


def test_a_person_may_let_the_sweep_go_on():
    """acknowledge() gives the refund another three days; when its gateway is back, it is done once."""
    shop = overdue_shop()
    shop.desk.acknowledge("o-1", actor=KIM, note="they promised to be back")
    shop.clock.advance(days=1)
    shop.desk.recover()
    assert shop.flags() == []
    shop.gateway.down = False
    shop.clock.advance(days=1)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    assert shop.moved == eur("40.00")


def test_whoever_let_it_go_on_is_asked_again():
    """Another three days later, and not with every sweep."""
    shop = overdue_shop()
    shop.desk.acknowledge("o-1", actor=KIM)
    for _ in range(16):
        shop.clock.advance(hours=6)
        shop.desk.recover()
    assert shop.flags() == ["overdue"]
    assert kinds_of(shop.desk.timeline("o-1")).count(EventKind.ORDER_FLAGGED) == 2


def test_what_is_overdue_is_not_sent_while_the_flag_is_up():
    """Nothing is sent behind the back of the person who looks; what the gateway shows is recorded."""
    shop = overdue_shop()
    shop.gateway.down = False
    calls = len(shop.gateway.calls)
    shop.clock.advance(days=2)
    shop.desk.recover()
    assert len(shop.gateway.calls) == calls
    shop.gateway.refund_elsewhere("ref-1", eur("40.00"), refund_id=shop.only_refund.id)
    shop.clock.advance(days=2)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUCCEEDED


def test_after_six_weeks_of_pending_a_person_is_asked():
    """A bank that never says yes or no is a person's case too; until the flag is up, nobody is troubled."""
    shop = Shop(Fault.PENDING)
    shop.refund("40.00")
    for _ in range(44):
        shop.clock.advance(days=1)
        shop.desk.recover()
    assert shop.flags() == []
    shop.clock.advance(days=1)
    shop.desk.recover()
    assert shop.flags() == ["overdue"]
    shop.desk.confirm(shop.only_refund.id, actor=KIM, status=RefundStatus.FAILED, note="the bank lost it")
    assert shop.order.refundable == eur("100.00")


def test_a_refund_that_waits_for_a_person_anyway_is_not_overdue():
    """A manual refund waits as long as it takes."""
    paid = a_payment(gateway="manual", reference="receipt-1")
    shop = Shop(order=an_order(payments=(paid,)), gateway=ManualGateway(settles="on_confirmation"))
    shop.refund("40.00")
    shop.clock.advance(days=9)
    shop.desk.recover()
    assert shop.flags() == []


@pytest.mark.parametrize("field", ["lease", "poll", "overdue", "overdue_pending"])
def test_a_timing_without_a_wait_is_refused(field):
    """Zero would never stop."""
    from datetime import timedelta

    with pytest.raises(InvalidValueError, match="above zero"):
        Timing(**{field: timedelta(0)})
