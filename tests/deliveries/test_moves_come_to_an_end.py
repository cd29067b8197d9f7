"""How a move ends, field by field: what is written down, when it is tried again, and what the timeline tells."""

from datetime import timedelta

import attrs
import pytest

from refundkit import DeliveryError, EventKind, Receipt
from refundkit.desk.moves import answered, rested, unanswered
from refundkit.desk.recorder import Recorder
from refundkit.policy.reasons import Reason
from refundkit.testing.builders import NOW, make_flag
from refundkit.testing.fake_deliverer import FakeDeliverer
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
from tests.deliveries.shop import KIM

LEASED = {"leased_until": SOON, "due_at": SOON, "unclear_at": AGO, "last_error": "before", "moves": 3}
OVER = {"move": None, "units": 0, "moves": 4, "due_at": None, "leased_until": None, "unclear_at": None}


def recording(order):
    """Begin to record something on an order."""
    return Recorder(order=order, now=NOW, actor=KIM)


def told(recorder):
    """Return the one thing that the timeline is told."""
    (event,) = recorder.events
    return event.kind, event.text, dict(event.data)


# An answer.


@pytest.mark.parametrize(
    ("made", "ended", "kind", "data"),
    [
        ((DELIVER, 2, 0), {"handed_over": 2, "delivered_at": NOW}, EventKind.DELIVERY_DELIVERED, {}),
        ((DELIVER, 1, 1), {"handed_over": 2, "delivered_at": NOW}, EventKind.DELIVERY_DELIVERED, {}),
        ((REDELIVER, 2, 2), {"delivered_at": NOW}, EventKind.DELIVERY_DELIVERED, {"again": True}),
        ((REVOKE, 1, 2), {"handed_over": 1}, EventKind.DELIVERY_REVOKED, {}),
        ((REVOKE, 2, 2), {"handed_over": 0, "status": S.REVOKED}, EventKind.DELIVERY_REVOKED, {}),
    ],
)
def test_a_move_that_was_made(made, ended, kind, data):
    """Law T4: the units that the customer has since, and an event that says how many units were meant."""
    order = keys(**under_way(*made, **LEASED, delivered_at=AGO, details={"a": 1}))

    after = answered(recording(order), of(order), Receipt(text="sent", details={"b": 2}))

    expected = {"status": S.DELIVERED, "last_error": "", "details": {"b": 2}, **OVER, **ended}
    assert of(after.order) == attrs.evolve(of(order), **expected)
    assert told(after) == (kind, "sent", {"delivery": "keys", "units": made[1], **data})


@pytest.mark.parametrize(("move", "handed_over"), [(DELIVER, 0), (REVOKE, 2)])
def test_a_receipt_without_details_takes_none_away(move, handed_over):
    """What the deliverer wanted to remember stays."""
    order = keys(**under_way(move, 2, handed_over, details={"a": 1}))

    assert dict(of(answered(recording(order), of(order), Receipt()).order).details) == {"a": 1}


@pytest.mark.parametrize(
    "since", [{"moves": 4}, {"move": REVOKE}, {"move": None, "units": 0}], ids=["newer", "other", "over"]
)
def test_an_answer_to_a_move_that_is_over_changes_nothing(since):
    """Law T3: it is counted once, whoever heard of it first."""
    order = keys(**under_way(DELIVER, 1, 1, moves=3))
    before = recording(attrs.evolve(order, deliveries=(attrs.evolve(of(order), **since),)))

    assert answered(before, of(order), Receipt()) is before


def test_a_late_answer_counts():
    """Law E2: the same move, tried once more meanwhile, was made."""
    order = keys(**under_way(DELIVER, 2, **LEASED))
    newer = attrs.evolve(of(order), attempts=2, leased_until=SOON + timedelta(hours=1))
    after = answered(recording(attrs.evolve(order, deliveries=(newer,))), of(order), Receipt())

    assert of(after.order).handed_over == 2


# No answer.


@pytest.mark.parametrize(
    ("move", "attempts", "status", "due"),
    [
        (DELIVER, 1, S.FAILED, 1),
        (DELIVER, 2, S.FAILED, 10),
        (DELIVER, 3, S.DEAD_LETTERED, None),
        (DELIVER, 4, S.DEAD_LETTERED, None),
        (REDELIVER, 2, S.FAILED, 10),
        (REVOKE, 2, S.REVOCATION_FAILED, 10),
        (REVOKE, 3, S.REVOCATION_FAILED, None),
    ],
)
def test_a_try_that_failed(move, attempts, status, due):
    """The move goes on after its wait, until its tries are used up; then a person has to look."""
    order = keys(**under_way(move, 2, 0 if move is DELIVER else 2, **{**LEASED, "attempts": attempts}))
    timing = owing(2, retries=(timedelta(minutes=1), timedelta(minutes=10)), most_attempts=3).timing

    after = unanswered(recording(order), of(order), DeliveryError("no\0 luck"), timing)

    assert of(after.order) == attrs.evolve(
        of(order),
        status=status,
        last_error="no? luck",
        due_at=None if due is None else NOW + timedelta(minutes=due),
        leased_until=None,
        unclear_at=AGO if move is REVOKE else NOW,
    )
    kind = {
        S.FAILED: EventKind.DELIVERY_FAILED,
        S.DEAD_LETTERED: EventKind.DELIVERY_DEAD_LETTERED,
        S.REVOCATION_FAILED: EventKind.DELIVERY_REVOCATION_FAILED,
    }[status]
    given_up = {} if due else {"given_up": True}
    assert told(after) == (
        kind,
        "no? luck",
        {"delivery": "keys", "units": 2, "attempts": attempts, **given_up},
    )


@pytest.mark.parametrize(("move", "status"), [(DELIVER, S.DEAD_LETTERED), (REVOKE, S.REVOCATION_FAILED)])
def test_a_no_for_good_is_an_end(move, status):
    """The key was answered for good, so whoever tries again does so under the next one."""
    doubt = {"unclear_at": AGO if move is DELIVER else None}
    order = keys(**under_way(move, 2, 0 if move is DELIVER else 2, **(LEASED | doubt)))

    after = unanswered(recording(order), of(order), DeliveryError("never", is_final=True), owing(2).timing)

    assert of(after.order) == attrs.evolve(of(order), status=status, last_error="never", **OVER)
    assert told(after)[2] == {"delivery": "keys", "units": 2, "attempts": 1, "given_up": True}


def test_a_no_for_good_to_what_nobody_knows_is_no_end():
    """Whether there is anything to take back is as open as before; whoever tries again does so under the next key."""
    order = keys(**under_way(REVOKE, 2, 2, **LEASED))

    after = unanswered(recording(order), of(order), DeliveryError("never", is_final=True), owing(0).timing)

    expected = {"status": S.REVOCATION_FAILED, "last_error": "never", "moves": 4}
    assert of(after.order) == attrs.evolve(of(order), due_at=None, leased_until=None, **expected)


@pytest.mark.parametrize(
    "since",
    [{"moves": 4}, {"move": REVOKE}, {"attempts": 2}, {"leased_until": AGO}, {"leased_until": None}],
    ids=str,
)
def test_a_failure_speaks_of_its_own_try_only(since):
    """Law T3: whatever has begun since goes on."""
    order = keys(**under_way(DELIVER, 1, 1, **LEASED))
    before = recording(attrs.evolve(order, deliveries=(attrs.evolve(of(order), **since),)))

    assert unanswered(before, of(order), DeliveryError("no"), owing(2).timing) is before


def test_an_answer_about_nothing_changes_nothing():
    """The delivery is not there any more."""
    order = keys(**under_way(DELIVER, 2))
    before = recording(attrs.evolve(order, deliveries=()))

    assert answered(before, of(order), Receipt()) is before
    assert unanswered(before, of(order), DeliveryError("no"), owing(2).timing) is before


# Coming to rest.

STUCK, ONCE = FakeDeliverer(revocable=False), FakeDeliverer(revocable=False, redeliverable=False)


@pytest.mark.parametrize(
    ("now", "owed", "deliverer"),
    [
        (under_way(DELIVER, 2, unclear_at=NOW), 1, None),
        (under_way(REDELIVER, 2, 2, unclear_at=NOW), 1, None),
        (had(2, status=S.DEAD_LETTERED), 0, STUCK),
        (had(2, status=S.DEAD_LETTERED), 2, STUCK),
        (had(2), 2, ONCE),
        ({}, 2, None),
        (had(2), 2, None),
        (had(2), 1, STUCK),
        ({"leased_until": SOON}, 0, None),
        ({}, 0, Reason("deliverer_not_installed", "Gone.")),
        ({"status": S.REVOKED, "moves": 1}, 0, None),
        ({"status": S.REVOCATION_FAILED, "moves": 1}, 0, None),
        (under_way(DELIVER, 2, status=S.DEAD_LETTERED), 1, STUCK),
    ],
    ids=[
        "in quarantine",
        "to be taken back",
        "kept for good",
        "to be sent again",
        "sent once",
        "to do",
        "done",
        "kept",
        "leased",
        "no deliverer",
        "revoked",
        "empty",
        "stranded before",
    ],
)
def test_what_stays_as_it_is(now, owed, deliverer):
    """Law T4: no news of what has come to rest already, or has something before it."""
    before = recording(keys(**now))

    assert rested(before, "keys", owing(owed, deliverer)) is before


def test_what_is_not_there_comes_to_no_rest():
    """An order may lose a delivery between two looks."""
    before = recording(keys())

    assert rested(before, "lamp", owing(0)) is before


@pytest.mark.parametrize(
    "now",
    [under_way(DELIVER, 2), under_way(REDELIVER, 2, 2), had(1, status=S.REVOCATION_FAILED)],
    ids=["deliver", "redeliver", "one more"],
)
@pytest.mark.parametrize("deliverer", [None, ONCE], ids=["any", "once"])
def test_what_waits_for_a_person_does_not_come_to_rest(now, deliverer):
    """A flagged order keeps what was begun: it goes on when the flag is cleared."""
    before = recording(attrs.evolve(keys(**now), flags=(make_flag(),)))

    assert rested(before, "keys", owing(2, deliverer)) is before


@pytest.mark.parametrize("status", [S.PENDING, S.FAILED, S.DEAD_LETTERED])
def test_what_nobody_needs_any_more_is_called_off(status):
    """Nothing was handed over and nothing is owed: it ends without anybody being asked."""
    order = keys(status=status, moves=3, due_at=AGO)

    after = rested(recording(order), "keys", owing(0))

    assert of(after.order) == attrs.evolve(of(order), status=S.REVOKED, **OVER)
    assert told(after)[0] is EventKind.DELIVERY_REVOKED
    assert told(after)[2] == {"delivery": "keys", "units": 0}


@pytest.mark.parametrize(
    ("status", "deliverer"), [(S.REVOCATION_FAILED, None), (S.FAILED, ONCE), (S.DEAD_LETTERED, ONCE)]
)
def test_a_failure_that_does_not_matter_any_more_is_forgotten(status, deliverer):
    """The customer rightly has what could not be taken back, and what is never sent again."""
    order = keys(**had(2, status=status, last_error="no", moves=3))

    after = rested(recording(order), "keys", owing(2, deliverer))

    assert of(after.order) == attrs.evolve(of(order), status=S.DELIVERED, last_error="", **OVER)
    assert after.events == ()


def test_what_was_to_be_sent_again_and_was_refunded_is_forgotten():
    """Nothing of it can be taken back, and nothing is sent again."""
    order = keys(**under_way(REDELIVER, 2, 2, moves=3))

    after = rested(recording(order), "keys", owing(1, STUCK))

    assert of(after.order) == attrs.evolve(of(order), status=S.DELIVERED, **OVER)
    assert after.events == ()


@pytest.mark.parametrize(
    "now",
    [{}, {"due_at": None}, {"status": S.DEAD_LETTERED, "due_at": NOW}],
    ids=["new", "undated", "retried"],
)
def test_what_may_have_arrived_and_cannot_be_taken_back_is_a_persons_case(now):
    """The money went back while nobody knew: it is never tried again, and the timeline says why."""
    order = keys(**under_way(DELIVER, 2, **{"due_at": AGO, "leased_until": AGO, **now}))

    after = rested(recording(order), "keys", owing(1, STUCK))

    kind, text, data = told(after)
    assert of(after.order) == attrs.evolve(
        of(order), status=S.DEAD_LETTERED, due_at=None, leased_until=None, last_error=text
    )
    assert (kind, data) == (EventKind.DELIVERY_DEAD_LETTERED, {"delivery": "keys", "units": 2})
    assert "cannot be taken back" in text
