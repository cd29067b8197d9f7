"""Money: exact or an error, in one currency only."""

import copy
import decimal
import pickle
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refundkit.errors import InvalidValueError
from refundkit.model.parties import ActorKind
from refundkit.money import Money
from tests import strategies

LIMIT = 2**63


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("12", "EUR", 1200),
        ("-12.50", "EUR", -1250),
        ("0012.50", "EUR", 1250),
        ("12.5000", "EUR", 1250),
        ("0", "EUR", 0),
        ("0.00", "EUR", 0),
        (3, "EUR", 300),
        (-3, "EUR", -300),
        (3, "JPY", 3),
        ("3.000", "JPY", 3),
        ("1.234", "KWD", 1234),
        ("1.2345", "CLF", 12345),
        (Decimal("12.50"), "EUR", 1250),
        (Decimal("1E+3"), "EUR", 100_000),
        (Decimal("1.25E+1"), "EUR", 1250),
        (Decimal("0E+3"), "EUR", 0),
        (Decimal("1.0000000000000000000000000"), "EUR", 100),
        ("92233720368547758.07", "EUR", LIMIT - 1),
        ("-92233720368547758.07", "EUR", 1 - LIMIT),
        (LIMIT - 1, "JPY", LIMIT - 1),
        ("7.50", "DEM", 750),
    ],
)
def test_exact(amount, currency, minor):
    """Law M2: what a currency can express is taken exactly, as str, int and Decimal; old currencies too."""
    assert Money.of(amount, currency) == Money.of_minor(minor, currency)


NO_AMOUNT = "is not an amount; write it like '1234.50'"
TOO_FINE = "more decimals than {} has ({}); round it yourself first"
TOO_LARGE = "must stay below 2**63 minor units"
NO_TYPE = "An amount is a str, an int or a Decimal, not {}"


@pytest.mark.parametrize(
    ("amount", "currency", "message"),
    [
        ("1,234.00", "USD", NO_AMOUNT),
        ("12.345", "USD", TOO_FINE.format("USD", 2)),
        ("1.5", "JPY", TOO_FINE.format("JPY", 0)),
        ("0.001", "EUR", TOO_FINE.format("EUR", 2)),
        ("1.0005", "KWD", TOO_FINE.format("KWD", 3)),
        (Decimal("61.005"), "EUR", TOO_FINE.format("EUR", 2)),
        (Decimal(10) / 3, "EUR", TOO_FINE.format("EUR", 2)),
        (Decimal("1E-30"), "EUR", TOO_FINE.format("EUR", 2)),
        ("0.1" + "0" * 15 + "1", "EUR", TOO_FINE.format("EUR", 2)),
        ("1e3", "EUR", NO_AMOUNT),
        ("NaN", "EUR", NO_AMOUNT),
        ("Infinity", "EUR", NO_AMOUNT),
        ("-0", "EUR", NO_AMOUNT),
        ("-0.00", "EUR", NO_AMOUNT),
        ("", "EUR", NO_AMOUNT),
        ("-", "EUR", NO_AMOUNT),
        (".5", "EUR", NO_AMOUNT),
        ("5.", "EUR", NO_AMOUNT),
        ("+5", "EUR", NO_AMOUNT),
        ("--5", "EUR", NO_AMOUNT),
        (" 1", "EUR", NO_AMOUNT),
        ("1 ", "EUR", NO_AMOUNT),
        ("1\n", "EUR", NO_AMOUNT),
        ("1_000", "EUR", NO_AMOUNT),
        ("0x10", "EUR", NO_AMOUNT),
        ("\N{ARABIC-INDIC DIGIT ONE}", "EUR", NO_AMOUNT),
        ("\N{FULLWIDTH DIGIT ONE}", "EUR", NO_AMOUNT),
        ("1.1.1", "EUR", NO_AMOUNT),
        ("€1", "EUR", NO_AMOUNT),
        (Decimal("NaN"), "EUR", NO_AMOUNT),
        (Decimal("sNaN"), "EUR", NO_AMOUNT),
        (Decimal("Infinity"), "EUR", NO_AMOUNT),
        (Decimal("-Infinity"), "EUR", NO_AMOUNT),
        (Decimal("-0"), "EUR", NO_AMOUNT),
        ("9" * 19, "EUR", TOO_LARGE),
        ("92233720368547758.08", "EUR", TOO_LARGE),
        ("-92233720368547758.08", "EUR", TOO_LARGE),
        (LIMIT, "JPY", TOO_LARGE),
        (-LIMIT, "JPY", TOO_LARGE),
        (10**18, "EUR", TOO_LARGE),
        (2**1000, "EUR", "an int of 1001 bits is not an amount"),
        (Decimal("1E+25"), "EUR", TOO_LARGE),
        (1.5, "EUR", NO_TYPE.format("float (1.5)")),
        (float("nan"), "EUR", NO_TYPE.format("float (nan)")),
        (True, "EUR", NO_TYPE.format("bool (True)")),
        (False, "EUR", NO_TYPE.format("bool (False)")),
        (None, "EUR", NO_TYPE.format("NoneType (None)")),
        (b"1", "EUR", NO_TYPE.format("bytes (b'1')")),
        (ActorKind.STAFF, "EUR", NO_TYPE.format("ActorKind")),
    ],
    ids=lambda value: str(value)[:24] if isinstance(value, (str, Decimal)) else type(value).__name__,
)
def test_refused(amount, currency, message):
    """Laws M2 and M3: what cannot be taken exactly is refused, with a message that says why."""
    with pytest.raises(InvalidValueError) as refused:
        Money.of(amount, currency)

    assert message in str(refused.value)
    assert len(str(refused.value)) < 250
    assert refused.value.field in {"amount", "minor"}
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "amount",
    [Decimal("1e1000000"), Decimal("1e-1000000"), Decimal("0e999999"), "9" * 10**6, 10**5000, [10**5000]],
    ids=["large", "small", "nothing", "text", "int", "list"],
)
def test_hostile_amounts_are_refused_at_once(amount):
    """Law M2: no amount is so large that refusing it takes long."""
    started = time.process_time()

    with pytest.raises(InvalidValueError) as refused:
        Money.of(amount, "EUR")

    assert time.process_time() - started < 0.5
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize("minor", [1.0, True, "1", None, Decimal(1), float("nan"), ActorKind.STAFF])
def test_minor_units_are_ints(minor):
    """Law M3: no float, no bool, no NaN among the minor units."""
    with pytest.raises(InvalidValueError, match="Minor units of EUR are counted in whole ints, not in"):
        Money.of_minor(minor, "EUR")


@pytest.mark.parametrize("minor", [LIMIT, -LIMIT, 10**5000], ids=["above", "below", "huge"])
def test_minor_units_are_bounded(minor):
    """Law M3: |minor| < 2⁶³, or PostgreSQL could not hold it."""
    with pytest.raises(InvalidValueError, match=r"below 2\*\*63 minor units"):
        Money.of_minor(minor, "EUR")


@pytest.mark.parametrize("currency", ["eur", "EURO", "", "XXX ", " EUR", "ZZZ", None, 978, b"EUR", ["EUR"]])
def test_unknown_currency(currency):
    """What is no code of ISO 4217 is no currency."""
    for make in (Money.of, Money.of_minor):
        with pytest.raises(
            InvalidValueError, match="is not an ISO 4217 currency code, such as 'EUR'"
        ) as refused:
            make(1, currency)
        assert refused.value.field == "currency"
    with pytest.raises(InvalidValueError):
        Money.zero(currency)


@pytest.mark.parametrize(
    "meet",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a < b,
        lambda a, b: a <= b,
        lambda a, b: a > b,
        lambda a, b: a >= b,
        max,
        lambda a, b: Money.sum([a, b], "EUR"),
        lambda a, b: sorted([a, b]),
    ],
)
def test_two_currencies_never_meet(meet):
    """Law M4: amounts of two currencies are neither added nor compared; the message names both."""
    euros, yen = Money.of("1.00", "EUR"), Money.of(1, "JPY")

    with pytest.raises(InvalidValueError, match=r"1 JPY|1\.00 EUR") as refused:
        meet(euros, yen)

    assert "are of two currencies; convert one of them first" in str(refused.value)


def test_two_currencies_are_not_equal():
    """Law M4: being of another currency is being different, and no error."""
    assert Money.zero("EUR") != Money.zero("JPY")
    assert len({Money.zero("EUR"), Money.zero("JPY")}) == 2


@pytest.mark.parametrize("other", [1, 1.0, Decimal(1), "1.00", None, True])
def test_money_meets_only_money(other):
    """Law M3: a bare number is no amount, so nothing is added to it or compared with it."""
    money = Money.of(1, "EUR")

    assert money != other
    for meet in (lambda: money + other, lambda: other + money, lambda: money - other, lambda: money < other):
        with pytest.raises(TypeError):
            meet()


@pytest.mark.parametrize("times", [1.5, True, Decimal(2), "2", None])
def test_times_a_whole_number(times):
    """Law M3: money is multiplied by ints; anything else would have to round."""
    with pytest.raises(TypeError):
        Money.of(1, "EUR") * times
    with pytest.raises(TypeError):
        Money.of(1, "EUR") / 2


@pytest.mark.parametrize(
    "overflow",
    [
        lambda most: most + Money.of_minor(1, "EUR"),
        lambda most: -most - Money.of_minor(1, "EUR"),
        lambda most: most * 2,
        lambda most: 10**5000 * most,
        lambda most: Money.sum([most, most], "EUR"),
        lambda most: most.share_rounded_half_up(2, 1),
    ],
)
def test_results_are_bounded(overflow):
    """Law M3: no result leaves |minor| < 2⁶³ either."""
    with pytest.raises(InvalidValueError, match=r"below 2\*\*63"):
        overflow(Money.of_minor(LIMIT - 1, "EUR"))


def test_arithmetic():
    """Adding, subtracting, multiplying and comparing do what they say."""
    three, two = Money.of("3.00", "EUR"), Money.of("2.00", "EUR")

    assert three + two == Money.of(5, "EUR")
    assert two - three == -Money.of(1, "EUR")
    assert three * 2 == 2 * three == Money.of(6, "EUR")
    assert three > two >= Money.of_minor(200, "EUR") < three
    assert two <= Money.of(2, "EUR")
    assert max(two, three) == three
    assert Money.sum([], "EUR") == Money.zero("EUR")
    assert (three.is_positive, three.is_zero) == (True, False)
    assert ((-three).is_positive, (-three).is_zero) == (False, False)
    assert (Money.zero("EUR").is_positive, Money.zero("EUR").is_zero) == (False, True)


@pytest.mark.parametrize("minor", [0, 1])
def test_neither_true_nor_false(minor):
    """Law C2: `amount or total` is an error, not a refund of everything."""
    with pytest.raises(InvalidValueError, match=r"neither true nor false; ask \.is_zero or \.is_positive"):
        bool(Money.of_minor(minor, "EUR"))


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money.of("12.50", "EUR"), "12.50 EUR"),
        (Money.of("-0.05", "EUR"), "-0.05 EUR"),
        (Money.of(0, "EUR"), "0.00 EUR"),
        (Money.of(1250, "JPY"), "1250 JPY"),
        (Money.of("0.0001", "CLF"), "0.0001 CLF"),
        (Money.of_minor(LIMIT - 1, "KWD"), "9223372036854775.807 KWD"),
    ],
)
def test_text(money, text):
    """Money is written with all decimals of its currency, in messages and for programmers."""
    amount, currency = text.split()

    assert str(money) == f"{money}" == text
    assert repr(money) == f"Money('{amount}', '{currency}')"
    assert str(money.decimal) == amount
    assert eval(repr(money), {"Money": Money.of}) == money  # noqa: S307 - our own repr


def test_frozen():
    """Money never changes."""
    money = Money.of(1, "EUR")

    for name in ("minor", "currency", "other"):
        with pytest.raises(AttributeError):
            setattr(money, name, 2)


@given(strategies.any_money())
def test_round_trips(money):
    """Money survives text, pickle and copying, and equal money hashes alike."""
    again = Money.of(str(money.decimal), money.currency)

    assert again == money == Money.of(money.decimal, money.currency)
    assert hash(again) == hash(money)
    assert pickle.loads(pickle.dumps(money)) == money  # noqa: S301 - our own pickle
    assert copy.deepcopy(money) == copy.copy(money) == money


@given(strategies.any_money(), st.integers(1, 9))
def test_the_decimal_context_rounds_nothing(money, digits):
    """Law M2: a program that computes with few decimal digits still sees every digit of its money."""
    exact = (str(money), money.decimal)

    with decimal.localcontext(prec=digits, traps=[decimal.Inexact, decimal.Rounded]):
        assert (str(money), money.decimal) == exact
        assert Money.of(exact[1], money.currency) == money


@given(strategies.any_money(), strategies.any_money())
def test_order_is_that_of_the_minor_units(one, other):
    """Law M4: within a currency money is ordered like its minor units, across currencies not at all."""
    if one.currency == other.currency:
        assert (one < other, one <= other, one == other) == (
            one.minor < other.minor,
            one.minor <= other.minor,
            one.minor == other.minor,
        )
    else:
        with pytest.raises(InvalidValueError):
            assert one < other


@given(st.text() | st.integers() | st.decimals() | st.floats() | st.booleans() | st.none())
def test_no_other_error(amount):
    """Law M2: whatever comes in, it is an exact amount or an InvalidValueError."""
    try:
        money = Money.of(amount, "KWD")
    except InvalidValueError:
        return
    assert money.decimal == Decimal(amount)
