"""Orders: finding their parts, putting parts in place, and who has to look."""

from itertools import product

import attrs
import pytest

from refundkit.errors import OrderNotFoundError
from refundkit.model.credit_notes import CreditNote, CreditNoteLine, Party
from refundkit.model.deliveries import Delivery
from refundkit.model.disputes import Dispute, DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.marks import Flag, FlagKind
from refundkit.model.refunds import Refund, RefundOrigin, RefundStatus
from tests.model.builders import NOW, eur, line, order, paid, refunded, simple

ASKS = {FlagKind.AMBIGUOUS, FlagKind.UNDECIDED, FlagKind.OVERDUE}
TWO = order((line("a", eur(60)), line("b", eur(40))), (paid("p1", eur(60)), paid("p2", eur(40))))


def refund(name="r-1", **more):
    """Give 5.00 of p1 back elsewhere."""
    told = {"payment_id": "p1", "gateway": "stripe", "amount": eur(5), "origin": RefundOrigin.EXTERNAL}
    return Refund(id=name, status=RefundStatus.SUCCEEDED, **{**told, **more})


def dispute(reference="dp-1", payment_id="p1", **more):
    """Dispute 5.00 of a payment."""
    told = {"amount": eur(5), "stage": DisputeStage.CHARGEBACK, "status": DisputeStatus.NEEDS_RESPONSE}
    return Dispute(
        reference=reference, payment_id=payment_id, funds=DisputeFunds.WITHDRAWN, **{**told, **more}
    )


def delivery(name="d-1", **more):
    """Hand line a over."""
    return Delivery(**{"id": name, "line_id": "a", "kind": "mail", "target": "kim", **more})


def credit_note(number):
    """Write a note about 5.00."""
    named = {
        "series": "CN",
        "number": number,
        "order_id": "o-1",
        "refund_id": f"r-{number}",
        "issued_at": NOW,
    }
    mug = CreditNoteLine(description="Mug", gross=eur(5), tax=eur(0))
    return CreditNote(**named, seller=Party(), buyer=Party(), lines=(mug,), gross=eur(5))


def flag(kind=FlagKind.REVIVED, subject="r-1"):
    """Ask a person to look."""
    return Flag(kind=kind, subject=subject, text="look", raised_at=NOW)


@pytest.mark.parametrize(("kind", "subject"), list(product(FlagKind, ["r-1", "p1", "p2", "r-2"])))
def test_who_has_to_find_out_what_became_of_a_refund(kind, subject):
    """Law T2: three kinds of flags, about a refund or its payment, say that no program can find out."""
    known = (
        TWO.with_refund(refund()).with_flag(flag(FlagKind.MISMATCHED, "r-1")).with_flag(flag(kind, subject))
    )

    assert known.awaits_person(refund()) is (kind in ASKS and subject in {"r-1", "p1"})


@pytest.mark.parametrize(
    ("put", "parts", "one", "same", "other"),
    [
        ("with_refund", "refunds", refund(), refund(raw_status="ok"), refund("r-2")),
        ("with_payment", "payments", TWO.payments[0], paid("p1", eur(60), method="card"), paid("p3", eur(1))),
        ("with_delivery", "deliveries", delivery(), delivery(attempts=1), delivery("d-2")),
        ("with_dispute", "disputes", dispute(), dispute(raw_status="ok"), dispute("dp-2")),
        ("with_dispute", "disputes", dispute(), dispute(raw_status="ok"), dispute(payment_id="p2")),
        ("with_flag", "flags", flag(), flag(), flag(FlagKind.OVERDUE)),
        ("with_flag", "flags", flag(), flag(), flag(subject="r-2")),
    ],
)
def test_each_part_has_one_place(put, parts, one, same, other):
    """Law T5: a newer part takes the place of the older one of its name; nothing else moves, and nothing goes."""
    known = getattr(getattr(TWO, put)(one), put)(other)
    before = getattr(known, parts)

    after = getattr(getattr(known, put)(same), parts)

    assert after == tuple(same if part == one else part for part in before)
    assert (one in before, other in before, same in after) == (True, True, True)


def test_credit_notes_stay():
    """A note that was issued is never replaced, and changes nothing else."""
    first, second = credit_note(1), credit_note(2)
    known = TWO.with_credit_note(first).with_credit_note(second)

    assert known == attrs.evolve(TWO, credit_notes=(first, second))


def test_two_gateways_may_use_one_reference():
    """Law C4: a reference is somebody's own word; only at one gateway it names one payment."""
    payments = (paid("p1", eur(1), reference="17"), paid("p2", eur(1), "paypal", reference="17"))

    assert order((), payments).payments == payments


def test_the_legs_of_a_request_are_its_own():
    """Law E6: what belongs to one request says nothing about another."""
    known = refunded(refunded(TWO, key="k-1", amount=eur(70)), key="k-2", amount=eur(5))

    assert {leg.key for leg in known.legs("k-1")} == {"k-1"}
    assert [(len(known.legs(key)), known.request(key).key) for key in ("k-1", "k-2")] == [
        (2, "k-1"),
        (1, "k-2"),
    ]
    assert (known.legs("k-3"), known.request("k-3")) == ((), None)


def test_what_went_back_to_one_payment():
    """Law C4: ours and others' together, of that payment only, and nothing that a dispute took."""
    known = refunded(TWO, payments={"p1": eur(20)}, amount=eur(20))
    known = known.with_refund(refund()).with_dispute(dispute())

    assert (known.refunded_of("p1"), known.refunded_of("p2")) == (eur(25), eur(0))
    with pytest.raises(OrderNotFoundError):
        known.refunded_of("p9")


def test_an_order_keeps_lists_as_tuples():
    """Who builds an order from lists may change them later; the order stays as it is."""
    tags = ["b2b"]
    known = attrs.evolve(simple(), tags=tags)
    tags.clear()

    assert known.tags == ("b2b",)
