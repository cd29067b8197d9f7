"""Many processes, one order: the cap holds to the cent, and nobody sees anything but an answer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from refundkit import ManualGateway, Money, Order, OrderStatus, Payment, RefundDesk
from refundkit.stores.sql import SQLStore

WORKER = Path(__file__).with_name("many_processes.py")
PROCESSES, TIMES = 8, 200


@pytest.mark.slow
def test_eight_processes_refund_an_order_to_the_cent(tmp_path):
    """Law C1: of 1,600 refunds of 1.00 by 8 processes on an order of 300.00, exactly 300 succeed."""
    url = f"sqlite:///{tmp_path / 'refunds.db'}"
    payment = Payment(id="p-1", gateway="manual", reference="cash-1", captured=Money.of("300.00", "EUR"))
    with SQLStore.open(url) as store:
        RefundDesk(store=store, gateways=[ManualGateway()]).register(
            Order(id="o-1", currency="EUR", payments=(payment,))
        )
    met = _hammer(url)
    assert met == {"succeeded": 300, "denied": PROCESSES * TIMES - 300}
    with SQLStore.open(url) as store:
        order = store.get("o-1")
    assert len(order.refunds) == 300
    assert order.refunded == Money.of("300.00", "EUR")
    assert order.refundable.is_zero
    assert order.reserved.is_zero, "something is stuck"
    assert order.status is OrderStatus.REFUNDED


def _hammer(url: str) -> Counter[str]:
    workers = [
        subprocess.Popen(
            [sys.executable, str(WORKER), url, str(number), str(TIMES)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    met: Counter[str] = Counter()
    for worker in workers:
        out, _ = worker.communicate(timeout=500)
        met.update(json.loads(out))
    return met
