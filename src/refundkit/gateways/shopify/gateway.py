"""The gateway to one Shopify shop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar

from refundkit.errors import (
    GatewayUnavailableError,
    InvalidValueError,
    WebhookError,
)
from refundkit.gateways.base import Capabilities, Gateway, RefundCall, Webhook, WhileDisputed
from refundkit.gateways.guards import Hidden, checked_secrets
from refundkit.gateways.outcomes import Meaning, about, declined, not_sent, outcome_unknown
from refundkit.gateways.records import UnreadableError, inner, thawed
from refundkit.gateways.shopify.amounts import CURRENCIES
from refundkit.gateways.shopify.answers import (
    Failure,
    Reply,
    failure_of_user_errors,
    unreadable,
)
from refundkit.gateways.shopify.disputes import (
    dispute_id,
    dispute_report,
    disputed_amount,
    disputed_payment,
)
from refundkit.gateways.shopify.documents import REFUND_CREATE
from refundkit.gateways.shopify.importing import order_of
from refundkit.gateways.shopify.options import API_VERSION, Connection, checked_test
from refundkit.gateways.shopify.reader import AskedInVainError, Reader
from refundkit.gateways.shopify.reading import Books, created_refund, refund_reports
from refundkit.gateways.shopify.refund_input import (
    checked_order,
    is_complete,
    refund_input,
    require_order,
)
from refundkit.gateways.shopify.session import Session
from refundkit.gateways.shopify.webhooks import orders_of, verify
from refundkit.model.orders import Order
from refundkit.model.payments import Payment
from refundkit.model.refunds import Refund
from refundkit.model.reports import DisputeReport, PaymentReport, RefundReport

__all__ = ["CAPABILITIES", "ShopifyGateway"]

T = TypeVar("T")

CAPABILITIES: Final = Capabilities(
    currencies=CURRENCIES,
    idempotency_window=timedelta(hours=20),  # Shopify keeps keys for 24 h from the first request
    while_disputed=WhileDisputed.NOTHING,
    while_inquiry=WhileDisputed.ANYTHING,
    echoes_refund_id=True,
    knows_absence=True,
)


class ShopifyGateway(Gateway):
    """Gives money back through one Shopify shop.

    ``shop`` is its myshopify.com name. ``token`` is an Admin API access token, or a function that returns
    one: it is called for each request, and again when Shopify refuses the token. ``webhook_secrets`` is the
    app's client secret, or several while one is replaced by the next. ``timeout`` is (connect, read) in
    seconds. ``base_url`` is another server to ask, for tests. ``test`` says whether it is for test orders
    (None: both; a shop's token does not tell). Tokens and secrets never show in a repr, in ``vars()``, in a
    pickle or in an exception (law S2).

    Raises:
        PluginError: if httpx is not installed.
        InvalidValueError: if an option cannot be meant.
    """

    kind = "shopify"

    def __init__(
        self,
        *,
        shop: str,
        token: str | Callable[[], str],
        webhook_secrets: str | tuple[str, ...] = (),
        name: str = "shopify",
        api_version: str = API_VERSION,
        base_url: str | None = None,
        timeout: tuple[float, float] = (5, 30),
        test: bool | None = None,
    ) -> None:
        self.name = name
        self.test = checked_test(test)
        self.shop = shop
        self._secrets = Hidden(checked_secrets(webhook_secrets, "the app's client secret"))
        connection = Connection(shop=shop, api_version=api_version, base_url=base_url, timeout=timeout)
        self._session = Session(connection, token)
        self._reader = Reader(self._session)

    def capabilities(self, payment: Payment) -> Capabilities:
        """Say what Shopify can do: parts, several times, and nothing while a chargeback is open."""
        return CAPABILITIES

    def prepare(self, refund: Refund, payment: Payment) -> Mapping[str, Any]:
        """Return the RefundInput: one amount for one parent transaction, and our id in the note.

        Raises:
            InvalidValueError: if an id is not one of Shopify's, or the currency is unknown to it.
        """
        return refund_input(refund, payment)

    def refund(self, call: RefundCall) -> RefundReport:
        """Send the stored input with the refund's id as idempotency key.

        It is sent once, and once more only if Shopify refuses the token and there is a new one. The desk
        checks ``call.deadline`` right before.

        Raises:
            GatewayUnavailableError: if nothing was executed: no connection, a refused token, throttled.
            OutcomeUnknownError: if the answer is missing, unreadable, or says that it may have been executed.
        """
        variables = {"input": self._checked(call), "key": call.refund.id}
        answer = self._session.ask(REFUND_CREATE, variables)
        made = answer if isinstance(answer, Failure) else _made(call, answer)
        if not isinstance(made, Failure):
            return made
        if made.meaning is Meaning.DECLINED:
            return declined(call, made.decline, made.text or made.kind)
        if made.meaning is Meaning.NOT_EXECUTED:
            raise self._unavailable(made)
        raise outcome_unknown(call, "Shopify", made.told, **self._values(made))

    def fetch(self, payments: tuple[Payment, ...]) -> tuple[PaymentReport, ...]:
        """Ask Shopify for each order once: captured money, every refund and every dispute of its payments.

        Raises:
            GatewayUnavailableError: if Shopify could not be asked or understood; nothing is changed by asking.
        """
        return self._read(lambda: self._fetched(payments))

    def parse_webhook(self, webhook: Webhook) -> tuple[str, ...]:
        """Verify *webhook*, then return the id of the order that it is about; none for other news.

        Raises:
            WebhookError: if it is forged or unreadable.
        """
        if not self._secrets():
            raise WebhookError(
                f"Gateway {self.name} takes no webhooks: it has no webhook_secrets.", http_status=404
            )
        verify(webhook, self._secrets)
        return orders_of(webhook)

    def import_order(self, reference: str) -> Order:
        """Build an Order from Shopify's order *reference* (``gid://shopify/Order/…``), ready to be registered.

        What was given back already is not in it; the next fetch finds that.

        Raises:
            GatewayUnavailableError: if Shopify could not be asked or understood.
            InvalidValueError: if *reference* is no order's id, or the order was edited to cost less.
        """
        checked_order(reference)
        record = self._read(lambda: self._reader.order(reference))
        items = self._read(lambda: tuple(self._reader.line_items(reference)))
        return self._understood(lambda: order_of(record, items, self.name))

    def _checked(self, call: RefundCall) -> dict[str, Any]:
        """Thaw the stored request; one without its transaction would let Shopify decide."""
        request: dict[str, Any] = thawed(call.request)
        if is_complete(request, call.refund.id):
            return request
        raise not_sent(call, self.name, "is no refund of one transaction")

    def _fetched(self, payments: tuple[Payment, ...]) -> tuple[PaymentReport, ...]:
        orders = {payment.group: payment for payment in payments}
        reports: dict[str, PaymentReport] = {}
        for group, payment in orders.items():
            asked = tuple(one.reference for one in payments if one.group == group)
            reports.update(self._order_reports(require_order(payment), asked))
        return tuple(reports[payment.reference] for payment in payments)

    def _order_reports(self, order_id: str, asked: tuple[str, ...]) -> dict[str, PaymentReport]:
        books = self._reader.books(order_id)
        if missing := [name for name in asked if name not in books.transactions]:
            raise UnreadableError(f"order {order_id} has no transaction {missing[0]}")
        disputes = self._disputes(books, asked)
        return {
            name: PaymentReport(
                reference=name,
                captured=books.transactions[name].captured,
                refunds=refund_reports(books, name, asked),
                disputes=tuple(report for payment, report in disputes if payment == name),
            )
            for name in asked
        }

    def _disputes(self, books: Books, asked: tuple[str, ...]) -> list[tuple[str, DisputeReport]]:
        found = []
        for summary in books.disputes:
            details = self._reader.dispute(dispute_id(summary))
            payment = disputed_payment(books, asked, disputed_amount(details or {}))
            found.append((payment.id, dispute_report(summary, details, payment)))
        return found

    def _read(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except AskedInVainError as error:
            failure = error.failure
        except (UnreadableError, InvalidValueError) as error:
            failure = Failure(meaning=Meaning.UNKNOWN, kind="unreadable answer", text=str(error))
        raise self._unavailable(failure)

    def _understood(self, call: Callable[[], T]) -> T:
        """Let InvalidValueError through: the order is readable, but cannot be an Order here."""
        try:
            return call()
        except UnreadableError as error:
            failure = Failure(meaning=Meaning.UNKNOWN, kind="unreadable answer", text=str(error))
        raise self._unavailable(failure)

    def _unavailable(self, failure: Failure) -> GatewayUnavailableError:
        return GatewayUnavailableError(
            f"Shopify could not be asked ({failure.told}); nothing was executed; {_advice(failure)}.",
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


def _made(call: RefundCall, reply: Reply) -> RefundReport | Failure:
    """Read what refundCreate did; a Refund beside user errors was made all the same."""
    payload = inner(reply.content["data"], "refundCreate")
    try:
        report = created_refund(payload)
        if report is not None:
            return about(call, report)
    except (UnreadableError, InvalidValueError) as error:
        return unreadable(reply, str(error))
    errors = payload.get("userErrors")
    if isinstance(errors, list) and errors:
        return failure_of_user_errors(reply, errors)
    return unreadable(reply, "neither a refund nor a user error")


def _advice(failure: Failure) -> str:
    if failure.retry_after_seconds is not None:
        return f"ask again in {failure.retry_after_seconds:.1f} seconds"
    if failure.http_status in (401, 403) or "ACCESS_DENIED" in failure.code:
        return "check the token and the app's scopes"
    return "ask again later"
