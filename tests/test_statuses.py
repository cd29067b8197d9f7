"""The words of shops and gateways: what each means for a refund, a dispute, a failed payment."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refundkit.errors import InvalidValueError
from refundkit.model import statuses
from refundkit.model.dispute_statuses import normalize_dispute
from refundkit.model.disputes import OPEN, DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.payments import PaymentFailure
from refundkit.model.refunds import FailureCode, RefundStatus
from refundkit.model.reports import RefundReport
from refundkit.model.statuses import NormalizedStatus, normalize_payment_failure, normalize_status
from refundkit.model.words import words
from refundkit.money import Money

# What each gateway's words mean: the recommended column of the collected table.
REFUNDS = """
    stripe          succeeded               succeeded
    stripe          pending                 pending
    stripe          requires_action         pending
    stripe          failed                  failed
    stripe          canceled                canceled
    paypal          COMPLETED               succeeded
    paypal          PENDING                 pending
    paypal          FAILED                  failed
    paypal          CANCELLED               canceled
    adyen           received                pending
    adyen           [refund-received]       pending
    adyen           REFUND_FAILED           failed
    adyen           REFUND_REVERSED         failed
    adyen           REFUNDED_REVERSED       failed
    braintree       SETTLED                 succeeded
    braintree       SETTLING                pending
    braintree       SUBMITTED_FOR_SETTLEMENT pending
    braintree       SETTLEMENT_PENDING      pending
    braintree       FAILED                  failed
    braintree       VOIDED                  canceled
    braintree       SETTLEMENT_DECLINED     failed
    braintree       PROCESSOR_DECLINED      failed
    braintree       GATEWAY_REJECTED        failed
    braintree       AUTHORIZED              unknown
    shopify         SUCCESS                 succeeded
    shopify         PENDING                 pending
    shopify         AWAITING_RESPONSE       pending
    shopify         FAILURE                 failed
    shopify         ERROR                   failed
    shopify         UNKNOWN                 pending
    manual          success                 succeeded
    manual          completed               succeeded
    manual          new                     pending
    manual          canceled                canceled
    checkout.com    Accepted                pending
    checkout        Accepted                pending
    checkout.com    payment_refunded        succeeded
    checkout.com    payment_refund_declined failed
    authorize.net   1                       pending
    authorize.net   2                       failed
    authorize.net   3                       failed
    authorize.net   4                       pending
    authorize.net   refundSettledSuccessfully succeeded
    authorize.net   refundPendingSettlement pending
    authorize.net   declined                failed
    authorize.net   generalError            failed
    authorize.net   voided                  canceled
    worldpay        sentForRefund           pending
    worldpay        sentForPartialRefund    pending
    worldpay        refunded                succeeded
    worldpay        refundFailed            failed
    worldpay        authorized              unknown
    mollie          queued                  pending
    mollie          pending                 pending
    mollie          processing              pending
    mollie          refunded                succeeded
    mollie          failed                  failed
    mollie          canceled                canceled
    square          COMPLETED               succeeded
    square          PENDING                 pending
    square          FAILED                  failed
    square          REJECTED                failed
    razorpay        processed               succeeded
    razorpay        pending                 pending
    razorpay        created                 pending
    razorpay        failed                  failed
    airwallex       SUCCEEDED               succeeded
    airwallex       RECEIVED                pending
    airwallex       ACCEPTED                pending
    airwallex       FAILED                  failed
    amazon_pay      RefundInitiated         pending
    amazon_pay      Refunded                succeeded
    amazon_pay      Declined                failed
    gocardless      created                 pending
    gocardless      paid                    succeeded
    gocardless      failed                  failed
    mercadopago     approved                succeeded
    mercadopago     pending                 pending
    mercadopago     rejected                failed
    mercadopago     cancelled               canceled
    dlocal          SUCCESS                 succeeded
    dlocal          PENDING                 pending
    dlocal          REJECTED                failed
    dlocal          CANCELLED               canceled
    xendit          SUCCEEDED               succeeded
    xendit          PENDING                 pending
    xendit          REQUIRES_ACTION         pending
    xendit          FAILED                  failed
    xendit          CANCELLED               canceled
    globepay        FINISHED                succeeded
    globepay        SUCCESS                 pending
    globepay        WAITING                 pending
    globepay        FAILED                  failed
    globepay        CREATE_FAILED           failed
    globepay        CHANGE                  pending
    bluesnap        SUCCESS                 succeeded
    bluesnap        PENDING                 pending
    bluesnap        PENDINGMERCHANTREVIEW   pending
    bluesnap        FAIL                    failed
    globalcollect   REFUNDED                succeeded
    globalcollect   REFUND_REQUESTED        pending
"""


def rows(table: str) -> list[list[str]]:
    """Cut a table into its rows."""
    return [line.split() for line in table.strip().splitlines()]


class TestRefunds:
    """normalize_status()."""

    @pytest.mark.parametrize(("gateway", "raw", "expected"), rows(REFUNDS))
    def test_every_gateway(self, gateway: str, raw: str, expected: str) -> None:
        """Each gateway's word means what the collected table recommends."""
        normal = normalize_status(raw, gateway)
        wanted = {"canceled": "failed", "unknown": "pending"}.get(expected, expected)
        assert normal.status is RefundStatus(wanted)
        assert normal.is_known is (expected != "unknown")
        assert (normal.failure is FailureCode.CANCELED) is (expected == "canceled")
        assert (normal.failure is not None) is (normal.status is RefundStatus.FAILED)
        assert normal.raw == raw

    @pytest.mark.parametrize("raw", ["success", "succeeded"])
    def test_the_legacy_words(self, raw: str) -> None:
        """Manual flows wrote "success", the Stripe sync "succeeded": both say that it arrived."""
        assert normalize_status(raw).status is RefundStatus.SUCCEEDED

    def test_lost_is_no_refund(self) -> None:
        """A "lost" refund is a dispute that took the money; nobody is told that a refund arrived."""
        normal = normalize_status("lost")
        assert normal.status is DisputeStatus.LOST
        assert normal.is_dispute
        assert normal.failure is None

    @pytest.mark.parametrize(
        ("raw", "status"),
        [
            ("won", DisputeStatus.WON),
            ("needs_response", DisputeStatus.NEEDS_RESPONSE),
            ("chargeback", DisputeStatus.NEEDS_RESPONSE),
            ("warning_under_review", DisputeStatus.UNDER_REVIEW),
            ("warning_closed", DisputeStatus.CANCELED),
        ],
    )
    def test_a_dispute_that_was_booked_as_a_refund(self, raw: str, status: DisputeStatus) -> None:
        """Words of disputes are no words of refunds, wherever somebody wrote them."""
        normal = normalize_status(raw)
        assert (normal.status, normal.is_dispute, normal.failure) == (status, True, None)

    @pytest.mark.parametrize(
        "raw", [word for word, (status, _) in statuses.ANYWHERE.items() if isinstance(status, DisputeStatus)]
    )
    def test_dispute_words_agree(self, raw: str) -> None:
        """A dispute word among refunds means what it means among disputes."""
        assert normalize_status(raw).status is normalize_dispute(raw).status

    @pytest.mark.parametrize(
        "raw", ["Sent for Refund", "SENT_FOR_REFUND", "sent-for-refund", " sentForRefund\n"]
    )
    def test_spelling_does_not_matter(self, raw: str) -> None:
        """Case, spaces, hyphens, underscores and humps are one word."""
        normal = normalize_status(raw, "Worldpay")
        assert normal.status is RefundStatus.PENDING
        assert normal.is_known

    @pytest.mark.parametrize(
        ("raw", "gateway"),
        [
            ("accepted", None),
            ("accepted", "stripe"),
            ("approved", None),
            ("approved", "paypal"),
            ("authorized", None),
            ("captured", None),
            ("change", None),
            ("error", None),
            ("finished", None),
            ("ok", None),
            ("paid", None),
            ("paid", "mollie"),
            ("processed", None),
            ("1", None),
            ("unknown", None),
            ("not succeeded", None),
            ("succeeded?", None),
            ("succeeded/failed", None),
            ("\N{CYRILLIC SMALL LETTER DZE}ucceeded", None),
            ("\N{LATIN SMALL LETTER LONG S}uccess", None),
            ("succeeded" * 1000, None),
            ("", None),
            ("  ", None),
            (None, None),
            (True, None),
            (1, "authorize.net"),
            (b"succeeded", None),
            (["succeeded"], None),
            (object(), "adyen"),
        ],
    )
    def test_what_nobody_knows(self, raw: object, gateway: str | None) -> None:
        """A word that says too little is neither success nor failure: the money stays reserved."""
        normal = normalize_status(raw, gateway)
        assert normal.status is RefundStatus.PENDING
        assert not normal.is_known
        assert not normal.is_dispute
        assert normal.failure is None

    @given(raw=st.text() | st.none() | st.integers() | st.binary(), gateway=st.none() | st.text())
    def test_never_a_success_by_accident(self, raw: object, gateway: str | None) -> None:
        """Only the words of the table succeed; nothing raises, whatever it is given."""
        normal = normalize_status(raw, gateway)
        known = {word for _, word, expected in rows(REFUNDS) if expected == "succeeded"}
        if _letters(raw) not in {_letters(word) for word in known} | {"success", "succeeded"}:
            assert normal.status is not RefundStatus.SUCCEEDED

    @given(raw=st.text(max_size=300))
    def test_a_report_can_hold_the_raw_word(self, raw: str) -> None:
        """Whatever the word was, it can be kept on the refund."""
        normal = normalize_status(raw)
        report = RefundReport(status=RefundStatus.PENDING, amount=Money.of(1, "EUR"), raw_status=normal.raw)
        assert report.raw_status == normal.raw
        assert len(normal.raw) <= 100

    def test_strange_gateways(self) -> None:
        """A gateway that nobody knows has no words of its own; the common ones still count."""
        for gateway in ("", "acme", "x" * 10_000, 7):
            assert normalize_status("succeeded", gateway).status is RefundStatus.SUCCEEDED  # type: ignore[arg-type]

    def test_a_status_is_a_status(self) -> None:
        """The value itself refuses anything else."""
        with pytest.raises(InvalidValueError, match=r"NormalizedStatus\.status must be one of RefundStatus"):
            NormalizedStatus(raw="x", status="succeeded")  # type: ignore[arg-type]

    def test_a_table_names_a_word_once(self) -> None:
        """Two meanings of one word in one table would make the first one vanish unseen."""
        with pytest.raises(InvalidValueError, match="names a word twice"):
            words({1: "sent_for_refund", 2: "SentForRefund"})


def _letters(raw: object) -> str:
    """Reduce a word as a reader would: its ASCII letters and digits, if it has no others."""
    letters = "".join(c for c in raw if c not in " \t\n\r\v\f_.-[]") if isinstance(raw, str) else ""
    return letters.lower() if set(letters) <= set(string.ascii_letters + string.digits) else ""


# gateway, word, stage, status, funds
DISPUTES = """
    stripe      warning_needs_response      inquiry     needs_response  none
    stripe      warning_under_review        inquiry     under_review    none
    stripe      warning_closed              inquiry     canceled        none
    stripe      needs_response              chargeback  needs_response  withdrawn
    stripe      under_review                chargeback  under_review    withdrawn
    stripe      appeal_needs_response       chargeback  needs_response  withdrawn
    stripe      appeal_under_review         chargeback  under_review    withdrawn
    stripe      won                         chargeback  won             reinstated
    stripe      lost                        chargeback  lost            withdrawn
    stripe      charge_refunded             chargeback  canceled        none
    stripe      prevented                   inquiry     prevented       none
    paypal      CUSTOMER.DISPUTE.CREATED    chargeback  needs_response  none
    paypal      RISK.DISPUTE.CREATED        chargeback  needs_response  none
    paypal      OPEN_INQUIRIES              inquiry     needs_response  none
    paypal      OPEN                        chargeback  needs_response  none
    paypal      WAITING_FOR_SELLER_RESPONSE chargeback  needs_response  none
    paypal      WAITING_FOR_BUYER_RESPONSE  chargeback  under_review    none
    paypal      UNDER_REVIEW                chargeback  under_review    none
    paypal      RESOLVED_BUYER_FAVOUR       chargeback  lost            withdrawn
    paypal      RESOLVED_SELLER_FAVOUR      chargeback  won             reinstated
    paypal      RESOLVED_WITH_PAYOUT        chargeback  won             reinstated
    paypal      CANCELED_BY_BUYER           chargeback  canceled        none
    paypal      ACCEPTED                    chargeback  accepted        withdrawn
    adyen       NOTIFICATION_OF_CHARGEBACK  inquiry     needs_response  none
    adyen       REQUEST_FOR_INFORMATION     inquiry     needs_response  none
    adyen       CHARGEBACK                  chargeback  needs_response  withdrawn
    adyen       CHARGEBACK-Lost             chargeback  lost            withdrawn
    adyen       CHARGEBACK-Won              chargeback  won             reinstated
    adyen       CHARGEBACK_REVERSED         reversal    won             reinstated
    adyen       CHARGEBACK_REVERSED-Pending reversal    under_review    reinstated
    adyen       SECOND_CHARGEBACK           chargeback  lost            withdrawn
    adyen       PREARBITRATION_WON          pre_arbitration won         reinstated
    adyen       PREARBITRATION_WON-Pending  pre_arbitration under_review reinstated
    adyen       PREARBITRATION_LOST         pre_arbitration lost        withdrawn
    adyen       Undefended                  chargeback  needs_response  withdrawn
    adyen       Pending                     chargeback  under_review    withdrawn
    adyen       Lost                        chargeback  lost            withdrawn
    adyen       Accepted                    chargeback  accepted        withdrawn
    adyen       CHARGEBACK-Accepted         chargeback  accepted        withdrawn
    adyen       CHARGEBACK_REVERSED-Won     reversal    won             reinstated
    adyen       Won                         chargeback  won             reinstated
    braintree   dispute_opened              chargeback  needs_response  none
    braintree   dispute_lost                chargeback  lost            withdrawn
    braintree   dispute_won                 chargeback  won             reinstated
    braintree   dispute_accepted            chargeback  accepted        withdrawn
    braintree   dispute_auto_accepted       chargeback  accepted        withdrawn
    braintree   dispute_expired             chargeback  expired         withdrawn
    braintree   EXPIRED                     chargeback  expired         withdrawn
    braintree   dispute_disputed            chargeback  under_review    none
    braintree   UNDER_REVIEW                chargeback  under_review    none
    shopify     NEEDS_RESPONSE              chargeback  needs_response  withdrawn
    shopify     UNDER_REVIEW                chargeback  under_review    withdrawn
    shopify     ACCEPTED                    chargeback  accepted        withdrawn
    shopify     WON                         chargeback  won             reinstated
    shopify     LOST                        chargeback  lost            withdrawn
    shopify     PREVENTED                   inquiry     prevented       none
    shopify     CHARGE_REFUNDED             chargeback  canceled        none
    airwallex   dispute.accepted            chargeback  accepted        withdrawn
    airwallex   dispute.dispute.pre_chargeback_accepted chargeback accepted withdrawn
    airwallex   dispute.dispute_responded_by_merchant chargeback under_review none
    airwallex   dispute.won                 chargeback  won             reinstated
    airwallex   dispute.dispute_reversed    chargeback  won             reinstated
    airwallex   dispute.lost                chargeback  lost            withdrawn
    bluesnap    New                         chargeback  needs_response  none
    bluesnap    Working                     chargeback  needs_response  none
    bluesnap    Closed                      chargeback  expired         withdrawn
    bluesnap    Completed_Lost              chargeback  lost            withdrawn
    bluesnap    Completed_Pending           chargeback  under_review    none
    bluesnap    Completed_Won               chargeback  won             reinstated
    checkout.com dispute_received           chargeback  needs_response  none
    checkout.com dispute_evidence_required  chargeback  needs_response  none
    checkout    evidence_required           chargeback  needs_response  none
    checkout.com canceled                   chargeback  canceled        none
    checkout.com dispute_expired            chargeback  expired         withdrawn
    checkout.com dispute_accepted           chargeback  accepted        withdrawn
    checkout.com dispute_canceled           chargeback  canceled        none
    checkout.com dispute_evidence_submitted chargeback  under_review    none
    checkout.com dispute_evidence_acknowledged_by_scheme chargeback under_review none
    checkout.com dispute_won                chargeback  won             reinstated
    checkout.com dispute_arbitration_won    arbitration won             reinstated
    checkout.com dispute_lost               chargeback  lost            withdrawn
    checkout.com dispute_arbitration_lost   arbitration lost            withdrawn
    rapyd       ACT                         chargeback  needs_response  none
    rapyd       RVW                         chargeback  under_review    none
    rapyd       LOS                         chargeback  lost            withdrawn
    rapyd       WIN                         chargeback  won             reinstated
    novalnet    CHARGEBACK                  chargeback  needs_response  withdrawn
    novalnet    RETURN_DEBIT_SEPA           chargeback  lost            withdrawn
    novalnet    CREDIT                      chargeback  won             reinstated
    payload     chargeback                  chargeback  needs_response  withdrawn
    payload     chargeback_reversal         reversal    won             reinstated
    payme       sale-chargeback             chargeback  needs_response  withdrawn
    payme       sale-chargeback-refund      chargeback  won             reinstated
    trustpay    DBIT-Chargebacked           chargeback  lost            withdrawn
"""


class TestDisputes:
    """normalize_dispute()."""

    @pytest.mark.parametrize(("gateway", "raw", "stage", "status", "funds"), rows(DISPUTES))
    def test_every_gateway(self, gateway: str, raw: str, stage: str, status: str, funds: str) -> None:
        """Each gateway's word tells stage, status and where the money is."""
        normal = normalize_dispute(raw, gateway)
        assert normal.is_known
        assert (normal.stage, normal.status, normal.funds) == (stage, status, funds)

    @pytest.mark.parametrize(
        ("raw", "gateway"),
        [
            ("RESOLVED", "paypal"),
            ("DENIED", "paypal"),
            ("NONE", "paypal"),
            ("chargebac\N{KELVIN SIGN}", None),
            ("", None),
            (None, "stripe"),
            (3, "x"),
        ],
    )
    def test_what_nobody_knows(self, raw: object, gateway: str | None) -> None:
        """An unknown word is an open chargeback, which forbids refunds and takes no money (law D1)."""
        normal = normalize_dispute(raw, gateway)
        assert not normal.is_known
        assert normal.stage is DisputeStage.CHARGEBACK
        assert normal.status in OPEN
        assert normal.funds is DisputeFunds.NONE

    @pytest.mark.parametrize(
        ("told", "stage"),
        [
            ("INQUIRY", DisputeStage.INQUIRY),
            ("retrieval", DisputeStage.INQUIRY),
            ("CHARGEBACK", DisputeStage.CHARGEBACK),
            ("PRE_ARBITRATION", DisputeStage.PRE_ARBITRATION),
            ("ARBITRATION", DisputeStage.ARBITRATION),
            ("reversal", DisputeStage.REVERSAL),
            ("whatever", DisputeStage.CHARGEBACK),
            (None, DisputeStage.CHARGEBACK),
        ],
    )
    def test_a_stage_of_its_own(self, told: str | None, stage: DisputeStage) -> None:
        """Where the gateway names the stage apart from the status, that is the stage."""
        assert normalize_dispute("needs_response", "shopify", stage=told).stage is stage

    def test_a_stage_of_its_own_is_believed(self) -> None:
        """Where word and stage differ, the stage is what the gateway calls it."""
        normal = normalize_dispute("warning_needs_response", "stripe", stage="chargeback")
        assert normal.stage is DisputeStage.CHARGEBACK

    def test_an_open_inquiry_takes_nothing(self) -> None:
        """Law D1: while a case is an inquiry the money is still here; one that was lost took it."""
        assert normalize_dispute("needs_response", "shopify", stage="inquiry").funds is DisputeFunds.NONE
        assert normalize_dispute("RESOLVED_BUYER_FAVOUR", "paypal", stage="INQUIRY").funds == "withdrawn"

    @given(
        raw=st.text() | st.none() | st.integers(), gateway=st.text() | st.none(), stage=st.text() | st.none()
    )
    def test_never_raises(self, raw: object, gateway: str | None, stage: str | None) -> None:
        """Whatever it is given, an unknown word never takes money."""
        normal = normalize_dispute(raw, gateway, stage=stage)
        assert normal.is_known or normal.funds is DisputeFunds.NONE


class TestPaymentFailures:
    """normalize_payment_failure()."""

    @pytest.mark.parametrize(
        ("gateway", "raw", "failure"),
        [
            ("stripe", "insufficient_funds", PaymentFailure.INSUFFICIENT_FUNDS),
            ("stripe", "generic_decline", PaymentFailure.CARD_DECLINED),
            ("stripe", "do_not_honor", PaymentFailure.CARD_DECLINED),
            ("stripe", "pickup_card", PaymentFailure.CARD_DECLINED),
            ("stripe", "expired_card", PaymentFailure.EXPIRED_CARD),
            ("stripe", "incorrect_cvc", PaymentFailure.INCORRECT_DETAILS),
            ("stripe", "invalid_expiry_year", PaymentFailure.INCORRECT_DETAILS),
            ("stripe", "fraudulent", PaymentFailure.FRAUD_PREVENTION),
            ("stripe", "stolen_card", PaymentFailure.FRAUD_PREVENTION),
            ("stripe", "processing_error", PaymentFailure.UNKNOWN),
            ("paypal", "INSTRUMENT_DECLINED", PaymentFailure.CARD_DECLINED),
            ("paypal", "DECLINED_BY_RISK_FRAUD_FILTERS", PaymentFailure.FRAUD_PREVENTION),
            ("paypal", "5120", PaymentFailure.INSUFFICIENT_FUNDS),
            ("paypal", "0500", PaymentFailure.CARD_DECLINED),
            ("paypal", "5400", PaymentFailure.EXPIRED_CARD),
            ("paypal", "00N7", PaymentFailure.INCORRECT_DETAILS),
            ("paypal", "9500", PaymentFailure.FRAUD_PREVENTION),
            ("shopify", "CARD_DECLINED", PaymentFailure.CARD_DECLINED),
            ("shopify", "PICK_UP_CARD", PaymentFailure.CARD_DECLINED),
            ("shopify", "EXPIRED_CARD", PaymentFailure.EXPIRED_CARD),
            ("shopify", "INCORRECT_ZIP", PaymentFailure.INCORRECT_DETAILS),
            ("shopify", "INVALID_EXPIRY_DATE", PaymentFailure.INCORRECT_DETAILS),
            ("shopify", "GENERIC_ERROR", PaymentFailure.UNKNOWN),
            ("stripe", "5120", PaymentFailure.UNKNOWN),
            (None, None, PaymentFailure.UNKNOWN),
        ],
    )
    def test_codes(self, gateway: str | None, raw: str | None, failure: PaymentFailure) -> None:
        """Each gateway's own code is one of the standard reasons; what nobody knows is UNKNOWN."""
        assert normalize_payment_failure(raw, gateway) is failure

    @pytest.mark.parametrize("failure", list(PaymentFailure))
    def test_our_own_words(self, failure: PaymentFailure) -> None:
        """The standard reasons mean themselves."""
        assert normalize_payment_failure(failure.value) is failure
        assert normalize_payment_failure(failure) is failure
