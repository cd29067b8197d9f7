"""The PayPal gateway keeps the contract of docs/reference/gateway-contract.md."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from refundkit.model.payments import Payment
from refundkit.model.refunds import RefundStatus
from refundkit.money import Money
from refundkit.testing.gateway_contract import Bench, GatewayContract, Mishap
from refundkit.testing.sandbox import Fault, Request
from refundkit.testing.sandbox.paypal import CLIENT_ID, CLIENT_SECRET, PayPalSandbox

WORDS = {RefundStatus.SUCCEEDED: "COMPLETED", RefundStatus.FAILED: "FAILED"}


def is_refund(request: Request) -> bool:
    """Pick the refunds."""
    return request.method == "POST" and request.path.endswith("/refund")


class Account:
    """A shop's account at the PayPal of the tests."""

    def __init__(self, paypal: PayPalSandbox) -> None:
        self.paypal = paypal

    def take(self, amount: Money) -> Payment:
        """Take a payment."""
        return self.paypal.capture(str(amount.decimal), amount.currency)

    def returned(self, payment: Payment) -> Money:
        """Read the books."""
        return self.paypal.books.returned(self.paypal.books.captures[payment.reference])

    def faults(self) -> dict[Mishap, Any]:
        """List what can happen to the next refund."""
        on_the_wire = {
            Mishap.NEVER_SENT: Fault.RATE_LIMIT_429,
            Mishap.LOST_REQUEST: Fault.RESET,
            Mishap.LOST_REPLY: Fault.LOST_REPLY,
        }
        happening = partial(self.paypal.faults.append, where=is_refund)
        return {
            **{mishap: partial(happening, fault) for mishap, fault in on_the_wire.items()},
            Mishap.DECLINED: partial(self.paypal.refuse_next, "REFUND_NOT_ALLOWED"),
            Mishap.PENDING: self.paypal.next_refund,
        }

    def webhook(self, payment: Payment, **more: Any) -> tuple[bytes, dict[str, str]]:
        """Sign a webhook."""
        message = self.paypal.webhook("PAYMENT.CAPTURE.COMPLETED", payment.reference, **more)
        return message["body"], message["headers"]


class TestPayPal(GatewayContract):
    @pytest.fixture
    def bench(self) -> Iterator[Bench]:
        """Open a PayPal, and make two gateways to it."""
        with PayPalSandbox() as paypal:
            account = Account(paypal)
            yield Bench(
                gateway=paypal.gateway(),
                second_gateway=paypal.gateway(),
                payment=account.take,
                returned=account.returned,
                faults=account.faults(),
                settle=lambda reference, status: paypal.settle(reference, WORDS[status]),
                refund_elsewhere=lambda payment, amount: paypal.refund_in_dashboard(
                    payment.reference, str(amount.decimal)
                ),
                dispute=lambda payment, amount: paypal.open_dispute(
                    payment.reference, stage="CHARGEBACK", amount=amount
                ),
                webhook=account.webhook,
                foreign_webhook=partial(account.webhook, webhook_id="OTHER"),
                secrets=(CLIENT_ID, CLIENT_SECRET, "A21AASandboxToken"),
            )
