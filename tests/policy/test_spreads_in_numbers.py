"""Spreads, case by case, in numbers that anybody can check (law P3)."""

import pytest

from refundkit.policy.spread import ByMethod, FewestRefunds, OldestFirst, Proportional
from tests.policy.test_spread import option, spread_over


def whole(*lefts):
    """Pay parts that can only be given back whole."""
    return [option(left, whole=True, name=f"w{left}") for left in lefts]


@pytest.mark.parametrize(
    ("options", "amount", "shares"),
    [
        (whole(10, 20, 30), 30, [0, 0, 30]),
        (whole(10, 20, 30), 60, [10, 20, 30]),
        (whole(5, 6, 7, 8), 26, [5, 6, 7, 8]),
        (whole(10, 10, 10), 20, [10, 10, 0]),
        ([*whole(10, 20), option(5)], 30, [10, 20, 0]),
        ([*whole(10, 20), option(20)], 30, [10, 20, 0]),
    ],
)
def test_the_fewest_of_those_that_fit_exactly(options, amount, shares):
    """Law P3: a sum that payments make exactly is made by the fewest of them, the earliest first."""
    assert spread_over(FewestRefunds(), amount, options) == shares


def flexible(left, least=1):
    """Pay a part of which something can be given back, if it is not too little."""
    return option(left, least=least, name=f"f{left}-{least}")


@pytest.mark.parametrize(
    ("options", "amount", "shares"),
    [
        # One whole payment in place of two parts, wherever it stands.
        ([flexible(15), *whole(30), flexible(20)], 30, [0, 30, 0]),
        ([*whole(10, 20), flexible(30)], 30, [0, 0, 30]),
        ([flexible(15), *whole(23, 10)], 24, [1, 23, 0]),
        ([*whole(10), flexible(22, 10)], 22, [0, 22]),
        # The earliest of those that do.
        ([flexible(10, 10), *whole(10)], 15, [10, 0]),
        ([flexible(25, 11), *whole(25)], 33, [25, 0]),
        ([*whole(18), flexible(18, 10)], 24, [18, 0]),
        ([flexible(25), flexible(1), flexible(5), flexible(10)], 38, [25, 0, 5, 8]),
        ([flexible(13), flexible(20)], 14, [0, 14]),
        # Where minimums differ, a smaller payment may fit where a larger does not.
        ([flexible(12, 12), flexible(25, 6)], 6, [0, 6]),
    ],
)
def test_the_fewest_and_the_earliest(options, amount, shares):
    """Law P3: the smallest remainder, then the fewest refunds, then the order of payments."""
    assert spread_over(FewestRefunds(), amount, options) == shares


def test_a_payment_without_a_method_is_called_as_its_gateway():
    """What has no method of its own is found under the name of its gateway, before what is not named at all."""
    options = [option(10, name="a", method="card"), option(10, name="b")]

    assert spread_over(ByMethod(("stripe",)), 10, options) == [0, 10]
    assert spread_over(ByMethod(("gift",)), 10, options) == [10, 0]


def test_what_cannot_be_made_is_not_taken_for_made():
    """Law P3: where the next payment gives two or nothing, the first leaves two for it, not one."""
    assert spread_over(OldestFirst(), 21, [option(20), option(2, least=2)]) == [19, 2]
    assert spread_over(OldestFirst(), 22, [option(20), option(2, least=2)]) == [20, 2]
    assert spread_over(OldestFirst(), 23, [option(20), option(3, least=3)]) == [20, 3]
    assert spread_over(OldestFirst(), 22, [option(20), option(3, least=3)]) == [19, 3]


@pytest.mark.parametrize(
    ("options", "amount", "shares"),
    [
        # One that gets too little for its gateway is lifted by another that can spare it...
        ([option(10, least=5), option(30, least=5)], 16, [5, 11]),
        # ... down to that one's own minimum ...
        ([option(30, least=8), option(10, least=5)], 13, [8, 5]),
        # ... but not below it ...
        ([option(30, least=9), option(10, least=5)], 13, [13, 0]),
        # ... and where nobody can, it gets nothing.
        ([option(10, least=5)], 3, [0]),
        ([option(10, least=5)], 5, [5]),
        (whole(5), 5, [5]),
        # Flexible payments first, whole ones as far as they are needed.
        ([*whole(10), option(30)], 20, [0, 20]),
        ([*whole(10), option(30)], 35, [10, 25]),
        ([*whole(10, 25), option(30)], 50, [0, 25, 25]),
        ([option(11, least=11), option(11, whole=True, least=11)], 20, [0, 11]),
    ],
)
def test_in_proportion_as_far_as_gateways_allow(options, amount, shares):
    """Law P3: proportional, except where a minimum or a whole payment stands against it."""
    assert spread_over(Proportional(), amount, options) == shares
