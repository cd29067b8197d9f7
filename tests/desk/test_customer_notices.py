"""The customer is written to once for each refund: whatever fails, dies, comes twice or meets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from refundkit import (
    Customer,
    CustomerNotices,
    EventKind,
    Notice,
    OutcomeUnknownError,
    Policy,
    RefundOrigin,
    RefundStatus,
)
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import Shop, a_request, an_order, eur, kinds_of, two_payments

JO = Customer(name="Jo Doe", email="jo@example.org")
NOTIFY = Policy(notify=True)
MINUTE = timedelta(minutes=1)


class Writer:
    """Notes what it is given, and raises what it was told to, one error after the other."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors, self.letters = list(errors), []

    def __call__(self, notice: Notice) -> None:
        """Write one letter, or fail."""
        if self.errors:
            raise self.errors.pop(0)
        self.letters.append(notice)


class Office(Shop):
    """A shop that writes letters, with its writer and its listener."""

    def __init__(self, *errors: BaseException, policy=NOTIFY, options=(), **shop) -> None:
        self.writer = Writer(*errors)
        shop.setdefault("order", an_order(customer=JO))
        super().__init__(policy=policy, **shop)
        self.notices = self.listener(**dict(options))
        self.desk = self.new_desk(listeners=[self.notices])

    def listener(self, **options) -> CustomerNotices:
        """Return a listener as another process would have it."""
        return CustomerNotices(
            **{
                "store": self.store,
                "write": self.writer,
                "policy": self.options["policy"],
                "clock": self.clock,
                **options,
            }
        )

    def told(self) -> list[str]:
        """Return what the timeline says about letters."""
        kinds = kinds_of(self.desk.timeline("o-1"))
        return [kind.value for kind in kinds if kind.value.startswith("customer.")]

    @property
    def letters(self) -> list[Notice]:
        """What was written."""
        return self.writer.letters


def test_the_letter_says_what_went_back():
    """Who it is for, how much, how, and for what: each from the order."""
    office = Office()
    office.refund(key="k", lines={"lamp": 1}, message="Sorry about the lamp.")
    (letter,) = office.letters
    (line,) = letter.lines
    assert (letter.order_id, letter.refund_id) == ("o-1", office.only_refund.id)
    assert (letter.email, letter.name, letter.text) == (JO.email, JO.name, "Sorry about the lamp.")
    assert (letter.amount, letter.of_request) == (eur("20.00"), eur("20.00"))
    assert (line.name, line.quantity, line.amount) == ("Lamp", 1, eur("20.00"))


def test_the_mark_is_set_before_the_letter_is_written():
    """While the letter is written, the store says already that it was."""
    office = Office()
    seen = []
    office.desk = office.new_desk(
        listeners=[office.listener(write=lambda _: seen.append(office.only_refund.notified_at))]
    )
    office.refund("10.00")
    assert seen == [office.clock.now]
    assert office.told() == ["customer.notified"]


@pytest.mark.parametrize(
    ("asked", "policy", "letters"),
    [(True, False, 1), (False, True, 0), (None, True, 1), (None, False, 0)],
)
def test_the_request_decides_and_then_the_policy(asked, policy, letters):
    """A request that says nothing leaves it to the policy."""
    office = Office(policy=Policy(notify=policy))
    office.refund("10.00", notify=asked)
    assert len(office.letters) == letters


def test_each_leg_has_a_letter_of_its_own():
    """A request that goes back in two ways: two letters, and each says what the whole request gives back."""
    office = Office(order=an_order(customer=JO, payments=two_payments()))
    office.refund("80.00")
    assert [(str(letter.amount), str(letter.of_request)) for letter in office.letters] == [
        ("70.00 EUR", "80.00 EUR"),
        ("10.00 EUR", "80.00 EUR"),
    ]


def test_a_pending_refund_waits_for_its_letter():
    """Nothing is said while the money is on its way; when it has arrived, it is."""
    office = Office(gateway=None, can={})
    office.gateway.faults.append(Fault.PENDING)
    office.refund("10.00")
    assert office.letters == []
    office.gateway.settle(office.only_refund.reference, RefundStatus.SUCCEEDED)
    office.desk.refresh("o-1")
    assert len(office.letters) == 1


def test_a_failed_refund_has_no_letter():
    """Nothing went back, and nothing is said."""
    office = Office()
    office.gateway.faults.append(Fault.DECLINE)
    office.refund("10.00")
    assert office.letters == []


@pytest.mark.parametrize(
    "order",
    [an_order(), an_order(customer=Customer(name="Jo")), an_order(customer=JO, test=True)],
    ids=["nobody", "no address", "test order"],
)
def test_nobody_is_written_to_in_vain(order):
    """Without an address there is no letter, and none about a test order, which is nobody's money."""
    office = Office(order=order)
    office.refund("10.00")
    assert office.letters == []
    assert office.told() == []


@pytest.mark.parametrize("test", [True, None])
def test_a_test_writer_writes_about_test_orders(test):
    """Told that the writer is one for tests, or for both, letters about test orders are written."""
    office = Office(order=an_order(customer=JO, test=True), options={"test": test})
    office.refund("10.00")
    assert len(office.letters) == 1


@pytest.mark.parametrize(
    ("origins", "letters"), [((), 0), ((RefundOrigin.REQUEST, RefundOrigin.EXTERNAL), 1)]
)
def test_what_was_made_elsewhere_has_no_letter_unless_asked(origins, letters):
    """Whoever gave it back in a dashboard may have written already."""
    office = Office(options={"origins": origins} if origins else {})
    office.gateway.refund_elsewhere("ref-1", eur("5.00"))
    office.desk.refresh("o-1")
    assert office.only_refund.origin is RefundOrigin.EXTERNAL
    assert len(office.letters) == letters


def test_disputes_have_no_letter():
    """Money that the bank took is no refund."""
    office = Office(options={"origins": tuple(RefundOrigin)})
    office.desk.record_external(
        "o-1", "p-1", eur("5.00"), reference="dp_1", status="lost", actor=a_request().actor
    )
    assert office.letters == []


def test_an_event_that_comes_again_writes_nothing():
    """Events come at least once; letters do not."""
    office = Office()
    office.refund("10.00")
    for _ in range(3):
        for event in office.desk.timeline("o-1"):
            office.notices(event)
            office.listener()(event)
    assert len(office.letters) == 1
    assert office.told() == ["customer.notified"]


def test_a_writer_that_fails_is_tried_again_after_a_pause():
    """The mark is taken back, the timeline tells the type of the error and no more, and a minute later it works."""
    office = Office(ConnectionError("550 secret of the mail server"))
    office.refund("10.00")
    assert office.only_refund.notified_at is None
    office.desk.recover()
    assert office.letters == []
    office.clock.advance(minutes=1)
    office.desk.recover()
    assert len(office.letters) == 1
    assert office.told() == ["customer.notified", "customer.not_notified", "customer.notified"]
    assert "secret" not in str(office.desk.timeline("o-1"))


def test_a_writer_that_always_fails_is_given_up():
    """Every pause is waited for, then the timeline says that nobody tries any more, and nobody does."""
    office = Office(*(ConnectionError() for _ in range(100)), options={"pauses": (MINUTE, 2 * MINUTE)})
    office.refund("10.00")
    for _ in range(10):
        office.clock.advance(minutes=1)
        office.desk.recover()
    failed = [e for e in office.desk.timeline("o-1") if e.kind is EventKind.CUSTOMER_NOT_NOTIFIED]
    assert [(event.data["error"], event.data["given_up"]) for event in failed] == [
        ("ConnectionError", False),
        ("ConnectionError", False),
        ("ConnectionError", True),
    ]
    assert len(office.writer.errors) == 97
    assert office.store.undelivered() == ()


def test_a_writer_that_does_not_know_is_not_asked_twice():
    """Perhaps the letter is on its way: the mark stays, and the timeline says that it is not known."""
    office = Office(OutcomeUnknownError("no answer after the last line"))
    office.refund("10.00")
    office.clock.advance(days=1)
    office.desk.recover()
    assert office.letters == []
    assert office.only_refund.notified_at is not None
    assert office.told() == ["customer.notified", "customer.not_notified"]
    assert office.store.undelivered() == ()


class PowerCut(BaseException):
    """The process dies."""


def test_a_crash_between_mark_and_letter_leaves_a_mark():
    """Nobody can know whether the letter went out, so it is not written again: missing is better than twice."""
    office = Office(PowerCut())
    with pytest.raises(PowerCut):
        office.refund("10.00")
    office.clock.advance(days=1)
    office.new_desk(listeners=[office.listener()]).recover()
    assert office.letters == []
    assert office.told() == ["customer.notified"]


def test_a_crash_before_the_mark_loses_no_letter():
    """The event is still in the outbox, and whoever comes next writes."""
    office = Office()
    silent = office.new_desk(listeners=[])
    silent.refund("o-1", a_request(amount=eur("10.00")))
    assert office.letters == []
    office.desk.recover()
    assert len(office.letters) == 1


def test_a_failure_is_not_lost_while_another_process_takes_the_event():
    """One process has marked and fails, the other found the mark and took the event: the letter is still written."""
    office = Office(ConnectionError())
    first = office.writer

    def fail_late(notice: Notice) -> None:
        office.new_desk(listeners=[office.listener()]).recover()
        first(notice)

    office.desk = office.new_desk(listeners=[office.listener(write=fail_late)])
    office.refund("10.00")
    office.clock.advance(minutes=1)
    office.new_desk(listeners=[office.listener()]).recover()
    assert len(office.letters) == 1


def test_two_who_are_told_at_once_write_one_letter():
    """Both have read the order before either marks it; the store lets one of them."""
    office = Office()
    silent = office.new_desk(listeners=[])
    silent.refund("o-1", a_request(amount=eur("10.00")))
    (news,) = [event for event in office.store.events("o-1") if event.kind is EventKind.REFUND_SUCCEEDED]
    slow, fast = office.listener(), office.listener()
    slow._failures = lambda *_: fast(news) or []
    slow(news)
    assert len(office.letters) == 1


def test_a_refund_that_comes_back_and_goes_again_has_one_letter():
    """Sent back by the bank and found again: the customer hears of one refund once."""
    office = Office()
    office.refund("10.00")
    for status in (RefundStatus.FAILED, RefundStatus.SUCCEEDED):
        office.gateway.settle(office.only_refund.reference, status)
        office.desk.refresh("o-1")
    assert office.only_refund.status is RefundStatus.SUCCEEDED
    assert len(office.letters) == 1


def test_other_listeners_hear_of_the_letter():
    """What the listener writes down while its order is told is told after that, in order."""
    office = Office()
    heard = []
    office.desk = office.new_desk(listeners=[office.listener(), heard.append])
    office.refund("10.00")
    assert kinds_of(heard)[-2:] == [EventKind.REFUND_SUCCEEDED, EventKind.CUSTOMER_NOTIFIED]
