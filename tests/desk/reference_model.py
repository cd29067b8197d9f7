"""The rules once more, written down plainly: what one order, its gateway and time do to each other.

Amounts are minor units, moments are minutes, everything is an int, a str, a list or a dict. Nothing of the
library is used here but four words. One thing is left to the desk: to which payments an amount goes back.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.desk.reference_gateway import (
    FAILED,
    PENDING,
    SUBMITTED,
    SUCCEEDED,
    DiedError,
    Dispute,
    Entry,
    Gateway,
)
from tests.desk.reference_shares import allocated, cut

NO_DISPUTE = Dispute(withdrawn=0, is_open=False, is_inquiry=False)
LEASE, QUARANTINE, MEMORY, OVERDUE = 2, 15, 20 * 60, 3 * 24 * 60

Wish = tuple[str, object]
"""How much: ("everything", None), ("reject", None), ("amount", 500), ("payments", {"p-1": 500}),
("lines", {"mug": 2}) or ("revision", {"mug": (1, 900)}): quantity and total of what is kept."""


@dataclass
class Refund:
    """One refund as the order knows it; ``key`` is None if it was made elsewhere."""

    name: str
    payment: str
    amount: int
    status: str
    made_at: int
    revision: int
    parts: dict[str, int]
    key: str | None = None
    reference: str | None = None
    outside: bool = False  # revived after it had failed
    mismatched: bool = False
    sent_first: int = 0
    sent_last: int = 0
    leased_until: int | None = None
    unclear_at: int | None = None
    declined: bool = False  # somebody said no when another attempt was in doubt
    helped_at: int = 0

    @property
    def is_alive(self) -> bool:
        """Whether its money is set aside or gone."""
        return self.status != FAILED


@dataclass
class Request:
    """What was accepted under one key; ``units`` come back while a refund of it lives."""

    wish: Wish
    revision: int
    units: dict[str, int]


class Model:
    """What must be true of one order, step by step."""

    def __init__(self, payments: dict[str, int], lines: dict[str, tuple[int, int]]) -> None:
        self.now = 0
        self.gateway = Gateway(dict(payments))
        self.faults: list[str] = []
        self.captured = payments
        self.news_at = dict.fromkeys(payments, 0)
        self.lines = lines  # in force: quantity and total
        self.revision = 0
        self.requests: dict[str, Request] = {}
        self.refunds: list[Refund] = []
        self.disputes: dict[str, Dispute] = {}
        self.flags: set[tuple[str, str]] = set()
        self.marked = False  # the gateway must be asked

    # What the order says.

    def alive(self, payment: str | None = None) -> list[Refund]:
        """Every refund that has not failed, of one payment or of all."""
        return [r for r in self.refunds if r.is_alive and payment in (None, r.payment)]

    def gone(self, payment: str) -> int:
        """What was set aside, given back by whomever, or withdrawn."""
        return sum(r.amount for r in self.alive(payment)) + self.disputes.get(payment, NO_DISPUTE).withdrawn

    def left(self, payment: str) -> int:
        """What may still be given back."""
        return max(self.captured[payment] - self.gone(payment), 0)

    def exposure(self, payment: str) -> int:
        """What is gone beyond what was captured."""
        return max(self.gone(payment) - self.captured[payment], 0)

    def usable(self, payment: str) -> int:
        """While a dispute is open, nothing is given back of its payment; an inquiry forbids nothing."""
        dispute = self.disputes.get(payment, NO_DISPUTE)
        return 0 if dispute.is_open and not dispute.is_inquiry else self.left(payment)

    @property
    def refundable(self) -> int:
        """What may still be given back, over all payments."""
        return sum(map(self.left, self.captured))

    @property
    def refunded(self) -> int:
        """What was given back for certain."""
        return sum(r.amount for r in self.refunds if r.status == SUCCEEDED)

    @property
    def reserved(self) -> int:
        """What is set aside because its end is not known."""
        return sum(r.amount for r in self.refunds if r.status in (SUBMITTED, PENDING))

    @property
    def status(self) -> str:
        """The first that holds, from the top."""
        if any(request.wish[0] == "reject" for request in self.requests.values()):
            return "rejected"
        if any(dispute.withdrawn or dispute.is_open for dispute in self.disputes.values()):
            return "disputed"
        if self.refunded:
            return "partially_refunded" if self.refundable + self.reserved else "refunded"
        paid = sum(self.captured.values())
        return "paid" if paid and paid >= sum(total for _, total in self.lines.values()) else "pending"

    # Lines: nothing is given back twice, and no unit comes back twice.

    def given(self, line: str) -> int:
        """What was given back of a line in force."""
        return sum(r.parts.get(line, 0) for r in self.alive() if r.revision == self.revision)

    def open(self, line: str) -> int:
        """What a return of the line may still give back."""
        return max(self.lines[line][1] - self.given(line), 0)

    def units(self, line: str) -> int:
        """The units that came back: they count while a refund of their request lives."""
        living = {r.key for r in self.alive()}
        in_force = ((k, r) for k, r in self.requests.items() if r.revision == self.revision)
        return sum(request.units.get(line, 0) for key, request in in_force if key in living)

    def units_left(self, line: str) -> int:
        """The units that can still come back."""
        return max(self.lines[line][0] - self.units(line), 0)

    def price(self, line: str, quantity: int) -> int | None:
        """The first units carry the odd cents; the last one takes what the line has left."""
        if quantity > self.units_left(line):
            return None
        if quantity == self.units_left(line):
            return self.open(line)
        pieces, total = self.lines[line]
        first = self.units(line)
        price = sum(total // pieces + (unit < total % pieces) for unit in range(first, first + quantity))
        return price if price <= self.open(line) else None

    def overpaid(self) -> int:
        """What was captured beyond the lines in force, and not given back yet."""
        before = sum(r.amount for r in self.alive() if r.revision != self.revision)
        since = sum(r.amount for r in self.alive() if r.revision == self.revision)
        over = sum(self.captured.values()) - before - sum(total for _, total in self.lines.values())
        return max(over - (since - sum(map(self.given, self.lines))), 0)

    def attributed(self, amount: int) -> tuple[dict[str, int], int]:
        """Money that is owed anyway goes first, the rest is shared by the lines; return also what is beyond."""
        rest = max(amount - self.overpaid(), 0)
        room = {line: self.open(line) for line in self.lines}
        fitting = min(rest, sum(room.values()))
        return allocated(fitting, room), rest - fitting

    # What a request may do.

    def worth(self, wish: Wish) -> int | None:
        """What a request would give back now; None if it is refused."""
        kind, what = wish
        if self.flags or (kind == "reject" and self.status == "rejected"):
            return None
        amount = self._asked(kind, what)
        if amount is None or amount > sum(map(self.usable, self.captured)):
            return None
        return amount if amount or kind in ("reject", "revision") else None

    def _asked(self, kind: str, what: object) -> int | None:
        if kind in ("everything", "reject"):
            return self.refundable
        if kind == "amount":
            return what
        if kind == "payments":
            return sum(what.values()) if all(n <= self.usable(p) for p, n in what.items()) else None
        if kind == "revision":
            kept = sum(total for _, total in what.values())
            return self.refundable - kept if kept <= self.refundable else None
        prices = [self.price(line, quantity) for line, quantity in what.items()]
        return None if None in prices else sum(prices)

    def parts(self, wish: Wish, amount: int) -> tuple[dict[str, int], dict[str, int], int]:
        """How much of each line an accepted request gives back, how many units, and how much of no line."""
        kind, what = wish
        if kind == "lines":
            return {line: self.price(line, quantity) for line, quantity in sorted(what.items())}, what, 0
        if kind == "revision":
            room = {line: max(self.open(line) - what.get(line, (0, 0))[1], 0) for line in self.lines}
            return allocated(min(amount, sum(room.values())), room), {}, 0
        by_line, beyond = self.attributed(amount)
        if kind in ("amount", "payments"):
            return by_line, {}, beyond
        closed = {line: self.units_left(line) for line in self.lines if by_line[line] == self.open(line)}
        return by_line, closed if amount else {}, 0

    def looks_first(self, key: str, wish: Wish) -> bool:
        """Whether the gateway may have forgotten a refund that the order does not know (any more)."""
        strangers = (p for p, at in self.news_at.items() if self.now - at >= MEMORY)
        return key not in self.requests and self.worth(wish) is not None and any(strangers)

    def accept(self, key: str, wish: Wish, legs: Mapping[str, tuple[str, int]]) -> None:
        """Reserve what the desk planned: payment and amount by refund id."""
        amount = self.worth(wish)
        shares = [share for _, share in legs.values()]
        assert sum(shares) == amount, "the legs of a request add up to it"
        assert all(0 < share <= self.usable(payment) for payment, share in legs.values()), "law C1"
        if wish[0] == "payments":
            assert dict(legs.values()) == wish[1]
        else:
            usable = sorted(map(self.usable, self.captured), reverse=True)
            assert sum(usable[: max(len(shares) - 1, 0)]) < amount or not shares, "fewer would have done"
        by_line, units, beyond = self.parts(wish, amount)
        self.requests[key] = Request(wish, self.revision, units)
        for (name, (payment, share)), parts in zip(legs.items(), cut(by_line, shares), strict=True):
            leg = Refund(name, payment, share, SUBMITTED, self.now, self.revision, parts, key)
            self._lease(leg, sent_first=self.now)
            self.refunds.append(leg)
        if wish[0] == "revision":
            self.lines, self.revision = wish[1], self.revision + 1
        if beyond:
            self.flags.add(("unattributed", key))

    # What is sent, and what comes back.

    def _lease(self, leg: Refund, sent_first: int) -> None:
        leg.sent_first, leg.sent_last, leg.leased_until = sent_first, self.now, self.now + LEASE
        self.news_at[leg.payment] = max(self.news_at[leg.payment], sent_first)

    def send_new(self, key: str) -> None:
        """Send what was just reserved; after a no, ask what is true."""
        for leg in self.of(key):
            self.send(leg)
        if self.marked:
            self.learn()

    def of(self, key: str) -> list[Refund]:
        """The refunds of one request."""
        return [r for r in self.refunds if r.key == key]

    def send(self, leg: Refund) -> None:
        """Send one refund; whatever is no clear answer leaves it submitted."""
        fault = self.faults.pop(0) if self.faults else None
        if not self.gateway.down and fault == "dies before":
            raise DiedError
        if not self.gateway.down and fault not in ("unavailable", "lost request", "crash"):
            answer = self.gateway.answer(leg.name, leg.payment, leg.amount, fault)
            if fault == "dies after":
                raise DiedError
            if fault != "lost answer":
                self._hear_answer(leg, answer)
                return
        leg.leased_until = None
        if not self.gateway.down and fault != "unavailable":
            leg.unclear_at = self.now

    def _hear_answer(self, leg: Refund, answer: Entry | None) -> None:
        if answer is not None:
            self._hear(answer)
            return
        self.marked = True
        leg.leased_until = None
        if leg.unclear_at is None:
            leg.status = FAILED
        else:
            leg.declined = True

    # What is true.

    def learn(self) -> bool:
        """Ask the gateway and believe it; say whether it could be asked."""
        if self.gateway.down:
            return False
        for payment in self.captured:
            before = self.exposure(payment)
            if payment in self.gateway.disputes:
                self.disputes[payment] = self.gateway.disputes[payment]
            for entry in self.gateway.entries:
                if entry.payment == payment:
                    self._hear(entry)
            self.watch(payment, before)
        self.marked = False
        return True

    def watch(self, payment: str, before: int) -> None:
        """Have a person look when more is gone than was captured, and than before."""
        if self.exposure(payment) > before:
            self.flags.add(("over_refunded", payment))

    def _hear(self, entry: Entry) -> None:
        same = (r for r in self.refunds if r.reference == entry.reference)
        ours = (r for r in self.refunds if r.name == entry.name and r.reference is None and not r.mismatched)
        known = next(same, None) or next(ours, None)
        if known is None:
            self.adopt(entry)
        elif known.key is not None and known.amount != entry.amount and entry.status != FAILED:
            known.status, known.mismatched, known.leased_until = FAILED, True, None
            self.flags.add(("mismatched", known.name))
            self.adopt(entry)
        else:
            self._move(known, entry)

    def _move(self, known: Refund, entry: Entry) -> None:
        known.reference = entry.reference
        if known.status != entry.status:
            if known.status == FAILED:
                known.outside = known.outside or known.key is not None
                self.flags.add(("revived", known.name))
            known.status, known.leased_until = entry.status, None

    def adopt(self, entry: Entry) -> None:
        """Take over what was made elsewhere."""
        if not entry.amount:
            return
        by_line, beyond = self.attributed(entry.amount) if entry.status != FAILED else ({}, 0)
        (parts,) = cut(by_line, [entry.amount])
        found = Refund(
            entry.reference, entry.payment, entry.amount, entry.status, self.now, self.revision, parts
        )
        found.reference = entry.reference
        self.refunds.append(found)
        self.news_at[entry.payment] = self.now
        if beyond:
            self.flags.add(("unattributed", entry.reference))

    # The sweep.

    def is_leased(self, leg: Refund) -> bool:
        """Whether somebody may be sending it right now."""
        return leg.leased_until is not None and leg.leased_until > self.now

    def settle(self) -> bool:
        """Learn what is true, then send again what the gateway does not know, or give it up."""
        if not self.learn():
            return False
        for leg in self.refunds:
            if (
                leg.status == SUBMITTED
                and not self.is_leased(leg)
                and ("overdue", leg.name) not in self.flags
            ):
                self._bring_on(leg)
        return True

    def _bring_on(self, leg: Refund) -> None:
        unclear_at = leg.sent_last if leg.unclear_at is None else leg.unclear_at
        is_proven = self.now >= unclear_at + QUARANTINE
        is_remembered = self.now - leg.sent_first < MEMORY
        if leg.declined and is_proven:
            leg.status = FAILED
        elif not leg.declined and (is_remembered or is_proven):
            if leg.leased_until is not None:
                leg.unclear_at = leg.sent_last
            self._lease(leg, sent_first=leg.sent_first if is_remembered else self.now)
            self.send(leg)

    def sweep(self) -> None:
        """Settle; what nobody could answer for days becomes a person's case."""
        try:
            self.marked = not self.settle() or self.marked
        finally:
            for leg in self.refunds:
                is_old = self.now - max(leg.made_at, leg.helped_at) >= OVERDUE
                if leg.status == SUBMITTED and is_old and ("overdue", leg.name) not in self.flags:
                    self.flags.add(("overdue", leg.name))
                    leg.helped_at = self.now
