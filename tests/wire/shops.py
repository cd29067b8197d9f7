"""A shop for each gateway: the vendor's sandbox, the proxy before it, and the gateway's real client behind both."""

import base64
import pickle
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from refundkit.errors import GatewayError
from refundkit.gateways.base import Gateway, RefundCall
from refundkit.gateways.shopify import ShopifyGateway
from refundkit.gateways.stripe import StripeGateway
from refundkit.model.payments import Payment
from refundkit.money import Money
from refundkit.testing.clock import FakeClock
from refundkit.testing.gateway_rules.steps import refund_of
from refundkit.testing.reachable import reachable
from refundkit.testing.sandbox.paypal import CLIENT_ID, CLIENT_SECRET, PayPalSandbox
from refundkit.testing.sandbox.shopify import ShopifySandbox
from refundkit.testing.sandbox.stripe import StripeSandbox
from tests.gateways import wire
from tests.gateways.test_paypal_contract import Account as PayPalAccount
from tests.gateways.vendor_benches import STRIPE_KEY, StripeAccount
from tests.gateways.vendor_benches import Shop as ShopifyShop
from tests.wire.proxy import Fault, Proxy, Where

CAPTURED = Money.of("50.00", "EUR")
# What a shop has given back before anything goes wrong, and what it gives back then.
BEFORE = Money.of("1.00", "EUR")
AMOUNT = Money.of("12.50", "EUR")

# How often a healthy wire is asked; a slow machine may need one more.
MOST_TRIES = 4

# It looks like no token, so that no message is saved by hiding what looks like one.
SHOPIFY_TOKEN = "the-admin-token-of-the-faulty-wire"

# (connect, read) in seconds: as short as a slow machine allows where nothing is to be waited for.
PATIENT = (5.0, 5.0)
SHORT = (0.1, 0.3)


@dataclass(frozen=True)
class Vendor:
    """How one vendor is tested.

    ``sandbox(clock=)`` is its sandbox, ``account(sandbox)`` takes payments there and reads the books,
    ``gateway(sandbox, base_url=, timeout=)`` asks it. ``is_refund`` picks the request that gives money back,
    ``looks`` those of a fetch, one each. ``secrets`` never show.
    """

    sandbox: Callable[..., Any]
    account: Callable[..., Any]
    gateway: Callable[..., Gateway]
    is_refund: Where
    looks: tuple[Where, ...]
    secrets: tuple[str, ...]


def asks(start: bytes, part: bytes = b"") -> Where:
    """Pick the requests that begin with *start* and hold *part*."""
    return lambda request: request.startswith(start) and part in request


def _stripe(_: StripeSandbox, **options: Any) -> Gateway:
    return StripeGateway(api_key=STRIPE_KEY, **options)


def _shopify_sandbox(**options: Any) -> ShopifySandbox:
    sandbox = ShopifySandbox(**options)
    sandbox.token = SHOPIFY_TOKEN
    return sandbox


def _shopify(sandbox: ShopifySandbox, **options: Any) -> Gateway:
    return ShopifyGateway(shop=sandbox.shop, token=sandbox.token, **options)


VENDORS = {
    "stripe": Vendor(
        sandbox=StripeSandbox,
        account=StripeAccount,
        gateway=_stripe,
        is_refund=asks(b"POST /v1/refunds "),
        looks=(asks(b"GET /v1/payment_intents/"), asks(b"GET /v1/refunds?"), asks(b"GET /v1/disputes?")),
        secrets=(STRIPE_KEY,),
    ),
    "paypal": Vendor(
        sandbox=PayPalSandbox,
        account=PayPalAccount,
        gateway=PayPalSandbox.gateway,
        is_refund=asks(b"POST /v2/payments/captures/"),
        looks=(
            asks(b"GET /v2/payments/captures/"),
            asks(b"GET /v2/checkout/orders/"),
            asks(b"GET /v1/customer/disputes?"),
        ),
        secrets=(
            CLIENT_ID,
            CLIENT_SECRET,
            "A21AASandboxToken",
            base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode(),
        ),
    ),
    "shopify": Vendor(
        sandbox=_shopify_sandbox,
        account=ShopifyShop,
        gateway=_shopify,
        is_refund=asks(b"POST /admin/api/", b"refundCreate"),
        looks=(asks(b"POST /admin/api/", b"query RefundkitOrder"),),
        secrets=(SHOPIFY_TOKEN,),
    ),
}

SECRETS = tuple(secret for vendor in VENDORS.values() for secret in vendor.secrets)


@dataclass(frozen=True)
class Shop:
    """One payment of 50.00 EUR at one vendor, asked through the proxy; ``trap`` is where redirects lead to."""

    vendor: Vendor
    clock: FakeClock
    sandbox: Any
    proxy: Proxy
    trap: wire.Wire
    gateway: Gateway
    payment: Payment
    account: Any

    def call(self, amount: Money) -> RefundCall:
        """Make the call that a desk would make."""
        refund = refund_of(self.payment, amount)
        request = self.gateway.prepare(refund, self.payment)
        deadline = self.clock() + timedelta(minutes=2)
        return RefundCall(refund=refund, payment=self.payment, request=request, deadline=deadline)

    def give_back(self, call: RefundCall) -> None:
        """Ask under the same key until it is done: a connection may hold the rest of what was too long."""
        for _ in range(MOST_TRIES):
            try:
                self.gateway.refund(call)
            except GatewayError:
                continue
            return
        raise AssertionError("the wire is healthy, and the refund is not done")

    def forget_keys(self) -> None:
        """Let the vendor forget every idempotency key; PayPal goes by the clock."""
        if hasattr(self.sandbox, "forget_keys"):
            self.sandbox.forget_keys()
        self.clock.advance(days=46)

    @property
    def returned(self) -> Money:
        """What the vendor's books say."""
        return self.account.returned(self.payment)


def check_silent(thing: object) -> None:
    """Require that nothing that *thing* leads to shows a secret, nor its pickle."""
    shown = "".join(repr(part) for part in reachable(thing)) + pickle.dumps(thing).decode("latin-1")
    assert not any(secret in shown for secret in SECRETS), "a secret shows"


@contextmanager
def street() -> Iterator["Street"]:
    """Open the sandboxes of all vendors, and the trap."""
    clock = FakeClock()
    with ExitStack() as stack:
        sandboxes = {
            name: stack.enter_context(vendor.sandbox(clock=clock)) for name, vendor in VENDORS.items()
        }
        yield Street(clock, sandboxes, stack.enter_context(wire.running()))


@dataclass(frozen=True)
class Street:
    """Where the shops are: to open a sandbox for every one of them would take longer than the tests."""

    clock: FakeClock
    sandboxes: dict[str, Any]
    trap: wire.Wire

    @contextmanager
    def shop(self, name: str, fault: Fault) -> Iterator[Shop]:
        """Open a shop that will meet *fault*, with a payment, a wire and a client of its own."""
        # What Shopify takes per minute is back.
        self.clock.advance(minutes=1)
        vendor, sandbox = VENDORS[name], self.sandboxes[name]
        # Another name of this machine: whoever follows a redirect there has left the vendor's host.
        elsewhere = self.trap.url.replace("127.0.0.1", "localhost")
        with Proxy(sandbox.url, elsewhere) as proxy:
            account = vendor.account(sandbox)
            timeout = SHORT if fault.waits else PATIENT
            yield Shop(
                vendor=vendor,
                clock=self.clock,
                sandbox=sandbox,
                proxy=proxy,
                trap=self.trap,
                gateway=vendor.gateway(sandbox, base_url=proxy.url, timeout=timeout),
                payment=account.take(CAPTURED),
                account=account,
            )
