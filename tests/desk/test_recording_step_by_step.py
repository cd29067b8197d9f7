"""Recording one answer: which field of the refund becomes what, and which event tells it (laws E4, E5, E7)."""

from datetime import timedelta

import attrs
import pytest

from refundkit import Actor, EventKind, FailureCode, RefundOrigin, RefundReport, RefundStatus
from refundkit.desk.recorder import Recorder
from refundkit.desk.recording import record_answer
from refundkit.testing.builders import NOW, eur, make_order, make_payment, make_refund

SUBMITTED, PENDING, SUCCEEDED, FAILED = (
    RefundStatus.SUBMITTED,
    RefundStatus.PENDING,
    RefundStatus.SUCCEEDED,
    RefundStatus.FAILED,
)
SENT, LATER = NOW - timedelta(minutes=1), NOW - timedelta(seconds=30)


def ours(status=SUBMITTED, **changes):
    """Ask for 10.00, once, a minute ago."""
    sent = {
        "first_sent_at": SENT,
        "last_sent_at": SENT,
        "leased_until": NOW + timedelta(minutes=1),
        "attempts": 1,
    }
    return attrs.evolve(make_refund(status=status), **{**sent, **changes})


def a_report(status=SUCCEEDED, amount=1000, **more):
    """Answer about 10.00."""
    return RefundReport(status=status, amount=eur(amount), **{"raw_status": "word", **more})


def after(refund, report, *, attempt=1):
    """Record an answer; return the refund as it is then, the recorder, and what it tells."""
    recorder = Recorder(order=make_order(refunds=(refund,)), now=NOW, actor=Actor.system("test"))
    recorder = record_answer(recorder, refund.id, report, attempt=attempt)
    told = [(event.kind, event.refund_id, event.text) for event in recorder.events]
    return recorder.order.refund(refund.id), recorder, told


# A clear answer.


@pytest.mark.parametrize(
    ("status", "settled_at", "kind"),
    [
        (PENDING, None, EventKind.REFUND_PENDING),
        (SUCCEEDED, NOW, EventKind.REFUND_SUCCEEDED),
        (FAILED, NOW, EventKind.REFUND_FAILED),
    ],
)
def test_a_clear_answer_settles_all_fields(status, settled_at, kind):
    """Law E4: status, reference, word and text are the gateway's, the lease ends, and the end has a time."""
    refund = ours()
    failure = FailureCode.DECLINED if status is FAILED else None
    report = a_report(status, reference="re_1", reason="because", failure=failure)

    now, recorder, told = after(refund, report)

    assert now == attrs.evolve(
        refund,
        status=status,
        reference="re_1",
        raw_status="word",
        failure=failure,
        failure_text="because",
        settled_at=settled_at,
        leased_until=None,
    )
    assert told == [(kind, refund.id, "because")]
    assert recorder.order.payment("p-1").reported_version == recorder.order.version + 1


def test_a_failure_without_a_code_is_unknown():
    """A refund that failed always says why, even if nobody knows."""
    assert after(ours(), a_report(FAILED, reference="re_1"))[0].failure is FailureCode.UNKNOWN
    assert after(ours(), a_report(FAILED))[0].failure is FailureCode.UNKNOWN


def test_a_known_reference_stays():
    """A report that names no reference takes none away."""
    assert after(ours(PENDING, reference="re_1"), a_report())[0].reference == "re_1"


def test_a_reference_is_learned_without_news():
    """The same status with a reference is a reference learned, and nothing to tell."""
    now, _, told = after(ours(PENDING), a_report(PENDING, reference="re_1"))

    assert (now.reference, told) == ("re_1", [])


def test_the_same_again_changes_nothing():
    """Law T4: what is known already is neither written nor told."""
    refund = ours(SUCCEEDED, reference="re_1")
    order = make_order(refunds=(refund,))
    recorder = Recorder(order=order, now=NOW, actor=Actor.system("test"))

    assert record_answer(recorder, refund.id, a_report(reference="re_1"), attempt=1) is recorder


@pytest.mark.parametrize(
    "refund", [ours(FAILED), ours(SUCCEEDED, reference="re_2")], ids=["failed", "another"]
)
def test_a_late_answer_has_the_gateway_asked(refund):
    """Law T3: an answer that does not fit what is recorded changes nothing; the gateway's list will tell."""
    now, recorder, told = after(refund, a_report(reference="re_1"))

    assert (now, told, recorder.order.fetch_due_at) == (refund, [], NOW)


# A no.


def test_a_first_no_is_believed():
    """Law E4: where nothing else is in doubt a no is a no; the payment is looked at all the same."""
    now, recorder, told = after(ours(), a_report(FAILED, reason="no money", failure=FailureCode.DECLINED))

    assert (now.status, now.failure, now.settled_at) == (FAILED, FailureCode.DECLINED, NOW)
    assert (told, recorder.order.fetch_due_at) == ([(EventKind.REFUND_FAILED, now.id, "no money")], NOW)


@pytest.mark.parametrize(
    ("refund", "attempt", "unclear_at"),
    [
        (ours(unclear_at=LATER), 1, LATER),
        (ours(attempts=2), 1, SENT),
        (ours(attempts=2, unclear_at=LATER), 2, LATER),
    ],
    ids=["after an unclear attempt", "of an older attempt", "of the newest attempt"],
)
@pytest.mark.parametrize(
    ("reason", "failure"), [("no money", FailureCode.INSUFFICIENT_FUNDS), ("", None)], ids=["told", "bare"]
)
def test_a_no_in_doubt_is_not_believed(refund, attempt, unclear_at, reason, failure):
    """Law E4: the money stays reserved, the no is kept beside it, and the doubt counts from where it began."""
    report = a_report(FAILED, reason=reason, failure=failure)

    now, recorder, told = after(refund, report, attempt=attempt)

    assert now == attrs.evolve(
        refund,
        failure=failure or FailureCode.UNKNOWN,
        failure_text=reason,
        raw_status="word",
        unclear_at=unclear_at,
        # Whoever made a newer attempt may be sending it: its lease stays.
        leased_until=None if attempt == refund.attempts else refund.leased_until,
    )
    text = f"Declined after an unclear attempt: {reason or 'word'}"
    assert told == [(EventKind.REFUND_UNCLEAR, refund.id, text)]
    assert recorder.order.fetch_due_at == NOW


@pytest.mark.parametrize("status", [PENDING, SUCCEEDED, FAILED])
def test_a_no_comes_too_late_for_what_is_known(status):
    """Law E4: a no without a refund behind it says nothing against what the gateway has said since."""
    now, recorder, told = after(ours(status), a_report(FAILED))

    assert (now, told, recorder.order.fetch_due_at) == (ours(status), [], None)


# Something else than was asked for.


@pytest.mark.parametrize(
    ("changes", "payment", "whence"),
    [
        ({"amount": 999}, "p-1", "p-1"),
        ({"amount": 1001, "payment": "pi_o-1"}, "p-1", "pi_o-1"),
        ({"payment": "pi_other"}, "p-2", "pi_other"),
        ({"payment": "pi_nobody"}, "p-1", "pi_nobody"),
    ],
    ids=["less", "more", "another payment", "nobody's payment"],
)
def test_something_else_is_recorded_beside_what_was_asked_for(changes, payment, whence):
    """Law E5: ours ends as a mismatch now, what happened is booked where it happened, and a person looks."""
    refund = ours()
    own, other = make_payment(reference="pi_o-1"), make_payment(id="p-2", reference="pi_other")
    order = make_order(refunds=(refund,), payments=(own, other))
    recorder = Recorder(order=order, now=NOW, actor=Actor.system("test"))

    recorder = record_answer(recorder, refund.id, a_report(reference="re_1", **changes), attempt=1)

    released, adopted = recorder.order.refunds
    assert released == attrs.evolve(
        refund, status=FAILED, failure=FailureCode.MISMATCH, settled_at=NOW, leased_until=None
    )
    assert (adopted.payment_id, adopted.origin, adopted.reference) == (payment, RefundOrigin.EXTERNAL, "re_1")
    assert [(event.kind, event.refund_id) for event in recorder.events[:2]] == [
        (EventKind.REFUND_MISMATCHED, refund.id),
        (EventKind.REFUND_ADOPTED, adopted.id),
    ]
    (text,) = [flag.text for flag in recorder.order.flags if flag.kind.value == "mismatched"]
    assert text == f"stripe gave back {adopted.amount} of {whence} where 10.00 EUR was asked for."


def test_a_failure_of_another_amount_is_a_failure():
    """Law E5: what moved no money did not move another amount."""
    now, recorder, _ = after(ours(), a_report(FAILED, amount=999, reference="re_1"))

    assert (now.status, now.failure, recorder.order.flags) == (FAILED, FailureCode.UNKNOWN, ())
