"""What is done about goods while nobody knows: whether a refund will succeed, or whether a try has arrived."""

from datetime import timedelta
from unittest.mock import patch

import attrs
import pytest

from refundkit import DeliveryError, DeliveryTiming, RefundStatus, Revocation
from refundkit.desk.moves import Wish, begun, next_due, rested, unanswered, wish
from refundkit.desk.recorder import Recorder
from refundkit.testing.builders import NOW, make_flag
from refundkit.testing.fake_deliverer import DeliveryFault, FakeDeliverer
from refundkit.testing.fake_gateway import Fault
from tests.deliveries.moving import (
    AGO,
    DELIVER,
    REDELIVER,
    REVOKE,
    SOON,
    S,
    had,
    keys,
    of,
    owing,
    under_way,
)
from tests.deliveries.shop import KIM, Shop, eur, only

QUARANTINE = timedelta(minutes=15)
LONG_AGO = NOW - QUARANTINE
STUCK = FakeDeliverer(revocable=False)


@pytest.mark.parametrize(
    ("now", "free", "wanted"),
    [
        ({}, 0, None),
        ({}, 1, (DELIVER, 1)),
        (had(1), 1, None),
        (had(2), 0, None),
        (had(1), 2, (DELIVER, 1)),
        (under_way(DELIVER, 2), 1, None),
        (under_way(DELIVER, 1), 1, (DELIVER, 1)),
        (under_way(DELIVER, 1, 1), 1, None),
        (under_way(REDELIVER, 2, 2), 1, None),
        (under_way(REDELIVER, 1, 2), 1, (REDELIVER, 1)),
        (under_way(REVOKE, 1, 2), 0, (REVOKE, 1)),
    ],
)
def test_what_is_being_refunded_waits(now, free, wanted):
    """Law E4 for goods: nothing of it is handed over or taken back, and what was begun without it goes on."""
    order, terms = keys(**now), owing(2, free=free)

    assert wish(order, of(order), terms) == (wanted and Wish(*wanted))
    if wanted is None:
        recorder = Recorder(order=order, now=NOW, actor=KIM)
        assert next_due(order, terms, NOW) is None
        assert begun(recorder, "keys", terms, SOON) is recorder
        assert rested(recorder, "keys", terms) is recorder


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (under_way(DELIVER, 2, unclear_at=NOW), NOW + QUARANTINE),
        (under_way(DELIVER, 2, unclear_at=NOW, due_at=SOON), NOW + QUARANTINE),
        (under_way(DELIVER, 2, unclear_at=AGO, status=S.DEAD_LETTERED), AGO + QUARANTINE),
        (under_way(DELIVER, 2, leased_until=AGO), AGO + QUARANTINE),
        # The newest try is the one that may still be on its way.
        (under_way(DELIVER, 2, leased_until=AGO, unclear_at=LONG_AGO), AGO + QUARANTINE),
        (under_way(DELIVER, 2, unclear_at=LONG_AGO), NOW),
        (under_way(REDELIVER, 2, 2, unclear_at=AGO), AGO + QUARANTINE),
        (had(2), NOW),
    ],
)
def test_goods_are_taken_back_when_no_try_can_be_on_its_way(now, due):
    """Law E4 for goods: a request that arrives behind the revocation would leave goods and money with the customer."""
    order, terms = keys(**now), owing(0)
    recorder = Recorder(order=order, now=NOW, actor=KIM)

    assert next_due(order, terms, NOW) == due
    assert (begun(recorder, "keys", terms, SOON) is recorder) is (due > NOW)


@pytest.mark.parametrize("now", [under_way(DELIVER, 2), under_way(DELIVER, 1, 1)])
def test_a_shop_that_takes_nothing_back_asks_a_person(now):
    """What may have arrived is neither tried again nor taken back, whatever the deliverer could do."""
    order = keys(**now)
    terms = attrs.evolve(owing(of(order).handed_over, free=0), revocation=Revocation.NEVER)
    after = rested(Recorder(order=order, now=NOW, actor=KIM), "keys", terms)

    assert wish(order, of(order), terms) is None
    assert of(after.order).status is S.DEAD_LETTERED


@pytest.mark.parametrize(
    ("now", "owed", "due"),
    [
        ({}, 0, NOW),
        (under_way(DELIVER, 2, leased_until=SOON), 1, SOON),
        (under_way(DELIVER, 2, leased_until=AGO), 1, NOW),
        (under_way(REDELIVER, 2, 2), 1, NOW),
        (had(2, status=S.REVOCATION_FAILED), 2, NOW),
        (had(2), 1, None),
        ({"status": S.REVOKED, "moves": 1}, 0, None),
        (under_way(DELIVER, 2, status=S.DEAD_LETTERED), 1, None),
    ],
)
def test_what_cannot_be_done_is_due_until_it_has_come_to_rest(now, owed, due):
    """Whoever works on the order for another reason does not make it forgotten."""
    assert next_due(keys(**now), owing(owed, STUCK), NOW) == due


@pytest.mark.parametrize(
    ("redeliverable", "status"), [(True, S.DEAD_LETTERED), (False, S.DELIVERED)], ids=["again", "once"]
)
def test_what_failed_was_more_than_is_owed_by_now(redeliverable, status):
    """The customer has the rest: where nothing is sent again, it is delivered."""
    order = keys(**had(1, status=S.DEAD_LETTERED))
    terms = owing(1, FakeDeliverer(redeliverable=redeliverable))

    after = rested(Recorder(order=order, now=NOW, actor=KIM), "keys", terms)

    assert of(after.order).status is status


@pytest.mark.parametrize("fault", [DeliveryFault.FAIL, DeliveryFault.LOST_ANSWER, KeyboardInterrupt()])
@pytest.mark.parametrize("returned", [{"keys": 1}, {"keys": 2}])
@pytest.mark.parametrize("comes_back", [False, True])
def test_a_revocation_that_is_refused_for_good_leaves_the_doubt(fault, returned, comes_back):
    """Nobody knows whether they arrived, and they are not taken back: only a new revocation can tell."""
    shop = Shop(order=only("keys"))
    _in_doubt(shop, fault)
    shop.refund(lines=returned)
    shop.goods.misbehave(DeliveryFault.FINAL)
    shop.later(minutes=20)
    if comes_back:
        shop.bank(RefundStatus.FAILED)
    shop.later(days=1)
    assert (shop.status("keys"), shop.done("keys").count("revoke")) == ("revocation_failed", 0)
    shop.desk.retry("o-1", "keys", actor=KIM)
    owed = 2 if comes_back else 2 - returned["keys"]
    assert (shop.has("keys"), shop.of("keys").handed_over) == (owed, owed)
    assert shop.status("keys") == ("delivered" if owed else "revoked")
    assert shop.order.delivery_due_at is None


def _in_doubt(shop, fault):
    """Let the first try end in doubt: by a fault, or because the process dies on its way there."""
    if isinstance(fault, DeliveryFault):
        shop.goods.misbehave(fault)
        shop.deliver()
        return
    with patch.object(shop.goods, "deliver", side_effect=fault), pytest.raises(KeyboardInterrupt):
        shop.deliver()


def test_a_revocation_of_what_was_handed_over_that_is_refused_is_over():
    """What certainly arrived is certainly there: nothing is in doubt, also after a redelivery that was."""
    shop = Shop(order=only("book"))
    shop.deliver()
    shop.goods.misbehave(DeliveryFault.LOST_ANSWER)
    shop.desk.redeliver("o-1", ["book"], actor=KIM)
    shop.refund()
    shop.goods.misbehave(DeliveryFault.FAIL, DeliveryFault.FINAL)
    shop.later(minutes=20)
    shop.later(minutes=20)
    assert (shop.status("book"), shop.of("book").move) == ("revocation_failed", None)
    shop.bank(RefundStatus.FAILED)
    shop.desk.sweep()
    assert (shop.status("book"), shop.has("book")) == ("delivered", 1)


def test_a_no_for_good_is_no_end_of_the_doubt():
    """The next revocation has a key of its own, and takes back the same units."""
    tried = under_way(REVOKE, 2, 2, unclear_at=AGO, leased_until=SOON, due_at=SOON, moves=3)
    order = keys(**tried)
    recorder = Recorder(order=order, now=NOW, actor=KIM)

    after = unanswered(recorder, of(order), DeliveryError("never", is_final=True), DeliveryTiming())

    assert of(after.order) == attrs.evolve(
        of(order), status=S.REVOCATION_FAILED, moves=4, due_at=None, leased_until=None, last_error="never"
    )
    assert next_due(after.order, owing(0), NOW) is None


@pytest.mark.parametrize(
    ("now", "unclear_at"),
    [
        (under_way(DELIVER, 2, unclear_at=LONG_AGO), LONG_AGO),
        (under_way(DELIVER, 2, unclear_at=LONG_AGO - QUARANTINE, leased_until=LONG_AGO), LONG_AGO),
        (under_way(REDELIVER, 2, 2, unclear_at=LONG_AGO), None),
        (had(2), None),
        (under_way(REVOKE, 2, 2, unclear_at=LONG_AGO), LONG_AGO),
    ],
)
def test_a_revocation_remembers_whether_the_units_are_in_doubt(now, unclear_at):
    """Of what was sent again it is known that it arrived the first time."""
    recorder = Recorder(order=keys(**now), now=NOW, actor=KIM)

    assert of(begun(recorder, "keys", owing(0), SOON).order).unclear_at == unclear_at


@pytest.mark.parametrize("fault", [DeliveryFault.FAIL, DeliveryFault.LOST_ANSWER, KeyboardInterrupt()])
def test_what_certainly_arrived_does_not_pay_for_what_may_not_have(fault):
    """One key is there, nobody knows about the second, and one is refunded: the customer has one, not none."""
    shop = Shop(order=only("keys"), bank=(Fault.PENDING,))
    shop.refund("first", lines={"keys": 1})
    shop.deliver()
    shop.bank(RefundStatus.FAILED, "first")
    _in_doubt(shop, fault)
    shop.refund("second", amount=eur("0.01"))
    shop.refund("third", lines={"keys": 1})
    shop.later(minutes=20)
    assert (shop.has("keys"), shop.of("keys").handed_over, shop.status("keys")) == (1, 1, "delivered")


@pytest.mark.parametrize(
    ("now", "flags", "wanted"),
    [
        ({}, (), Wish(REDELIVER, 1)),
        ({"status": S.DEAD_LETTERED}, (), Wish(REVOKE, 1)),
        ({"status": S.DEAD_LETTERED, "due_at": NOW}, (), Wish(REDELIVER, 1)),
        ({}, (make_flag(),), Wish(REVOKE, 1)),
    ],
)
def test_what_cannot_be_sent_again_is_not_in_the_way_of_a_revocation(now, flags, wanted):
    """One of two keys was refunded, and the other one is being sent again, or not any more."""
    order = attrs.evolve(keys(**under_way(REDELIVER, 1, 2, **now)), flags=flags)

    assert wish(order, of(order), owing(1)) == wanted
