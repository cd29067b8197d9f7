"""A person's word about refunds whose gateway is gone, and about what others did (laws C1 and E4)."""

import attrs
import pytest

from refundkit import Actor, DisputeStatus, InvalidValueError, RefundOrigin, RefundStatus
from refundkit.testing.builders import make_refund
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import KIM, Shop, eur

PENDING, SUCCEEDED, FAILED = RefundStatus.PENDING, RefundStatus.SUCCEEDED, RefundStatus.FAILED


def deserted(status=SUCCEEDED, reference="re_9", fault=Fault.LOST_REQUEST):
    """Return a shop whose gateway is gone, with a refund of ours, and one that was made elsewhere."""
    shop = Shop(fault)
    shop.refund("10.00")
    elsewhere = attrs.evolve(
        make_refund(status=status, key=None),
        id="elsewhere",
        gateway="fake",
        origin=RefundOrigin.EXTERNAL,
        reference=reference,
        amount=eur("10.00"),
        lines=(),
    )
    shop.store.change("o-1", lambda order: (order.with_refund(elsewhere), ()))
    shop.desk = shop.new_desk(gateways=[])
    return shop


@pytest.mark.parametrize(
    ("elsewhere", "word"),
    [
        ((SUCCEEDED, None), {}),
        ((SUCCEEDED, "re_9"), {}),
        ((SUCCEEDED, "re_9"), {"reference": "re_1"}),
        ((SUCCEEDED, "re_9"), {"reference": "re_9", "status": FAILED}),
        ((FAILED, "re_9"), {"reference": "re_9"}),
    ],
    ids=["both nameless", "no word", "another one", "it did not happen", "that one failed"],
)
def test_what_counts_nothing_twice_is_believed(elsewhere, word):
    """Law C1: each refund at the gateway is one here."""
    shop = deserted(*elsewhere)
    ours = shop.order.refunds[0]

    confirmed = shop.desk.confirm(ours.id, actor=KIM, **word)

    assert (confirmed.status, confirmed.reference) == (word.get("status", SUCCEEDED), word.get("reference"))


@pytest.mark.parametrize("status", [PENDING, SUCCEEDED])
def test_what_is_counted_already_is_not_counted_again(status):
    """Law C1: the refusal names the reference, and which refund it is."""
    shop = deserted(status)

    with pytest.raises(InvalidValueError, match="is refund elsewhere of") as refused:
        shop.desk.confirm(shop.order.refunds[0].id, actor=KIM, reference="re_9")
    assert (refused.value.field, refused.value.value) == ("reference", "re_9")


def test_its_own_reference_is_no_other_refund():
    """A pending refund is confirmed under the name that it has."""
    shop = deserted(fault=Fault.PENDING)
    ours = shop.order.refunds[0]

    assert shop.desk.confirm(ours.id, actor=KIM, reference=ours.reference).status is SUCCEEDED


def test_a_person_says_how_a_dispute_went_on():
    """Law D1: the newer word counts, and the money with it."""
    shop = Shop()
    for word in ("lost", "won"):
        shop.desk.record_external("o-1", "p-1", eur("25.00"), reference="d-1", status=word, actor=KIM)

    assert [dispute.status for dispute in shop.order.disputes] == [DisputeStatus.WON]
    assert shop.order.refundable == eur("100.00")


@pytest.mark.parametrize("who", [Actor.customer("jo"), Actor.gateway("fake")], ids=str)
def test_nobody_else_has_a_word_about_money(who):
    """Law E4: the shop's people and its programs may say how a refund ended; the refusal names who tried."""
    shop = deserted()

    with pytest.raises(InvalidValueError, match="somebody of the shop has to") as refused:
        shop.desk.confirm(shop.order.refunds[0].id, actor=who)
    assert (refused.value.field, refused.value.value) == ("actor", who)
