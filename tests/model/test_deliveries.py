"""Deliveries: what a try changes, what an end changes, and what a move is called."""

from datetime import timedelta

import attrs
import pytest

from refundkit.model.deliveries import Delivery, DeliveryMove, DeliveryStatus, move_key
from tests.model.builders import NOW

DELIVER, REDELIVER, REVOKE = DeliveryMove
LATER = NOW + timedelta(minutes=5)


def delivery(**more):
    """Hand two keys over."""
    given = {"id": "d-1", "line_id": "line-1", "kind": "mail", "target": "kim@example.org", "quantity": 2}
    return Delivery(**{**given, **more})


# One move is under way: its third try.
UNDER_WAY = {
    "move": DELIVER,
    "units": 2,
    "attempts": 3,
    "due_at": NOW,
    "leased_until": NOW,
    "unclear_at": NOW,
}


@pytest.mark.parametrize(
    ("known", "is_new"),
    [
        (delivery(), True),
        (delivery(status=DeliveryStatus.REVOKED), False),
        (delivery(status=DeliveryStatus.DELIVERED), False),
        (delivery(handed_over=1), False),
        (delivery(moves=1), False),
        (delivery(attempts=1), False),
        (delivery(due_at=NOW), True),
    ],
)
def test_new_is_what_nobody_touched(known, is_new):
    """A delivery is new until something was done about it, however that ended."""
    assert known.is_new is is_new


@pytest.mark.parametrize(
    ("until", "leased"), [(None, False), (NOW - timedelta(1), False), (NOW, False), (LATER, True)]
)
def test_a_lease_ends_at_its_moment(until, leased):
    """Somebody may be handing over only before the lease ends; at that moment another may."""
    assert delivery(leased_until=until).is_leased(NOW) is leased


@pytest.mark.parametrize(
    ("before", "move", "attempts"),
    [({}, DELIVER, 1), (UNDER_WAY, DELIVER, 4), (UNDER_WAY, REVOKE, 1), ({"attempts": 3}, REVOKE, 1)],
    ids=["first", "again", "another move", "after an end"],
)
def test_a_try_is_counted_and_leased(before, move, attempts):
    """The tries of one move are counted together, and the next is due when the lease of this one ends."""
    tried = delivery(**before).trying(move, 1, leased_until=LATER)

    assert (tried.move, tried.units, tried.attempts) == (move, 1, attempts)
    assert (tried.due_at, tried.leased_until, tried.moves) == (LATER, LATER, 0)


@pytest.mark.parametrize("status", [DeliveryStatus.DELIVERED, DeliveryStatus.DEAD_LETTERED])
def test_an_end_leaves_nothing_to_do(status):
    """However a move ends, its units are free, nothing is due, and the next move has a name of its own."""
    ended = delivery(**UNDER_WAY, moves=1).ended(status, handed_over=1)

    assert (ended.status, ended.handed_over, ended.moves, ended.attempts) == (status, 1, 2, 3)
    assert (ended.move, ended.units) == (None, 0)
    assert (ended.due_at, ended.leased_until, ended.unclear_at) == (None, None, None)


def test_an_end_may_say_when_it_goes_on():
    """What its caller says of an end counts, such as when to try again."""
    assert delivery(**UNDER_WAY).ended(DeliveryStatus.FAILED, due_at=LATER).due_at == LATER


@pytest.mark.parametrize("held", [{"handed_over": 2}, {"move": REDELIVER, "units": 2}])
def test_what_is_just_possible(held):
    """All units may be with the customer, or on their way."""
    assert attrs.asdict(delivery(**held)).items() >= held.items()


GOLDEN = {
    ("o-1", "d-1", DELIVER, 0): "d8fad5d6-a679-53d4-bfa7-aaca9a0d5f97",
    ("o-1", "d-1", REVOKE, 1): "64831dac-51b6-5ad2-b875-4d1a320c1f03",
}


@pytest.mark.parametrize("parts", list(GOLDEN))
def test_the_name_of_a_move_is_for_life(parts):
    """Law E2: the idempotency key of a move is the same in every version of refundkit."""
    assert move_key(*parts) == GOLDEN[parts]


@pytest.mark.parametrize(
    "other", [("o-2", "d-1", DELIVER, 0), ("o-1", "d-2", DELIVER, 0), ("o-1", "d-1", DELIVER, 1)]
)
def test_other_moves_have_other_names(other):
    """Law E2: no two moves share a key."""
    assert move_key(*other) != move_key("o-1", "d-1", DELIVER, 0)
