"""A gateway, written down plainly: what it holds, what it answers, and what it does with a repeated request.

Amounts are minor units. `tests.desk.reference_model` is the order that deals with it.
"""

from dataclasses import dataclass, field

SUBMITTED, PENDING, SUCCEEDED, FAILED = "submitted", "pending", "succeeded", "failed"


class DiedError(Exception):
    """The process is gone, in the middle of a call."""


@dataclass
class Entry:
    """One refund in the gateway's books; ``name`` is our refund id, if it was asked for by us."""

    reference: str
    payment: str
    amount: int
    status: str
    name: str | None


@dataclass
class Dispute:
    """One case about a payment: what it has withdrawn, whether it is undecided, whether it is but an inquiry."""

    withdrawn: int
    is_open: bool
    is_inquiry: bool


@dataclass
class Gateway:
    """Moves money once for each name, says no when there is not enough, forgets names after a day."""

    captured: dict[str, int]
    entries: list[Entry] = field(default_factory=list)
    answers: dict[str, Entry | None] = field(default_factory=dict)
    disputes: dict[str, Dispute] = field(default_factory=dict)
    down: bool = False

    def left(self, payment: str) -> int:
        """What it would still give back."""
        alive = (entry for entry in self.entries if entry.payment == payment and entry.status != FAILED)
        return self.captured[payment] - sum(entry.amount for entry in alive)

    def book(self, payment: str, amount: int, status: str, name: str | None = None) -> Entry:
        """Write a refund down."""
        entry = Entry(f"fake-refund-{len(self.entries) + 1}", payment, amount, status, name)
        self.entries.append(entry)
        return entry

    def answer(self, name: str, payment: str, amount: int, fault: str | None) -> Entry | None:
        """Answer a request: the refund that was made, now or earlier, or None for a no."""
        if name not in self.answers:
            refuses = fault == "decline" or amount > self.left(payment)
            given = amount - 1 if fault == "other amount" else amount
            status = PENDING if fault == "pending" else SUCCEEDED
            self.answers[name] = None if refuses else self.book(payment, given, status, name)
        return self.answers[name]
