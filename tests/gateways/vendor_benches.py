"""Benches for the contract: gateways that ask the sandbox of their vendor (PayPal's is in its own test)."""

import re
from collections.abc import Callable, Mapping
from functools import partial

import pytest

from refundkit.gateways.shopify import ShopifyGateway
from refundkit.gateways.stripe import StripeGateway
from refundkit.model.payments import Payment
from refundkit.model.refunds import RefundStatus
from refundkit.money import Money
from refundkit.testing.gateway_contract import Bench, Mishap
from refundkit.testing.sandbox import Fault, Request, Sandbox
from refundkit.testing.sandbox.shopify import ShopifySandbox
from refundkit.testing.sandbox.shopify_schema import SCHEMA
from refundkit.testing.sandbox.stripe import StripeSandbox
from refundkit.testing.sandbox.stripe.amounts import money, units

Letter = tuple[bytes, Mapping[str, str]]

STRIPE_KEY = "sk_test_TheKeyOfTheContract"
SHOPIFY_CURRENCIES = re.search(r"enum CurrencyCode \{([^}]*)\}", SCHEMA)[1].split()
SHOPIFY_STATUSES = {RefundStatus.SUCCEEDED: "SUCCESS", RefundStatus.FAILED: "FAILURE"}


def wire_faults(sandbox: Sandbox, where: Callable[[Request], bool]) -> dict[Mishap, Callable[[], None]]:
    """List what can happen on the way to a sandbox."""
    happening = partial(sandbox.faults.append, where=where)
    return {
        Mishap.NEVER_SENT: partial(happening, Fault.RATE_LIMIT_429),
        Mishap.LOST_REQUEST: partial(happening, Fault.RESET),
        Mishap.LOST_REPLY: partial(happening, Fault.LOST_REPLY),
    }


def letter_of(message: Mapping) -> Letter:
    """Take a webhook apart."""
    return message["body"], message["headers"]


class StripeAccount:
    """An account at the Stripe sandbox."""

    def __init__(self, sandbox: StripeSandbox) -> None:
        self.sandbox = sandbox

    def gateway(self) -> StripeGateway:
        """Make a gateway to this account."""
        return StripeGateway(
            api_key=STRIPE_KEY, webhook_secrets=self.sandbox.webhook_secret, base_url=self.sandbox.url
        )

    def take(self, amount: Money) -> Payment:
        """Take a payment."""
        reference = self.sandbox.payment(units(amount), amount.currency)
        return Payment(id=f"p-{reference}", gateway="stripe", reference=reference, captured=amount)

    def returned(self, payment: Payment) -> Money:
        """Read the books."""
        return money(self.sandbox.returned(payment.reference), payment.captured.currency)

    def webhook(self, payment: Payment, **more: str) -> Letter:
        """Sign a webhook."""
        return self.sandbox.webhook("charge.refunded", self.sandbox.charge_of(payment.reference), **more)

    def bench(self) -> Bench:
        """Offer all of it."""
        sandbox = self.sandbox
        return Bench(
            gateway=self.gateway(),
            second_gateway=self.gateway(),
            payment=self.take,
            returned=self.returned,
            faults={
                **wire_faults(sandbox, lambda request: request.method == "POST"),
                Mishap.DECLINED: partial(sandbox.refuse_next, code="charge_disputed"),
                Mishap.PENDING: sandbox.next_refund,
            },
            settle=lambda reference, status: sandbox.settle(reference, status.value),
            refund_elsewhere=lambda payment, amount: sandbox.refund_in_dashboard(
                payment.reference, units(amount)
            ),
            dispute=lambda payment, amount: sandbox.dispute(payment.reference, units(amount)),
            webhook=self.webhook,
            foreign_webhook=partial(self.webhook, account="acct_other"),
            secrets=(STRIPE_KEY, sandbox.webhook_secret),
        )


class Shop:
    """A shop at the Shopify sandbox."""

    def __init__(self, sandbox: ShopifySandbox) -> None:
        self.sandbox = sandbox
        self.first = self.gateway()

    def gateway(self) -> ShopifyGateway:
        """Make a gateway to this shop."""
        return ShopifyGateway(
            shop=self.sandbox.shop,
            token=self.sandbox.token,
            webhook_secrets=self.sandbox.secret,
            base_url=self.sandbox.url,
        )

    def take(self, amount: Money) -> Payment:
        """Place an order that is paid once."""
        currency = amount.currency
        if currency not in SHOPIFY_CURRENCIES:
            pytest.skip(f"the sandbox's schema has no {currency}")
        order = self.sandbox.place_order(f"{amount.decimal:f}", currency=currency, shop_currency=currency)
        (payment,) = self.first.import_order(order).payments
        return payment

    def returned(self, payment: Payment) -> Money:
        """Read the books."""
        return Money.of(self.sandbox.returned(payment.group), payment.captured.currency)

    def webhook(self, payment: Payment) -> Letter:
        """Sign a webhook."""
        return letter_of(self.sandbox.webhook("orders/updated", payment.group))

    def foreign_webhook(self, payment: Payment) -> Letter:
        """Sign one with another app's secret."""
        own, self.sandbox.secret = self.sandbox.secret, "another-secret"
        letter = self.webhook(payment)
        self.sandbox.secret = own
        return letter

    def bench(self) -> Bench:
        """Offer all of it."""
        sandbox = self.sandbox
        return Bench(
            gateway=self.first,
            second_gateway=self.gateway(),
            payment=self.take,
            returned=self.returned,
            faults={
                **wire_faults(sandbox, lambda request: b"refundCreate" in request.body),
                Mishap.DECLINED: partial(sandbox.statuses.append, "FAILURE"),
                Mishap.PENDING: partial(sandbox.statuses.append, "PENDING"),
            },
            settle=lambda reference, status: sandbox.settle(reference, SHOPIFY_STATUSES[status]),
            refund_elsewhere=lambda payment, amount: sandbox.refund_elsewhere(
                payment.group, {payment.reference: f"{amount.decimal:f}"}
            ),
            dispute=lambda payment, amount: sandbox.open_dispute(payment.group, f"{amount.decimal:f}"),
            webhook=self.webhook,
            foreign_webhook=self.foreign_webhook,
            webhook_is_dated=False,
            secrets=(sandbox.token, sandbox.secret),
        )
