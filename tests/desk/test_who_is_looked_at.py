"""Which gateways are asked about an order, and when a payment is so well known that nobody needs to be (law E2)."""

from datetime import timedelta

import attrs
import pytest

from refundkit import ManualGateway, MemoryStore, RefundDenied, RefundStatus
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import KIM, Shop, a_payment, a_request, an_order, eur, two_payments


def cash_order():
    """Return an order that was paid in cash."""
    return an_order(payments=(a_payment(gateway="manual"),))


def test_credit_for_cash_is_looked_for_where_the_credit_is():
    """Law E2: nobody can be asked about the cash, but the machine that gave the credit back can."""
    credit = FakeGateway(name="credit", any_payment=True)
    shop = Shop(gateway=ManualGateway(), others=[credit], order=cash_order())
    shop.refund("40.00", via="credit")
    shop.store = MemoryStore()
    shop.desk = shop.new_desk()
    shop.desk.register(cash_order())
    shop.clock.advance(days=2)
    credit.forget_keys()

    assert shop.refund("40.00", via="credit").returned == eur("40.00")
    assert credit.returned("EUR") == eur("40.00")


def test_each_payment_has_to_be_known_by_itself():
    """A young refund of one payment says nothing of what another one may have lost."""
    shop = Shop(order=an_order(payments=two_payments()))
    shop.clock.advance(days=2)
    shop.refund(key="r-1", payments={"p-2": eur("10.00")})
    shop.clock.advance(hours=1)
    shop.refund(key="r-2", payments={"p-1": eur("10.00")})
    assert shop.gateway.fetches == 2

    shop.clock.advance(hours=1)
    shop.refund(key="r-3", payments={"p-1": eur("10.00")})
    assert shop.gateway.fetches == 2


def test_what_others_made_vouches_for_nothing():
    """A refund of the dashboard was found, and not preceded by a look of ours."""
    shop = Shop()
    shop.clock.advance(days=2)
    shop.gateway.refund_elsewhere("ref-1", eur("10.00"))
    shop.desk.refresh("o-1")
    shop.refund("10.00")

    assert shop.gateway.fetches == 2


def test_a_payment_of_unknown_age_is_known_after_the_first_look():
    """The refund that followed the look vouches for the time before it."""
    shop = Shop(order=an_order(payments=(a_payment(captured_at=None),), placed_at=None))
    shop.refund("10.00", key="r-1")
    shop.clock.advance(hours=1)
    shop.refund("10.00", key="r-2")

    assert shop.gateway.fetches == 1


@pytest.mark.parametrize(("hours", "fetches"), [(19, 1), (20, 1)])
def test_a_refund_vouches_from_the_very_moment_that_needed_a_look(hours, fetches):
    """To the second: younger ones were sent without a look, so the payment is as old as it was."""
    shop = Shop()
    shop.clock.advance(hours=hours)
    shop.refund("10.00", key="r-1")
    shop.clock.advance(hours=1)
    shop.refund("10.00", key="r-2")

    assert shop.gateway.fetches == fetches


def test_a_young_order_makes_its_payments_young():
    """A payment without a date is as old as its order."""
    placed = Shop().clock()
    shop = Shop(order=an_order(payments=(a_payment(captured_at=None),), placed_at=placed))
    shop.refund("10.00")

    assert shop.gateway.fetches == 0


def test_a_payment_that_took_nothing_needs_no_look():
    """There is nothing that could have been given back of it."""
    empty = a_payment(2, "0.00", gateway="other", captured_at=None)
    other = FakeGateway(name="other")
    shop = Shop(order=an_order(payments=(a_payment(), empty), placed_at=None), others=[other])
    shop.refund("10.00")

    assert (shop.gateway.fetches, other.fetches) == (0, 0)


def test_cash_of_any_age_is_no_reason_to_ask_a_machine():
    """Nobody can be asked about it, and the card beside it is young."""
    cash = a_payment(2, "50.00", gateway="manual", captured_at=None)
    shop = Shop(
        order=an_order(payments=(a_payment(1, "50.00"), cash), placed_at=None), others=[ManualGateway()]
    )
    shop.refund("10.00")

    assert shop.gateway.fetches == 0


def test_a_gateway_that_is_gone_keeps_no_other_from_giving_back():
    """Law C5: what cannot be asked about is left out, and the rest is looked at as ever."""
    payments = (a_payment(1, "50.00", gateway="gone"), a_payment(2, "50.00"))
    shop = Shop(order=an_order(payments=payments))
    shop.clock.advance(days=2)

    assert shop.refund(payments={"p-2": eur("10.00")}).returned == eur("10.00")
    assert shop.gateway.fetches == 1


def test_asking_again_is_no_reason_to_look():
    """Law E3: an accepted request is known, however old the payment has become since."""
    shop = Shop()
    shop.refund("10.00")
    shop.clock.advance(days=2)
    shop.refund("10.00")

    assert shop.gateway.fetches == 0


# Who is asked.


def test_a_gateway_that_must_not_be_asked_keeps_no_other_from_it():
    """Law S7: the test gateway is left out of a live order, the live one is asked."""
    live = FakeGateway(name="live", test=False)
    payments = (a_payment(1, "50.00"), a_payment(2, "50.00", gateway="live"))
    shop = Shop(gateway=FakeGateway(test=True), others=[live], order=an_order(payments=payments))
    shop.desk.refresh("o-1")

    assert (shop.gateway.fetches, live.fetches) == (0, 1)


def test_who_had_nothing_to_do_with_an_order_is_not_asked_every_time():
    """A machine for credit is asked when it is to give some, and when everything is compared; people never are."""
    credit = FakeGateway(name="credit", any_payment=True)
    people = ManualGateway(any_payment=True)
    people.fetch = lambda _: pytest.fail("a person is no machine")
    shop = Shop(others=[credit, people])
    shop.desk.refresh("o-1")
    assert credit.fetches == 0

    shop.desk.reconcile(since=shop.clock())
    assert credit.fetches == 1


def test_a_report_of_two_payments_is_asked_for_again_if_one_was_overtaken():
    """Law T3: what was recorded of one of them since it was asked for is newer than the report."""
    shop = Shop(order=an_order(payments=two_payments()))
    shop.desk.refresh("o-1")
    fetch = shop.gateway.fetch

    def overtaken(payments):
        reports = fetch(payments)
        shop.gateway.fetch = fetch
        shop.gateway.refund_elsewhere("ref-1", eur("10.00"))
        shop.new_desk().refresh("o-1")
        return reports

    shop.gateway.fetch = overtaken
    shop.desk.refresh("o-1")

    assert shop.gateway.fetches == 4


# Who is told, and when the sweep comes.


def test_a_desk_without_gateways_says_that_there_are_none():
    """Law C5: the refusal lists what is installed."""
    shop = Shop()

    with pytest.raises(RefundDenied, match=r"'fake' is not installed here \(installed: none\)"):
        shop.new_desk(gateways=[]).refund("o-1", a_request())


@pytest.mark.parametrize("seconds", [30, 3600], ids=["just now", "for an hour"])
def test_what_is_overdue_stays_so_whatever_else_happens(seconds):
    """Law E4: other news of the order does not put off the look that somebody owes it."""
    shop = Shop(Fault.LOST_REQUEST)
    shop.refund("40.00")
    due = shop.order.due_at
    shop.clock.advance(seconds=seconds)
    shop.desk.record_external("o-1", "p-1", eur("5.00"), reference="x-1", status="pending", actor=KIM)

    assert shop.order.due_at == due


def test_what_has_come_to_an_end_is_not_due_any_more():
    """Law E4: also if the look was overdue when somebody said how it ended."""
    shop = Shop(Fault.LOST_REQUEST)
    refund = shop.refund("40.00").refunds[0]
    shop.clock.advance(hours=1)
    shop.new_desk(gateways=[]).confirm(refund.id, actor=KIM, status=RefundStatus.FAILED)

    assert shop.order.due_at is None


def test_what_is_settled_early_is_looked_at_in_its_own_time():
    """Law E7: the retry that was planned is not needed any more; the next look is that of a success."""
    shop = Shop(Fault.LOST_ANSWER)
    shop.refund("40.00")
    shop.clock.advance(seconds=10)
    shop.desk.refresh("o-1")

    assert shop.order.due_at == shop.clock() + timedelta(days=1)


def test_a_mark_for_later_is_not_taken_up_before():
    """Law T3: what shall be asked at a certain time is not asked because a refund was made."""
    shop = Shop()
    later = shop.clock() + timedelta(minutes=1)
    shop.store.change("o-1", lambda order: (attrs.evolve(order, fetch_due_at=later), ()))
    shop.refund("10.00")

    assert (shop.gateway.fetches, shop.order.fetch_due_at) == (0, later)


@pytest.mark.parametrize(("limit", "number"), [({}, 100), ({"limit": 3}, 3)])
def test_a_sweep_takes_a_hundred_orders_unless_told_otherwise(limit, number):
    """Law E6: the others get their turn with the next one."""
    shop = Shop()
    for order in range(2, 103):
        shop.desk.register(an_order(id=f"o-{order}", payments=(a_payment(order),)))
        shop.store.change(f"o-{order}", lambda known: (attrs.evolve(known, due_at=shop.clock()), ()))

    assert len(shop.desk.recover(**limit).orders) == number
