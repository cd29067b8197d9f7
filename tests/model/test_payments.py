"""Payments: what may be learned of one after it was registered."""

import attrs
import pytest

from refundkit.errors import InvalidValueError
from refundkit.model.payments import PaymentStatus
from refundkit.money import Money
from tests.model.builders import eur, paid

AUTHORIZED = paid("p1", eur(0), status=PaymentStatus.AUTHORIZED)


def test_updated():
    """What is newer counts, but for what only gateways say."""
    known = attrs.evolve(AUTHORIZED, confirmed=eur(3), reported_version=7)

    updated = known.updated(paid("p1", eur(100), method="card"))

    assert (updated.captured, updated.status, updated.method) == (eur(100), PaymentStatus.CAPTURED, "card")
    assert (updated.confirmed, updated.reported_version) == (None, 7)
    assert updated.updated(updated) == updated


def test_what_was_confirmed_stays():
    """Law C1: what the gateway confirmed stands beside the registered money until more is captured."""
    known = attrs.evolve(paid("p1", eur(100)), confirmed=eur(90))

    assert known.updated(paid("p1", eur(100), method="card")).capacity == eur(90)


@pytest.mark.parametrize(("newer", "fee"), [(None, "0.30"), ("0.25", "0.25"), ("0.00", "0.00")])
def test_a_fee_is_not_forgotten(newer, fee):
    """What a gateway kept for itself stays known until it says another fee."""
    told = paid("p1", eur(100), fee=newer and eur(newer))

    assert paid("p1", eur(100), fee=eur("0.30")).updated(told).fee == eur(fee)


@pytest.mark.parametrize(
    ("newer", "message"),
    [
        (
            paid("p1", eur("99.99")),
            "Captured money only grows: payment p1 has 100.00 EUR, not 99.99 EUR; money given",
        ),
        (
            paid("p1", eur(100), reference="other"),
            "Payment p1 is stripe ref-p1, not stripe other; register the other",
        ),
        (
            paid("p1", eur(100), gateway="paypal"),
            "Payment p1 is stripe ref-p1, not paypal ref-p1; register the",
        ),
        (paid("p1", Money.of(200, "USD")), "are of two currencies"),
    ],
)
def test_not_updated(newer, message):
    """Law C1: registered money is never lowered; and another payment is another payment (law C4)."""
    with pytest.raises(InvalidValueError, match=message):
        paid("p1", eur(100)).updated(newer)


def test_names():
    """A payment answers to its reference, its aliases and its group, and to nothing else."""
    payment = paid("p1", eur(1), reference="pi_1", aliases=["ch_1"], group="order-1")

    assert payment.references == ("pi_1", "ch_1")
    assert all(payment.answers_to(name) for name in ("pi_1", "ch_1", "order-1"))
    assert not any(payment.answers_to(name) for name in ("p1", "", "pi_2"))


def test_what_a_later_word_leaves_out_stays():
    """Who tells that more was captured need not tell again how it was paid, nor every name of the payment."""
    known = paid(
        "p1", eur(100), aliases=("ch_1",), group="g", method="card", details={"last4": "4242"}, fee=eur(1)
    )

    grown = known.updated(paid("p1", eur(120), captured_at=None, aliases=("ch_2", "ch_1")))

    assert grown == attrs.evolve(known, captured=eur(120), aliases=("ch_1", "ch_2"))
    assert known.updated(paid("p1", eur(100), method="wallet", group="h")) == attrs.evolve(
        known, method="wallet", group="h"
    )
