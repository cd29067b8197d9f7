"""One delivery as it may stand, and terms under which the customer shall have so many units of it."""

from datetime import timedelta

from attrs import frozen

from refundkit.desk.delivery_timing import DeliveryTiming
from refundkit.desk.moves import Terms
from refundkit.model.deliveries import DeliveryMove, DeliveryStatus
from refundkit.policy.goods import Revocation
from refundkit.testing.builders import NOW
from refundkit.testing.fake_deliverer import FakeDeliverer
from tests.deliveries.shop import a_delivery, an_order

M, S = DeliveryMove, DeliveryStatus
DELIVER, REDELIVER, REVOKE = M.DELIVER, M.REDELIVER, M.REVOKE
SOON, AGO, HOUR = NOW + timedelta(minutes=1), NOW - timedelta(minutes=1), timedelta(hours=1)


@frozen(kw_only=True)
class Owing(Terms):
    """Terms under which the customer shall have so many units, and may get no more, whatever the order says."""

    units: int
    most: int

    def owed(self, order):
        """Return the same number for every delivery."""
        return {delivery.id: self.units for delivery in order.deliveries}

    def free(self, order):
        """Return the same number for every delivery."""
        return {delivery.id: min(self.units, self.most) for delivery in order.deliveries}


def owing(units, deliverer=None, *, free=99, **timing):
    """Return terms with a fake deliverer, unless there is another one, or a reason why there is none."""
    found = deliverer or FakeDeliverer()
    return Owing(
        units=units,
        most=free,
        deliverer=lambda _order, _name: found,
        timing=DeliveryTiming(**timing),
        revocation=Revocation.ON_REFUND,
    )


def keys(**now):
    """Return an order with one delivery, of two keys, as it is now."""
    return an_order(deliveries=(a_delivery("keys", **now),))


def of(order):
    """Return that delivery."""
    return order.deliveries[0]


def under_way(move, units, handed_over=0, **now):
    """Return what a delivery looks like whose move nobody knows the end of."""
    return {
        "status": S.FAILED,
        "move": move,
        "units": units,
        "handed_over": handed_over,
        "attempts": 1,
        **now,
    }


def had(handed_over, **now):
    """Return what a delivery looks like that is at rest."""
    return {"status": S.DELIVERED, "handed_over": handed_over, "moves": 1, **now}
