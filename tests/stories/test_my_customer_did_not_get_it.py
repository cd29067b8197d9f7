"""My customer paid but did not get it: sending again, how soon, and what is never sent again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from refundkit import RedeliveryDenied
from tests.stores.database import WITH_REFUNDKIT
from tests.stories.goods_shop import JO, KIM, GoodsShop

PROCESS = Path(__file__).with_name("redelivering_process.py")


def test_jo_did_not_get_it(goods_shop: GoodsShop) -> None:
    """Kim sends the sword and the link again; the gift card is never sent twice, and Kim reads where it is."""
    shop = goods_shop
    shop.desk.sweep()
    with pytest.raises(RedeliveryDenied, match="No delivery has failed"):
        shop.desk.redeliver("A-1001", actor=KIM)
    shop.desk.redeliver("A-1001", ["sword", "book"], actor=KIM)
    assert (shop.told(), shop.swords(), len(shop.mailbox)) == (["deliver", "redeliver"], 2, 2)

    with pytest.raises(RedeliveryDenied) as denied:
        shop.another_desk().redeliver("A-1001", ["book"], actor=KIM)
    assert denied.value.seconds_left == 60
    shop.clock.advance(seconds=60)
    with pytest.raises(RedeliveryDenied) as denied:
        shop.desk.redeliver("A-1001", ["gift", "book"], actor=KIM)
    assert f"the original was sent to {JO} on 2026-11-01" in str(denied.value)
    assert (len(shop.cards), len(shop.mailbox)) == (1, 2)
    assert shop.story()[-3:] == [
        "order.redelivered  (kim)",
        "delivery.delivered sword (kim)",
        "delivery.delivered book (kim)",
    ]


def test_two_clerks_send_it_again_at_the_same_moment(goods_shop: GoodsShop, store_url: str) -> None:
    """Two processes: one wins, the other is told the seconds left, and the sword is sent once more."""
    goods_shop.desk.sweep()
    processes = [_start(store_url, worker) for worker in ("kim", "lee")]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("now\n")
        process.stdin.flush()
    met = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    (winner,) = (one for one in met if one["sent"])
    (loser,) = (one for one in met if not one["sent"])
    assert winner == {"sent": True}
    assert 0 < loser["seconds_left"] <= 60
    assert f"wait for {loser['seconds_left']} more seconds" in loser["text"]
    redelivered = [line for line in goods_shop.story() if line.startswith("order.redelivered")]
    assert len(redelivered) == 1
    assert goods_shop.order.deliveries[0].moves == 2


def _start(url: str, worker: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(PROCESS), url, worker],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=WITH_REFUNDKIT,
    )
