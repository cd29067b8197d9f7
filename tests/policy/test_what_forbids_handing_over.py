"""What stands against handing anything over, and what is owed of lines that are handed over in several ways."""

import attrs
import pytest

from refundkit.model.deliveries import Delivery
from refundkit.model.disputes import Dispute, DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.marks import Flag, FlagKind
from refundkit.model.orders import Order
from refundkit.model.requests import Purpose
from refundkit.policy.goods import Revocation, obstacle, units_owed
from tests.model.builders import NOW, eur, line, order, paid, refunded, simple

FLAG = Flag(kind=FlagKind.REVIVED, subject="r-1", text="look", raised_at=NOW)
REVIEWED, WON, LOST = DisputeStatus.UNDER_REVIEW, DisputeStatus.WON, DisputeStatus.LOST
NONE, TAKEN, BACK = DisputeFunds


def disputed(*cases):
    """Order something, and dispute it: (status, funds) of each case."""
    known = simple()
    for number, (status, funds) in enumerate(cases):
        case = Dispute(
            reference=f"dp-{number}",
            payment_id="p1",
            amount=eur(1),
            stage=DisputeStage.CHARGEBACK,
            status=status,
            funds=funds,
        )
        known = known.with_dispute(case)
    return known


def paid_with(amount):
    """Order something for 100.00 and pay some of it."""
    return order((line("line-1", eur(100)),), (paid("p1", eur(amount)),))


REJECTED = refunded(simple(), purpose=Purpose.REJECT)
OBSTACLES = {
    "paid": (simple(), None),
    "paid too much": (paid_with("100.01"), None),
    "free": (Order(id="o-1", currency="EUR"), None),
    "paid too little": (paid_with("99.99"), "not_paid"),
    "not paid at all": (order((line("line-1", eur(100)),), ()), "not_paid"),
    "refunded": (refunded(simple()), None),
    "flagged": (simple().with_flag(FLAG), "order_flagged"),
    "disputed": (disputed((REVIEWED, NONE)), "order_disputed"),
    "lost": (disputed((LOST, TAKEN)), "order_disputed"),
    "won": (disputed((WON, BACK)), None),
    "won, and disputed again": (disputed((WON, BACK), (REVIEWED, NONE)), "order_disputed"),
    "rejected": (REJECTED, "order_rejected"),
    # The gravest comes first.
    "rejected and flagged": (REJECTED.with_flag(FLAG), "order_rejected"),
    "disputed and flagged": (disputed((REVIEWED, NONE)).with_flag(FLAG), "order_disputed"),
}


@pytest.mark.parametrize("name", OBSTACLES)
def test_what_stands_against_handing_over(name):
    """Goods go out when the order is paid, and nobody has rejected, disputed or flagged it."""
    known, code = OBSTACLES[name]
    found = obstacle(known)

    assert (found and found.code) == code


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (paid_with("99.99"), "Order o-1 is not paid: 99.99 EUR of 100.00 EUR."),
        (simple().with_flag(FLAG), "A person must look at order o-1 first; then acknowledge() it."),
    ],
)
def test_an_obstacle_says_the_way_out(known, said):
    """Whoever reads it knows what is missing, or what to do."""
    assert obstacle(known).text == said


def hand_over(name, line_id, kind, quantity):
    """Hand units over."""
    return Delivery(id=name, line_id=line_id, kind=kind, target="kim", quantity=quantity)


def goods(*deliveries):
    """Order three keys for 30.00 and a book for 70.00: (name, line, kind, units) of each delivery."""
    bought = (line("keys", eur(30), quantity=3), line("book", eur(70)))
    handed = tuple(hand_over(*delivery) for delivery in deliveries)
    return order(bought, (paid("p1", eur(100)),), deliveries=handed)


KEY_1, KEY_2 = ("key-1", "keys", "mail", 1), ("key-2", "keys", "mail", 2)
MANUAL, BOOK = ("manual", "keys", "file", 3), ("book", "book", "mail", 1)


def test_lines_and_kinds_are_counted_apart():
    """Keys and a manual come beside each other; a key that comes back takes its own delivery and its own share."""
    known = goods(KEY_1, MANUAL, BOOK, KEY_2)

    assert units_owed(refunded(known, lines={"keys": 1})) == {"key-1": 1, "key-2": 1, "manual": 2, "book": 1}
    assert units_owed(refunded(known, lines={"book": 1})) == {"key-1": 1, "key-2": 2, "manual": 3, "book": 0}


def test_a_replacement_is_counted_by_itself():
    """What was delivered a second time, in other parts, is taken back from its own last part on."""
    known = goods(("all", "keys", "mail", 3), KEY_1, KEY_2)

    assert units_owed(refunded(known, lines={"keys": 1})) == {"all": 2, "key-1": 1, "key-2": 1}


def test_the_newest_revision_says_what_the_customer_keeps():
    """Law C8: of several revisions the last counts, and one of the same price counts at once."""
    known = refunded(
        goods(KEY_1, KEY_2, BOOK), revision=(line("keys", eur(20), quantity=2), line("book", eur(70)))
    )
    assert units_owed(known) == {"key-1": 1, "key-2": 1, "book": 1}

    known = refunded(known, revision=(line("keys", eur(10)), line("book", eur(70))))
    assert units_owed(known) == {"key-1": 1, "key-2": 0, "book": 1}


def test_what_was_handed_over_stays_only_where_nothing_is_taken_back():
    """A shop that takes goods back on a refund takes back what the customer has."""
    known = refunded(goods(KEY_1, BOOK), lines={"keys": 3})
    known = known.with_delivery(attrs.evolve(known.deliveries[0], handed_over=1))

    assert units_owed(known, Revocation.ON_REFUND) == {"key-1": 0, "book": 1}
    assert units_owed(known, Revocation.NEVER) == {"key-1": 1, "book": 1}


def test_what_costs_nothing_is_handed_over_all_the_same():
    """Of an order without a price no money comes back, so it takes no goods back."""
    free = order((line("line-1", eur(0)),), (), deliveries=(hand_over("d-1", "line-1", "mail", 1),))

    assert (obstacle(free), units_owed(free)) == (None, {"d-1": 1})
