"""Settling by hand: what only a person can know or decide is written down, with who it was."""

from __future__ import annotations

from typing import Annotated

import typer

from refundkit.cli.news import heard, tell
from refundkit.cli.order_page import state, words
from refundkit.cli.question import asks, require_yes
from refundkit.cli.screen import Column, day, say, say_item, table
from refundkit.cli.setup import Json, OrderId, Setup, Staff, Yes, acting, setup_of
from refundkit.cli.words import amount_of
from refundkit.desk.people import waits_for_person
from refundkit.errors import InvalidValueError, RefundkitError
from refundkit.model.orders import Order
from refundkit.model.refunds import Refund, RefundStatus

__all__ = ["add_commands"]


def add_commands(app: typer.Typer) -> None:
    """Add what a person settles."""
    app.command("confirm")(confirm)
    app.command("record-external")(record_external)
    app.command("acknowledge")(acknowledge)
    app.command("note")(note_down)


def confirm(
    context: typer.Context,
    order: OrderId,
    *,
    paid: Annotated[
        bool | None,
        typer.Option("--paid/--not-paid", help="The customer has the money, or will never get it."),
    ] = None,
    refund: Annotated[
        str | None, typer.Option("--refund", metavar="ID", help="Which refund, if several are open.")
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="What it is found by, such as the number of the transfer."),
    ] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="A note for the audit log.")] = "",
    yes: Yes = False,
    staff: Staff = "",
    as_json: Json = False,
) -> None:
    """Settle a refund that no program can settle.

    One that a person makes, such as a bank transfer, or of which its gateway cannot tell what became.
    """
    if paid is None:
        raise InvalidValueError("Say what became of it: --paid or --not-paid.", field="status")
    actor, setup = acting(staff), setup_of(context)
    desk = setup.desk
    open_one = _open_refund(setup, desk.order(order), refund)
    status = RefundStatus.SUCCEEDED if paid else RefundStatus.FAILED
    if asks(yes=yes, as_json=as_json):
        _show_refunds((open_one,))
        ends = "was paid out" if paid else "will not be paid out"
        require_yes(f"It {ends}: {open_one.amount} to payment {open_one.payment_id}?", script="--yes")
    with heard(setup.store, order) as news:
        desk.confirm(open_one.id, actor=actor, reference=reference, status=status, note=note)
    tell(desk.order(order), news, as_json=as_json)


def _open_refund(setup: Setup, order: Order, wanted: str | None) -> Refund:
    """Return the refund that was named, or the only one that waits for a person."""
    if wanted is not None:
        return order.refund(wanted)
    still_open = tuple(
        refund for refund in order.refunds if refund.is_reserving and _waits(setup, order, refund)
    )
    if len(still_open) == 1:
        return still_open[0]
    if not still_open:
        raise RefundkitError(f"No refund of order {order.id} waits for a person.")
    _show_refunds(still_open)
    raise InvalidValueError(
        "Several refunds wait for a person; say which one with --refund ID.", field="refund"
    )


def _waits(setup: Setup, order: Order, refund: Refund) -> bool:
    gateway = setup.gateways.get(refund.gateway)
    can = None if gateway is None else gateway.capabilities(order.payment(refund.payment_id))
    return waits_for_person(order, refund, can)


def _show_refunds(refunds: tuple[Refund, ...]) -> None:
    table(
        (
            Column("refund", whole=True),
            Column("made"),
            Column("payment"),
            Column("gateway"),
            Column("amount", right=True),
            Column("status"),
        ),
        (
            (one.id, day(one.created_at), one.payment_id, one.gateway, one.amount, state(one))
            for one in refunds
        ),
    )


def record_external(
    context: typer.Context,
    order: OrderId,
    *,
    payment: Annotated[str, typer.Option(metavar="ID", help="The payment that it was given back of.")],
    amount: Annotated[str, typer.Option(metavar="AMOUNT", help="How much, such as 12.50.")],
    reference: Annotated[str, typer.Option(metavar="TEXT", help="What it is found by where it was made.")],
    status: Annotated[
        str, typer.Option(metavar="WORD", help="What became of it, in the word of whoever made it.")
    ] = "succeeded",
    yes: Yes = False,
    staff: Staff = "",
    as_json: Json = False,
) -> None:
    """Write down a refund that was made elsewhere.

    Nothing is given back by this. A word such as "lost" stands for money that left through a chargeback.
    """
    actor, setup = acting(staff), setup_of(context)
    desk = setup.desk
    found = desk.order(order)
    given, paid = amount_of(amount, found.currency), found.payment(payment)
    if asks(yes=yes, as_json=as_json):
        say(
            f"Order {order}: {given} of {paid.gateway} {paid.reference}, made elsewhere as {reference}: {status}."
        )
        require_yes("Write it down?", script="--yes")
    with heard(setup.store, order) as news:
        desk.record_external(order, payment, given, reference=reference, status=status, actor=actor)
    tell(desk.order(order), news, as_json=as_json)


def acknowledge(
    context: typer.Context,
    order: OrderId,
    *,
    note: Annotated[str, typer.Option(metavar="TEXT", help="What was found, for the audit log.")] = "",
    yes: Yes = False,
    staff: Staff = "",
    as_json: Json = False,
) -> None:
    """Clear the flags of an order.

    After a person has looked: it shows what they say, and asks. Refunds are possible again then.
    """
    actor, setup = acting(staff), setup_of(context)
    desk = setup.reading
    found = desk.order(order)
    if not found.flags:
        say(f"Order {order} has no flags.")
        return
    if asks(yes=yes, as_json=as_json):
        for flag in found.flags:
            say_item(f"{words(flag.kind)} ({day(flag.raised_at)}): {flag.text}", style="red")
        require_yes("Was all of this looked at?", script="--yes")
        if desk.order(order).flags != found.flags:
            raise RefundkitError(f"Order {order} has other flags by now. Nothing was cleared; look again.")
    with heard(setup.store, order) as news:
        desk.acknowledge(order, actor=actor, note=note)
    tell(desk.order(order), news, as_json=as_json)


def note_down(
    context: typer.Context,
    order: OrderId,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="The note; leave it out to change tags only.")
    ] = "",
    *,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="TAG", help="Add a tag; may be repeated.")
    ] = None,
    untag: Annotated[
        list[str] | None, typer.Option("--untag", metavar="TAG", help="Remove a tag; may be repeated.")
    ] = None,
    staff: Staff = "",
    as_json: Json = False,
) -> None:
    """Add a note to an order, or tags.

    Both are for the shop; the customer never sees them.
    """
    actor, setup = acting(staff), setup_of(context)
    desk = setup.reading
    if not (text.strip() or tag or untag):
        raise InvalidValueError("Say what to note, or name a --tag or an --untag.", field="note")
    with heard(setup.store, order) as news:
        desk.annotate(order, actor=actor, note=text.strip(), add_tags=tag or (), remove_tags=untag or ())
    tell(desk.order(order), news, as_json=as_json)
