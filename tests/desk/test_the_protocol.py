"""The protocol, step by step, as docs/explanation/when-everything-breaks.md states it.

Each test shows one step, and what a crash right there leaves behind. The long stories are in the other files.
"""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from refundkit import EventKind, FailureCode, RefundOrigin, RefundStatus
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import KIM, Shop, a_payment, a_request, an_order, copy_of, eur, kinds_of

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "when-everything-breaks.md"


class Crash(BaseException):
    """The process is gone: nothing in the library may catch this."""


class MortalGateway(FakeGateway):
    """A gateway in a process that dies ``before`` its request leaves, or ``after`` it was executed."""

    dies = ""

    def refund(self, call):
        """Give money back, if the process lives that long."""
        if self.dies == "before":
            raise Crash
        report = super().refund(call)
        if self.dies == "after":
            raise Crash
        return report


def dead(dies):
    """Return a shop whose process has died over a refund of 40.00, and whose next process is well."""
    shop = Shop(gateway=MortalGateway())
    shop.gateway.dies = dies
    with pytest.raises(Crash):
        shop.refund("40.00")
    shop.gateway.dies = ""
    return shop


def test_step_1_reserve():
    """Step 1: a process that dies before the first byte leaves the money set aside, and all that the next one needs."""
    shop = dead("before")
    refund = shop.only_refund
    assert refund.status is RefundStatus.SUBMITTED
    assert shop.order.refundable == eur("60.00")
    assert refund.prepared == {"payment": "ref-1", "amount": 4000, "refund_id": refund.id}
    assert shop.order.request("return-1").digest == a_request(amount=eur("40.00")).digest
    assert (refund.attempts, refund.first_sent_at) == (1, shop.clock())
    assert refund.leased_until == shop.clock() + timedelta(minutes=2)
    assert shop.gateway.calls == []


def test_step_2_send_in_time():
    """Step 2: a sender that stood still until its lease was over sends nothing, also if the clock was set back."""
    seconds = [0.0]
    shop = Shop(monotonic=lambda: seconds[0])
    real = shop.store.change

    def stand_still(order_id, function):
        done = real(order_id, function)
        seconds[0] += 121
        shop.clock.advance(hours=-1)
        return done

    shop.store.change = stand_still
    assert shop.refund("40.00").pending == eur("40.00")
    assert shop.gateway.calls == []


def test_step_2_send_alone():
    """Step 2: of two that decide to send the same refund again, one gets the attempt; the other sends nothing."""
    shop = Shop(Fault.LOST_REQUEST, Fault.LOST_REQUEST)
    shop.refund("40.00")
    shop.clock.advance(minutes=1)
    real, changes = shop.store.change, []

    def meet(order_id, function):
        changes.append(order_id)
        if len(changes) == 2:  # the first recorded what the gateway says; this one takes the next attempt
            shop.new_desk().refund("o-1", a_request(amount=eur("40.00")))
        return real(order_id, function)

    shop.store.change = meet
    shop.desk.recover()
    assert [call.refund.attempts for call in shop.gateway.calls] == [1, 2]
    assert shop.only_refund.attempts == 2


def test_step_3_settle():
    """Step 3: a process that died with the answer in its hands is repaired by a look; nothing is sent again."""
    shop = dead("after")
    assert shop.only_refund.status is RefundStatus.SUBMITTED
    shop.clock.advance(minutes=2)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    assert len(shop.gateway.calls) == 1


def test_step_4_unclear():
    """Step 4: without an answer the money stays set aside, and a decline after that counts after the quarantine."""
    shop = Shop(Fault.LOST_REQUEST, Fault.DECLINE)
    shop.refund("40.00")
    for minutes in (1, 13):
        shop.clock.advance(minutes=minutes)
        shop.desk.refund("o-1", a_request(amount=eur("40.00")))
        assert (shop.only_refund.status, shop.order.reserved) == (RefundStatus.SUBMITTED, eur("40.00"))
    shop.clock.advance(minutes=2)
    shop.desk.refund("o-1", a_request(amount=eur("40.00")))
    assert (shop.only_refund.status, shop.only_refund.failure) == (RefundStatus.FAILED, FailureCode.DECLINED)
    assert (len(shop.gateway.calls), shop.order.refundable) == (2, eur("100.00"))


@pytest.mark.parametrize(
    ("can", "hours", "calls", "flags"),
    [
        ({}, 19, 2, []),
        ({"idempotency_window": timedelta(minutes=5)}, 0.2, 1, []),
        ({"idempotency_window": timedelta(minutes=5)}, 19, 2, []),
        ({"knows_absence": False}, 21, 1, ["undecided"]),
    ],
    ids=["inside the window", "in quarantine", "absence proven", "never provable"],
)
def test_step_5_send_again(can, hours, calls, flags):
    """Step 5: the same request goes out again inside the gateway's window, or once absence is proven, or never."""
    shop = Shop(Fault.LOST_REQUEST, can=can)
    shop.refund("40.00")
    shop.clock.advance(hours=hours)
    shop.desk.recover()
    assert (len(shop.gateway.calls), shop.flags()) == (calls, flags)
    assert len({(call.refund.id, str(call.request)) for call in shop.gateway.calls}) == 1


def test_step_6_sweep():
    """Step 6: two sweepers never take the same order, and one that died leaves its orders to the next lease."""
    shop = Shop(*[Fault.LOST_REQUEST] * 2)
    for number in (2, 3):
        shop.desk.register(an_order(id=f"o-{number}", payments=(a_payment(number),)))
        shop.desk.refund(f"o-{number}", a_request(amount=eur("40.00")))
    shop.clock.advance(minutes=1)
    now = shop.clock()
    died = shop.store.claim(now, until=now + timedelta(minutes=2), limit=1)
    assert (died, shop.desk.recover().orders) == (("o-2",), ("o-3",))
    shop.clock.advance(minutes=2)
    assert shop.desk.recover().orders == died
    assert shop.moved == eur("80.00")


def test_step_6_ask_a_person():
    """Step 6: what nobody could find out for days becomes a flag and an event, and a person decides."""
    shop = Shop(Fault.LOST_REQUEST)
    shop.refund("40.00")
    shop.gateway.down = True
    for _ in range(4):
        shop.clock.advance(days=1)
        shop.desk.recover()
    assert (shop.flags(), shop.order.reserved) == (["overdue"], eur("40.00"))
    assert EventKind.ORDER_FLAGGED in shop.kinds()
    shop.desk.confirm(shop.only_refund.id, actor=KIM, status=RefundStatus.FAILED)
    assert shop.order.reserved == eur("0.00")


def test_step_6_look_again():
    """Step 6: a bank that sends the money back after a week is found by the sweep, without any webhook."""
    shop = Shop()
    reference = shop.refund("40.00").refunds[0].reference
    shop.gateway.settle(reference, RefundStatus.FAILED, FailureCode.RETURNED)
    shop.clock.advance(days=1)
    assert kinds_of(shop.desk.recover().events) == [EventKind.REFUND_FAILED_AFTER_SUCCESS]
    assert shop.order.refundable == eur("100.00")


def test_step_7_tell():
    """Step 7: a listener that fails is told later, in order; neither the refund nor another listener waits for it."""
    heard, mails, down = [], [], [True]

    def ledger(event):
        heard.append(event)

    def mail(event):
        if down[0]:
            raise ConnectionError
        mails.append(event)

    shop = Shop(listeners=[mail, ledger])
    assert shop.refund("40.00").returned == eur("40.00")
    assert (tuple(heard), mails) == (shop.desk.timeline("o-1"), [])
    down.clear()
    down.append(False)
    shop.desk.recover()
    assert mails == heard


def test_step_8_receive():
    """Step 8: a webhook leaves its mark before anybody is asked; if the gateway is down, the sweep asks."""
    shop = Shop()
    shop.gateway.confirm_captured("ref-1", eur("100.00"))
    shop.gateway.refund_elsewhere("ref-1", eur("25.00"))
    shop.gateway.down = True
    assert shop.desk.receive("fake", **shop.gateway.webhook("ref-1")) == ()
    assert shop.order.fetch_due_at == shop.clock()
    shop.gateway.down = False
    assert kinds_of(shop.desk.recover().events) == [EventKind.REFUND_ADOPTED]
    assert shop.order.fetch_due_at is None


def test_step_8_keep():
    """Step 8: what no order knows yet is kept until one does; what no webhook told is found by reconcile()."""
    shop = Shop()
    for reference in ("ref-1", "ref-2"):
        shop.gateway.confirm_captured(reference, eur("100.00"))
        shop.gateway.refund_elsewhere(reference, eur("25.00"))
    shop.desk.receive("fake", **shop.gateway.webhook("ref-2"))
    shop.desk.register(an_order(id="o-2", payments=(a_payment(2),)))
    assert kinds_of(shop.desk.recover().events) == [EventKind.REFUND_ADOPTED]
    assert shop.order.refunds == ()
    shop.desk.reconcile(since=shop.clock() - timedelta(days=1))
    assert shop.order.refunded == eur("25.00")


@pytest.mark.parametrize("hours", [1, 48], ids=["key remembered", "key forgotten"])
@pytest.mark.parametrize("asks", ["the same request", "a reconciliation"])
def test_step_9_restore(hours, asks):
    """Step 9: after a restore from an older backup the refund comes back as ours, and no money moves twice."""
    shop = Shop()
    backup = copy_of(shop.store)
    lost = shop.refund("40.00").refunds[0]
    shop.clock.advance(hours=hours)
    if hours > 20:
        shop.gateway.forget_keys()
    desk = shop.new_desk(backup)
    if asks == "a reconciliation":
        desk.reconcile(since=shop.clock() - timedelta(days=90))
        assert desk.order("o-1").refunds[0].origin is RefundOrigin.REBUILT
    result = desk.refund("o-1", a_request(amount=eur("40.00")))
    assert (result.refunds[0].id, result.refunds[0].reference) == (lost.id, lost.reference)
    assert result.returned == shop.moved == eur("40.00")


def test_the_page_names_every_step():
    """Each test of a step stands on the page below the heading of that step, and no other does."""
    sections = re.split(r"^#+ ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    steps = {text[5]: re.findall(r"`(test_step_\w+)`", text) for text in sections if text.startswith("Step ")}
    told = {name: number for number, names in steps.items() for name in names}
    assert told == {name: name.split("_")[2] for name in globals() if name.startswith("test_step_")}
    assert list(steps) == list("123456789")
