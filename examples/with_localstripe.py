"""The same desk with a server that nobody here wrote: localstripe, which speaks Stripe's API on this machine.

Run it with ``nox -s demo``, or after ``pip install 'refundkit[stripe,sql]' localstripe==1.15.10`` by hand.
The card is charged, and the books are read, by Stripe's own SDK, past refundkit.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import stripe

from refundkit import (
    Actor,
    MemoryStore,
    Money,
    Order,
    Payment,
    RefundDenied,
    RefundDesk,
    RefundRequest,
    StripeGateway,
)

API_KEY = "sk_test_123456"
KIM = Actor.staff("kim")


def main() -> None:
    """Sell, give back in parts, find what was given back elsewhere, and compare the books."""
    if find_spec("localstripe") is None:
        sys.exit("This example needs localstripe: pip install localstripe==1.15.10")
    with running_localstripe() as url:
        client = stripe.StripeClient(API_KEY, base_addresses={"api": url})
        # localstripe refuses Stripe's parameter `reason`, so none is sent. A shop leaves `reasons` out.
        gateway = StripeGateway(api_key=API_KEY, base_url=url, reasons={})
        desk = RefundDesk(store=MemoryStore(), gateways=[gateway])
        intent = charge(client, 4000)
        sell(desk, intent)
        give_back(desk, client, intent)
        compare(desk, client, intent)


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


def charge(client: stripe.StripeClient, cents: int) -> str:
    """Charge a test card, as a shop's checkout does, and return the id of the payment."""
    method = client.v1.payment_methods.create(
        {
            "type": "card",
            "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"},
        }
    )
    intent = client.v1.payment_intents.create(
        {"amount": cents, "currency": "eur", "payment_method": method.id, "confirm": True}
    )
    return intent.id


def sell(desk: RefundDesk, intent: str) -> None:
    """Register the order that the card was charged for."""
    paid = Payment(id="card", gateway="stripe", reference=intent, captured=Money.of("40.00", "EUR"))
    order = desk.register(Order(id="A-1001", currency="EUR", payments=(paid,), test=True), actor=KIM)
    print(f"Sold: {order.captured} by card.")


def give_back(desk: RefundDesk, client: stripe.StripeClient, intent: str) -> None:
    """Give back a part, ask for it again, for too much, and after a refund elsewhere for all that is left."""
    part = RefundRequest(key="return-1", amount=Money.of("12.50", "EUR"), reason="came back open", actor=KIM)
    print(f"A part: {desk.refund('A-1001', part).returned} was given back.")
    # localstripe knows no idempotency keys: a second request would move money. None is sent.
    print(
        f"The same wish again: {desk.refund('A-1001', part).returned}; Stripe holds {held(client, intent)}."
    )
    try:
        desk.refund("A-1001", RefundRequest(key="typo", amount=Money.of("400.00", "EUR"), reason="typo"))
    except RefundDenied as refusal:
        print(f"Too much: {refusal.reasons[0]}")
    client.v1.refunds.create({"payment_intent": intent, "amount": 500})
    found = ", ".join(f"{event.kind} {event.amount}" for event in desk.refresh("A-1001"))
    print(f"Somebody gave 5.00 EUR back in the dashboard: {found}.")
    rest = desk.refund("A-1001", RefundRequest(key="giving-up", reason="order given up", actor=KIM))
    print(f"All that is left: {rest.returned} was given back.")


def compare(desk: RefundDesk, client: stripe.StripeClient, intent: str) -> None:
    """Compare what Stripe's SDK reads with what the order says."""
    order = desk.order("A-1001")
    if order.refunded != held(client, intent):
        sys.exit(f"Stripe gave back {held(client, intent)}, and our ledger says {order.refunded}.")
    print(f"The books agree: {order.refunded} of {order.captured}. The order is {order.status}.")


def held(client: stripe.StripeClient, intent: str) -> Money:
    """Add up the refunds that Stripe itself holds for the payment."""
    refunds = client.v1.refunds.list({"payment_intent": intent}).data
    return Money.of_minor(sum(refund.amount for refund in refunds), "EUR")


if __name__ == "__main__":
    main()
