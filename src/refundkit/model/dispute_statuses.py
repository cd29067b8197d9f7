"""What shops and gateways call the states of a dispute, and what each word says about the money.

Funds are WITHDRAWN only where the word says that the money left: a case that was lost, accepted or left to
expire, a chargeback, and the open cases of gateways that take the money when they open one (law D1). An
open case of another gateway takes nothing yet; while it is open, `Capabilities.while_disputed` forbids to
refund the payment in any case.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from refundkit.model import fields
from refundkit.model.disputes import OPEN, DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.words import meaning, quoted, words

__all__ = ["NormalizedDispute", "normalize_dispute"]


@frozen(kw_only=True)
class NormalizedDispute:
    """What the word ``raw`` says about a dispute; ``is_known`` is False if nobody knows the word."""

    raw: str = field(validator=fields.text)
    stage: DisputeStage = field(validator=fields.choice(DisputeStage))
    status: DisputeStatus = field(validator=fields.choice(DisputeStatus))
    funds: DisputeFunds = field(validator=fields.choice(DisputeFunds))
    is_known: bool = field(validator=fields.flag)


def normalize_dispute(raw: object, gateway: str | None = None, *, stage: object = None) -> NormalizedDispute:
    """Say what the word *raw* means for a dispute at *gateway*. Never raises, whatever it is given.

    *stage* is the gateway's own word for the stage, where it has one (Shopify's ``type``, PayPal's
    ``dispute_life_cycle_stage``, Braintree's ``kind``). Where a gateway says it in two words, as Adyen does
    with event and ``disputeStatus``, give both: ``"CHARGEBACK_REVERSED Pending"``.

    A word that nobody knows is an open chargeback (UNKNOWN) that has taken no money: nothing may be
    refunded while it is open, and no money is written off that the gateway never said it took.

    >>> normalize_dispute("lost", "stripe").funds
    <DisputeFunds.WITHDRAWN: 'withdrawn'>
    >>> normalize_dispute("needs_response", "shopify", stage="INQUIRY").funds
    <DisputeFunds.NONE: 'none'>
    """
    known = meaning(raw, gateway, ANYWHERE, AT)
    told, status, funds = known or (DisputeStage.CHARGEBACK, DisputeStatus.UNKNOWN, DisputeFunds.NONE)
    told = meaning(stage, gateway, STAGES, {}) or told
    if told is DisputeStage.INQUIRY and status in OPEN:
        funds = DisputeFunds.NONE
    return NormalizedDispute(
        raw=quoted(raw), stage=told, status=status, funds=funds, is_known=known is not None
    )


STAGES = words(
    {
        DisputeStage.INQUIRY: "inquiry retrieval request_for_information",
        DisputeStage.CHARGEBACK: "chargeback",
        DisputeStage.PRE_ARBITRATION: "pre_arbitration second_chargeback",
        DisputeStage.ARBITRATION: "arbitration",
        DisputeStage.REVERSAL: "reversal",
    }
)

_INQUIRY = (DisputeStage.INQUIRY, DisputeStatus.NEEDS_RESPONSE, DisputeFunds.NONE)
_INQUIRY_REVIEW = (DisputeStage.INQUIRY, DisputeStatus.UNDER_REVIEW, DisputeFunds.NONE)
_INQUIRY_CLOSED = (DisputeStage.INQUIRY, DisputeStatus.CANCELED, DisputeFunds.NONE)
_PREVENTED = (DisputeStage.INQUIRY, DisputeStatus.PREVENTED, DisputeFunds.NONE)
_OPENED = (DisputeStage.CHARGEBACK, DisputeStatus.NEEDS_RESPONSE, DisputeFunds.NONE)
_REVIEW = (DisputeStage.CHARGEBACK, DisputeStatus.UNDER_REVIEW, DisputeFunds.NONE)
_OPENED_TAKEN = (DisputeStage.CHARGEBACK, DisputeStatus.NEEDS_RESPONSE, DisputeFunds.WITHDRAWN)
_REVIEW_TAKEN = (DisputeStage.CHARGEBACK, DisputeStatus.UNDER_REVIEW, DisputeFunds.WITHDRAWN)
_ACCEPTED = (DisputeStage.CHARGEBACK, DisputeStatus.ACCEPTED, DisputeFunds.WITHDRAWN)
_LOST = (DisputeStage.CHARGEBACK, DisputeStatus.LOST, DisputeFunds.WITHDRAWN)
# Nobody answered in time, which is how most chargebacks are lost.
_EXPIRED = (DisputeStage.CHARGEBACK, DisputeStatus.EXPIRED, DisputeFunds.WITHDRAWN)
_WON = (DisputeStage.CHARGEBACK, DisputeStatus.WON, DisputeFunds.REINSTATED)
_CANCELED = (DisputeStage.CHARGEBACK, DisputeStatus.CANCELED, DisputeFunds.NONE)
_REVERSED = (DisputeStage.REVERSAL, DisputeStatus.WON, DisputeFunds.REINSTATED)
_REVERSAL_REVIEW = (DisputeStage.REVERSAL, DisputeStatus.UNDER_REVIEW, DisputeFunds.REINSTATED)
_PRE_ARBITRATION_REVIEW = (DisputeStage.PRE_ARBITRATION, DisputeStatus.UNDER_REVIEW, DisputeFunds.REINSTATED)
_PRE_ARBITRATION_WON = (DisputeStage.PRE_ARBITRATION, DisputeStatus.WON, DisputeFunds.REINSTATED)
_PRE_ARBITRATION_LOST = (DisputeStage.PRE_ARBITRATION, DisputeStatus.LOST, DisputeFunds.WITHDRAWN)
_ARBITRATION_WON = (DisputeStage.ARBITRATION, DisputeStatus.WON, DisputeFunds.REINSTATED)
_ARBITRATION_LOST = (DisputeStage.ARBITRATION, DisputeStatus.LOST, DisputeFunds.WITHDRAWN)

_Meaning = tuple[DisputeStage, DisputeStatus, DisputeFunds]

ANYWHERE: Mapping[str, _Meaning] = words(
    {
        _INQUIRY: "warning_needs_response inquiry request_for_information retrieval",
        _INQUIRY_REVIEW: "warning_under_review",
        _INQUIRY_CLOSED: "warning_closed",
        _PREVENTED: "prevented",
        _OPENED: "needs_response open opened dispute_opened dispute_created",
        _REVIEW: "under_review disputed dispute_disputed",
        _OPENED_TAKEN: "chargeback",
        _ACCEPTED: "accepted auto_accepted dispute_accepted dispute_auto_accepted",
        _LOST: "lost dispute_lost",
        _EXPIRED: "expired dispute_expired",
        _WON: "won dispute_won",
        _CANCELED: "canceled cancelled dispute_canceled dispute_cancelled charge_refunded",
        _REVERSED: "chargeback_reversal chargeback_reversed",
    }
)

AT: dict[str, Mapping[str, _Meaning]] = {
    "stripe": words(
        {
            # The events funds_withdrawn and funds_reinstated tell where the money is, not how it stands.
            _OPENED_TAKEN: "needs_response appeal_needs_response",
            _REVIEW_TAKEN: "under_review appeal_under_review",
        }
    ),
    "paypal": words(
        {
            _INQUIRY: "open_inquiries",
            _OPENED: (
                "customer.dispute.created risk.dispute.created waiting_for_seller_response required_action"
            ),
            _REVIEW: "waiting_for_buyer_response required_other_party_action under_paypal_review",
            _LOST: "resolved_buyer_favour",
            # RESOLVED_WITH_PAYOUT: PayPal pays both sides.
            _WON: "resolved_seller_favour resolved_with_payout",
            _CANCELED: "canceled_by_buyer",
            # RESOLVED, DENIED and NONE say nothing without the outcome: they stay unknown, so that one asks.
        }
    ),
    "shopify": words({_OPENED_TAKEN: "needs_response", _REVIEW_TAKEN: "under_review"}),
    "adyen": words(
        {
            _INQUIRY: "notification_of_chargeback",
            _OPENED_TAKEN: "undefended chargeback_undefended",
            _REVIEW_TAKEN: "pending chargeback_pending",
            _ACCEPTED: "chargeback_accepted",
            _LOST: "chargeback_lost second_chargeback",
            _WON: "chargeback_won",
            _REVERSED: "chargeback_reversed_won",
            # Adyen hands the money back when the shop defends itself, and takes it again if that fails.
            _REVERSAL_REVIEW: "chargeback_reversed_pending",
            _PRE_ARBITRATION_REVIEW: "prearbitration_won_pending",
            _PRE_ARBITRATION_WON: "prearbitration_won prearbitration_won_won",
            _PRE_ARBITRATION_LOST: "prearbitration_lost prearbitration_lost_lost",
        }
    ),
    "checkoutcom": words(
        {
            _OPENED: "dispute_received dispute_evidence_required evidence_required",
            _REVIEW: (
                "dispute_evidence_submitted dispute_evidence_acknowledged_by_scheme evidence_under_review"
            ),
            _ARBITRATION_WON: "dispute_arbitration_won arbitration_won",
            _ARBITRATION_LOST: "dispute_arbitration_lost arbitration_lost",
        }
    ),
    "airwallex": words(
        {
            _REVIEW: "dispute.dispute_responded_by_merchant",
            _ACCEPTED: "dispute.dispute.pre_chargeback_accepted",
            _WON: "dispute.dispute_reversed",
        }
    ),
    "bluesnap": words(
        {
            _OPENED: "new working",
            _REVIEW: "completed_pending",
            _LOST: "completed_lost",
            _WON: "completed_won",
            _EXPIRED: "closed",
        }
    ),
    "rapyd": words({_OPENED: "act", _REVIEW: "rvw", _LOST: "los", _WON: "win"}),
    "novalnet": words({_LOST: "return_debit_sepa", _WON: "credit"}),
    "payme": words({_OPENED_TAKEN: "sale_chargeback", _WON: "sale_chargeback_refund"}),
    "trustpay": words({_LOST: "dbit_chargebacked chargebacked"}),
}
AT["checkout"] = AT["checkoutcom"]
