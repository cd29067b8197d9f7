"""One order on a page, and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.text import Text

from refundkit.cli.screen import Column, day, moment, plain, say, say_item, say_styled, table, title
from refundkit.model.deliveries import Delivery
from refundkit.model.events import Event
from refundkit.model.lines import OrderLine
from refundkit.model.orders import Order
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund
from refundkit.money import Money
from refundkit.records.timeline import describe
from refundkit.serialization import to_json

__all__ = ["delivery_in_full", "in_full", "marks", "show", "show_deliveries", "state", "summary", "words"]


def words(name: object) -> str:
    """Write ``partially_refunded`` for people."""
    return str(name).replace("_", " ")


def marks(order: Order) -> Iterator[tuple[str, str]]:
    """Yield what makes an order special, each with its style."""
    if order.test:
        yield "TEST", "cyan"
    if order.is_flagged:
        yield "FLAGGED", "bold red"
    if order.reserved.is_positive:
        yield "UNSETTLED", "yellow"


def show(order: Order, events: Iterable[Event]) -> None:
    """Write the page."""
    _head(order)
    _flags(order)
    _lines(order)
    _payments(order)
    _refunds(order)
    _disputes(order)
    _deliveries(order)
    _papers(order)
    _timeline(events)


def _head(order: Order) -> None:
    head = Text(f"Order {plain(order.id)}", style="bold")
    head.append(f"  {words(order.status)}", style="not bold")
    for mark, style in marks(order):
        head.append(f"  {mark}", style=style)
    customer = order.customer
    say_styled(head)
    who = [] if customer is None else [part for part in (customer.name, customer.email) if part]
    when = [f"placed {moment(order.placed_at)} UTC"] if order.placed_at else []
    tags = [f"tags: {', '.join(order.tags)}"] if order.tags else []
    if about := [*who, *when, *tags]:
        say(" | ".join(about))
    say()
    for name, amount in _sums(order):
        say(f"{name:<24}{amount!s:>14}")


def _sums(order: Order) -> Iterator[tuple[str, Money]]:
    """Yield the figures of the order; those that are nothing are left out, apart from the main ones."""
    cost = order.totals
    parts = (
        ("Subtotal", cost.subtotal),
        ("Shipping", cost.shipping),
        ("Fees", cost.fees),
        ("Discounts", Money.zero(order.currency) - cost.discounts),
    )
    if cost.total != cost.subtotal:
        yield from ((name, amount) for name, amount in parts if not amount.is_zero)
    yield "Total", cost.total
    if cost.tax.is_positive:
        yield "  tax in it", cost.tax
    if cost.gift_card.is_positive:
        yield "Paid by gift card", cost.gift_card
        yield "Final", cost.final
    yield from _money_now(order)


def _money_now(order: Order) -> Iterator[tuple[str, Money]]:
    yield "Captured", order.captured
    yield "Given back", order.refunded
    extra = (
        ("Set aside (unsettled)", order.reserved),
        ("Kept (restocking)", order.withheld),
        ("Lost to disputes", order.lost_to_disputes),
        ("Beyond what was captured", order.exposure),
    )
    yield from ((name, amount) for name, amount in extra if amount.is_positive)
    yield "Can be given back", order.refundable
    if not order.balance.is_zero:
        yield "Customer still owes", order.balance


def _flags(order: Order) -> None:
    if order.flags:
        title("A person must look")
        for flag in order.flags:
            say_item(f"{words(flag.kind)} ({day(flag.raised_at)}): {flag.text}", style="red")


def _lines(order: Order) -> None:
    if not order.lines_in_force:
        return
    title("Lines" if not order.revision else f"Lines (revised {order.revision} times)")
    sums = order.line_sums
    table(
        (
            Column("line"),
            Column("name"),
            Column("qty", right=True),
            Column("returned", right=True),
            Column("tax", right=True),
            Column("total", right=True),
            Column("given back", right=True),
        ),
        (
            (
                line.id,
                _name(line),
                str(line.quantity),
                str(sums[line.id].units or ""),
                None if line.tax is None else f"{line.tax.decimal}",
                line.total,
                sums[line.id].given if sums[line.id].given.is_positive else "",
            )
            for line in order.lines_in_force
        ),
    )


def _name(line: OrderLine) -> str:
    return line.name or line.sku or words(line.kind)


def _payments(order: Order) -> None:
    if not order.payments:
        return
    title("Payments")
    table(
        (
            Column("payment"),
            Column("gateway"),
            Column("reference"),
            Column("method"),
            Column("captured", right=True),
            Column("left", right=True),
        ),
        (
            (
                paid.id,
                paid.gateway,
                paid.reference,
                _method(paid),
                paid.captured if paid.capacity.is_positive else _unpaid(paid),
                order.refundable_of(paid.id),
            )
            for paid in order.payments
        ),
    )


def _method(paid: Payment) -> str:
    return f"{words(paid.method or 'card')} {paid.last4}" if paid.last4 else words(paid.method or "")


def _unpaid(paid: Payment) -> str:
    return words(paid.status) + (f": {words(paid.failure)}" if paid.failure else "")


def _refunds(order: Order) -> None:
    if not order.refunds:
        return
    title("Refunds")
    table(
        (
            Column("made"),
            Column("key"),
            Column("payment"),
            Column("gateway"),
            Column("reference"),
            Column("amount", right=True),
            Column("status"),
        ),
        (
            (
                day(refund.created_at),
                refund.key or words(refund.origin),
                refund.payment_id,
                refund.gateway,
                refund.reference,
                refund.amount,
                state(refund),
            )
            for refund in order.refunds
        ),
    )


def state(refund: Refund) -> str:
    """Say where a refund stands, and why if it failed."""
    if refund.failure is None:
        return words(refund.status)
    said = f" ({refund.failure_text})" if refund.failure_text else ""
    return f"{words(refund.status)}: {words(refund.failure)}{said}"


def _disputes(order: Order) -> None:
    if not order.disputes:
        return
    title("Disputes")
    table(
        (
            Column("reference"),
            Column("payment"),
            Column("amount", right=True),
            Column("stage"),
            Column("status"),
            Column("funds"),
            Column("answer by"),
        ),
        (
            (
                case.reference,
                case.payment_id,
                case.amount,
                words(case.stage),
                words(case.status),
                words(case.funds),
                day(case.due_by),
            )
            for case in order.disputes
        ),
    )


def _deliveries(order: Order) -> None:
    if order.deliveries:
        title("Deliveries")
        show_deliveries(order.deliveries)


def show_deliveries(deliveries: Iterable[Delivery]) -> None:
    """Write a table of deliveries."""
    table(
        (
            Column("delivery"),
            Column("line"),
            Column("kind"),
            Column("status"),
            Column("handed over", right=True),
            Column("tries", right=True),
            Column("last error"),
        ),
        (
            (
                one.id,
                one.line_id,
                words(one.kind),
                words(one.status),
                f"{one.handed_over} of {one.quantity}",
                str(one.attempts),
                one.last_error,
            )
            for one in deliveries
        ),
    )


def _papers(order: Order) -> None:
    if order.credit_notes:
        title("Credit notes")
        for note in order.credit_notes:
            say(f"{note.name}  {day(note.issued_at)}  {note.gross}")
    if order.notes:
        title("Notes")
        for written in order.notes:
            say(f"{moment(written.at)}  {written.actor}: {written.text}")


def _timeline(events: Iterable[Event]) -> None:
    title("What happened (UTC)")
    table((Column("when"), Column("what")), ((moment(event.at), describe(event)) for event in events))


# For scripts.


def summary(order: Order) -> dict[str, Any]:
    """Return what the list shows."""
    return {
        "id": order.id,
        "status": order.status.value,
        "placed_at": to_json(order).get("placed_at"),
        "email": order.customer.email if order.customer else None,
        "test": order.test,
        "flagged": order.is_flagged,
        "total": to_json(order.total),
        "captured": to_json(order.captured),
        "refunded": to_json(order.refunded),
        "reserved": to_json(order.reserved),
        "refundable": to_json(order.refundable),
    }


# What gateways and deliverers keep for themselves.
_INTERNAL = {"payments": ("details",), "refunds": ("prepared",), "deliveries": ("details", "target")}


def delivery_in_full(delivery: Delivery) -> dict[str, Any]:
    """Return one delivery for a script, without what its deliverer keeps for itself."""
    return _without(to_json(delivery), _INTERNAL["deliveries"])


def in_full(order: Order, events: Iterable[Event]) -> dict[str, Any]:
    """Return the order as it is stored, with its sums and its timeline."""
    data = to_json(order)
    for parts, names in _INTERNAL.items():
        data[parts] = [_without(part, names) for part in data.get(parts, ())]
    return {**data, **summary(order), "timeline": [to_json(event) for event in events]}


def _without(part: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name not in names}
