"""The machine: a real desk and the reference model live through the same days, and must agree after each step."""

from collections import deque
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from refundkit import (
    Event,
    GatewayUnavailableError,
    KeyReuseError,
    MemoryStore,
    RefundDenied,
    RefundDesk,
    RefundRequest,
    Store,
    WebhookError,
)
from refundkit.model.refunds import RefundStatus
from refundkit.testing.builders import eur, make_order, make_payment
from refundkit.testing.clock import FakeClock
from tests.desk import agreement
from tests.desk.model_world import (
    FAULTS,
    KIM,
    FaultyGateway,
    KilledError,
    Listener,
    caught,
    dispute_report,
    order_lines,
    request_of,
)
from tests.desk.reference_gateway import DiedError, Dispute
from tests.desk.reference_model import SUBMITTED, Model, Wish
from tests.desk.reference_shares import allocated

MINUTE, HOUR, DAY = 1, 60, 24 * 60

# Half of the calls go well.
faults = st.lists(st.just("none") | st.sampled_from([*FAULTS, "dies before", "dies after"]), max_size=3)
keys = st.integers(0, 30).map("key-{}".format)


class RefundMachine(RuleBasedStateMachine):
    """One order, its desk, its gateway, its customers, clerks, bank and outages."""

    def new_store(self) -> Store:
        """Return an empty store."""
        return MemoryStore()

    @initialize(
        captured=st.lists(st.integers(2, 3000), min_size=1, max_size=3),
        lines=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 9)), min_size=1, max_size=3),
        difference=st.sampled_from([0, 0, 0, 0, -1, 100]),
    )
    def order_comes_in(self, captured: list[int], lines: list[tuple[int, int]], difference: int) -> None:
        """Register an order; most are paid exactly, some too little or too much."""
        weights = {f"line-{n}": weight for n, (_, weight) in enumerate(lines)} | {"line-0": 1}
        totals = allocated(sum(captured) + difference, weights)
        kept = {f"line-{n}": (pieces, totals[f"line-{n}"]) for n, (pieces, _) in enumerate(lines)}
        self.model = Model({f"p-{n}": amount for n, amount in enumerate(captured)}, kept)
        self.clock, self.store, self.gateway = FakeClock(), self.new_store(), FaultyGateway()
        self.listeners = (Listener("steady"), Listener("moody"))
        self.notes = 0
        self.seen: tuple[Event, ...] = ()
        self.restart()
        payments = tuple(self.payment(name) for name in self.model.captured)
        self.desk.register(make_order(lines=order_lines(kept), payments=payments, placed_at=self.clock()))
        self.desk.refresh("o-1")

    def payment(self, name: str) -> Any:
        """Make a payment as the model knows it."""
        captured_at = FakeClock()()
        amount = eur(self.model.captured[name])
        return make_payment(
            id=name, gateway="fake", reference=f"ref-{name}", captured=amount, captured_at=captured_at
        )

    @rule()
    def restart(self) -> None:
        """Go on with another desk, as another process would."""
        self.desk = RefundDesk(
            store=self.store,
            gateways=[self.gateway],
            clock=self.clock,
            listeners=self.listeners,
            monotonic=lambda: self.clock().timestamp(),
        )

    # Requests.

    @rule(data=st.data(), key=keys, wanted=faults)
    def refund_an_amount(self, data: st.DataObject, key: str, wanted: list[str]) -> None:
        """Ask for an amount that is left, or just not."""
        self.ask(key, ("amount", data.draw(st.integers(1, self.model.refundable + 1))), wanted)

    @rule(key=keys, wanted=faults)
    def refund_everything(self, key: str, wanted: list[str]) -> None:
        """Ask for all that is left."""
        self.ask(key, ("everything", None), wanted)

    @rule(data=st.data(), key=keys, wanted=faults)
    def refund_lines(self, data: st.DataObject, key: str, wanted: list[str]) -> None:
        """Take units of some lines back."""
        units = {line: st.integers(1, pieces) for line, (pieces, _) in self.model.lines.items()}
        self.ask(key, ("lines", data.draw(some_of(units))), wanted)

    @rule(data=st.data(), key=keys, wanted=faults)
    def refund_payments(self, data: st.DataObject, key: str, wanted: list[str]) -> None:
        """Say how much goes back to which payment."""
        amounts = {p: st.integers(1, self.model.left(p) + 1) for p in self.model.captured}
        self.ask(key, ("payments", data.draw(some_of(amounts))), wanted)

    @rule(data=st.data(), key=keys, wanted=faults)
    def change(self, data: st.DataObject, key: str, wanted: list[str]) -> None:
        """Let the customer keep less, or something else."""
        kept = {
            line: (pieces, data.draw(st.integers(0, total)))
            for line, (pieces, total) in self.model.lines.items()
            if data.draw(st.booleans())
        }
        if data.draw(st.booleans()) or not kept:
            kept["line-new"] = (2, data.draw(st.integers(0, 300)))
        self.ask(key, ("revision", kept), wanted)

    @rule(key=keys, wanted=faults, seldom=st.integers(0, 9))
    def reject(self, key: str, wanted: list[str], seldom: int) -> None:
        """Refund all and cancel the order."""
        if seldom == 0:
            self.ask(key, ("reject", None), wanted)

    @precondition(lambda self: self.model.requests)
    @rule(data=st.data(), wanted=faults)
    def same_again(self, data: st.DataObject, wanted: list[str]) -> None:
        """Ask again what was asked before (law E3)."""
        key = data.draw(st.sampled_from(sorted(self.model.requests)))
        self.ask(key, self.model.requests[key].wish, wanted)

    def ask(self, key: str, wish: Wish, wanted: list[str]) -> None:
        """Ask the desk and the model, and compare."""
        request = request_of(key, wish)
        self.expect(wanted)
        self.preview(key, wish, request)
        known = self.model.requests.get(key)
        if known is not None and known.wish != wish:
            raised = caught(lambda: self.desk.refund("o-1", request), KeyReuseError)
            assert raised is not None, "law E3: a key stands for one content"
            return
        outcome = caught(lambda: self.desk.refund("o-1", request), RefundDenied, KilledError)
        died = self.dies(lambda: self.model_asks(key, wish, outcome))
        assert died == isinstance(outcome, KilledError)

    def preview(self, key: str, wish: Wish, request: RefundRequest) -> None:
        """See that a preview promises what the rules say (law P1)."""
        if key not in self.model.requests:
            refused = caught(lambda: self.desk.preview("o-1", request), RefundDenied)
            assert (refused is None) == (self.model.worth(wish) is not None)

    def model_asks(self, key: str, wish: Wish, outcome: BaseException | None) -> None:
        """Let the model go through the same request."""
        model = self.model
        if key in model.requests:
            if any(leg.status == SUBMITTED and not model.is_leased(leg) for leg in model.of(key)):
                model.settle()
            return
        if model.looks_first(key, wish):
            model.learn()
        refused = model.worth(wish) is None
        assert refused == isinstance(outcome, RefundDenied)
        if refused:
            assert outcome.possible.minor == model.refundable
            return
        legs = self.desk.order("o-1").legs(key)
        model.accept(key, wish, {leg.id: (leg.payment_id, leg.amount.minor) for leg in legs})
        model.send_new(key)

    def expect(self, wanted: list[str]) -> None:
        """Let the next calls to the gateway go wrong."""
        self.gateway.wanted, self.model.faults = deque(wanted), list(wanted)

    def dies(self, part: Callable[[], object]) -> bool:
        """Let the model do its part; say whether its process died on the way."""
        try:
            part()
        except DiedError:
            return True
        return False

    # The world.

    @rule()
    def outage(self) -> None:
        """Let the gateway go down."""
        self.gateway.down = self.model.gateway.down = True

    @rule()
    def gateway_is_back(self) -> None:
        """Let it come back."""
        self.gateway.down = self.model.gateway.down = False

    @rule(
        minutes=st.sampled_from(
            [MINUTE, 3 * MINUTE, 16 * MINUTE, HOUR, 7 * HOUR, 21 * HOUR, 25 * HOUR, 4 * DAY, 31 * DAY]
        )
    )
    def time_passes(self, minutes: int) -> None:
        """Let time pass; after a day the gateway has forgotten every key."""
        self.clock.advance(minutes=minutes)
        self.model.now += minutes
        if minutes >= DAY:
            self.gateway.forget_keys()
            self.model.gateway.answers.clear()

    @rule(data=st.data())
    def refund_elsewhere(self, data: st.DataObject) -> None:
        """Refund in the gateway's dashboard."""
        books = self.model.gateway
        payment = data.draw(st.sampled_from(sorted(books.captured)))
        if books.left(payment) > 0:
            amount = data.draw(st.integers(1, books.left(payment)))
            reference = self.gateway.refund_elsewhere(f"ref-{payment}", eur(amount))
            assert books.book(payment, amount, "succeeded").reference == reference

    @precondition(lambda self: self.model.gateway.entries)
    @rule(data=st.data(), status=st.sampled_from(["pending", "succeeded", "succeeded", "failed"]))
    def bank_decides(self, data: st.DataObject, status: str) -> None:
        """Let a refund come to another end, days later."""
        entry = data.draw(st.sampled_from(self.model.gateway.entries))
        entry.status = status
        self.gateway.settle(entry.reference, RefundStatus(status))

    @rule(data=st.data(), case=st.sampled_from(["inquiry", "opened", "won", "lost"]))
    def dispute(self, data: st.DataObject, case: str) -> None:
        """Let the customer's bank open a case, or close it."""
        payment = data.draw(st.sampled_from(sorted(self.model.captured)))
        amount = data.draw(st.integers(1, self.model.captured[payment]))
        withdrawn = amount if case in ("opened", "lost") else 0
        is_open, is_inquiry = case in ("opened", "inquiry"), case == "inquiry"
        self.model.gateway.disputes[payment] = Dispute(withdrawn, is_open, is_inquiry)
        self.gateway.dispute(f"ref-{payment}", dispute_report(case, payment, amount))

    # What is heard of it.

    @rule(data=st.data(), times=st.integers(1, 2))
    def webhook(self, data: st.DataObject, times: int) -> None:
        """Deliver a webhook, perhaps twice."""
        payment = data.draw(st.sampled_from(sorted(self.model.captured)))
        for _ in range(times):
            self.desk.receive("fake", **self.gateway.webhook(f"ref-{payment}"))
            self.model.marked = True
            self.model.learn()

    @rule()
    def foreign_webhooks(self) -> None:
        """Deliver one about nobody's payment, and a forged one: both change nothing."""
        self.desk.receive("fake", **self.gateway.webhook("ref-nobody"))
        forged = self.gateway.webhook("ref-p-0") | {"headers": {"X-Signature": "0"}}
        assert caught(lambda: self.desk.receive("fake", **forged), WebhookError)

    @rule()
    def refresh(self) -> None:
        """Look at once."""
        failure = caught(lambda: self.desk.refresh("o-1"), GatewayUnavailableError)
        assert (failure is None) == self.model.learn()

    @rule(wanted=faults)
    def recover(self, wanted: list[str]) -> None:
        """Sweep, with faults."""
        self.sweeps(wanted)

    def sweeps(self, wanted: list[str]) -> bool:
        """Sweep; say whether it was the order's turn."""
        self.expect(wanted)
        try:
            swept, died = "o-1" in self.desk.recover().orders, False
        except KilledError:
            swept = died = True
        if swept:
            assert self.dies(self.model.sweep) == died
        return swept

    # People.

    @rule(data=st.data(), more=st.integers(1, 500), name=st.sampled_from(["p-0", "p-1", "p-9"]))
    def record_payment(self, data: st.DataObject, more: int, name: str) -> None:
        """Capture more, of a known payment or a new one."""
        model = self.model
        captured = model.captured[name] = model.captured.get(name, 0) + more
        model.gateway.captured[name] = captured
        model.news_at.setdefault(name, 0)
        self.gateway.confirm_captured(f"ref-{name}", eur(captured))
        self.desk.record_payment("o-1", self.payment(name), actor=KIM)

    @rule()
    def acknowledge(self) -> None:
        """Let a person clear every flag."""
        self.desk.acknowledge("o-1", actor=KIM)
        self.model.flags.clear()

    @rule()
    def annotate(self) -> None:
        """Write on the order what changes no money."""
        self.notes += 1
        self.desk.annotate("o-1", actor=KIM, note=f"{self.notes}", add_tags=[f"tag-{self.notes % 3}"])

    @rule()
    def listener_breaks(self) -> None:
        """Break a listener, or mend it."""
        self.listeners[1].is_broken = not self.listeners[1].is_broken

    # The end.

    @rule()
    def everything_settles(self) -> None:
        """Without faults, a few days of sweeping bring everything to rest."""
        self.gateway_is_back()
        self.listeners[1].is_broken = False
        for _ in range(3):
            self.acknowledge()
            self.time_passes(25 * HOUR)
            waits = self.model.reserved or self.model.marked
            assert self.sweeps([]) or not waits, "what is unsettled gets its turn within a day"
        self.refresh()
        agreement.assert_at_rest(self.desk.order("o-1"), self.gateway)
        assert list(self.listeners[1].heard.values()) == list(self.desk.timeline("o-1"))

    # After each step.

    @invariant()
    def agrees(self) -> None:
        """Order, gateway and model say the same."""
        if hasattr(self, "desk"):
            order = self.desk.order("o-1")
            agreement.assert_same_order(order, self.model)
            agreement.assert_same_books(self.gateway, self.model.gateway)
            agreement.assert_cap(order)

    @invariant()
    def tells_its_story(self) -> None:
        """Events are append-only, in order, told to everybody, and tell of every refund how it stands."""
        if hasattr(self, "desk"):
            order, events = self.desk.order("o-1"), self.desk.timeline("o-1")
            assert events[: len(self.seen)] == self.seen
            self.seen = events
            agreement.assert_story(order, events)
            steady, moody = (list(listener.heard.values()) for listener in self.listeners)
            assert steady == list(events)
            assert moody == list(events[: len(moody)])


def some_of(choices: dict[str, st.SearchStrategy[int]]) -> st.SearchStrategy[dict[str, int]]:
    """Draw something for at least one of *choices*."""
    return st.fixed_dictionaries({}, optional=choices).filter(bool)
