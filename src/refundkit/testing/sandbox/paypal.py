"""A PayPal for tests: captures, refunds, orders, disputes and webhooks, driven through the real SDK.

It is as strict as PayPal says it is: amounts in PayPal's decimals, keys that are kept for 45 days, refunds
for 180, no part of a disputed payment. What PayPal's documentation leaves open is chosen and named where it is.
"""

from __future__ import annotations

import base64
import json
import re
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs

from refundkit.gateways.paypal.gateway import PayPalGateway
from refundkit.model.payments import Payment
from refundkit.money import Money
from refundkit.testing.sandbox.faults import Fault
from refundkit.testing.sandbox.messages import Reply, Request
from refundkit.testing.sandbox.paypal_amounts import check_fields, money_of, object_of
from refundkit.testing.sandbox.paypal_books import Books, Capture, Dispute, Refund
from refundkit.testing.sandbox.paypal_refusals import RefusedError, refusal, unauthorized
from refundkit.testing.sandbox.paypal_webhooks import FIELDS, headers_of, is_signed, raw_event
from refundkit.testing.sandbox.server import RETRY_AFTER_SECONDS, Sandbox

__all__ = ["PayPalSandbox"]

CLIENT_ID: Final = "AThisIsTheClientIdOfASandbox"
CLIENT_SECRET: Final = "EThisIsTheVerySecretSecretOfASandbox"  # noqa: S105 - made up, and no secret to anybody
WEBHOOK_ID: Final = "8PT597110X687430LKGECATA"
TOKEN_PATH: Final = "/v1/oauth2/token"  # noqa: S105 - a path
KEY_LIFE: Final = timedelta(days=45)
REFUND_LIFE: Final = timedelta(days=180)
# The decisions after which the seller's money is with the buyer.
LOST: Final = frozenset({"RESOLVED_BUYER_FAVOUR", "ACCEPTED"})

_REFUND = re.compile(r"/v2/payments/captures/([^/]+)/refund")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class PayPalSandbox(Sandbox):
    """PayPal in a thread.

    ``tokens`` counts the access tokens handed out, each good for ``token_seconds``; ``denied`` holds paths that
    the app has no permission for. `next_refund` and `refuse_next` plan what PayPal decides, ``faults`` what else
    goes wrong; token requests meet no fault unless ``where`` names them.

    >>> with PayPalSandbox() as paypal:
    ...     gateway = paypal.gateway()
    ...     payment = paypal.capture("50.00", "EUR")
    ...     (report,) = gateway.fetch((payment,))
    ...     report.captured
    Money('50.00', 'EUR')
    """

    def __init__(self, *, clock: Callable[[], datetime] = _utc_now) -> None:
        super().__init__(clock=clock)
        self.books = Books()
        self.token_seconds = 32_400
        self.tokens = 0
        self.denied: set[str] = set()
        self._statuses: deque[str] = deque()
        self._refusals: deque[tuple[int, str]] = deque()
        self._tokens: set[str] = set()
        self._keys: dict[tuple[str, str], tuple[datetime, str]] = {}
        self._transmissions = 0

    # What a shop does with it in its tests.

    def gateway(self, **options: Any) -> PayPalGateway:
        """Make a gateway that asks this sandbox."""
        own = {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "webhook_id": WEBHOOK_ID,
            "live": False,
            "base_url": self.url,
        }
        return PayPalGateway(**{**own, **options})

    def capture(self, amount: str, currency: str, *, order_id: str | None = None, **more: Any) -> Payment:
        """Take money, in an order of its own or in *order_id*; return the payment for ``Order(payments=...)``.

        *more* goes to the capture: ``status="PENDING"``, ``custom_id``, ``tells_order=False``.
        """
        money = Money.of(amount, currency)
        with self.lock:
            capture = Capture(
                id=self.books.next_id("C"),
                order_id=order_id or self.books.next_id("O"),
                amount=money,
                at=self.clock(),
                **more,
            )
            self.books.captures[capture.id] = capture
        return Payment(
            id=capture.id,
            gateway="paypal",
            reference=capture.id,
            group=capture.order_id,
            captured=money,
            captured_at=capture.at,
        )

    def refunds(self, capture_id: str) -> tuple[Refund, ...]:
        """Return the refunds of one capture, oldest first."""
        with self.lock:
            return tuple(self.books.refunds_of(capture_id))

    def refund_in_dashboard(self, capture_id: str, amount: str, *, custom_id: str | None = None) -> str:
        """Give money back as a person would in PayPal's dashboard; return the id of the refund."""
        with self.lock:
            capture = self.books.captures[capture_id]
            money = Money.of(amount, capture.amount.currency)
            return self.books.add_refund(capture, money, at=self.clock(), custom_id=custom_id).id

    def settle(self, refund_id: str, status: str) -> None:
        """Let a refund come to another status, as a bank would days later."""
        with self.lock:
            refund = self.books.refunds[refund_id]
            refund.status, refund.reason = status, refund.reason if status == "FAILED" else None

    def open_dispute(self, capture_id: str, *, stage: str = "INQUIRY", **more: Any) -> str:
        """Open a case; *more* are fields of `Dispute` (``amount``, ``reason``, ``status``, ``state``)."""
        with self.lock:
            capture = self.books.captures[capture_id]
            is_inquiry = stage == "INQUIRY"
            own = {
                "amount": capture.amount,
                "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
                "status": "OPEN" if is_inquiry else "WAITING_FOR_SELLER_RESPONSE",
                "state": "OPEN_INQUIRIES" if is_inquiry else "REQUIRED_ACTION",
            }
            name = f"PP-D-{len(self.books.disputes) + 1:05d}"
            self.books.disputes[name] = Dispute(
                id=name, capture_id=capture_id, at=self.clock(), stage=stage, **{**own, **more}
            )
            return name

    def escalate_dispute(self, dispute_id: str, stage: str = "CHARGEBACK") -> None:
        """Make a claim of an inquiry: now PayPal decides."""
        with self.lock:
            dispute = self.books.disputes[dispute_id]
            dispute.stage, dispute.status, dispute.state = stage, "UNDER_REVIEW", "UNDER_PAYPAL_REVIEW"

    def resolve_dispute(self, dispute_id: str, outcome: str, *, taken: str | None = None) -> None:
        """Close a case; when the buyer wins, *taken* (all that was disputed, unless said) leaves the seller."""
        with self.lock:
            dispute = self.books.disputes[dispute_id]
            dispute.status, dispute.state, dispute.outcome = "RESOLVED", "RESOLVED", outcome
            if taken is not None:
                dispute.taken = Money.of(taken, dispute.amount.currency)
            elif outcome in LOST:
                dispute.taken = dispute.amount

    def next_refund(self, status: str = "PENDING") -> None:
        """Let the next refund come to this *status* first; `settle` it later."""
        self._statuses.append(status)

    def refuse_next(self, issue: str, *, status: int = 422) -> None:
        """Refuse the next refund with *issue*, whatever it asks for."""
        self._refusals.append((status, issue))

    def revoke_tokens(self) -> None:
        """Take no access token any more that was handed out before."""
        with self.lock:
            self._tokens.clear()

    def webhook(
        self, event_type: str, subject: str, *, at: datetime | None = None, webhook_id: str = WEBHOOK_ID
    ) -> dict[str, Any]:
        """Return body and headers of a webhook about a capture, refund, order or dispute, signed now.

        For `RefundDesk.receive`: ``desk.receive("paypal", **sandbox.webhook("PAYMENT.CAPTURE.REFUNDED", refund_id))``.
        """
        with self.lock:
            kind, resource = self._shown(subject)
            self._transmissions += 1
            number = self._transmissions
        at = at or self.clock()
        event = {
            "id": f"WH-{number:017d}-67976317FL4543714",
            "create_time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "resource_type": kind,
            "event_type": event_type,
            "summary": "A payment changed.",
            "resource": resource,
        }
        body = json.dumps(event).encode()
        return {"body": body, "headers": headers_of(body, webhook_id, number=number, at=at)}

    def _shown(self, subject: str) -> tuple[str, Mapping[str, Any]]:
        books = self.books
        if subject in books.refunds:
            return "refund", books.refund_record(books.refunds[subject])
        if subject in books.captures:
            return "capture", books.capture_record(books.captures[subject])
        if subject in books.disputes:
            return "dispute", books.dispute_record(books.disputes[subject])
        return "checkout-order", books.order_record(subject)

    # What PayPal does.

    def is_faulty(self, request: Request) -> bool:
        """Spare the token requests."""
        return request.path != TOKEN_PATH

    def refusal(self, fault: Fault, request: Request) -> Reply:
        """Say it as PayPal does."""
        if fault is Fault.CONFLICT_409:
            return refusal(409, "PREVIOUS_REQUEST_IN_PROGRESS")
        if fault is Fault.SERVER_ERROR_500:
            return refusal(500)
        reply = refusal(429)
        wait = {"Retry-After": str(RETRY_AFTER_SECONDS)} if fault is Fault.RATE_LIMIT_429 else {}
        return Reply(status=429, headers={**reply.headers, **wait}, body=reply.body)

    def handle(self, request: Request) -> Reply:
        """Answer one request."""
        if request.path == TOKEN_PATH:
            return self._token(request)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
            return unauthorized("invalid_token", "Token signature verification failed")
        if any(request.path.startswith(path) for path in self.denied):
            return refusal(403, "PERMISSION_DENIED")
        try:
            return self._routed(request)
        except RefusedError as refused:
            return refusal(refused.status, refused.issue, field=refused.field)

    def _token(self, request: Request) -> Reply:
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {expected}":
            return unauthorized("invalid_client", "Client Authentication failed")
        if parse_qs(request.body.decode()) != {"grant_type": ["client_credentials"]}:
            return Reply(status=400, body={"error": "unsupported_grant_type"})
        self.tokens += 1
        token = f"A21AASandboxToken{self.tokens:05d}"
        self._tokens.add(token)
        body = {"access_token": token, "token_type": "Bearer", "expires_in": self.token_seconds}
        return Reply(body={"scope": "https://uri.paypal.com/services/payments/refund", **body})

    def _routed(self, request: Request) -> Reply:
        books, path = self.books, request.path
        if request.method == "POST" and (match := _REFUND.fullmatch(path)):
            return self._refund(request, _found(books.captures, match[1]))
        if request.method == "POST" and path == "/v1/notifications/verify-webhook-signature":
            return self._verify(request)
        if request.method == "GET" and path == "/v1/customer/disputes":
            return self._disputes(request)
        folder, _, name = path.rpartition("/")
        shelf = self._shelves().get(folder) if request.method == "GET" else None
        if shelf is None:
            raise RefusedError(404, "INVALID_RESOURCE_ID")
        table, show = shelf
        return Reply(body=show(_found(table, name)))

    def _shelves(self) -> Mapping[str, tuple[Mapping[str, Any], Callable[[Any], Mapping[str, Any]]]]:
        books = self.books
        orders = {capture.order_id: capture.order_id for capture in books.captures.values()}
        return {
            "/v2/payments/captures": (books.captures, books.capture_record),
            "/v2/payments/refunds": (books.refunds, books.refund_record),
            "/v2/checkout/orders": (orders, books.order_record),
            "/v1/customer/disputes": (books.disputes, books.dispute_record),
        }

    def _disputes(self, request: Request) -> Reply:
        if set(request.query) - {"disputed_transaction_id", "page_size"} or not request.query:
            raise RefusedError(400, "INVALID_PARAMETER_VALUE")
        size = int(request.query.get("page_size", "10"))
        if not 1 <= size <= 50:
            raise RefusedError(400, "INVALID_PARAMETER_VALUE", field="page_size")
        found = list(self.books.disputes_of(request.query["disputed_transaction_id"]))
        links = [{"href": "https://api.sandbox.paypal.com/v1/customer/disputes", "rel": "self"}]
        if len(found) > size:
            links.append({"href": "https://api.sandbox.paypal.com/v1/customer/disputes?next", "rel": "next"})
        items = [self.books.dispute_summary(dispute) for dispute in found[:size]]
        return Reply(body={**({"items": items} if items else {}), "links": links})

    def _verify(self, request: Request) -> Reply:
        asked = object_of(request)
        if set(asked) != {*FIELDS, "webhook_id", "webhook_event"}:
            raise RefusedError(400, "MISSING_REQUIRED_PARAMETER")
        right = asked["webhook_id"] == WEBHOOK_ID and is_signed(asked, raw_event(request.body))
        return Reply(body={"verification_status": "SUCCESS" if right else "FAILURE"})

    def _refund(self, request: Request, capture: Capture) -> Reply:
        """Refund once per key: a known one is answered with the latest status, whatever the body says now.

        Whether PayPal remembers a refusal under its key is nowhere written; here it does not.
        """
        key = (capture.id, request.headers.get("paypal-request-id", ""))
        minimal = "return=representation" not in request.headers.get("prefer", "")
        known_since, known = self._keys.get(key, (None, ""))
        if known_since is None or self.clock() - known_since > KEY_LIFE:
            known = self._new_refund(object_of(request), capture).id
            if key[1]:
                self._keys[key] = (self.clock(), known)
        record = self.books.refund_record(self.books.refunds[known], minimal=minimal)
        return Reply(status=201, body=record)

    def _new_refund(self, body: Mapping[str, Any], capture: Capture) -> Refund:
        check_fields(body)
        amount = money_of(body["amount"]) if "amount" in body else self.books.left(capture)
        if self._refusals:
            raise RefusedError(*self._refusals.popleft())
        self._check_state(capture, amount)
        status = self._statuses.popleft() if self._statuses else "COMPLETED"
        return self.books.add_refund(
            capture,
            amount,
            at=self.clock(),
            status=status,
            reason="ECHECK" if status == "PENDING" else None,
            custom_id=body.get("custom_id"),
        )

    def _check_state(self, capture: Capture, amount: Money) -> None:
        left = self.books.left(capture)
        if capture.status == "PENDING":
            raise RefusedError(422, "PENDING_CAPTURE")
        if capture.status != "COMPLETED":
            raise RefusedError(422, "REFUND_NOT_ALLOWED")
        if amount.currency != capture.amount.currency:
            raise RefusedError(422, "REFUND_CAPTURE_CURRENCY_MISMATCH")
        if self.clock() - capture.at > REFUND_LIFE:
            raise RefusedError(422, "REFUND_TIME_LIMIT_EXCEEDED")
        if left.is_zero and self.books.taken(capture).is_positive:
            raise RefusedError(422, "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK")
        if left.is_zero:
            raise RefusedError(422, "CAPTURE_FULLY_REFUNDED")
        if amount > left:
            raise RefusedError(422, "REFUND_AMOUNT_EXCEEDED", field="/amount/value")
        if amount < left and any(dispute.is_open for dispute in self.books.disputes_of(capture.id)):
            raise RefusedError(422, "TRANSACTION_DISPUTED")


def _found(table: Mapping[str, Any], name: str) -> Any:
    if name not in table:
        raise RefusedError(404, "INVALID_RESOURCE_ID")
    return table[name]
