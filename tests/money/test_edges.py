"""The last value that is taken and the first that is not, and what each refusal carries."""

from decimal import Decimal

import pytest

from refundkit.errors import InvalidValueError
from refundkit.money import Money

EURO = Money.of(1, "EUR")
YEN = Money.of(1, "JPY")
LIMIT = 2**63

REFUSALS = {
    "truth": (lambda: bool(EURO), "amount", EURO),
    "code": (lambda: Money(1, "eur"), "currency", "eur"),
    "type of minor": (lambda: Money(1.5, "EUR"), "minor", 1.5),
    "size of minor": (lambda: Money(LIMIT, "EUR"), "minor", LIMIT),
    "size of a sum": (lambda: Money(LIMIT - 1, "EUR") + EURO, "minor", LIMIT + 99),
    "weights": (lambda: EURO.allocate([0, 0]), "weights", (0, 0)),
    "no amount": (lambda: Money.of("1,00", "EUR"), "amount", "1,00"),
    "type of amount": (lambda: Money.of(1.5, "EUR"), "amount", 1.5),
    "too fine": (lambda: Money.of("0.001", "EUR"), "amount", "0.001"),
}


@pytest.mark.parametrize(("attempt", "field", "value"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_names_field_and_value(attempt, field, value):
    """Law M2: a refusal carries, as attributes, which field it is about and what was in it."""
    with pytest.raises(InvalidValueError) as refused:
        attempt()

    assert (refused.value.field, refused.value.value) == (field, value)


@pytest.mark.parametrize("meet", [lambda: EURO + YEN, lambda: EURO < YEN])
def test_two_currencies_name_the_other(meet):
    """Law M4: where two currencies meet, the refusal carries the amount that came second."""
    with pytest.raises(InvalidValueError, match=r"1\.00 EUR and 1 JPY are of two currencies") as refused:
        meet()

    assert refused.value.value == YEN


def test_a_sum_of_two_currencies_names_nothing_of_the_wanted_one():
    """Law M4: a sum says which amount does not belong, beside zero of the currency it is made in."""
    with pytest.raises(InvalidValueError, match=r"1 JPY and 0\.00 EUR are of two currencies"):
        Money.sum([EURO, YEN], "EUR")


@pytest.mark.parametrize(
    "amount",
    [Decimal("1." + "0" * 39), Decimal("0E-40"), "0" * 39 + "1", "1." + "0" * 40, "0" * 39 + "1." + "0" * 40],
    ids=["forty digits", "forty places", "forty zeros and a one", "forty decimals", "the longest text"],
)
def test_forty_digits_are_taken(amount):
    """Law M2: forty digits before and after the point are read, whatever they come to."""
    assert Money.of(amount, "EUR") == Money.of(str(Decimal(amount).normalize()), "EUR")


def test_the_longest_negative_text_is_taken():
    """Law M2: the sign does not count among the digits."""
    assert Money.of("-" + "0" * 39 + "1." + "0" * 40, "EUR") == -EURO


@pytest.mark.parametrize(
    "amount",
    [
        *(Decimal("1." + "0" * 40), Decimal("0E-41"), Decimal("1E+41")),
        *("0" * 40 + "1", "1." + "0" * 41, 10**40, -(10**40)),
    ],
)
def test_one_digit_more_is_no_amount(amount):
    """Law M2: what has more than forty digits is refused as no amount, before anybody computes with it."""
    with pytest.raises(InvalidValueError, match="is not an amount; write it like"):
        Money.of(amount, "EUR")


def test_forty_digits_too_large_are_named_as_such():
    """Law M3: an amount of forty digits is understood, and refused for its size."""
    for amount in (10**40 - 1, 1 - 10**40, "9" * 40):
        with pytest.raises(InvalidValueError, match=r"below 2\*\*63 minor units"):
            Money.of(amount, "EUR")


@pytest.mark.parametrize("weights", [[2, -1], [-1, 2], [1, 1.0], [1, True], [None, 1], [0, 3, -2]])
def test_one_wrong_weight_among_right_ones_is_refused(weights):
    """Law M1: each weight counts by itself, also where they add up to something."""
    with pytest.raises(InvalidValueError, match="Weights are ints of zero and more"):
        EURO.allocate(weights)


def test_the_largest_amounts_add_up():
    """Law M3: the largest and the smallest amount are results too, and one unit more is none."""
    most, unit = Money(LIMIT - 1, "JPY"), Money(1, "JPY")

    assert (most - unit) + unit == most
    assert (-most + unit) - unit == -most
    for beyond in (lambda: most + unit, lambda: -most - unit):
        with pytest.raises(InvalidValueError):
            beyond()
