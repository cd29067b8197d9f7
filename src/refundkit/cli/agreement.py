"""The agreement: a plan is shown, its key is told, somebody says yes, and exactly that is done, or nothing is."""

from __future__ import annotations

import shlex
import sys
from uuid import uuid4

import typer
from attrs import frozen

from refundkit.cli import plan_page
from refundkit.cli.question import require_yes
from refundkit.cli.screen import print_json, say, say_aside
from refundkit.cli.words import amount_of
from refundkit.desk.batch import in_the_name_of_the_first
from refundkit.desk.refunds import RefundDesk
from refundkit.desk.results import RefundResult
from refundkit.errors import InvalidValueError, RefundDenied, RefundkitError, ReviewRequired
from refundkit.model.orders import Order
from refundkit.model.requests import Purpose, RefundRequest
from refundkit.money import Money
from refundkit.policy.plan import RefundPlan

__all__ = ["Agreement", "minted_key", "planned"]


def minted_key() -> str:
    """Return a request key that nobody has used."""
    return f"cli-{uuid4().hex[:16]}"


@frozen(kw_only=True)
class Agreement:
    """How one refund is agreed on.

    ``key`` is what was typed, if one was; ``expected`` what the refund has to be worth; ``yes`` is said before
    anybody asked, which needs an expected amount.
    """

    key: str | None
    expected: str | None
    yes: bool
    as_json: bool

    def __attrs_post_init__(self) -> None:
        if self.yes and self.expected is None:
            raise InvalidValueError(
                "--yes needs --expect-amount, so that nothing else is done unseen.", field="yes"
            )

    def carry_out(self, desk: RefundDesk, order: Order, request: RefundRequest) -> None:
        """Give money back as *request* says, and write what became of it."""
        request = in_the_name_of_the_first(order, request)
        plan = planned(desk, order, request, as_json=self.as_json)
        if self.expected is not None:
            _require_amount(plan, amount_of(self.expected, order.currency))
        if order.request(request.key) is None:
            self._agree(order, plan)
        elif not self.as_json:
            say(
                f"Request {request.key} was accepted before; asking how it stands. Nothing is given back twice."
            )
        result = desk.refund(order.id, request, expect=plan)
        if _rejects(plan) and not self.as_json:
            say(f"Order {order.id} is rejected.")
        _report(result, as_json=self.as_json)

    def _agree(self, order: Order, plan: RefundPlan) -> None:
        """Show the plan of a new request and its key, and go on only if somebody wants it so."""
        if not self.as_json:
            plan_page.show_plan(order, plan)
        if plan.needs_review:
            raise ReviewRequired("", plan=plan, reasons=plan.reasons)
        self._tell_key(plan.request.key)
        if not self.yes:
            deed = f"Reject order {order.id} and give back" if _rejects(plan) else "Give back"
            require_yes(f"{deed} {plan.amount}?", script="--yes with --expect-amount")

    def _tell_key(self, key: str) -> None:
        """Say how to repeat it, before anything is sent: whatever happens next, the key is known."""
        again = [*sys.argv[1:], *(() if self.key is not None else ("--key", key))]
        say_aside(f"Request key: {key}")
        say_aside(f"If this is interrupted, type: refundkit {shlex.join(again)}")


def planned(desk: RefundDesk, order: Order, request: RefundRequest, *, as_json: bool) -> RefundPlan:
    """Return the plan; a refusal is written for a script as well.

    Raises:
        RefundDenied: with every reason.
    """
    try:
        return desk.preview(order.id, request)
    except RefundDenied as denial:
        if as_json:
            print_json(plan_page.denial_in_full(denial))
        raise


def _rejects(plan: RefundPlan) -> bool:
    return plan.request.purpose is Purpose.REJECT


def _require_amount(plan: RefundPlan, expected: Money) -> None:
    if plan.amount != expected:
        raise RefundkitError(
            f"The refund would be {plan.amount}, not {expected} as expected. Nothing was sent."
        )


def _report(result: RefundResult, *, as_json: bool) -> None:
    if as_json:
        print_json(plan_page.result_in_full(result))
    else:
        plan_page.show_result(result)
    if not result.is_settled:
        raise typer.Exit(3)
    if result.failed.is_positive:
        raise typer.Exit(1)
