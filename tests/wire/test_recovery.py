"""A desk behind a faulty wire: whatever went wrong, when the wire has healed the money was given back once."""

from collections.abc import Callable

import pytest

from refundkit import MemoryStore, Money, Order, RefundDesk, RefundRequest, RefundResult, RefundStatus
from refundkit.testing.builders import make_order
from tests.wire.faults import FAULTS
from tests.wire.shops import AMOUNT, BEFORE, VENDORS, Shop, Street, check_silent

AFTER = Money.of("2.00", "EUR")
MOST_SWEEPS = 6

# How much later the wire is healed.
LATER: dict[str, Callable[[Shop], None]] = {
    "within the window": lambda shop: shop.clock.advance(minutes=30),
    "when the keys are forgotten": Shop.forget_keys,
}


class Behind:
    """A desk with one order, behind the wire of *shop*."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.waits: list[float] = []
        self.desk = RefundDesk(
            store=MemoryStore(), gateways=[shop.gateway], clock=shop.clock, sleep=self.waits.append
        )
        self.desk.register(make_order(id="o-1", lines=(), payments=(shop.payment,), test=True))

    @property
    def order(self) -> Order:
        """The newest version of the order."""
        return self.desk.order("o-1")

    def refund(self, key: str, amount: Money) -> RefundResult:
        """Ask for a refund."""
        return self.desk.refund("o-1", RefundRequest(key=key, reason="arrived broken", amount=amount))

    def rest(self) -> None:
        """Sweep by the schedule until nothing is left to be done."""
        for _ in range(MOST_SWEEPS):
            self.desk.recover()
            if self.order.reserved.is_zero and self.order.fetch_due_at is None:
                return
            self.shop.clock.advance(hours=7)

    def check_books(self, given_back: Money) -> None:
        """Require that our ledger and the vendor's books say the same: everything once, nothing in doubt."""
        assert self.shop.returned == self.order.refunded == given_back
        assert self.order.reserved.is_zero
        assert {refund.status for refund in self.order.refunds} == {RefundStatus.SUCCEEDED}
        assert self.order.flags == ()


# Where a fault takes time, the harder of the two is enough; and one status tells what all of its kind do.
CASES = [
    (fault, later)
    for fault in FAULTS
    for later in LATER
    if not (FAULTS[fault].waits and later == "within the window")
    if not fault.startswith(("500", "502", "504"))
]


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(("fault", "later"), CASES)
def test_the_money_is_given_back_once(street: Street, vendor: str, fault: str, later: str) -> None:
    """Laws E2 and E4: a fault in the refund, then in all that the sweep asks, then none: one refund."""
    with street.shop(vendor, FAULTS[fault]) as shop:
        behind = Behind(shop)
        behind.refund("return-0", BEFORE)
        shop.proxy.strike_once(FAULTS[fault], shop.vendor.is_refund)
        asked = behind.refund("return-1", AMOUNT)
        assert asked.refunds[0].status in (RefundStatus.SUBMITTED, RefundStatus.SUCCEEDED)

        shop.proxy.strike(FAULTS[fault])
        shop.clock.advance(minutes=5)
        behind.desk.recover()
        assert behind.order.refund(asked.refunds[0].id).is_reserving or asked.returned == AMOUNT

        shop.proxy.heal()
        LATER[later](shop)
        behind.rest()
        behind.check_books(BEFORE + AMOUNT)

        again = behind.refund("return-1", AMOUNT)
        assert [refund.id for refund in again.refunds] == [refund.id for refund in asked.refunds]
        behind.refund("return-2", AFTER)
        behind.rest()
        behind.check_books(BEFORE + AMOUNT + AFTER)
        check_silent((behind.order, behind.desk.timeline("o-1")))
