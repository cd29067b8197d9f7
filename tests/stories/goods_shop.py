"""A shop that sells goods one can send: a game key, a book to download, and a gift card, paid by card for 90.00 EUR.

Stripe is a sandbox that the real SDK talks to, the game server a real server on this machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from refundkit import (
    Actor,
    Customer,
    Delivery,
    DeliveryCall,
    DeliveryDesk,
    FileDownloadDeliverer,
    GiftCardDeliverer,
    Money,
    Order,
    OrderLine,
    Payment,
    RefundDesk,
    RefundRequest,
    Store,
    WebhookCallDeliverer,
)
from refundkit.gateways.stripe import StripeGateway
from refundkit.testing.clock import FakeClock
from refundkit.testing.sandbox.stripe import StripeSandbox
from tests.deliveries.receiver import Receiver

KIM = Actor.staff("kim")
JO = "jo@example.org"
SECRET = "the-signing-secret-of-the-story"


def eur(amount: str) -> Money:
    """Return an amount of EUR."""
    return Money.of(amount, "EUR")


class GoodsShop:
    """Both desks on one store, and everybody who takes money or hands over goods."""

    def __init__(self, store: Store, stripe: StripeSandbox, game: Receiver) -> None:
        self.store, self.stripe, self.game, self.clock = store, stripe, game, stripe.clock
        self.mailbox: list[str] = []
        self.cards: dict[str, list[str]] = {}
        gateway = StripeGateway(
            api_key="sk_live_TheKeyOfTheStory", webhook_secrets=stripe.webhook_secret, base_url=stripe.url
        )
        self.files = FileDownloadDeliverer(
            url="https://shop.example/download/{token}",
            secrets=SECRET,
            order=store.get,
            send=lambda _, link: self.mailbox.append(link),
            clock=self.clock,
        )
        self.refunds = RefundDesk(store=store, gateways=[gateway], clock=self.clock)
        self.desk = self.another_desk()

    @classmethod
    @contextmanager
    def opened(cls, store: Store) -> Iterator[GoodsShop]:
        """Open the shop, and close it at the end."""
        with StripeSandbox(livemode=True, clock=FakeClock()) as stripe, Receiver() as game:
            yield cls(store, stripe, game)

    def another_desk(self) -> DeliveryDesk:
        """Return a delivery desk, as another process would have one."""
        call = WebhookCallDeliverer(
            url=f"{self.game.url}/give",
            revoke_url=f"{self.game.url}/take",
            secrets=SECRET,
            clock=self.clock,
            name="game_server",
        )
        return DeliveryDesk(
            store=self.store,
            deliverers=[self.files, call, GiftCardDeliverer(issue=self._issue)],
            clock=self.clock,
        )

    def _issue(self, call: DeliveryCall) -> list[str]:
        codes = [f"GIFT-CARD-{unit:04}-{len(self.cards):04}" for unit in range(call.units)]
        return self.cards.setdefault(call.key, codes)

    # The order.

    def sell(self) -> None:
        """Register order A-1001: two sword keys, a book and a gift card."""
        paid = self.stripe.payment(9000, "eur")
        self.refunds.register(
            Order(
                id="A-1001",
                currency="EUR",
                customer=Customer(name="Jo Doe", email=JO),
                lines=(
                    OrderLine(id="sword", name="Sword", quantity=2, total=eur("20.00"), sku="sword-1"),
                    OrderLine(id="book", name="Manual", quantity=1, total=eur("20.00")),
                    OrderLine(id="gift", name="Gift card", quantity=1, total=eur("50.00")),
                ),
                payments=(Payment(id="card", gateway="stripe", reference=paid, captured=eur("90.00")),),
                deliveries=(
                    Delivery(id="sword", line_id="sword", kind="game_server", target="player-17", quantity=2),
                    Delivery(id="book", line_id="book", kind="file_download", target="manual.pdf"),
                    Delivery(id="gift", line_id="gift", kind="gift_card", target=JO),
                ),
                placed_at=self.clock(),
            )
        )

    @property
    def order(self) -> Order:
        """The order as it is now."""
        return self.store.get("A-1001")

    def statuses(self) -> dict[str, str]:
        """Return where each delivery stands."""
        return {delivery.id: delivery.status.value for delivery in self.order.deliveries}

    def swords(self) -> int:
        """Return how many swords the player has, by the game server's own books."""
        return self.game.units("A-1001", "sword")

    def token(self) -> str:
        """Return what the newest link in the mailbox brings to the download page."""
        return self.mailbox[-1].rpartition("/")[2]

    def refund(self, key: str, **wish: object) -> str:
        """Give money back; return Stripe's id of the refund."""
        self.refunds.refund("A-1001", RefundRequest(key=key, reason="see the ticket", actor=KIM, **wish))
        (leg,) = self.order.legs(key)
        return leg.reference

    def bank(self, refund: str, status: str) -> None:
        """Let Jo's bank decide about a refund, and hear of it."""
        self.stripe.settle(refund, status, "expired_or_canceled_card" if status == "failed" else None)
        self.refunds.refresh("A-1001")

    def story(self) -> list[str]:
        """Return what the timeline says about goods: what, which delivery, who."""
        events = self.store.events("A-1001")
        return [
            f"{event.kind.value} {event.data.get('delivery', '')} ({event.actor.name})"
            for event in events
            if event.kind.value.startswith(("delivery.", "order.redelivered"))
        ]

    def told(self) -> list[str]:
        """Return what the game server was asked, oldest first."""
        return [json.loads(body)["action"] for _, _, body in self.game.requests]
