"""What a gateway says of what is known: which refund is meant, what moves, and what nobody believes."""

from datetime import timedelta

import attrs
import pytest

from refundkit import EventKind, FailureCode, Money
from refundkit.desk.recorder import Recorder
from refundkit.desk.recording import record_answer
from refundkit.testing.builders import NOW, eur, make_order, make_payment, make_refund
from tests.desk.reporting import EXTERNAL, FAILED, PENDING, SUBMITTED, SUCCEEDED, a_report, found, heard
from tests.desk.shop import KIM

MINUTE = timedelta(minutes=1)


def ours(number=1, status=SUBMITTED, **changes):
    """Return a refund of 10.00 that the gateway was asked for once, a minute ago."""
    sent = {"attempts": 1, "first_sent_at": NOW - MINUTE, "last_sent_at": NOW - MINUTE}
    refund = make_refund(status=status, key=f"k-{number}")
    return attrs.evolve(refund, id=f"ours-{number}", **{**sent, **changes})


def two_payments(*refunds):
    """Return an order that was paid twice by card."""
    payments = make_payment(reference="pi_1"), make_payment(id="p-2", reference="pi_2")
    return make_order(payments=payments, refunds=refunds)


def answered(refund, report):
    """Record an answer to the only attempt; return the refund, and the recorder."""
    before = Recorder(order=make_order(refunds=(refund,)), now=NOW, actor=KIM)
    after = record_answer(before, refund.id, report, attempt=1)
    return after.order.refund(refund.id), after


# Answers.


def test_an_answer_without_a_reference_is_an_answer():
    """Law E4: what is pending somewhere is pending, also where nobody has named it yet."""
    refund, after = answered(ours(), a_report(status=PENDING, reference=None))

    assert (refund.status, refund.reference) == (PENDING, None)
    assert after.events[-1].kind is EventKind.REFUND_PENDING


@pytest.mark.parametrize(
    ("report", "named"),
    [(a_report(refund_id="other", reference=None), "other"), (a_report(refund_id="other"), "re_1")],
)
def test_an_answer_about_another_refund_is_not_believed(report, named):
    """Law E4: the attempt is unclear as of now, the lease is given back, and the gateway is asked."""
    refund = ours(leased_until=NOW + MINUTE)

    now, after = answered(refund, report)

    assert now == attrs.evolve(refund, leased_until=None, unclear_at=NOW)
    (event,) = after.events
    assert (event.kind, event.refund_id) == (EventKind.REFUND_UNCLEAR, refund.id)
    assert f"another refund: {named}" in event.text
    assert after.order.fetch_due_at == NOW


def test_an_answer_about_another_refund_undoes_nothing():
    """Law T3: what the gateway has said meanwhile stands; it is asked once more."""
    refund = ours(status=PENDING)

    now, after = answered(refund, a_report(refund_id="other"))

    assert (now, after.events, after.order.fetch_due_at) == (refund, (), NOW)


def test_no_news_without_a_reference_changes_nothing():
    """Law T4: the same status, and still nobody has named it."""
    refund = ours(status=PENDING)
    before = Recorder(order=make_order(refunds=(refund,)), now=NOW, actor=KIM)

    assert record_answer(before, refund.id, a_report(status=PENDING, reference=None), attempt=1) is before


# The payment itself.


@pytest.mark.parametrize(
    ("confirmed", "captured", "says"),
    [
        (None, 10000, None),
        (None, 9000, "9000"),
        (10000, 9000, "9000"),
        (9000, 9000, None),
        (9000, 10000, "10000"),
        (9000, 8000, "8000"),
    ],
)
def test_what_was_captured_is_the_gateways_word(confirmed, captured, says):
    """Law C1: another amount than was known until now is news, also if it is the registered one again."""
    known = None if confirmed is None else eur(confirmed)
    order = make_order(payments=(make_payment(confirmed=known),))

    after = heard(order, captured=eur(captured))

    assert after.order.payment("p-1").confirmed == eur(captured)
    assert [event.kind for event in after.events] == ([EventKind.PAYMENT_CONFIRMED] if says else [])
    for event in after.events:
        assert (event.payment_id, event.amount) == ("p-1", eur(captured))
        assert event.text == f"stripe confirms {eur(captured)} of the 100.00 EUR registered."


@pytest.mark.parametrize(
    "heard_so",
    [{"captured": eur(9000), "is_stale": True}, {"captured": Money.of("90.00", "USD")}],
    ids=["overtaken", "another currency"],
)
def test_what_is_not_confirmed(heard_so):
    """Laws T3 and M4: a report that was overtaken, and an amount that no sum of the order can hold."""
    after = heard(make_order(), **heard_so)

    assert (after.order, after.events) == (make_order(), ())


# Which refund is meant.


def test_a_refund_of_ours_at_another_payment_is_not_what_we_asked_for():
    """Law E5: it is booked on the payment that the gateway told of, and ours ends as a mismatch."""
    refund = ours(payment_id="p-2")

    after = heard(two_payments(refund), a_report(refund_id=refund.id))

    released, adopted = after.order.refunds
    assert (released.status, released.failure, released.payment_id) == (FAILED, FailureCode.MISMATCH, "p-2")
    assert (adopted.payment_id, adopted.origin, adopted.amount) == ("p-1", EXTERNAL, eur(1000))
    (flag,) = after.order.flags
    assert "of pi_1 where 10.00 EUR was asked for" in flag.text


def test_a_reference_is_stronger_than_the_payment_it_is_told_with():
    """Law T2: a refund that the gateway has named is that refund, wherever it is listed."""
    refund = ours(status=PENDING, payment_id="p-2", reference="re_1")

    (now,) = heard(two_payments(refund), a_report()).order.refunds

    assert (now.status, now.payment_id, now.failure) == (SUCCEEDED, "p-2", None)


def test_an_amount_is_corrected_by_its_own_payment_only():
    """Law T1: the part that another payment tells of it is not all of it."""
    external = ours(origin=EXTERNAL, status=SUCCEEDED, payment_id="p-2", reference="re_1", key=None)

    assert heard(two_payments(external), a_report(1500)).order.refunds == (external,)


def test_an_id_that_is_not_ours_is_no_name():
    """Law T2: what was made elsewhere is not known by an id of ours, even if somebody echoes its id."""
    external = ours(origin=EXTERNAL, status=PENDING, key=None)

    after = heard(make_order(refunds=(external,)), a_report(refund_id=external.id))

    assert after.order.refunds[0] == external
    assert [flag.kind.value for flag in after.order.flags] == ["repeated"]


def test_less_than_was_asked_for_is_booked_where_it_was_asked_for():
    """Law E5: the gateway names no payment, so it is the one of the refund."""
    refund = ours(payment_id="p-2")
    before = Recorder(order=two_payments(refund), now=NOW, actor=KIM)

    after = record_answer(before, refund.id, a_report(999), attempt=1)

    assert (found(after).payment_id, found(after).amount) == ("p-2", eur(999))


# Refunds without names, at a gateway that echoes none.


@pytest.mark.parametrize(
    ("leases", "until"),
    [((1, 2), 2), ((2, 1), 2), ((None, 1), 1), ((1, None), 1)],
)
def test_what_may_be_ours_is_asked_for_when_all_answers_are_there(leases, until):
    """Law T2: while somebody is sending, the answer will say which refund it is."""
    refunds = [
        ours(number, leased_until=lease and NOW + lease * MINUTE) for number, lease in enumerate(leases, 1)
    ]

    after = heard(make_order(refunds=tuple(refunds)), a_report(), echoes=False)

    assert after.order.refunds == tuple(refunds)
    assert after.order.fetch_due_at == NOW + until * MINUTE


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({}, ["ambiguous"]),
        ({"payment_id": "p-2"}, []),
        ({"gateway": "paypal"}, []),
        ({"status": PENDING}, []),
    ],
    ids=["may be ours", "other payment", "other gateway", "answered"],
)
def test_only_what_is_unanswered_there_may_be_ours(changes, flags):
    """Law T2: a refund that nobody has answered, of this payment, at this gateway; else it is another's."""
    after = heard(two_payments(ours(**changes)), a_report(), echoes=False)

    assert [flag.kind.value for flag in after.order.flags] == flags
    assert len(after.order.refunds) == (1 if flags else 2)


# What moves.


@pytest.mark.parametrize(
    ("before", "status", "outside_cap"),
    [
        (ours(status=PENDING, reference="re_1", outside_cap=True), SUCCEEDED, True),
        (ours(status=PENDING, reference="re_1"), SUCCEEDED, False),
        (ours(status=FAILED, reference="re_1"), SUCCEEDED, True),
        (ours(status=FAILED, reference="re_1", origin=EXTERNAL, key=None), SUCCEEDED, False),
    ],
    ids=["was outside", "within", "ours revived", "another's revived"],
)
def test_what_comes_back_to_life_is_outside_the_cap(before, status, outside_cap):
    """Law E7: its money may be given away already; what was outside before stays so."""
    (now,) = heard(make_order(refunds=(before,)), a_report(status=status)).order.refunds

    assert (now.status, now.outside_cap) == (status, outside_cap)


def test_a_report_that_names_no_payment_is_about_the_right_one():
    """Law E5: also where the payment belongs to a group, silence is no other payment."""
    order = make_order(payments=(make_payment(group="g-1"),), refunds=(ours(),))
    before = Recorder(order=order, now=NOW, actor=KIM)

    assert record_answer(before, "ours-1", a_report(), attempt=1).order.refunds[0].status is SUCCEEDED
