"""Refunds: their states, and their names."""

import itertools
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refundkit.errors import InvalidValueError
from refundkit.model import refunds
from refundkit.model.deliveries import Delivery, DeliveryStatus
from refundkit.model.refunds import Refund, RefundOrigin, RefundStatus, refund_id
from tests import strategies
from tests.model.builders import eur, paid

PLANNED, SUBMITTED, PENDING, SUCCEEDED, FAILED = RefundStatus

ALLOWED = {
    (PLANNED, SUBMITTED),
    (SUBMITTED, PENDING),
    (SUBMITTED, SUCCEEDED),
    (SUBMITTED, FAILED),
    (PENDING, SUCCEEDED),
    (PENDING, FAILED),
    (SUCCEEDED, PENDING),
    (SUCCEEDED, FAILED),
    (FAILED, PENDING),
    (FAILED, SUCCEEDED),
}


def refund(status=PLANNED):
    """Give five euros back."""
    return Refund(id="r-1", payment_id="p1", gateway="stripe", amount=eur(5), status=status)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(RefundStatus, repeat=2)))
def test_transitions(before, after):
    """A refund goes only where the picture of its states has an arrow; staying is always possible."""
    if before is after or (before, after) in ALLOWED:
        moved = refund(before).moved(after, raw_status="ok", attempts=2)
        assert (moved.status, moved.raw_status, moved.attempts) == (after, "ok", 2)
    else:
        with pytest.raises(InvalidValueError, match=f"Refund r-1 is {before} and cannot become {after}"):
            refund(before).moved(after)


@pytest.mark.parametrize(
    ("status", "reserving", "alive", "unsent"),
    [
        (PLANNED, False, False, False),
        (SUBMITTED, True, True, True),
        (PENDING, True, True, False),
        (SUCCEEDED, False, True, False),
        (FAILED, False, False, False),
    ],
)
def test_what_a_status_means(status, reserving, alive, unsent):
    """Law C1: one named set of reserving statuses; planned and failed refunds hold no money."""
    held = refund(status)

    assert (held.is_reserving, held.is_alive, held.is_unsent) == (reserving, alive, unsent)
    assert (status in refunds.RESERVING, status in refunds.ALIVE) == (reserving, alive)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(RefundStatus, repeat=2)))
def test_forwards(before, after):
    """Law T3: forward is planned, submitted, pending, succeeded, failed."""
    forward = [PLANNED, SUBMITTED, PENDING, SUCCEEDED, FAILED]

    assert refund(before).precedes(after) == (forward.index(before) < forward.index(after))


@pytest.mark.parametrize(("origin", "ours"), list(zip(RefundOrigin, [True, True, False], strict=True)))
def test_whose_refund_it_is(origin, ours):
    """Law T2: what was rebuilt is ours, what was adopted is not."""
    assert attrs.evolve(refund(), origin=origin).is_ours is ours


GOLDEN = {
    ("o-1", "k-1", "ref-1", "stripe"): "59467b72-31c1-5347-9fae-88b4c1c2f9dd",
    ("bestellung/ü", "k", "r", "g"): "bad3e502-7be9-59c3-975f-0d0e73229f52",
}


@pytest.mark.parametrize("parts", list(GOLDEN))
def test_refund_id_for_life(parts):
    """Law E2: the id of a refund, and with it the idempotency key, is the same in every version of refundkit."""
    assert refund_id(*parts) == GOLDEN[parts]
    assert str(refunds.NAMESPACE) == "516f189a-bd3e-5cd3-a7a4-3a7e37328a27"


def test_namespaces():
    """Law E2: two shops with one gateway account keep apart by a namespace of their own."""
    own = refund_id("o-1", "k-1", "ref-1", "stripe", UUID(int=1))

    assert own != refund_id("o-1", "k-1", "ref-1", "stripe")
    assert own == refund_id("o-1", "k-1", "ref-1", "stripe", UUID(int=1))


@given(*[st.lists(strategies.identifiers(), min_size=4, max_size=4)] * 2)
def test_other_parts_other_name(one, other):
    """Law E2: refunds of other orders, requests, payments or gateways have other names, however these are cut."""
    assert (refund_id(*one) == refund_id(*other)) == (one == other)


def test_payments_of_one_reference():
    """Law E2: two payments that are called the same at two gateways stay two when a third gives them back."""
    card, gift = paid("p1", eur(1), "stripe", reference="17"), paid("p2", eur(1), "shopify", reference="17")

    assert card.name_at("stripe") == "17"
    assert card.name_at("store_credit") != gift.name_at("store_credit")
    assert {card.name_at("manual"), gift.name_at("manual")}.isdisjoint({"17"})


D = DeliveryStatus
# With the customer there is nothing, or nobody knows what.
UNDELIVERED = {D.PENDING, D.FAILED, D.DEAD_LETTERED, D.REVOKED}
DELIVERIES = {
    # Tried, delivered at last, given up, retried by a person; refunded before anything was handed over; a try
    # broke off, and what it may have handed over cannot be taken back; delivered again after a refund failed.
    *itertools.product(UNDELIVERED, D),
    # Sent again, or only more of it; taken back, at once or after failures.
    *itertools.product(
        {D.DELIVERED}, {D.DELIVERED, D.FAILED, D.DEAD_LETTERED, D.REVOKED, D.REVOCATION_FAILED}
    ),
    *itertools.product({D.REVOCATION_FAILED}, {D.REVOCATION_FAILED, D.REVOKED, D.DELIVERED}),
}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(DeliveryStatus, repeat=2)))
def test_deliveries(before, after):
    """A delivery goes only where its table says."""
    delivery = Delivery(id="d-1", line_id="line-1", kind="mail", target="kim@example.org", status=before)

    if (before, after) in DELIVERIES:
        moved = delivery.moved(after, last_error="no")
        assert (moved.status, moved.last_error) == (after, "no")
    else:
        with pytest.raises(InvalidValueError, match=f"Delivery d-1 is {before} and cannot become {after}"):
            delivery.moved(after)
