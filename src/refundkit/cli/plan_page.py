"""A plan on a page, and what became of it; and the same as JSON."""

from __future__ import annotations

from typing import Any

from refundkit.cli.order_page import state
from refundkit.cli.screen import Column, say, table
from refundkit.desk.results import RefundResult
from refundkit.errors import RefundDenied
from refundkit.model.orders import Order
from refundkit.model.requests import Purpose
from refundkit.policy.plan import RefundPlan
from refundkit.records.wording import paid_with
from refundkit.serialization import to_json

__all__ = ["denial_in_full", "plan_in_full", "result_in_full", "show_plan", "show_result"]


def show_plan(order: Order, plan: RefundPlan) -> None:
    """Write what would be given back, of which lines, to which payments."""
    what = "Reject" if plan.request.purpose is Purpose.REJECT else "Refund on"
    say(f"{what} order {order.id}: {plan.amount}", style="bold")
    if order.test:
        say("This is a test order.", style="cyan")
    if plan.lines:
        names = {line.id: line.name for line in order.lines_in_force}
        table(
            (
                Column("line"),
                Column("name"),
                Column("units", right=True),
                Column("given back", right=True),
                Column("tax in it", right=True),
            ),
            (
                (part.line_id, names.get(part.line_id, ""), str(part.quantity or ""), part.amount, part.tax)
                for part in plan.lines
            ),
        )
        say()
    if plan.refunds:
        _show_legs(order, plan)
    if plan.withheld.is_positive:
        say(f"Kept as a restocking fee: {plan.withheld}")
    if plan.excess.is_positive:
        say(f"More than the lines have left: {plan.excess}; the order will be flagged.", style="yellow")
    say(f"Left on the order afterwards: {order.refundable - plan.amount}")
    for reason in plan.reasons:
        say(f"Needs a second person: {reason.text}", style="yellow")


def _show_legs(order: Order, plan: RefundPlan) -> None:
    table(
        (Column("to payment"), Column("through"), Column("which is"), Column("amount", right=True)),
        (
            (leg.payment_id, leg.gateway, paid_with(order.payment(leg.payment_id), leg.gateway), leg.amount)
            for leg in plan.refunds
        ),
    )
    say()


def show_result(result: RefundResult) -> None:
    """Write what became of each refund, and what that means."""
    say()
    if result.refunds:
        table(
            (
                Column("payment"),
                Column("gateway"),
                Column("reference"),
                Column("amount", right=True),
                Column("status"),
            ),
            ((leg.payment_id, leg.gateway, leg.reference, leg.amount, state(leg)) for leg in result.refunds),
        )
        say()
    if result.returned.is_positive:
        say(f"Given back: {result.returned}", style="green")
    if result.pending.is_positive:
        say(
            f"Not settled yet: {result.pending}. The money is set aside; nobody can give it back twice.",
            style="yellow",
        )
        say(
            "It comes to its end by itself with `refundkit recover`, or with `refundkit confirm` where a person "
            "pays it out; or type the same command again."
        )
    if result.failed.is_positive:
        say(f"Failed: {result.failed}. This money is still on the order.", style="red")


def plan_in_full(plan: RefundPlan) -> dict[str, Any]:
    """Return the plan for a script."""
    return {
        "order": plan.order_id,
        "key": plan.request.key,
        "amount": to_json(plan.amount),
        "withheld": to_json(plan.withheld),
        "excess": to_json(plan.excess),
        "needs_review": plan.needs_review,
        "reasons": [to_json(reason) for reason in plan.reasons],
        "lines": [to_json(line) for line in plan.lines],
        "refunds": [
            {"payment": leg.payment_id, "gateway": leg.gateway, "amount": to_json(leg.amount)}
            for leg in plan.refunds
        ],
    }


def denial_in_full(denial: RefundDenied) -> dict[str, Any]:
    """Return the refusal for a script."""
    return {
        "order": denial.order_id,
        "refused": [to_json(reason) for reason in denial.reasons],
        "possible": to_json(denial.possible),
    }


def result_in_full(result: RefundResult) -> dict[str, Any]:
    """Return what became of a request for a script."""
    return {
        "order": result.order_id,
        "key": result.key,
        "settled": result.is_settled,
        "returned": to_json(result.returned),
        "pending": to_json(result.pending),
        "failed": to_json(result.failed),
        "refunds": [
            {
                "id": leg.id,
                "payment": leg.payment_id,
                "gateway": leg.gateway,
                "reference": leg.reference,
                "amount": to_json(leg.amount),
                "status": leg.status.value,
                "failure": leg.failure.value if leg.failure else None,
            }
            for leg in result.refunds
        ],
    }
