"""The gateway to one Stripe account."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from refundkit.errors import (
    GatewayUnavailableError,
    InvalidValueError,
    WebhookError,
    shown,
)
from refundkit.gateways.base import Capabilities, Gateway, RefundCall, Webhook, WhileDisputed
from refundkit.gateways.guards import Hidden, checked_secrets
from refundkit.gateways.outcomes import Meaning, about, declined, not_sent, outcome_unknown
from refundkit.gateways.records import Record, thawed
from refundkit.gateways.stripe.amounts import CURRENCIES, to_stripe
from refundkit.gateways.stripe.answers import Failure, attempt
from refundkit.gateways.stripe.client import PAGE, Connection, listed, open_client, record_of
from refundkit.gateways.stripe.options import (
    REASONS,
    checked_account,
    checked_reasons,
    is_test_key,
)
from refundkit.gateways.stripe.reading import (
    REFUND_ID,
    captured_of,
    charge_of,
    dispute_report,
    fee_of,
    is_refund,
    refund_report,
)
from refundkit.gateways.stripe.webhooks import PAYMENT_ID, Endpoint, references_of, verify
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund
from refundkit.model.reports import DisputeReport, PaymentReport, RefundReport
from refundkit.model.requests import RefundReason

__all__ = ["API_VERSION", "CAPABILITIES", "StripeGateway"]

# The version that these readings were written for; an account's default may be years older.
API_VERSION: Final = "2026-10-28.endive"

CAPABILITIES: Final = Capabilities(
    currencies=CURRENCIES,
    idempotency_window=timedelta(hours=20),  # Stripe keeps keys for at least 24 h
    while_disputed=WhileDisputed.NOTHING,
    while_inquiry=WhileDisputed.ANYTHING,
    echoes_refund_id=True,
    knows_absence=True,
)

_REFUND_ID = re.compile(r"[A-Za-z0-9_.:-]{1,255}", re.ASCII)
_EXPAND = {"payment_intent": "latest_charge.balance_transaction", "charge": "balance_transaction"}


class StripeGateway(Gateway):
    """Gives money back through one Stripe account.

    ``api_key`` is a secret or restricted key; its prefix says whether this gateway is for ``test`` orders.
    ``webhook_secrets`` is one signing secret, or several while one is replaced by the next.
    ``account`` is a connected account (``acct_…``) on whose behalf the key acts.
    ``timeout`` is (connect, read) in seconds. ``base_url`` is another server to ask, for tests.
    ``reasons`` maps reasons to Stripe's three words; ``{}`` sends none. Keys never show in a repr, in
    ``vars()``, in a pickle or in an exception (law S2).

    Raises:
        PluginError: if Stripe's SDK is not installed.
        InvalidValueError: if an option cannot be meant.
    """

    kind = "stripe"

    def __init__(
        self,
        *,
        api_key: str,
        webhook_secrets: str | tuple[str, ...] = (),
        name: str = "stripe",
        account: str | None = None,
        base_url: str | None = None,
        timeout: tuple[float, float] = (5, 30),
        reasons: Mapping[RefundReason, str] = REASONS,
        api_version: str = API_VERSION,
    ) -> None:
        self.name = name
        self.test = is_test_key(api_key)
        self.account = checked_account(account)
        self.reasons = checked_reasons(reasons)
        self._secrets = Hidden(checked_secrets(webhook_secrets, "a signing secret of Stripe's (whsec_…)"))
        connection = Connection(account=account, base_url=base_url, timeout=timeout, api_version=api_version)
        self._client = open_client(api_key, connection)

    def capabilities(self, payment: Payment) -> Capabilities:
        """Say what Stripe can do: parts, several times, and nothing while a chargeback is open."""
        return CAPABILITIES

    def prepare(self, refund: Refund, payment: Payment) -> Mapping[str, Any]:
        """Return the parameters of ``POST /v1/refunds``, with an explicit amount in Stripe's minor units.

        Raises:
            InvalidValueError: if Stripe cannot express the amount, or an id is not one that it could take.
        """
        if not _REFUND_ID.fullmatch(refund.id):
            raise InvalidValueError(
                f"Stripe takes no refund id {shown(refund.id)}; use letters, digits and _ . : - only.",
                field="id",
                value=refund.id,
            )
        request: dict[str, Any] = {
            _parameter(payment.reference): payment.reference,
            "amount": to_stripe(refund.amount),
            "metadata": {REFUND_ID: refund.id},
        }
        if word := self._word_for(refund):
            request["reason"] = word
        return request

    def refund(self, call: RefundCall) -> RefundReport:
        """Send the stored request once, with the refund's id as idempotency key.

        The desk checks ``call.deadline`` right before; this waits no longer than ``timeout`` says.

        Raises:
            GatewayUnavailableError: if nothing was executed: no connection, a refused key, too many requests.
            OutcomeUnknownError: if the answer is missing, unreadable, or says that it may have been executed.
        """
        request = self._checked(call)
        answer = attempt(lambda: self._created(call, request))
        if not isinstance(answer, Failure):
            return answer
        if answer.meaning is Meaning.DECLINED:
            return declined(call, answer.decline, answer.reason)
        if answer.meaning is Meaning.NOT_EXECUTED:
            raise self._unavailable(answer)
        raise outcome_unknown(call, "Stripe", _told(answer), **self._values(answer))

    def fetch(self, payments: tuple[Payment, ...]) -> tuple[PaymentReport, ...]:
        """Ask Stripe for each payment, its fee, and every refund and dispute of it.

        Raises:
            GatewayUnavailableError: if Stripe could not be asked or understood; nothing is changed by asking.
        """
        return tuple(self._fetched(payment) for payment in payments)

    def parse_webhook(self, webhook: Webhook) -> tuple[str, ...]:
        """Verify *webhook*, then return the ids of the payments that it is about; none for other news.

        Raises:
            WebhookError: if it is forged, stale, from the other mode or account, or unreadable.
        """
        if not self._secrets():
            raise WebhookError(
                f"Gateway {self.name} takes no webhooks: it has no webhook_secrets.", http_status=404
            )
        verify(webhook, self._secrets)
        return references_of(webhook, Endpoint(account=self.account, test=bool(self.test)))

    def _word_for(self, refund: Refund) -> str | None:
        return None if refund.reason_type is None else self.reasons.get(refund.reason_type)

    def _checked(self, call: RefundCall) -> dict[str, Any]:
        """Thaw the stored request; one without its amount would give everything back."""
        request = {key: thawed(value) for key, value in call.request.items()}
        amount = request.get("amount")
        if type(amount) is int and amount > 0 and _REFUND_ID.fullmatch(call.refund.id):
            return request
        raise not_sent(call, self.name, "names no amount")

    def _created(self, call: RefundCall, request: dict[str, Any]) -> RefundReport:
        refunds = self._client().v1.refunds
        answer = refunds.create(params=request, options={"idempotency_key": call.refund.id})  # type: ignore[arg-type]
        return about(call, refund_report(record_of(answer), call.payment.reference, call.payment.references))

    def _fetched(self, payment: Payment) -> PaymentReport:
        answer = attempt(lambda: self._asked(payment))
        if isinstance(answer, Failure):
            raise self._unavailable(answer)
        return answer

    def _asked(self, payment: Payment) -> PaymentReport:
        parameter = _parameter(payment.reference)
        record = self._retrieved(parameter, payment.reference)
        charge = charge_of(record)
        captured = captured_of(record)
        known = {*payment.references, str(record.get("id")), str(charge.get("id"))}
        return PaymentReport(
            reference=payment.reference,
            captured=captured,
            refunds=self._refunds(parameter, payment.reference, known),
            # localstripe has no disputes, and says so by a charge that does not know the word.
            disputes=self._disputes(parameter, payment.reference) if "disputed" in charge else (),
            fee=fee_of(charge, captured.currency),
        )

    def _retrieved(self, parameter: str, reference: str) -> Record:
        services = self._client().v1
        service: Any = services.payment_intents if parameter == "payment_intent" else services.charges
        return record_of(service.retrieve(reference, params={"expand": [_EXPAND[parameter]]}))

    def _refunds(self, parameter: str, reference: str, known: set[str]) -> tuple[RefundReport, ...]:
        service: Any = self._client().v1.refunds
        records = listed(service.list(params={parameter: reference, "limit": PAGE}))
        return tuple(refund_report(record, reference, known) for record in records if is_refund(record))

    def _disputes(self, parameter: str, reference: str) -> tuple[DisputeReport, ...]:
        service: Any = self._client().v1.disputes
        return tuple(
            dispute_report(record)
            for record in listed(service.list(params={parameter: reference, "limit": PAGE}))
        )

    def _unavailable(self, failure: Failure) -> GatewayUnavailableError:
        wrong_key = failure.http_status in (401, 403)
        advice = "check the API key and its permissions" if wrong_key else "ask again later"
        return GatewayUnavailableError(
            f"Stripe could not be asked ({_told(failure)}); nothing was executed; {advice}.",
            **self._values(failure),
            retry_after_seconds=failure.retry_after_seconds,
        )

    def _values(self, failure: Failure) -> dict[str, Any]:
        return {
            "gateway": self.name,
            "code": failure.code,
            "http_status": failure.http_status,
            "request_id": failure.request_id,
        }


def _told(failure: Failure) -> str:
    status = f"HTTP {failure.http_status}" if failure.http_status else ""
    return ", ".join(part for part in (failure.kind, status, failure.code, failure.text) if part)


def _parameter(reference: str) -> str:
    """Say under which name Stripe takes *reference*: payment_intent or charge."""
    if not PAYMENT_ID.fullmatch(reference):
        raise InvalidValueError(
            f"{shown(reference)} is no id of a Stripe payment, such as 'pi_…' or 'ch_…'.",
            field="reference",
            value=reference,
        )
    return "payment_intent" if reference.startswith("pi_") else "charge"
