"""Words for life: what is written into databases and exports, and read by other programs, stays spelled as it is."""

import pytest

from refundkit.model.capabilities import WhileDisputed
from refundkit.model.deliveries import DeliveryMove, DeliveryStatus
from refundkit.model.disputes import DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.documents import DocumentKind
from refundkit.model.events import EventKind
from refundkit.model.lines import LineKind
from refundkit.model.marks import FlagKind
from refundkit.model.parties import ActorKind
from refundkit.model.payments import PaymentFailure, PaymentStatus
from refundkit.model.refunds import FailureCode, RefundOrigin, RefundStatus
from refundkit.model.requests import Purpose, RefundReason
from refundkit.model.standing import OrderStatus

# New words may come; none of these may go, or be spelled otherwise.
WORDS = {
    ActorKind: "customer staff system gateway",
    DeliveryMove: "deliver redeliver revoke",
    DeliveryStatus: "pending delivered failed dead_lettered revoked revocation_failed",
    DisputeFunds: "none withdrawn reinstated",
    DisputeStage: "inquiry chargeback pre_arbitration arbitration reversal",
    DisputeStatus: "needs_response under_review accepted won lost expired canceled prevented unknown",
    DocumentKind: "billing_invoice delivery_invoice payment_confirmation paid_undelivered_list other",
    FailureCode: "insufficient_funds already_refunded window_closed returned declined disputed canceled "
    "unavailable mismatch unknown",
    FlagKind: "over_refunded mismatched revived repeated unattributed ambiguous undecided overdue",
    LineKind: "item shipping fee",
    OrderStatus: "pending failed paid partially_delivered delivered partially_refunded refunded disputed rejected",
    PaymentFailure: "insufficient_funds card_declined expired_card incorrect_details fraud_prevention unknown",
    PaymentStatus: "pending authorized captured failed voided",
    Purpose: "refund reject",
    RefundOrigin: "request rebuilt external",
    RefundReason: "damaged duplicate fraudulent not_received wrong_item customer_satisfaction changed_mind "
    "order_change other",
    RefundStatus: "planned submitted pending succeeded failed",
    WhileDisputed: "nothing remainder anything",
}
EVENTS = {
    "order": "registered revised rejected flagged acknowledged annotated redelivered",
    "document": "added removed",
    "payment": "recorded confirmed",
    "refund": "requested submitted resubmitted unclear pending succeeded failed failed_after_success reopened "
    "revived adopted rebuilt mismatched",
    "dispute": "opened updated won lost closed",
    "delivery": "added delivered failed dead_lettered retried revoked revocation_failed downloaded",
    "customer": "notified not_notified",
    "credit_note": "issued",
}


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_a_word_is_its_name_in_small_letters(kind):
    """Law T5: what was written years ago is read as what it was."""
    for word in WORDS[kind].split():
        assert kind[word.upper()].value == word


@pytest.mark.parametrize("about", EVENTS)
def test_an_event_is_called_by_what_it_is_about_and_what_happened(about):
    """Law T4: listeners in other programs know events by these words."""
    for what in EVENTS[about].split():
        assert EventKind[f"{about}_{what}".upper()].value == f"{about}.{what}"


def test_every_word_is_here():
    """A new word comes into the table, before it comes into a database."""
    assert {kind: {one.value for one in kind} for kind in WORDS} == {
        kind: set(words.split()) for kind, words in WORDS.items()
    }
    assert {one.value for one in EventKind} == {
        f"{about}.{what}" for about, whats in EVENTS.items() for what in whats.split()
    }
