"""One order, paid by card, through PayPal, at the Shopify shop and in cash: everything that can happen, happens.

Stripe, PayPal and Shopify are asked through their real clients, and keep books of their own. Whatever goes
wrong in between, in the end their books and ours are equal to the cent.
"""

from __future__ import annotations

import pytest

from refundkit import Event, EventKind, OrderStatus, RefundDenied, RefundStatus, WebhookError
from refundkit.testing.sandbox import Fault
from tests.stories.shop import JO, Letter, Shop, eur, moves_money

# What the timeline tells in the end, and nothing else: what, of which payment, how much.
THE_STORY = """
order.registered                        200.00 EUR
refund.requested                         50.00 EUR
refund.submitted               card      20.00 EUR
refund.submitted               paypal    15.00 EUR
refund.submitted               shopify   10.00 EUR
refund.submitted               cash       5.00 EUR
refund.succeeded               card      20.00 EUR
refund.succeeded               paypal    15.00 EUR
refund.succeeded               shopify   10.00 EUR
refund.succeeded               cash       5.00 EUR
refund.requested                         10.00 EUR
refund.submitted               card      10.00 EUR
refund.unclear                 card      10.00 EUR
refund.succeeded               card      10.00 EUR
refund.requested                          5.00 EUR
refund.submitted               paypal     5.00 EUR
refund.succeeded               paypal     5.00 EUR
refund.requested                          7.00 EUR
refund.submitted               shopify    7.00 EUR
refund.pending                 shopify    7.00 EUR
refund.succeeded               shopify    7.00 EUR
refund.adopted                 card       6.66 EUR
refund.failed_after_success    card      20.00 EUR
refund.requested                         20.00 EUR
refund.submitted               card      20.00 EUR
refund.succeeded               card      20.00 EUR
dispute.opened                 paypal    12.34 EUR
dispute.lost                   paypal    12.34 EUR
refund.requested                        109.00 EUR
refund.submitted               card      43.34 EUR
refund.submitted               paypal    27.66 EUR
refund.submitted               shopify   23.00 EUR
refund.submitted               cash      15.00 EUR
refund.succeeded               card      43.34 EUR
refund.succeeded               paypal    27.66 EUR
refund.succeeded               shopify   23.00 EUR
refund.succeeded               cash      15.00 EUR
"""


def test_one_order_through_everything(shop: Shop) -> None:
    """However the answers, the webhooks and the banks behave, each cent goes back once and is written down once."""
    jo_gets_a_part_back_in_all_four_ways(shop)
    stripes_answer_is_lost(shop)
    paypals_webhook_comes_before_its_answer(shop)
    shopifys_webhooks_come_twice_and_in_the_wrong_order(shop)
    somebody_forges_webhooks(shop)
    kim_gives_money_back_in_stripes_dashboard(shop)
    the_bank_sends_a_refund_back_and_jo_gets_it_in_cash(shop)
    jos_bank_takes_a_part_of_the_paypal_payment(shop)
    jo_gets_all_that_is_left(shop)
    nothing_ever_happens_again(shop)
    the_timeline_tells_it_once(shop)


def test_all_answers_are_lost_at_once(shop: Shop) -> None:
    """The line is dead after every refund was made: the sweep finds each of them, and none is made again."""
    for sandbox in (shop.stripe, shop.paypal, shop.shopify):
        sandbox.faults.append(Fault.LOST_REPLY, where=moves_money)
    result = shop.refund("scratched lamp", "100.00")
    assert (result.returned, result.pending) == (eur("10.00"), eur("90.00"))
    assert shop.order.refundable == eur("100.00")
    shop.clock.advance(minutes=5)
    assert shop.desk.recover().unsettled == ()
    assert shop.money_requests() == 3
    everybody_agrees(shop, left="100.00")


LATE_FAILURES = {
    "card": lambda shop, made: shop.stripe.settle(made, "failed"),
    "paypal": lambda shop, made: shop.paypal.settle(made, "FAILED"),
    "shopify": lambda shop, made: shop.shopify.settle(made, "FAILURE", "CARD_DECLINED"),
}


@pytest.mark.parametrize("payment", LATE_FAILURES)
def test_a_refund_comes_back_after_weeks(shop: Shop, payment: str) -> None:
    """No webhook tells of it; the nightly comparison does, and the money can be given once more, in the same way."""
    shop.refund("scratched lamp", "40.00", of=payment)
    left = shop.order.refundable
    shop.clock.advance(days=20)
    LATE_FAILURES[payment](shop, shop.made("scratched lamp", payment))
    news = shop.desk.reconcile(since=shop.order.placed_at).events
    assert [(event.kind, event.amount) for event in news] == [
        (EventKind.REFUND_FAILED_AFTER_SUCCESS, eur("40.00"))
    ]
    assert shop.order.refundable == left + eur("40.00")
    assert shop.refund("once more", "40.00", of=payment).returned == eur("40.00")
    everybody_agrees(shop, left="160.00")


# The steps of the story, in order.


def jo_gets_a_part_back_in_all_four_ways(shop: Shop) -> None:
    """A lamp is scratched: 50.00 of 200.00 go back, a quarter of each payment."""
    result = shop.refund("scratched lamp", "50.00")
    assert {leg.payment_id: str(leg.amount) for leg in result.refunds} == {
        "card": "20.00 EUR",
        "paypal": "15.00 EUR",
        "shopify": "10.00 EUR",
        "cash": "5.00 EUR",
    }
    assert result.is_settled
    assert shop.order.status is OrderStatus.PARTIALLY_REFUNDED
    everybody_agrees(shop, left="150.00")


def stripes_answer_is_lost(shop: Shop) -> None:
    """Stripe gives 10.00 back and the line goes dead: the money is set aside until the sweep has asked."""
    shop.stripe.faults.append(Fault.LOST_REPLY, where=moves_money)
    assert shop.refund("late delivery", "10.00", of="card").pending == eur("10.00")
    assert shop.order.reserved == eur("10.00")
    asked = shop.money_requests()
    shop.clock.advance(minutes=5)
    shop.desk.recover()
    assert shop.refund("late delivery", "10.00", of="card").returned == eur("10.00")
    assert shop.money_requests() == asked
    everybody_agrees(shop, left="140.00")


def paypals_webhook_comes_before_its_answer(shop: Shop) -> None:
    """PayPal's webhook is faster than its own answer; the refund is written down once all the same."""
    heard = []

    def the_webhook_arrives() -> None:
        made = shop.paypal.refunds(shop.reference("paypal"))[-1].id
        heard.extend(shop.hear("paypal", shop.paypal.webhook("PAYMENT.CAPTURE.REFUNDED", made)))

    shop.hasty_paypal.meanwhile = the_webhook_arrives
    assert shop.refund("missing screw", "5.00", of="paypal").returned == eur("5.00")
    del shop.hasty_paypal.meanwhile
    assert heard == [("refund.succeeded", "5.00 EUR")]
    everybody_agrees(shop, left="135.00")


def shopifys_webhooks_come_twice_and_in_the_wrong_order(shop: Shop) -> None:
    """The bank takes a day for 7.00; its news come twice, and the old ones last."""
    shop.shopify.statuses.append("PENDING")
    assert shop.refund("wrong colour", "7.00", of="shopify").pending == eur("7.00")
    made = shop.made("wrong colour", "shopify")
    old = shop.shopify.webhook("order_transactions/create", made)
    shop.clock.advance(days=1)
    shop.shopify.settle(made, "SUCCESS")
    new = shop.shopify.webhook("order_transactions/create", made)
    assert shop.hear("shopify", new) == [("refund.succeeded", "7.00 EUR")]
    assert [shop.hear("shopify", letter) for letter in (old, new, old)] == [[], [], []]
    everybody_agrees(shop, left="128.00")


def somebody_forges_webhooks(shop: Shop) -> None:
    """Whoever changes one letter of a webhook, or signs it himself, gets nowhere."""
    before = shop.order
    for gateway, letter in shop.a_letter_of_each().items():
        forged = {**letter, "body": letter["body"].replace(b"0", b"1", 1)}
        _refused(shop, gateway, forged)
        _refused(shop, gateway, {**letter, "headers": {}})
    assert shop.order == before


def kim_gives_money_back_in_stripes_dashboard(shop: Shop) -> None:
    """Kim gives 6.66 back past the desk: it is found, adopted once, and no longer there to be given."""
    made = shop.stripe.refund_in_dashboard(shop.reference("card"), 666)
    letters = [shop.stripe_says(kind, made) for kind in ("refund.created", "refund.updated")]
    assert shop.hear("stripe", letters[1]) == [("refund.adopted", "6.66 EUR")]
    assert [shop.hear("stripe", letter) for letter in letters] == [[], []]
    assert shop.desk.reconcile(since=shop.order.placed_at).events == ()
    everybody_agrees(shop, left="121.34")


def the_bank_sends_a_refund_back_and_jo_gets_it_in_cash(shop: Shop) -> None:
    """Weeks later the first 20.00 come back, the card is gone: they are open again, and Jo takes them in cash."""
    made = shop.made("scratched lamp", "card")
    old = shop.stripe_says("refund.created", made)
    shop.clock.advance(days=20)
    shop.stripe.settle(made, "failed", "expired_or_canceled_card")
    _refused(shop, "stripe", old)
    failed = shop.stripe_says("refund.failed", made)
    assert shop.hear("stripe", failed) == [("refund.failed_after_success", "20.00 EUR")]
    assert shop.hear("stripe", failed) == []
    everybody_agrees(shop, left="141.34")
    # The same wish again is the same refund, which failed; a new way is a new wish.
    assert shop.refund("scratched lamp", "50.00").failed == eur("20.00")
    assert shop.refund("lamp, in cash", "20.00", of="card", via="cash").returned == eur("20.00")
    everybody_agrees(shop, left="121.34")


def jos_bank_takes_a_part_of_the_paypal_payment(shop: Shop) -> None:
    """Jo disputes 12.34 and wins: until then PayPal gives no part back, after that the money is gone for good."""
    case = shop.paypal.open_dispute(shop.reference("paypal"), stage="CHARGEBACK", amount=eur("12.34"))
    opened = shop.paypal.webhook("CUSTOMER.DISPUTE.CREATED", case)
    assert shop.hear("paypal", opened) == [("dispute.opened", "12.34 EUR")]
    assert shop.order.status is OrderStatus.DISPUTED
    assert not shop.desk.customer(JO).has_chargebacks
    with pytest.raises(RefundDenied):
        shop.refund("goodwill", "1.00", of="paypal")
    shop.paypal.resolve_dispute(case, "RESOLVED_BUYER_FAVOUR", taken="12.34")
    lost = shop.paypal.webhook("CUSTOMER.DISPUTE.RESOLVED", case)
    assert shop.hear("paypal", lost) == [("dispute.lost", "12.34 EUR")]
    assert [shop.hear("paypal", letter) for letter in (opened, lost)] == [[], []]
    assert shop.desk.customer(JO).has_chargebacks
    assert shop.order.lost_to_disputes == eur("12.34")
    everybody_agrees(shop, left="109.00")


def jo_gets_all_that_is_left(shop: Shop) -> None:
    """The order is given up: whoever still holds money of Jo's gives it back."""
    assert shop.refund("giving up").returned == eur("109.00")
    everybody_agrees(shop, left="0.00")
    assert shop.order.refunded + shop.order.lost_to_disputes == shop.order.captured == eur("200.00")
    assert shop.order.exposure == eur("0.00")
    assert shop.order.status is OrderStatus.DISPUTED
    assert not shop.order.is_flagged


def nothing_ever_happens_again(shop: Shop) -> None:
    """A month of sweeps, webhooks and comparisons finds nothing that is not written down."""
    before = len(shop.desk.timeline("A-1001"))
    asked = shop.money_requests()
    for _ in range(4):
        shop.clock.advance(days=7)
        assert shop.desk.recover().events == ()
        assert [shop.hear(*letter) for letter in shop.a_letter_of_each().items()] == [[], [], []]
        assert shop.desk.reconcile(since=shop.order.placed_at).events == ()
    assert len(shop.desk.timeline("A-1001")) == before
    assert shop.money_requests() == asked


def the_timeline_tells_it_once(shop: Shop) -> None:
    """The timeline is the story, in order, told to the listener as it was written."""
    timeline = shop.desk.timeline("A-1001")
    assert [_told(event) for event in timeline] == THE_STORY.strip().splitlines()
    assert shop.news == list(timeline)
    assert [event.at for event in timeline] == sorted(event.at for event in timeline)
    for refund in shop.order.refunds:
        kinds = [event.kind for event in timeline if event.refund_id == refund.id]
        ends = {RefundStatus.FAILED: EventKind.REFUND_FAILED_AFTER_SUCCESS}
        adopted = refund.key is None
        assert kinds[0] is (EventKind.REFUND_ADOPTED if adopted else EventKind.REFUND_SUBMITTED)
        assert adopted or kinds[-1] is ends.get(refund.status, EventKind.REFUND_SUCCEEDED)


# What the steps have in common.


def everybody_agrees(shop: Shop, *, left: str) -> None:
    """Compare our ledger, payment by payment, with the books of everybody who gave money back."""
    assert shop.our_books() == shop.their_books()
    assert shop.order.refundable == eur(left)
    assert shop.order.reserved == eur("0.00")
    for payment in shop.order.payments:
        left_of = shop.order.refundable_of(payment.id)
        gone = shop.order.refunded_of(payment.id) + shop.order.payment_sums[payment.id].withdrawn
        assert left_of + gone == payment.captured


def _refused(shop: Shop, gateway: str, letter: Letter) -> None:
    with pytest.raises(WebhookError) as refusal:
        shop.hear(gateway, letter)
    assert refusal.value.http_status == 400


def _told(event: Event) -> str:
    return f"{event.kind.value:<29}  {event.payment_id or '':<7}  {event.amount!s:>10}"
