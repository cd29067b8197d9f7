"""Each line of the log: its logger, its level, and the ids by which whoever is on call finds the order."""

import logging

import pytest

from refundkit import (
    Customer,
    CustomerNotices,
    GatewayUnavailableError,
    Money,
    OutcomeUnknownError,
    Policy,
    WebhookError,
)
from refundkit.desk import outbox
from refundkit.testing.fake_deliverer import DeliveryFault
from refundkit.testing.fake_gateway import Fault
from tests.deliveries import shop as goods
from tests.desk.shop import Shop, a_payment, an_order, eur

NOTHING = set(vars(logging.makeLogRecord({}))) | {"message", "taskName"}


@pytest.fixture
def lines(caplog):
    """Return what was logged under one name: logger, level and fields of each line."""
    caplog.set_level(logging.DEBUG, logger="refundkit")

    def of(name):
        return [
            (one.name, one.levelname, {key: value for key, value in vars(one).items() if key not in NOTHING})
            for one in caplog.records
            if one.message == name
        ]

    return of


def raising(error):
    """Return a method that raises."""

    def method(*args, **more):
        raise error

    return method


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.LOST_ANSWER, "OutcomeUnknownError"),
        (Fault.UNAVAILABLE, "GatewayUnavailableError"),
        (Fault.CRASH, "OutcomeUnknownError"),
    ],
)
def test_a_refund_that_was_not_answered(lines, fault, error):
    """Law S2: the refund's id and the kind of error."""
    refund = Shop(fault).refund("40.00").refunds[0]

    assert lines("refund.unanswered") == [
        ("refundkit.desk", "WARNING", {"refund_id": refund.id, "error": error})
    ]
    assert lines("refund.answered") == []


def test_a_gateway_that_raised_while_it_gave_back(lines):
    """A bug in a gateway is an error of its own, with the type of what was raised."""
    refund = Shop(Fault.CRASH).refund("40.00").refunds[0]

    fields = {"gateway": "fake", "refund_id": refund.id, "error": "ZeroDivisionError"}
    assert lines("gateway.raised") == [("refundkit.desk", "ERROR", fields)]


def test_a_refund_that_was_answered(lines):
    """The status and the amount that the gateway says."""
    refund = Shop(Fault.OTHER_AMOUNT).refund("40.00").refunds[0]

    fields = {"refund_id": refund.id, "status": "succeeded", "amount": "39.99 EUR"}
    assert lines("refund.answered") == [("refundkit.desk", "INFO", fields)]


def test_a_gateway_that_raised_while_it_was_asked(lines):
    """The order that could not be looked at, and why."""
    shop = Shop()
    shop.gateway.fetch = raising(KeyError("x"))
    shop.desk.reconcile(since=shop.clock())

    assert lines("gateway.raised") == [("refundkit.desk", "ERROR", {"gateway": "fake", "error": "KeyError"})]
    fields = {"order_id": "o-1", "error": "GatewayUnavailableError"}
    assert lines("order.unreachable") == [("refundkit.desk", "WARNING", fields)]


def test_a_gateway_that_tells_what_no_order_can_hold(lines):
    """More money than there is: the line and the error name the gateway."""
    shop = Shop()
    shop.refund("40.00")
    shop.gateway.refund_elsewhere("ref-1", Money.of_minor(2**63 - 1, "EUR"))
    with pytest.raises(GatewayUnavailableError) as failure:
        shop.desk.refresh("o-1")

    assert failure.value.gateway == "fake"
    fields = {"gateway": "fake", "error": "InvalidValueError"}
    assert lines("gateway.unheard") == [("refundkit.desk", "ERROR", fields)]


def test_an_order_that_the_sweep_could_not_settle(lines):
    """It gets another turn later, and the line says which."""
    shop = Shop(Fault.LOST_ANSWER)
    shop.refund("40.00")
    shop.clock.advance(hours=1)
    shop.gateway.down = True
    shop.desk.recover()

    fields = {"order_id": "o-1", "error": "GatewayUnavailableError"}
    assert lines("order.unsettled") == [("refundkit.recovery", "WARNING", fields)]


def test_an_order_that_the_sweep_could_not_read(lines):
    """Its record is broken; the line says which, and the sweep goes on."""
    shop = Shop(Fault.LOST_ANSWER)
    shop.refund("40.00")
    shop.clock.advance(hours=1)
    shop.store.events = raising(ValueError("x"))
    assert shop.desk.recover().unreachable == ("o-1",)

    fields = {"order_id": "o-1", "error": "ValueError"}
    assert lines("order.broken") == [("refundkit.recovery", "ERROR", fields)]


def test_a_gateway_whose_abilities_cannot_be_told(lines):
    """The order's timetable does not depend on it; the line names the gateway."""
    shop = Shop()
    shop.refund("40.00")
    shop.gateway.capabilities = raising(KeyError("x"))
    shop.desk.record_external("o-1", "p-1", eur("5.00"), reference="x-1", actor=goods.KIM)

    told = ("refundkit.office", "ERROR", {"gateway": "fake", "error": "KeyError"})
    assert set(map(repr, lines("gateway.raised"))) == {repr(told)}


def test_a_gateway_that_says_nothing_of_its_abilities(lines):
    """What it gave instead is an error of ours, since it raised none of its own."""
    shop = Shop()
    shop.refund("40.00")
    shop.gateway.capabilities = lambda _: None
    shop.desk.record_external("o-1", "p-1", eur("5.00"), reference="x-1", actor=goods.KIM)

    told = ("refundkit.office", "ERROR", {"gateway": "fake", "error": "PluginError"})
    assert set(map(repr, lines("gateway.raised"))) == {repr(told)}


def test_an_order_that_could_not_be_compared(lines):
    """A comparison goes on with the next order, and the line says which one was left out."""
    shop = Shop()
    shop.store.get = raising(ValueError("x"))
    assert shop.desk.reconcile(since=shop.clock()).unreachable == ("o-1",)

    fields = {"order_id": "o-1", "error": "ValueError"}
    assert lines("order.unsettled") == [("refundkit.reconciliation", "ERROR", fields)]


def test_a_hint_about_an_order_that_cannot_be_changed(lines):
    """The webhook is not lost; the line says which order to look at."""
    shop = Shop()
    shop.desk.receive("fake", **shop.gateway.webhook("ref-2"))
    shop.store.add(an_order(id="o-2", payments=(a_payment(2),)), ())
    shop.store.change = raising(ValueError("x"))
    shop.desk.recover()

    fields = {"order_id": "o-2", "error": "ValueError"}
    assert lines("order.broken") == [("refundkit.hints", "ERROR", fields)]


def test_a_delivery_of_news_that_was_put_off(lines, monkeypatch):
    """How much was told; the rest is told next time."""
    shop = Shop()
    shop.refund("10.00")
    monkeypatch.setattr(outbox, "MOST_TOLD", 1)
    shop.new_desk(listeners=[lambda _: None]).recover()

    ((name, level, fields),) = lines("outbox.postponed")
    assert (name, level, fields["told"] >= 1) == ("refundkit.outbox", "ERROR", True)


def test_a_listener_that_raised(lines):
    """Which listener, which event, and the type of the error."""

    def mail(event):
        raise RuntimeError

    mail.name = "mail"
    shop = Shop(listeners=[mail])
    (event,) = shop.store.events("o-1")

    fields = {"listener": "mail", "event_id": event.id, "kind": "order.registered", "error": "RuntimeError"}
    assert lines("listener.raised") == [("refundkit.outbox", "ERROR", fields)]


def test_a_webhook_that_broke_its_gateway(lines):
    """The gateway and the type of the error; what was refused in order is no news."""
    shop = Shop()
    with pytest.raises(WebhookError):
        shop.desk.receive("fake", body=b"x", headers={})
    assert lines("webhook.unreadable") == []

    shop.gateway.parse_webhook = raising(KeyError("x"))
    with pytest.raises(WebhookError):
        shop.desk.receive("fake", body=b"x", headers={})
    fields = {"gateway": "fake", "error": "KeyError"}
    assert lines("webhook.unreadable") == [("refundkit.webhooks", "ERROR", fields)]


@pytest.mark.parametrize(("fault", "is_final"), [(DeliveryFault.FAIL, False), (DeliveryFault.FINAL, True)])
def test_goods_that_were_not_handed_over(lines, fault, is_final):
    """The order, the delivery, and whether it will be tried again."""
    goods.Shop(fault, order=goods.only("book")).deliver()

    fields = {"order_id": "o-1", "delivery_id": "book", "is_final": is_final}
    assert lines("delivery.failed") == [("refundkit.deliveries", "WARNING", fields)]


def test_a_deliverer_that_raised(lines):
    """A bug in a deliverer is an error of its own."""
    goods.Shop(DeliveryFault.CRASH, order=goods.only("book")).deliver()

    fields = {"deliverer": "fake", "delivery_id": "book", "error": "ZeroDivisionError"}
    assert lines("deliverer.raised") == [("refundkit.deliveries", "ERROR", fields)]


def test_an_order_whose_goods_the_sweep_could_not_look_at(lines):
    """It holds up no other order, and the line says which."""
    shop = goods.Shop(order=goods.only("book"))
    shop.store.change = raising(ValueError("x"))
    shop.desk.sweep()

    fields = {"order_id": "o-1", "error": "ValueError"}
    assert lines("order.undelivered") == [("refundkit.deliveries", "ERROR", fields)]


@pytest.mark.parametrize(
    ("error", "name"),
    [(OutcomeUnknownError("?", gateway="mail"), "notice.unclear"), (ValueError("x"), "notice.given_up")],
)
def test_a_letter_that_was_not_written(lines, error, name):
    """Order and refund, for whoever writes it by hand."""
    shop = Shop(order=an_order(customer=Customer(email="jo@example.com")))
    notices = CustomerNotices(
        store=shop.store, write=raising(error), policy=Policy(notify=True), pauses=(), clock=shop.clock
    )
    shop.desk = shop.new_desk(listeners=[notices])
    refund = shop.refund("40.00").refunds[0]

    assert lines(name) == [("refundkit.notices", "ERROR", {"order_id": "o-1", "refund_id": refund.id})]
