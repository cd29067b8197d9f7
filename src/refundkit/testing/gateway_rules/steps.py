"""The steps that the chapters are made of: make a call, ask, look into the books."""
# ruff: noqa: S101 - asserts are what a contract is made of

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from refundkit.errors import GatewayError, InvalidValueError
from refundkit.gateways.base import Gateway, RefundCall, Webhook
from refundkit.model.capabilities import Capabilities
from refundkit.model.payments import Payment
from refundkit.model.refunds import ALIVE, Refund, RefundStatus, refund_id
from refundkit.model.reports import PaymentReport, RefundReport
from refundkit.money import Money
from refundkit.testing.gateway_rules.bench import Bench, Letter

__all__ = [
    "ask",
    "booked",
    "call_for",
    "can",
    "delivered",
    "fetched",
    "found",
    "give_back",
    "given_in_time",
    "part_of",
    "pay",
    "prepared",
    "refund_of",
    "refused",
    "thawed",
    "tried",
]

GIVEN = frozenset({RefundStatus.SUCCEEDED, RefundStatus.PENDING})


def pay(bench: Bench, amount: str = "50.00") -> Payment:
    """Capture *amount* in the bench's currency."""
    return bench.payment(Money.of(amount, bench.currency))


def can(bench: Bench, payment: Payment) -> Capabilities:
    """Return what the gateway declares for *payment*."""
    declared = bench.gateway.capabilities(payment)
    assert isinstance(declared, Capabilities), (
        f"capabilities() returned {declared!r}, which is no Capabilities"
    )
    return declared


def part_of(bench: Bench, payment: Payment) -> Money:
    """Return an amount that can be given back: a part if the gateway does parts, else all."""
    part = Money.of("12.00", payment.captured.currency)
    minimum = can(bench, payment).minimum
    if minimum is not None and minimum.currency == part.currency:
        part = max(part, minimum)
    return part if can(bench, payment).partial else payment.captured


def refund_of(payment: Payment, amount: Money, **more: Any) -> Refund:
    """Make a refund of *payment* with a name of its own."""
    name = refund_id("contract", str(uuid4()), payment.reference, payment.gateway)
    values = {"id": name, "payment_id": payment.id, "gateway": payment.gateway, "amount": amount}
    return Refund(**{**values, **more})


def call_for(bench: Bench, payment: Payment, amount: Money | None = None) -> RefundCall:
    """Prepare a refund of *amount* and make the call that the desk would make."""
    refund = refund_of(payment, part_of(bench, payment) if amount is None else amount)
    return RefundCall(
        refund=refund,
        payment=payment,
        request=prepared(bench, refund, payment),
        deadline=bench.now() + timedelta(minutes=5),
    )


def prepared(bench: Bench, refund: Refund, payment: Payment) -> Mapping[str, Any]:
    """Return the request that the gateway prepares."""
    request = bench.gateway.prepare(refund, payment)
    assert isinstance(request, Mapping), f"prepare() returned {request!r}, which is no mapping"
    return request


def ask(gateway: Gateway, call: RefundCall) -> RefundReport:
    """Send *call* and require a report about that refund, and about that payment if it names one."""
    report = gateway.refund(call)
    assert isinstance(report, RefundReport), f"refund() returned {report!r}, which is no RefundReport"
    assert report.refund_id in (None, call.refund.id), "the report is about another refund"
    assert report.payment is None or report.payment in call.payment.references, (
        "the report is about another payment"
    )
    return report


def give_back(bench: Bench, payment: Payment, amount: Money | None = None) -> RefundReport:
    """Give back, and require that it is done or accepted."""
    report = ask(bench.gateway, call_for(bench, payment, amount))
    assert report.status in GIVEN, f"the service accepts it, but the report says {report.status}"
    return report


def tried(gateway: Gateway, call: RefundCall) -> RefundReport | GatewayError:
    """Send *call*, whatever comes of it."""
    try:
        return gateway.refund(call)
    except GatewayError as error:
        return error


def given_in_time(bench: Bench, call: RefundCall) -> list[object]:
    """Send *call*; return what it gave or raised, nothing if it is still waiting."""
    answers: list[object] = []

    def ask() -> None:
        try:
            answers.append(bench.gateway.refund(call))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test says it
            answers.append(error)

    # A daemon, because nothing ends a thread that waits for good; it must not hold the tests as well.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(bench.patience_seconds)
    return answers


def refused(bench: Bench, payment: Payment, amount: Money) -> bool:
    """Try what the gateway says it cannot do; say whether it was refused before or by the service."""
    try:
        call = call_for(bench, payment, amount)
    except InvalidValueError:
        return True
    return ask(bench.gateway, call).status is RefundStatus.FAILED


def fetched(bench: Bench, payment: Payment) -> PaymentReport:
    """Ask what is true of one payment."""
    reports = tuple(bench.gateway.fetch((payment,)) or ())
    assert all(isinstance(report, PaymentReport) for report in reports), f"fetch() returned {reports!r}"
    assert len(reports) == 1, f"fetch() returned {len(reports)} reports on one payment"
    return reports[0]


def found(bench: Bench, payment: Payment, reference: str | None) -> RefundReport:
    """Fetch *payment* and return the one refund *reference*; skip if the gateway cannot know its refunds."""
    refunds = fetched(bench, payment).refunds
    if refunds is None:
        pytest.skip("the gateway cannot know its refunds")
    same = [refund for refund in refunds if refund.reference == reference]
    assert len(same) == 1, f"fetch() tells {len(same)} refunds {reference!r}; one was made"
    return same[0]


def booked(bench: Bench, payment: Payment) -> Money:
    """Say what was really given back: by the service's books, else by what the gateway fetches, else skip."""
    if bench.returned is not None:
        return bench.returned(payment)
    refunds = fetched(bench, payment).refunds
    if refunds is None:
        pytest.skip("the bench has no returned(), and the gateway cannot know its refunds")
    alive = (refund.amount for refund in refunds if refund.status in ALIVE)
    return Money.sum(alive, payment.captured.currency)


def thawed(value: Any) -> Any:
    """Turn a request into plain dicts and lists, as a database gives it back."""
    if isinstance(value, Mapping):
        return {name: thawed(inner) for name, inner in value.items()}
    return [thawed(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def delivered(bench: Bench, letter: Letter, **late: float) -> Webhook:
    """Receive a letter now, or later by the duration *late* (earlier, if it is negative)."""
    body, headers = letter
    return Webhook(body=body, headers=headers, received_at=bench.now() + timedelta(**late))
