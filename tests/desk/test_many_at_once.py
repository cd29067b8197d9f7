"""Many callers at once: never more than was captured, and never twice (law C1)."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from refundkit import RefundDenied
from refundkit.testing.fake_gateway import Fault
from tests.desk.shop import Shop, a_payment, a_request, an_order, eur, two_payments

THREADS = 16


def at_once(work, count):
    """Run work(0), work(1), … in many threads and return what came of each."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, range(count)))


def cap_holds(order):
    """Law C1 itself, payment by payment."""
    return all(sums.reserved + sums.returned <= sums.payment.captured for sums in order.payment_sums.values())


def test_sixteen_threads_refund_to_the_cent():
    """Law C1: of 160 refunds of 1.00 on 100.00 exactly 100 succeed, and the others are told why not."""
    shop = Shop()

    def work(number):
        try:
            return shop.refund("1.00", key=f"r-{number}").returned
        except RefundDenied as denied:
            return denied.possible

    outcomes = at_once(work, 160)
    assert outcomes.count(eur("1.00")) == 100
    assert outcomes.count(eur("0.00")) == 60
    assert shop.order.refunded == shop.moved == eur("100.00")
    assert cap_holds(shop.order)


def test_sixteen_threads_with_one_key_refund_once():
    """Law E3: the same request from everywhere at once is carried out once."""
    shop = Shop()
    results = at_once(lambda _: shop.refund("40.00"), 64)
    assert len({result.refunds[0].id for result in results}) == 1
    assert shop.moved == eur("40.00")
    assert len(shop.gateway.calls) == 1


@pytest.mark.parametrize("seed", range(5))
def test_the_cap_holds_through_faults_retries_sweeps_and_webhooks(seed):
    """Law C1: whatever goes wrong and whoever calls, the books end as the gateway's do, within the cap."""
    dice = random.Random(seed)  # noqa: S311 - it throws faults, no keys
    faults = [dice.choice([None, None, *Fault]) for _ in range(60)]
    faults = [None if fault is Fault.OTHER_AMOUNT else fault for fault in faults]
    shop = Shop(*faults, order=an_order(payments=two_payments()))

    def work(number):
        try:
            if number % 5 == 3:
                return shop.desk.receive("fake", **shop.gateway.webhook(f"ref-{number % 2 + 1}"))
            if number % 5 == 4:
                return shop.desk.recover()
            return shop.refund(f"{number % 7 + 1}.00", key=f"r-{number % 40}-{number % 7}")
        except RefundDenied as denied:
            return denied
        finally:
            assert cap_holds(shop.order)

    at_once(work, 120)
    shop.gateway.faults.clear()
    for _ in range(4):
        shop.clock.advance(hours=1)
        shop.desk.recover()
    assert shop.order.refunded + shop.order.reserved == shop.moved
    assert cap_holds(shop.order)
    assert shop.order.exposure == eur("0.00")


def test_two_sweeps_never_take_the_same_order():
    """A claim is a lease: sweeps that run at the same time share the work."""
    shop = Shop(*[Fault.LOST_REQUEST] * 40)
    for number in range(2, 42):
        shop.desk.register(an_order(id=f"o-{number}", payments=(a_payment(number),)))
        shop.desk.refund(f"o-{number}", a_request())
    shop.clock.advance(hours=1)
    sweeps = at_once(lambda _: shop.desk.recover(limit=5).orders, THREADS)
    taken = [order_id for sweep in sweeps for order_id in sweep]
    assert len(taken) == len(set(taken)) == 40
    assert shop.moved == eur("4000.00")


def test_orders_may_share_nothing():
    """Law C4: of two orders that claim one payment at the same time, one is refused."""
    shop = Shop(order=an_order(id="o-0", payments=()))

    def work(number):
        try:
            return shop.desk.register(an_order(id=f"o-{number + 1}")).id
        except Exception as error:  # noqa: BLE001 - which error it is, is the point
            return type(error).__name__

    outcomes = at_once(work, THREADS)
    assert outcomes.count("ReferenceTakenError") == THREADS - 1
