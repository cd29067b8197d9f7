"""What a gateway has and the store has not, field by field: adopted, rebuilt, or corrected (laws T1, T2)."""

import attrs
import pytest

from refundkit import (
    DisputeFunds,
    DisputeReport,
    DisputeStage,
    DisputeStatus,
    EventKind,
    FailureCode,
    Money,
)
from refundkit.model.refunds import Refund, RefundLine
from refundkit.testing.builders import (
    NOW,
    eur,
    make_accepted,
    make_order,
    make_refund,
    make_request,
)
from tests.desk.reporting import (
    EARLIER,
    EXTERNAL,
    FAILED,
    PENDING,
    REBUILT,
    SUBMITTED,
    SUCCEEDED,
    a_report,
    found,
    heard,
    told,
)

# Adopted.


@pytest.mark.parametrize(("at", "since"), [(EARLIER, EARLIER), (None, NOW)], ids=["dated", "undated"])
@pytest.mark.parametrize("status", [PENDING, SUCCEEDED, FAILED])
def test_what_is_adopted_is_what_the_gateway_says(status, at, since):
    """Law T2: amount, status, words and date are the gateway's; what moved no money takes nothing of a line."""
    failure = FailureCode.DECLINED if status is FAILED else None
    after = heard(make_order(), a_report(status=status, failure=failure, at=at))

    lines = (RefundLine(line_id="line-1", amount=eur(1000), tax=eur(160)),)
    assert found(after) == Refund(
        id=found(after).id,
        payment_id="p-1",
        gateway="stripe",
        amount=eur(1000),
        status=status,
        origin=EXTERNAL,
        reference="re_1",
        raw_status="word",
        failure=failure,
        failure_text="because",
        lines=() if status is FAILED else lines,
        created_at=since,
        settled_at=None if status is PENDING else since,
    )
    assert told(after) == [(EventKind.REFUND_ADOPTED, found(after).id, eur(1000), {"status": status.value})]


def test_what_is_adopted_belongs_to_the_lines_as_they_are_now():
    """Law C8: after a change of the order, the money is of its newest lines."""
    order = make_order()
    request = make_request(
        revision=(attrs.evolve(order.lines[0], quantity=1, total=eur(5000), tax=eur(799)),)
    )
    accepted = make_accepted(request, lines=(), revision=0)
    changed = order.with_request(accepted, [])

    assert found(heard(changed, a_report())).revision == changed.revision == 1


def test_an_adopted_refund_has_one_name_for_life():
    """Law T2: found again after a restore, whenever and whatever it says by then, it is the same refund."""
    first, again = (
        found(heard(make_order(), a_report(amount, at=at))).id
        for amount, at in ((1000, EARLIER), (2000, None))
    )

    assert first == again == "33e21df0-9db2-5e09-9d1c-37258b529e6b"
    assert first != found(heard(make_order(), a_report(reference="re_2"))).id


@pytest.mark.parametrize(
    ("second", "number"),
    [
        ({}, 1),
        ({"at": NOW}, 2),
        ({"at": None}, 2),
        ({"amount": 2000}, 2),
        ({"reference": "re_1"}, 2),
    ],
    ids=str,
)
def test_refunds_without_names_are_told_apart_by_date_and_amount(second, number):
    """Law T2: a gateway that names its refunds by nothing is believed to list each of them once."""
    nameless = {"reference": None, "refund_id": None}
    after = heard(make_order(), a_report(**nameless), a_report(**{**nameless, **second}))

    assert len(after.order.refunds) == number
    assert heard(after.order, a_report(**nameless), a_report(**{**nameless, **second})).events == ()


@pytest.mark.parametrize("name", [None, "ours"])
def test_nothing_is_no_refund(name):
    """Law C2: a refund of nothing is not recorded, whoever made it."""
    after = heard(make_order(), a_report(0, refund_id=name))

    assert (after.order.refunds, after.events) == ((), ())


def test_a_second_refund_under_our_name_is_one():
    """Law T2: without a reference its name is all that is known of it, whatever date it has by then."""
    known_one = attrs.evolve(known(1000, SUCCEEDED, 1), id="ours", reference="re_0")
    order = heard(make_order(refunds=(known_one,)), a_report(reference=None, refund_id="ours")).order
    assert [refund.reference for refund in order.refunds] == ["re_0", None]

    again = heard(order, a_report(reference=None, refund_id="ours", at=NOW))
    assert (again.order.refunds, again.events) == (order.refunds, ())


# Rebuilt.


def known(amount, status, number):
    """Return a refund of p-1 that the store has."""
    return attrs.evolve(
        make_refund(amount=eur(amount), status=status), id=f"known-{number}", key=f"k-{number}"
    )


@pytest.mark.parametrize(
    ("known_refunds", "amount", "outside_cap"),
    [
        ((), 10000, False),
        ((known(3000, SUBMITTED, 1), known(2000, SUCCEEDED, 2)), 5000, False),
        ((known(3000, SUBMITTED, 1), known(2000, SUCCEEDED, 2)), 5001, True),
        ((known(9000, FAILED, 1),), 10000, False),
        ((known(10000, SUCCEEDED, 1),), 1, True),
    ],
)
def test_what_is_rebuilt_is_ours_within_what_is_left(known_refunds, amount, outside_cap):
    """Law T2: under its own id, and to the cent outside of the cap if the store has given the money away since."""
    order = make_order(refunds=known_refunds)
    after = heard(order, a_report(amount, refund_id="ours"))

    rebuilt = found(after)
    assert (rebuilt.id, rebuilt.origin, rebuilt.outside_cap) == ("ours", REBUILT, outside_cap)
    assert (rebuilt.created_at, rebuilt.settled_at, rebuilt.key) == (EARLIER, EARLIER, None)
    assert told(after) == [(EventKind.REFUND_REBUILT, "ours", eur(amount), {"status": "succeeded"})]


def test_what_is_rebuilt_in_another_currency_is_outside_of_every_sum():
    """Law M4: the order cannot hold it, and a person looks."""
    dollars = Money.of("1.00", "USD")
    after = heard(make_order(), attrs.evolve(a_report(refund_id="ours"), amount=dollars))

    assert (found(after).outside_cap, found(after).lines) == (True, ())
    (flag,) = after.order.flags
    assert (flag.kind.value, flag.subject) == ("mismatched", "ours")
    assert "stripe gave back 1.00 USD on an order in EUR" in flag.text


def test_more_than_the_lines_have_left_is_flagged():
    """Law C6: the money is attributed as far as the lines go; the rest is named."""
    after = heard(make_order(), a_report(12000))

    (flag,) = (flag for flag in after.order.flags if flag.kind.value == "unattributed")
    assert flag.subject == found(after).id
    assert "20.00 EUR of refund re_1" in flag.text
    assert [line.amount for line in found(after).lines] == [eur(10000)]


# Corrected.


def adopted(**changes):
    """Return an order with one refund that was made elsewhere, of 10.00."""
    return heard(make_order(), a_report(**changes)).order


@pytest.mark.parametrize("amount", [1500, 500])
def test_an_amount_that_was_written_down_wrongly_is_corrected(amount):
    """Law T1: the gateway knows; the lines follow, the timeline tells both amounts, and a person looks."""
    order = adopted()
    after = heard(order, a_report(amount))

    assert (found(after).amount, found(after).id) == (eur(amount), found(heard(order)).id)
    assert [line.amount for line in found(after).lines] == [eur(amount)]
    assert told(after) == [(EventKind.REFUND_MISMATCHED, found(after).id, eur(amount), {})]
    (flag,) = after.order.flags
    assert (flag.kind.value, flag.subject) == ("mismatched", found(after).id)
    assert str(eur(amount)) in flag.text
    assert "10.00 EUR was written down" in flag.text
    assert after.events[0].text == flag.text


@pytest.mark.parametrize(
    "report",
    [a_report(), a_report(0), a_report(500, status=FAILED)],
    ids=["the same", "nothing", "failed"],
)
def test_what_is_not_corrected(report):
    """What says the same, nothing, or that no money moved corrects no amount."""
    after = heard(adopted(), report)

    assert found(after).amount == eur(1000)
    assert EventKind.REFUND_MISMATCHED not in [event.kind for event in after.events]


def test_a_report_that_was_overtaken_corrects_nothing():
    """Law T3: a newer report was recorded since it was asked for."""
    order = adopted()

    assert heard(order, a_report(1500), is_stale=True).order.refunds == order.refunds


def test_a_correction_into_another_currency_is_of_no_line():
    """Law M4: no line can hold it."""
    dollars = attrs.evolve(a_report(), amount=Money.of("10.00", "USD"))

    assert (found(heard(adopted(), dollars)).lines, found(heard(adopted(), dollars)).amount) == (
        (),
        dollars.amount,
    )


def test_a_correction_leaves_closed_lines_alone():
    """Law C8: a refund of an older revision takes nothing of the lines as they are now."""
    order = adopted()
    request = make_request(
        revision=(attrs.evolve(order.lines[0], quantity=1, total=eur(5000), tax=eur(799)),)
    )
    changed = order.with_request(make_accepted(request, lines=(), revision=0), [])

    assert found(heard(changed, a_report(9000))).lines == ()


def test_a_correction_does_not_stand_in_its_own_way():
    """Law C6: what the lines gave for the wrong amount is free for the right one."""
    after = heard(adopted(amount=8000), a_report(9000))

    assert [line.amount for line in found(after).lines] == [eur(9000)]


def test_what_belongs_to_no_line_is_corrected_without_one():
    """A refund that no line has taken up stays so."""
    order = adopted()
    bare = attrs.evolve(order, refunds=(attrs.evolve(order.refunds[0], lines=()),))

    assert found(heard(bare, a_report(1500))).lines == ()


# Late.


def test_a_dispute_that_nobody_knew_is_news_however_late():
    """Law D1: only where a known dispute stands may be older than what is recorded."""
    dispute = DisputeReport(
        reference="dp_1",
        amount=eur(2000),
        stage=DisputeStage.CHARGEBACK,
        status=DisputeStatus.NEEDS_RESPONSE,
        funds=DisputeFunds.WITHDRAWN,
    )
    order = heard(make_order(), disputes=(dispute,), is_stale=True).order
    assert [known.funds for known in order.disputes] == [DisputeFunds.WITHDRAWN]

    older = attrs.evolve(dispute, funds=DisputeFunds.NONE)
    assert heard(order, disputes=(older,), is_stale=True).order == order
