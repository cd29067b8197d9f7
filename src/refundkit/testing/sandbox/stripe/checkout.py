"""The little of a checkout that a test needs to take money through the SDK: a card, an intent, a capture."""

from __future__ import annotations

from typing import Final

from refundkit.testing.sandbox.stripe import payments
from refundkit.testing.sandbox.stripe.books import Books, Record
from refundkit.testing.sandbox.stripe.callers import Call
from refundkit.testing.sandbox.stripe.forms import check_names, metadata, whole_number
from refundkit.testing.sandbox.stripe.refusals import refuse

__all__ = ["cancel_intent", "capture_intent", "create_intent", "create_method"]

METHOD: Final = frozenset({"type", "card", "metadata", "expand"})
INTENT: Final = frozenset(
    {
        "amount",
        "capture_method",
        "confirm",
        "currency",
        "expand",
        "metadata",
        "payment_method",
        "payment_method_types",
    }
)
CAPTURE: Final = frozenset({"amount_to_capture", "expand"})


def create_method(books: Books, call: Call) -> Record:
    """Keep a payment method; its number is not kept."""
    check_names(call.form, METHOD)
    kind = call.form.get("type", "card")
    return books.add(
        call.scope, "pm", {"object": "payment_method", "type": kind, "metadata": metadata(call.form)}
    )


def create_intent(books: Books, call: Call) -> Record:
    """Take a payment at once; with ``capture_method=manual`` only authorize it."""
    form = call.form
    check_names(form, INTENT)
    amount = whole_number(form, "amount")
    if amount is None or form.get("confirm") != "true" or "payment_method" not in form:
        refuse("The sandbox takes payments with amount, payment_method and confirm=True.", is_kept=False)
    method = books.find(call.scope, "payment_method", form["payment_method"], "payment_method")["type"]
    currency = str(form.get("currency"))
    intent = payments.take(books, call.scope, amount, currency, method=method, metadata=metadata(form))
    if form.get("capture_method") != "manual":
        intent["capture_method"] = "automatic"
        payments.capture(books, intent, amount)
    return intent


def capture_intent(books: Books, call: Call) -> Record:
    """Capture an authorized payment, or a part of it."""
    check_names(call.form, CAPTURE)
    intent = _authorized(books, call, "captured")
    amount = whole_number(call.form, "amount_to_capture", most=intent["amount"])
    payments.capture(books, intent, intent["amount"] if amount is None else amount)
    return intent


def cancel_intent(books: Books, call: Call) -> Record:
    """Give up an authorized payment: no money ever moved."""
    intent = _authorized(books, call, "canceled")
    intent.update(status="canceled", amount_capturable=0)
    return intent


def _authorized(books: Books, call: Call, what: str) -> Record:
    name = call.request.path.split("/")[3]
    intent = books.find(call.scope, "payment_intent", name, "intent")
    if intent["status"] != "requires_capture":
        refuse(
            f"This PaymentIntent could not be {what} because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    return intent
