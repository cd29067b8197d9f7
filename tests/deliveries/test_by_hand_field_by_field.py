"""What people have done about goods: every field, every event, and every refusal with its reason."""

from datetime import timedelta

import attrs
import pytest

from refundkit import DeliveryStatus, EventKind, InvalidValueError, OrderNotFoundError, RedeliveryDenied
from refundkit.desk.recorder import Recorder
from refundkit.desk.redelivery import marked_delivered, redelivered, retried
from refundkit.policy.reasons import Reason
from refundkit.testing.builders import NOW, make_flag
from refundkit.testing.fake_deliverer import DeliveryFault, FakeDeliverer
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
from tests.deliveries.shop import KIM, LEE, Shop, a_delivery, an_order, only


def recording(order):
    """Begin to record something on an order."""
    return Recorder(order=order, now=NOW, actor=KIM)


def told(recorder):
    """Return the one thing that the timeline is told."""
    (event,) = recorder.events
    return event.kind, event.text, dict(event.data)


AT_ONCE = {"attempts": 0, "due_at": NOW}
ALL_OF_IT = {"move": REDELIVER, "units": 2}

AGAIN = [
    ("failed", under_way(DELIVER, 2, due_at=SOON), 2, {}),
    ("dead-lettered for good", {"status": S.DEAD_LETTERED, "attempts": 3}, 2, {}),
    ("sent again in vain", under_way(REDELIVER, 1, 2), 2, {}),
    ("delivered", had(2), 2, ALL_OF_IT),
    ("delivered, more than is owed", had(2), 1, {"move": REDELIVER, "units": 1}),
    ("delivered in part", had(1), 2, {}),
]


@pytest.mark.parametrize(("now", "owed", "again"), [one[1:] for one in AGAIN], ids=[one[0] for one in AGAIN])
def test_what_is_sent_again_is_due_at_once(now, owed, again):
    """A move that was begun goes on under its key; what the customer has is a move of its own."""
    order = keys(**now)

    after = redelivered(recording(order), ("keys",), owing(owed))

    assert of(after.order) == attrs.evolve(of(order), **AT_ONCE, **again)
    assert after.order.redelivered_at == NOW
    assert told(after) == (EventKind.ORDER_REDELIVERED, "", {"deliveries": ("keys",)})


@pytest.mark.parametrize(
    ("named", "sent"),
    [(None, ("book",)), (("keys",), ("keys",)), (("keys", "book", "keys"), ("keys", "book")), ((), None)],
)
def test_which_ones_are_sent_again(named, sent):
    """Those that are named, each once, or all that failed; none at all is a refusal."""
    failed = a_delivery("book", **under_way(DELIVER, 1))
    order = an_order(deliveries=(a_delivery("keys", **had(2)), failed))
    terms = attrs.evolve(owing(1))

    if sent is None:
        with pytest.raises(RedeliveryDenied) as denied:
            redelivered(recording(order), named, terms)
        assert [reason.code for reason in denied.value.reasons] == ["nothing_failed"]
    else:
        assert told(redelivered(recording(order), named, terms))[2] == {"deliveries": sent}


@pytest.mark.parametrize("status", [S.FAILED, S.DEAD_LETTERED])
def test_both_kinds_of_failure_are_sent_again(status):
    """Whether somebody would have tried again or not."""
    order = keys(**under_way(DELIVER, 2, status=status))

    assert of(redelivered(recording(order), None, owing(2)).order).due_at == NOW


@pytest.mark.parametrize(
    ("now", "owed", "deliverer", "code"),
    [
        (had(2), 0, None, "nothing_owed"),
        (had(2), 2, Reason("deliverer_not_installed", "Gone."), "deliverer_not_installed"),
        (under_way(REVOKE, 1, 2), 2, None, "in_progress"),
        (had(2, status=S.REVOCATION_FAILED), 2, None, "in_progress"),
        (under_way(DELIVER, 2, leased_until=SOON), 2, None, "in_progress"),
        (had(2), 2, FakeDeliverer(redeliverable=False), "only_once"),
    ],
)
def test_what_is_not_sent_again(now, owed, deliverer, code):
    """Each refusal has a code for programs, and a text that stands in the error as well."""
    with pytest.raises(RedeliveryDenied) as denied:
        redelivered(recording(keys(**now)), ("keys",), owing(owed, deliverer))

    (reason,) = denied.value.reasons
    assert (reason.code, reason.text in str(denied.value)) == (code, True)


def test_what_failed_may_be_sent_again_even_if_it_is_sent_only_once():
    """The customer does not have it yet."""
    order = keys(**under_way(DELIVER, 2, leased_until=AGO))

    assert redelivered(recording(order), None, owing(2, FakeDeliverer(redeliverable=False))).events


def test_all_reasons_stand_in_the_refusal():
    """Whoever reads it learns everything at once."""
    order = attrs.evolve(keys(**had(2)), flags=(make_flag(),))

    with pytest.raises(RedeliveryDenied) as denied:
        redelivered(recording(order), ("keys",), owing(0))

    texts = [reason.text for reason in denied.value.reasons]
    assert [reason.code for reason in denied.value.reasons] == ["order_flagged", "nothing_owed"]
    assert str(denied.value).endswith(" ".join(texts))


@pytest.mark.parametrize(
    ("since", "left"),
    [
        (timedelta(0), 60),
        (timedelta(seconds=59, microseconds=999_999), 1),
        (timedelta(seconds=60), None),
        (timedelta(seconds=-60), 120),
        (timedelta(seconds=-60, microseconds=-1), None),
        (timedelta(hours=-5), None),
    ],
)
def test_the_seconds_that_are_left(since, left):
    """Rounded up, and none when it is over, or when a clock was set back by more than clocks may differ."""
    order = attrs.evolve(keys(**had(2)), redelivered_at=NOW - since)

    if left is None:
        assert redelivered(recording(order), ("keys",), owing(2)).events
        return
    with pytest.raises(RedeliveryDenied) as denied:
        redelivered(recording(order), ("keys",), owing(2))
    (reason,) = denied.value.reasons
    assert (denied.value.seconds_left, reason.code) == (left, "cooling_down")
    assert f"wait for {left} more seconds" in reason.text
    assert str(denied.value).endswith(reason.text)


# Trying once more.


@pytest.mark.parametrize(
    ("now", "owed", "again"),
    [
        (under_way(DELIVER, 2, due_at=SOON), 2, {}),
        (under_way(DELIVER, 2, status=S.DEAD_LETTERED, attempts=6), 2, {}),
        ({"status": S.DEAD_LETTERED, "moves": 1}, 2, {}),
        (under_way(REVOKE, 1, 2, status=S.REVOCATION_FAILED), 1, {}),
        (had(2, status=S.REVOCATION_FAILED), 1, {}),
        (under_way(REDELIVER, 2, 2, status=S.DELIVERED), 2, {}),
        (had(2, status=S.DEAD_LETTERED), 2, ALL_OF_IT),
    ],
)
def test_a_retry_is_due_at_once_with_all_its_tries(now, owed, again):
    """The very move that failed, or sent again what was refused for good."""
    order = keys(**now)

    after = retried(recording(order), "keys", owing(owed))

    assert of(after.order) == attrs.evolve(of(order), **AT_ONCE, **again)
    assert told(after) == (EventKind.DELIVERY_RETRIED, "", {"delivery": "keys"})


@pytest.mark.parametrize(
    ("owed", "deliverer"),
    [(0, None), (2, FakeDeliverer(redeliverable=False)), (2, Reason("deliverer_not_installed", "Gone."))],
    ids=["refunded", "sent once", "no deliverer"],
)
def test_what_was_refused_for_good_is_not_retried_for_nothing(owed, deliverer):
    """All that is owed was handed over; what is left is to send it again, and that cannot be."""
    delivery = {"status": S.DEAD_LETTERED, "moves": 1} if not owed else had(2, status=S.DEAD_LETTERED)

    with pytest.raises(InvalidValueError, match="nothing to try again"):
        retried(recording(keys(**delivery)), "keys", owing(owed, deliverer))


def test_the_last_unit_is_sent_again_as_well():
    """One unit is enough."""
    order = keys(**had(1, status=S.DEAD_LETTERED))

    assert of(retried(recording(order), "keys", owing(1)).order).units == 1


@pytest.mark.parametrize(
    ("now", "field", "value"),
    [
        ({}, "status", DeliveryStatus.PENDING),
        (had(2), "status", DeliveryStatus.DELIVERED),
        ({"status": S.REVOKED}, "status", DeliveryStatus.REVOKED),
        (under_way(DELIVER, 2, leased_until=SOON), "delivery_id", "keys"),
    ],
)
def test_what_is_not_retried(now, field, value):
    """What is at rest, and what somebody is trying right now."""
    with pytest.raises(InvalidValueError) as refused:
        retried(recording(keys(**now)), "keys", owing(2))

    assert (refused.value.field, refused.value.value) == (field, value)


# A person's word.


@pytest.mark.parametrize(
    ("now", "owed", "units"),
    [
        ({}, 2, 2),
        ({}, 1, 1),
        (under_way(DELIVER, 2, due_at=SOON), 2, 2),
        (had(1), 2, 2),
        (had(2, status=S.REVOCATION_FAILED), 1, 2),
        (under_way(REDELIVER, 2, 2, status=S.DELIVERED), 2, 2),
    ],
)
def test_a_person_says_that_the_customer_has_it(now, owed, units):
    """All that is owed counts as handed over, what is under way ends, and the note is in the timeline."""
    order = keys(**now, last_error="no luck")

    after = marked_delivered(recording(order), "keys", "by mail", owing(owed))

    expected = {"status": S.DELIVERED, "handed_over": units, "delivered_at": NOW, "last_error": ""}
    over = {"move": None, "units": 0, "moves": of(order).moves + 1, "due_at": None}
    assert of(after.order) == attrs.evolve(of(order), **over, **expected)
    data = {"delivery": "keys", "units": units, "by_hand": True}
    assert told(after) == (EventKind.DELIVERY_DELIVERED, "by mail", data)


@pytest.mark.parametrize("owed", [2, 1])
def test_what_is_delivered_already_needs_no_word(owed):
    """The second click changes nothing."""
    before = recording(keys(**had(2)))

    assert marked_delivered(before, "keys", "again", owing(owed)) is before


def test_what_was_paid_back_is_not_delivered_by_word():
    """The refusal names the delivery."""
    with pytest.raises(InvalidValueError) as refused:
        marked_delivered(recording(keys()), "keys", "", owing(0))

    assert (refused.value.field, refused.value.value) == ("delivery_id", "keys")


@pytest.mark.parametrize("command", ["redeliver", "retry", "mark_delivered"])
def test_a_delivery_that_is_not_there(command):
    """Law C4: the error names the order, and nothing is changed."""
    shop = Shop()
    name = ["lamp"] if command == "redeliver" else "lamp"

    with pytest.raises(OrderNotFoundError, match="has no delivery 'lamp'") as missing:
        getattr(shop.desk, command)("o-1", name, actor=KIM)

    assert missing.value.order_id == "o-1"
    assert shop.told() == []


# The desk passes on who did it and what they said.


def test_who_did_it_is_in_the_timeline():
    """Law T4: the person who asked is named for the wish and for what came of it."""
    shop = Shop(DeliveryFault.FAIL, order=only("book"))
    shop.deliver()
    shop.desk.retry("o-1", "book", actor=LEE)
    shop.desk.redeliver("o-1", ["book"], actor=LEE)
    shop.desk.record_download("o-1", "book", actor=LEE)

    assert [name for _, name in shop.told()] == ["kim", "lee", "lee", "lee", "lee", "lee"]


def test_a_note_is_kept_with_what_was_marked():
    """Law T4: how the goods came, in the words of who knows; without a word there is none."""
    shop = Shop()
    shop.desk.mark_delivered("o-1", "book", actor=LEE, note="by mail")
    shop.desk.mark_delivered("o-1", "keys", actor=LEE)

    events = [one for one in shop.store.events("o-1") if one.kind is EventKind.DELIVERY_DELIVERED]
    assert [(one.text, one.actor) for one in events] == [("by mail", LEE), ("", LEE)]
