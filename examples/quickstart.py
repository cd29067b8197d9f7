"""One order, four ways to pay, seven refunds: from the wish to the money, and back to the books.

Run it with ``nox -s demo``, or after ``pip install 'refundkit[stripe,paypal,shopify,sql,testing]'`` by hand.
It needs no account and no network: the real SDKs talk to sandboxes, small servers on this machine that keep
books as Stripe, PayPal and Shopify do. Take them into your own tests: they come with refundkit.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import frozen

from refundkit import (
    Actor,
    Customer,
    Event,
    LineKind,
    ManualGateway,
    Money,
    Order,
    OrderLine,
    Payment,
    RefundDenied,
    RefundDesk,
    RefundPlan,
    RefundReason,
    RefundRequest,
    RefundResult,
    SQLStore,
    StripeGateway,
    WebhookError,
)
from refundkit.gateways.shopify import ShopifyGateway
from refundkit.testing.clock import FakeClock
from refundkit.testing.sandbox import Fault
from refundkit.testing.sandbox.paypal import PayPalSandbox
from refundkit.testing.sandbox.shopify import ShopifySandbox
from refundkit.testing.sandbox.stripe import StripeSandbox

KIM = Actor.staff("kim")


@frozen(kw_only=True)
class World:
    """The desk, and everything around it that a real shop would have: three services and the time."""

    desk: RefundDesk
    clock: FakeClock
    stripe: StripeSandbox
    paypal: PayPalSandbox
    shopify: ShopifySandbox


def main() -> None:
    """Tell the story, with everything that it starts gone at the end."""
    # A clock that the story moves on: nobody wants to wait five minutes for the sweep.
    clock = FakeClock(datetime.now(UTC))
    with (
        StripeSandbox(clock=clock) as stripe,
        PayPalSandbox(clock=clock) as paypal,
        ShopifySandbox(clock=clock) as shopify,
        tempfile.TemporaryDirectory(prefix="refundkit-demo-") as folder,
        SQLStore.open(f"sqlite:///{Path(folder) / 'refunds.db'}") as store,
    ):
        card = StripeGateway(api_key="sk_test_1", webhook_secrets=stripe.webhook_secret, base_url=stripe.url)
        shop = ShopifyGateway(
            shop=shopify.shop, token=shopify.token, webhook_secrets=shopify.secret, base_url=shopify.url
        )
        gateways = [card, paypal.gateway(), shop, ManualGateway(name="cash")]
        desk = RefundDesk(store=store, gateways=gateways, clock=clock)
        tell(World(desk=desk, clock=clock, stripe=stripe, paypal=paypal, shopify=shopify))


def tell(world: World) -> None:
    """Sell, give back in several steps while things go wrong, and compare the books."""
    order = sell(world)
    scratched = give_some_back(world, order.id)
    ask_again(world, order.id, scratched)
    take_back_one_tin(world, order.id)
    ask_for_too_much(world, order.id)
    hear_of_a_refund_made_elsewhere(world, order)
    lose_an_answer(world, order.id)
    give_back_the_rest(world, order.id)
    show_timeline(world, order.id)
    compare_books(world, order.id)


# The steps.


def sell(world: World) -> Order:
    """Take the money and register the order; from now on it is a financial record."""
    step(
        "1. An order is sold",
        "It is paid by card, through PayPal, at the Shopify shop, and the rest in cash.",
    )
    order = world.desk.register(tea_order(world), actor=KIM)
    table(
        ("line", "", "units", "total", "tax in it"),
        ((item.id, item.name, item.quantity, item.total, item.tax) for item in order.lines),
    )
    table(
        ("payment", "gateway", "captured", "known there as"),
        ((paid.id, paid.gateway, paid.captured, short(paid.reference)) for paid in order.payments),
    )
    say(f"Order {order.id} costs {order.total} and is {words(order.status)}.")
    return order


def give_some_back(world: World, order_id: str) -> RefundRequest:
    """Give back an amount that one payment cannot hold."""
    step(
        "2. Some money back",
        "The teapot is scratched. Kim gives back 50.00 EUR, which is more than the card paid: the money goes back\n"
        "in two ways. The wish names no lines, so the amount is shared over all of them in proportion.",
    )
    request = wish("complaint-17", "50.00", "scratched teapot", reason_type=RefundReason.DAMAGED)
    preview_and_refund(world.desk, order_id, request)
    return request


def ask_again(world: World, order_id: str, request: RefundRequest) -> None:
    """Send the same request once more."""
    step("3. The same wish again", "Kim's browser hangs and sends the very same request once more.")
    before = in_their_books(world)
    again = world.desk.refund(order_id, request)
    say(f"Answer: {again.returned} was given back under the key {again.key}, as before.")
    say(f"The gateways' own books say {before} before this call, and {in_their_books(world)} after it.")


def take_back_one_tin(world: World, order_id: str) -> None:
    """Give back a unit of a line."""
    step(
        "4. One tin of tea",
        "One of three tins comes back. Price and tax follow from the line: 20.00 EUR over 3 is 6.67, 6.67 and 6.66.",
    )
    preview_and_refund(world.desk, order_id, wish("return-4711", None, "already open", lines={"tin": 1}))


def ask_for_too_much(world: World, order_id: str) -> None:
    """Ask for more than is left."""
    step("5. Too much", "Somebody asks for 50.00 EUR again, under another key.")
    try:
        world.desk.refund(order_id, wish("complaint-18", "50.00", "typed twice"))
    except RefundDenied as refusal:
        for reason in refusal.reasons:
            say(f"Refused ({words(reason.code)}): {reason.text}")
        say(f"Nothing was changed, and no gateway was asked. Possible is {refusal.possible}.")


def hear_of_a_refund_made_elsewhere(world: World, order: Order) -> None:
    """Receive a webhook about a refund that the desk knows nothing of; then a forged one."""
    step(
        "6. A webhook arrives",
        "A colleague gives back 5.00 EUR in Shopify's admin, and Shopify sends a signed webhook. It is only a hint:\n"
        "the desk asks Shopify what is true, and adopts the refund as one that was made elsewhere.",
    )
    sale = order.payment("shopify")
    made = world.shopify.refund_elsewhere(str(sale.group), {sale.reference: "5.00"})
    letter = world.shopify.webhook("refunds/create", made)
    for attempt in ("The webhook", "The same webhook again"):
        say(f"{attempt}: {news(world.desk.receive('shopify', **letter))}")
    try:
        world.desk.receive("shopify", body=letter["body"].replace(b"5.0", b"9.0"), headers=letter["headers"])
    except WebhookError as error:
        say(f"A forged one: HTTP {error.http_status}. {error}")
    say(f"Left to give back: {world.desk.order(order.id).refundable}.")


def lose_an_answer(world: World, order_id: str) -> None:
    """Lose the answer to a refund that was made, and let the sweep find out."""
    step(
        "7. An answer is lost",
        "PayPal gives 4.90 EUR back, and the connection breaks before it can say so. Nobody knows now whether the\n"
        "money moved. It is set aside, and nobody can give it back again. Five minutes later the sweep asks PayPal.",
    )
    world.paypal.faults.append(Fault.LOST_REPLY)
    request = wish("late", "4.90", "came late", payments={"paypal": Money.of("4.90", "EUR")})
    say(f"Answer: {world.desk.refund(order_id, request).pending} is pending.")
    say(f"Left to give back: {world.desk.order(order_id).refundable}.")
    world.clock.advance(minutes=5)
    before = in_their_books(world)
    say(f"The sweep: {news(world.desk.recover().events)}.")
    say(f"The gateways' own books say {before} before the sweep, and {in_their_books(world)} after it.")


def give_back_the_rest(world: World, order_id: str) -> None:
    """Give back all that is left."""
    step(
        "8. All that is left",
        "The order is given up. A request that names no amount asks for the rest, wherever it still is.",
    )
    preview_and_refund(world.desk, order_id, wish("giving-up", None, "never left the warehouse"))


def show_timeline(world: World, order_id: str) -> None:
    """Show every event of the order."""
    step(
        "9. What happened",
        "Every change left an event, written in the same transaction as the change itself.",
    )
    table(
        ("time", "what", "amount", "payment", "who"),
        (
            (f"{event.at:%H:%M:%S}", words(event.kind), event.amount, event.payment_id or "", event.actor)
            for event in world.desk.timeline(order_id)
        ),
    )
    say("Kim asked. What became of it is the gateway's word.")


def compare_books(world: World, order_id: str) -> None:
    """Compare, payment by payment, what the gateway's own books say was given back with what the order says."""
    step("10. The books agree", "The books of all three are read directly, past refundkit.")
    order = world.desk.order(order_id)
    ours = {paid.id: order.refunded_of(paid.id) for paid in order.payments}
    theirs = books(world, order)
    if wrong := [name for name, amount in theirs.items() if amount != ours[name]]:
        sys.exit(f"Our ledger and the gateways' books differ on {', '.join(wrong)}.")
    table(
        ("payment", "captured", "our ledger", "their books"),
        ((paid.id, paid.captured, ours[paid.id], theirs.get(paid.id, "-")) for paid in order.payments),
    )
    say("They are equal. On cash nobody else keeps books: Kim hands it out.")
    say(f"Given back: {order.refunded} of {order.captured}. Order {order.id} is {words(order.status)}.")


# Selling.


def tea_order(world: World) -> Order:
    """Take the payments, as a shop's checkout does, and describe the order that they are for."""
    at_paypal = world.paypal.capture("28.90", "EUR")
    at_shopify = world.shopify.place_order("15.00", currency="EUR")
    (sale,) = world.shopify.payments_of(at_shopify)
    return Order(
        id="A-1001",
        currency="EUR",
        customer=Customer(name="Jo Doe", email="jo@example.org"),
        lines=(
            line("teapot", "Teapot", 2, total="69.00", tax="11.02"),
            line("tin", "Tin of tea", 3, total="20.00", tax="3.19"),
            line("shipping", "Shipping", 1, total="4.90", tax="0.78", kind=LineKind.SHIPPING),
        ),
        payments=(
            payment("card", "stripe", world.stripe.payment(4000, "eur"), "40.00"),
            # PayPal lists refunds in the order of a capture, Shopify in the order of a sale: the group.
            payment("paypal", "paypal", at_paypal.reference, "28.90", group=at_paypal.group),
            payment("shopify", "shopify", sale, "15.00", group=at_shopify),
            payment("cash", "cash", "receipt-88", "10.00"),
        ),
        placed_at=world.clock(),
        # The credentials are test credentials. An order that is no test would be refused.
        test=True,
    )


def line(
    line_id: str, name: str, quantity: int, *, total: str, tax: str, kind: LineKind = LineKind.ITEM
) -> OrderLine:
    """Describe one line; the total includes the tax."""
    return OrderLine(
        id=line_id,
        name=name,
        quantity=quantity,
        total=Money.of(total, "EUR"),
        tax=Money.of(tax, "EUR"),
        kind=kind,
    )


def payment(payment_id: str, gateway: str, reference: str, amount: str, group: str | None = None) -> Payment:
    """Describe one captured payment: the gateway's own id of it, and what it belongs to there."""
    return Payment(
        id=payment_id,
        gateway=gateway,
        reference=reference,
        group=group,
        captured=Money.of(amount, "EUR"),
        captured_at=datetime.now(UTC),
    )


# Giving back.


def wish(key: str, amount: str | None, reason: str, **more: Any) -> RefundRequest:
    """Wish for an amount, or for what *more* says, or else for all that is left."""
    money = None if amount is None else Money.of(amount, "EUR")
    return RefundRequest(key=key, amount=money, reason=reason, actor=KIM, **more)


def preview_and_refund(desk: RefundDesk, order_id: str, request: RefundRequest) -> None:
    """Look first, then do exactly what was shown."""
    plan = desk.preview(order_id, request)
    show_plan(plan)
    # With expect=plan the refund is refused if it would not be the one that was shown.
    show_result(desk.refund(order_id, request, expect=plan))
    order = desk.order(order_id)
    say(f"Left to give back: {order.refundable}; the order is {words(order.status)}.")


# Showing what is planned, and what was done.


def show_plan(plan: RefundPlan) -> None:
    """Show what would be done: which payments get money back, and which lines it belongs to."""
    say(f"Preview of {plan.request.key} (nothing has moved yet): {plan.amount}")
    table(
        ("to payment", "through", "amount"),
        ((leg.payment_id, leg.gateway, leg.amount) for leg in plan.refunds),
    )
    table(
        ("of line", "units", "amount", "tax in it"),
        ((part.line_id, part.quantity or "-", part.amount, part.tax) for part in plan.lines),
    )


def show_result(result: RefundResult) -> None:
    """Show what became of it."""
    say("Done:")
    table(
        ("to payment", "amount", "status", "at the gateway"),
        ((leg.payment_id, leg.amount, words(leg.status), short(leg.reference)) for leg in result.refunds),
    )


# Reading the books of the gateways, past refundkit.


def books(world: World, order: Order) -> Mapping[str, Money]:
    """Return what each gateway's own books say was given back, by payment; nobody keeps books on cash."""
    at_paypal = world.paypal.refunds(order.payment("paypal").reference)
    at_shopify = world.shopify.returned(str(order.payment("shopify").group))
    return {
        "card": Money.of_minor(world.stripe.returned(order.payment("card").reference), "EUR"),
        "paypal": Money.sum((refund.amount for refund in at_paypal), "EUR"),
        "shopify": Money.of(at_shopify, "EUR"),
    }


def in_their_books(world: World) -> Money:
    """Add up what Stripe, PayPal and Shopify have given back of the order."""
    return Money.sum(books(world, world.desk.order("A-1001")).values(), "EUR")


# Writing.


def step(title: str, what: str) -> None:
    """Begin a new step of the story."""
    print(f"\n{title}\n{'-' * len(title)}\n{what}\n")


def say(text: str) -> None:
    """Write one line."""
    print(f"  {text}", flush=True)


def words(name: str) -> str:
    """Write a status, a code or a kind of event as words."""
    return str(name).replace("_", " ").replace(".", " ")


def news(events: Iterable[Event]) -> str:
    """Write several events in one line."""
    return ", ".join(f"{words(event.kind)}, {event.amount}" for event in events) or "nothing new"


def short(reference: str | None) -> str:
    """Leave out the middle of a long reference."""
    text = reference or ""
    return text if len(text) <= 24 else f"{text[:13]}..{text[-6:]}"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write aligned columns: money and numbers to the right, everything else to the left."""
    body = [list(row) for row in rows]
    widths = [max(len(str(cell)) for cell in column) for column in zip(head, *body, strict=True)]
    right = [
        all(cell in ("", "-") or isinstance(cell, Money | int) for cell in column)
        for column in zip(*body, strict=True)
    ]
    for row in (head, *body):
        cells = (
            str(cell).rjust(width) if to_right else str(cell).ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        print(f"    {'  '.join(cells)}".rstrip())
    print()


if __name__ == "__main__":
    main()
