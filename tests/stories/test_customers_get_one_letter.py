"""Customers get one letter for each refund: never two, never too early, and nothing that is not for their eyes.

Jo paid 200.00 EUR in four ways. Whatever the gateways, the mail server and the processes do, each refund that
arrived was told once.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from refundkit import (
    Customer,
    CustomerNotices,
    EventKind,
    ManualGateway,
    Notice,
    Order,
    Payment,
    Policy,
    RefundDesk,
    RefundRequest,
    RefundStatus,
    SQLStore,
)
from refundkit.testing.sandbox import Fault
from tests.stories.shop import JO, KIM, Shop, eur, moves_money

WORKER = Path(__file__).with_name("letter_process.py")
PROCESSES = 4


class PostOffice:
    """Takes letters, unless it is closed."""

    def __init__(self) -> None:
        self.letters: list[Notice] = []
        self.is_closed = False

    def __call__(self, notice: Notice) -> None:
        """Take a letter."""
        if self.is_closed:
            raise ConnectionError("mail.example does not answer")
        self.letters.append(notice)

    @property
    def sent(self) -> list[tuple[str, str]]:
        """How much each letter is about, and how it goes back."""
        return [(str(letter.amount), letter.way) for letter in self.letters]


@pytest.fixture
def post(shop: Shop) -> PostOffice:
    """Have the shop write letters whenever a request asks for one."""
    post = PostOffice()
    office = shop.desk._office
    notices = CustomerNotices(store=office.store, write=post, clock=shop.clock)
    shop.desk = RefundDesk(
        store=office.store,
        gateways=office.gateways.values(),
        policy=office.policy,
        listeners=[notices, shop.news.append],
        clock=shop.clock,
    )
    return post


def test_jo_hears_of_each_refund_once(shop: Shop, post: PostOffice) -> None:
    """All that can happen to a refund, and one letter for each that arrived."""
    nobody_asked_for_a_letter(shop, post)
    each_way_back_has_its_letter(shop, post)
    a_pending_refund_is_told_when_it_arrives(shop, post)
    a_lost_answer_delays_the_letter(shop, post)
    what_was_made_in_the_dashboard_is_not_told(shop, post)
    the_bank_takes_money_back_and_nobody_writes(shop, post)
    the_post_office_is_closed_for_an_hour(shop, post)
    nothing_is_told_again(shop, post)
    the_letters_say_nothing_that_is_not_for_jo(post)


def nobody_asked_for_a_letter(shop: Shop, post: PostOffice) -> None:
    """The policy writes to nobody by itself, and this request says nothing."""
    shop.refund("quietly", "4.00", of="card")
    assert post.sent == []


def each_way_back_has_its_letter(shop: Shop, post: PostOffice) -> None:
    """A request that goes back in four ways: four refunds, four letters, and each knows the whole."""
    shop.refund(
        "scratched lamp", "20.00", notify=True, message="Sorry about the lamp.", note="the liar again"
    )
    assert [amount for amount, _ in post.sent] == [
        str(leg.amount) for leg in shop.order.legs("scratched lamp")
    ]
    assert {letter.of_request for letter in post.letters} == {eur("20.00")}
    assert {(letter.email, letter.name) for letter in post.letters} == {(JO, "Jo Doe")}


def a_pending_refund_is_told_when_it_arrives(shop: Shop, post: PostOffice) -> None:
    """The bank takes its time; nothing is said before it is done."""
    before = len(post.sent)
    shop.stripe.next_refund("pending")
    shop.refund("by bank", "5.00", of="card", notify=True)
    assert len(post.sent) == before
    shop.stripe.settle(shop.made("by bank", "card"), "succeeded")
    shop.desk.refresh("A-1001")
    assert post.sent[before:] == [("5.00 EUR", "")]


def a_lost_answer_delays_the_letter(shop: Shop, post: PostOffice) -> None:
    """Nobody knows whether the money went back, so nothing is said until the sweep has found out."""
    before = len(post.sent)
    shop.stripe.faults.append(Fault.LOST_REPLY, where=moves_money)
    shop.refund("unclear", "6.00", of="card", notify=True)
    assert len(post.sent) == before
    shop.clock.advance(minutes=5)
    shop.desk.recover()
    assert [amount for amount, _ in post.sent[before:]] == ["6.00 EUR"]


def what_was_made_in_the_dashboard_is_not_told(shop: Shop, post: PostOffice) -> None:
    """Whoever gave it back there has told Jo, or has not wanted to."""
    before = len(post.sent)
    shop.stripe.refund_in_dashboard(shop.reference("card"), 100)
    shop.desk.refresh("A-1001")
    assert EventKind.REFUND_ADOPTED in [event.kind for event in shop.news]
    assert len(post.sent) == before


def the_bank_takes_money_back_and_nobody_writes(shop: Shop, post: PostOffice) -> None:
    """Jo's bank took it: that is a dispute, and no refund of ours."""
    before = len(post.sent)
    shop.stripe.dispute(shop.reference("card"), 300)
    shop.desk.refresh("A-1001")
    assert shop.order.disputes
    assert len(post.sent) == before


def the_post_office_is_closed_for_an_hour(shop: Shop, post: PostOffice) -> None:
    """The refund is made all the same; the letter is tried again, and goes out when the post office opens."""
    before = len(post.sent)
    post.is_closed = True
    assert shop.refund("closed", "2.00", of="cash", notify=True).returned == eur("2.00")
    for _ in range(6):
        shop.clock.advance(minutes=10)
        shop.desk.recover()
    failed = [event for event in shop.news if event.kind is EventKind.CUSTOMER_NOT_NOTIFIED]
    assert {event.data["error"] for event in failed} == {"ConnectionError"}
    assert len(failed) < 6
    post.is_closed = False
    shop.clock.advance(hours=1)
    shop.desk.recover()
    assert [amount for amount, _ in post.sent[before:]] == ["2.00 EUR"]


def nothing_is_told_again(shop: Shop, post: PostOffice) -> None:
    """Asked again, told again, swept again, and once more a month later: no letter comes twice."""
    before = list(post.sent)
    shop.refund(
        "scratched lamp", "20.00", notify=True, message="Sorry about the lamp.", note="the liar again"
    )
    for letter in shop.a_letter_of_each().items():
        shop.hear(*letter)
    for _ in range(3):
        shop.clock.advance(days=10)
        shop.desk.recover()
    assert post.sent == before
    told = [letter.refund_id for letter in post.letters]
    assert len(told) == len(set(told))


def the_letters_say_nothing_that_is_not_for_jo(post: PostOffice) -> None:
    """Law S6: reason and note are for the audit log."""
    for letter in post.letters:
        assert "liar" not in repr(letter)
        assert "ticket" not in repr(letter)


def test_four_processes_hear_the_same_news(store_url: str, tmp_path: Path) -> None:
    """Ten refunds are in the outbox, and four processes deliver them at the same moment: ten letters."""
    with SQLStore.open(store_url) as store:
        refunded_without_a_listener(store, times=10)
    letters = tmp_path / "letters.txt"
    workers = [
        subprocess.Popen(
            [sys.executable, str(WORKER), store_url, str(letters), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    ended = [worker.communicate("go\n", timeout=120)[0] for worker in workers]
    assert ended == [f"{number}\n" for number in range(PROCESSES)]
    told = [line.split()[0] for line in letters.read_text(encoding="utf-8").splitlines()]
    with SQLStore.open(store_url) as store:
        refunds = store.get("A-1001").refunds
        assert sorted(told) == sorted(refund.id for refund in refunds)
        assert all(refund.notified_at for refund in refunds)
        assert store.undelivered() == ()


def test_the_power_fails_while_a_letter_is_written(store_url: str) -> None:
    """Nobody knows whether it went out. It is not written again: a letter may be missing, but never comes twice."""

    class PowerCut(BaseException):
        pass

    def die(_: Notice) -> None:
        raise PowerCut

    policy, post = Policy(notify=True), PostOffice()
    with SQLStore.open(store_url) as store:
        refunded_without_a_listener(store, times=1)
        with pytest.raises(PowerCut):
            a_desk(store, CustomerNotices(store=store, policy=policy, write=die)).recover()
        a_desk(store, CustomerNotices(store=store, policy=policy, write=post)).recover()
        (refund,) = store.get("A-1001").refunds
    assert refund.notified_at is not None
    assert post.letters == []


def test_the_mail_server_never_comes_back(store_url: str) -> None:
    """After the last pause nobody tries any more, and the timeline says so."""
    post = PostOffice()
    post.is_closed = True
    with SQLStore.open(store_url) as store:
        refunded_without_a_listener(store, times=1)
        pauses = (timedelta(0), timedelta(0))
        notices = CustomerNotices(store=store, policy=Policy(notify=True), write=post, pauses=pauses)
        desk = a_desk(store, notices)
        for _ in range(5):
            desk.recover()
        events = [e for e in store.events("A-1001") if e.kind is EventKind.CUSTOMER_NOT_NOTIFIED]
        assert [event.data["given_up"] for event in events] == [False, False, True]
        assert store.undelivered() == ()


def a_desk(store: SQLStore, *listeners: CustomerNotices) -> RefundDesk:
    """Return a desk on *store*."""
    return RefundDesk(store=store, gateways=[ManualGateway()], listeners=listeners)


def refunded_without_a_listener(store: SQLStore, *, times: int) -> None:
    """Refund an order by a process that tells nobody: the news waits in the outbox."""
    desk = a_desk(store)
    paid = Payment(id="p1", gateway="manual", reference="receipt-88", captured=eur("100.00"))
    customer = Customer(name="Jo Doe", email=JO)
    desk.register(Order(id="A-1001", currency="EUR", customer=customer, payments=(paid,)))
    for number in range(times):
        wish = RefundRequest(key=f"k-{number}", reason="broken", actor=KIM, amount=eur("1.00"))
        (refund,) = desk.refund("A-1001", wish).refunds
        assert refund.status is RefundStatus.SUCCEEDED
