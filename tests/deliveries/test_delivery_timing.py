"""The timing of deliveries: which wait follows which try, and what is no timing."""

from datetime import timedelta

import pytest

from refundkit import DeliveryTiming, InvalidValueError

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WAITS = (MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 12 * HOUR)


def test_the_waits_without_a_word():
    """Six tries within fifteen hours, two minutes for each, and a minute between two redeliveries."""
    timing = DeliveryTiming()

    assert (timing.lease, timing.cooldown, timing.quarantine) == (2 * MINUTE, MINUTE, 15 * MINUTE)
    assert (timing.retries, timing.most_attempts) == (WAITS, 6)


@pytest.mark.parametrize(
    ("tries", "wait"),
    [(0, WAITS[0]), (1, WAITS[0]), (2, WAITS[1]), (5, WAITS[4]), (6, WAITS[4]), (99, WAITS[4])],
)
def test_the_wait_after_so_many_tries(tries, wait):
    """Each try has its wait, and the last wait repeats."""
    assert DeliveryTiming().retry_after(tries) == wait


@pytest.mark.parametrize("name", ["lease", "cooldown", "quarantine"])
def test_every_wait_is_above_zero(name):
    """A wait of nothing would try without end; one microsecond is a wait."""
    least = timedelta(microseconds=1)

    assert getattr(DeliveryTiming(**{name: least}), name) == least
    with pytest.raises(InvalidValueError) as refused:
        DeliveryTiming(**{name: timedelta(0)})
    assert (refused.value.field, refused.value.value) == ("retries", WAITS)


@pytest.mark.parametrize("waits", [(), (MINUTE, timedelta(0)), (-MINUTE,)])
def test_there_is_a_wait_between_tries(waits):
    """The refusal names the waits."""
    with pytest.raises(InvalidValueError) as refused:
        DeliveryTiming(retries=waits)
    assert (refused.value.field, refused.value.value) == ("retries", waits)
