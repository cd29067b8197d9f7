"""Handing over goods: a sword in a game, a book to download and a gift card, each by those who can."""

from __future__ import annotations

import pytest

from refundkit import DeliveryError, OrderStatus
from tests.stories.goods_shop import KIM, GoodsShop


def test_three_goods_are_handed_over(goods_shop: GoodsShop) -> None:
    """The sweep finds the paid order and hands over everything, once; a game server that hangs up is asked again."""
    shop = goods_shop
    shop.game.answers.append("lose")
    shop.desk.sweep()
    assert shop.statuses() == {"sword": "failed", "book": "delivered", "gift": "delivered"}
    assert shop.order.status is OrderStatus.PARTIALLY_DELIVERED
    shop.clock.advance(minutes=1)
    shop.another_desk().sweep()
    assert shop.statuses() == {"sword": "delivered", "book": "delivered", "gift": "delivered"}
    assert shop.order.status is OrderStatus.DELIVERED
    # The game server had done it the first time: the same key, so the player has two swords and not four.
    assert (shop.swords(), len(shop.game.requests), len(shop.cards)) == (2, 2, 1)

    assert shop.files.check(shop.token()).target == "manual.pdf"
    shop.desk.record_download("A-1001", "book")
    shop.clock.advance(days=8)
    with pytest.raises(DeliveryError, match="too old"):
        shop.files.check(shop.token())

    assert shop.story() == [
        "delivery.failed sword (refundkit)",
        "delivery.delivered book (refundkit)",
        "delivery.delivered gift (refundkit)",
        "delivery.delivered sword (refundkit)",
        "delivery.downloaded book ()",
    ]
    (codes,) = shop.cards.values()
    kept = repr(shop.order.deliveries) + repr([one.details for one in shop.order.deliveries])
    assert codes[0] not in kept + repr(shop.store.events("A-1001"))
    shop.desk.deliver("A-1001", actor=KIM)
    assert len(shop.game.requests) == 2


def test_the_game_server_is_down_for_a_day(goods_shop: GoodsShop) -> None:
    """After the last try nobody tries any longer; a person has it tried again, or marks it as delivered."""
    shop = goods_shop
    shop.game.answers.extend([503] * 7)
    while shop.order.delivery_due_at is not None:
        shop.clock.now = max(shop.clock.now, shop.order.delivery_due_at)
        shop.desk.sweep()
    assert shop.statuses()["sword"] == "dead_lettered"
    shop.desk.retry("A-1001", "sword", actor=KIM)
    assert (shop.statuses()["sword"], shop.swords()) == ("failed", 0)
    shop.desk.mark_delivered("A-1001", "sword", actor=KIM, note="given by hand")
    shop.clock.advance(days=2)
    shop.desk.sweep()
    assert (shop.statuses()["sword"], len(shop.game.requests)) == ("delivered", 7)
    assert shop.story()[-3:] == [
        "delivery.retried sword (kim)",
        "delivery.failed sword (kim)",
        "delivery.delivered sword (kim)",
    ]
