"""The real SDK of Stripe, pointed at a sandbox."""

from typing import Any

import stripe

from refundkit.testing.sandbox.stripe import StripeSandbox

TEST_KEY = "sk_test_TheKeyOfTheSandbox"
LIVE_KEY = "sk_live_TheKeyOfTheSandbox"


def client_at(url: str, key: str = TEST_KEY, **options: Any) -> stripe.StripeClient:
    """Make a client that asks once and waits for two seconds."""
    http = stripe.RequestsClient(timeout=(2, 2))
    return stripe.StripeClient(
        key, base_addresses={"api": url}, http_client=http, max_network_retries=0, **options
    )


class Caller:
    """What tests of the sandbox ask for, in short."""

    def __init__(self, sandbox: StripeSandbox, key: str = TEST_KEY, **options: Any) -> None:
        self.v1 = client_at(sandbox.url, key, **options).v1
        self.sandbox = sandbox

    def refund(self, payment: str, amount: Any = None, key: str | None = None, **more: Any) -> Any:
        """Refund a payment intent or a charge."""
        name = "payment_intent" if payment.startswith("pi_") else "charge"
        params = {name: payment, **({} if amount is None else {"amount": amount}), **more}
        return self.v1.refunds.create(params, {"idempotency_key": key} if key else None)

    def refused(self, *args: Any, **more: Any) -> Any:
        """Refund, and return the error that this gives."""
        try:
            return self.refund(*args, **more)
        except stripe.StripeError as error:
            return error


def code_of(error: Any) -> str | None:
    """Return the code of an error; some classes of the SDK keep it in the parsed error only."""
    return getattr(error.error, "code", None)
