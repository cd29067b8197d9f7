"""What surrounds the machine: a gateway that one can die in, listeners that break, and the words of the library."""

from collections import deque
from collections.abc import Callable
from typing import Any

from refundkit import Actor, Event, OrderLine, RefundRequest
from refundkit.gateways.base import RefundCall
from refundkit.model.disputes import DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.reports import DisputeReport, RefundReport
from refundkit.testing.builders import eur, make_line
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.reference_model import Wish

KIM = Actor.staff("kim")
FAULTS = {
    "unavailable": Fault.UNAVAILABLE,
    "lost request": Fault.LOST_REQUEST,
    "lost answer": Fault.LOST_ANSWER,
    "decline": Fault.DECLINE,
    "pending": Fault.PENDING,
    "crash": Fault.CRASH,
    "other amount": Fault.OTHER_AMOUNT,
}


class KilledError(BaseException):
    """The process is gone; nobody can catch this."""


class FaultyGateway(FakeGateway):
    """A fake gateway that a process may die in."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: deque[str] = deque()

    def refund(self, call: RefundCall) -> RefundReport:
        """Do as the next fault says."""
        fault = self.wanted.popleft() if self.wanted and not self.down else None
        if fault == "dies before":
            raise KilledError
        self.faults = deque([FAULTS[fault]] if fault in FAULTS else [])
        report = super().refund(call)
        if fault == "dies after":
            raise KilledError
        return report


class Listener:
    """Notes every event that it is told; raises while it is broken."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_broken = False
        self.heard: dict[str, Event] = {}

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if self.is_broken:
            raise RuntimeError("broken")
        self.heard.setdefault(event.id, event)


def order_lines(lines: dict[str, tuple[int, int]]) -> tuple[OrderLine, ...]:
    """Make lines as the model knows them."""
    return tuple(
        make_line(id=name, quantity=pieces, total=eur(total), tax=None)
        for name, (pieces, total) in lines.items()
    )


def request_of(key: str, wish: Wish) -> RefundRequest:
    """Put a wish into the library's words."""
    kind, what = wish
    told: dict[str, Any] = {"key": key, "reason": "why not", "actor": KIM}
    if kind == "amount":
        told["amount"] = eur(what)
    elif kind == "payments":
        told["payments"] = {payment: eur(amount) for payment, amount in what.items()}
    elif kind == "lines":
        told["lines"] = what
    elif kind == "revision":
        told["revision"] = order_lines(what)
    request = RefundRequest(**told)
    return request.rejecting() if kind == "reject" else request


def dispute_report(case: str, payment: str, amount: int) -> DisputeReport:
    """Report a case as its bank would."""
    opened, status = {
        "inquiry": (DisputeFunds.NONE, DisputeStatus.NEEDS_RESPONSE),
        "opened": (DisputeFunds.WITHDRAWN, DisputeStatus.NEEDS_RESPONSE),
        "won": (DisputeFunds.REINSTATED, DisputeStatus.WON),
        "lost": (DisputeFunds.WITHDRAWN, DisputeStatus.LOST),
    }[case]
    stage = DisputeStage.INQUIRY if case == "inquiry" else DisputeStage.CHARGEBACK
    return DisputeReport(
        reference=f"dp-{payment}", amount=eur(amount), stage=stage, status=status, funds=opened
    )


def caught(call: Callable[[], object], *kinds: type[BaseException]) -> BaseException | None:
    """Return what *call* raised, if it is one of *kinds*."""
    try:
        call()
    except kinds as error:
        return error
    return None
