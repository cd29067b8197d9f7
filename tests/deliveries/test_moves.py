"""What shall be done about a delivery, and when it is its turn: decided from the order alone, case by case."""

from datetime import timedelta

import attrs
import pytest

from refundkit.desk.moves import Wish, begun, next_due, wish
from refundkit.desk.recorder import Recorder
from refundkit.policy.goods import Revocation
from refundkit.policy.reasons import Reason
from refundkit.testing.builders import NOW, make_flag
from refundkit.testing.fake_deliverer import FakeDeliverer
from tests.deliveries.moving import (
    AGO,
    DELIVER,
    HOUR,
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
from tests.deliveries.shop import KIM, Shop, a_delivery, an_order

# Which move.

WISHES = [
    ({}, 2, (DELIVER, 2)),
    ({}, 1, (DELIVER, 1)),
    ({}, 0, None),
    (had(2), 2, None),
    (had(1), 2, (DELIVER, 1)),
    (had(2), 1, (REVOKE, 1)),
    (had(2), 0, (REVOKE, 2)),
    (under_way(DELIVER, 2), 2, (DELIVER, 2)),
    (under_way(DELIVER, 1), 2, (DELIVER, 1)),
    (under_way(DELIVER, 1, 1), 2, (DELIVER, 1)),
    (under_way(DELIVER, 1, 1), 1, (REVOKE, 2)),
    (under_way(DELIVER, 2), 0, (REVOKE, 2)),
    (under_way(REDELIVER, 2, 2), 2, (REDELIVER, 2)),
    (under_way(REDELIVER, 1, 1), 2, (REDELIVER, 1)),
    (under_way(REDELIVER, 2, 2), 1, (REVOKE, 1)),
    (under_way(REVOKE, 1, 2), 1, (REVOKE, 1)),
]


@pytest.mark.parametrize(("now", "owed", "wanted"), WISHES, ids=range(len(WISHES)))
def test_what_is_missing_is_handed_over_and_what_is_too_much_taken_back(now, owed, wanted):
    """Law E2 for goods: a move that was begun keeps its units, unless the money for them went back."""
    order = keys(**now)

    assert wish(order, of(order), owing(owed)) == (wanted and Wish(*wanted))


@pytest.mark.parametrize(("now", "owed", "wanted"), WISHES, ids=range(len(WISHES)))
def test_what_cannot_be_taken_back_stays(now, owed, wanted):
    """Only a revocation that was begun goes on, because nobody knows how it ended."""
    order = keys(**now)
    goes_on = now.get("move") is REVOKE or (wanted is not None and wanted[0] is not REVOKE)

    kept = wish(order, of(order), owing(owed, FakeDeliverer(revocable=False)))

    assert kept == (Wish(*wanted) if goes_on else None)


@pytest.mark.parametrize(("now", "owed", "wanted"), WISHES, ids=range(len(WISHES)))
def test_while_something_is_wrong_goods_only_come_back(now, owed, wanted):
    """Law C5: a flagged order hands nothing over; what shall be taken back still is."""
    order = attrs.evolve(keys(**now), flags=(make_flag(),))
    comes_back = wanted is not None and wanted[0] is REVOKE

    assert wish(order, of(order), owing(owed)) == (Wish(*wanted) if comes_back else None)


@pytest.mark.parametrize(
    ("now", "owed", "free", "wanted"),
    [
        ({}, 2, 1, (DELIVER, 1)),
        ({}, 2, 0, None),
        (had(1), 2, 1, None),
        (had(2), 2, 1, None),
        (had(2), 1, 0, (REVOKE, 1)),
        (under_way(DELIVER, 2), 2, 1, None),
        (under_way(DELIVER, 1, 1), 2, 2, (DELIVER, 1)),
        (under_way(DELIVER, 2), 1, 0, (REVOKE, 2)),
        (under_way(REDELIVER, 2, 2), 2, 1, None),
        (under_way(REDELIVER, 1, 2), 2, 1, (REDELIVER, 1)),
        (under_way(REVOKE, 1, 2), 2, 0, (REVOKE, 1)),
    ],
)
def test_what_is_being_refunded_is_neither_handed_over_nor_taken_back(now, owed, free, wanted):
    """Law E4 for goods: nobody knows the end of a refund that is under way, so nothing is done before."""
    order = keys(**now)

    assert wish(order, of(order), owing(owed, free=free)) == (wanted and Wish(*wanted))


@pytest.mark.parametrize(("revocation", "back"), [(Revocation.ON_REFUND, True), (Revocation.NEVER, False)])
def test_a_shop_that_takes_nothing_back_does_not(revocation, back):
    """What may have arrived stays with the customer."""
    order, terms = keys(**had(2)), attrs.evolve(owing(1), revocation=revocation)

    assert (wish(order, of(order), terms) is not None) is back


def test_each_version_of_an_order_is_judged_anew():
    """Law E2 for goods: what was owed a moment ago is no longer, once its money has gone back."""
    shop = Shop()
    before, terms = shop.order, shop.desk._dispatch.terms
    shop.refund()
    after = shop.order

    assert [dict(terms.owed(order)) for order in (before, after, before)] == [
        {"keys": 2, "book": 1},
        {"keys": 0, "book": 0},
        {"keys": 2, "book": 1},
    ]


def test_without_a_deliverer_nothing_is_done():
    """Law C5: whoever must not be asked is not asked."""
    order = keys()

    assert wish(order, of(order), owing(2, Reason("deliverer_not_installed", "Gone."))) is None


# When it is its turn.

QUARANTINE, LONG_AGO = timedelta(minutes=15), NOW - HOUR

TURNS = [
    ("new", {}, 2, NOW),
    ("at rest", had(2), 2, None),
    ("leased", under_way(DELIVER, 2, leased_until=SOON, due_at=SOON + HOUR), 2, SOON),
    ("the lease is over", under_way(DELIVER, 2, leased_until=AGO), 2, NOW),
    ("waits", under_way(DELIVER, 2, due_at=SOON), 2, SOON),
    ("has waited", under_way(DELIVER, 2, due_at=AGO), 2, AGO),
    ("another move does not wait", under_way(DELIVER, 2, due_at=SOON), 1, NOW),
    ("another move waits for the quarantine", under_way(DELIVER, 2, unclear_at=AGO), 1, AGO + QUARANTINE),
    (
        "of a try that broke off",
        under_way(DELIVER, 2, leased_until=AGO, unclear_at=LONG_AGO),
        1,
        AGO + QUARANTINE,
    ),
    ("the quarantine is over", under_way(DELIVER, 2, unclear_at=LONG_AGO), 1, NOW),
    ("dead-lettered", under_way(DELIVER, 2, status=S.DEAD_LETTERED), 2, None),
    ("dead-lettered, and at rest", {"status": S.DEAD_LETTERED, "moves": 1}, 2, None),
    ("a person retries it", under_way(DELIVER, 2, status=S.DEAD_LETTERED, due_at=NOW), 2, NOW),
    ("dead-lettered, and refunded", under_way(DELIVER, 2, status=S.DEAD_LETTERED), 0, NOW),
    ("sent again in vain", had(2, status=S.DEAD_LETTERED), 1, NOW),
    ("revocation failed", under_way(REVOKE, 1, 2, status=S.REVOCATION_FAILED, due_at=SOON), 1, SOON),
    ("revocation given up", under_way(REVOKE, 1, 2, status=S.REVOCATION_FAILED), 1, None),
    ("refused for good", had(2, status=S.REVOCATION_FAILED), 1, None),
    ("to be called off", {}, 0, NOW),
    ("to be called off after its lease", {"leased_until": SOON}, 0, SOON),
    ("to be called off, its lease is over", {"leased_until": AGO}, 0, NOW),
    ("called off", {"status": S.REVOKED, "moves": 1}, 0, None),
    ("refused for good, and more is owed", had(1, status=S.REVOCATION_FAILED), 2, NOW),
]


@pytest.mark.parametrize(
    ("now", "owed", "due"), [turn[1:] for turn in TURNS], ids=[turn[0] for turn in TURNS]
)
def test_when_it_is_its_turn(now, owed, due):
    """A lease is waited for, a wait is of its own move, and what was given up is nobody's turn."""
    assert next_due(keys(**now), owing(owed), NOW) == due


def test_an_order_is_due_with_its_first_delivery():
    """The others get their turn when it comes."""
    waiting = a_delivery("book", **under_way(DELIVER, 1, due_at=SOON))
    later = a_delivery("keys", **under_way(DELIVER, 2, due_at=SOON + HOUR))

    assert next_due(an_order(deliveries=(later, waiting)), owing(2), NOW) == SOON


@pytest.mark.parametrize(
    ("code", "due"), [("deliverer_not_installed", NOW + 2 * HOUR), ("test_and_live", None)]
)
def test_who_may_be_elsewhere_is_looked_for_again(code, due):
    """Law C5: another process may have the deliverer; a test order has a live one nowhere."""
    terms = owing(2, Reason(code, "Not here."), retries=(HOUR, 3 * HOUR, 2 * HOUR))

    assert next_due(keys(), terms, NOW) == due


# Beginning.


def begin(order, owed, name="keys"):
    """Begin what shall be done; return the recorder before and after."""
    before = Recorder(order=order, now=NOW, actor=KIM)
    return before, begun(before, name, owing(owed), SOON)


@pytest.mark.parametrize(
    ("now", "owed", "tried"),
    [
        ({}, 2, {"move": DELIVER, "units": 2, "attempts": 1}),
        (had(1), 2, {"move": DELIVER, "units": 1, "attempts": 1}),
        (under_way(DELIVER, 2, due_at=NOW), 2, {"attempts": 2}),
        (under_way(DELIVER, 2, leased_until=NOW), 2, {"attempts": 2}),
        (under_way(DELIVER, 1, 1), 1, {"move": REVOKE, "units": 2, "handed_over": 2}),
        (under_way(REDELIVER, 2, 2), 1, {"move": REVOKE, "units": 1}),
        (had(2), 1, {"move": REVOKE, "units": 1, "attempts": 1}),
        (under_way(REVOKE, 1, 2, unclear_at=AGO), 1, {"attempts": 2}),
    ],
)
def test_a_try_is_counted_and_leased(now, owed, tried):
    """Law E1: what is tried, how often, and until when; what may have arrived counts as handed over."""
    before, after = begin(keys(**now), owed)

    expected = {"leased_until": SOON, "due_at": SOON, **tried}
    assert of(after.order) == attrs.evolve(of(before.order), **expected)
    assert after.events == ()


@pytest.mark.parametrize(
    ("now", "owed"),
    [
        (had(2), 2),
        (under_way(DELIVER, 2, due_at=SOON), 2),
        (under_way(DELIVER, 2, leased_until=SOON), 2),
        (under_way(DELIVER, 2, status=S.DEAD_LETTERED), 2),
    ],
    ids=["at rest", "waits", "leased", "given up"],
)
def test_nothing_begins_out_of_turn(now, owed):
    """Law E1: while somebody may be at it, or before it is time, nobody begins."""
    before, after = begin(keys(**now), owed)

    assert after is before


def test_what_is_not_there_does_not_begin():
    """An order may lose a delivery between two looks; nothing else is touched."""
    before, after = begin(keys(), 2, name="lamp")

    assert after is before
