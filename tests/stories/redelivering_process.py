"""One of two processes that send the same order again at the same moment; prints what it met, as JSON."""

from __future__ import annotations

import json
import sys

from refundkit import Actor, DeliveryDesk, GiftCardDeliverer, RedeliveryDenied, SQLStore
from refundkit.testing.fake_deliverer import FakeDeliverer


def main(url: str, worker: str) -> None:
    """Be ready, wait for the word, and send again."""
    with SQLStore.open(url) as store:
        others = [FakeDeliverer(name="game_server"), FakeDeliverer(name="file_download")]
        desk = DeliveryDesk(store=store, deliverers=[*others, GiftCardDeliverer(issue=lambda _: "none")])
        print("ready", flush=True)  # noqa: T201 - the test reads it
        sys.stdin.readline()
        json.dump(_met(desk, worker), sys.stdout)


def _met(desk: DeliveryDesk, worker: str) -> dict[str, object]:
    try:
        desk.redeliver("A-1001", ["sword"], actor=Actor.staff(worker))
    except RedeliveryDenied as denied:
        return {"sent": False, "seconds_left": denied.seconds_left, "text": str(denied)}
    return {"sent": True}


main(*sys.argv[1:])
