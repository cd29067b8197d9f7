"""One order, three payments, five refunds: from the wish to the money, and back to the books.

Run it with ``nox -s demo``, or with ``pip install 'refundkit[stripe,sql]' localstripe==1.15.10`` by hand.
It needs no account and no network: the real Stripe SDK talks to localstripe, a server on this machine.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import stripe

from refundkit import (
    Actor,
    Customer,
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
)

API_KEY = "sk_test_123456"
KIM = Actor.staff("kim")


def main() -> None:
    """Tell the story, with everything that it starts gone at the end."""
    if find_spec("localstripe") is None:
        sys.exit("The demo needs localstripe: pip install localstripe==1.15.10")
    with (
        running_localstripe() as url,
        tempfile.TemporaryDirectory(prefix="refundkit-demo-") as folder,
        SQLStore.open(f"sqlite:///{Path(folder) / 'refunds.db'}") as store,
    ):
        client = stripe.StripeClient(API_KEY, base_addresses={"api": url})
        desk = RefundDesk(
            store=store,
            gateways=[
                # localstripe refuses Stripe's parameter `reason`, so none is sent. A shop leaves this out.
                StripeGateway(api_key=API_KEY, base_url=url, reasons={}),
                ManualGateway(name="cash"),
            ],
        )
        tell(desk, client)


@contextmanager
def running_localstripe() -> Iterator[str]:
    """Run the server in a process of its own and yield its URL; it ends with this block, whatever happens."""
    command = [sys.executable, str(Path(__file__).with_name("localstripe_server.py"))]
    with subprocess.Popen(  # noqa: S603 - this very Python, and the file beside this one
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            port = server.stdout.readline().strip() if server.stdout else ""
            if not port:
                sys.exit("localstripe ended before it listened.")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


def tell(desk: RefundDesk, client: stripe.StripeClient) -> None:
    """Sell, give back in three steps, and compare the books."""
    order = sell(desk, client)
    scratched = give_some_back(desk, order.id)
    ask_again(desk, client, scratched, order)
    take_back_one_tin(desk, order.id)
    ask_for_too_much(desk, order.id)
    give_back_the_rest(desk, order.id)
    show_timeline(desk, order.id)
    compare_books(desk, client, order.id)


# The steps.


def sell(desk: RefundDesk, client: stripe.StripeClient) -> Order:
    """Take the money and register the order; from now on it is a financial record."""
    step("1. An order is sold", "Two cards are charged by the real Stripe SDK; the rest is paid in cash.")
    order = desk.register(tea_order(client), actor=KIM)
    table(
        ("line", "", "units", "total", "tax in it"),
        ((item.id, item.name, item.quantity, item.total, item.tax) for item in order.lines),
    )
    table(
        ("payment", "gateway", "captured"),
        ((paid.id, paid.gateway, paid.captured) for paid in order.payments),
    )
    say(f"Order {order.id} costs {order.total} and is {words(order.status)}.")
    return order


def give_some_back(desk: RefundDesk, order_id: str) -> RefundRequest:
    """Give back an amount that one payment cannot hold."""
    step(
        "2. Some money back",
        "The teapot is scratched. Kim gives back 50.00 EUR, which is more than one card paid: the money goes back\n"
        "to two. The wish names no lines, so the amount is shared over all of them in proportion, tax included.",
    )
    request = RefundRequest(
        key="complaint-17",
        amount=Money.of("50.00", "EUR"),
        reason="scratched teapot, customer keeps it",
        reason_type=RefundReason.DAMAGED,
        actor=KIM,
    )
    preview_and_refund(desk, order_id, request)
    return request


def ask_again(desk: RefundDesk, client: stripe.StripeClient, request: RefundRequest, order: Order) -> None:
    """Send the same request once more."""
    step("3. The same wish again", "Kim's browser hangs and sends the very same request once more.")
    # localstripe knows no idempotency keys: a second request would move money. None is sent.
    before = refunds_at_stripe(client, order)
    again = desk.refund(order.id, request)
    after = refunds_at_stripe(client, order)
    say(f"Answer: {again.returned} was given back under the key {again.key}, as before.")
    say(f"Stripe held {before} refunds before this call, and holds {after} after it.")
    say(f"Left to give back: {desk.order(order.id).refundable}. Nothing has moved twice.")


def take_back_one_tin(desk: RefundDesk, order_id: str) -> None:
    """Give back a unit of a line."""
    step(
        "4. One tin of tea",
        "One of three tins comes back. Price and tax follow from the line: 20.00 EUR over 3 is 6.67, 6.67 and 6.66.",
    )
    request = RefundRequest(
        key="return-4711",
        lines={"tin": 1},
        reason="one tin was already open",
        reason_type=RefundReason.CHANGED_MIND,
        actor=KIM,
    )
    preview_and_refund(desk, order_id, request)


def ask_for_too_much(desk: RefundDesk, order_id: str) -> None:
    """Ask for more than is left."""
    step("5. Too much", "Somebody asks for 50.00 EUR again, under another key.")
    request = RefundRequest(
        key="complaint-18", amount=Money.of("50.00", "EUR"), reason="typed twice", actor=KIM
    )
    try:
        desk.refund(order_id, request)
    except RefundDenied as refusal:
        for reason in refusal.reasons:
            say(f"Refused ({words(reason.code)}): {reason.text}")
        say(f"Nothing was changed, and no gateway was asked. Possible is {refusal.possible}.")


def give_back_the_rest(desk: RefundDesk, order_id: str) -> None:
    """Give back all that is left."""
    step(
        "6. All that is left",
        "The order is given up. A request that names no amount asks for the rest, of the card and of the cash.",
    )
    request = RefundRequest(key="giving-up", reason="never left the warehouse", actor=KIM)
    preview_and_refund(desk, order_id, request)


def show_timeline(desk: RefundDesk, order_id: str) -> None:
    """Show every event of the order."""
    step(
        "7. What happened",
        "Every change left an event, written in the same transaction as the change itself.",
    )
    table(
        ("time", "what", "amount", "payment", "who"),
        (
            (
                f"{event.at:%H:%M:%S}",
                words(event.kind.replace(".", " ")),
                "" if event.amount is None else event.amount,
                event.payment_id or "",
                event.actor,
            )
            for event in desk.timeline(order_id)
        ),
    )
    say("Kim asked. What became of it is the gateway's word.")


def compare_books(desk: RefundDesk, client: stripe.StripeClient, order_id: str) -> None:
    """Compare, payment by payment, what the gateway says was given back with what the order says."""
    step("8. The books agree", "Stripe is asked directly, past refundkit, what it gave back.")
    order = desk.order(order_id)
    rows: list[tuple[object, ...]] = []
    for paid in order.payments:
        ours = order.refunded_of(paid.id)
        if paid.gateway != "stripe":
            rows.append((paid.id, paid.captured, ours, "", "handed out by Kim"))
            continue
        theirs = Money.of_minor(sum(amounts_at_stripe(client, paid)), "EUR")
        if ours != theirs:
            sys.exit(f"Stripe gave back {theirs} of {paid.id}, and our ledger says {ours}.")
        rows.append((paid.id, paid.captured, ours, theirs, "equal"))
    table(("payment", "captured", "our ledger", "Stripe says", ""), rows)
    say(f"Given back: {order.refunded} of {order.captured}. Order {order.id} is {words(order.status)}.")


# Selling.


def tea_order(client: stripe.StripeClient) -> Order:
    """Take the payments and describe the order that they are for."""
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
            card_payment(client, "card-1", Money.of("40.00", "EUR")),
            card_payment(client, "card-2", Money.of("38.90", "EUR")),
            payment("cash", "cash", "receipt-88", Money.of("15.00", "EUR")),
        ),
        placed_at=datetime.now(UTC),
        # The API key is a test key. An order that is no test would be refused.
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


def card_payment(client: stripe.StripeClient, payment_id: str, amount: Money) -> Payment:
    """Charge a test card at Stripe, as a shop's checkout does, and say what refundkit has to know of it."""
    method = client.v1.payment_methods.create(
        {
            "type": "card",
            "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"},
        }
    )
    intent = client.v1.payment_intents.create(
        {"amount": amount.minor, "currency": "eur", "payment_method": method.id, "confirm": True}
    )
    return payment(payment_id, "stripe", intent.id, amount)


def payment(payment_id: str, gateway: str, reference: str, amount: Money) -> Payment:
    """Describe one captured payment."""
    return Payment(
        id=payment_id,
        gateway=gateway,
        reference=reference,
        captured=amount,
        captured_at=datetime.now(UTC),
    )


# Giving back.


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


def refunds_at_stripe(client: stripe.StripeClient, order: Order) -> int:
    """Count the refunds that Stripe itself holds for an order."""
    return sum(len(amounts_at_stripe(client, paid)) for paid in order.payments if paid.gateway == "stripe")


def amounts_at_stripe(client: stripe.StripeClient, paid: Payment) -> list[int]:
    """Return the amounts, in cents, of the refunds that Stripe itself holds for one payment."""
    return [refund.amount for refund in client.v1.refunds.list({"payment_intent": paid.reference}).data]


# Writing.


def step(title: str, what: str) -> None:
    """Begin a new step of the story."""
    print(f"\n{title}\n{'-' * len(title)}\n{what}\n")


def say(text: str) -> None:
    """Write one line."""
    print(f"  {text}", flush=True)


def words(name: str) -> str:
    """Write a status, a code or a kind of event as words."""
    return str(name).replace("_", " ")


def short(reference: str | None) -> str:
    """Leave out the middle of a long reference."""
    text = reference or ""
    return text if len(text) <= 24 else f"{text[:13]}..{text[-6:]}"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write aligned columns: money and numbers to the right, everything else to the left."""
    body = [list(row) for row in rows]
    widths = [max(len(str(cell)) for cell in column) for column in zip(head, *body, strict=True)]
    right = [
        all(cell == "" or isinstance(cell, Money | int) for cell in column)
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
