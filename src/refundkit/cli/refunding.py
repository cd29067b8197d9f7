"""Giving money back from the terminal: preview, and refund. What is shown is what is done, or nothing is."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated, Any
from uuid import uuid4

import typer
from attrs import frozen

from refundkit.cli import plan_page
from refundkit.cli.screen import print_json, say, say_aside
from refundkit.cli.setup import Json, Staff, acting, setup_of
from refundkit.cli.words import amount_of, lines_of, parts_of
from refundkit.desk.batch import in_the_name_of_the_first
from refundkit.desk.results import RefundResult
from refundkit.errors import InvalidValueError, RefundDenied, RefundkitError, ReviewRequired
from refundkit.model.orders import Order
from refundkit.model.parties import Actor
from refundkit.model.requests import RefundReason, RefundRequest
from refundkit.money import Money
from refundkit.policy.plan import RefundPlan

__all__ = ["add_commands", "minted_key"]


def add_commands(app: typer.Typer) -> None:
    """Add what gives money back."""
    app.command("preview")(preview)
    app.command("refund")(refund)


OrderId = Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")]
Amount = Annotated[str | None, typer.Option("--amount", metavar="AMOUNT", help="So much, such as 12.50.")]
Lines = Annotated[
    list[str] | None,
    typer.Option("--line", metavar="ID=QTY", help="So many units of a line; may be repeated."),
]
All = Annotated[bool, typer.Option("--all", help="All that is left.")]
Payments = Annotated[
    list[str] | None,
    typer.Option("--payment", metavar="ID=AMOUNT", help="To this payment so much; may be repeated."),
]
Via = Annotated[
    str | None,
    typer.Option("--via", metavar="GATEWAY", help="Through another gateway, such as store credit."),
]
ReasonType = Annotated[
    RefundReason,
    typer.Option("--type", metavar="TYPE", help=f"The kind of reason: {', '.join(RefundReason)}."),
]
Approved = Annotated[
    str | None,
    typer.Option("--approved-by", metavar="NAME", help="Who approved it, where two people have to."),
]


@frozen(kw_only=True)
class Wish:
    """What was typed: how much, and which way."""

    amount: str | None
    lines: list[str] | None
    everything: bool
    payments: list[str] | None
    via: str | None

    def __attrs_post_init__(self) -> None:
        given = [self.amount is not None, bool(self.lines), self.everything]
        if sum(given) != 1:
            raise InvalidValueError(
                "Say how much: exactly one of --amount, --line and --all.", field="amount"
            )

    def on(self, order: Order, **others: Any) -> RefundRequest:
        """Return the request on *order*."""
        spread = {
            name: amount_of(text, order.currency) for name, text in parts_of(self.payments or (), "p1=5.00")
        }
        return RefundRequest(
            amount=None if self.amount is None else amount_of(self.amount, order.currency),
            lines=lines_of(self.lines) if self.lines else None,
            payments=spread or None,
            via=self.via,
            **others,
        )


def minted_key() -> str:
    """Return a request key that nobody has used."""
    return f"cli-{uuid4().hex[:16]}"


def preview(
    context: typer.Context,
    order: OrderId,
    *,
    amount: Amount = None,
    line: Lines = None,
    everything: All = False,
    payment: Payments = None,
    via: Via = None,
    reason: Annotated[str, typer.Option(help="Why, for rules that look at it.")] = "preview",
    reason_type: ReasonType = RefundReason.OTHER,
    staff: Staff = "",
    as_json: Json = False,
) -> None:
    """Show what a refund would do.

    Nothing is sent, and nothing is written.
    """
    wish = Wish(amount=amount, lines=line, everything=everything, payments=payment, via=via)
    desk = setup_of(context).desk
    found = desk.order(order)
    actor = Actor.staff(staff.strip()) if staff.strip() else Actor.system("refundkit")
    request = wish.on(found, key=minted_key(), reason=reason, reason_type=reason_type, actor=actor)
    plan = _planned(context, found, request, as_json=as_json)
    if as_json:
        print_json(plan_page.plan_in_full(plan))
        return
    plan_page.show_plan(found, plan)
    say("This is a preview: nothing was sent, and nothing was written.")


def refund(
    context: typer.Context,
    order: OrderId,
    *,
    reason: Annotated[str, typer.Option(help="Why, for the audit log; the customer never sees it.")],
    amount: Amount = None,
    line: Lines = None,
    everything: All = False,
    payment: Payments = None,
    via: Via = None,
    reason_type: ReasonType = RefundReason.OTHER,
    note: Annotated[str, typer.Option(help="A note for the audit log.")] = "",
    notify: Annotated[
        bool | None, typer.Option("--notify/--no-notify", help="Write to the customer, or do not.")
    ] = None,
    message: Annotated[str, typer.Option(help="What that letter says beside the figures.")] = "",
    approved_by: Approved = None,
    key: Annotated[
        str | None,
        typer.Option("--key", help="The request key: the same key is the same refund, never a second."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; only with --expect-amount.")] = False,
    expect_amount: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="Refuse unless the refund is worth exactly this.")
    ] = None,
    staff: Staff = "",
    as_json: Json = False,
) -> None:
    """Give money back.

    It shows the plan, asks, and does exactly that. Typed again with the same key, it is the same refund and
    not a second one.
    """
    wish = Wish(amount=amount, lines=line, everything=everything, payments=payment, via=via)
    if yes and expect_amount is None:
        raise InvalidValueError(
            "--yes needs --expect-amount, so that nothing else is done unseen.", field="yes"
        )
    actor = acting(staff)
    desk = setup_of(context).desk
    found = desk.order(order)
    request = wish.on(
        found,
        key=key or minted_key(),
        reason=reason,
        reason_type=reason_type,
        actor=actor,
        note=note,
        notify=notify,
        message=message,
        approved_by=Actor.staff(approved_by) if approved_by else None,
    )
    request = in_the_name_of_the_first(found, request)
    plan = _planned(context, found, request, as_json=as_json)
    if expect_amount is not None:
        _require_amount(plan, amount_of(expect_amount, found.currency))
    if found.request(request.key) is None:
        _agree(found, plan, was_given=key is not None, asks=not yes, shows=not as_json)
    elif not as_json:
        say(f"Request {request.key} was accepted before; asking how it stands. Nothing is given back twice.")
    _report(desk.refund(order, request, expect=plan), as_json=as_json)


def _agree(order: Order, plan: RefundPlan, *, was_given: bool, asks: bool, shows: bool) -> None:
    """Show the plan of a new request and its key, and go on only if somebody wants it so."""
    if shows:
        plan_page.show_plan(order, plan)
    if plan.needs_review:
        raise ReviewRequired("", plan=plan, reasons=plan.reasons)
    _tell_key(plan.request.key, was_given=was_given)
    if asks:
        _confirm(plan)


def _planned(context: typer.Context, order: Order, request: RefundRequest, *, as_json: bool) -> RefundPlan:
    try:
        return setup_of(context).desk.preview(order.id, request)
    except RefundDenied as denial:
        if as_json:
            print_json(plan_page.denial_in_full(denial))
        raise


def _require_amount(plan: RefundPlan, expected: Money) -> None:
    if plan.amount != expected:
        raise RefundkitError(
            f"The refund would be {plan.amount}, not {expected} as expected. Nothing was sent."
        )


def _tell_key(key: str, *, was_given: bool) -> None:
    """Say how to repeat it, before anything is sent: whatever happens next, the key is known."""
    again = [*sys.argv[1:], *(() if was_given else ("--key", key))]
    say_aside(f"Request key: {key}")
    say_aside(f"If this is interrupted, type: refundkit {shlex.join(again)}")


def _confirm(plan: RefundPlan) -> None:
    try:
        said_yes = typer.confirm(f"Give back {plan.amount}?", err=True)
    except (typer.Abort, EOFError):
        raise InvalidValueError(
            "Nobody answered, so nothing was sent. In a script: --yes with --expect-amount.", field="yes"
        ) from None
    if not said_yes:
        say_aside("Nothing was sent.")
        raise typer.Exit(1)


def _report(result: RefundResult, *, as_json: bool) -> None:
    if as_json:
        print_json(plan_page.result_in_full(result))
    else:
        plan_page.show_result(result)
    if not result.is_settled:
        raise typer.Exit(3)
    if result.failed.is_positive:
        raise typer.Exit(1)
