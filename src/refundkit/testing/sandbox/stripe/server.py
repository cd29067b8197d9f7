"""The sandbox itself: what a test does with it, and how it answers over HTTP."""

from __future__ import annotations

import copy
import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final

import attrs

from refundkit.testing.sandbox.faults import Fault
from refundkit.testing.sandbox.messages import Reply, Request
from refundkit.testing.sandbox.server import Clock, Sandbox
from refundkit.testing.sandbox.stripe import payments, refunds
from refundkit.testing.sandbox.stripe.books import API_VERSION, ENDED, Books, Record, Scope
from refundkit.testing.sandbox.stripe.callers import Call, call_of
from refundkit.testing.sandbox.stripe.counter import Outcome, RefundCounter
from refundkit.testing.sandbox.stripe.keys import Keys
from refundkit.testing.sandbox.stripe.refusals import RefusedError, error_reply
from refundkit.testing.sandbox.stripe.routes import Routes
from refundkit.testing.sandbox.stripe.signing import signed

__all__ = ["StripeSandbox"]

WEBHOOK_SECRET: Final = "whsec_TheSecretOfTheSandbox"  # noqa: S105 - made up
IN_FLIGHT: Final = "There is currently another in-progress request using this Idempotent Key."


class StripeSandbox(Sandbox):
    """A small Stripe in a thread, for the real SDK: ``StripeGateway(base_url=sandbox.url, api_key=...)``.

    Any well-formed key opens it, and decides between test and live mode. ``livemode`` says in which mode the
    helpers here work, ``account`` for which connected account. ``webhook_secret`` signs webhooks.

    >>> with StripeSandbox() as stripe:
    ...     payment = stripe.payment(5000, "eur")
    ...     stripe.record(payment)["amount_received"]
    5000
    """

    def __init__(
        self,
        *,
        livemode: bool = False,
        account: str | None = None,
        webhook_secret: str = WEBHOOK_SECRET,
        **options: Clock,
    ) -> None:
        super().__init__(**options)
        self.scope = Scope(account, livemode)
        self.webhook_secret = webhook_secret
        self._accounts: Collection[str] = () if account is None else (account,)
        self._books = Books(self.clock)
        self._keys = Keys()
        self._counter = RefundCounter(self._books)
        self._routes = Routes(self._books, self._counter)
        self._numbers = 0

    # What a test does: payments and refunds.

    def payment(self, amount_minor: int, currency: str, *, captured: int | None = None, **more: Any) -> str:
        """Take a payment of so many of Stripe's units and return the id of its intent (``pi_…``).

        ``captured``: None for all, 0 for an authorization only. ``method``: "card", or another one whose
        refunds are not done at once ("sepa_debit", "konbini"). ``fee``: what Stripe keeps.
        """
        fee = more.pop("fee", None)
        with self.lock:
            intent = payments.take(self._books, self.scope, amount_minor, currency, **more)
            taken = amount_minor if captured is None else captured
            if taken:
                payments.capture(self._books, intent, taken, fee)
            return str(intent["id"])

    def record(self, name: str) -> Record:
        """Return a copy of the record *name* as it is now."""
        with self.lock:
            return copy.deepcopy(self._books.get(name))

    def charge_of(self, payment: str) -> Record:
        """Return a copy of the charge of a payment intent."""
        with self.lock:
            return copy.deepcopy(self._books.charge_of(payment))

    def returned(self, payment: str) -> int:
        """Return what was given back of a payment, in Stripe's units; the rest of a capture is no refund."""
        with self.lock:
            made = refunds.of_payment(self._books, self._books.charge_of(payment))
            return sum(refund["amount"] for refund in made if refund["status"] not in ENDED)

    def refund_in_dashboard(self, payment: str, amount_minor: int | None = None, **fields: Any) -> str:
        """Refund like a person in the dashboard (None: all that is left); return the refund's id."""
        with self.lock:
            charge = self._books.charge_of(payment)
            amount = refunds.check_refundable(self._books, charge, amount_minor)
            return str(refunds.make(self._books, charge, amount, **fields)["id"])

    def settle(self, refund: str, status: str, failure_reason: str | None = None) -> None:
        """Bring a refund to another status, as banks do: succeeded, failed, pending, requires_action, canceled."""
        with self.lock:
            refunds.settle(self._books, self._books.get(refund), status, failure_reason)

    def next_refund(self, status: str = "pending", **fields: Any) -> None:
        """Let the next refund that is asked for be made with this *status* (and other fields)."""
        self._counter.outcomes.append(Outcome(fields={"status": status, **fields}))

    def refuse_next(self, message: str = "The refund was refused.", **details: Any) -> None:
        """Refuse the next refund that is asked for; *details* are ``status``, ``code``, ``param``."""
        self._counter.outcomes.append(Outcome(refusal={"message": message, **details}))

    def empty_balance(self) -> None:
        """Leave too little on the balance: refunds of cards wait from now on, others are refused."""
        self._counter.is_balance_short = True

    # Disputes.

    def dispute(self, payment: str, amount_minor: int | None = None, **more: Any) -> str:
        """Open a case (all of the charge, unless told otherwise) and return its id.

        ``status``: "needs_response", or "warning_needs_response" for an inquiry. ``reason``: the bank's.
        """
        with self.lock:
            charge = self._books.charge_of(payment)
            amount = charge["amount_captured"] if amount_minor is None else amount_minor
            return str(payments.dispute(self._books, charge, amount, **more)["id"])

    def move_dispute(self, dispute: str, status: str) -> None:
        """Bring a case to another status, and its money to where it belongs then."""
        with self.lock:
            payments.move_dispute(self._books, self._books.get(dispute), status)

    # Webhooks and keys.

    def webhook(self, kind: str, about: str | Record, **more: Any) -> tuple[bytes, dict[str, str]]:
        """Return body and headers of the event *kind* about a record (or its id), signed now.

        *more*: ``secret`` and ``at_seconds`` to sign otherwise, and fields of the event.
        """
        secret, at = more.pop("secret", self.webhook_secret), more.pop("at_seconds", None)
        with self.lock:
            record = self._books.get(about) if isinstance(about, str) else about
            event = {**self._books.happened(kind, record), **more}
            body = json.dumps(event, indent=2).encode()
            return body, {
                "Stripe-Signature": signed(body, secret, self._books.seconds() if at is None else at)
            }

    def forget_keys(self) -> None:
        """Forget every idempotency key, as Stripe may after 24 hours."""
        with self.lock:
            self._keys.forget()

    @contextmanager
    def in_flight(self, key: str) -> Iterator[None]:
        """Let a request with this idempotency key be under way meanwhile: another one gets a 409."""
        self._keys.in_flight.add(key)
        try:
            yield
        finally:
            self._keys.in_flight.discard(key)

    # What Stripe does.

    def handle(self, request: Request) -> Reply:
        """Answer one request as Stripe would."""
        self._numbers += 1
        try:
            reply = self._answered(call_of(request, self._accounts))
        except RefusedError as refused:
            reply = refused.reply
        number = f"req_sandbox{self._numbers:06}"
        version = request.headers.get("stripe-version", API_VERSION)
        return attrs.evolve(reply, headers={"Request-Id": number, "Stripe-Version": version, **reply.headers})

    def refusal(self, fault: Fault, request: Request) -> Reply:
        """Say in Stripe's words what *fault* stands for; a 500 after execution stays with its key."""
        if fault is Fault.CONFLICT_409:
            return error_reply(409, IN_FLIGHT, code="idempotency_key_in_use")
        if fault is Fault.SERVER_ERROR_500:
            return self._failed(request)
        code = "lock_timeout" if fault is Fault.THROTTLED else "rate_limit"
        return error_reply(429, "Request rate limit exceeded.", code=code)

    def _failed(self, request: Request) -> Reply:
        reply = error_reply(500, "An unknown error occurred.", type="api_error")
        with self.lock:
            self._keys.spoil(request.headers.get("idempotency-key", ""), reply)
        return reply

    def _answered(self, call: Call) -> Reply:
        key = call.request.headers.get("idempotency-key")
        if call.request.method != "POST" or key is None:
            return Reply(body=self._routes.answer(call))
        return self._once(call, key)

    def _once(self, call: Call, key: str) -> Reply:
        slot, question = (call.scope, key), (call.request.path, call.request.body)
        kept = self._keys.find(slot, question)
        if kept is not None:
            return kept
        try:
            reply = Reply(body=self._routes.answer(call), headers={"Idempotency-Key": key})
        except RefusedError as refused:
            if refused.is_kept:
                self._keys.keep(slot, question, refused.reply)
            raise
        self._keys.keep(slot, question, reply)
        return reply
