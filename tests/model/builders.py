"""Short ways to say what the tests of model and policy are about."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from refundkit.model.lines import OrderLine
from refundkit.model.orders import Order
from refundkit.model.payments import Payment
from refundkit.model.refunds import RefundStatus
from refundkit.model.requests import AcceptedRequest, RefundRequest
from refundkit.money import Money
from refundkit.policy.plan import RefundPlan, plan_refund

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def eur(amount: str | int) -> Money:
    """Euros."""
    return Money.of(amount, "EUR")


def cents(minor: int) -> Money:
    """Euro cents."""
    return Money.of_minor(minor, "EUR")


def jpy(amount: int) -> Money:
    """Yen."""
    return Money.of(amount, "JPY")


def line(line_id: str, total: Money, quantity: int = 1, **more: Any) -> OrderLine:
    """Buy something."""
    return OrderLine(id=line_id, total=total, quantity=quantity, **more)


def paid(name: str, captured: Money, gateway: str = "stripe", **more: Any) -> Payment:
    """Pay something."""
    given = {"reference": f"ref-{name}", "captured_at": NOW, **more}
    return Payment(id=name, gateway=gateway, captured=captured, **given)


def order(lines: tuple[OrderLine, ...], payments: tuple[Payment, ...], **more: Any) -> Order:
    """Put an order together, in the currency of what it holds."""
    holds = [*(bought.total for bought in lines), *(payment.captured for payment in payments)]
    return Order(id="o-1", currency=holds[0].currency, lines=lines, payments=payments, **more)


def simple(amount: str | int = "100.00", **more: Any) -> Order:
    """One line, paid by one payment."""
    return order((line("line-1", eur(amount)),), (paid("p1", eur(amount)),), **more)


def wish(key: str = "k-1", **more: Any) -> RefundRequest:
    """Wish for a refund."""
    return RefundRequest(key=key, **{"reason": "arrived broken", **more})


def accepted(known: Order, plan: RefundPlan) -> AcceptedRequest:
    """Write down what an order accepts of a plan, as the desk does."""
    return AcceptedRequest(
        request=plan.request,
        digest=plan.request.digest,
        accepted_at=NOW,
        lines=plan.lines,
        withheld=plan.withheld,
        revision=known.revision,
    )


def carried_out(known: Order, plan: RefundPlan, *statuses: RefundStatus) -> Order:
    """Accept a plan, and bring its legs to *statuses*; those not named succeed."""
    ends = [*statuses, *[RefundStatus.SUCCEEDED] * len(plan.refunds)]
    legs = []
    for leg, end in zip(plan.refunds, ends, strict=False):
        asked = leg.moved(RefundStatus.SUBMITTED)
        legs.append(asked if end is RefundStatus.SUBMITTED else asked.moved(end))
    return known.with_request(accepted(known, plan), legs)


_keys = count(1)


def refunded(known: Order, *statuses: RefundStatus, **what: Any) -> Order:
    """Plan a request on an order and carry it out."""
    request = wish(**{"key": f"key-{next(_keys)}", **what})
    return carried_out(known, plan_refund(known, request, now=NOW), *statuses)
