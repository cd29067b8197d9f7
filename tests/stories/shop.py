"""A shop that sold one order for 200.00 EUR, paid in four ways: by card, PayPal, at the Shopify shop, and in cash.

Stripe, PayPal and Shopify are sandboxes with books of their own; the real SDKs talk to them. The cash box is
a manual gateway that keeps its slips. One clock rules them all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from typing import Any
from unittest import mock

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
    Policy,
    Proportional,
    RefundCall,
    RefundDesk,
    RefundReport,
    RefundRequest,
    RefundResult,
    RefundStatus,
    Store,
)
from refundkit.gateways.paypal import PayPalGateway
from refundkit.gateways.shopify import ShopifyGateway
from refundkit.gateways.stripe import StripeGateway
from refundkit.testing.clock import FakeClock
from refundkit.testing.sandbox import Request
from refundkit.testing.sandbox.paypal import CLIENT_ID, CLIENT_SECRET, WEBHOOK_ID, PayPalSandbox
from refundkit.testing.sandbox.shopify import ShopifySandbox
from refundkit.testing.sandbox.stripe import StripeSandbox

KIM = Actor.staff("kim")
JO = "jo@example.org"
# Sandboxes sign as PayPal's own sandbox does. This shop is live, because test orders leave no mark on a customer.
CERT_URL = "refundkit.testing.sandbox.paypal_webhooks.CERT_URL"
LIVE_CERT = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-1d93a270"

Letter = Mapping[str, Any]


def eur(amount: str) -> Money:
    """Return an amount of EUR."""
    return Money.of(amount, "EUR")


class HastyPayPal(PayPalGateway):
    """PayPal, where something may happen between what PayPal did and the moment that the shop hears of it."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def refund(self, call: RefundCall) -> RefundReport:
        """Give money back, and let the rest of the world be faster than the answer."""
        answer = super().refund(call)
        self.meanwhile()
        return answer


class CashBox(ManualGateway):
    """A cash box: each payout leaves one slip, however often it is asked for."""

    def __init__(self) -> None:
        super().__init__(name="cash")
        self.slips: dict[str, tuple[str, Money]] = {}

    def refund(self, call: RefundCall) -> RefundReport:
        """Hand out the money and keep the slip."""
        self.slips[call.refund.id] = (call.payment.reference, call.refund.amount)
        return super().refund(call)


class Shop:
    """The desk, those who take the money, and one order with a payment at each of them."""

    def __init__(
        self, store: Store, stripe: StripeSandbox, paypal: PayPalSandbox, shopify: ShopifySandbox
    ) -> None:
        self.clock = stripe.clock
        self.stripe, self.paypal, self.shopify, self.cash = stripe, paypal, shopify, CashBox()
        self.news: list[Event] = []
        self.hasty_paypal = HastyPayPal(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            webhook_id=WEBHOOK_ID,
            live=True,
            base_url=paypal.url,
        )
        self.desk = RefundDesk(
            store=store,
            gateways=[
                StripeGateway(
                    api_key="sk_live_TheKeyOfTheStory",
                    webhook_secrets=stripe.webhook_secret,
                    base_url=stripe.url,
                ),
                self.hasty_paypal,
                ShopifyGateway(
                    shop=shopify.shop,
                    token=shopify.token,
                    webhook_secrets=shopify.secret,
                    base_url=shopify.url,
                ),
                self.cash,
            ],
            policy=Policy(spread=Proportional()),
            listeners=[self.news.append],
            clock=self.clock,
        )
        self.desk.register(self._sold(), actor=KIM)

    @classmethod
    @contextmanager
    def opened(cls, store: Store) -> Iterator[Shop]:
        """Open the shop, and close it at the end."""
        clock = FakeClock()
        with ExitStack() as stack:
            stack.enter_context(mock.patch(CERT_URL, LIVE_CERT))
            sandboxes = (
                StripeSandbox(livemode=True, clock=clock),
                PayPalSandbox(clock=clock),
                ShopifySandbox(clock=clock),
            )
            yield cls(store, *(stack.enter_context(sandbox) for sandbox in sandboxes))

    def _sold(self) -> Order:
        at_shopify = self.shopify.place_order("40.00", currency="EUR")
        (sale,) = self.shopify.payments_of(at_shopify)
        capture = self.paypal.capture("60.00", "EUR")
        return Order(
            id="A-1001",
            currency="EUR",
            customer=Customer(name="Jo Doe", email=JO),
            lines=(
                _line("lamp", 2, "120.00", "19.16"),
                _line("rug", 1, "75.10", "11.99"),
                _line("shipping", 1, "4.90", "0.78", LineKind.SHIPPING),
            ),
            payments=(
                self._paid("card", "stripe", self.stripe.payment(8000, "eur"), "80.00"),
                self._paid("paypal", "paypal", capture.reference, "60.00", group=capture.group),
                self._paid("shopify", "shopify", sale, "40.00", group=at_shopify),
                self._paid("cash", "cash", "receipt-88", "20.00"),
            ),
            placed_at=self.clock(),
        )

    def _paid(self, name: str, gateway: str, reference: str, amount: str, **more: Any) -> Payment:
        return Payment(
            id=name,
            gateway=gateway,
            reference=reference,
            captured=eur(amount),
            captured_at=self.clock(),
            **more,
        )

    # What the shop does.

    @property
    def order(self) -> Order:
        """The order as it is now."""
        return self.desk.order("A-1001")

    def refund(self, key: str, amount: str | None = None, **more: Any) -> RefundResult:
        """Give money back: an amount, or all that is left; ``of`` names the one payment that it goes back to."""
        wish = {"key": key, "reason": "see the ticket", "actor": KIM}
        if amount is not None:
            wish["amount"] = eur(amount)
            wish["payments"] = {more.pop("of"): eur(amount)} if "of" in more else None
        return self.desk.refund("A-1001", RefundRequest(**wish, **more))

    def reference(self, payment: str) -> str:
        """Return the gateway's id of a payment."""
        return self.order.payment(payment).reference

    def made(self, key: str, payment: str) -> str:
        """Return the gateway's id of the refund of one payment by request *key*."""
        (leg,) = (leg for leg in self.order.legs(key) if leg.payment_id == payment)
        return leg.reference

    def hear(self, gateway: str, letter: Letter) -> list[tuple[str, str]]:
        """Receive a webhook; return what came of it, as kinds of events with their amounts."""
        return [(event.kind.value, str(event.amount)) for event in self.desk.receive(gateway, **letter)]

    def money_requests(self) -> int:
        """Count how often a gateway was asked to move money."""
        asked = (*self.stripe.requests, *self.paypal.requests, *self.shopify.requests)
        return sum(map(moves_money, asked))

    # Webhooks, signed now.

    def stripe_says(self, kind: str, about: str) -> Letter:
        """Return a webhook of Stripe's about a refund or a dispute."""
        body, headers = self.stripe.webhook(kind, about)
        return {"body": body, "headers": headers}

    def a_letter_of_each(self) -> dict[str, Letter]:
        """Return a webhook about the order from each of those who send any."""
        return {
            "stripe": self.stripe_says(
                "charge.refunded", self.stripe.charge_of(self.reference("card"))["id"]
            ),
            "paypal": self.paypal.webhook("PAYMENT.CAPTURE.REFUNDED", self.reference("paypal")),
            "shopify": self.shopify.webhook("orders/updated", self.order.payment("shopify").group),
        }

    # The books.

    def our_books(self) -> dict[tuple[str, str], Money]:
        """Return what our ledger says was given back, or may have been: of which payment, through whom."""
        books: dict[tuple[str, str], Money] = {}
        for refund in self.order.refunds:
            if refund.status is not RefundStatus.FAILED:
                page = (refund.payment_id, refund.gateway)
                books[page] = books.get(page, eur("0.00")) + refund.amount
        return books

    def their_books(self) -> dict[tuple[str, str], Money]:
        """Return what Stripe, PayPal, Shopify and the slips in the cash box say, in the same form."""
        at_paypal = self.paypal.refunds(self.reference("paypal"))
        given_back = {
            ("card", "stripe"): Money.of_minor(self.stripe.returned(self.reference("card")), "EUR"),
            ("paypal", "paypal"): Money.sum((one.amount for one in at_paypal if one.is_alive), "EUR"),
            ("shopify", "shopify"): self._at_shopify(),
        }
        for reference, amount in self.cash.slips.values():
            (payment,) = (paid for paid in self.order.payments if paid.reference == reference)
            page = (payment.id, "cash")
            given_back[page] = given_back.get(page, eur("0.00")) + amount
        return {page: amount for page, amount in given_back.items() if amount.is_positive}

    def _at_shopify(self) -> Money:
        returned: Decimal = self.shopify.returned(self.order.payment("shopify").group)
        return Money.of(returned, "EUR")


def _line(name: str, quantity: int, total: str, tax: str, kind: LineKind = LineKind.ITEM) -> OrderLine:
    return OrderLine(id=name, name=name, quantity=quantity, total=eur(total), tax=eur(tax), kind=kind)


def moves_money(request: Request) -> bool:
    """Say whether a gateway was asked for a refund, and not only for what is true."""
    if b"refundCreate" in request.body:
        return "mutation" in json.loads(request.body)["query"]
    return request.method == "POST" and request.path.endswith(("/v1/refunds", "/refund"))
