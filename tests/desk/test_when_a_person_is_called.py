"""When a person is called: what is overdue, for whom, and since when it counts (law E4)."""

import attrs
import pytest

from refundkit import EventKind, ManualGateway, RefundStatus, Settles
from refundkit.desk import overdue
from refundkit.testing.builders import make_event
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import KIM, Shop, a_payment, an_order


def swept(shop, **wait):
    """Wait, let the sweep come though nothing is due, and return what is flagged as overdue."""
    shop.clock.advance(**wait)
    shop.store.change("o-1", lambda order: (attrs.evolve(order, due_at=shop.clock.now), ()))
    shop.desk.recover()
    return [flag.subject for flag in shop.order.flags if flag.kind.value == "overdue"]


def a_silent_shop(*faults):
    """Return a shop with one refund of which nobody hears."""
    shop = Shop(*(faults or [Fault.LOST_REQUEST]))
    shop.refund("10.00", key="r-0")
    shop.gateway.down = True
    return shop


def test_what_a_person_settles_anyway_is_not_overdue():
    """A bank transfer waits for its confirmation, however long; nobody is reminded by a flag."""
    gateway = ManualGateway(settles=Settles.ON_CONFIRMATION)
    shop = Shop(gateway=gateway, order=an_order(payments=(a_payment(gateway="manual"),)))
    shop.refund("10.00")

    assert swept(shop, days=100) == []


def test_each_refund_has_its_own_days():
    """Whoever cleared the flag of one refund has not looked at the other one."""
    shop = a_silent_shop()
    shop.clock.advance(days=1)
    shop.refund("10.00", key="r-1")
    first, second = (refund.id for refund in shop.order.refunds)
    assert swept(shop, days=2) == [first]
    shop.desk.acknowledge("o-1", actor=KIM)

    assert swept(shop, days=1) == [second]


@pytest.mark.parametrize(
    ("flag", "later"), [("overdue", True), ("ambiguous", False)], ids=["the same flag", "another flag"]
)
def test_only_the_same_call_gives_three_more_days(flag, later):
    """Another flag about the refund was cleared for another reason."""
    shop = a_silent_shop()
    refund = shop.only_refund
    shop.clock.advance(days=2)
    data = {"flag": flag, "subject": refund.id}
    event = make_event(kind=EventKind.ORDER_FLAGGED, at=shop.clock(), data=data)
    shop.store.change("o-1", lambda order: (order, (event,)))

    assert swept(shop, days=1) == ([] if later else [refund.id])


def test_what_was_settled_in_between_needs_nobody(monkeypatch, caplog):
    """Law T3: the newest order decides in the very transaction that raises the flag."""
    shop = a_silent_shop()
    judge = overdue._is_overdue

    def and_then(*args):
        is_overdue = judge(*args)
        done = shop.only_refund.moved(RefundStatus.SUCCEEDED, settled_at=shop.clock())
        shop.store.change("o-1", lambda order: (order.with_refund(done), ()))
        return is_overdue

    monkeypatch.setattr(overdue, "_is_overdue", and_then)

    assert swept(shop, days=4) == []
    assert "order.broken" not in caplog.messages
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
