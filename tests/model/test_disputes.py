"""Disputes: which cases are open, and where their money is (law D1)."""

import pytest

from refundkit.model.disputes import Dispute, DisputeFunds, DisputeStage, DisputeStatus
from tests.model.builders import eur

OPEN = {DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW, DisputeStatus.UNKNOWN}


def dispute(**more):
    """Dispute 30.00 of a payment."""
    told = {"stage": DisputeStage.CHARGEBACK, "status": DisputeStatus.LOST, "funds": DisputeFunds.NONE}
    return Dispute(reference="dp-1", payment_id="p1", amount=eur(30), **{**told, **more})


@pytest.mark.parametrize("status", DisputeStatus)
def test_a_case_is_open_until_it_is_decided(status):
    """Law D2: a case that waits for somebody, or of which nobody knows how it stands, forbids what it may."""
    assert dispute(status=status).is_open is (status in OPEN)


@pytest.mark.parametrize("status", DisputeStatus)
@pytest.mark.parametrize("stage", DisputeStage)
@pytest.mark.parametrize(
    ("funds", "gone"), [(DisputeFunds.NONE, 0), (DisputeFunds.WITHDRAWN, 30), (DisputeFunds.REINSTATED, 0)]
)
def test_only_withdrawn_money_is_gone(funds, stage, status, gone):
    """Law D1: neither stage nor status says where the money is."""
    assert dispute(funds=funds, stage=stage, status=status).withdrawn == eur(gone)
