"""Gateways that raise what they should not, are not there, or call two payments the same."""

import logging

import pytest

from refundkit import EventKind, GatewayUnavailableError, RefundDenied, RefundStatus
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import Shop, a_payment, an_order, eur


def lines_of(caplog, message):
    """Return what the log says under *message*, without what every record has."""
    usual = vars(logging.makeLogRecord({})).keys() | {"message", "taskName", "asctime"}
    return [
        {name: value for name, value in vars(record).items() if name not in usual}
        for record in caplog.records
        if record.message == message
    ]


def breaking(error):
    """Return a method that raises."""

    def method(*args):
        raise error

    return method


@pytest.fixture(autouse=True)
def log(caplog):
    """Listen to everything that is logged."""
    caplog.set_level(logging.DEBUG, logger="refundkit")


def test_a_refund_that_breaks_is_unclear_and_logged(caplog):
    """Law E4: an exception that no gateway should raise says nothing about the money."""
    shop = Shop(Fault.CRASH)
    shop.refund("40.00")
    refund = shop.only_refund

    event = shop.desk.timeline("o-1")[-1]
    assert (refund.status, refund.unclear_at) == (RefundStatus.SUBMITTED, shop.clock.now)
    assert (event.kind, event.text) == (EventKind.REFUND_UNCLEAR, "Gateway fake raised ZeroDivisionError.")
    assert lines_of(caplog, "gateway.raised") == [
        {"gateway": "fake", "refund_id": refund.id, "error": "ZeroDivisionError"}
    ]
    assert lines_of(caplog, "refund.unanswered") == [{"refund_id": refund.id, "error": "OutcomeUnknownError"}]


def test_an_answer_that_is_none_is_unclear():
    """Law E4: what is no report is no answer, whatever it looks like."""

    class Report:
        status = RefundStatus.SUCCEEDED

    shop = Shop()
    shop.gateway.refund = lambda _: Report()
    shop.refund("40.00")

    assert shop.only_refund.status is RefundStatus.SUBMITTED
    assert shop.desk.timeline("o-1")[-1].text == "Gateway fake gave an answer that says nothing."


def test_a_look_that_breaks_is_logged(caplog):
    """A gateway that cannot be asked is named in the log, and the order is asked about again later."""
    shop = Shop()
    shop.gateway.fetch = breaking(KeyError("x"))
    shop.desk.receive("fake", **shop.gateway.webhook("ref-1"))

    assert lines_of(caplog, "gateway.raised")[0] == {"gateway": "fake", "error": "KeyError"}
    assert lines_of(caplog, "order.unreachable")[0] == {"order_id": "o-1", "error": "GatewayUnavailableError"}
    assert shop.order.fetch_due_at is not None


def test_a_broken_look_says_which_gateway():
    """What reaches the caller of a look says which gateway broke, and that nothing was executed."""
    shop = Shop()
    shop.gateway.fetch = breaking(KeyError("x"))

    with pytest.raises(
        GatewayUnavailableError, match="Gateway fake raised KeyError when it was asked"
    ) as error:
        shop.desk.refresh("o-1")
    assert error.value.gateway == "fake"


def test_capabilities_that_break_leave_the_timetable_whole(caplog):
    """A success is looked at again also where the gateway's code breaks over what it can do."""
    shop = Shop()
    whole, calls = shop.gateway.capabilities, []

    def capabilities(payment):
        if calls:
            raise ValueError("x")
        return whole(payment)

    shop.gateway.capabilities = capabilities
    refund = shop.gateway.refund

    def then_breaking(call):
        calls.append(call)
        return refund(call)

    shop.gateway.refund = then_breaking
    shop.refund("40.00")

    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    assert shop.order.due_at is not None
    assert lines_of(caplog, "gateway.raised")[0] == {"gateway": "fake", "error": "ValueError"}


@pytest.mark.parametrize(
    ("gateways", "text"),
    [
        (["b", "a"], "Gateway 'gone' is not installed here (installed: a, b)."),
        ([], "Gateway 'gone' is not installed here (installed: fake)."),
    ],
)
def test_a_gateway_that_is_gone(gateways, text):
    """Law C5: the refusal names the gateways that are installed."""
    others = [FakeGateway(name=name) for name in gateways]
    shop = Shop(
        gateway=others[0] if others else None,
        others=others[1:],
        order=an_order(payments=(a_payment(gateway="gone"),)),
    )

    with pytest.raises(RefundDenied) as refused:
        shop.refund()
    assert text in str(refused.value)


@pytest.mark.parametrize(
    ("order_is_test", "gateway_is_test", "text"),
    [
        (True, False, "Order o-1 is a test order and gateway fake has live credentials."),
        (False, True, "Order o-1 is a live order and gateway fake has test credentials."),
    ],
)
def test_test_and_live_do_not_meet(order_is_test, gateway_is_test, text):
    """Law S7: the refusal says which of both is which."""
    shop = Shop(gateway=FakeGateway(test=gateway_is_test), order=an_order(test=order_is_test))

    with pytest.raises(RefundDenied) as refused:
        shop.refund()
    assert text in str(refused.value)


@pytest.mark.parametrize("first", [True, False], ids=["its own first", "its own last"])
def test_two_gateways_may_call_their_payments_the_same(first):
    """Law C4: what a gateway reports of a reference is about its own payment, not about another's of that name."""
    other = FakeGateway(name="other")
    payments = (
        a_payment(1, "70.00", reference="same"),
        a_payment(2, "30.00", gateway="other", reference="same"),
    )
    shop = Shop(order=an_order(payments=payments if first else payments[::-1]), others=[other])
    shop.gateway.refund_elsewhere("same", eur("7.00"))
    other.refund_elsewhere("same", eur("3.00"))

    shop.desk.refresh("o-1")

    assert {(r.gateway, r.payment_id, r.amount) for r in shop.order.refunds} == {
        ("fake", "p-1", eur("7.00")),
        ("other", "p-2", eur("3.00")),
    }
