"""The ledger of an order: pure sums over its payments, refunds, disputes and requests, made in one pass.

Nothing here is stored; whatever is asked of an order about money is answered from these sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import attrs
from attrs import define, frozen

from refundkit.model.lines import OrderLine
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund, RefundStatus
from refundkit.model.requests import AcceptedRequest, RequestLine
from refundkit.money import Money

if TYPE_CHECKING:
    from refundkit.model.orders import Order

__all__ = ["LineSums", "PaymentSums", "line_sums", "payment_sums", "unallocated_withheld"]


@frozen(kw_only=True)
class PaymentSums:
    """What happened to one payment: ours (``reserved``, ``returned``), ``external``, ``withdrawn`` by disputes."""

    payment: Payment
    reserved: Money
    returned: Money
    external: Money
    withdrawn: Money

    @property
    def gone(self) -> Money:
        """Everything that was set aside, given back, or taken."""
        return self.reserved + self.returned + self.external + self.withdrawn

    @property
    def left(self) -> Money:
        """What may still be given back: never negative (law D3)."""
        return max(self.payment.capacity - self.gone, Money.zero(self.gone.currency))

    @property
    def exposure(self) -> Money:
        """What left the shop beyond what was captured (law D3)."""
        return max(self.gone - self.payment.capacity, Money.zero(self.gone.currency))


@frozen(kw_only=True)
class LineSums:
    """What happened to one line of the lines in force: units returned, money and tax given back, money withheld."""

    line: OrderLine
    units: int
    given: Money
    tax: Money
    withheld: Money

    @property
    def open(self) -> Money:
        """The money that a return of this line may still give back."""
        return max(self.line.total - self.given - self.withheld, Money.zero(self.given.currency))

    @property
    def units_left(self) -> int:
        """The units that have not come back; a revived refund may have brought back more than there were."""
        return max(self.line.quantity - self.units, 0)


def payment_sums(order: Order) -> Mapping[str, PaymentSums]:
    """Return the sums of each payment by its id, in the order of payments."""
    zero = Money.zero(order.currency)
    sums = {payment.id: _Running(zero, zero, zero, zero) for payment in order.payments}
    for refund in _countable(order.refunds, order.currency):
        if refund.payment_id in sums:
            sums[refund.payment_id].add(refund)
    for dispute in order.disputes:
        if dispute.amount.currency == order.currency and dispute.payment_id in sums:
            sums[dispute.payment_id].withdrawn += dispute.withdrawn
    return {
        payment.id: PaymentSums(payment=payment, **attrs.asdict(sums[payment.id], recurse=False))
        for payment in order.payments
    }


@define
class _Running:
    reserved: Money
    returned: Money
    external: Money
    withdrawn: Money

    def add(self, refund: Refund) -> None:
        if not refund.is_ours or refund.outside_cap:
            self.external += refund.amount
        elif refund.is_reserving:
            self.reserved += refund.amount
        else:
            self.returned += refund.amount


def _countable(refunds: Iterable[Refund], currency: str) -> Iterator[Refund]:
    """Leave out what moved no money, and what a gateway paid out in another currency (flagged, law E5)."""
    return (refund for refund in refunds if refund.is_alive and refund.amount.currency == currency)


def line_sums(order: Order) -> Mapping[str, LineSums]:
    """Return the sums of each line in force by its id, in the order of lines (law C6)."""
    parts = _refunded_parts(order)
    returned = _request_parts(order)
    return {
        line.id: _line_sums(line, parts.get(line.id, ()), returned.get(line.id, ()))
        for line in order.lines_in_force
    }


def _refunded_parts(order: Order) -> Mapping[str, list[tuple[Money, Money]]]:
    parts: dict[str, list[tuple[Money, Money]]] = {}
    for refund in _countable(order.refunds, order.currency):
        if refund.revision == order.revision:
            for part in refund.lines:
                parts.setdefault(part.line_id, []).append((part.amount, part.tax))
    return parts


def _request_parts(order: Order) -> Mapping[str, list[RequestLine]]:
    parts: dict[str, list[RequestLine]] = {}
    for request in living_requests(order):
        for line in request.lines:
            parts.setdefault(line.line_id, []).append(line)
    return parts


def living_requests(order: Order) -> Iterator[AcceptedRequest]:
    """Yield the requests on the lines in force of which a leg lives: they hold units and withhold money."""
    alive = {refund.key for refund in order.refunds if refund.is_alive}
    return (
        accepted
        for accepted in order.requests
        if accepted.revision == order.revision and accepted.key in alive
    )


def _line_sums(
    line: OrderLine, parts: Iterable[tuple[Money, Money]], returned: Iterable[RequestLine]
) -> LineSums:
    parts, returned = tuple(parts), tuple(returned)
    currency = line.total.currency
    given = Money.sum((amount for amount, _ in parts), currency)
    withheld = Money.sum((part.withheld for part in returned), currency)
    return LineSums(
        line=line,
        units=sum(part.quantity for part in returned),
        given=given,
        tax=Money.sum((tax for _, tax in parts), currency),
        # An explicit amount may return withheld money later (law C7); it is withheld no more then.
        withheld=min(withheld, max(line.total - given, Money.zero(currency))),
    )


def unallocated_withheld(order: Order) -> Money:
    """Return what living requests withhold of no line in particular, as on an order without lines."""
    zero = Money.zero(order.currency)
    return sum(
        (
            accepted.withheld - Money.sum((line.withheld for line in accepted.lines), order.currency)
            for accepted in living_requests(order)
            if accepted.withheld.is_positive
        ),
        start=zero,
    )


def succeeded(order: Order) -> Money:
    """Return what was given back for certain, by whomever."""
    return _total(order, lambda refund: refund.status is RefundStatus.SUCCEEDED)


def reserved(order: Order) -> Money:
    """Return what is set aside because its end is not known."""
    return _total(order, lambda refund: refund.is_reserving)


def balance(order: Order) -> Money:
    """Return what the customer owed when the lines in force came into force, less what was owed and given back.

    What is given back of the lines themselves leaves it as it is. Without lines nobody knows what is owed.
    """
    zero = Money.zero(order.currency)
    if not order.lines_in_force:
        return zero
    since = _total(order, lambda refund: refund.revision == order.revision)
    owed = order.total - (order.captured - order.reserved - order.refunded + since)
    of_lines = Money.sum((sums.given for sums in order.line_sums.values()), order.currency)
    return owed + min(since - of_lines, max(-owed, zero))


def _total(order: Order, counts: Callable[[Refund], bool]) -> Money:
    counted = (refund.amount for refund in _countable(order.refunds, order.currency) if counts(refund))
    return Money.sum(counted, order.currency)
