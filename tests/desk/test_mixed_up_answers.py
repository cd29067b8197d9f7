"""A gateway, or a connection, that mixes up its answers is not believed; it is asked again (laws E4 and T2)."""

import attrs
import pytest

from refundkit import EventKind, RefundStatus
from refundkit.testing.fake_gateway import FakeGateway
from tests.desk.shop import Shop, eur


class Stuttering(FakeGateway):
    """Executes nothing after the first refund, and answers with that one again, for a while."""

    stutters = True
    first = None

    def refund(self, call):
        """Refund once, then repeat the answer."""
        if self.first is not None and self.stutters:
            return self.first
        self.first = super().refund(call)
        return self.first


@pytest.mark.parametrize("echoes", [True, False])
def test_the_answer_about_another_refund_settles_nothing(echoes):
    """Law E4: it is no evidence about this one; what the gateway's own list says is."""
    gateway = Stuttering(echoes_refund_id=echoes)
    shop = Shop(gateway=gateway)
    shop.refund("10.00", key="a")
    result = shop.refund("10.00", key="b")
    assert (result.pending, result.returned) == (eur("10.00"), eur("0.00"))
    assert shop.kinds()[-1] is EventKind.REFUND_UNCLEAR
    gateway.stutters = False
    shop.clock.advance(minutes=20)
    shop.desk.recover()
    assert {refund.status for refund in shop.order.refunds} == {RefundStatus.SUCCEEDED}
    assert shop.order.refunded == gateway.returned("EUR") == eur("20.00")
    assert len({refund.reference for refund in shop.order.refunds}) == 2
    assert shop.flags() == []


def test_a_mixed_up_answer_takes_nothing_back():
    """Law T3: a refund that the sweep has settled meanwhile stays settled."""
    shop = Shop()
    real = shop.gateway.refund

    def mixed_up(call):
        report = real(call)
        shop.desk.refresh("o-1")
        return attrs.evolve(report, refund_id="somebody-else")

    shop.gateway.refund = mixed_up
    assert shop.refund("10.00").returned == eur("10.00")
    assert shop.flags() == []
