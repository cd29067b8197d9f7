"""A listener that fails: how often it is told in one delivery, order by order (law T4)."""

import pytest

from refundkit import InvalidValueError
from refundkit.desk.outbox import named
from tests.desk.shop import KIM, Shop, a_payment, an_order


def a_shop(orders):
    """Return a shop with so many orders, of which each has two events that nobody was told of."""
    shop = Shop(order=an_order(id="o-01"))
    for number in range(2, orders + 1):
        shop.desk.register(an_order(id=f"o-{number:02}", payments=(a_payment(number),)))
    for number in range(1, orders + 1):
        shop.desk.annotate(f"o-{number:02}", actor=KIM, note="a second event")
    return shop


def told(shop, takes):
    """Tell a listener everything; return the numbers of the orders that it was told of, event by event."""
    heard = []

    def listener(event):
        number = int(event.order_id.removeprefix("o-"))
        heard.append(number)
        if not takes(number):
            raise RuntimeError("no such customer")

    shop.new_desk(listeners=[listener]).recover()
    return heard


def test_a_listener_that_is_down_is_told_of_ever_fewer_orders():
    """Twenty in a row, and after each further failure it is left alone for one order, two, four, eight."""
    assert told(a_shop(40), lambda _: False) == [*range(1, 21), 22, 25, 30, 39]


def test_one_success_begins_to_count_anew():
    """Nineteen failures are not yet twenty, and a success wipes them out."""
    heard = told(a_shop(42), lambda number: number in {20, 40, 41, 42})

    assert heard[:22] == [*range(1, 20), 20, 20, 21]
    assert heard[-6:] == [40, 40, 41, 41, 42, 42]


class Numbered:
    """A listener whose name is a number."""

    name = 7

    def __call__(self, event):
        """Do nothing."""


def test_a_name_is_a_text():
    """Whatever else is called so is none: the listener goes by its class."""
    (name,) = named([Numbered()])

    assert name.endswith(".Numbered")


def test_a_listener_can_be_called():
    """The refusal names what was given."""
    with pytest.raises(InvalidValueError, match="is no listener") as refused:
        Shop(listeners=["mail"])

    assert (refused.value.field, refused.value.value) == ("listeners", "mail")


def test_a_listener_that_causes_news_is_told_a_hundred_times():
    """The rest is for the next delivery, and not lost."""
    shop, heard = Shop(), []

    def noting(event):
        heard.append(event)
        shop.desk.annotate("o-1", actor=KIM, note="I have heard")

    shop.new_desk(listeners=[noting]).recover()

    assert len(heard) == 100
    assert shop.store.undelivered()
