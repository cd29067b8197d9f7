"""Money: an exact amount of one currency, kept as an integer of minor units.

Exact or an error: nothing here rounds unless the method's name says so. ISO 4217 gives the number of
decimals; gateways that count differently convert at their own boundary, with their own table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import total_ordering
from typing import Any, Self

import attrs

from refundkit._iso4217 import EXPONENTS
from refundkit.errors import InvalidValueError, shown

__all__ = ["Money"]

_LIMIT = 2**63
# More digits than any amount has, so that one too many is named as such; beyond that they would only cost time.
_MOST_DIGITS = 40
_AMOUNT = re.compile(rf"(-?)([0-9]{{1,{_MOST_DIGITS}}})(?:\.([0-9]{{1,{_MOST_DIGITS}}}))?", re.ASCII)


@total_ordering
@attrs.frozen(order=False)
class Money:
    """An exact amount: ``minor`` units (int, ``|minor| < 2**63``) of one ``currency`` (ISO 4217 code).

    >>> Money.of("12.50", "EUR")
    Money('12.50', 'EUR')
    >>> Money.of_minor(1250, "EUR") == Money.of("12.5", "EUR")
    True

    Raises:
        InvalidValueError: for floats, bools, unknown currencies, and more decimals than the currency has.
    """

    minor: int
    currency: str

    def __attrs_post_init__(self) -> None:
        _check_currency(self.currency)
        _check_minor(self.minor, self.currency)

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str) -> Self:
        """Take an amount in major units, exactly.

        >>> Money.of(3, "JPY").minor, Money.of("3", "EUR").minor
        (3, 300)
        >>> Money.of("12.345", "USD")
        Traceback (most recent call last):
            ...
        refundkit.errors.InvalidValueError: '12.345' has more decimals than USD has (2); round it yourself first.
        """
        _check_currency(currency)
        exponent = EXPONENTS[currency]
        return cls(_to_minor(_digits(amount), exponent, amount, currency), currency)

    @classmethod
    def of_minor(cls, minor: int, currency: str) -> Self:
        """Take an amount in minor units (cents, fils, whole yen).

        >>> Money.of_minor(1250, "EUR")
        Money('12.50', 'EUR')
        """
        return cls(minor, currency)

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Return nothing at all of *currency*.

        >>> Money.zero("JPY")
        Money('0', 'JPY')
        """
        return cls(0, currency)

    @classmethod
    def sum(cls, amounts: Iterable[Money], currency: str) -> Money:
        """Add up *amounts*; an empty sum is zero of *currency*.

        >>> Money.sum([Money.of(1, "EUR"), Money.of(2, "EUR")], "EUR")
        Money('3.00', 'EUR')
        """
        total = 0
        for amount in amounts:
            if amount.currency != currency:
                raise _two_currencies(amount, cls(0, currency))
            total += amount.minor
        return cls(total, currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, with all decimals of the currency."""
        # Written and read, because arithmetic would round to the decimal context of whoever calls.
        return Decimal(f"{self.minor}E-{EXPONENTS[self.currency]}")

    @property
    def is_zero(self) -> bool:
        """Whether this is exactly nothing."""
        return self.minor == 0

    @property
    def is_positive(self) -> bool:
        """Whether this is more than nothing."""
        return self.minor > 0

    def allocate(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """Split this by integer *weights* so that the parts add up exactly.

        Each part gets its share rounded towards zero; the minor units left over go one each to the
        parts with the largest remainders, ties to the first.

        >>> Money.of("10.00", "EUR").allocate([1, 1, 1])
        (Money('3.34', 'EUR'), Money('3.33', 'EUR'), Money('3.33', 'EUR'))
        """
        _check_weights(weights)
        sign = -1 if self.minor < 0 else 1
        whole, total = abs(self.minor), sum(weights)
        shares = [divmod(whole * weight, total) for weight in weights]
        left = whole - sum(share for share, _ in shares)
        largest_first = sorted(range(len(shares)), key=lambda index: -shares[index][1])
        lucky = frozenset(largest_first[:left])
        return tuple(
            _valid(sign * (share + (index in lucky)), self.currency)
            for index, (share, _) in enumerate(shares)
        )

    def share_rounded_half_up(self, numerator: int, denominator: int) -> Money:
        """Return ``numerator / denominator`` of this, rounded to a minor unit, halves away from zero.

        >>> Money.of("0.05", "EUR").share_rounded_half_up(1, 2)
        Money('0.03', 'EUR')
        """
        sign = -1 if self.minor < 0 else 1
        doubled = 2 * abs(self.minor) * numerator + denominator
        return Money(sign * (doubled // (2 * denominator)), self.currency)

    def __add__(self, other: Money) -> Money:
        if type(other) is not Money:
            return NotImplemented
        return _checked(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        if type(other) is not Money:
            return NotImplemented
        return _checked(self.minor - self._same(other), self.currency)

    def __mul__(self, times: int) -> Money:
        if type(times) is not int:
            return NotImplemented
        return _checked(self.minor * times, self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        return _valid(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        if type(other) is not Money:
            return NotImplemented
        return self.minor < self._same(other)

    def __bool__(self) -> bool:
        # `amount or total` turns a refund of nothing into a refund of everything.
        raise InvalidValueError(
            f"{self} is neither true nor false; ask .is_zero or .is_positive.", field="amount", value=self
        )

    def __str__(self) -> str:
        return f"{self.decimal:f} {self.currency}"

    def __repr__(self) -> str:
        return f"Money('{self.decimal:f}', '{self.currency}')"

    def __reduce__(self) -> tuple[Any, ...]:
        return Money, (self.minor, self.currency)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise _two_currencies(self, other)
        return other.minor


def _two_currencies(one: Money, other: Money) -> InvalidValueError:
    return InvalidValueError(
        f"{one} and {other} are of two currencies; convert one of them first.", value=other
    )


def _valid(minor: int, currency: str) -> Money:
    """Make Money of parts that are known to be valid, without asking again."""
    money = object.__new__(Money)
    object.__setattr__(money, "minor", minor)
    object.__setattr__(money, "currency", currency)
    return money


def _checked(minor: int, currency: str) -> Money:
    if not -_LIMIT < minor < _LIMIT:
        _check_minor(minor, currency)
    return _valid(minor, currency)


def _check_currency(currency: object) -> None:
    if type(currency) is not str or currency not in EXPONENTS:
        raise InvalidValueError(
            f"{shown(currency)} is not an ISO 4217 currency code, such as 'EUR'.",
            field="currency",
            value=currency,
        )


def _check_minor(minor: object, currency: str) -> None:
    if type(minor) is not int:
        raise InvalidValueError(
            f"Minor units of {currency} are counted in whole ints, not in {type(minor).__name__} "
            f"({shown(minor)}).",
            field="minor",
            value=minor,
        )
    if not -_LIMIT < minor < _LIMIT:
        raise InvalidValueError(
            f"An amount of {currency} must stay below 2**63 minor units.", field="minor", value=minor
        )


def _check_weights(weights: Sequence[int]) -> None:
    if any(type(weight) is not int or weight < 0 for weight in weights) or not sum(weights):
        raise InvalidValueError(
            f"Weights are ints of zero and more, at least one of them above zero, "
            f"not {shown(list(weights))}.",
            field="weights",
            value=tuple(weights),
        )


def _digits(amount: object) -> re.Match[str]:
    match = _AMOUNT.fullmatch(_plain(amount))
    if match is None or (match[1] and not match[0].strip("-0.")):
        raise InvalidValueError(
            f"{shown(amount)} is not an amount; write it like '1234.50': digits, at most one decimal "
            "point, no thousands separator, no exponent.",
            field="amount",
            value=amount,
        )
    return match


def _plain(amount: object) -> str:
    """Write *amount* as a plain decimal number, or refuse its type."""
    if type(amount) is str:
        return amount if len(amount) <= 2 * _MOST_DIGITS + 2 else ""
    if type(amount) is int:
        return str(amount) if abs(amount) < 10**_MOST_DIGITS else ""
    if type(amount) is Decimal:
        # Formatting 1e1000000 would take seconds.
        sane = amount.is_finite() and len(amount.as_tuple().digits) <= _MOST_DIGITS
        return f"{amount:f}" if sane and abs(amount.adjusted()) <= _MOST_DIGITS else ""
    raise InvalidValueError(
        f"An amount is a str, an int or a Decimal, not {type(amount).__name__} ({shown(amount)}); "
        "floats and bools are never exact.",
        field="amount",
        value=amount,
    )


def _to_minor(match: re.Match[str], exponent: int, amount: object, currency: str) -> int:
    sign, whole, decimals = match[1], match[2], match[3] or ""
    if decimals[exponent:].strip("0"):
        raise InvalidValueError(
            f"{shown(amount)} has more decimals than {currency} has ({exponent}); round it yourself first.",
            field="amount",
            value=amount,
        )
    return int(sign + whole + decimals[:exponent].ljust(exponent, "0"))
