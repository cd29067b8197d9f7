"""Some refunds need another person's approval."""

import pytest

from refundkit import Actor, EventKind, Policy, ReviewAbove, ReviewRequired
from tests.desk.shop import KIM, LEE, Shop, a_request, eur


def careful_shop():
    """Return a shop that wants a second person above 50.00."""
    return Shop(policy=Policy(rules=(ReviewAbove(eur("50.00")),)))


def test_a_large_refund_asks_for_another_person():
    """ReviewRequired carries the plan and the reasons; nothing is written and nobody asked."""
    shop = careful_shop()
    with pytest.raises(ReviewRequired, match="needs a second person") as review:
        shop.refund("50.01")
    assert review.value.plan.amount == eur("50.01")
    assert [reason.code for reason in review.value.reasons] == ["above_review_limit"]
    assert shop.order.version == 1
    assert shop.gateway.calls == []


def test_a_preview_shows_that_review_is_needed():
    """A preview does not raise: it shows the plan, and that somebody has to approve it."""
    plan = careful_shop().desk.preview("o-1", a_request(amount=eur("50.01")))
    assert plan.needs_review


def test_the_same_request_goes_through_with_an_approval():
    """Law E3: approved by another, it is still the same request, and the timeline says who approved."""
    shop = careful_shop()
    request = a_request(amount=eur("50.01"))
    with pytest.raises(ReviewRequired) as review:
        shop.desk.refund("o-1", request)
    result = shop.desk.refund("o-1", request.approved(LEE), expect=review.value.plan)
    assert result.returned == eur("50.01")
    requested = next(e for e in shop.desk.timeline("o-1") if e.kind is EventKind.REFUND_REQUESTED)
    assert requested.actor == KIM
    assert requested.data["approved_by"] == "staff lee"
    assert shop.desk.refund("o-1", request) == result


@pytest.mark.parametrize("name", ["kim", "Kim", " kim", "KIM "])
def test_nobody_approves_their_own_wish(name):
    """The requester's own approval is none, however the name is typed."""
    shop = careful_shop()
    with pytest.raises(ReviewRequired, match="cannot approve it"):
        shop.refund("50.01", approved_by=Actor.staff(name))
    assert shop.gateway.calls == []


@pytest.mark.parametrize("name", ["", "  "])
def test_nobody_approves_without_a_name(name):
    """Who cannot be told from the requester is no second person."""
    shop = careful_shop()
    with pytest.raises(ReviewRequired, match="needs a name"):
        shop.refund("50.01", approved_by=Actor.staff(name))
    assert shop.gateway.calls == []


def test_up_to_the_limit_nobody_is_troubled():
    """The limit itself needs no second person."""
    assert careful_shop().refund("50.00").returned == eur("50.00")
