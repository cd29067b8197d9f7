"""Timing, to the second: which wait follows which attempt, when a turn is over, and when the sweep looks again."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from refundkit.desk.timing import Lease, Timing, is_leased, next_due
from refundkit.errors import InvalidValueError
from refundkit.model.refunds import RefundStatus
from refundkit.testing.builders import make_order, make_refund
from tests.desk.shop import Shop, a_payment, a_request, an_order

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TIMING = Timing()
WAITS = (30 * SECOND, 5 * MINUTE, HOUR, 6 * HOUR, DAY)


def test_the_waits_that_the_page_promises():
    """The defaults are what the documentation says they are."""
    assert (TIMING.lease, TIMING.quarantine) == (2 * MINUTE, 15 * MINUTE)
    assert (TIMING.retries, TIMING.poll) == (WAITS, HOUR)
    assert (TIMING.after_success, TIMING.overdue) == ((DAY, 7 * DAY, 30 * DAY), 3 * DAY)


@pytest.mark.parametrize(
    ("attempts", "wait"), [(0, WAITS[0]), (1, WAITS[0]), (2, WAITS[1]), (5, DAY), (6, DAY), (99, DAY)]
)
def test_the_wait_after_so_many_attempts(attempts, wait):
    """Each attempt has its wait, and the last wait repeats."""
    assert TIMING.retry_after(attempts) == wait


@pytest.mark.parametrize(
    ("lasting", "wait"),
    [
        (timedelta(0), WAITS[0]),
        (MINUTE, WAITS[0]),
        (MINUTE + SECOND, WAITS[1]),
        (10 * MINUTE, WAITS[1]),
        (10 * MINUTE + SECOND, HOUR),
        (2 * DAY, DAY),
        (9 * DAY, DAY),
    ],
)
def test_the_longer_it_lasts_the_longer_is_the_wait(lasting, wait):
    """What fails for so long is tried again after the first wait that is half as long or longer."""
    assert TIMING.retry_at(NOW - lasting, NOW) == NOW + wait


@pytest.mark.parametrize("name", ["lease", "poll", "overdue"])
def test_every_wait_is_above_zero(name):
    """A wait of nothing would ask without end; one microsecond is a wait."""
    least = timedelta(microseconds=1)

    assert getattr(Timing(**{name: least}), name) == least
    for wrong in (timedelta(0), -least):
        with pytest.raises(InvalidValueError, match="every wait must be above zero") as refused:
            Timing(**{name: wrong})
        assert (refused.value.field, refused.value.value) == ("retries", WAITS)


@pytest.mark.parametrize("name", ["retries", "after_success"])
def test_every_one_of_several_waits_is_above_zero(name):
    """One wait of nothing among others is one too many."""
    with pytest.raises(InvalidValueError, match="every wait must be above zero"):
        Timing(**{name: (HOUR, timedelta(0))})


def test_at_least_one_wait_between_retries():
    """Looks after a success may be left out, retries may not."""
    assert Timing(after_success=()).after_success == ()
    with pytest.raises(InvalidValueError, match="at least one wait between retries"):
        Timing(retries=())


def test_a_quarantine_is_longer_than_a_lease():
    """Law E4: within the lease a request may be on its way, so silence proves nothing so soon."""
    assert Timing(lease=HOUR, quarantine=HOUR + SECOND).quarantine == HOUR + SECOND
    with pytest.raises(InvalidValueError, match="must be longer than the lease of 1:00:00") as refused:
        Timing(lease=HOUR, quarantine=HOUR)
    assert (refused.value.field, refused.value.value) == ("quarantine", HOUR)


def test_a_turn_is_over_by_the_first_of_two_clocks():
    """Law E1: a wall clock that was set back does not lengthen a turn, nor does a monotonic one that stood still."""
    lease = Lease(began=100.0, seconds=120.0, until=NOW + 2 * MINUTE)

    assert lease.left(now=NOW, monotonic=100.0) == 2 * MINUTE
    assert lease.left(now=NOW + MINUTE, monotonic=100.0) == MINUTE
    assert lease.left(now=NOW - HOUR, monotonic=219.0) == SECOND
    assert lease.left(now=NOW, monotonic=221.0) == -SECOND


def refund(status, **changes):
    """Refund something."""
    none = dict.fromkeys(("last_sent_at", "leased_until", "settled_at"))
    return attrs.evolve(make_refund(status=status), **{**none, "attempts": 1, **changes})


def due(*refunds, by_person=False, timing=TIMING, **order):
    """Ask when the sweep looks again."""
    return next_due(make_order(refunds=refunds, **order), timing, NOW, by_person=lambda _: by_person)


def submitted(**changes):
    """Ask for a refund and hear nothing."""
    return refund(RefundStatus.SUBMITTED, **changes)


@pytest.mark.parametrize(
    ("waiting", "at"),
    [
        (submitted(last_sent_at=NOW), NOW + 30 * SECOND),
        (submitted(last_sent_at=NOW, leased_until=NOW + 2 * MINUTE), NOW + 2 * MINUTE),
        (submitted(last_sent_at=NOW, leased_until=NOW + SECOND), NOW + 30 * SECOND),
        (submitted(last_sent_at=NOW - 29 * SECOND), NOW + SECOND),
        (submitted(last_sent_at=NOW - 30 * SECOND), NOW + HOUR),
        (submitted(last_sent_at=NOW - DAY), NOW + HOUR),
        (submitted(last_sent_at=NOW - MINUTE, leased_until=NOW), NOW + HOUR),
        (submitted(last_sent_at=NOW - MINUTE, attempts=2), NOW + 4 * MINUTE),
        (submitted(), NOW + 30 * SECOND),
        (refund(RefundStatus.PENDING, last_sent_at=NOW), NOW + HOUR),
    ],
)
def test_when_an_unsettled_refund_is_due(waiting, at):
    """After its lease and its wait; when both are over, others get their turn before it comes again."""
    assert due(waiting) == at
    assert due(waiting, by_person=True) == (None if waiting.status is RefundStatus.PENDING else at)


@pytest.mark.parametrize(
    ("settled", "at"),
    [
        (NOW, NOW + DAY),
        (NOW - DAY + SECOND, NOW + SECOND),
        (NOW - DAY, NOW + 6 * DAY),
        (NOW - 7 * DAY, NOW + 23 * DAY),
        (NOW - 30 * DAY, None),
        (None, None),
    ],
)
def test_when_a_success_is_looked_at_again(settled, at):
    """Law E7: a bank may send it back, so it is looked at a day, a week and a month later."""
    done = refund(RefundStatus.SUCCEEDED, settled_at=settled)

    assert due(done) == at
    assert due(done, by_person=True) is None


def test_the_first_of_all_dates_counts():
    """The mark of a webhook, an unsettled refund and a look: whichever is first."""
    done = refund(RefundStatus.SUCCEEDED, id="r-1", settled_at=NOW)
    pending = refund(RefundStatus.PENDING, id="r-2")
    failed = refund(RefundStatus.FAILED, id="r-3", settled_at=NOW)

    assert due() is None
    assert due(failed) is None
    assert due(done, failed) == NOW + DAY
    assert due(done, pending) == NOW + HOUR
    assert due(done, pending, fetch_due_at=NOW + MINUTE) == NOW + MINUTE
    assert due(done, pending, fetch_due_at=NOW + DAY) == NOW + HOUR


@pytest.mark.parametrize(
    ("until", "leased"), [(None, False), (NOW - SECOND, False), (NOW, False), (NOW + SECOND, True)]
)
def test_a_lease_ends_on_time(until, leased):
    """Law E1: at its very end a lease is over."""
    assert is_leased(submitted(leased_until=until), NOW) is leased


@pytest.mark.parametrize("command", ["refund", "register", "recover"])
def test_a_clock_without_a_zone_is_refused(command):
    """It is told what the clock must return, before anything is done."""
    shop = Shop()
    desk = shop.new_desk(clock=lambda: datetime(2026, 11, 1))  # noqa: DTZ001 - that is what is wrong
    commands = {
        "refund": lambda: desk.refund("o-1", a_request()),
        "register": lambda: desk.register(an_order(id="o-2", payments=(a_payment(2),))),
        "recover": desk.recover,
    }
    with pytest.raises(InvalidValueError, match="clock must return an aware datetime") as refused:
        commands[command]()
    assert (refused.value.field, refused.value.value) == ("clock", datetime(2026, 11, 1))  # noqa: DTZ001
    assert shop.order.refunds == ()
