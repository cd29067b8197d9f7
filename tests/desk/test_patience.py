"""Waiting in the call: only for what was certainly not executed, never for long, never twice over."""

from datetime import timedelta

import pytest

from refundkit import DisputeFunds, DisputeReport, DisputeStage, DisputeStatus, RefundStatus, Timing
from refundkit.desk.patience import Patience, patiently
from refundkit.errors import GatewayUnavailableError, OutcomeUnknownError
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import Shop, eur

SECOND = timedelta(seconds=1)


def asked(errors, patience, time_left=timedelta(minutes=2)):
    """Ask a gateway that fails with *errors* first; return how it ended and what was waited for."""
    left, waits = list(errors), []

    def ask():
        if left:
            raise left.pop(0)
        return "done"

    try:
        return patiently(ask, patience=patience, sleep=waits.append, time_left=lambda: time_left), waits
    except (GatewayUnavailableError, OutcomeUnknownError) as error:
        return type(error).__name__, waits


def unavailable(seconds=None):
    """Make the error of a gateway that did nothing."""
    return GatewayUnavailableError("busy", gateway="g", retry_after_seconds=seconds)


@pytest.mark.parametrize(
    ("errors", "patience", "time_left", "expected"),
    [
        pytest.param([], Patience(), 120, ("done", []), id="at once"),
        pytest.param([unavailable(2)], Patience(), 120, ("done", [2]), id="waits as asked"),
        pytest.param([unavailable(5)], Patience(), 120, ("done", [5]), id="waits for the longest"),
        pytest.param(
            [unavailable(5)] * 2,
            Patience(),
            120,
            ("GatewayUnavailableError", [5]),
            id="all together are less",
        ),
        pytest.param([unavailable(2)], Patience(), 2, ("GatewayUnavailableError", []), id="to the second"),
        pytest.param([unavailable(6)], Patience(), 120, ("GatewayUnavailableError", []), id="asked too much"),
        pytest.param(
            [unavailable(4)] * 3, Patience(), 120, ("GatewayUnavailableError", [4, 4]), id="in total"
        ),
        pytest.param(
            [unavailable(0)] * 9, Patience(), 120, ("GatewayUnavailableError", [0] * 4), id="again at once"
        ),
        pytest.param(
            [unavailable(2)], Patience(), 1, ("GatewayUnavailableError", []), id="past the deadline"
        ),
        pytest.param([unavailable()], Patience(), 120, ("GatewayUnavailableError", []), id="no wait named"),
        pytest.param(
            [unavailable()] * 2,
            Patience(not_executed=(SECOND, 3 * SECOND)),
            120,
            ("done", [1, 3]),
            id="own waits",
        ),
        pytest.param(
            [OutcomeUnknownError("?", gateway="g")],
            Patience(not_executed=(SECOND,)),
            120,
            ("OutcomeUnknownError", []),
            id="unknown is never repeated",
        ),
    ],
)
def test_a_call_is_repeated_by_what_is_known_of_its_failure(errors, patience, time_left, expected):
    """Law E4: what may have been executed is not repeated in the call; what was not, is, within bounds."""
    assert asked(errors, patience, timedelta(seconds=time_left)) == expected


def test_a_busy_gateway_is_waited_for():
    """A gateway that asks for two seconds gets them, and the refund is done in the same call."""
    waits = []
    shop = Shop(Fault.BUSY, sleep=waits.append)
    assert shop.refund("40.00").returned == eur("40.00")
    assert waits == [2.0]
    assert len(shop.gateway.calls) == 2
    assert shop.only_refund.attempts == 1


def test_a_fetch_is_repeated_too():
    """A gateway that is down for a moment is asked again, if the shop has the patience."""

    def comes_back(_: float) -> None:
        shop.gateway.down = False

    shop = Shop(timing=Timing(patience=Patience(not_executed=(SECOND,))), sleep=comes_back)
    shop.gateway.down = True
    shop.desk.refresh("o-1")
    assert shop.gateway.fetches == 2


def test_a_no_makes_the_desk_look():
    """Law D2: a decline has a cause; the dispute behind it is on the order when the caller reads the answer."""
    shop = Shop(Fault.DECLINE)
    shop.gateway.dispute(
        "ref-1",
        DisputeReport(
            reference="dp-1",
            amount=eur("100.00"),
            stage=DisputeStage.CHARGEBACK,
            status=DisputeStatus.NEEDS_RESPONSE,
            funds=DisputeFunds.WITHDRAWN,
        ),
    )
    assert shop.refund("40.00").refunds[0].status is RefundStatus.FAILED
    assert shop.order.disputes[0].reference == "dp-1"
    assert shop.order.refundable.is_zero
