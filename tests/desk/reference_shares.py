"""How money is shared, written down plainly: in proportion, and leg by leg."""

from collections.abc import Iterable, Iterator, Mapping


def allocated(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Share *amount* in proportion; odd cents go to the largest remainders, of equal ones to the first."""
    total = sum(weights.values()) or 1
    shares = {name: amount * weight // total for name, weight in weights.items()}
    odd = sorted(weights, key=lambda name: -(amount * weights[name] % total))
    for name in odd[: amount - sum(shares.values()) if any(weights.values()) else 0]:
        shares[name] += 1
    return shares


def cut(by_line: Mapping[str, int], legs: Iterable[int]) -> Iterator[dict[str, int]]:
    """Give each leg its part of the lines, in order."""
    waiting = dict(by_line)
    for leg in legs:
        taken = {}
        for line in by_line:
            taken[line] = min(leg - sum(taken.values()), waiting[line])
            waiting[line] -= taken[line]
        yield taken
