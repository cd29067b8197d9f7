"""Rows of a batch, and a shop with two orders to carry them out on."""

from refundkit.desk.batch import BatchRow, carry_out, plan_batch
from tests.desk.shop import KIM, Shop, a_payment, an_order


def row(order="o-1", key="r-1", number=2, **cells):
    """Return one row, of everything unless the cells say how much."""
    told = {"order": order, "key": key, "reason": "recalled", **cells}
    return BatchRow(number=number, cells=told if "lines" in cells else {"amount": "all", **told})


def planned(shop, *rows, actor=KIM):
    """Plan some rows."""
    return plan_batch(shop.desk, rows, actor=actor)


def shop_with_two(**options):
    """Return a shop with orders o-1 and o-2, of 100.00 EUR each."""
    shop = Shop(**options)
    shop.desk.register(an_order(id="o-2", payments=(a_payment(2),)))
    return shop


def carried_out(shop, *rows):
    """Plan some rows, carry them out, and return the results."""
    return list(carry_out(shop.desk, planned(shop, *rows)))
