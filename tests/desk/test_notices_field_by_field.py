"""Letters to customers: what the timeline tells of them, how long each failure waits, and who is written to."""

from datetime import timedelta

import attrs
import pytest

from refundkit import Actor, Customer, CustomerNotices, EventKind, OutcomeUnknownError, Policy, RefundStatus
from refundkit.desk.notices import PAUSES, LetterWaitsError
from tests.desk.shop import Shop, an_order, eur

JO = Customer(email="jo@example.com", name="Jo")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
KINDS = (EventKind.CUSTOMER_NOTIFIED, EventKind.CUSTOMER_NOT_NOTIFIED)


class Mail:
    """A shop whose mail program fails as it is told to, and its listener, which a test calls by itself."""

    def __init__(self, *errors, shop=None, **options):
        self.errors, self.letters = list(errors), []
        self.shop = shop or Shop(order=an_order(customer=JO))
        told = {"policy": Policy(notify=True), "clock": self.shop.clock, **options}
        self.notices = CustomerNotices(store=self.shop.store, write=self.write, **told)

    def write(self, notice):
        """Write one letter, or fail."""
        if self.errors:
            raise self.errors.pop(0)
        self.letters.append(notice)

    def refund(self):
        """Give money back, and return the event of it."""
        self.shop.refund("10.00")
        return self.last(EventKind.REFUND_SUCCEEDED)

    def last(self, kind):
        """Return the newest event of one kind."""
        return [event for event in self.shop.desk.timeline("o-1") if event.kind is kind][-1]

    def told(self):
        """Return what the timeline says about letters."""
        told = [event for event in self.shop.desk.timeline("o-1") if event.kind in KINDS]
        return [(event.kind, dict(event.data)) for event in told]


def fails(mail, event, error=ValueError):
    """Let the listener hear of something, and fail."""
    with pytest.raises(error) as failure:
        mail.notices(event)
    return failure.value


def test_the_pauses_without_a_word():
    """Six tries within seventeen hours, as the page about letters promises."""
    assert PAUSES == (MINUTE, 10 * MINUTE, HOUR, 3 * HOUR, 12 * HOUR)


def test_a_letter_is_told_with_its_refund():
    """Law T4: which refund, of how much, and that the program did it; the mark says when."""
    mail = Mail()
    mail.notices(mail.refund())

    event, refund = mail.last(EventKind.CUSTOMER_NOTIFIED), mail.shop.only_refund
    assert (event.refund_id, event.amount, event.actor) == (
        refund.id,
        refund.amount,
        Actor.system("refundkit"),
    )
    assert (event.at, dict(event.data)) == (mail.shop.clock(), {})
    assert refund.notified_at == mail.shop.clock()


@pytest.mark.parametrize(
    ("pauses", "data"), [((MINUTE,), {"given_up": False}), ((), {"given_up": True})], ids=["first", "last"]
)
def test_a_failure_is_told_and_the_mark_is_taken_back(pauses, data):
    """Law T4: the type of the error, and whether somebody will try again."""
    mail = Mail(ValueError("secret"), pauses=pauses)
    event = mail.refund()
    if data["given_up"]:
        mail.notices(event)
    else:
        fails(mail, event)

    assert mail.told()[-1] == (EventKind.CUSTOMER_NOT_NOTIFIED, {"error": "ValueError", **data})
    assert mail.last(EventKind.CUSTOMER_NOT_NOTIFIED).refund_id == mail.shop.only_refund.id
    assert mail.shop.only_refund.notified_at is None


def test_a_letter_that_may_be_on_its_way_keeps_its_mark():
    """Twice is worse than never: nobody writes again, and the timeline says that it is not known."""
    mail = Mail(OutcomeUnknownError("?", gateway="mail"))
    event = mail.refund()
    mail.notices(event)
    mail.notices(event)

    assert mail.told()[-1][1] == {"error": "OutcomeUnknownError", "unclear": True}
    assert (mail.shop.only_refund.notified_at, mail.letters) == (mail.shop.clock(), [])


def test_each_failure_waits_for_its_pause():
    """To the second; who comes too early is told until when the letter waits, and nothing is written down."""
    mail = Mail(ValueError(), ValueError(), pauses=(MINUTE, HOUR))
    event = mail.refund()
    for pause in (MINUTE, HOUR):
        fails(mail, event)
        mail.shop.clock.advance(seconds=pause.total_seconds() - 1)
        known = mail.told()
        waits = fails(mail, event, LetterWaitsError)
        assert (waits.order_id, waits.refund_id) == ("o-1", event.refund_id)
        assert mail.told() == known
        mail.shop.clock.advance(seconds=1)
    mail.notices(event)

    assert len(mail.letters) == 1


def test_the_last_failure_is_the_end():
    """With one pause there are two tries, and a third is not made, however often the event comes."""
    mail = Mail(*[ValueError() for _ in range(9)], pauses=(MINUTE,))
    event = mail.refund()
    fails(mail, event)
    mail.shop.clock.advance(minutes=1)
    mail.notices(event)
    mail.shop.clock.advance(days=1)
    mail.notices(event)

    assert [data.get("given_up") for _, data in mail.told() if data] == [False, True]
    assert len(mail.errors) == 7


def test_failures_of_another_refund_count_for_that_one():
    """Each letter has its own tries."""
    mail = Mail(ValueError(), pauses=(HOUR,))
    fails(mail, mail.refund())
    mail.shop.refund("10.00", key="second")
    mail.notices(mail.last(EventKind.REFUND_SUCCEEDED))

    assert len(mail.letters) == 1


@pytest.mark.parametrize(
    "kind",
    [
        EventKind.REFUND_SUCCEEDED,
        EventKind.REFUND_REVIVED,
        EventKind.REFUND_REBUILT,
        EventKind.REFUND_ADOPTED,
        EventKind.CUSTOMER_NOT_NOTIFIED,
    ],
)
def test_what_leads_to_a_letter(kind):
    """However we hear that the money went back, and when a letter could not be written."""
    mail = Mail()
    mail.notices(attrs.evolve(mail.refund(), kind=kind))

    assert len(mail.letters) == 1


@pytest.mark.parametrize("change", [{"kind": EventKind.REFUND_PENDING}, {"refund_id": None}], ids=str)
def test_what_leads_to_no_letter(change):
    """Other news, and news of no refund."""
    mail = Mail()
    mail.notices(attrs.evolve(mail.refund(), **change))

    assert (mail.letters, mail.told()) == ([], [])


def test_the_desk_s_policy_is_asked_for_by_the_shop():
    """Without a policy nobody is written to who did not ask for it."""
    mail = Mail(policy=None)
    mail.notices(mail.refund())
    assert mail.letters == []

    mail.shop.refund("10.00", key="asked", notify=True)
    mail.notices(mail.last(EventKind.REFUND_SUCCEEDED))
    assert len(mail.letters) == 1


def test_who_was_faster_leaves_nothing_to_write():
    """Between the look and the mark another process marked it: no second letter, and no news."""
    mail = Mail()
    event, change = mail.refund(), mail.shop.store.change

    def overtaken(order_id, function):
        mail.shop.store.change = change
        Mail(shop=mail.shop).notices(event)
        return change(order_id, function)

    mail.shop.store.change = overtaken
    mail.notices(event)

    assert (mail.letters, len(mail.told())) == ([], 1)


def test_a_refund_that_failed_while_the_listener_looked_is_not_told():
    """The newest order decides in the very transaction that sets the mark."""
    mail = Mail()
    event, change = mail.refund(), mail.shop.store.change

    def fails_meanwhile(order_id, function):
        mail.shop.store.change = change
        mail.shop.gateway.settle(mail.shop.only_refund.reference, RefundStatus.FAILED)
        mail.shop.desk.refresh("o-1")
        return change(order_id, function)

    mail.shop.store.change = fails_meanwhile
    mail.notices(event)

    assert (mail.letters, mail.told()) == ([], [])


def test_a_listener_without_a_word_has_a_name_a_clock_and_its_pauses():
    """The name is for life: under it the store remembers what was told."""
    shop = Shop(order=an_order(customer=JO))
    mail = CustomerNotices(store=shop.store, write=[].append, policy=Policy(notify=True))
    shop.refund("10.00")
    mail([event for event in shop.desk.timeline("o-1") if event.kind is EventKind.REFUND_SUCCEEDED][-1])

    assert mail.name == "refundkit.customer_notices"
    assert shop.only_refund.notified_at.tzinfo is not None


@pytest.mark.parametrize("test", [True, False])
def test_letters_are_about_live_orders_unless_told_otherwise(test):
    """Law S7: a test order is nobody's money."""
    mail = Mail(shop=Shop(order=an_order(customer=JO, test=test)))
    mail.notices(mail.refund())

    assert len(mail.letters) == (not test)


def test_letters_are_about_our_own_refunds_unless_told_otherwise():
    """Whoever gave money back in a dashboard may have written already."""
    mail = Mail()
    mail.shop.gateway.refund_elsewhere("ref-1", eur("5.00"))
    mail.shop.desk.refresh("o-1")
    mail.notices(mail.last(EventKind.REFUND_ADOPTED))

    assert mail.letters == []
