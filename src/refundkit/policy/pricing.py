"""Pricing: what a request is worth, line by line, on the order as it stands.

Nothing is ever clamped: what does not fit becomes a reason to refuse, with the amount that would fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs
from attrs import frozen

from refundkit.model.ledger import LineSums
from refundkit.model.orders import Order
from refundkit.model.requests import LineRefund, Purpose, RefundRequest, RequestLine
from refundkit.money import Money
from refundkit.policy.attribution import attribute, request_line
from refundkit.policy.reasons import Reason

__all__ = ["Price", "price"]


@frozen(kw_only=True)
class Price:
    """What a request is worth: ``amount`` goes back, ``withheld`` stays with the shop, ``lines`` say of what.

    ``excess`` is money beyond what the lines are worth. With ``reasons`` the price is no offer, only the
    best that could be made of the request.
    """

    amount: Money
    withheld: Money
    lines: tuple[RequestLine, ...] = ()
    excess: Money
    reasons: tuple[Reason, ...] = ()


def price(order: Order, request: RefundRequest) -> Price:
    """Say what *request* is worth on *order*, or why it cannot be priced."""
    foreign = tuple(_foreign_money(order, request))
    if foreign:
        return _refused(order, *foreign)
    if request.revision is not None:
        return _price_revision(order, request)
    if request.lines is not None:
        return _price_lines(order, request, request.lines)
    if request.is_everything and not _is_explicit(request):
        return _price_everything(order, request)
    return _price_amount(order, request)


def _is_explicit(request: RefundRequest) -> bool:
    """Whether the spread that the request gives also says how much it asks for."""
    return (
        request.payments is not None and request.restocking_fee is None and request.purpose is Purpose.REFUND
    )


def _foreign_money(order: Order, request: RefundRequest) -> Iterable[Reason]:
    for money in _money_in(request):
        if money.currency != order.currency:
            yield Reason(
                "wrong_currency",
                f"Order {order.id} is in {order.currency}; {money} cannot be given back on it.",
            )


def _money_in(request: RefundRequest) -> Iterable[Money]:
    fixed = request.restocking_fee.fixed if request.restocking_fee else None
    yield from (money for money in (request.amount, fixed) if money is not None)
    yield from (part.amount for part in request.lines or () if part.amount is not None)
    yield from (line.total for line in request.revision or ())
    yield from (request.payments or {}).values()


def _refused(order: Order, *reasons: Reason, amount: Money | None = None) -> Price:
    zero = Money.zero(order.currency)
    return Price(amount=zero if amount is None else amount, withheld=zero, excess=zero, reasons=reasons)


# Everything that is left, and an amount.


def _price_everything(order: Order, request: RefundRequest) -> Price:
    left = order.refundable - order.withheld
    if left.is_zero:
        return _nothing_left(order, request)
    shares = attribute(order, left)
    closing = {
        key: sums.units_left
        for key, sums in order.line_sums.items()
        if shares.by_line.get(key, Money.zero(order.currency)) == sums.open
    }
    parts = {
        key: (closing.get(key, 0), shares.by_line.get(key, Money.zero(order.currency)))
        for key in order.line_sums
    }
    parts = {key: part for key, part in parts.items() if part[0] or part[1].is_positive}
    return attrs.evolve(_priced(order, request, left, parts), excess=shares.excess)


def _nothing_left(order: Order, request: RefundRequest) -> Price:
    if request.purpose is Purpose.REJECT:
        return _refused(order)
    kept = (
        f" {order.withheld} is withheld as a fee; an explicit amount may return it."
        if order.withheld.is_positive
        else ""
    )
    return _refused(order, Reason("nothing_left", f"Nothing is left to give back on order {order.id}.{kept}"))


def _price_amount(order: Order, request: RefundRequest) -> Price:
    amount = request.amount
    if amount is None:
        amount = Money.sum((request.payments or {}).values(), order.currency)
    if amount > order.refundable:
        return _refused(order, _beyond(order, amount), amount=amount)
    shares = attribute(order, amount)
    parts = {key: (0, money) for key, money in shares.by_line.items()}
    return attrs.evolve(_priced(order, request, amount, parts), excess=shares.excess)


def _beyond(order: Order, amount: Money) -> Reason:
    return Reason(
        "exceeds_left",
        f"{amount} was asked for, but only {order.refundable} is left to give back on order {order.id}.",
    )


# Lines.


def _price_lines(order: Order, request: RefundRequest, asked: Iterable[LineRefund]) -> Price:
    parts: dict[str, tuple[int, Money]] = {}
    reasons: list[Reason] = []
    for part in asked:
        found = _line_price(order, part)
        if isinstance(found, Reason):
            reasons.append(found)
        else:
            parts[part.line_id] = (part.quantity, found)
    total = Money.sum((money for _, money in parts.values()), order.currency)
    if not reasons and total.is_zero:
        reasons.append(
            Reason(
                "nothing_left", f"The lines asked for have no money left to give back on order {order.id}."
            )
        )
    if total > order.refundable:
        reasons.append(_beyond(order, total))
    return _refused(order, *reasons, amount=total) if reasons else _priced(order, request, total, parts)


def _line_price(order: Order, part: LineRefund) -> Money | Reason:
    sums = order.line_sums.get(part.line_id)
    if sums is None:
        known = ", ".join(order.line_sums) or "none"
        return Reason("unknown_line", f"Order {order.id} has no line {part.line_id!r} (it has: {known}).")
    if part.quantity > sums.units_left:
        return Reason(
            "quantity_exceeds",
            f"{part.quantity} of line {part.line_id} were asked for, but only {sums.units_left} of "
            f"{sums.line.quantity} can still come back.",
        )
    return _part_price(sums, part)


def _part_price(sums: LineSums, part: LineRefund) -> Money | Reason:
    if part.amount is not None:
        # Said explicitly, money that was withheld may be returned as well (law C7).
        room, amount = sums.open + sums.withheld, part.amount
    else:
        room, amount = sums.open, _units_price(sums, part.quantity)
    if amount > room:
        return Reason(
            "line_exceeds",
            f"{amount} was asked for on line {part.line_id}, but only {room} of {sums.line.total} is left of it; "
            "give the amount to refund with the quantity.",
        )
    return amount


def _units_price(sums: LineSums, quantity: int) -> Money:
    if quantity == sums.units_left:
        return sums.open
    return sums.line.units(sums.units, quantity)


# A revision: the customer keeps other lines, and the difference goes back (law C8).


def _price_revision(order: Order, request: RefundRequest) -> Price:
    kept = Money.sum((line.total for line in request.revision or ()), order.currency)
    if kept > order.refundable:
        return _refused(order, _revision_exceeds(order, kept))
    difference = order.refundable - kept
    by_line = _shrinking(order, request, difference)
    lines = tuple(request_line(order.line_sums[key], money) for key, money in by_line.items())
    zero = Money.zero(order.currency)
    return Price(amount=difference, withheld=zero, lines=lines, excess=zero)


def _revision_exceeds(order: Order, kept: Money) -> Reason:
    return Reason(
        "revision_exceeds",
        f"The revised lines of order {order.id} cost {kept}, but only {order.refundable} is left of what was paid; "
        "a revision can only give money back.",
    )


def _shrinking(order: Order, request: RefundRequest, difference: Money) -> Mapping[str, Money]:
    """Attribute the difference to the lines that shrink or go, as far as they do."""
    zero = Money.zero(order.currency)
    kept = {line.id: line.total for line in request.revision or ()}
    shrunk = {key: max(sums.open - kept.get(key, zero), zero) for key, sums in order.line_sums.items()}
    room = Money.sum(shrunk.values(), order.currency)
    if room.is_zero or difference.is_zero:
        return {}
    shares = min(difference, room).allocate([money.minor for money in shrunk.values()])
    return {key: money for key, money in zip(shrunk, shares, strict=True) if money.is_positive}


# The restocking fee, and putting it together.


def _priced(
    order: Order, request: RefundRequest, gross: Money, parts: Mapping[str, tuple[int, Money]]
) -> Price:
    zero = Money.zero(order.currency)
    fee = zero if request.restocking_fee is None else request.restocking_fee.of(gross)
    if fee >= gross:
        return _refused(
            order,
            Reason("fee_exceeds", f"A restocking fee of {fee} leaves nothing of {gross} to give back."),
            amount=gross,
        )
    kept = _fee_by_line(gross, fee, [money for _, money in parts.values()])
    lines = (
        request_line(order.line_sums[key], money - withheld, quantity=quantity, withheld=withheld)
        for (key, (quantity, money)), withheld in zip(parts.items(), kept, strict=False)
    )
    return Price(amount=gross - fee, withheld=fee, lines=tuple(lines), excess=zero)


def _fee_by_line(gross: Money, fee: Money, prices: list[Money]) -> tuple[Money, ...]:
    """Allocate the fee over the lines; the last share is that of money on no line."""
    unattributed = gross - Money.sum(prices, gross.currency)
    return fee.allocate([*(money.minor for money in prices), unattributed.minor])
