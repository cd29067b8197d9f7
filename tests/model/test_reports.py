"""Reports: what a gateway may leave unsaid, and what it may not."""

import pytest

from refundkit.errors import InvalidValueError
from refundkit.model.disputes import DisputeFunds, DisputeStage, DisputeStatus
from refundkit.model.refunds import RefundStatus
from refundkit.model.reports import DisputeReport, PaymentReport, RefundReport
from tests.model.builders import eur


def refund(reason):
    """Report a refund."""
    return RefundReport(status=RefundStatus.FAILED, amount=eur(1), reason=reason)


def dispute(reason):
    """Report a dispute."""
    case = {"stage": DisputeStage.INQUIRY, "status": DisputeStatus.UNKNOWN, "funds": DisputeFunds.NONE}
    return DisputeReport(reference="dp-1", amount=eur(1), reason=reason, **case)


@pytest.mark.parametrize("report", [refund, dispute])
@pytest.mark.parametrize(("said", "kept"), [(None, ""), ("", ""), ("expired card", "expired card")])
def test_a_reason_may_be_null(report, said, kept):
    """Gateways write null where they have no reason; it is kept as no text."""
    assert report(said).reason == kept


@pytest.mark.parametrize("report", [refund, dispute])
def test_a_reason_is_text(report):
    """Whatever else stands there is refused, as everywhere."""
    with pytest.raises(InvalidValueError, match=r"Report\.reason must be a str"):
        report(5)


def test_no_refunds_and_none_that_can_be_known():
    """Law T2: None means that nobody can know; an empty tuple means that there is none."""
    assert PaymentReport(reference="r", captured=eur(1)).refunds == ()
    assert PaymentReport(reference="r", captured=eur(1), refunds=None).refunds is None
