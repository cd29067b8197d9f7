"""refundkit gives money back: exactly, once, and to the right payment.

The whole library in one picture::

    RefundRequest ──plan──▶ RefundPlan ──execute──▶ gateway.refund ──▶ RefundReport ──┐
      (a wish)            (nothing moved)                                             ├─record─▶ Store ─▶ Event
                          webhook, sweep, person ──▶ gateway.fetch ──▶ PaymentReport ─┘  (truth)  (news)

Rooms, from the bottom up: errors, money, model, policy, serialization, gateways and stores, desk, plugins,
testing. No vendor SDK is imported here, and no database.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from refundkit.deliverers.base import Deliverer, DeliveryCall, Receipt
from refundkit.deliverers.gift_card import GiftCardDeliverer
from refundkit.desk.credit_notes import CreditNoteDesk
from refundkit.desk.deliveries import DeliveryDesk
from refundkit.desk.delivery_timing import DeliveryTiming
from refundkit.desk.notices import CustomerNotices
from refundkit.desk.outbox import Listener
from refundkit.desk.patience import Patience
from refundkit.desk.refunds import RefundDesk
from refundkit.desk.results import (
    CustomerRecord,
    DeliveryResult,
    DeliverySweep,
    Reconciliation,
    Recovery,
    RefundResult,
)
from refundkit.desk.timing import Timing
from refundkit.errors import (
    DeliveryError,
    GatewayError,
    GatewayUnavailableError,
    InvalidValueError,
    KeyReuseError,
    OrderExistsError,
    OrderNotFoundError,
    OutcomeUnknownError,
    PlanChangedError,
    PluginError,
    RedeliveryDenied,
    ReferenceTakenError,
    RefundDenied,
    RefundkitError,
    ReviewRequired,
    StoreBusyError,
    StoreError,
    WebhookError,
)
from refundkit.gateways.base import Gateway, RefundCall, Webhook
from refundkit.gateways.manual import ManualGateway, Settles
from refundkit.hidden import Hidden
from refundkit.model.capabilities import Capabilities, WhileDisputed
from refundkit.model.credit_notes import CreditNote, CreditNoteLine, Party, TaxSum
from refundkit.model.deliveries import Delivery, DeliveryMove, DeliveryStatus
from refundkit.model.disputes import Dispute, DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.documents import Document, DocumentKind
from refundkit.model.events import Event, EventKind
from refundkit.model.lines import LineKind, OrderLine
from refundkit.model.marks import Flag, FlagKind, Note
from refundkit.model.orders import Order
from refundkit.model.parties import Actor, ActorKind, Customer
from refundkit.model.payments import Payment, PaymentFailure, PaymentStatus
from refundkit.model.refunds import FailureCode, Refund, RefundLine, RefundOrigin, RefundStatus
from refundkit.model.reports import DisputeReport, PaymentReport, RefundReport
from refundkit.model.requests import (
    AcceptedRequest,
    LineRefund,
    Purpose,
    RefundReason,
    RefundRequest,
    RequestLine,
    RestockingFee,
)
from refundkit.model.standing import OrderStatus
from refundkit.model.statuses import NormalizedStatus, normalize_payment_failure, normalize_status
from refundkit.model.totals import OrderTotals
from refundkit.money import Money
from refundkit.plugins import hookimpl, load_deliverers, load_gateways, load_listeners, plugin_manager
from refundkit.policy.goods import Revocation, units_owed
from refundkit.policy.options import Option
from refundkit.policy.plan import RefundPlan, plan_refund
from refundkit.policy.reasons import Reason
from refundkit.policy.rules import (
    BlockingDocuments,
    Case,
    Decision,
    MaxAmount,
    MaxRefunds,
    NonRefundable,
    Policy,
    ReviewAbove,
    Rule,
    Verdict,
    Window,
)
from refundkit.policy.spread import (
    ByMethod,
    FewestRefunds,
    NewestFirst,
    OldestFirst,
    Proportional,
    Remainder,
    Spread,
)
from refundkit.records.evidence import Evidence, Fact, evidence
from refundkit.records.export import export_orders
from refundkit.records.figures import RefundFigure, RefundFigures, refund_figures
from refundkit.records.notices import Notice, NoticeLine
from refundkit.records.rendering import render_credit_note
from refundkit.stores.base import (
    Change,
    ChangeFunction,
    Hint,
    News,
    NumberedFunction,
    OrderColumn,
    OrderFilter,
    OrderSort,
    Store,
    Work,
)
from refundkit.stores.memory import MemoryStore

if TYPE_CHECKING:
    from refundkit.deliverers.file_download import Download, FileDownloadDeliverer
    from refundkit.deliverers.webhook_call import WebhookCallDeliverer
    from refundkit.gateways.paypal import PayPalGateway
    from refundkit.gateways.shopify import ShopifyGateway
    from refundkit.gateways.stripe import StripeGateway
    from refundkit.stores.sql import SQLStore

_LATE = {
    "Download": "refundkit.deliverers.file_download",
    "FileDownloadDeliverer": "refundkit.deliverers.file_download",
    "PayPalGateway": "refundkit.gateways.paypal",
    "SQLStore": "refundkit.stores.sql",
    "ShopifyGateway": "refundkit.gateways.shopify",
    "StripeGateway": "refundkit.gateways.stripe",
    "WebhookCallDeliverer": "refundkit.deliverers.webhook_call",
}


def __getattr__(name: str) -> object:
    """Import what needs an extra only when somebody asks for it."""
    if name not in _LATE:
        raise AttributeError(f"module 'refundkit' has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)


__version__ = "0.1.0"

__all__ = [
    "AcceptedRequest",
    "Actor",
    "ActorKind",
    "BlockingDocuments",
    "ByMethod",
    "Capabilities",
    "Case",
    "Change",
    "ChangeFunction",
    "CreditNote",
    "CreditNoteDesk",
    "CreditNoteLine",
    "Customer",
    "CustomerNotices",
    "CustomerRecord",
    "Decision",
    "Deliverer",
    "Delivery",
    "DeliveryCall",
    "DeliveryDesk",
    "DeliveryError",
    "DeliveryMove",
    "DeliveryResult",
    "DeliveryStatus",
    "DeliverySweep",
    "DeliveryTiming",
    "Dispute",
    "DisputeFunds",
    "DisputeReport",
    "DisputeStage",
    "DisputeStatus",
    "Document",
    "DocumentKind",
    "Download",
    "Event",
    "EventKind",
    "Evidence",
    "Fact",
    "FailureCode",
    "FewestRefunds",
    "FileDownloadDeliverer",
    "Flag",
    "FlagKind",
    "Gateway",
    "GatewayError",
    "GatewayUnavailableError",
    "GiftCardDeliverer",
    "Hidden",
    "Hint",
    "InvalidValueError",
    "KeyReuseError",
    "LineKind",
    "LineRefund",
    "Listener",
    "ManualGateway",
    "MaxAmount",
    "MaxRefunds",
    "MemoryStore",
    "Money",
    "NewestFirst",
    "News",
    "NonRefundable",
    "NormalizedStatus",
    "Note",
    "Notice",
    "NoticeLine",
    "NumberedFunction",
    "OldestFirst",
    "Option",
    "Order",
    "OrderColumn",
    "OrderExistsError",
    "OrderFilter",
    "OrderLine",
    "OrderNotFoundError",
    "OrderSort",
    "OrderStatus",
    "OrderTotals",
    "OutcomeUnknownError",
    "Party",
    "Patience",
    "PayPalGateway",
    "Payment",
    "PaymentFailure",
    "PaymentReport",
    "PaymentStatus",
    "PlanChangedError",
    "PluginError",
    "Policy",
    "Proportional",
    "Purpose",
    "Reason",
    "Receipt",
    "Reconciliation",
    "Recovery",
    "RedeliveryDenied",
    "ReferenceTakenError",
    "Refund",
    "RefundCall",
    "RefundDenied",
    "RefundDesk",
    "RefundFigure",
    "RefundFigures",
    "RefundLine",
    "RefundOrigin",
    "RefundPlan",
    "RefundReason",
    "RefundReport",
    "RefundRequest",
    "RefundResult",
    "RefundStatus",
    "RefundkitError",
    "Remainder",
    "RequestLine",
    "RestockingFee",
    "ReviewAbove",
    "ReviewRequired",
    "Revocation",
    "Rule",
    "SQLStore",
    "Settles",
    "ShopifyGateway",
    "Spread",
    "Store",
    "StoreBusyError",
    "StoreError",
    "StripeGateway",
    "TaxSum",
    "Timing",
    "Verdict",
    "Webhook",
    "WebhookCallDeliverer",
    "WebhookError",
    "WhileDisputed",
    "Window",
    "Work",
    "evidence",
    "export_orders",
    "hookimpl",
    "load_deliverers",
    "load_gateways",
    "load_listeners",
    "normalize_payment_failure",
    "normalize_status",
    "plan_refund",
    "plugin_manager",
    "refund_figures",
    "render_credit_note",
    "units_owed",
]
