"""The wish: what somebody types to say how much goes back, and which way."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from attrs import frozen

from refundkit.cli.words import amount_of, lines_of, parts_of
from refundkit.errors import InvalidValueError
from refundkit.model.orders import Order
from refundkit.model.requests import RefundReason, RefundRequest

__all__ = [
    "All",
    "Amount",
    "Approved",
    "Expected",
    "Key",
    "Lines",
    "Message",
    "Note",
    "Notify",
    "Payments",
    "Reason",
    "ReasonType",
    "Sure",
    "Via",
    "Wish",
]

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
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why, for the audit log; the customer never sees it.")
]
ReasonType = Annotated[
    RefundReason,
    typer.Option("--type", metavar="TYPE", help=f"The kind of reason: {', '.join(RefundReason)}."),
]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="A note for the audit log.")]
Notify = Annotated[
    bool | None, typer.Option("--notify/--no-notify", help="Write to the customer, or do not.")
]
Message = Annotated[
    str, typer.Option("--message", metavar="TEXT", help="What that letter says beside the figures.")
]
Approved = Annotated[
    str | None,
    typer.Option("--approved-by", metavar="NAME", help="Who approved it, where two people have to."),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key", metavar="KEY", help="The request key: the same key is the same refund, never a second."
    ),
]
Sure = Annotated[bool, typer.Option("--yes", help="Do not ask; only with --expect-amount.")]
Expected = Annotated[
    str | None,
    typer.Option("--expect-amount", metavar="AMOUNT", help="Refuse unless the refund is worth exactly this."),
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
