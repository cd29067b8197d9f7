"""Whatever happens in between, in the end the customer has exactly what is owed, and each move was made once."""

from contextlib import suppress
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from refundkit import DeliveryTiming, RedeliveryDenied, RefundDenied, RefundStatus, units_owed
from refundkit.testing.fake_deliverer import DeliveryFault
from refundkit.testing.fake_gateway import Fault
from tests.deliveries.shop import KIM, Shop

PATIENT = DeliveryTiming(most_attempts=10_000, retries=(timedelta(minutes=1),))
S = RefundStatus


class Crash(BaseException):
    """The process dies."""


class Actions:
    """What a drawn history does to a shop."""

    def __init__(self, faults, pending):
        bank = [Fault.PENDING if is_pending else None for is_pending in pending]
        self.shop = Shop(*faults, bank=tuple(bank), timing=PATIENT)
        self.keys = 0

    def sweep(self, _):
        """Hand over and take back what is due."""
        self.shop.desk.sweep()

    def wait(self, minutes):
        """Let leases and waits run out."""
        self.shop.clock.advance(minutes=minutes)

    def refund(self, units):
        """Give back some keys, or the book, or everything."""
        self.keys += 1
        wishes = ({"keys": 1}, {"keys": 2}, {"book": 1}, None)
        with suppress(RefundDenied):
            self.shop.refund(f"return-{self.keys}", lines=wishes[units % 4])

    def bank(self, number):
        """Let a bank decide about a refund, early or late."""
        refunds = self.shop.order.refunds
        if refunds:
            refund = refunds[number % len(refunds)]
            if refund.status is S.PENDING:
                self.shop.bank((S.SUCCEEDED, S.FAILED)[number % 2], refund.key)
            elif refund.status is S.SUCCEEDED:
                self.shop.bank(S.FAILED, refund.key)

    def redeliver(self, number):
        """Have something sent again."""
        with suppress(RedeliveryDenied):
            self.shop.desk.redeliver("o-1", [("keys", "book")[number % 2]], actor=KIM)

    def die(self, _):
        """Die right after the deliverer did its work, before anybody wrote it down."""
        goods = self.shop.goods
        answer = goods._answer

        def dying(call):
            answer(call)
            raise Crash

        goods._answer = dying
        with suppress(Crash):
            self.shop.desk.sweep()
        goods._answer = answer

    def come_to_rest(self):
        """Let banks decide about everything, and everything be tried until nothing is due."""
        for refund in self.shop.order.refunds:
            if refund.status is S.PENDING:
                self.shop.bank(S.FAILED, refund.key)
        self.shop.goods._faults.clear()
        for _ in range(20):
            self.shop.later(minutes=5)


STEPS = st.tuples(st.sampled_from(["sweep", "wait", "refund", "bank", "redeliver", "die"]), st.integers(0, 7))
FAULTS = st.lists(st.sampled_from([None, DeliveryFault.FAIL, DeliveryFault.LOST_ANSWER, DeliveryFault.CRASH]))


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=25), FAULTS, st.lists(st.booleans(), max_size=4))
def test_in_the_end_the_customer_has_what_is_owed(steps, faults, pending):
    """Law E2 for goods: through lost answers, crashes and refunds that fail, no unit is lost and none is doubled."""
    actions = Actions(faults, pending)
    for name, number in steps:
        getattr(actions, name)(number)
    actions.come_to_rest()
    shop, order = actions.shop, actions.shop.order
    flagged = order.is_flagged
    for name, owed in units_owed(order).items():
        delivery = shop.of(name)
        assert delivery.handed_over == shop.has(name), "our books and theirs"
        assert shop.has(name) <= owed or flagged
        if not flagged:
            assert shop.has(name) == owed
        assert delivery.move is None
    assert order.delivery_due_at is None
