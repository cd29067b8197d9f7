"""What shops and gateways call the states of a refund, and why they say that a payment failed.

A word that is not in these tables is never a success and never a failure: it is PENDING, which keeps the
money reserved until somebody knows better (law E4).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from attrs import field, frozen

from refundkit.model import fields
from refundkit.model.disputes import DisputeStatus
from refundkit.model.payments import PaymentFailure
from refundkit.model.refunds import FailureCode, RefundStatus
from refundkit.model.words import meaning, quoted, words

__all__ = ["NormalizedStatus", "normalize_payment_failure", "normalize_status"]


def _status(owner: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    kind = DisputeStatus if isinstance(value, DisputeStatus) else RefundStatus
    fields.choice(kind)(owner, attribute, value)


@frozen(kw_only=True)
class NormalizedStatus:
    """What the word ``raw`` says about a refund, or about a dispute that was booked as a refund.

    ``failure`` is the reason that lies in the word itself, for FAILED refunds only. ``is_known`` is False if
    nobody knows the word.
    """

    raw: str = field(validator=fields.text)
    status: RefundStatus | DisputeStatus = field(validator=_status)
    failure: FailureCode | None = field(default=None, validator=fields.optional(fields.choice(FailureCode)))
    is_known: bool = field(default=True, validator=fields.flag)

    @property
    def is_dispute(self) -> bool:
        """Whether the word speaks of a dispute: its money left through a chargeback, not as a refund."""
        return isinstance(self.status, DisputeStatus)


def normalize_status(raw: object, gateway: str | None = None) -> NormalizedStatus:
    """Say what the word *raw* means for a refund at *gateway*. Never raises, whatever it is given.

    *gateway* is the kind of service ("stripe", "checkout.com"), not the name of one of several accounts;
    without it, or where it has no word of its own, a word means what it means everywhere.

    >>> normalize_status("Sent for Refund", "worldpay").status
    <RefundStatus.PENDING: 'pending'>
    >>> normalize_status("lost").is_dispute
    True
    >>> normalize_status("voided").failure
    <FailureCode.CANCELED: 'canceled'>
    """
    known = meaning(raw, gateway, ANYWHERE, AT)
    status, failure = known or _PENDING
    return NormalizedStatus(raw=quoted(raw), status=status, failure=failure, is_known=known is not None)


def normalize_payment_failure(raw: object, gateway: str | None = None) -> PaymentFailure:
    """Say why a payment failed, by the gateway's error or decline code *raw*. Never raises.

    >>> normalize_payment_failure("do_not_honor", "stripe")
    <PaymentFailure.CARD_DECLINED: 'card_declined'>
    >>> normalize_payment_failure("5120", "paypal")
    <PaymentFailure.INSUFFICIENT_FUNDS: 'insufficient_funds'>
    """
    return meaning(raw, gateway, FAILURES, FAILURES_AT) or PaymentFailure.UNKNOWN


_Meaning = tuple[RefundStatus | DisputeStatus, FailureCode | None]

_SUCCEEDED: _Meaning = (RefundStatus.SUCCEEDED, None)
_PENDING: _Meaning = (RefundStatus.PENDING, None)
_FAILED: _Meaning = (RefundStatus.FAILED, FailureCode.UNKNOWN)
_DECLINED: _Meaning = (RefundStatus.FAILED, FailureCode.DECLINED)
_RETURNED: _Meaning = (RefundStatus.FAILED, FailureCode.RETURNED)
_CANCELED: _Meaning = (RefundStatus.FAILED, FailureCode.CANCELED)

ANYWHERE: Mapping[str, _Meaning] = words(
    {
        _SUCCEEDED: (
            "succeeded success completed refunded settled payment_refunded refund_settled_successfully"
        ),
        _PENDING: (
            "pending processing queued created waiting received settling submitted_for_settlement"
            " settlement_pending awaiting_response sent_for_refund sent_for_partial_refund refund_pending"
            " refund_pending_settlement refund_requested refund_initiated refund_received"
            # A person has to do something, the money has not moved; the raw word stays on the refund.
            " requires_action manual_review pending_merchant_review"
        ),
        _FAILED: "failed failure fail refund_failed create_failed",
        _DECLINED: (
            "declined rejected payment_refund_declined refund_declined settlement_declined"
            " processor_declined gateway_rejected"
        ),
        _CANCELED: "canceled cancelled voided",
        # A refund with one of these words is a dispute that somebody booked as a refund.
        (DisputeStatus.LOST, None): "lost dispute_lost",
        (DisputeStatus.WON, None): "won dispute_won",
        (DisputeStatus.NEEDS_RESPONSE, None): "needs_response warning_needs_response chargeback",
        (DisputeStatus.UNDER_REVIEW, None): "warning_under_review",
        (DisputeStatus.CANCELED, None): "warning_closed",
    }
)

# Where a word means something else than everywhere, or would be too vague without the gateway.
AT: dict[str, Mapping[str, _Meaning]] = {
    # REFUND webhooks say success=true or false beside the event code; that is no word to look up.
    "adyen": words({_RETURNED: "refund_reversed refunded_reversed"}),
    "airwallex": words({_PENDING: "accepted"}),
    "authorizenet": words({_PENDING: "1 4", _DECLINED: "2", _FAILED: "3 general_error"}),
    "checkoutcom": words({_PENDING: "accepted"}),
    "globepay": words({_SUCCEEDED: "finished", _PENDING: "success change"}),
    "gocardless": words({_SUCCEEDED: "paid"}),
    "manual": words({_PENDING: "new"}),
    "mercadopago": words({_SUCCEEDED: "approved"}),
    "razorpay": words({_SUCCEEDED: "processed"}),
    "shopify": words({_FAILED: "error", _PENDING: "unknown"}),
}
AT["checkout"] = AT["checkoutcom"]

FAILURES = words(
    {
        PaymentFailure.INSUFFICIENT_FUNDS: "insufficient_funds balance_insufficient insufficient_balance",
        PaymentFailure.CARD_DECLINED: (
            "card_declined generic_decline do_not_honor do_not_try_again call_issuer approve_with_id"
            " authentication_required card_not_supported card_velocity_exceeded currency_not_supported"
            " invalid_amount no_action_taken not_permitted pickup_card pin_try_exceeded"
            " reenter_transaction restricted_card revocation_of_authorization security_violation"
            " service_not_allowed revocation_of_all_authorizations stop_payment_order try_again_later"
            " transaction_not_allowed withdrawal_count_limit_exceeded declined instrument_declined"
            " transaction_refused payment_denied"
        ),
        PaymentFailure.EXPIRED_CARD: "expired_card card_expired",
        PaymentFailure.INCORRECT_DETAILS: (
            "incorrect_details incorrect_number incorrect_cvc incorrect_zip incorrect_address incorrect_pin"
            " invalid_number invalid_cvc invalid_pin invalid_account invalid_expiry_month"
            " invalid_expiry_year invalid_expiry_date"
        ),
        PaymentFailure.FRAUD_PREVENTION: (
            "fraud_prevention fraudulent suspected_fraud fraud_suspected lost_card stolen_card"
            " merchant_blacklist declined_by_risk_fraud_filters highest_risk_level"
        ),
    }
)

FAILURES_AT = {
    # The processor's response codes, as PayPal documents them.
    "paypal": words(
        {
            PaymentFailure.INSUFFICIENT_FUNDS: "5120",
            PaymentFailure.CARD_DECLINED: "0500 5100 5140 5180 9100 9510 9540",
            PaymentFailure.EXPIRED_CARD: "5400",
            PaymentFailure.INCORRECT_DETAILS: "00N7 1330 1380 1382 5110 5130 5170",
            PaymentFailure.FRAUD_PREVENTION: "9500 9520",
        }
    ),
}
