"""Allocation: parts that always add up."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from refundkit.errors import InvalidValueError
from refundkit.money import Money
from tests import strategies

weights = st.lists(st.integers(0, 10**6) | st.integers(0, 2**80), min_size=1, max_size=12).filter(sum)


@pytest.mark.parametrize(
    ("minor", "by", "parts"),
    [
        (1000, [1, 1, 1], [334, 333, 333]),
        (1000, [1], [1000]),
        (0, [1, 2], [0, 0]),
        (-1000, [1, 1, 1], [-334, -333, -333]),
        (5, [0, 1, 0], [0, 5, 0]),
        (2, [1, 1, 1, 1], [1, 1, 0, 0]),
        (100, [1, 2], [33, 67]),
        (101, [50, 50], [51, 50]),
        (1, [1, 2], [0, 1]),
        (10, [3, 3, 1], [4, 4, 2]),
    ],
)
def test_largest_remainder(minor, by, parts):
    """Law M1: what is left over goes to the largest remainders, ties to the first."""
    allocated = Money.of_minor(minor, "EUR").allocate(by)

    assert [part.minor for part in allocated] == parts


@given(strategies.any_money(), weights)
def test_adds_up(money, by):
    """Law M1: the parts of an allocation add up to the whole, whatever its sign and the weights."""
    parts = money.allocate(by)

    assert len(parts) == len(by)
    assert Money.sum(parts, money.currency) == money
    assert all(part.currency == money.currency for part in parts)


@given(strategies.any_money(), weights)
def test_fair(money, by):
    """Law M1: no part is a whole minor unit away from its exact share, and no weight means no money."""
    for part, weight in zip(money.allocate(by), by, strict=True):
        exact = Fraction(money.minor * weight, sum(by))
        assert abs(part.minor - exact) < 1
        assert weight or part.is_zero


@given(strategies.any_money(), weights)
def test_the_sign_changes_nothing(money, by):
    """Law M1: a negative amount is split like the positive one."""
    assert (-money).allocate(by) == tuple(-part for part in money.allocate(by))


@given(st.data(), weights)
def test_never_more_than_the_weight(data, by):
    """Law M1: while an amount fits into the weights, no share exceeds its own weight."""
    amount = data.draw(st.integers(0, min(sum(by), 2**63 - 1)))

    shares = Money.of_minor(amount, "EUR").allocate(by)

    assert all(share.minor <= weight for share, weight in zip(shares, by, strict=True))


@given(strategies.any_money(), weights)
def test_parts_are_ordinary_money(money, by):
    """Law M3: what allocation makes without asking again would have been allowed."""
    assert money.allocate(by) == tuple(Money(part.minor, part.currency) for part in money.allocate(by))


@pytest.mark.parametrize(
    "by",
    [[], [0], [0, 0], [1, -1], [1.0], [True], ["1"], [None], [-(10**5000)], [0] * 10_000],
    ids=["none", "zero", "zeros", "negative", "float", "bool", "str", "None", "huge", "many"],
)
def test_refused_weights(by):
    """Weights that are no whole numbers, or all zero, are refused, however large they are."""
    with pytest.raises(
        InvalidValueError, match="Weights are ints of zero and more, at least one of them"
    ) as no:
        Money.of(1, "EUR").allocate(by)

    assert no.value.field == "weights"
    assert len(str(no.value)) < 200


@given(strategies.any_money(), st.integers(0, 1000), st.integers(1, 1000))
def test_a_share_rounds_half_away_from_zero(money, numerator, denominator):
    """Law M2: rounding happens only under its name, to the nearest unit, halves away from zero."""
    assume(numerator <= denominator)

    share = money.share_rounded_half_up(numerator, denominator)

    exact = Fraction(abs(money.minor) * numerator, denominator)
    assert abs(share.minor) == int(exact + Fraction(1, 2))
    assert share.is_zero or (share.minor < 0) == (money.minor < 0)
