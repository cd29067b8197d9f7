"""Handing over: what is due, when nothing may be handed over, what fails, and what is stored before."""

from datetime import timedelta

import attrs
import pytest

from refundkit import (
    DeliveryError,
    DeliveryTiming,
    EventKind,
    OrderExistsError,
    RefundRequest,
    Work,
)
from refundkit.testing.builders import make_dispute, make_flag, make_payment
from refundkit.testing.fake_deliverer import DeliveryFault, FakeDeliverer
from tests.deliveries.shop import KIM, LEE, Shop, a_delivery, an_order, eur, only

FAIL, LOST, FINAL, CRASH = (
    DeliveryFault.FAIL,
    DeliveryFault.LOST_ANSWER,
    DeliveryFault.FINAL,
    DeliveryFault.CRASH,
)
UNPAID = {"payments": ()}


def test_a_paid_order_is_delivered():
    """Each delivery hands over its units once, and the timeline names who had it done."""
    shop = Shop()
    result = shop.deliver()
    assert [one.id for one in result.delivered] == ["keys", "book"]
    assert (shop.has("keys"), shop.has("book")) == (2, 1)
    assert shop.of().delivered_at == shop.clock()
    assert shop.told() == [("delivery.delivered", "kim")] * 2
    assert shop.order.status == "delivered"
    assert shop.order.delivery_due_at is None


def test_delivering_again_changes_nothing():
    """The command may be repeated, by any process."""
    shop = Shop()
    shop.deliver()
    before = shop.order
    shop.new_desk().deliver("o-1")
    assert shop.order == before
    assert len(shop.goods.calls) == 2


def test_registering_makes_the_goods_due():
    """The sweep finds a new order by itself; to register it again is still no change."""
    shop = Shop()
    assert shop.refunds.register(an_order()) == shop.order
    sweep = shop.desk.sweep()
    assert (sweep.orders, sweep.failing) == (("o-1",), ())
    assert [event.kind for event in sweep.events] == [EventKind.DELIVERY_DELIVERED] * 2
    assert shop.desk.sweep().orders == ()


def test_other_content_is_still_refused():
    """The mark of what is due takes nothing away from the check of a registered order."""
    shop = Shop()
    with pytest.raises(OrderExistsError):
        shop.refunds.register(an_order(deliveries=(a_delivery("keys"),)))


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (an_order(**UNPAID), "not_paid"),
        (an_order(payments=(make_payment(gateway="fake", captured=eur("99.99")),)), "not_paid"),
    ],
)
def test_an_unpaid_order_is_not_delivered(order, code):
    """The result says why nothing was handed over, and nobody is asked."""
    shop = Shop(order=order)
    assert [reason.code for reason in shop.deliver().reasons] == [code]
    assert shop.goods.calls == []
    assert shop.order.delivery_due_at is None


def test_a_payment_makes_the_goods_due():
    """Whoever pays late gets the goods with the next sweep."""
    shop = Shop(order=an_order(**UNPAID))
    shop.desk.sweep()
    shop.refunds.record_payment(
        "o-1", make_payment(gateway="fake", reference="ref-1", captured=eur("100.00"))
    )
    shop.desk.sweep()
    assert (shop.has("keys"), shop.has("book")) == (2, 1)


@pytest.mark.parametrize(
    ("code", "spoiled"),
    [
        ("order_disputed", lambda order: order.with_dispute(make_dispute())),
        ("order_flagged", lambda order: order.with_flag(make_flag())),
    ],
)
def test_nothing_is_handed_over_while_something_is_wrong(code, spoiled):
    """A disputed or flagged order waits; the result says for what."""
    shop = Shop()
    shop.store.change("o-1", lambda order: (spoiled(order), ()))
    assert [reason.code for reason in shop.deliver().reasons] == [code]
    assert shop.goods.calls == []


def test_acknowledging_a_flag_makes_the_goods_due():
    """After a person has looked, the next sweep hands over."""
    shop = Shop()
    shop.store.change("o-1", lambda order: (order.with_flag(make_flag()), ()))
    shop.desk.sweep()
    shop.refunds.acknowledge("o-1", actor=KIM)
    shop.desk.sweep()
    assert shop.has("book") == 1


def test_a_rejected_order_is_not_delivered():
    """What was rejected before anything was handed over is called off."""
    shop = Shop()
    shop.refunds.reject("o-1", RefundRequest(key="no", reason="out of stock"))
    shop.deliver()
    assert (shop.status("keys"), shop.status("book")) == ("revoked", "revoked")
    assert shop.goods.calls == []


@pytest.mark.parametrize(("test", "wanted"), [(False, True), (True, False)])
def test_test_orders_never_get_live_goods(test, wanted):
    """Law S7: a test order never meets a live deliverer, nor a live order a test one."""
    shop = Shop(order=an_order(test=wanted), can={"test": test})
    assert [reason.code for reason in shop.deliver().reasons] == ["test_and_live"]
    assert shop.goods.calls == []
    assert shop.order.delivery_due_at is None


def test_a_deliverer_that_is_not_installed_is_a_reason():
    """Law C5: another process may have it, so the order stays due; here nothing breaks."""
    shop = Shop(order=only("book", kind="parrot"))
    assert [reason.code for reason in shop.deliver().reasons] == ["deliverer_not_installed"]
    assert shop.order.delivery_due_at > shop.clock()
    shop.later(hours=13)
    shop.new_desk(deliverers=[FakeDeliverer(name="parrot")]).sweep()
    shop.clock.advance(hours=13)
    shop.new_desk(deliverers=[FakeDeliverer(name="parrot")]).sweep()
    assert shop.status("book") == "delivered"


def test_it_is_stored_before_it_is_asked():
    """Law E1: leased, counted and written down before the deliverer is asked, with no transaction open."""
    seen = []

    class Looking(FakeDeliverer):
        def deliver(self, call):
            seen.append(shop.of("book"))
            # A store in memory refuses this while a change is running.
            shop.refunds.annotate("o-1", actor=KIM, note="looked in")
            return super().deliver(call)

    shop = Shop(order=only("book", kind="looking"), others=(Looking(name="looking"),))
    shop.deliver()
    (stored,) = seen
    assert (stored.move, stored.units, stored.attempts) == ("deliver", 1, 1)
    assert stored.leased_until == shop.clock() + DeliveryTiming().lease


@pytest.mark.parametrize("fault", [FAIL, LOST, CRASH])
def test_what_failed_is_tried_again_under_the_same_key(fault):
    """Law E2: one key for all tries of one move; the goods are handed over once."""
    shop = Shop(fault, order=only("book"))
    shop.deliver()
    assert shop.status("book") == "failed"
    assert shop.of("book").last_error
    shop.later(seconds=59)
    assert len(shop.goods.calls) == 1
    shop.later(seconds=1)
    assert shop.status("book") == "delivered"
    assert (len(shop.keys_of("book")), len(set(shop.keys_of("book")))) == (2, 1)
    assert (shop.has("book"), shop.of("book").last_error) == (1, "")


def test_one_that_fails_leaves_the_others_alone():
    """Each delivery has a fate of its own."""
    shop = Shop(FAIL)
    result = shop.deliver()
    assert [one.id for one in result.failed] == ["keys"]
    assert shop.status("book") == "delivered"
    assert shop.order.status == "partially_delivered"


def test_the_schedule_is_data():
    """The waits are those of the timing, and after the last try a person has to look."""
    waits = (timedelta(minutes=1), timedelta(minutes=10))
    timing = DeliveryTiming(retries=waits, most_attempts=4)
    shop = Shop(FAIL, FAIL, FAIL, FAIL, order=only("book"), timing=timing)
    shop.deliver()
    due = []
    while shop.order.delivery_due_at is not None:
        due.append(shop.order.delivery_due_at - shop.clock())
        shop.later(seconds=due[-1].total_seconds())
    assert due == [waits[0], waits[1], waits[1]]
    assert (shop.status("book"), shop.of("book").attempts) == ("dead_lettered", 4)
    assert [kind for kind, _ in shop.told()] == ["delivery.failed"] * 3 + ["delivery.dead_lettered"]
    shop.later(days=30)
    assert len(shop.goods.calls) == 4


def test_a_final_error_is_dead_lettered_at_once():
    """Nothing was handed over for certain; whoever tries again does so under a new key."""
    shop = Shop(FINAL, order=only("book"))
    shop.deliver()
    assert shop.status("book") == "dead_lettered"
    shop.desk.retry("o-1", "book", actor=LEE)
    assert shop.status("book") == "delivered"
    assert len(set(shop.keys_of("book"))) == 2


def test_a_process_that_dies_loses_nothing():
    """Law E1: the try that nobody finished is repeated when its lease is over, under its key."""

    class Dying(FakeDeliverer):
        dies = True

        def deliver(self, call):
            receipt = super().deliver(call)
            if self.dies:
                raise KeyboardInterrupt
            return receipt

    dying = Dying(name="dying")
    shop = Shop(order=only("book", kind="dying"), others=(dying,))
    with pytest.raises(KeyboardInterrupt):
        shop.deliver()
    dying.dies = False
    shop.later(seconds=60)
    assert len(dying.calls) == 1
    shop.later(seconds=60)
    assert shop.status("book") == "delivered"
    assert dying.units("o-1", "book") == 1
    assert len({call.key for call in dying.calls}) == 1


def test_nobody_asks_while_another_asks():
    """A delivery that is leased is left alone by everybody else."""

    class Slow(FakeDeliverer):
        def deliver(self, call):
            shop.new_desk().deliver("o-1")
            shop.desk.sweep()
            return super().deliver(call)

    slow = Slow(name="slow")
    shop = Shop(order=only("book", kind="slow"), others=(slow,))
    shop.deliver()
    assert len(slow.calls) == 1


def test_a_turn_that_is_over_asks_nobody():
    """Who stood still for longer than the lease does not ask: another may be at it."""
    seconds = iter([0.0, 1000.0, 1000.0, 1000.0])
    shop = Shop(order=only("book"))
    shop.new_desk(monotonic=lambda: next(seconds)).deliver("o-1")
    assert shop.goods.calls == []
    assert shop.status("book") == "failed"


def test_a_late_answer_counts_once():
    """A success that comes after the lease is still a success, and nobody hands over twice."""

    class Late(FakeDeliverer):
        def deliver(self, call):
            receipt = super().deliver(call)
            if len(self.calls) == 1:
                shop.later(minutes=3)
            return receipt

    late = Late(name="late")
    shop = Shop(order=only("book", kind="late"), others=(late,))
    shop.deliver()
    assert (shop.status("book"), late.units("o-1", "book"), shop.of("book").handed_over) == (
        "delivered",
        1,
        1,
    )
    assert [kind for kind, _ in shop.told()] == ["delivery.delivered"]


def test_a_late_failure_says_nothing_about_a_newer_try():
    """The failure of a try whose lease ran out does not undo the success of the next one."""

    class Late(FakeDeliverer):
        def deliver(self, call):
            if len(self.calls) == 0:
                self.calls.append(call)
                shop.later(minutes=3)
                raise DeliveryError("too late")
            return super().deliver(call)

    shop = Shop(order=only("book", kind="late"), others=(Late(name="late"),))
    shop.deliver()
    assert shop.status("book") == "delivered"


def test_what_is_no_receipt_is_an_error():
    """A deliverer that answers anything else has told us nothing."""

    class Mute(FakeDeliverer):
        def deliver(self, call):
            return "done"

    shop = Shop(order=only("book", kind="mute"), others=(Mute(name="mute"),))
    shop.deliver()
    assert shop.of("book").last_error == "Deliverer mute answered with str, which is no Receipt."


def test_what_a_plugin_raises_is_not_told():
    """Law S2: an exception of a plugin may lead to a secret; only its type is written down."""

    class Blabbing(FakeDeliverer):
        def deliver(self, call):
            raise RuntimeError("key sk_live_1")

    shop = Shop(order=only("book", kind="blab"), others=(Blabbing(name="blab"),))
    shop.deliver()
    assert "sk_live" not in repr(shop.order) + repr(shop.store.events("o-1"))
    assert shop.of("book").last_error == "Deliverer blab raised RuntimeError."


def test_listeners_hear_of_it():
    """Events of deliveries go the way of all events."""
    shop = Shop()
    shop.deliver()
    assert EventKind.DELIVERY_DELIVERED in [event.kind for event in shop.news]


def test_a_sweep_leaves_out_what_raises():
    """One order that cannot be worked on does not keep the others from their turn."""
    shop = Shop(FAIL, order=only("book"))
    shop.refunds.register(
        attrs.evolve(only("keys"), id="o-2", payments=(make_payment(gateway="fake", captured=eur("100.00")),))
    )
    sweep = shop.desk.sweep()
    assert sorted(sweep.orders) == ["o-1", "o-2"]
    assert len(sweep.failing) == 1
    assert shop.store.claim(shop.clock(), until=shop.clock(), limit=9, work=Work.DELIVERIES) == ()
