"""The gateway to one PayPal account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import attrs

from refundkit.errors import (
    GatewayUnavailableError,
    InvalidValueError,
    OutcomeUnknownError,
    WebhookError,
    shown,
)
from refundkit.gateways.base import Capabilities, Gateway, RefundCall, Webhook, WhileDisputed
from refundkit.gateways.guards import Hidden, late_import
from refundkit.gateways.outcomes import Meaning, about, declined, not_sent, outcome_unknown
from refundkit.gateways.paypal.amounts import CURRENCIES, to_paypal
from refundkit.gateways.paypal.answers import Refusal, refusal_of
from refundkit.gateways.paypal.disputes import dispute_ids, dispute_report
from refundkit.gateways.paypal.guards import checked_credential, checked_id, is_id, plain
from refundkit.gateways.paypal.reading import (
    captured_of,
    fee_of,
    is_refund_id,
    order_of,
    refund_report,
    refunds_of,
)
from refundkit.gateways.paypal.transport import Account, Answer, Resource, Silence, Transport
from refundkit.gateways.paypal.webhooks import event_of, references_of, verification
from refundkit.gateways.records import Record, UnreadableError, thawed
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund
from refundkit.model.reports import DisputeReport, PaymentReport, RefundReport

__all__ = ["CAPABILITIES", "PayPalGateway"]

LIVE_URL: Final = "https://api-m.paypal.com"
SANDBOX_URL: Final = "https://api-m.sandbox.paypal.com"

CAPABILITIES: Final = Capabilities(
    currencies=CURRENCIES,
    idempotency_window=timedelta(days=44),  # "The server stores keys for 45 days"
    # PayPal takes no partial refund of a disputed transaction, but all that is left.
    while_disputed=WhileDisputed.REMAINDER,
    while_inquiry=WhileDisputed.REMAINDER,
    echoes_refund_id=True,
    knows_absence=True,
)
# Refunds are listed in the order of the capture and nowhere else.
WITHOUT_ORDER: Final = attrs.evolve(CAPABILITIES, knows_absence=False)

OK: Final = 200
MADE: Final = frozenset({200, 201})  # PayPal's description knows 201 only, its documentation both


class PayPalGateway(Gateway):
    """Gives money back through one PayPal account.

    ``client_id`` and ``client_secret`` are those of a REST app; ``live`` says whether it is one of the live
    account or of PayPal's own sandbox. ``webhook_id`` is the id of the webhook in that app's settings.
    ``timeout`` is (connect, read) in seconds. ``base_url`` is another server to ask, for tests.
    ``transport`` makes another `Transport` than that of PayPal's SDK. Credentials never show in a repr, in
    ``vars()``, in a pickle or in an exception (law S2).

    The reference of a payment is its capture; give its order as ``group``, because only there PayPal lists
    what was refunded.

    Raises:
        PluginError: if PayPal's SDK is not installed.
        InvalidValueError: if an option cannot be meant.
    """

    kind = "paypal"

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        live: bool,
        webhook_id: str | None = None,
        name: str = "paypal",
        base_url: str | None = None,
        timeout: tuple[float, float] = (5, 30),
        transport: Callable[[Account], Transport] | None = None,
    ) -> None:
        if type(live) is not bool:
            raise InvalidValueError(
                f"live must be True or False, not {shown(live)}.", field="live", value=live
            )
        self.name = name
        self.test = not live
        self.webhook_id = None if webhook_id is None else checked_id(webhook_id, "webhook")
        account = Account(
            credentials=Hidden(
                (
                    checked_credential(client_id, "client_id"),
                    checked_credential(client_secret, "client_secret"),
                )
            ),
            base_url=(base_url or (LIVE_URL if live else SANDBOX_URL)).rstrip("/"),
            timeout=timeout,
        )
        self._transport = (transport or _sdk())(account)

    def capabilities(self, payment: Payment) -> Capabilities:
        """Say what PayPal can do: everything but a part of a disputed payment."""
        return WITHOUT_ORDER if payment.group is None else CAPABILITIES

    def prepare(self, refund: Refund, payment: Payment) -> Mapping[str, Any]:
        """Return the capture and the body of the refund, with an explicit amount in PayPal's decimals.

        Raises:
            InvalidValueError: if PayPal cannot express the amount, or an id is not one that it could take.
        """
        if not is_refund_id(refund.id):
            raise InvalidValueError(
                f"{shown(refund.id)} is no refund id of refundkit's (a UUID in lower case), so it could not be told "
                "from other custom_ids at PayPal; name refunds by refund_id().",
                field="id",
                value=refund.id,
            )
        body = {"amount": to_paypal(refund.amount), "custom_id": refund.id}
        return {"capture_id": checked_id(payment.reference, "capture"), "body": body}

    def refund(self, call: RefundCall) -> RefundReport:
        """Send the stored request once, with the refund's id as idempotency key.

        The desk checks ``call.deadline`` right before; this waits no longer than ``timeout`` says.

        Raises:
            GatewayUnavailableError: if nothing was executed: no connection, no token, too many requests.
            OutcomeUnknownError: if the answer is missing, unreadable, or says that it may have been executed.
        """
        capture_id, body = self._checked(call)
        answer = self._transport.refund(capture_id, body, call.refund.id)
        if isinstance(answer, Answer) and answer.status in MADE:
            return self._made(call, answer)
        refusal = refusal_of(answer)
        if refusal.meaning is Meaning.DECLINED:
            return declined(call, refusal.decline, refusal.reason)
        if refusal.meaning is Meaning.NOT_EXECUTED:
            raise self._unavailable(refusal)
        raise self._unknown(call, refusal)

    def fetch(self, payments: tuple[Payment, ...]) -> tuple[PaymentReport, ...]:
        """Ask PayPal for each capture, for the refunds in its order, and for its disputes.

        Raises:
            GatewayUnavailableError: if PayPal could not be asked or understood; nothing is changed by asking.
        """
        return tuple(self._fetched(payment) for payment in payments)

    def parse_webhook(self, webhook: Webhook) -> tuple[str, ...]:
        """Let PayPal verify *webhook*, then return the captures and orders that it is about; none for other news.

        Raises:
            WebhookError: if it is forged, stale, from the other environment, or unreadable; with ``http_status``
                503, so that PayPal sends it again, if PayPal could not be asked.
        """
        if self.webhook_id is None:
            raise WebhookError(
                f"Gateway {self.name} takes no webhooks: it has no webhook_id.", http_status=404
            )
        signed, event = event_of(webhook, test=bool(self.test))
        self._verify(verification(signed, self.webhook_id, webhook.body))
        return references_of(event)

    # Giving money back.

    def _checked(self, call: RefundCall) -> tuple[str, Record]:
        """Thaw the stored request; one without its amount would give everything back."""
        capture_id, body = call.request.get("capture_id"), thawed(call.request.get("body"))
        value = body.get("amount") if isinstance(body, dict) else None
        if isinstance(capture_id, str) and is_id(capture_id) and value and is_refund_id(call.refund.id):
            return capture_id, body
        raise not_sent(call, self.name, "names no capture or no amount")

    def _made(self, call: RefundCall, answer: Answer) -> RefundReport:
        try:
            return about(call, refund_report(answer.record or {}))
        except (UnreadableError, InvalidValueError) as error:
            why = plain(str(error))
        raise self._unknown(call, attrs.evolve(refusal_of(answer), text=f"unreadable: {why}"))

    def _unknown(self, call: RefundCall, refusal: Refusal) -> OutcomeUnknownError:
        return outcome_unknown(call, "PayPal", str(refusal), **self._values(refusal))

    # Asking what is true.

    def _fetched(self, payment: Payment) -> PaymentReport:
        try:
            return self._asked(payment)
        except (UnreadableError, InvalidValueError) as error:
            why = plain(str(error))
        raise GatewayUnavailableError(
            f"PayPal's answer about {payment.reference} cannot be understood: {why}.", gateway=self.name
        )

    def _asked(self, payment: Payment) -> PaymentReport:
        capture_id = checked_id(payment.reference, "capture")
        capture = self._read(Resource.CAPTURE, capture_id)
        if capture.get("id") != capture_id:
            raise UnreadableError("another capture was answered")
        listing = self._read(Resource.DISPUTES_OF_CAPTURE, capture_id)
        return PaymentReport(
            reference=capture_id,
            captured=captured_of(capture),
            refunds=self._refunds(payment, capture),
            disputes=tuple(self._dispute(dispute_id) for dispute_id in dispute_ids(listing)),
            fee=fee_of(capture),
        )

    def _refunds(self, payment: Payment, capture: Record) -> tuple[RefundReport, ...] | None:
        """List the refunds of a capture by its order; None, "cannot be known", if no order is known or readable.

        Where the order was registered, `capabilities` has promised that a refund which is not listed does
        not exist; so there is no None then.
        """
        order_id = payment.group or order_of(capture)
        if order_id is None:
            return None
        answer = self._transport.read(Resource.ORDER, checked_id(order_id, "order"))
        hidden = isinstance(answer, Answer) and answer.status in (403, 404)
        if hidden and payment.group is None:
            return None
        return refunds_of(self._record(answer, "order"), payment.reference)

    def _dispute(self, dispute_id: str) -> DisputeReport:
        return dispute_report(self._read(Resource.DISPUTE, checked_id(dispute_id, "dispute")))

    def _read(self, resource: Resource, identifier: str) -> Record:
        return self._record(self._transport.read(resource, identifier), resource.name.lower())

    def _record(self, answer: Answer | Silence, what: str) -> Record:
        if isinstance(answer, Answer) and answer.status == OK and answer.record is not None:
            return answer.record
        raise self._unavailable(refusal_of(answer), what)

    def _unavailable(self, refusal: Refusal, what: str = "refund") -> GatewayUnavailableError:
        return GatewayUnavailableError(
            f"PayPal could not be asked about the {what} ({refusal}); nothing was executed; {_advice(refusal)}.",
            **self._values(refusal),
            retry_after_seconds=refusal.retry_after_seconds,
        )

    def _values(self, refusal: Refusal) -> dict[str, Any]:
        return {
            "gateway": self.name,
            "code": refusal.code,
            "http_status": refusal.http_status,
            "debug_id": refusal.debug_id,
        }

    # Webhooks.

    def _verify(self, body: bytes) -> None:
        answer = self._transport.verify(body)
        said = (answer.record or {}) if isinstance(answer, Answer) and answer.status == OK else {}
        status = said.get("verification_status")
        if status == "SUCCESS":
            return
        if status == "FAILURE":
            raise WebhookError("The PayPal webhook is not signed by PayPal for this webhook_id.")
        raise WebhookError(
            f"PayPal could not be asked whether a webhook is its own ({refusal_of(answer)}).", http_status=503
        )


def _sdk() -> Callable[[Account], Transport]:
    with late_import("PayPal", "PayPal's SDK"):
        from refundkit.gateways.paypal.client import SDKTransport
    return SDKTransport


def _advice(refusal: Refusal) -> str:
    if refusal.http_status == 401 or "access token" in refusal.text:
        return "check client_id, client_secret and live"
    if refusal.http_status == 403:
        return "give the REST app the permission for payments and disputes"
    return "ask again later" if refusal.http_status != 404 else "check account, live and the id"
