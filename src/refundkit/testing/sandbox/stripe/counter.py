"""What Stripe does when it is asked about refunds."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from attrs import field, frozen

from refundkit.testing.sandbox.stripe import refunds
from refundkit.testing.sandbox.stripe.books import Books, Record
from refundkit.testing.sandbox.stripe.callers import Call
from refundkit.testing.sandbox.stripe.forms import PARAMETERS, Form, check_names, flag, metadata, whole_number
from refundkit.testing.sandbox.stripe.refusals import refuse

__all__ = ["Outcome", "RefundCounter"]

REASONS: Final = ("duplicate", "fraudulent", "requested_by_customer")


@frozen(kw_only=True)
class Outcome:
    """What a test wants of the next refund: a ``refusal`` (text and details), or ``fields`` of the refund."""

    refusal: Mapping[str, Any] | None = None
    fields: Mapping[str, Any] = field(factory=dict)


class RefundCounter:
    """Where refunds are asked for. ``outcomes`` is what becomes of the next ones, one after the other."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.outcomes: deque[Outcome] = deque()
        self.is_balance_short = False

    def create(self, call: Call) -> Record:
        """Give money back: of a charge or of a payment intent, an amount or all that is left."""
        form = call.form
        check_names(form, PARAMETERS["create refund"])
        amount, notes = whole_number(form, "amount"), metadata(form)
        _check_words(form)
        charge = self._charge_for(call)
        outcome = self.outcomes.popleft() if self.outcomes else Outcome()
        if outcome.refusal is not None:
            refuse(**outcome.refusal)
        wanted = refunds.check_refundable(self.books, charge, amount)
        fields = {**self._held(charge), **outcome.fields}
        return refunds.make(self.books, charge, wanted, metadata=notes, reason=form.get("reason"), **fields)

    def update(self, call: Call) -> Record:
        """Change metadata, and nothing else; an empty value removes its key."""
        check_names(call.form, PARAMETERS["update refund"])
        refund, changes = self.books.find(call.scope, "refund", call.name), metadata(call.form)
        before = copy.deepcopy(refund)
        merged = {**refund["metadata"], **changes}
        refund["metadata"] = {key: value for key, value in merged.items() if value}
        self.books.happened("refund.updated", refund, before)
        return refund

    def cancel(self, call: Call) -> Record:
        """Cancel a refund that waits for the customer."""
        return self._end(call, "canceled", "merchant_request")

    def expire(self, call: Call) -> Record:
        """Let the customer not answer in time (a test helper of Stripe's own)."""
        return self._end(call, "failed", "unknown")

    def _end(self, call: Call, status: str, reason: str) -> Record:
        name = call.request.path.split("/")[-2]
        refund = self.books.find(call.scope, "refund", name)
        if refund["status"] != "requires_action":
            refuse(f"Refund {name} has a status of {refund['status']}; it must be requires_action.")
        refunds.settle(self.books, refund, status, reason)
        return refund

    def _charge_for(self, call: Call) -> Record:
        form = call.form
        named = [name for name in ("charge", "payment_intent") if name in form]
        if not named:
            refuse(
                "One of the following params should be provided for this request: payment_intent or charge.",
                is_kept=False,
                code="parameter_missing",
            )
        if len(named) == 2:
            refuse(
                "You may only specify one of these parameters: charge, payment_intent.",
                is_kept=False,
                code="parameters_exclusive",
            )
        record = self.books.find(call.scope, named[0], form[named[0]], named[0])
        return self.books.charge_of(record["id"])

    def _held(self, charge: Record) -> Mapping[str, Any]:
        """While Stripe's balance is too small, a card's refund waits, and any other is refused."""
        if not self.is_balance_short:
            return {}
        if not charge["id"].startswith("ch_"):
            refuse(
                "Insufficient funds in your Stripe balance to refund this amount.",
                code="balance_insufficient",
            )
        return {"status": "pending", "pending_reason": "insufficient_funds"}


def _check_words(form: Form) -> None:
    """Refuse words where Stripe takes others, and what only other kinds of payments have."""
    if form.get("reason", REASONS[0]) not in REASONS:
        refuse(
            "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer",
            is_kept=False,
            param="reason",
        )
    for name in ("currency", "customer", "origin"):
        if name in form:
            refuse(f"{name} is for refunds of a customer's balance only.", is_kept=False, param=name)
    for name in ("refund_application_fee", "reverse_transfer"):
        if flag(form, name):
            refuse(f"{name} needs a charge with a transfer or an application fee.", is_kept=False, param=name)
