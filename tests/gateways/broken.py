"""A small service in memory, a gateway to it that is right, and five that each have one well-known bug."""

import hashlib
import hmac
import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, ClassVar
from uuid import uuid4

from refundkit.errors import GatewayUnavailableError, InvalidValueError, OutcomeUnknownError, WebhookError
from refundkit.gateways.base import Capabilities, Gateway, RefundCall, Webhook
from refundkit.model.disputes import DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.payments import Payment
from refundkit.model.refunds import FailureCode, Refund, RefundStatus
from refundkit.model.reports import DisputeReport, PaymentReport, RefundReport
from refundkit.money import Money
from refundkit.testing.gateway_contract import Bench, Mishap

SECRET = "till-secret"
FOREIGN = "another-secret"
# The service's own minor units; ISO 4217 has no decimals for the króna.
DECIMALS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3, "ISK": 2}


class RefusedError(Exception):
    """The service says no."""


class DownError(Exception):
    """The service was never reached."""


class SilentError(Exception):
    """The service did not answer."""


def units(amount: Money) -> int:
    """Count *amount* in the service's units."""
    return int(amount.decimal.scaleb(DECIMALS[amount.currency]))


class Till:
    """The service: its payments, its refunds by idempotency key, and what goes wrong next."""

    def __init__(self, *, whole_only: bool = False, least: int = 1) -> None:
        self.whole_only = whole_only
        self.least = least
        self.disputes: dict[str, Money] = {}
        self.payments: dict[str, Money] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.trouble: Mishap | None = None
        self._numbers = count(1)
        self._lock = threading.Lock()

    def take(self, amount: Money) -> Payment:
        """Take a payment."""
        name = f"pay-{next(self._numbers)}"
        self.payments[name] = amount
        return Payment(id=name, gateway="till", reference=name, captured=amount)

    def pay_out(self, wish: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Give money back, once for each key."""
        with self._lock:
            trouble, self.trouble = self.trouble, None
            if trouble in (Mishap.NEVER_SENT, Mishap.LOST_REQUEST, Mishap.SILENCE):
                raise DownError if trouble is Mishap.NEVER_SENT else SilentError
            record = self.refunds.get(key) or self._made(wish, key, trouble)
            if trouble is Mishap.LOST_REPLY:
                raise SilentError
            return record

    def _made(self, wish: Mapping[str, Any], key: str, trouble: Mishap | None) -> dict[str, Any]:
        payment = wish["payment"]
        left = units(self.payments[payment]) - sum(one["units"] for one in self.paid_out(payment))
        is_part = wish["units"] != units(self.payments[payment])
        if trouble is Mishap.DECLINED or not self.least <= wish["units"] <= left:
            raise RefusedError
        if payment in self.disputes or (self.whole_only and is_part):
            raise RefusedError
        state = "waiting" if trouble is Mishap.PENDING else "done"
        self.refunds[key] = {**wish, "id": f"out-{next(self._numbers)}", "state": state}
        return self.refunds[key]

    def paid_out(self, payment: str) -> list[dict[str, Any]]:
        """List what was given back of a payment."""
        return [one for one in self.refunds.values() if one["payment"] == payment and one["state"] != "back"]

    def returned(self, payment: Payment) -> Money:
        """Add it up."""
        total = sum(one["units"] for one in self.paid_out(payment.reference))
        return amount_of(total, payment.captured.currency)

    def refund_elsewhere(self, payment: Payment, amount: Money) -> None:
        """Give money back at the till itself."""
        wish = {"payment": payment.reference, "units": units(amount), "note": None}
        self._made(wish, f"by hand {next(self._numbers)}", None)

    def dispute(self, payment: Payment, amount: Money) -> None:
        """Let the customer's bank ask for the money."""
        self.disputes[payment.reference] = amount

    def settle(self, reference: str, status: RefundStatus) -> None:
        """Let time pass."""
        record = next(one for one in self.refunds.values() if one["id"] == reference)
        record["state"] = "done" if status is RefundStatus.SUCCEEDED else "back"

    def webhook(self, payment: Payment, secret: str = SECRET) -> tuple[bytes, dict[str, str]]:
        """Sign a webhook."""
        body = json.dumps({"payment": payment.reference}).encode()
        at = str(int(datetime.now(UTC).timestamp()))
        return body, {"Till-Time": at, "Till-Signature": signature(at, body, secret)}


def amount_of(number: int, currency: str) -> Money:
    """Read the service's units."""
    return Money.of(str(number / 10 ** DECIMALS[currency]).removesuffix(".0"), currency)


def signature(at: str, body: bytes, secret: str = SECRET) -> str:
    """Sign what was sent at a time."""
    return hmac.new(secret.encode(), at.encode() + body, hashlib.sha256).hexdigest()


STATES = {"done": RefundStatus.SUCCEEDED, "waiting": RefundStatus.PENDING, "back": RefundStatus.FAILED}


class TillGateway(Gateway):
    """The gateway as it should be."""

    kind = "till"
    name = "till"
    limits: ClassVar[dict[str, Any]] = {}
    """What its till does not do."""
    has_books: ClassVar[bool] = True
    """Whether the bench can look into the till, and sign for it."""
    patience_seconds: ClassVar[float] = 60
    """How long its bench waits for it."""

    def __init__(self, till: Till) -> None:
        self.till = till

    def capabilities(self, payment: Payment) -> Capabilities:
        """Say which currencies the service knows."""
        return Capabilities(currencies=set(DECIMALS))

    def prepare(self, refund: Refund, payment: Payment) -> Mapping[str, Any]:
        """Write the request in the service's units."""
        if refund.amount.currency not in DECIMALS:
            raise InvalidValueError("The till does not know this currency.", value=refund.amount)
        return {"payment": payment.reference, "units": self.units(refund.amount), "note": refund.id}

    def units(self, amount: Money) -> int:
        """Count in the service's units."""
        return units(amount)

    def amount(self, number: int, currency: str) -> Money:
        """Read the service's units."""
        return amount_of(number, currency)

    def refund(self, call: RefundCall) -> RefundReport:
        """Send the request under its key."""
        try:
            record = self.till.pay_out(dict(call.request), self.key(call))
        except RefusedError:
            return self.declined(call)
        except DownError:
            raise GatewayUnavailableError("The till is closed.", gateway=self.name) from None
        except SilentError:
            return self.unanswered(call)
        return self.report(record, call.payment)

    def key(self, call: RefundCall) -> str:
        """Choose the idempotency key."""
        return call.refund.id

    def declined(self, call: RefundCall) -> RefundReport:
        """Make a value of a no."""
        return RefundReport(
            status=RefundStatus.FAILED, amount=call.refund.amount, failure=FailureCode.DECLINED
        )

    def unanswered(self, call: RefundCall) -> RefundReport:
        """Say that nothing is known."""
        raise OutcomeUnknownError("The till did not answer.", gateway=self.name) from None

    def report(self, record: Mapping[str, Any], payment: Payment) -> RefundReport:
        """Read a refund."""
        return RefundReport(
            status=STATES[record["state"]],
            amount=self.amount(record["units"], payment.captured.currency),
            reference=record["id"],
            refund_id=record["note"],
            failure=FailureCode.RETURNED if record["state"] == "back" else None,
        )

    def fetch(self, payments: tuple[Payment, ...]) -> tuple[PaymentReport, ...]:
        """Read the books."""
        return tuple(
            PaymentReport(
                reference=payment.reference,
                captured=self.till.payments[payment.reference],
                refunds=tuple(
                    self.report(one, payment)
                    for one in self.till.refunds.values()
                    if one["payment"] == payment.reference
                ),
                disputes=tuple(
                    self.dispute(amount)
                    for name, amount in self.till.disputes.items()
                    if name == payment.reference
                ),
            )
            for payment in payments
        )

    def dispute(self, amount: Money) -> DisputeReport:
        """Read a case."""
        return DisputeReport(
            reference="case-1",
            amount=amount,
            stage=DisputeStage.CHARGEBACK,
            status=DisputeStatus.NEEDS_RESPONSE,
            funds=DisputeFunds.WITHDRAWN,
        )

    def parse_webhook(self, webhook: Webhook) -> tuple[str, ...]:
        """Verify, then name the payment."""
        at, given = (webhook.headers.get(f"till-{name}", "") for name in ("time", "signature"))
        if not at.isascii() or not hmac.compare_digest(signature(at, webhook.body).encode(), given.encode()):
            raise WebhookError("The webhook is not signed by the till.")
        if abs(webhook.received_at - datetime.fromtimestamp(int(at), UTC)) > timedelta(minutes=5):
            raise WebhookError("The webhook is stale.")
        return (json.loads(webhook.body)["payment"],)


class NewKeyGateway(TillGateway):
    """Makes a new idempotency key for every attempt."""

    def key(self, call: RefundCall) -> str:
        """Make a new one."""
        return str(uuid4())


class RaisingGateway(TillGateway):
    """Raises when the service says no."""

    def declined(self, call: RefundCall) -> RefundReport:
        """Make an exception of a no."""
        raise RuntimeError("declined")


class HastyGateway(TillGateway):
    """Books a timeout as a failure."""

    def unanswered(self, call: RefundCall) -> RefundReport:
        """Guess."""
        return self.declined(call)


class IsoGateway(TillGateway):
    """Counts in the minor units of ISO 4217, which are not the service's."""

    def units(self, amount: Money) -> int:
        """Forget that the service has a table of its own."""
        return amount.minor

    def amount(self, number: int, currency: str) -> Money:
        """Forget it again, so that nothing looks wrong."""
        return Money.of_minor(number, currency)


class TrustingGateway(TillGateway):
    """Believes whatever calls itself a webhook."""

    def parse_webhook(self, webhook: Webhook) -> tuple[str, ...]:
        """Read first, verify never."""
        return (json.loads(webhook.body)["payment"],)


def bench_of(kind: type[TillGateway]) -> Bench:
    """Make a bench with a till of its own."""
    till = Till(**kind.limits)
    return Bench(
        gateway=kind(till),
        second_gateway=kind(till),
        payment=till.take,
        returned=till.returned if kind.has_books else None,
        faults={mishap: partial(setattr, till, "trouble", mishap) for mishap in Mishap},
        settle=till.settle,
        refund_elsewhere=till.refund_elsewhere,
        dispute=till.dispute,
        webhook=till.webhook if kind.has_books else None,
        foreign_webhook=partial(till.webhook, secret=FOREIGN),
        secrets=(SECRET,),
        patience_seconds=kind.patience_seconds,
    )
