"""The same wish twice is one wish (law E3)."""

import pytest

from refundkit import KeyReuseError, LineRefund, PlanChangedError, RefundReason, RefundStatus
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import LEE, Shop, a_request, an_order, eur


def test_same_key_and_content_is_the_same_refund():
    """Law E3: a retry returns the same refunds and asks nobody."""
    shop = Shop()
    first, second = shop.refund("40.00"), shop.refund("40.00")
    assert first == second
    assert len(shop.gateway.calls) == 1
    assert shop.gateway.fetches == 0


def test_a_replay_needs_nothing_to_be_left():
    """Law E3: the retry of a request that took everything is answered, not refused."""
    shop = Shop()
    shop.refund()
    assert shop.refund().returned == eur("100.00")


def test_a_replay_is_answered_on_a_flagged_order():
    """Law E3: a flag stops new wishes, not the answer to an old one."""
    shop = Shop()
    shop.refund("40.00")
    shop.gateway.refund_elsewhere("ref-1", eur("80.00"))
    shop.desk.refresh("o-1")
    assert shop.order.is_flagged
    assert shop.refund("40.00").returned == eur("40.00")


def test_a_replay_writes_nothing():
    """Law E3: the order stays the very same version."""
    shop = Shop()
    shop.refund("40.00")
    before = shop.order
    shop.refund("40.00")
    assert shop.order == before


@pytest.mark.parametrize(
    "other",
    [
        {"amount": eur("41.00")},
        {"amount": None},
        {"amount": None, "lines": {"lamp": 2}},
        {"amount": None, "lines": (LineRefund(line_id="lamp", amount=eur("40.00")),)},
        {"reason": "changed their mind"},
        {"reason_type": RefundReason.DAMAGED},
        {"actor": LEE},
        {"payments": {"p-1": eur("40.00")}},
        {"via": "fake"},
        {"return_id": "rma-1"},
        {"metadata": {"ticket": "7"}},
    ],
    ids="-".join,
)
def test_same_key_and_other_content_is_refused(other):
    """Law E3: a key that stands for another wish is an error, whatever differs, and nothing moves."""
    shop = Shop()
    shop.refund("40.00")
    with pytest.raises(KeyReuseError, match="stands for another request") as refused:
        shop.desk.refund("o-1", a_request(**{"amount": eur("40.00"), **other}))
    assert (refused.value.order_id, refused.value.key) == ("o-1", "return-1")
    with pytest.raises(KeyReuseError):
        shop.desk.preview("o-1", a_request(**{"amount": eur("40.00"), **other}))
    assert shop.moved == eur("40.00")


def test_reject_under_the_key_of_a_refund_is_refused():
    """Law E3: a refund of everything and a rejection are two wishes."""
    shop = Shop()
    shop.refund()
    with pytest.raises(KeyReuseError):
        shop.desk.reject("o-1", a_request())


@pytest.mark.parametrize(
    "outside", [{"approved_by": LEE}, {"note": "see ticket"}, {"notify": True}], ids=lambda o: next(iter(o))
)
def test_approval_note_and_notify_are_outside(outside):
    """Law E3: who approved it, a note, and whether to notify make no other wish of it."""
    shop = Shop()
    first = shop.refund("40.00")
    assert shop.refund("40.00", **outside) == first
    assert len(shop.gateway.calls) == 1


def test_the_same_key_on_another_order_is_another_wish():
    """Law E3: keys belong to their order."""
    shop = Shop()
    shop.desk.register(an_order(id="o-2", payments=()))
    shop.refund("40.00")
    with pytest.raises(Exception, match="Nothing is left"):
        shop.desk.refund("o-2", a_request())


def test_a_retry_brings_an_unclear_refund_on():
    """Law E3: calling again is the natural thing to do after a timeout, and settles it."""
    shop = Shop(Fault.LOST_ANSWER)
    assert shop.refund("40.00").pending == eur("40.00")
    assert shop.refund("40.00").returned == shop.moved == eur("40.00")


def test_a_retry_leaves_a_refund_alone_that_somebody_is_sending():
    """Law E3: within the lease of a sender that may be alive, a second caller only looks."""
    shop = Shop()
    late = []

    def impatient(event):
        if event.kind.value == "refund.submitted" and not late:
            late.append(None)
            late.append(shop.refund("40.00"))

    desk = shop.new_desk(listeners=[impatient])
    desk.refund("o-1", a_request(amount=eur("40.00")))
    assert late[1].refunds[0].status is RefundStatus.SUBMITTED
    assert len(shop.gateway.calls) == 1
    assert shop.gateway.fetches == 0


def test_a_retry_of_an_accepted_request_ignores_what_was_expected():
    """Law E3: what is done is done; a plan that was shown is compared before, not after."""
    shop = Shop()
    plan = shop.desk.preview("o-1", a_request(amount=eur("40.00")))
    shop.refund("40.00")
    shop.refund("10.00", key="return-2")
    result = shop.desk.refund("o-1", a_request(amount=eur("40.00")), expect=plan)
    assert result.returned == eur("40.00")


def test_a_plan_that_changed_is_not_carried_out():
    """Law P1: expect=plan is compared with what would be done now, and nothing is done if it differs."""
    shop = Shop()
    plan = shop.desk.preview("o-1", a_request())
    shop.refund("40.00", key="somebody-else")
    with pytest.raises(PlanChangedError, match=r"call desk\.preview\(\) again") as changed:
        shop.desk.refund("o-1", a_request(), expect=plan)
    assert changed.value.shown == plan
    assert changed.value.current.amount == eur("60.00")
    assert shop.moved == eur("40.00")
