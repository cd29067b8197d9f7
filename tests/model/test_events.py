"""Events: what each is called, for ever."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from refundkit.model.events import Event, EventKind

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
EVENT = Event(order_id="o-1", kind=EventKind.REFUND_SUCCEEDED, at=AT, version=3, number=1)


def test_the_id_of_an_event_is_for_life():
    """Law T4: whoever keeps the ids of what was done already knows them again after every upgrade."""
    assert EVENT.id == "o-1:3:1:65f35c4cdf000"
    assert attrs.evolve(EVENT, at=datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)).id == "o-1:3:1:f4240"


@pytest.mark.parametrize(
    "other", [{"order_id": "o-2"}, {"version": 2}, {"number": 0}, {"at": AT + timedelta(microseconds=1)}]
)
def test_no_other_event_has_it(other):
    """Law T4: a restored store counts its versions again, and its events have new names all the same."""
    assert attrs.evolve(EVENT, **other).id != EVENT.id


def test_the_store_gives_it_its_place():
    """Law T4: version and number come from the store; nothing else of the event changes."""
    told = attrs.evolve(EVENT, version=0, number=0)

    assert told.numbered(3, 1) == EVENT
