"""The public names: what the package promises, and what it costs to import it."""

import inspect
import pickle
import subprocess
import sys

import pytest

import refundkit
from refundkit import errors

OPTIONAL = (
    "stripe",
    "sqlalchemy",
    "httpx",
    "psycopg",
    "paypalcheckoutsdk",
    "requests",
    "pytest",
    "itsdangerous",
    "typer",
    "rich",
)

PROMISED = """
AcceptedRequest Actor ActorKind BlockingDocuments ByMethod Capabilities Case Change ChangeFunction
CreditNote CreditNoteDesk CreditNoteLine Customer CustomerNotices CustomerRecord Decision Deliverer
Delivery DeliveryCall DeliveryDesk DeliveryError DeliveryMove DeliveryResult DeliveryStatus DeliverySweep
DeliveryTiming Dispute DisputeFunds DisputeReport DisputeStage DisputeStatus Document DocumentKind
Download Event EventKind Evidence Fact FailureCode FewestRefunds FileDownloadDeliverer Flag FlagKind
Gateway GatewayError GatewayUnavailableError GiftCardDeliverer Hidden Hint InvalidValueError KeyReuseError
LineKind LineRefund Listener ManualGateway MaxAmount MaxRefunds MemoryStore Money NewestFirst News
NonRefundable NormalizedStatus Note Notice NoticeLine NumberedFunction OldestFirst Option Order
OrderColumn OrderExistsError OrderFilter OrderLine OrderNotFoundError OrderSort OrderStatus OrderTotals
OutcomeUnknownError Party Patience PayPalGateway Payment PaymentFailure PaymentReport PaymentStatus
PlanChangedError PluginError Policy Proportional Purpose Reason Receipt Reconciliation Recovery
RedeliveryDenied ReferenceTakenError Refund RefundCall RefundDenied RefundDesk RefundFigure RefundFigures
RefundLine RefundOrigin RefundPlan RefundReason RefundReport RefundRequest RefundResult RefundStatus
RefundkitError Remainder RequestLine RestockingFee ReviewAbove ReviewRequired Revocation Rule SQLStore
Settles ShopifyGateway Spread Store StoreBusyError StoreError StripeGateway TaxSum Timing Verdict Webhook
WebhookCallDeliverer WebhookError WhileDisputed Window Work evidence export_orders hookimpl
load_deliverers load_gateways load_listeners normalize_payment_failure normalize_status plan_refund
plugin_manager refund_figures render_credit_note units_owed
"""
NAMES = tuple(PROMISED.split())


def test_the_public_names_are_frozen():
    """A name that is added or goes is a promise made or broken; this list changes with it."""
    assert sorted(refundkit.__all__) == sorted(NAMES)
    assert list(refundkit.__all__) == sorted(refundkit.__all__)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there_and_has_a_docstring(name):
    """Whatever is promised can be imported and explains itself."""
    value = getattr(refundkit, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert inspect.getdoc(value), name


@pytest.mark.parametrize("name", NAMES)
def test_every_public_method_has_a_docstring(name):
    """Also the methods and properties of the promised classes."""
    value = getattr(refundkit, name)
    if not inspect.isclass(value) or not value.__module__.startswith("refundkit"):
        return
    missing = [
        member
        for member, found in inspect.getmembers(value)
        if not member.startswith("_")
        and (inspect.isfunction(found) or isinstance(found, property))
        and not inspect.getdoc(found)
    ]
    assert missing == []


def test_a_name_that_is_not_there_is_an_attribute_error():
    """Late names do not make every name exist."""
    with pytest.raises(AttributeError, match="has no attribute 'RefundDesks'"):
        refundkit.RefundDesks  # noqa: B018 - looking at it is the test


def run(code):
    """Run *code* in a new Python and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_refundkit_loads_nothing_optional():
    """No vendor SDK, no database and no test tool is loaded before somebody asks for it."""
    loaded = run(f"import sys, refundkit; print([name for name in {OPTIONAL!r} if name in sys.modules])")
    assert loaded == "[]"


def test_loading_the_built_in_plugins_loads_nothing_optional():
    """Looking which gateways there are imports no SDK either."""
    code = (
        "import sys, refundkit.builtin; from refundkit.plugins import gateway_kinds, plugin_manager; "
        "refundkit.builtin.refundkit_gateways(); "
        f"print([name for name in {OPTIONAL!r} if name in sys.modules])"
    )
    assert run(code) == "[]"


def test_importing_refundkit_prints_and_configures_nothing():
    """Logging is the shop's: no handler but the silent one, no configuration of structlog."""
    code = (
        "import logging, structlog, refundkit; "
        "print(logging.getLogger().handlers, structlog.is_configured(), logging.getLogger('refundkit').handlers)"
    )
    assert run(code) == "[] False [<NullHandler (NOTSET)>]"


ERRORS = [error for error in vars(errors).values() if inspect.isclass(error) and issubclass(error, Exception)]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_is_public_and_documented_and_pickles(error):
    """One base, one tree in the docstring, values as attributes, also on the other side of a pickle."""
    assert error.__name__ in refundkit.__all__
    assert error.__name__ in errors.__doc__
    assert issubclass(error, refundkit.RefundkitError)
    raised = error("what happened", order_id="o-1")
    twin = pickle.loads(pickle.dumps(raised))  # noqa: S301 - these are our own bytes
    assert type(twin) is error
    assert (str(twin), twin.order_id) == ("what happened", "o-1")
