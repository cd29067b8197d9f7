"""The gateway to the vendor of these tests: plain HTTP, one connection for each call."""

from __future__ import annotations

import hmac
import http.client
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from refundkit.errors import GatewayUnavailableError, OutcomeUnknownError, WebhookError
from refundkit.gateways.base import Capabilities, Gateway, RefundCall, Webhook
from refundkit.model.payments import Payment
from refundkit.model.refunds import FailureCode, Refund, RefundStatus
from refundkit.model.reports import PaymentReport, RefundReport
from refundkit.money import Money
from tests.chaos.vendor import signature

__all__ = ["WINDOW", "VendorGateway", "ask"]

# Shorter than the vendor remembers keys, and short enough that some refunds outlive it.
WINDOW = timedelta(seconds=4)
TIMEOUT_SECONDS = 0.25

BROKEN = (OSError, http.client.HTTPException)


def ask(
    port: int,
    method: str,
    path: str,
    message: Mapping[str, Any] | None = None,
    *,
    patience: float = TIMEOUT_SECONDS,
) -> tuple[int, bytes]:
    """Ask the vendor one thing; return status and body.

    Raises:
        OSError, http.client.HTTPException: if the answer does not come.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
    try:
        connection.request(method, path, None if message is None else json.dumps(dict(message)))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class VendorGateway(Gateway):
    """Refunds at the vendor that listens on *port*."""

    kind: ClassVar[str] = "vendor"
    name = "vendor"

    def __init__(self, port: int) -> None:
        self._port = port

    def capabilities(self, payment: Payment) -> Capabilities:
        """Say that keys are remembered for a while."""
        return Capabilities(idempotency_window=WINDOW)

    def prepare(self, refund: Refund, payment: Payment) -> Mapping[str, Any]:
        """Ask for an amount of a payment; the rest is for the books of the test."""
        return {
            "payment": payment.reference,
            "captured": payment.captured.minor,
            "amount": refund.amount.minor,
            "refund_id": refund.id,
            "key": refund.key,
        }

    def refund(self, call: RefundCall) -> RefundReport:
        """Send it, unless it is too late; whatever is not clear is unknown."""
        if datetime.now(UTC) >= call.deadline:
            raise GatewayUnavailableError("It is too late to send.", gateway=self.name)
        try:
            status, body = ask(self._port, "POST", "/refunds", call.request)
            answer = json.loads(body)
        except (*BROKEN, ValueError) as error:
            raise OutcomeUnknownError(type(error).__name__, gateway=self.name) from error
        if status == 402:
            return RefundReport(
                status=RefundStatus.FAILED, amount=call.refund.amount, failure=FailureCode.DECLINED
            )
        if status != 200:
            raise OutcomeUnknownError(f"HTTP {status}", gateway=self.name)
        return _report(answer, call.refund.amount.currency)

    def fetch(self, payments: tuple[Payment, ...]) -> tuple[PaymentReport, ...]:
        """Ask for all refunds of *payments*."""
        query = urlencode([("payment", payment.reference) for payment in payments])
        try:
            _, body = ask(self._port, "GET", f"/payments?{query}")
        except BROKEN as error:
            raise GatewayUnavailableError(type(error).__name__, gateway=self.name) from error
        told = json.loads(body)
        return tuple(
            PaymentReport(
                reference=payment.reference,
                captured=payment.captured,
                refunds=tuple(_report(each, payment.captured.currency) for each in told[payment.reference]),
            )
            for payment in payments
        )

    def parse_webhook(self, webhook: Webhook) -> tuple[str, ...]:
        """Verify it, and name the payment."""
        if not hmac.compare_digest(signature(webhook.body), webhook.headers.get("x-signature", "")):
            raise WebhookError("The signature is wrong.")
        return (str(json.loads(webhook.body)["payment"]),)


def _report(entry: Mapping[str, Any], currency: str) -> RefundReport:
    status = RefundStatus(entry["status"])
    return RefundReport(
        status=status,
        amount=Money.of_minor(entry["amount"], currency),
        reference=entry["reference"],
        raw_status=status.value,
        refund_id=entry["refund_id"],
        payment=entry["payment"],
        failure=FailureCode.RETURNED if status is RefundStatus.FAILED else None,
    )
