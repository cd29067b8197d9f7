"""Spreads: which payments the money goes back to (law P3).

Every spread leaves the smallest remainder first. Then `FewestRefunds` makes the fewest refunds, the others
keep their own order. The search is exact also when payments can only be given back whole; beyond
`MOST_WHOLE` of those it would take too long, and the caller has to say the spread. Only where gateways
ask for different minimums may it make more refunds than there have to be.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from heapq import nlargest
from itertools import accumulate
from typing import Any, Protocol

from attrs import field, frozen

from refundkit.model import fields
from refundkit.money import Money
from refundkit.policy.options import Option

__all__ = [
    "MOST_WHOLE",
    "ByMethod",
    "FewestRefunds",
    "NewestFirst",
    "OldestFirst",
    "Proportional",
    "Remainder",
    "Spread",
]

MOST_WHOLE = 20


class Remainder(StrEnum):
    """What becomes of money that no gateway can give back by itself: refuse, or give it to the manual gateway."""

    DENY = "deny"
    MANUAL = "manual"


class Spread(Protocol):
    """Decides how much each option contributes."""

    def distribute(self, amount: Money, options: Sequence[Option]) -> tuple[Money, ...]:
        """Return one share per option, adding up to *amount* or as close below it as the options allow."""


@frozen
class FewestRefunds:
    """The smallest remainder, then the fewest refunds, then the order of payments."""

    def distribute(self, amount: Money, options: Sequence[Option]) -> tuple[Money, ...]:
        """Share *amount* out (see `Spread.distribute`)."""
        return _as_money(amount, options, _fewest(amount.minor, options))


@frozen
class OldestFirst:
    """As much as possible from the payment captured first, then from the next."""

    def distribute(self, amount: Money, options: Sequence[Option]) -> tuple[Money, ...]:
        """Share *amount* out (see `Spread.distribute`)."""
        return _in_order(amount, options, _age)


@frozen
class NewestFirst:
    """As much as possible from the payment captured last, then from the one before."""

    def distribute(self, amount: Money, options: Sequence[Option]) -> tuple[Money, ...]:
        """Share *amount* out (see `Spread.distribute`)."""
        return _in_order(amount, options, lambda option: tuple(-part for part in _age(option)))


def _to_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@frozen
class ByMethod:
    """As much as possible from the first of ``methods``, then the next; methods not named come last."""

    methods: tuple[str, ...] = field(converter=_to_tuple, validator=fields.tuple_of(str))

    def distribute(self, amount: Money, options: Sequence[Option]) -> tuple[Money, ...]:
        """Share *amount* out (see `Spread.distribute`)."""
        ranks = {method: rank for rank, method in enumerate(self.methods)}
        return _in_order(amount, options, lambda option: ranks.get(_method(option), len(ranks)))


@frozen
class Proportional:
    """From every payment in proportion to what is left of it; whole-only payments just as far as needed."""

    def distribute(self, amount: Money, options: Sequence[Option]) -> tuple[Money, ...]:
        """Share *amount* out (see `Spread.distribute`)."""
        return _as_money(amount, options, _proportional(amount, options))


def _method(option: Option) -> str:
    return option.payment.method or option.payment.gateway


def _age(option: Option) -> tuple[float, ...]:
    captured_at = option.payment.captured_at
    return (0.0,) if captured_at is None else (captured_at.timestamp(),)


def _as_money(amount: Money, options: Sequence[Option], shares: list[int]) -> tuple[Money, ...]:
    """Turn shares into money; if minimums made them leave something, look whether less can be left."""
    if sum(shares) < amount.minor:
        shares = max(shares, _walk(amount.minor, options), key=sum)
    return tuple(Money.of_minor(share, amount.currency) for share in shares)


# Sums of whole-only payments: each reachable sum with the best way to make it.

Way = tuple[int, int]
"""How many payments make a sum, and minus a bit mask in which earlier payments weigh more."""


def _whole_sums(amount: int, options: Sequence[Option]) -> Mapping[int, Way]:
    """Return every sum up to *amount* that whole-only options can make, with the way of fewest, earliest payments."""
    sums: dict[int, Way] = {0: (0, 0)}
    for index, option in enumerate(options):
        if not option.whole:
            continue
        weight = 1 << (len(options) - 1 - index)
        for total, (count, mask) in tuple(sums.items()):
            reached, way = total + option.left.minor, (count + 1, mask - weight)
            if reached <= amount and way < sums.get(reached, (len(options) + 1, 0)):
                sums[reached] = way
    return sums


def _chosen(way: Way, options: Sequence[Option]) -> list[int]:
    """Turn a way back into shares."""
    mask = -way[1]
    return [
        option.left.minor if mask >> (len(options) - 1 - index) & 1 else 0
        for index, option in enumerate(options)
    ]


def _fewest(amount: int, options: Sequence[Option]) -> list[int]:
    fit = _Fit.of(options)
    ways = _whole_sums(amount, options)
    costs = {total: _cost(fit, amount - total, count) for total, (count, _) in ways.items()}
    best = min(costs.values())

    def earliness(total: int) -> int:
        return _mask(fit.earliest(amount - total), options) - ways[total][1]

    total = max((total for total, cost in costs.items() if cost == best), key=earliness)
    return _filled(_chosen(ways[total], options), options, fit, amount - total)


def _cost(fit: _Fit, rest: int, whole: int) -> tuple[int, int]:
    """Return what stays of *rest*, and how many refunds that takes beside *whole* ones."""
    count, given = fit.best(rest)
    return rest - given, whole + count


def _mask(picked: Iterable[int], options: Sequence[Option]) -> int:
    return sum(1 << (len(options) - 1 - index) for index in picked)


@frozen
class _Fit:
    """What flexible payments can give: how much each has ``left``, and sums of the largest, at most and at least.

    Exact while they have one minimum; where minimums differ, a smaller payment may fit where a larger does not.
    """

    left: Mapping[int, int]
    most: tuple[int, ...]
    least: tuple[int, ...]

    @classmethod
    def of(cls, options: Sequence[Option]) -> _Fit:
        left = {index: option.left.minor for index, option in enumerate(options) if not option.whole}
        by_size = sorted(left, key=lambda index: -left[index])
        return cls(
            left=left,
            most=tuple(accumulate((left[index] for index in by_size), initial=0)),
            least=tuple(accumulate((options[index].least.minor for index in by_size), initial=0)),
        )

    def best(self, rest: int) -> tuple[int, int]:
        """Return how few payments give how much of *rest*."""
        given = min(rest, self.most[-1])
        count = bisect_left(self.most, given)
        return (count, given) if self.least[count] <= given else (count - 1, self.most[count - 1])

    def earliest(self, rest: int) -> list[int]:
        """Return the earliest of the smallest groups of payments that give as much of *rest* as can be."""
        count, given = self.best(rest)
        picked: list[int] = []
        for index, left in self.left.items():
            if len(picked) < count and left + self._most_after(index, count - len(picked) - 1) >= given:
                picked.append(index)
                given -= left
        return picked

    def _most_after(self, index: int, count: int) -> int:
        """Return what the *count* largest payments after *index* have left."""
        return (
            sum(nlargest(count, (left for later, left in self.left.items() if later > index))) if count else 0
        )


def _filled(shares: list[int], options: Sequence[Option], fit: _Fit, rest: int) -> list[int]:
    """Add flexible payments for *rest*, each with its minimum at least; none if the minimums are too much."""
    picked = fit.earliest(rest)
    spare = fit.best(rest)[1] - sum(options[index].least.minor for index in picked)
    for index in picked if spare >= 0 else ():
        more = min(spare, options[index].left.minor - options[index].least.minor)
        shares[index] = options[index].least.minor + more
        spare -= more
    return shares


# In a given order: as much as possible from each, never at the price of a larger remainder.


def _in_order(amount: Money, options: Sequence[Option], key: Callable[[Option], Any]) -> tuple[Money, ...]:
    places = sorted(range(len(options)), key=lambda index: key(options[index]))
    walked = _walk(amount.minor, [options[place] for place in places])
    shares = dict(zip(places, walked, strict=True))
    return tuple(Money.of_minor(shares[place], amount.currency) for place in range(len(options)))


def _walk(amount: int, options: Sequence[Option]) -> list[int]:
    reach = _Reach.of_suffixes(amount, options)
    left = reach[0].closest_below(amount)
    shares = []
    for option, later in zip(options, reach[1:], strict=True):
        share = _greedy(option, left, later)
        shares.append(share)
        left -= share
    return shares


def _greedy(option: Option, left: int, later: _Reach) -> int:
    """Take as much as possible of *left*, so that the later payments can make the rest exactly."""
    rest = later.smallest_from(max(left - option.left.minor, 0))
    return left - rest if rest <= left - option.smallest.minor else 0


Span = tuple[int, int]
"""From what to what some flexible payments can give."""

_OUT_OF_REACH = 2**63


@frozen
class _Reach:
    """Which totals some payments can make: any sum of whole ones, plus anything within a span of flexible ones."""

    sums: tuple[int, ...] = (0,)
    spans: tuple[Span, ...] = ((0, 0),)

    @classmethod
    def of_suffixes(cls, amount: int, options: Sequence[Option]) -> list[_Reach]:
        """Return the reach of all options, of all but the first, and so on down to none."""
        reach = [cls()]
        for option in reversed(options):
            reach.append(reach[-1].joined_by(option, amount))
        return reach[::-1]

    def joined_by(self, option: Option, amount: int) -> _Reach:
        """Return the reach with *option*, as far as *amount*."""
        most, least = option.left.minor, option.least.minor
        if option.whole:
            sums = {total + most for total in self.sums if total + most <= amount}
            return _Reach(tuple(sorted(sums.union(self.sums))), self.spans)
        return _Reach(
            self.sums, _merged((*self.spans, *((low + least, high + most) for low, high in self.spans)))
        )

    def closest_below(self, amount: int) -> int:
        """Return the largest total up to *amount*."""
        return max(
            min(amount, self.sums[bisect_right(self.sums, amount - low) - 1] + high)
            for low, high in self.spans
            if low <= amount
        )

    def smallest_from(self, total: int) -> int:
        """Return the smallest total that can be made and is not below *total*."""
        firsts = ((bisect_left(self.sums, total - high), low) for low, high in self.spans)
        return min(
            (max(total, self.sums[first] + low) for first, low in firsts if first < len(self.sums)),
            default=_OUT_OF_REACH,
        )


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Put spans that overlap or touch together."""
    merged: list[Span] = []
    for low, high in sorted(spans):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _raised_to_least(shares: list[int], options: Sequence[Option]) -> list[int]:
    """Lift shares below a gateway's minimum with money of others that can spare it; drop those that stay below."""
    for index, option in enumerate(options):
        lacking = option.least.minor - shares[index]
        if not shares[index] or lacking <= 0:
            continue
        donor = next((i for i in range(len(shares)) if _can_spare(options[i], shares[i], lacking)), None)
        if donor is None:
            shares[index] = 0
        else:
            shares[donor] -= lacking
            shares[index] += lacking
    return shares


def _can_spare(option: Option, share: int, lacking: int) -> bool:
    return not option.whole and share - lacking >= option.least.minor


def _proportional(amount: Money, options: Sequence[Option]) -> list[int]:
    sums = _whole_sums(amount.minor, options)
    flexible = [0 if option.whole else option.left.minor for option in options]
    reached = max(min(amount.minor, total + sum(flexible)) for total in sums)
    total = min(total for total in sums if total <= reached <= total + sum(flexible))
    shares = _chosen(sums[total], options)
    if reached > total:
        parts = Money.of_minor(reached - total, amount.currency).allocate(flexible)
        shares = [share + part.minor for share, part in zip(shares, parts, strict=True)]
    return _raised_to_least(shares, options)
