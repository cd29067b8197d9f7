"""Everything goes wrong at once, and the sweep brings it to rest: one order for every way to fail.

Run it with ``nox -s demo``, or after ``pip install 'refundkit[stripe,sql,testing]'`` by hand. It needs no
account and no network: Stripe's real SDK talks to a sandbox on this machine, and the clock moves when told to.

``python examples/sweep.py --forever`` is the real thing, as a shop runs it: a sweep every minute, with the
database in ``DATABASE_URL`` and the key in ``STRIPE_API_KEY``, until somebody sends SIGTERM or presses Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from attrs import field, frozen

from refundkit import (
    Event,
    Money,
    Order,
    OrderFilter,
    Payment,
    RefundCall,
    RefundDesk,
    RefundReport,
    RefundRequest,
    SQLStore,
    StoreError,
    StripeGateway,
    WebhookError,
)
from refundkit.testing.clock import FakeClock
from refundkit.testing.sandbox import Fault
from refundkit.testing.sandbox.stripe import StripeSandbox

MINUTES = 120
MAILS_AFTER = 5
BANK_SETTLES_AFTER = 30


# The real thing.


def forever() -> None:
    """Sweep every minute until told to stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with SQLStore.open(os.environ["DATABASE_URL"]) as store:
        # The listeners of your shop belong here too: the sweep tells them what they have missed.
        desk = RefundDesk(store=store, gateways=[StripeGateway(api_key=os.environ["STRIPE_API_KEY"])])
        print("Sweeping every minute.", flush=True)
        while not stop.is_set():
            sweep(desk, stop)
            stop.wait(60)
    print("Stopped.", flush=True)


def sweep(desk: RefundDesk, stop: threading.Event, limit: int = 20) -> None:
    """Settle all that is due, in portions, so that a signal is heard between two of them."""
    try:
        while not stop.is_set() and len(desk.recover(limit=limit).orders) == limit:
            pass
    except StoreError as error:
        # The database is away or busy: the next sweep is a minute from now, and nothing is lost until then.
        print(f"The sweep failed: {error}", file=sys.stderr, flush=True)


# A world in which things go wrong.


class Killed(BaseException):
    """The process is gone; nothing in the library catches this, as nothing catches SIGKILL."""


class MortalStripe(StripeGateway):
    """Stripe, in a process that is killed before it can send, or before it can record the answer."""

    dies = ""

    def refund(self, call: RefundCall) -> RefundReport:
        """Give money back, if the process lives that long."""
        if self.dies == "before sending":
            raise Killed
        report = super().refund(call)
        if self.dies == "before recording":
            raise Killed
        return report


class Mailer:
    """A listener that tells customers, once the mail server works again."""

    name = "mailer"

    def __init__(self) -> None:
        self.is_down = True
        self.told: list[str] = []

    def __call__(self, event: Event) -> None:
        """Send one mail."""
        if self.is_down:
            raise ConnectionError("the mail server does not answer")
        self.told.append(event.id)


@frozen(kw_only=True)
class World:
    """The desk, its store and its listener, the service behind it, and the time."""

    desk: RefundDesk
    store: SQLStore
    gateway: MortalStripe
    mailer: Mailer
    stripe: StripeSandbox
    clock: FakeClock
    banks: list[Callable[[], None]] = field(factory=list)

    def sell(self, name: str) -> str:
        """Take 20.00 EUR by card and register the order; return Stripe's name of the payment."""
        return self.register(name, self.stripe.payment(2000, "eur"))

    def register(self, name: str, intent: str) -> str:
        """Make the order a record."""
        price, now = Money.of("20.00", "EUR"), self.clock()
        paid = Payment(id="card", gateway="stripe", reference=intent, captured=price, captured_at=now)
        self.desk.register(Order(id=name, currency="EUR", payments=(paid,), test=True))
        return intent

    def refund(self, name: str) -> None:
        """Give everything back."""
        self.desk.refund(name, RefundRequest(key=f"return-{name}", reason="came back"))

    def reference(self, name: str) -> str:
        """Return Stripe's name of the order's refund."""
        return str(self.desk.order(name).refunds[0].reference)

    def hear(self, about: str, **forged: str) -> None:
        """Receive a webhook, as the shop's endpoint does."""
        body, headers = self.stripe.webhook("charge.refund.updated", about, **forged)
        self.desk.receive("stripe", body=body, headers=headers)


# The mess.

Mess = Callable[[World, str], object]


def unanswered(fault: Fault, *, executes: bool | None = None) -> Mess:
    """Return a mess in which *fault* takes the answer away; *executes*: whether the money moves all the same."""

    def make(world: World, name: str) -> None:
        world.sell(name)
        world.stripe.faults.append(fault, executes=executes)
        world.refund(name)

    return make


def killed(when: str) -> Mess:
    """Return a mess in which the process dies."""

    def make(world: World, name: str) -> None:
        world.sell(name)
        world.gateway.dies = when
        with suppress(Killed):
            world.refund(name)
        world.gateway.dies = ""

    return make


def pending(world: World, name: str) -> None:
    """Let the bank take its time."""
    world.sell(name)
    world.stripe.next_refund("pending")
    world.refund(name)
    world.banks.append(lambda: world.stripe.settle(world.reference(name), "succeeded"))


def declined_after_doubt(world: World, name: str) -> None:
    """Lose the first request, and have the second one refused: is that about the second, or about the first?"""
    unanswered(Fault.RESET)(world, name)
    world.stripe.refuse_next("This card's bank takes no refunds.")
    world.refund(name)


def sent_back(world: World, name: str) -> None:
    """Let the customer's bank send the money back after the refund had succeeded."""
    world.sell(name)
    world.refund(name)
    world.stripe.settle(world.reference(name), "failed", "lost_or_stolen_card")


def webhook_while_down(world: World, name: str) -> None:
    """Hear of a refund in the dashboard while Stripe itself cannot be asked."""
    made = world.stripe.refund_in_dashboard(world.sell(name), 500)
    world.stripe.faults.append(Fault.UNAVAILABLE_503_HTML, where=lambda request: request.method == "GET")
    world.hear(made)


def webhook_too_early(world: World, name: str) -> None:
    """Hear of a payment before the shop has registered its order."""
    intent = world.stripe.payment(2000, "eur")
    world.hear(world.stripe.refund_in_dashboard(intent, 500))
    world.register(name, intent)


def webhook_forged(world: World, name: str) -> None:
    """Hear a lie."""
    charge = world.stripe.charge_of(world.sell(name))
    with suppress(WebhookError):
        world.hear(charge["id"], secret="whsec_guessed")


def gateway_away(world: World, name: str) -> None:
    """Lose an answer, and then nobody can be asked for a while."""
    intent = world.sell(name)
    world.stripe.faults.append(Fault.LOST_REPLY)
    world.refund(name)
    for _ in range(2):
        world.stripe.faults.append(Fault.UNAVAILABLE_503_HTML, where=lambda request: intent in str(request))


# A on Friday, B and C on Sunday, with nobody to sweep in between.
MESSES: dict[str, tuple[str, Mess]] = {
    "A-01": ("answer lost, key forgotten since", unanswered(Fault.LOST_REPLY)),
    "A-02": ("request lost, key forgotten since", unanswered(Fault.RESET)),
    "A-03": ("done, then sent back by the bank", sent_back),
    "B-01": ("request lost: connection reset", unanswered(Fault.RESET)),
    "B-02": ("answer lost: connection closed", unanswered(Fault.LOST_REPLY)),
    "B-03": ("HTTP 500, and nothing was done", unanswered(Fault.SERVER_ERROR_500, executes=False)),
    "B-04": ("HTTP 500, and yet it was done", unanswered(Fault.SERVER_ERROR_500, executes=True)),
    "B-05": ("HTTP 200 with a page of HTML", unanswered(Fault.GARBAGE)),
    "B-06": ("process killed before sending", killed("before sending")),
    "B-07": ("process killed before recording", killed("before recording")),
    "B-08": ("pending: the bank takes its time", pending),
    "B-09": ("request lost, then declined", declined_after_doubt),
    "B-10": ("answer lost, then Stripe is away", gateway_away),
    "C-01": ("webhook while Stripe is away", webhook_while_down),
    "C-02": ("webhook before its order", webhook_too_early),
    "C-03": ("webhook forged, and refused", webhook_forged),
    "C-04": ("webhook lost", lambda world, name: world.stripe.refund_in_dashboard(world.sell(name), 500)),
}


# The story.


def main() -> None:
    """Make a mess in a world of its own, sweep until it is gone, and compare the books."""
    clock, mailer = FakeClock(), Mailer()
    with (
        StripeSandbox(clock=clock) as stripe,
        tempfile.TemporaryDirectory(prefix="refundkit-sweep-") as folder,
        SQLStore.open(f"sqlite:///{Path(folder) / 'refunds.db'}") as store,
    ):
        secret = stripe.webhook_secret
        gateway = MortalStripe(api_key="sk_test_1", webhook_secrets=secret, base_url=stripe.url)
        desk = RefundDesk(store=store, gateways=[gateway], clock=clock, listeners=[mailer])
        tell(World(desk=desk, store=store, gateway=gateway, mailer=mailer, stripe=stripe, clock=clock))


def tell(world: World) -> None:
    """Let everything go wrong, and tell how it comes to rest."""
    for name, (_, mess) in MESSES.items():
        if name == "B-01":
            world.clock.advance(days=2)
            world.stripe.forget_keys()
        mess(world, name)
    title("The mess", "One order of 20.00 EUR for every way to fail. Submitted means: nobody knows.")
    show(world)
    title("A sweep every minute", "It asks Stripe first, and sends again only what Stripe does not have.")
    sweep_up(world)
    title("A reconciliation every night", "It finds what left no trace here.")
    check = world.desk.reconcile(since=world.clock() - timedelta(days=90))
    print(f"  {check.orders} orders compared", *found(check.events), sep="\n  ")
    title("At rest", "Every end is known. Stripe's own books are read past refundkit.")
    show(world)
    compare_books(world)


def sweep_up(world: World) -> None:
    """Sweep every minute until nothing is left to do; tell of the sweeps in which something happened."""
    quiet, minute = 0, 0
    while minute < MINUTES and not is_at_rest(world):
        minute += 1
        world.clock.advance(minutes=1)
        happen(world, minute)
        news = swept(world)
        quiet += not news
        for number, line in enumerate(news):
            print(f"  {f'minute {minute}' if number == 0 else '':<11}{line}")
    print(f"\n  {minute} sweeps, {quiet} of them with nothing to do.")


def happen(world: World, minute: int) -> None:
    """Let the rest of the world go on: the mail server comes back, banks settle."""
    if minute == MAILS_AFTER:
        world.mailer.is_down = False
    if minute == BANK_SETTLES_AFTER:
        for settle in world.banks:
            settle()


def swept(world: World) -> list[str]:
    """Sweep once; return what happened."""
    before = len(world.mailer.told)
    recovery = world.desk.recover()
    news = [*found(recovery.events), *(f"{name}  not reachable" for name in recovery.unreachable)]
    mails = len(world.mailer.told) - before
    return [*news, f"the listener is back and hears {mails} events"] if mails > len(news) else news


def found(events: Iterable[Event]) -> Iterator[str]:
    """Yield a line per order: what the sweep found out and did."""
    by_order: dict[str, list[str]] = {}
    for event in events:
        by_order.setdefault(event.order_id, []).append(event.kind.replace(".", " ").replace("_", " "))
    return (f"{name}  {', then '.join(kinds)}" for name, kinds in by_order.items())


def is_at_rest(world: World) -> bool:
    """Whether every end is known, nobody has to be asked today, and every listener has heard everything."""
    unsettled = any(world.desk.orders(OrderFilter(unsettled=True)))
    asking = any(order.fetch_due_at is not None for order in world.desk.orders())
    return not (unsettled or asking or world.store.undelivered())


def show(world: World) -> None:
    """Show every order: what we know of it, and what Stripe's own books say."""
    table(
        ("order", "what went wrong", "our record", "set aside", "given back", "Stripe says"),
        (
            (
                order.id,
                MESSES[order.id][0],
                ", ".join(refund.status for refund in order.refunds) or "-",
                order.reserved,
                order.refunded,
                in_their_books(world, order),
            )
            for order in world.desk.orders()
        ),
    )


def compare_books(world: World) -> None:
    """Compare our ledger with Stripe's books, order by order, and count what the listener has heard."""
    orders = tuple(world.desk.orders())
    if wrong := [order.id for order in orders if order.refunded != in_their_books(world, order)]:
        sys.exit(f"Our ledger and Stripe's books differ on {', '.join(wrong)}.")
    if not is_at_rest(world):
        sys.exit(f"After {MINUTES} minutes something is still unsettled.")
    events = [event.id for order in orders for event in world.desk.timeline(order.id)]
    if sorted(world.mailer.told) != sorted(events):
        sys.exit("The listener has not heard everything once.")
    total = Money.sum((order.refunded for order in orders), "EUR")
    print(f"\n  The books agree on all {len(orders)} orders: {total} were given back, none of it twice.")
    print(f"  The listener has heard each of the {len(events)} events once.")


def in_their_books(world: World, order: Order) -> Money:
    """Read, past refundkit, what Stripe has given back of the order."""
    return Money.of_minor(world.stripe.returned(order.payment("card").reference), "EUR")


# Writing.


def title(text: str, what: str) -> None:
    """Begin a new part of the story."""
    print(f"\n{text}\n{'-' * len(text)}\n{what}\n")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write aligned columns: money to the right, everything else to the left."""
    body = [list(row) for row in rows]
    widths = [max(len(str(cell)) for cell in column) for column in zip(head, *body, strict=True)]
    right = [isinstance(cell, Money) for cell in body[0]]
    for row in (head, *body):
        cells = (
            str(cell).rjust(width) if to_right else str(cell).ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        print(f"  {'  '.join(cells)}".rstrip())


if __name__ == "__main__":
    forever() if "--forever" in sys.argv[1:] else main()
