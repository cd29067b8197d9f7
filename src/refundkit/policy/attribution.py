"""Attribution: which lines money belongs to when only an amount is known (law C6).

Money goes first to what the shop owes anyway (after a failed revision, or an overpayment), then over the
open money of the lines, then to what was withheld of them. Anything beyond stays unattributed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from refundkit.model.ledger import LineSums
from refundkit.model.orders import Order
from refundkit.model.refunds import RefundLine
from refundkit.model.requests import RequestLine
from refundkit.money import Money

__all__ = ["Attribution", "attribute", "cut_lines", "tax_part"]


@frozen(kw_only=True)
class Attribution:
    """An amount, taken apart: ``by_line`` (line id → money), what was ``owed`` anyway, and the ``excess``."""

    by_line: Mapping[str, Money]
    owed: Money
    excess: Money


def attribute(order: Order, amount: Money) -> Attribution:
    """Take *amount* apart over the lines in force of *order*.

    An order without lines has nothing to attribute to; all of the amount counts as owed.
    """
    zero = Money.zero(order.currency)
    owed = min(amount, max(-order.balance, zero)) if order.line_sums else amount
    by_line, rest = _spread_over(amount - owed, {key: sums.open for key, sums in order.line_sums.items()})
    withheld, excess = _spread_over(rest, {key: sums.withheld for key, sums in order.line_sums.items()})
    together = {key: by_line[key] + withheld[key] for key in by_line}
    return Attribution(
        by_line={key: money for key, money in together.items() if money.is_positive}, owed=owed, excess=excess
    )


def _spread_over(amount: Money, limits: Mapping[str, Money]) -> tuple[dict[str, Money], Money]:
    """Allocate *amount* in proportion to *limits* without exceeding any; return the shares and what is beyond."""
    zero = Money.zero(amount.currency)
    room = Money.sum(limits.values(), amount.currency)
    fitting = min(amount, room)
    if fitting.is_zero:
        return dict.fromkeys(limits, zero), amount
    # Largest-remainder shares of at most the sum of the weights never exceed their own weight.
    shares = fitting.allocate([limit.minor for limit in limits.values()])
    return dict(zip(limits, shares, strict=True)), amount - fitting


def tax_part(sums: LineSums, amount: Money) -> Money:
    """Return the tax in *amount* of a line, so that all parts together close on the line's tax (law C6).

    ``round_half_up(tax × given_back_so_far / total) − tax already given back``, kept between nothing and
    the amount itself: after a failed refund the parts that live can stray from the line's own proportion.
    """
    zero = Money.zero(amount.currency)
    if sums.line.tax is None or sums.line.total.is_zero:
        return zero
    so_far = sums.line.tax.share_rounded_half_up((sums.given + amount).minor, sums.line.total.minor)
    return min(max(so_far - sums.tax, zero), amount)


def request_line(
    sums: LineSums, amount: Money, *, quantity: int = 0, withheld: Money | None = None
) -> RequestLine:
    """Return the part of one line, with the tax in it."""
    return RequestLine(
        line_id=sums.line.id,
        quantity=quantity,
        amount=amount,
        tax=tax_part(sums, amount),
        withheld=Money.zero(amount.currency) if withheld is None else withheld,
    )


def cut_lines(lines: Iterable[RequestLine], legs: Iterable[Money]) -> tuple[tuple[RefundLine, ...], ...]:
    """Give each leg its parts of the lines, in order: a leg takes from the first line that has money left.

    Amounts and taxes of the parts add up to those of the lines exactly.
    """
    waiting = [_Cut(line) for line in lines if line.amount.is_positive]
    return tuple(_take(waiting, leg) for leg in legs)


class _Cut:
    """A line that is being cut: how much of it has been handed out."""

    def __init__(self, line: RequestLine) -> None:
        self.line = line
        self.taken = Money.zero(line.amount.currency)

    @property
    def left(self) -> Money:
        return self.line.amount - self.taken

    def cut(self, amount: Money) -> RefundLine:
        before = self._tax_so_far()
        self.taken += amount
        return RefundLine(line_id=self.line.line_id, amount=amount, tax=self._tax_so_far() - before)

    def _tax_so_far(self) -> Money:
        return self.line.tax.share_rounded_half_up(self.taken.minor, self.line.amount.minor)


def _take(waiting: list[_Cut], leg: Money) -> tuple[RefundLine, ...]:
    parts = []
    while waiting and leg.is_positive:
        part = waiting[0].cut(min(leg, waiting[0].left))
        leg -= part.amount
        parts.append(part)
        if waiting[0].left.is_zero:
            waiting.pop(0)
    return tuple(parts)
