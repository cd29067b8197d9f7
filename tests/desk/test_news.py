"""Listeners hear everything: after the commit, at least once, in order, and they break nothing (law T4)."""

import pytest

from refundkit import EventKind, InvalidValueError, MemoryStore, RefundStatus
from refundkit.desk import outbox
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import KIM, Shop, a_payment, a_request, an_order, eur, kinds_of


class Ears:
    """A listener that remembers, and that raises as often as it is told to."""

    def __init__(self, failing=0, look=None):
        self.heard = []
        self.failing = failing
        self.look = look

    def __call__(self, event):
        """Listen."""
        if self.look is not None:
            self.look(event)
        self.heard.append(event)
        if self.failing:
            self.failing -= 1
            raise RuntimeError("the mail server is down")


def test_events_are_told_in_order():
    """Law T4: what happened to an order is told in the order in which it happened."""
    ears = Ears()
    shop = Shop(listeners=[ears])
    shop.refund("40.00")
    assert kinds_of(ears.heard) == [
        EventKind.ORDER_REGISTERED,
        EventKind.REFUND_REQUESTED,
        EventKind.REFUND_SUBMITTED,
        EventKind.REFUND_SUCCEEDED,
    ]
    assert tuple(ears.heard) == shop.desk.timeline("o-1")


def test_events_are_told_after_the_commit():
    """Law T4: whoever is told can read it in the store."""
    shop = Shop()
    seen = []

    def look(event):
        seen.append((event.kind, shop.store.get("o-1").version >= event.version))
        shop.store.change("o-1", lambda order: (order, ()))

    desk = shop.new_desk(listeners=[Ears(look=look)])
    shop.desk = desk
    shop.refund("40.00")
    assert len(seen) == 4
    assert all(is_written for _, is_written in seen)


def test_a_request_is_told_before_the_gateway_is_asked():
    """Law T4: SUBMITTED is news of its own."""
    ears = Ears()
    shop = Shop(listeners=[ears])
    told = []
    real = shop.gateway.refund
    shop.gateway.refund = lambda call: (told.extend(kinds_of(ears.heard)), real(call))[1]
    shop.refund("40.00")
    assert told[-1] is EventKind.REFUND_SUBMITTED


def test_a_listener_that_raises_does_not_break_the_refund():
    """Law T4: the mail server is down, and the money goes back all the same."""
    shop = Shop(listeners=[Ears(failing=99)])
    assert shop.refund("40.00").returned == eur("40.00")


def test_a_listener_that_raised_is_told_again():
    """Law T4: at least once: the event and all later ones of the order wait, and come in order."""
    ears = Ears(failing=2)
    shop = Shop(listeners=[ears])
    shop.refund("40.00")
    shop.desk.recover()
    told = [event.number + 100 * event.version for event in ears.heard]
    assert set(ears.heard) == set(shop.desk.timeline("o-1"))
    first_told = list(dict.fromkeys(told))
    assert first_told == sorted(first_told)
    count = len(ears.heard)
    shop.desk.recover()
    assert len(ears.heard) == count


def test_other_listeners_are_told_all_the_same():
    """Law T4: one that raises does not silence the others."""
    ears = Ears()
    shop = Shop(listeners=[Ears(failing=99), ears])
    shop.refund("40.00")
    assert EventKind.ORDER_REGISTERED in kinds_of(ears.heard)


def test_other_orders_are_told_all_the_same():
    """Law T4: an order whose news cannot be told does not hold up another."""
    heard = []

    def picky(event):
        if event.order_id == "o-1":
            raise RuntimeError("no such customer")
        heard.append(event.kind)

    shop = Shop(listeners=[picky])
    shop.desk.register(an_order(id="o-2", payments=(a_payment(2),)))
    shop.refund("40.00")
    assert heard == [EventKind.ORDER_REGISTERED]
    shop.desk.annotate("o-2", actor=KIM, note="x")
    shop.desk.recover()
    assert heard == [EventKind.ORDER_REGISTERED, EventKind.ORDER_ANNOTATED]


def test_what_a_dead_process_did_not_tell_the_sweep_tells():
    """Law T4: a process that died between commit and telling loses no news."""
    shop = Shop()
    shop.refund("40.00")
    ears = Ears()
    shop.new_desk(listeners=[ears]).recover()
    assert tuple(ears.heard) == shop.desk.timeline("o-1")


def test_a_sweep_without_listeners_leaves_the_news_to_others():
    """Law T4: a desk that has nobody to tell does not put away what the shop's own process has to hear."""
    shop = Shop()
    shop.refund("40.00")
    shop.desk.recover()
    waiting = tuple(news.event for news in shop.store.undelivered())
    assert waiting == shop.desk.timeline("o-1")


def test_a_listener_may_work_with_the_desk():
    """Law T4: a listener that writes on the order is told of that as well, once, and nothing goes in circles."""
    shop = Shop()
    heard = []

    def note(event):
        heard.append(event.kind)
        if event.kind is EventKind.REFUND_SUCCEEDED:
            desk.annotate("o-1", actor=KIM, note="refunded")

    desk = shop.new_desk(listeners=[note])
    shop.desk = desk
    shop.refund("40.00")
    assert len(shop.order.notes) == 1
    assert heard.count(EventKind.REFUND_SUCCEEDED) == 1
    assert heard[-1] is EventKind.ORDER_ANNOTATED
    assert shop.store.undelivered() == ()


def test_a_listener_may_refund_another_order():
    """Law T4: what a listener does to another order is told as well."""
    shop = Shop()
    heard = []

    def chain(event):
        heard.append((event.order_id, event.kind))
        if (event.order_id, event.kind) == ("o-1", EventKind.REFUND_SUCCEEDED):
            desk.annotate("o-2", actor=KIM, note="its sister was refunded")

    desk = shop.new_desk(listeners=[chain])
    desk.register(an_order(id="o-2", payments=(a_payment(2),)))
    shop.desk = desk
    shop.refund("40.00")
    assert ("o-2", EventKind.ORDER_ANNOTATED) in heard


def test_events_are_numbered_for_ever():
    """Law T4: an event has the same id whenever it is told; its place in time is in it."""
    shop = Shop(Fault.PENDING)
    shop.refund("40.00")
    shop.gateway.settle("fake-refund-1", RefundStatus.SUCCEEDED)
    shop.desk.refresh("o-1")
    timeline = shop.desk.timeline("o-1")
    places = [(event.version, event.number) for event in timeline]
    assert places == sorted(set(places))
    assert len({event.id for event in timeline}) == len(timeline)


def test_a_refused_request_is_no_news():
    """Law T4: refund and event are written together, or neither is."""
    ears = Ears()
    shop = Shop(listeners=[ears])
    with pytest.raises(Exception, match=r"only 100\.00 EUR is left"):
        shop.refund("100.01")
    assert kinds_of(ears.heard) == [EventKind.ORDER_REGISTERED]


# Each listener for itself.


def only(number):
    """Return a listener that takes nothing of order o-*number*, and what it has heard."""
    heard = []

    def listener(event):
        if event.order_id == f"o-{number}":
            raise RuntimeError("no such customer")
        heard.append(event.kind)

    return listener, heard


def test_a_listener_that_fails_does_not_hold_up_the_others():
    """Law T4: the others hear everything, once and at once; the one that failed hears all of it later, in order."""
    failing, ears = Ears(failing=1), Ears()
    shop = Shop(listeners=[failing, ears])
    shop.refund("40.00")
    assert tuple(ears.heard) == shop.desk.timeline("o-1")
    shop.desk.recover()
    assert tuple(ears.heard) == shop.desk.timeline("o-1")
    assert tuple(dict.fromkeys(failing.heard)) == shop.desk.timeline("o-1")
    assert shop.store.undelivered() == ()


def test_what_a_listener_has_is_remembered_by_its_name():
    """Law T4: another process with listeners of the same names goes on where the first one stopped."""

    class Mail(Ears):
        name = "mail"

    class Ledger(Ears):
        name = "ledger"

    shop = Shop(listeners=[Mail(failing=99), Ledger()])
    shop.refund("40.00")
    mail, ledger = Mail(), Ledger()
    shop.new_desk(listeners=[ledger, mail]).recover()
    assert tuple(mail.heard) == shop.desk.timeline("o-1")
    assert ledger.heard == []


def test_two_listeners_of_one_name_are_two():
    """Law T4: two functions made by one factory do not take each other's events."""
    (first, some), (second, others) = only(9), only(9)
    shop = Shop(listeners=[first, second])
    shop.refund("40.00")
    assert some == others == kinds_of(shop.desk.timeline("o-1"))


def test_a_listener_that_is_down_is_not_waited_for_on_every_order():
    """Law T4: after twenty failures in a row it is told of ever fewer orders; the others hear of all."""
    failing, ears = Ears(failing=9999), Ears()
    shop = Shop()
    for number in range(2, 202):
        shop.desk.register(an_order(id=f"o-{number}", payments=(a_payment(number),)))
    shop.new_desk(listeners=[failing, ears]).recover()
    assert 20 < len(failing.heard) < 30
    assert len(ears.heard) == 201


def test_orders_that_a_listener_cannot_take_do_not_hide_the_others():
    """Law T4: more odd orders than a listener may fail on in a row stand before the one that it can take."""
    shop = Shop()
    for number in range(2, 62):
        shop.desk.register(an_order(id=f"o-{number:02}", payments=(a_payment(number),)))
    heard = []

    def picky(event):
        if event.order_id < "o-50":
            raise RuntimeError("no such customer")
        heard.append(event.order_id)

    shop.new_desk(listeners=[picky]).recover()
    assert sorted(heard) == [f"o-{number}" for number in range(50, 62)]


def test_a_listener_that_always_causes_news_comes_to_an_end():
    """Law T4: one that writes on the order whatever it is told does not keep its desk busy for ever."""
    shop = Shop()

    def noting(event):
        desk.annotate(event.order_id, actor=KIM, note="I have heard")

    desk = shop.new_desk(listeners=[noting])
    desk.annotate("o-1", actor=KIM, note="hello")
    assert 100 < len(shop.order.notes) < 300
    assert shop.store.undelivered()


def test_more_stuck_events_than_a_page_holds_block_nobody(monkeypatch):
    """Law T4: a listener that fails on most orders still hears of the one that it can take."""
    picky, heard = only(1)
    shop = Shop()
    for number in range(30):
        shop.desk.annotate("o-1", actor=KIM, note=f"note {number}")
    shop.desk.register(an_order(id="o-2", payments=(a_payment(2),)))
    monkeypatch.setattr(outbox, "PAGE", 10)
    shop.new_desk(listeners=[picky]).recover()
    assert heard == [EventKind.ORDER_REGISTERED]


def test_a_restored_store_gives_its_events_other_ids():
    """Law T4: a listener that remembers ids hears what happens after a restore, although versions count again."""
    shop = Shop()
    shop.refund("40.00")
    lost = {event.id for event in shop.desk.timeline("o-1")}
    shop.clock.advance(minutes=1)
    restored = shop.new_desk(MemoryStore())
    restored.register(an_order())
    restored.refund("o-1", a_request(amount=eur("10.00"), key="another"))
    assert lost.isdisjoint(event.id for event in restored.timeline("o-1"))


def test_a_delivery_of_very_many_events_leaves_some_for_the_next(monkeypatch, caplog):
    """Law T4: a sweep does not tell news for hours while refunds wait; nothing is lost, and the log says so."""
    monkeypatch.setattr(outbox, "PAGE", 10)
    monkeypatch.setattr(outbox, "MOST_TOLD", 20)
    shop = Shop()
    for number in range(30):
        shop.desk.annotate("o-1", actor=KIM, note=f"note {number}")
    ears = Ears()
    desk = shop.new_desk(listeners=[ears])
    desk.recover()
    assert len(ears.heard) == 20
    assert [record.told for record in caplog.records if record.message == "outbox.postponed"] == [20]
    desk.recover()
    assert tuple(ears.heard) == shop.desk.timeline("o-1")


def test_what_cannot_be_called_is_no_listener():
    """The name of a listener is not the listener; that is told when the desk is made, not in a log for ever."""
    with pytest.raises(InvalidValueError, match="'mail' is no listener"):
        Shop(listeners=["mail"])
