"""Before the first refund of a payment that nobody has heard of for long, the gateway is asked (laws E2 and T2)."""

from datetime import timedelta

import pytest

from refundkit import EventKind, MemoryStore, Money, Policy, RefundDenied, RefundStatus, Window
from tests.desk.shop import Shop, a_payment, a_request, an_order, eur, kinds_of


def restored(shop):
    """Take the shop's store away, as after a restore from a backup that knew the order and nothing else."""
    shop.store = MemoryStore()
    shop.desk = shop.new_desk()
    shop.desk.register(an_order())


def test_a_restored_shop_never_pays_again():
    """Law E2: the refund was lost with the store, the gateway has forgotten its key, and nothing is paid twice."""
    shop = Shop()
    shop.refund("40.00")
    restored(shop)
    shop.gateway.forget_keys()
    shop.clock.advance(days=2)
    result = shop.refund("40.00")
    assert result.returned == eur("40.00")
    assert shop.moved == eur("40.00")
    assert EventKind.REFUND_REBUILT in shop.kinds()


def test_a_restored_shop_knows_what_others_gave_back():
    """Law C1: what is found at the gateway is judged before the new wish is."""
    shop = Shop()
    shop.gateway.confirm_captured("ref-1", eur("100.00"))
    shop.gateway.refund_elsewhere("ref-1", eur("70.00"))
    shop.clock.advance(days=2)
    with pytest.raises(RefundDenied, match=r"30\.00 EUR"):
        shop.refund("40.00")
    assert shop.gateway.calls == []


@pytest.mark.parametrize(("hours", "fetches"), [(1, 0), (19, 0), (20, 1), (500, 1)])
def test_only_an_old_payment_is_asked_about(hours, fetches):
    """Inside the gateway's memory the key protects, and no caller waits for a look."""
    shop = Shop()
    shop.clock.advance(hours=hours)
    shop.refund("40.00")
    assert shop.gateway.fetches == fetches


def test_a_payment_of_unknown_age_is_asked_about():
    """What is not known to be young may be old."""
    shop = Shop(order=an_order(payments=(a_payment(captured_at=None),), placed_at=None))
    shop.refund("40.00")
    assert shop.gateway.fetches == 1


def test_a_young_refund_makes_an_old_payment_familiar():
    """A store that knows of yesterday's refund has lost nothing that is older."""
    shop = Shop()
    shop.clock.advance(days=2)
    shop.refund("10.00")
    shop.clock.advance(hours=2)
    shop.refund("10.00", key="return-2")
    assert shop.gateway.fetches == 1


def test_a_refused_wish_asks_nobody():
    """Who asks for too much is told so at once."""
    shop = Shop()
    shop.clock.advance(days=2)
    with pytest.raises(RefundDenied):
        shop.refund("140.00")
    assert shop.gateway.fetches == 0


def test_a_gateway_that_cannot_be_asked_is_sent_nothing():
    """Law E4: the wish is accepted and its money set aside; the sweep asks, and only then sends."""
    shop = Shop()
    shop.clock.advance(days=2)
    shop.gateway.down = True
    result = shop.refund("40.00")
    assert (result.pending, shop.gateway.calls) == (eur("40.00"), [])
    assert kinds_of(shop.desk.timeline("o-1"))[-1] is EventKind.REFUND_UNCLEAR
    shop.gateway.down = False
    shop.clock.advance(minutes=5)
    shop.desk.recover()
    assert shop.only_refund.status is RefundStatus.SUCCEEDED
    assert shop.moved == eur("40.00")


def test_one_dead_gateway_does_not_hold_up_the_other():
    """Law E6: what could be asked about is sent, the rest waits."""
    from refundkit.testing.fake_gateway import FakeGateway

    other = FakeGateway(name="other")
    payments = a_payment(1, "70.00"), a_payment(2, "30.00", gateway="other")
    shop = Shop(order=an_order(payments=payments), others=[other])
    shop.clock.advance(days=2)
    other.down = True
    result = shop.desk.refund("o-1", a_request())
    assert (result.returned, result.pending) == (eur("70.00"), eur("30.00"))
    assert other.calls == []


# Found before its request comes again: after `reconcile`, as after a restore.


def reconciled(**options):
    """Return a shop that was restored and has found what it gave back before: 90.00 EUR, more than is left."""
    shop = Shop()
    shop.refund("90.00")
    shop.options = options
    restored(shop)
    shop.gateway.forget_keys()
    shop.clock.advance(days=3)
    shop.desk.reconcile(since=shop.clock.now - timedelta(days=30))
    return shop


def test_a_request_that_was_found_again_is_not_in_its_own_way():
    """Law E3: its money is counted already, and it is still the same request; the two are joined."""
    shop = reconciled()
    assert shop.refund("90.00").returned == eur("90.00")
    assert (shop.moved, shop.flags()) == (eur("90.00"), [])
    assert shop.only_refund.key == "return-1"


def test_a_preview_shows_what_was_found_of_a_request():
    """Law P1: what the preview shows is what is then accepted."""
    shop = reconciled()
    shown = shop.desk.preview("o-1", a_request(amount=eur("90.00")))
    assert shown.amount == eur("90.00")
    result = shop.desk.refund("o-1", a_request(amount=eur("90.00")), expect=shown)
    assert result.returned == eur("90.00")


def test_what_was_given_back_is_not_refused_afterwards():
    """Law E3: a rule that would deny the request now cannot undo it; it is told as done, and a person looks."""
    shop = reconciled(policy=Policy(rules=(Window(days=1),)))
    shown = shop.desk.preview("o-1", a_request(amount=eur("90.00")))
    assert [leg.status for leg in shown.refunds] == [RefundStatus.SUCCEEDED]
    result = shop.desk.refund("o-1", a_request(amount=eur("90.00")), expect=shown)
    assert (result.returned, shop.moved, shop.flags()) == (eur("90.00"), eur("90.00"), ["undecided"])
    assert shop.refund("90.00").returned == eur("90.00")
    with pytest.raises(RefundDenied):
        shop.refund("5.00", key="return-2")


def test_what_was_found_in_another_currency_fits_in_no_sum():
    """Law E5: it is told as it is, and nothing is sent under its name again."""
    shop = Shop()
    name = shop.desk.preview("o-1", a_request(amount=eur("40.00"))).refunds[0].id
    shop.gateway.refund_elsewhere("ref-1", Money.of("44.00", "USD"), refund_id=name)
    shop.desk.refresh("o-1")
    result = shop.refund("40.00")
    assert (result.returned, [leg.amount for leg in result.refunds]) == (
        eur("0.00"),
        [Money.of("44.00", "USD")],
    )
    assert (shop.gateway.calls, shop.flags()) == ([], ["mismatched", "undecided"])
