"""What the processes of these tests do until somebody kills them, or the shop closes."""

from __future__ import annotations

import json
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from refundkit import (
    Actor,
    DeliveryDesk,
    GatewayError,
    OrderNotFoundError,
    RedeliveryDenied,
    RefundDenied,
    RefundDesk,
    StoreError,
)
from refundkit.stores.sql import SQLStore
from tests.chaos.shop import Shop, wish
from tests.chaos.vendor_gateway import BROKEN, ask

__all__ = ["ROLES", "work"]


def work(shop: Shop, role: str, seat: str) -> None:
    """Do the work of *role* until the shop closes; note whatever should not have happened."""
    try:
        with SQLStore.open(shop.url, create=False) as store:
            if role in GOODS_ROLES:
                GOODS_ROLES[role](shop, shop.delivery_desk(store, seat), seat)
            else:
                ROLES[role](shop, shop.desk(store, seat), seat)
    except Exception:  # noqa: BLE001 - whatever reaches a process is what the test wants to know
        shop.note("crashes", f"{seat}: {traceback.format_exc()}")


def _write(shop: Shop, desk: RefundDesk, seat: str) -> None:
    """Ask for one wish after the other, each until it is answered; a new process goes on where the last was."""
    number = len(shop.noted(f"answers {seat}"))
    while True:
        answer = _patiently(shop, lambda number=number: _asked(desk, seat, number))
        shop.note(f"answers {seat}", f"{number} {answer}")
        number += 1
        if shop.is_closing:
            return


def _asked(desk: RefundDesk, seat: str, number: int) -> str:
    order, request = wish(seat, number)
    try:
        desk.refund(order.id, request)
    except OrderNotFoundError:
        desk.register(order)
        return _asked(desk, seat, number)
    except RefundDenied:
        return "denied"
    return "accepted"


def _sweep(shop: Shop, desk: RefundDesk, seat: str) -> None:
    _again_and_again(shop, seat, lambda chance: desk.recover(limit=chance.randint(1, 20)))


def _receive(shop: Shop, desk: RefundDesk, seat: str) -> None:
    def receive(_: random.Random) -> None:
        try:
            told = json.loads(ask(shop.port, "GET", "/webhook")[1])
        except BROKEN:
            return
        desk.receive("vendor", body=told["body"].encode(), headers={"X-Signature": told["signature"]})

    _again_and_again(shop, seat, receive)


def _refresh(shop: Shop, desk: RefundDesk, seat: str) -> None:
    def refresh(chance: random.Random) -> None:
        try:
            desk.refresh(f"o-{chance.randrange(_orders(shop))}")
        except (OrderNotFoundError, GatewayError):
            return

    _again_and_again(shop, seat, refresh)


def _hand_over(shop: Shop, desk: DeliveryDesk, seat: str) -> None:
    _again_and_again(shop, seat, lambda chance: desk.sweep(limit=chance.randint(1, 20)))


def _complain(shop: Shop, desk: DeliveryDesk, seat: str) -> None:
    def complain(chance: random.Random) -> None:
        try:
            desk.redeliver(f"o-{chance.randrange(_orders(shop))}", ["d-keys"], actor=Actor.staff(seat))
        except (OrderNotFoundError, RedeliveryDenied):
            return

    _again_and_again(shop, seat, complain)


def _orders(shop: Shop) -> int:
    """Guess how many orders there are: one more than the first writer has come to."""
    order, _ = wish("writer-0", len(shop.noted("answers writer-0")))
    return int(order.id.removeprefix("o-")) + 1


def _again_and_again(shop: Shop, seat: str, step: Callable[[random.Random], object]) -> None:
    chance = random.Random()  # noqa: S311 - chance, not secrets
    while not shop.is_closing:
        _patiently(shop, lambda: step(chance))
        time.sleep(chance.uniform(0, 0.03))


def _patiently(shop: Shop, step: Callable[[], object]) -> object:
    """Do *step* until the store could do it, as a caller with a queue would."""
    while True:
        try:
            return step()
        except StoreError as error:
            shop.note("refusals", f"{type(error).__name__}: {error}")
            time.sleep(0.02)


ROLES: dict[str, Callable[[Shop, RefundDesk, str], None]] = {
    "write": _write,
    "sweep": _sweep,
    "receive": _receive,
    "refresh": _refresh,
}
GOODS_ROLES: dict[str, Callable[[Shop, DeliveryDesk, str], None]] = {
    "hand over": _hand_over,
    "complain": _complain,
}


if __name__ == "__main__":
    url, port, folder, role_, seat_ = sys.argv[1:]
    work(Shop(url=url, port=int(port), folder=Path(folder)), role_, seat_)
