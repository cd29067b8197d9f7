"""Spreads: the smallest remainder first, then the fewest refunds, then the order of payments (law P3)."""

import itertools
import random
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from refundkit.errors import InvalidValueError
from refundkit.money import Money
from refundkit.policy.options import Option
from refundkit.policy.spread import ByMethod, FewestRefunds, NewestFirst, OldestFirst, Proportional
from tests.model.builders import NOW, cents, paid

SPREADS = [FewestRefunds(), OldestFirst(), NewestFirst(), Proportional(), ByMethod(("gift", "card"))]


def option(left, *, whole=False, least=1, name="p", method=None, captured_at=NOW):
    """Let a payment contribute so many cents."""
    payment = paid(name, cents(left), method=method, captured_at=captured_at)
    return Option(payment=payment, gateway="stripe", left=cents(left), least=cents(least), whole=whole)


def spread_over(spread, amount, options):
    """Share cents out."""
    return [share.minor for share in spread.distribute(cents(amount), options)]


def best_of(amount, options):
    """Try every group of payments: the smallest remainder, then the fewest, then the earliest payments."""

    def rank(group):
        least = sum(option.smallest.minor for option in group)
        most = sum(option.left.minor for option in group)
        rest = amount - min(most, amount) if least <= amount else amount + 1
        return rest, len(group), [option not in group for option in options]

    groups = (group for size in range(len(options) + 1) for group in itertools.combinations(options, size))
    return min(map(rank, groups))


def several(least):
    """Draw up to six payments, of which some can only be given back whole; minimums as *least* draws them."""
    one = st.tuples(
        st.integers(1, 40), st.booleans(), least, st.integers(0, 3), st.sampled_from([None, "card"])
    )
    return st.lists(one, max_size=6).map(
        lambda drawn: [
            option(
                max(left, minimum),
                whole=whole,
                least=minimum,
                name=f"p{number}",
                method=method,
                captured_at=None if age == 3 else NOW - timedelta(days=age),
            )
            for number, (left, whole, minimum, age, method) in enumerate(drawn)
        ]
    )


without_minimum = several(st.just(1))
one_minimum = st.integers(1, 15).flatmap(lambda least: several(st.just(least)))
any_minimums = several(st.integers(1, 15))


def test_the_smallest_remainder_wins():
    """Law P3: of 25, 20 and 10 that can only be given back whole, 30 is 20 and 10, not 25 and a remainder."""
    options = [option(left, whole=True, name=f"p{left}") for left in (25, 20, 10)]

    for spread in SPREADS:
        assert spread_over(spread, 30, options) == [0, 20, 10]


@given(st.one_of(without_minimum, one_minimum), st.integers(0, 150))
def test_fewest_refunds(options, amount):
    """Law P3: no group of payments leaves less, needs fewer refunds, or comes earlier."""
    shares = spread_over(FewestRefunds(), amount, options)

    rest, count, absent = best_of(amount, options)
    assert amount - sum(shares) == rest
    assert sum(share > 0 for share in shares) == count
    assert [share == 0 for share in shares] == absent


@pytest.mark.parametrize("spread", SPREADS, ids=lambda spread: type(spread).__name__)
@given(any_minimums, st.integers(0, 150))
@example([option(8, whole=True), option(10, least=5)], 12)
@example([option(10, least=9), option(10, least=9), option(10, least=5)], 23)
@example([option(10, least=9), option(10, least=9), option(10, least=9)], 27)
@example([option(10, least=10), option(10, least=5)], 13)
def test_every_spread(spread, options, amount):
    """Law P3: every spread keeps to limits, minimums and whole payments, and leaves the smallest remainder."""
    shares = spread.distribute(cents(amount), options)

    assert len(shares) == len(options)
    assert all(share.is_zero or one.allows(share) for one, share in zip(options, shares, strict=True))
    assert amount - sum(share.minor for share in shares) == best_of(amount, options)[0]


@pytest.mark.parametrize("spread", SPREADS, ids=lambda spread: type(spread).__name__)
@given(any_minimums, st.integers(0, 150))
def test_every_spread_is_deterministic(spread, options, amount):
    """Law P2: the same payments and the same amount give the same shares."""
    assert spread_over(spread, amount, options) == spread_over(spread, amount, list(options))


@pytest.mark.parametrize(("spread", "oldest_first"), [(OldestFirst(), True), (NewestFirst(), False)])
@given(without_minimum, st.integers(0, 150))
def test_by_age(spread, oldest_first, options, amount):
    """Flexible payments are used up by age, one after the other; those of one age in the order of payments."""
    options = [one for one in options if not one.whole and one.payment.captured_at is not None]

    shares = spread_over(spread, amount, options)

    ages = [one.payment.captured_at.timestamp() * (1 if oldest_first else -1) for one in options]
    walked = [shares[index] for index in sorted(range(len(options)), key=ages.__getitem__)]
    lefts = [options[index].left.minor for index in sorted(range(len(options)), key=ages.__getitem__)]
    taken = amount
    for share, left in zip(walked, lefts, strict=True):
        assert share == min(left, taken)
        taken -= share


def test_as_much_as_possible_from_the_first():
    """Going by age or method takes as much of the first as leaves no remainder, and no more."""
    old = option(25, whole=True, name="old", method="card", captured_at=NOW - timedelta(days=9))
    new = option(20, name="new", method="gift")
    none = option(7, name="unknown", captured_at=None)

    assert spread_over(OldestFirst(), 30, [new, old]) == [5, 25]
    assert spread_over(OldestFirst(), 22, [new, old]) == [20, 0]
    assert spread_over(NewestFirst(), 30, [old, new]) == [25, 5]
    assert spread_over(NewestFirst(), 22, [old, new, none]) == [0, 20, 2]
    assert spread_over(ByMethod(("gift", "card")), 44, [old, new]) == [25, 19]
    assert spread_over(ByMethod(["card"]), 44, [new, old]) == [19, 25]
    assert spread_over(ByMethod(("gift", "card")), 40, [old, new]) == [25, 15]


def test_methods_not_named_come_last():
    """A payment without a method goes by the name of its gateway; what is not named comes last, in order."""
    options = [option(10, name="a"), option(10, name="b", method="sepa"), option(10, name="c", method="card")]

    assert spread_over(ByMethod(("card",)), 15, options) == [5, 0, 10]
    assert spread_over(ByMethod(("sepa", "stripe")), 15, options) == [5, 10, 0]


@given(without_minimum, st.integers(0, 150))
def test_proportional(options, amount):
    """Proportional shares of flexible payments are within a cent of the proportion."""
    options = [one for one in options if not one.whole]
    room = sum(one.left.minor for one in options)
    fitting = min(amount, room)

    for one, share in zip(options, spread_over(Proportional(), amount, options), strict=True):
        assert abs(share - fitting * one.left.minor / room) < 1


def test_proportional_uses_whole_payments_no_more_than_needed():
    """A payment that can only be given back whole is used where the flexible ones do not suffice."""
    options = [option(50, whole=True, name="a"), option(30, name="b"), option(10, name="c")]

    assert spread_over(Proportional(), 40, options) == [0, 30, 10]
    assert spread_over(Proportional(), 20, options) == [0, 15, 5]
    assert spread_over(Proportional(), 70, options) == [50, 15, 5]


@pytest.mark.slow
@pytest.mark.parametrize("spread", SPREADS, ids=lambda spread: type(spread).__name__)
def test_twenty_whole_payments(spread):
    """Law P3: exact for twenty payments that can only be given back whole, whatever they are."""
    chance = random.Random(20)  # noqa: S311 - the same hard case each time
    sizes = [chance.randrange(900_000, 1_100_000) for _ in range(20)]
    options = [option(size, whole=True, name=f"p{number}") for number, size in enumerate(sizes)]
    flexible = option(500_000, name="rest")
    amount = 10_250_000

    alone = spread_over(spread, amount, options)
    together = spread_over(spread, amount, [*options, flexible])

    assert alone == [size if share else 0 for size, share in zip(sizes, alone, strict=True)]
    assert amount - sum(alone) < 100
    assert sum(together) == amount


def test_many_flexible_payments():
    """Law P3: hundreds of flexible payments are no matter."""
    options = [option(100 + number, least=50, name=f"p{number}") for number in range(300)]

    for spread in SPREADS:
        assert sum(spread_over(spread, 12_345, options)) == 12_345


@pytest.mark.parametrize("methods", ["card", ("card", 1), None])
def test_methods_are_names(methods):
    """A single name in place of a tuple is an error, not four letters."""
    with pytest.raises(InvalidValueError, match=r"ByMethod\.methods must be a tuple of str"):
        ByMethod(methods)


def test_shares_are_money_of_the_order():
    """Law M4: shares are of the currency of the amount."""
    assert FewestRefunds().distribute(cents(5), [option(9)]) == (Money.of("0.05", "EUR"),)
    assert all(spread.distribute(cents(5), []) == () for spread in SPREADS)
