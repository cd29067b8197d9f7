"""Giving money back from the terminal: preview, refund, and reject. What is shown is what is done, or nothing is."""

from __future__ import annotations

from typing import Annotated

import typer

from refundkit.cli import plan_page, wish
from refundkit.cli.agreement import Agreement, minted_key, planned
from refundkit.cli.screen import print_json, say
from refundkit.cli.setup import Json, OrderId, Staff, acting, setup_of
from refundkit.errors import InvalidValueError
from refundkit.model.parties import Actor
from refundkit.model.requests import RefundReason, RefundRequest

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add what gives money back."""
    app.command("preview")(preview)
    app.command("refund")(refund)
    app.command("reject")(reject)


def preview(
    context: typer.Context,
    order: OrderId,
    *,
    amount: wish.Amount = None,
    line: wish.Lines = None,
    everything: wish.All = False,
    payment: wish.Payments = None,
    via: wish.Via = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for rules that look at it.")] = "preview",
    reason_type: wish.ReasonType = RefundReason.OTHER,
    staff: Staff = "",
    as_json: Json = False,
) -> None:
    """Show what a refund would do.

    Nothing is sent, and nothing is written.
    """
    wanted = wish.Wish(amount=amount, lines=line, everything=everything, payments=payment, via=via)
    desk = setup_of(context).desk
    found = desk.order(order)
    actor = Actor.staff(staff.strip()) if staff.strip() else Actor.system("refundkit")
    request = wanted.on(found, key=minted_key(), reason=reason, reason_type=reason_type, actor=actor)
    plan = planned(desk, found, request, as_json=as_json)
    if as_json:
        print_json(plan_page.plan_in_full(plan))
        return
    plan_page.show_plan(found, plan)
    say("This is a preview: nothing was sent, and nothing was written.")


def refund(
    context: typer.Context,
    order: OrderId,
    *,
    reason: wish.Reason,
    amount: wish.Amount = None,
    line: wish.Lines = None,
    everything: wish.All = False,
    payment: wish.Payments = None,
    via: wish.Via = None,
    reason_type: wish.ReasonType = RefundReason.OTHER,
    note: wish.Note = "",
    notify: wish.Notify = None,
    message: wish.Message = "",
    approved_by: wish.Approved = None,
    key: wish.Key = None,
    yes: wish.Sure = False,
    expect_amount: wish.Expected = None,
    staff: Staff = "",
    as_json: Json = False,
) -> None:
    """Give money back.

    It shows the plan, asks, and does exactly that. Typed again with the same key, it is the same refund and
    not a second one.
    """
    wanted = wish.Wish(amount=amount, lines=line, everything=everything, payments=payment, via=via)
    agreement = Agreement(key=key, expected=expect_amount, yes=yes, as_json=as_json)
    actor, desk = acting(staff), setup_of(context).desk
    found = desk.order(order)
    request = wanted.on(
        found,
        key=minted_key() if key is None else key,
        reason=reason,
        reason_type=reason_type,
        actor=actor,
        note=note,
        notify=notify,
        message=message,
        approved_by=_approval(approved_by),
    )
    agreement.carry_out(desk, found, request)


def reject(
    context: typer.Context,
    order: OrderId,
    *,
    reason: wish.Reason,
    reason_type: wish.ReasonType = RefundReason.OTHER,
    note: wish.Note = "",
    notify: wish.Notify = None,
    message: wish.Message = "",
    approved_by: wish.Approved = None,
    key: wish.Key = None,
    yes: wish.Sure = False,
    expect_amount: wish.Expected = None,
    staff: Staff = "",
    as_json: Json = False,
) -> None:
    """Cancel an order and give back all that is left.

    It shows the plan, asks, and does exactly that, as refund does.
    """
    agreement = Agreement(key=key, expected=expect_amount, yes=yes, as_json=as_json)
    actor, desk = acting(staff), setup_of(context).desk
    request = RefundRequest(
        key=minted_key() if key is None else key,
        reason=reason,
        reason_type=reason_type,
        actor=actor,
        note=note,
        notify=notify,
        message=message,
        approved_by=_approval(approved_by),
    )
    agreement.carry_out(desk, desk.order(order), request.rejecting())


def _approval(name: str | None) -> Actor | None:
    if name is None:
        return None
    if not name.strip():
        raise InvalidValueError("Say who approved it: --approved-by NAME.", field="approved_by")
    return Actor.staff(name.strip())
