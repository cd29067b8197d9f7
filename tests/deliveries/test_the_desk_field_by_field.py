"""The delivery desk and its deliverers: what they are asked, what they are told, and what the desk answers."""

from datetime import timedelta

import pytest

from refundkit import (
    Actor,
    Delivery,
    DeliveryDesk,
    DeliveryTiming,
    EventKind,
    InvalidValueError,
    PluginError,
    RefundStatus,
    Revocation,
    StoreBusyError,
    StoreError,
)
from refundkit.model.deliveries import DeliveryMove, DeliveryStatus, move_key
from refundkit.testing.builders import make_payment
from refundkit.testing.clock import FakeClock
from refundkit.testing.fake_deliverer import DeliveryFault, FakeDeliverer
from tests.deliveries.shop import KIM, LEE, Shop, a_delivery, an_order, eur, only

FAIL, CRASH, FINAL = DeliveryFault.FAIL, DeliveryFault.CRASH, DeliveryFault.FINAL


# What a deliverer is asked.


def test_a_call_holds_everything():
    """Law E2: the order, its line, the delivery, how many units, which move, its key, and until when."""
    shop = Shop(order=only("keys"))
    shop.deliver()
    shop.refund(lines={"keys": 1})
    shop.desk.sweep()

    first, second = shop.goods.calls
    assert (first.order.id, first.line.id, first.delivery.id) == ("o-1", "keys", "keys")
    assert (first.move, first.units, second.move, second.units) == ("deliver", 2, "revoke", 1)
    assert first.key == move_key("o-1", "keys", DeliveryMove.DELIVER, 0)
    assert second.key == move_key("o-1", "keys", DeliveryMove.REVOKE, 1)
    assert first.deadline == shop.clock() + timedelta(minutes=2)


@pytest.mark.parametrize(("waits", "asked"), [(119, 1), (120, 0), (121, 0)])
def test_nobody_is_asked_when_the_turn_is_over(waits, asked):
    """Law E1: a listener that takes as long as the lease means that the next sweep asks."""
    shop = Shop(order=only("book"))
    seconds = iter([0.0, float(waits), 0.0])
    shop.new_desk(monotonic=lambda: next(seconds)).deliver("o-1")

    assert len(shop.goods.calls) == asked
    assert bool(shop.of("book").last_error) is not bool(asked)


def test_goods_that_go_back_and_forth_rest_after_four_moves():
    """Whatever happens meanwhile, one turn comes to an end; the rest is for the next sweep."""

    class Swinging(FakeDeliverer):
        def deliver(self, call):
            receipt = super().deliver(call)
            shop.refund(f"r-{len(self.calls)}")
            return receipt

        def revoke(self, call):
            receipt = super().revoke(call)
            shop.bank(RefundStatus.FAILED, f"r-{len(self.calls) - 1}")
            shop.refunds.acknowledge("o-1", actor=KIM)
            return receipt

    swinging = Swinging(name="swing")
    shop = Shop(order=only("book", kind="swing"), others=(swinging,))
    shop.deliver()

    assert [call.move.value for call in swinging.calls] == ["deliver", "revoke", "deliver", "revoke"]


# Who is asked.


@pytest.mark.parametrize(("test", "wanted"), [(True, False), (False, True)])
def test_live_and_test_are_told_apart_in_words(test, wanted):
    """Law S7: the reason says which of the two is which."""
    shop = Shop(order=only("book", kind="g"), others=(FakeDeliverer(name="g", test=test),))
    shop.refunds.register(an_order(id="o-2", test=wanted, payments=(), deliveries=()))
    order = shop.store.get("o-2")

    reason = shop.desk._dispatch.deliverer_for(order, "g")

    kind, goods = ("test" if wanted else "live"), ("test" if test else "live")
    assert reason.code == "test_and_live"
    assert f"Order o-2 is a {kind} order" in reason.text
    assert f"deliverer g hands over {goods} goods" in reason.text


@pytest.mark.parametrize(("deliverers", "listed"), [((), "none"), (("b", "a"), "a, b")])
def test_who_is_installed_is_told(deliverers, listed):
    """Law C5: whoever misspelt a name sees the right ones."""
    shop = Shop(order=only("book"))
    desk = shop.new_desk(deliverers=[FakeDeliverer(name=name) for name in deliverers])

    (reason,) = desk.deliver("o-1").reasons

    assert reason.code == "deliverer_not_installed"
    assert f"(installed: {listed})" in reason.text
    assert "'fake'" in reason.text


def test_deliverers_have_names():
    """A delivery names its deliverer, so one without a name is nobody's."""
    with pytest.raises(PluginError, match="FakeDeliverer has neither name nor kind"):
        Shop(others=(FakeDeliverer(name=""),))


# What the desk answers.


def test_a_result_says_what_is_missing_and_why():
    """Each reason once, and only for what the customer shall have and has not."""
    order = an_order(deliveries=(a_delivery("keys", kind="parrot"), a_delivery("book", kind="parrot")))
    result = Shop(order=order).deliver()

    assert (result.order_id, [one.id for one in result.deliveries]) == ("o-1", ["keys", "book"])
    assert [reason.code for reason in result.reasons] == ["deliverer_not_installed"]
    assert (result.delivered, result.failed) == ((), ())


def test_a_result_has_no_reasons_when_nothing_is_missing():
    """A rejected order whose goods are back lacks nothing."""
    shop = Shop(FAIL)
    failed = shop.deliver()
    assert ([one.id for one in failed.failed], [one.id for one in failed.delivered]) == (["keys"], ["book"])
    assert failed.reasons == ()
    shop.refund()

    assert shop.deliver().reasons == ()


@pytest.mark.parametrize("revocation", ["never", Revocation.NEVER])
def test_a_shop_that_takes_nothing_back_says_so_in_either_form(revocation):
    """By the word in a configuration or the value in a program."""
    shop = Shop(order=only("book"), revocation=revocation)
    shop.deliver()
    shop.refund()

    assert (shop.deliver().reasons, shop.has("book")) == ((), 1)


def test_who_called_it_off_is_told():
    """Law T4: whoever delivers an order that was refunded ends what was begun, in their own name."""
    shop = Shop(order=only("book"))
    shop.refund()
    shop.deliver()

    assert shop.told() == [("delivery.revoked", "kim")]


# Adding.


def test_an_added_delivery_is_told_with_all_it_is():
    """Law T4: which delivery, by whom it is delivered, for which line, and how many units."""
    shop = Shop(order=an_order(deliveries=()))
    added = shop.desk.add("o-1", [a_delivery("keys"), a_delivery("book")], actor=LEE)

    (first, second) = (one for one in shop.store.events("o-1") if one.kind is EventKind.DELIVERY_ADDED)
    assert dict(first.data) == {"delivery": "keys", "kind": "fake", "line": "keys", "quantity": 2}
    assert (second.data["delivery"], second.actor) == ("book", LEE)
    assert shop.order.delivery_due_at == shop.clock()
    assert added.deliveries == shop.order.deliveries


@pytest.mark.parametrize("change", [{"line_id": "keys"}, {"kind": "other"}, {"target": "x"}, {"quantity": 2}])
def test_an_id_stands_for_one_delivery(change):
    """The same again changes nothing; anything else under the id is refused, and the refusal names it."""
    shop = Shop(others=(FakeDeliverer(name="other"),))
    shop.deliver()
    before = shop.order
    shop.desk.add("o-1", [a_delivery("book")], actor=KIM)
    assert shop.order == before

    other = Delivery(
        **{"id": "book", "line_id": "book", "kind": "fake", "target": "jo@example.org", **change}
    )
    with pytest.raises(InvalidValueError, match="has another delivery of that id") as refused:
        shop.desk.add("o-1", [other], actor=KIM)
    assert (refused.value.field, refused.value.value) == ("deliveries", "book")


@pytest.mark.parametrize(
    "begun",
    [
        {"move": DeliveryMove.DELIVER, "units": 1},
        {"moves": 1},
        {"attempts": 1},
        {"due_at": FakeClock().now},
        {"leased_until": FakeClock().now},
        {"status": DeliveryStatus.DELIVERED},
        {"status": DeliveryStatus.FAILED},
        {"handed_over": 1},
    ],
    ids=str,
)
def test_what_was_begun_elsewhere_is_not_added(begun):
    """Nobody here knows its end; what the customer has already may be told."""
    shop = Shop(order=an_order(deliveries=()))

    with pytest.raises(InvalidValueError, match="brings a history") as refused:
        shop.desk.add("o-1", [a_delivery("book", **begun)], actor=KIM)
    assert (refused.value.field, refused.value.value) == ("deliveries", "book")
    shop.desk.add("o-1", [a_delivery("book", status=DeliveryStatus.DELIVERED, handed_over=1)], actor=KIM)


# Sweeping.


def with_another(*faults):
    """Return a shop with orders o-1 and o-2, of one book each."""
    shop = Shop(*faults, order=only("book"))
    payment = make_payment(gateway="fake", reference="ref-2", captured=eur("100.00"))
    shop.refunds.register(an_order(id="o-2", payments=(payment,), deliveries=(a_delivery("book"),)))
    return shop


def test_a_sweep_tells_what_it_did():
    """The orders it looked at, what happened there, and those of which something failed."""
    shop = with_another(FAIL)

    sweep = shop.desk.sweep()

    assert (sweep.orders, sweep.failing) == (("o-1", "o-2"), ("o-1",))
    assert [(one.order_id, one.kind.value) for one in sweep.events] == [
        ("o-1", "delivery.failed"),
        ("o-2", "delivery.delivered"),
    ]
    assert {one.actor for one in sweep.events} == {Actor.system("refundkit")}
    again = shop.desk.sweep()
    assert (again.orders, again.events, again.failing) == ((), (), ())


def test_a_sweep_takes_so_many_and_no_more():
    """The others get their turn with the next one."""
    shop = with_another()

    assert [len(shop.desk.sweep(limit=1).orders) for _ in range(3)] == [1, 1, 0]


def test_a_sweep_that_dies_loses_no_turn():
    """Law E1: what it had taken is due again when its lease is over, and not before."""
    shop = Shop(order=only("book"))
    get = shop.store.get

    def dies(order_id):
        raise KeyboardInterrupt

    shop.store.get = dies
    with pytest.raises(KeyboardInterrupt):
        shop.desk.sweep()
    shop.store.get = get

    shop.later(seconds=119)
    assert shop.goods.calls == []
    shop.later(seconds=1)
    assert shop.has("book") == 1


@pytest.mark.parametrize(
    ("error", "stops"), [(ValueError("x"), False), (StoreError("x"), False), (StoreBusyError("x"), True)]
)
def test_an_order_that_breaks_holds_up_no_other(error, stops):
    """Law E6: only a store that is away ends the sweep."""
    shop = with_another()
    change = shop.store.change

    def breaks(order_id, function):
        if order_id == "o-1":
            raise error
        return change(order_id, function)

    shop.store.change = breaks
    if stops:
        with pytest.raises(StoreBusyError):
            shop.desk.sweep()
        return
    sweep = shop.desk.sweep()
    assert (sweep.failing, shop.goods.units("o-2", "book")) == (("o-1",), 1)


# Telling.


def test_listeners_hear_everything_once_and_a_sweep_tells_the_rest():
    """Law T4: what a process that died had not told is told by the next sweep."""
    shop = Shop(order=only("book"), listeners=[])
    shop.deliver()
    heard = []

    shop.new_desk(listeners=[heard.append]).sweep()

    assert [event.kind.value for event in heard] == ["order.registered", "delivery.delivered"]


def test_a_change_without_news_tells_nobody():
    """Nothing was said, so no listener is called."""
    shop = Shop(order=only("book"), timing=DeliveryTiming())
    shop.deliver()
    heard = len(shop.news)
    shop.deliver()

    assert len(shop.news) == heard


def test_who_waits_longest_stays_first():
    """Law E6: news of the money makes goods due at once, and does not send those to the end that are due already."""
    shop = Shop(order=only("book"))
    due = shop.order.delivery_due_at
    shop.refund(lines={"keys": 1})
    assert shop.order.delivery_due_at == due < shop.clock()

    shop.deliver()
    assert shop.order.delivery_due_at is None
    shop.refund("return-2", lines={"keys": 1})
    assert shop.order.delivery_due_at == shop.clock()


def test_goods_are_looked_at_when_their_money_moves():
    """Law T4: a note decides nothing about goods, and an order without goods is never due for any."""
    shop = Shop(order=only("book"))
    shop.deliver()
    shop.refunds.annotate("o-1", actor=KIM, note="a friendly customer")
    assert shop.order.delivery_due_at is None

    bare = Shop(order=an_order(deliveries=()))
    bare.refund()
    assert bare.order.delivery_due_at is None


def test_a_desk_without_a_clock_has_one():
    """The time of day, with its zone."""
    shop = Shop(order=only("book"))
    DeliveryDesk(store=shop.store, deliverers=[shop.goods]).deliver("o-1")

    assert shop.of("book").delivered_at.tzinfo is not None


def test_a_sweep_takes_a_hundred_orders_unless_told_otherwise():
    """Law E6: the others get their turn with the next one."""
    shop = Shop(order=only("book"))
    for number in range(2, 103):
        payment = make_payment(gateway="fake", reference=f"ref-{number}", captured=eur("100.00"))
        order = an_order(id=f"o-{number}", payments=(payment,), deliveries=(a_delivery("book"),))
        shop.refunds.register(order)

    assert [len(shop.desk.sweep().orders) for _ in range(3)] == [100, 2, 0]
