"""The desk decides nothing itself: what it is told, it passes on whole, and what it refuses, it names."""

import attrs
import pytest

from refundkit import (
    Actor,
    Customer,
    InvalidValueError,
    ManualGateway,
    MemoryStore,
    Money,
    OrderNotFoundError,
    PlanChangedError,
    PluginError,
    RefundDesk,
    RefundStatus,
    Settles,
    WebhookError,
)
from refundkit.desk.webhooks import MAX_WEBHOOK_BYTES
from refundkit.testing.builders import make_refund
from refundkit.testing.clock import FakeClock
from refundkit.testing.fake_gateway import FakeGateway
from tests.desk.shop import KIM, LEE, Shop, a_payment, a_request, an_order, eur


def a_service(kind):
    """Return a class of gateways for one kind of service."""
    return type("Service", (FakeGateway,), {"kind": kind})


@pytest.mark.parametrize(
    ("name", "installed", "word", "status"),
    [
        ("uk", a_service("gocardless"), "paid", RefundStatus.SUCCEEDED),
        ("uk", a_service("shopify"), "error", RefundStatus.FAILED),
        ("gocardless", a_service("fake"), "paid", RefundStatus.PENDING),
        ("gocardless", a_service(""), "paid", RefundStatus.SUCCEEDED),
        ("gocardless", None, "paid", RefundStatus.SUCCEEDED),
    ],
    ids=["kind", "another kind", "not its name", "name without a kind", "not installed"],
)
def test_a_word_means_what_its_service_means_by_it(name, installed, word, status):
    """Law E4: the kind of the gateway decides; one that is gone is taken for what it was called."""
    shop = Shop(order=an_order(payments=(a_payment(gateway=name),)))
    if installed:
        shop.desk = shop.new_desk(gateways=[installed(name=name)])
    shop.desk.record_external("o-1", "p-1", eur("5.00"), reference="x-1", status=word, actor=KIM)

    assert shop.only_refund.status is status


def test_a_payment_that_answers_to_a_kept_hint_is_asked_about_at_once():
    """Law T1: the mark is set by whoever records the payment, and the hint has served."""
    shop = Shop()
    shop.desk.receive("fake", **shop.gateway.webhook("ref-2"))
    known = shop.desk.record_payment("o-1", a_payment(2, "10.00"), actor=LEE)

    assert [payment.id for payment in known.payments] == ["p-1", "p-2"]
    assert (shop.order.fetch_due_at, shop.store.hints()) == (shop.clock(), ())
    assert shop.desk.timeline("o-1")[-1].actor == LEE


def test_a_known_payment_leaves_no_hint():
    """What an order answers to is asked about now, and not once more later."""
    shop = Shop()
    shop.desk.receive("fake", **shop.gateway.webhook("ref-1"))

    assert (shop.store.hints(), shop.order.fetch_due_at) == ((), None)


def test_all_hints_are_followed_at_once():
    """Law T1: also more than the store gives in one go; the sweep asks about every order that answers to one."""
    shop = Shop()
    for number in range(2, 103):
        shop.store.keep_hint("fake", f"ref-{number}", at=shop.clock())
        shop.store.add(an_order(id=f"o-{number}", payments=(a_payment(number),)), ())
    shop.desk.recover(limit=1)

    assert shop.store.hints() == ()


@pytest.mark.parametrize("command", ["refund", "reject", "change"])
def test_a_plan_that_was_shown_is_held(command):
    """Law P1: each command takes the plan that somebody agreed to, and refuses another one."""
    shop = Shop()
    kept = {"revision": shop.order.lines[1:]} if command == "change" else {}
    request = a_request(**kept)
    shown = shop.desk.preview("o-1", request.rejecting() if command == "reject" else request)
    shop.refund(key="between", lines={"lamp": 1})

    with pytest.raises(PlanChangedError) as changed:
        getattr(shop.desk, command)("o-1", request, expect=shown)
    assert (changed.value.shown, changed.value.current.amount) == (shown, shown.amount - eur("20.00"))


def paid_in_cash():
    """Return a shop whose refunds a person makes."""
    gateway = ManualGateway(settles=Settles.ON_CONFIRMATION)
    return Shop(gateway=gateway, order=an_order(payments=(a_payment(gateway="manual"),)))


def test_what_a_person_confirms_is_written_as_such():
    """The word "confirmed" is ours, the reference and the note are theirs."""
    shop = Shop(
        gateway=ManualGateway(settles=Settles.ON_CONFIRMATION),
        order=an_order(payments=(a_payment(gateway="manual"),)),
    )
    shop.refund("40.00")
    shop.desk.confirm(shop.only_refund.id, actor=LEE, reference="T-1", note="by transfer")

    event = shop.desk.timeline("o-1")[-1]
    assert (shop.only_refund.raw_status, shop.only_refund.reference) == ("confirmed", "T-1")
    assert (event.text, event.actor, shop.only_refund.failure_text) == ("by transfer", LEE, "by transfer")


def test_a_confirmation_without_a_word_has_none():
    """A note is up to the person."""
    shop = Shop(
        gateway=ManualGateway(settles=Settles.ON_CONFIRMATION),
        order=an_order(payments=(a_payment(gateway="manual"),)),
    )
    shop.refund("40.00")
    shop.desk.confirm(shop.only_refund.id, actor=LEE)

    assert shop.desk.timeline("o-1")[-1].text == ""


def test_who_registers_is_told():
    """Law T4: the first event names the person, or the program where there was none."""
    shop = Shop()
    shop.desk.register(an_order(id="o-2", payments=(a_payment(2),)), actor=LEE)

    assert shop.desk.timeline("o-2")[0].actor == LEE
    first = shop.desk.timeline("o-1")[0]
    assert (first.actor, first.amount, first.text) == (Actor.system("refundkit"), eur("100.00"), "")


def test_a_person_may_say_nothing():
    """Law T4: without a word there is none in the timeline, and what was given back elsewhere is done."""
    shop = Shop()
    shop.desk.record_external("o-1", "p-1", eur("110.00"), reference="x-1", actor=KIM)
    shop.desk.acknowledge("o-1", actor=KIM)

    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    assert (shop.desk.timeline("o-1")[-1].text, shop.flags()) == ("", [])


def test_an_order_that_answers_to_a_kept_hint_is_asked_about_at_once():
    """Law T1: the mark is set by whoever registers the order, and the hint has served."""
    shop = Shop()
    shop.desk.receive("fake", **shop.gateway.webhook("ref-2"))
    order = shop.desk.register(an_order(id="o-2", payments=(a_payment(2),)))

    assert (order.fetch_due_at, shop.store.hints()) == (shop.clock(), ())


def test_an_imported_order_comes_with_what_happened_to_it():
    """Law T2: it is registered in the name of who imported it, and the refunds that it had are on it."""
    shop = Shop()
    shop.gateway.refund_elsewhere("ref-2", eur("10.00"))
    shop.gateway.import_order = lambda reference: an_order(id=reference, payments=(a_payment(2),))

    order = shop.desk.import_order("fake", "o-2", actor=LEE)

    assert (order.refunded, order) == (eur("10.00"), shop.desk.order("o-2"))
    assert shop.desk.timeline("o-2")[0].actor == LEE


def test_a_desk_without_a_clock_has_one():
    """The time of day, with its zone."""
    desk = RefundDesk(store=MemoryStore(), gateways=[])
    desk.register(an_order())

    assert desk.timeline("o-1")[0].at.tzinfo is not None


@pytest.mark.parametrize(("bytes_more", "status"), [(0, 400), (1, 413)])
def test_a_webhook_of_the_greatest_size_is_read(bytes_more, status):
    """Law S1: to the byte; what is too large is not even shown to the gateway."""
    with pytest.raises(WebhookError) as refused:
        Shop().desk.receive("fake", body=b"x" * (MAX_WEBHOOK_BYTES + bytes_more), headers={})

    assert (refused.value.http_status, MAX_WEBHOOK_BYTES) == (status, 262_144)


# Refusals.


def test_a_change_says_what_is_kept():
    """Law C8: without a revision nobody knows; the refusal names the field."""
    with pytest.raises(InvalidValueError, match="has no revision") as refused:
        Shop().desk.change("o-1", a_request())

    assert refused.value.field == "revision"


def test_a_sweep_of_nothing_is_refused():
    """It would settle nothing for ever; the refusal names the number."""
    with pytest.raises(InvalidValueError) as refused:
        Shop().desk.recover(limit=0)

    assert (refused.value.field, refused.value.value) == ("limit", 0)


def test_a_refund_that_is_not_there_is_not_confirmed():
    """Law C4: the error names the refund."""
    with pytest.raises(OrderNotFoundError) as missing:
        Shop().desk.confirm("nothing", actor=KIM)

    assert missing.value.refund_id == "nothing"


def test_a_gateway_that_is_not_there_imports_nothing():
    """Law C5: the error names the gateway."""
    with pytest.raises(PluginError) as missing:
        Shop().desk.import_order("gone", "x")

    assert missing.value.gateway == "gone"


@pytest.mark.parametrize(
    "history",
    [
        {"refunds": (make_refund(),)},
        {"version": 1},
        {"due_at": FakeClock().now},
        {"delivery_due_at": FakeClock().now},
        {"redelivered_at": FakeClock().now},
        {"fetch_due_at": FakeClock().now},
        {"payments": (a_payment(2, confirmed=eur("1.00")),)},
        {"payments": (a_payment(2, reported_version=1),)},
        {"payments": (a_payment(2), a_payment(3, reported_version=1))},
    ],
    ids=str,
)
def test_an_order_comes_without_a_history(history):
    """Law T4: only the desk writes what happened; the refusal names the order."""
    shop = Shop()

    with pytest.raises(InvalidValueError, match="brings a history") as refused:
        shop.desk.register(an_order(id="o-2", **{"payments": (a_payment(2),), **history}))
    assert (refused.value.field, refused.value.value) == ("refunds", "o-2")


def test_what_a_customer_got_back_is_summed_by_currency():
    """Law M4: one amount for each currency, in the order of their codes."""
    customer = Customer(email="jo@example.com")
    shop = Shop(order=an_order(customer=customer))
    for number, code in ((2, "USD"), (3, "EUR"), (4, "AUD")):
        paid = attrs.evolve(a_payment(number), captured=Money.of("9.00", code))
        order = an_order(id=f"o-{number}", customer=customer, lines=(), payments=(paid,), currency=code)
        shop.desk.register(order)
        shop.desk.refund(order.id, a_request())
    shop.refund("1.00")

    amounts = shop.desk.customer("jo@example.com").refunded
    assert [str(amount) for amount in amounts] == ["9.00 AUD", "10.00 EUR", "9.00 USD"]
