"""A refund takes the goods back: when the money is back for certain, no more than was refunded, and not for ever."""

from __future__ import annotations

import pytest

from refundkit import DeliveryError
from tests.stories.goods_shop import GoodsShop


def test_one_sword_is_returned(goods_shop: GoodsShop) -> None:
    """Pending takes nothing; succeeded takes one sword; a refund that fails weeks later gives it back, once."""
    shop = goods_shop
    shop.desk.sweep()
    shop.stripe.next_refund("pending")
    refund = shop.refund("one sword", lines={"sword": 1})
    shop.desk.sweep()
    assert (shop.swords(), shop.told()) == (2, ["deliver"])

    shop.bank(refund, "succeeded")
    shop.game.answers.append("lose")
    shop.desk.sweep()
    assert shop.statuses()["sword"] == "revocation_failed"
    shop.clock.advance(minutes=1)
    shop.desk.sweep()
    assert (shop.swords(), shop.statuses()["sword"]) == (1, "delivered")
    assert shop.files.check(shop.token()).delivery_id == "book"

    shop.clock.advance(days=20)
    shop.bank(refund, "failed")
    shop.game.answers.append("lose")
    for _ in range(4):
        shop.another_desk().sweep()
        shop.clock.advance(minutes=5)
    assert (shop.swords(), shop.statuses()["sword"]) == (2, "delivered")
    assert shop.told() == ["deliver", "revoke", "revoke", "deliver", "deliver"]
    assert len(shop.game.done) == 3


def test_everything_is_returned(goods_shop: GoodsShop) -> None:
    """Swords and link are gone with the last cent; the gift card cannot be taken back, and nobody pretends it was."""
    shop = goods_shop
    shop.desk.sweep()
    link = shop.token()
    shop.refund("all of it")
    # The link stops with the money, before any sweep.
    with pytest.raises(DeliveryError, match="its money was given back"):
        shop.files.check(link)
    shop.desk.sweep()
    assert shop.statuses() == {"sword": "revoked", "book": "revoked", "gift": "delivered"}
    assert (shop.swords(), shop.order.delivery_due_at) == (0, None)
    assert [line for line in shop.story() if "revoked" in line] == [
        "delivery.revoked sword (refundkit)",
        "delivery.revoked book (refundkit)",
    ]


def test_the_money_goes_back_before_the_goods_arrived(goods_shop: GoodsShop) -> None:
    """The game server never answered, so nobody knows: what may have arrived is taken back, and nothing comes later."""
    shop = goods_shop
    shop.game.answers.append("lose")
    shop.desk.sweep()
    assert (shop.swords(), shop.statuses()["sword"]) == (2, "failed")
    shop.refund("never came", lines={"sword": 2})
    shop.clock.advance(minutes=15)
    shop.desk.sweep()
    assert (shop.swords(), shop.statuses()["sword"]) == (0, "revoked")
