"""A refund has one name for life, also when the shop loses its records (law E2)."""

from uuid import UUID

import pytest

from refundkit import EventKind, MemoryStore, RefundDenied, RefundOrigin, RefundStatus
from refundkit.testing.fake_gateway import FakeGateway, Fault
from tests.desk.shop import Shop, a_payment, a_request, an_order, copy_of, eur, two_payments

OTHER_SHOP = UUID("11111111-1111-1111-1111-111111111111")


def names(result):
    """Return the ids of a result's refunds."""
    return [refund.id for refund in result.refunds]


def test_refund_ids_are_the_same_in_every_desk_and_store():
    """Law E2: two shops that know nothing of each other give the same request the same ids."""
    here, there = (Shop(order=an_order(payments=two_payments())) for _ in range(2))
    there.clock.advance(days=400)
    assert names(here.refund()) == names(there.refund())


def test_refund_ids_do_not_depend_on_the_amount():
    """Law E2: another amount under the same key is the same refund to the gateway, never a second one."""
    assert names(Shop().refund("40.00")) == names(Shop().refund("41.00"))


@pytest.mark.parametrize(
    "other",
    [
        {"key": "return-2"},
        {"via": "credit"},
    ],
    ids=["key", "gateway"],
)
def test_refund_ids_differ_by_key_and_gateway(other):
    """Law E2: another key or another gateway is another refund."""
    credit = [FakeGateway(name="credit", any_payment=True)]
    assert names(Shop(others=credit).refund("40.00")) != names(Shop(others=credit).refund("40.00", **other))


def test_refund_ids_differ_by_namespace():
    """Law E2: two shops on one gateway account choose two namespaces and never share a name."""
    assert names(Shop().refund("40.00")) != names(Shop(namespace=OTHER_SHOP).refund("40.00"))


def test_the_id_is_the_idempotency_key_of_every_attempt():
    """Law E2: however often it is sent, the gateway sees one name."""
    shop = Shop(Fault.LOST_REQUEST, Fault.CRASH, Fault.UNAVAILABLE)
    shop.refund("40.00")
    for _ in range(3):
        shop.clock.advance(hours=2)
        shop.desk.recover()
    assert {call.refund.id for call in shop.gateway.calls} == {shop.only_refund.id}
    assert len(shop.gateway.calls) == 4
    assert shop.moved == eur("40.00")


# The store is restored from a backup that was made before the refund.


def with_lost_records(**options):
    """Return a shop, and its store as it was before anything was refunded."""
    shop = Shop(**options)
    return shop, copy_of(shop.store)


def test_a_retry_after_lost_records_moves_the_money_once():
    """Law E2: a store restored from an older backup asks under the same name, and the gateway knows it."""
    shop, backup = with_lost_records()
    before = shop.refund("40.00")
    after = shop.new_desk(backup).refund("o-1", a_request(amount=eur("40.00")))
    assert names(after) == names(before)
    assert after.returned == shop.moved == eur("40.00")


def test_lost_refunds_are_rebuilt_as_ours():
    """Law T2: a refund that carries an id of ours which the store does not know is rebuilt as ours."""
    shop, backup = with_lost_records()
    shop.refund("40.00")
    desk = shop.new_desk(backup)
    (event,) = desk.refresh("o-1")
    (refund,) = desk.order("o-1").refunds
    assert event.kind is EventKind.REFUND_REBUILT
    assert refund.origin is RefundOrigin.REBUILT
    assert desk.order("o-1").refundable == eur("60.00")
    assert desk.refresh("o-1") == ()


def test_the_retry_of_a_request_attaches_what_was_rebuilt():
    """Law E2: after refresh() found the refund, the retry of its request sends nothing and owns it again."""
    shop, backup = with_lost_records()
    before = shop.refund("40.00", lines=None)
    desk = shop.new_desk(backup)
    desk.refresh("o-1")
    after = desk.refund("o-1", a_request(amount=eur("40.00")))
    assert names(after) == names(before)
    assert after.returned == shop.moved == eur("40.00")
    assert len(shop.gateway.calls) == 1
    (refund,) = desk.order("o-1").refunds
    assert (refund.origin, refund.key) == (RefundOrigin.REQUEST, "return-1")
    assert desk.order("o-1").refundable == eur("60.00")
    assert desk.order("o-1").flags == ()


def test_attached_refunds_belong_to_the_lines_of_their_request_again():
    """Law C6: what a rebuilt refund was for is known again as soon as its request is."""
    shop, backup = with_lost_records()
    shop.refund(lines={"lamp": 1})
    desk = shop.new_desk(backup)
    desk.refresh("o-1")
    desk.refund("o-1", a_request(lines={"lamp": 1}))
    assert desk.order("o-1").line_sums["lamp"].units == 1
    assert desk.order("o-1").line_sums["table"].given == eur("0.00")


@pytest.mark.parametrize("refreshed", [False, True], ids=["at once", "after refresh"])
def test_a_request_that_was_carried_out_by_half_is_completed(refreshed):
    """Law E2: one leg was executed before the records were lost, the other was not; the retry sends that one."""
    shop, backup = with_lost_records(order=an_order(payments=two_payments()))
    shop.gateway.faults.extend([None, Fault.LOST_REQUEST])
    shop.refund()
    assert shop.moved == eur("70.00")
    desk = shop.new_desk(backup)
    if refreshed:
        desk.refresh("o-1")
    after = desk.refund("o-1", a_request())
    assert after.returned == shop.moved == eur("100.00")
    assert [held.amount for held in shop.gateway.refunds] == [eur("70.00"), eur("30.00")]
    assert desk.order("o-1").flags == ()


def test_a_lost_request_that_would_be_planned_otherwise_now_waits_for_a_person():
    """Law E2: what was carried out is taken as the request, never repeated in another way."""
    shop, backup = with_lost_records(order=an_order(payments=two_payments()))
    shop.gateway.confirm_captured("ref-1", eur("70.00"))
    shop.refund("40.00", payments={"p-2": eur("30.00"), "p-1": eur("10.00")})
    desk = shop.new_desk(backup)
    desk.refresh("o-1")
    other = a_request(amount=eur("40.00"))
    result = desk.refund("o-1", other)
    assert shop.moved == result.returned == eur("40.00")
    assert [flag.kind.value for flag in desk.order("o-1").flags] == ["undecided"]
    assert desk.refund("o-1", other).returned == eur("40.00")


def test_a_rebuilt_refund_that_had_failed_is_not_tried_again():
    """Law E2: the same request is the same refund; a new attempt is a new key."""
    shop, backup = with_lost_records()
    reference = shop.refund("40.00").refunds[0].reference
    shop.gateway.settle(reference, RefundStatus.FAILED)
    desk = shop.new_desk(backup)
    desk.refresh("o-1")
    result = desk.refund("o-1", a_request(amount=eur("40.00")))
    assert result.failed == eur("40.00")
    assert len(shop.gateway.calls) == 1


def test_everything_that_was_refunded_before_the_loss_is_still_refunded_after_it():
    """Law E2: a request for all that is left means what it meant, when its refund is found again."""
    shop, backup = with_lost_records()
    shop.refund()
    desk = shop.new_desk(backup)
    desk.refresh("o-1")
    assert desk.refund("o-1", a_request()).returned == shop.moved == eur("100.00")
    with pytest.raises(RefundDenied, match="Nothing is left"):
        desk.refund("o-1", a_request("return-2"))


def test_a_store_that_is_empty_again_moves_nothing_twice():
    """Law E2: the order is registered anew, the request repeated, and the money moves once."""
    shop = Shop()
    shop.refund("40.00")
    desk = shop.new_desk(MemoryStore())
    desk.register(an_order(payments=(a_payment(),)))
    assert desk.refund("o-1", a_request(amount=eur("40.00"))).returned == shop.moved == eur("40.00")
