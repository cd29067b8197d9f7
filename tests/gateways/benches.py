"""Benches for the contract: the gateways that need no vendor."""

from functools import partial
from itertools import count

from refundkit.gateways.base import RefundCall, WhileDisputed
from refundkit.gateways.manual import ManualGateway, Settles
from refundkit.model.disputes import DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.payments import Payment
from refundkit.model.refunds import FailureCode, RefundStatus
from refundkit.model.reports import DisputeReport, RefundReport
from refundkit.money import Money
from refundkit.testing.fake_gateway import FakeGateway, Fault
from refundkit.testing.gateway_contract import Bench, Mishap


class Register:
    """A till that takes payments for one gateway and knows nothing more."""

    def __init__(self, gateway: str) -> None:
        self.gateway = gateway
        self.numbers = count(1)

    def take(self, amount: Money) -> Payment:
        """Take *amount*."""
        number = next(self.numbers)
        return Payment(id=f"p{number}", gateway=self.gateway, reference=f"pay-{number}", captured=amount)


class Slips(ManualGateway):
    """A manual gateway with the pile of slips that a person pays from: one for each reference."""

    def __init__(self, pile: dict, settles: Settles) -> None:
        super().__init__(settles=settles)
        self.pile = pile

    def refund(self, call: RefundCall) -> RefundReport:
        """Lay a slip on the pile; the same slip again is still one."""
        report = super().refund(call)
        self.pile[call.payment.reference, report.reference] = report.amount
        return report


def manual_bench(settles: Settles) -> Bench:
    """Make a bench of a manual gateway; what its person pays is in the pile."""
    pile: dict[tuple[str, str], Money] = {}

    def paid(payment: Payment) -> Money:
        amounts = (amount for (reference, _), amount in pile.items() if reference == payment.reference)
        return Money.sum(amounts, payment.captured.currency)

    return Bench(
        gateway=Slips(pile, settles),
        second_gateway=Slips(pile, settles),
        payment=Register("manual").take,
        returned=paid,
    )


FAKE_FAULTS = {
    Mishap.NEVER_SENT: Fault.UNAVAILABLE,
    Mishap.LOST_REQUEST: Fault.LOST_REQUEST,
    Mishap.LOST_REPLY: Fault.LOST_ANSWER,
    Mishap.DECLINED: Fault.DECLINE,
    Mishap.PENDING: Fault.PENDING,
}


class Fake:
    """A fake gateway and its books."""

    def __init__(self) -> None:
        self.gateway = FakeGateway(while_disputed=WhileDisputed.ANYTHING)

    def returned(self, payment: Payment) -> Money:
        """Add up what is alive in the books."""
        alive = (
            held.amount
            for held in self.gateway.refunds
            if held.payment == payment.reference and held.status is not RefundStatus.FAILED
        )
        return Money.sum(alive, payment.captured.currency)

    def settle(self, reference: str, status: RefundStatus) -> None:
        """Bring a refund to another status; one that fails was sent back."""
        self.gateway.settle(
            reference, status, FailureCode.RETURNED if status is RefundStatus.FAILED else None
        )

    def dispute(self, payment: Payment, amount: Money) -> None:
        """Open a chargeback."""
        case = DisputeReport(
            reference=f"case-{payment.id}",
            amount=amount,
            stage=DisputeStage.CHARGEBACK,
            status=DisputeStatus.NEEDS_RESPONSE,
            funds=DisputeFunds.WITHDRAWN,
        )
        self.gateway.dispute(payment.reference, case)

    def webhook(self, payment: Payment):
        """Sign a webhook."""
        letter = self.gateway.webhook(payment.reference)
        return letter["body"], letter["headers"]

    def bench(self) -> Bench:
        """Offer all of it."""
        fake = self.gateway
        return Bench(
            gateway=fake,
            payment=Register("fake").take,
            returned=self.returned,
            faults={mishap: partial(fake.faults.append, fault) for mishap, fault in FAKE_FAULTS.items()},
            settle=self.settle,
            refund_elsewhere=lambda payment, amount: fake.refund_elsewhere(payment.reference, amount),
            dispute=self.dispute,
            webhook=self.webhook,
            webhook_is_dated=False,
        )
