"""After an older backup was put in the place of the store: what is lost is found before it is done again."""

from tests.desk.shop import Shop, copy_of, eur


def test_a_newer_refund_does_not_vouch_for_what_was_lost_before_it():
    """Law E2: a lost refund whose key is forgotten is looked for, although another one was made meanwhile."""
    shop = Shop()
    backup = copy_of(shop.store)
    shop.clock.advance(seconds=45)
    shop.refund("30.00", key="lost")
    shop.store, shop.desk = backup, shop.new_desk(backup)
    shop.clock.advance(hours=19)
    shop.refund("10.00", key="other")
    shop.clock.advance(hours=6)
    shop.gateway.forget_keys()
    shop.refund("30.00", key="lost")
    assert shop.moved == eur("40.00")
