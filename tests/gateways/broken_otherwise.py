"""More gateways to the till, so that each rule of the contract is broken by one of them, or kept by a humble one."""

import logging
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar
from uuid import uuid4

import attrs

from refundkit.errors import OutcomeUnknownError, WebhookError
from refundkit.gateways.base import Capabilities, RefundCall, Webhook, WhileDisputed
from refundkit.model.payments import Payment
from refundkit.model.refunds import RefundStatus
from refundkit.model.reports import PaymentReport, RefundReport
from refundkit.money import Money
from refundkit.testing.gateway_contract import Mishap
from tests.gateways.broken import DECIMALS, FOREIGN, SECRET, DownError, TillGateway, signature

DAY = timedelta(days=1)


class EchoingGateway(TillGateway):
    """Reports one unit less than was booked."""

    def amount(self, number: int, currency: str) -> Money:
        """Misread."""
        return super().amount(number - 1, currency)


class KeyByAmount(TillGateway):
    """Derives its idempotency key from the amount."""

    def key(self, call: RefundCall) -> str:
        """Forget whose refund it is."""
        return f"{call.payment.reference} {call.refund.amount}"


class OneAtATime(TillGateway):
    """Keeps the refund that it works at in an attribute."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._door = threading.Condition()
        self._home = threading.current_thread()

    def refund(self, call: RefundCall) -> RefundReport:
        """Let another thread in between."""
        with self._door:
            self.call = call
            self._door.notify_all()
            if threading.current_thread() is not self._home:
                self._door.wait(0.05)
        return super().refund(self.call)


class Homebody(TillGateway):
    """Works only in the thread that made it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._home = threading.current_thread()

    def refund(self, call: RefundCall) -> RefundReport:
        """Break elsewhere."""
        if threading.current_thread() is not self._home:
            raise ZeroDivisionError
        return super().refund(call)


class Patient(TillGateway):
    """Waits for an answer until there is one."""

    patience_seconds: ClassVar[float] = 0.1

    def refund(self, call: RefundCall) -> RefundReport:
        """Wait; half a second is for good enough."""
        if self.till.trouble is Mishap.SILENCE:
            threading.Event().wait(0.5)
        return super().refund(call)


class Rewriting(TillGateway):
    """Prepares the request again when it sends it."""

    def refund(self, call: RefundCall) -> RefundReport:
        """Know better."""
        return super().refund(attrs.evolve(call, request=self.prepare(call.refund, call.payment)))


class Doubtful(TillGateway):
    """Does not know that nothing was sent."""

    def refund(self, call: RefundCall) -> RefundReport:
        """Doubt."""
        if self.till.trouble and self.till.trouble.name == "NEVER_SENT":
            self.till.trouble = None
            raise OutcomeUnknownError("Perhaps.", gateway=self.name) from DownError()
        return super().refund(call)


class Nameless(TillGateway):
    """Does not say which gateway it was."""

    def unanswered(self, call: RefundCall) -> RefundReport:
        """Say nothing."""
        raise OutcomeUnknownError("The till did not answer.") from None


class Reporting(TillGateway):
    """Changes every report."""

    def changed(self, report: RefundReport) -> RefundReport:
        """Say how."""
        raise NotImplementedError

    def report(self, record: Mapping[str, Any], payment: Payment) -> RefundReport:
        """Do it."""
        return self.changed(super().report(record, payment))


class Optimist(Reporting):
    """Takes pending for done."""

    def changed(self, report: RefundReport) -> RefundReport:
        """Hope."""
        is_pending = report.status is RefundStatus.PENDING
        return attrs.evolve(report, status=RefundStatus.SUCCEEDED) if is_pending else report


class Speechless(Reporting):
    """Does not say why a refund failed."""

    def changed(self, report: RefundReport) -> RefundReport:
        """Forget the code."""
        return attrs.evolve(report, failure=None)


class Forgetful(Reporting):
    """Declares that it echoes our id, and does not."""

    def changed(self, report: RefundReport) -> RefundReport:
        """Forget it."""
        return attrs.evolve(report, refund_id=None)


class Possessive(Reporting):
    """Takes every refund for its own."""

    def changed(self, report: RefundReport) -> RefundReport:
        """Make an id up."""
        return attrs.evolve(report, refund_id=report.refund_id or "ours")


class Fetching(TillGateway):
    """Changes what it fetches of a payment."""

    def told(self, report: PaymentReport) -> PaymentReport:
        """Say how."""
        raise NotImplementedError

    def fetch(self, payments: tuple[Payment, ...]) -> tuple[PaymentReport, ...]:
        """Do it."""
        return tuple(self.told(report) for report in super().fetch(payments))


class FirstOnly(TillGateway):
    """Fetches one payment, however many are asked for."""

    def fetch(self, payments: tuple[Payment, ...]) -> tuple[PaymentReport, ...]:
        """Forget the rest."""
        return super().fetch(payments[:1])


class Ignorant(Fetching):
    """Takes none for unknown."""

    def told(self, report: PaymentReport) -> PaymentReport:
        """Doubt an empty list."""
        return attrs.evolve(report, refunds=report.refunds or None)


class FirstPage(Fetching):
    """Never turns a page."""

    def told(self, report: PaymentReport) -> PaymentReport:
        """Stop at ten."""
        return attrs.evolve(report, refunds=report.refunds[:10])


class Misremembering(Fetching):
    """Fetches another amount than it made."""

    def told(self, report: PaymentReport) -> PaymentReport:
        """Halve it."""
        refunds = tuple(attrs.evolve(one, amount=one.amount.allocate([1, 1])[0]) for one in report.refunds)
        return attrs.evolve(report, refunds=refunds)


class Restless(Fetching):
    """Says something else every time."""

    def told(self, report: PaymentReport) -> PaymentReport:
        """Change a word."""
        refunds = tuple(attrs.evolve(one, raw_status=str(uuid4())) for one in report.refunds)
        return attrs.evolve(report, refunds=refunds)


class Confused(Fetching):
    """Takes disputes for refunds."""

    def told(self, report: PaymentReport) -> PaymentReport:
        """Mix them up."""
        taken = tuple(
            RefundReport(status=RefundStatus.SUCCEEDED, amount=case.amount, reference=case.reference)
            for case in report.disputes
        )
        return attrs.evolve(report, refunds=report.refunds + taken, disputes=())


class Declaring(TillGateway):
    """Declares something of its own."""

    declared: ClassVar[dict[str, Any]] = {}

    def capabilities(self, payment: Payment) -> Capabilities:
        """Declare it."""
        return Capabilities(currencies=set(DECIMALS), **self.declared)


class Moody(TillGateway):
    """Can something else after every refund."""

    def capabilities(self, payment: Payment) -> Capabilities:
        """Ask the mood."""
        return Capabilities(currencies=set(DECIMALS), window=len(self.till.refunds) * DAY)


class WholeOnly(Declaring):
    """Gives back all or nothing, and says so."""

    limits: ClassVar[dict[str, Any]] = {"whole_only": True}
    declared: ClassVar[dict[str, Any]] = {"partial": False, "multiple": False}


class NeverWhole(Declaring):
    """Says that it cannot give back all, and can."""

    declared: ClassVar[dict[str, Any]] = {"full": False}


class NeverPart(Declaring):
    """Says that it cannot give back a part, and can."""

    declared: ClassVar[dict[str, Any]] = {"partial": False}


class NeverTwice(Declaring):
    """Says that it cannot give back twice, and can."""

    declared: ClassVar[dict[str, Any]] = {"multiple": False}


class AtLeast(TillGateway):
    """Gives back an euro at least, and says so."""

    limits: ClassVar[dict[str, Any]] = {"least": 100}

    def capabilities(self, payment: Payment) -> Capabilities:
        """Declare it for the one currency that it is true of."""
        return Capabilities(currencies={"EUR"}, minimum=Money.of(1, "EUR"))


class SecretlyAtLeast(TillGateway):
    """Gives back an euro at least, and does not say so."""

    limits: ClassVar[dict[str, Any]] = {"least": 100}

    def capabilities(self, payment: Payment) -> Capabilities:
        """Declare nothing."""
        return Capabilities(currencies={"EUR"})


class Bookless(TillGateway):
    """Is all right, and nobody can look behind it."""

    has_books = False


class Unknowing(Fetching):
    """Cannot know its refunds, and says so."""

    has_books = False

    def capabilities(self, payment: Payment) -> Capabilities:
        """Promise nothing."""
        return Capabilities(currencies=set(DECIMALS), knows_absence=False, echoes_refund_id=False)

    def told(self, report: PaymentReport) -> PaymentReport:
        """Say that it is not known."""
        return attrs.evolve(report, refunds=None)


class Undisputed(Declaring):
    """Says that disputes do not matter."""

    declared: ClassVar[dict[str, Any]] = {"while_disputed": WhileDisputed.ANYTHING}


class Aimless(TillGateway):
    """Names nobody."""

    def parse_webhook(self, webhook: Webhook) -> tuple[str, ...]:
        """Verify, and forget."""
        super().parse_webhook(webhook)
        return ()


class Neighborly(TillGateway):
    """Believes somebody else's secret too."""

    def parse_webhook(self, webhook: Webhook) -> tuple[str, ...]:
        """Look at the other one first."""
        expected = signature(webhook.headers.get("till-time", ""), webhook.body, FOREIGN)
        return () if webhook.headers.get("till-signature") == expected else super().parse_webhook(webhook)


class Open(TillGateway):
    """Keeps its key where everybody looks."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.key_of_the_till = SECRET


class Talkative(TillGateway):
    """Logs its key."""

    def refund(self, call: RefundCall) -> RefundReport:
        """Tell."""
        logging.getLogger("till").debug("asking with %s", SECRET)
        return super().refund(call)


class Blabbing(TillGateway):
    """Raises with its key."""

    def unanswered(self, call: RefundCall) -> RefundReport:
        """Tell."""
        raise OutcomeUnknownError("No answer.", gateway=self.name, headers={"Authorization": SECRET})


class Helpful(TillGateway):
    """Tells forgers what the right signature would be made of."""

    def parse_webhook(self, webhook: Webhook) -> tuple[str, ...]:
        """Explain."""
        try:
            return super().parse_webhook(webhook)
        except WebhookError as error:
            raise WebhookError("Wrong.", expected=SECRET) from error
