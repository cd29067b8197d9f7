"""How many units the customer shall have: the one function that everything about goods follows from."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refundkit import RefundStatus, Revocation, units_owed
from refundkit.model.requests import LineRefund, RefundRequest, RequestLine
from refundkit.policy.goods import units_free
from refundkit.testing.builders import make_accepted, make_line, make_refund
from tests.deliveries.shop import a_delivery, an_order, eur

S = RefundStatus
EVERYTHING = {"keys": 2, "book": 1}


def with_return(order, key, units, *statuses, amount="1.00", revision=0):
    """Return *order* with a request that gave back *units* by line, and one refund of it per status."""
    lines = tuple(
        RequestLine(line_id=line, quantity=count, amount=eur("0.00"), tax=eur("0.00"), withheld=eur("0.00"))
        for line, count in units.items()
    )
    wished = tuple(LineRefund(line_id=line, quantity=count) for line, count in units.items() if count)
    request = RefundRequest(key=key, reason="broken", lines=wished or None)
    accepted = attrs.evolve(make_accepted(request), lines=lines, revision=revision)
    legs = [
        make_refund(id=f"{key}-{number}", key=key, amount=eur(amount), status=status, lines=())
        for number, status in enumerate(statuses)
    ]
    return order.with_request(accepted, [attrs.evolve(leg, revision=revision) for leg in legs])


def with_revision(order, key, lines, *statuses):
    """Return *order* with lines that were replaced."""
    request = RefundRequest(key=key, reason="other wishes", revision=lines)
    accepted = attrs.evolve(make_accepted(request), lines=(), revision=order.revision)
    legs = [
        make_refund(id=f"{key}-{number}", key=key, amount=eur("1.00"), status=status, lines=())
        for number, status in enumerate(statuses)
    ]
    return order.with_request(accepted, legs)


ONE_KEY = (make_line(id="keys", quantity=1, total=eur("20.00"), tax=None),)

TABLE = {
    "untouched": (an_order(), EVERYTHING),
    "planned": (with_return(an_order(), "a", {"keys": 1}, S.SUBMITTED), EVERYTHING),
    "pending": (with_return(an_order(), "a", {"keys": 1}, S.PENDING), EVERYTHING),
    "failed": (with_return(an_order(), "a", {"keys": 1}, S.FAILED), EVERYTHING),
    "one unit": (with_return(an_order(), "a", {"keys": 1}, S.SUCCEEDED), {"keys": 1, "book": 1}),
    "one line": (with_return(an_order(), "a", {"keys": 2}, S.SUCCEEDED), {"keys": 0, "book": 1}),
    "two legs": (
        with_return(an_order(), "a", {"keys": 1}, S.SUCCEEDED, S.SUCCEEDED),
        {"keys": 1, "book": 1},
    ),
    "one leg pending": (with_return(an_order(), "a", {"keys": 1}, S.SUCCEEDED, S.PENDING), EVERYTHING),
    "one leg failed": (with_return(an_order(), "a", {"keys": 1}, S.SUCCEEDED, S.FAILED), EVERYTHING),
    "two returns": (
        with_return(
            with_return(an_order(), "a", {"keys": 1}, S.SUCCEEDED), "b", {"keys": 1, "book": 1}, S.SUCCEEDED
        ),
        {"keys": 0, "book": 0},
    ),
    "no refund yet": (with_return(an_order(), "a", {"keys": 1}), EVERYTHING),
    "money without units": (with_return(an_order(), "a", {"keys": 0}, S.SUCCEEDED), EVERYTHING),
    "all money, no units": (
        with_return(an_order(), "a", {"keys": 0}, S.SUCCEEDED, amount="100.00"),
        {"keys": 0, "book": 0},
    ),
    "all money, pending": (
        with_return(an_order(), "a", {"keys": 0}, S.PENDING, amount="100.00"),
        EVERYTHING,
    ),
    "revised": (with_revision(an_order(), "a", ONE_KEY, S.SUCCEEDED), {"keys": 1, "book": 0}),
    "revised, pending": (with_revision(an_order(), "a", ONE_KEY, S.PENDING), EVERYTHING),
    "revised for the same": (with_revision(an_order(), "a", ONE_KEY), {"keys": 1, "book": 0}),
    "returned, then revised": (
        with_revision(with_return(an_order(), "a", {"keys": 1}, S.SUCCEEDED), "b", ONE_KEY, S.SUCCEEDED),
        {"keys": 1, "book": 0},
    ),
    "revised, then returned": (
        with_return(
            with_revision(an_order(), "a", ONE_KEY, S.SUCCEEDED), "b", {"keys": 1}, S.SUCCEEDED, revision=1
        ),
        {"keys": 0, "book": 0},
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_units_owed(name):
    """The quantity, less what refunds that succeeded took back."""
    order, owed = TABLE[name]
    assert units_owed(order) == owed


@pytest.mark.parametrize("name", TABLE)
def test_nothing_is_ever_taken_back(name):
    """Where the shop takes nothing back, the customer keeps what they have, and gets no more than they paid for."""
    order, owed = TABLE[name]
    assert units_owed(order, Revocation.NEVER) == owed
    (keys, book) = order.deliveries
    order = order.with_delivery(attrs.evolve(keys, handed_over=2)).with_delivery(book)
    assert units_owed(order, Revocation.NEVER) == {**owed, "keys": 2}


@pytest.mark.parametrize(
    ("quantities", "left"),
    [
        # Together the units of the line: the last are taken back first.
        ((1, 1, 1), (1, 1, 0)),
        ((2, 1), (2, 0)),
        # All units of the line each, as two files of one program.
        ((3, 3), (2, 2)),
        # One thing for all units: it stays until the last one is returned.
        ((1,), (1,)),
        # Packs of two.
        ((6,), (4,)),
        # Added later, as a replacement: it gives back nothing that was taken before.
        ((1, 1, 1, 1), (1, 1, 0, 1)),
        ((3, 1), (2, 1)),
        ((1, 2, 3), (1, 1, 2)),
    ],
)
def test_several_deliveries_of_one_line(quantities, left):
    """Of three units one is returned."""
    line = make_line(id="keys", quantity=3, total=eur("100.00"), tax=None)
    deliveries = tuple(a_delivery("keys", id=f"d{n}", quantity=units) for n, units in enumerate(quantities))
    order = an_order(lines=(line,), deliveries=deliveries)
    returned = with_return(order, "a", {"keys": 1}, S.SUCCEEDED)
    assert tuple(units_owed(returned).values()) == left
    gone = with_return(order, "a", {"keys": 3}, S.SUCCEEDED)
    assert set(units_owed(gone).values()) == {0}


@st.composite
def histories(draw):
    """Draw an order, and returns of units that it has, each with the statuses of its refunds."""
    units = draw(st.integers(1, 6))
    line = make_line(id="keys", quantity=units, total=eur("100.00"), tax=None)
    cuts = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    deliveries = tuple(a_delivery("keys", id=f"d{n}", quantity=quantity) for n, quantity in enumerate(cuts))
    order = an_order(lines=(line,), deliveries=deliveries)
    left = units
    for number in range(draw(st.integers(0, 3))):
        taken = draw(st.integers(0, left))
        left -= taken
        statuses = draw(st.lists(st.sampled_from([S.PENDING, S.SUCCEEDED, S.FAILED]), min_size=1, max_size=3))
        order = with_return(order, f"r{number}", {"keys": taken}, *statuses)
    return order


@given(histories())
def test_laws_of_units_owed(order):
    """Between nothing and the quantity; a refund that is not certain changes nothing, success only takes."""
    owed = units_owed(order)
    quantities = {delivery.id: delivery.quantity for delivery in order.deliveries}
    assert all(0 <= owed[name] <= quantities[name] for name in quantities)
    certain = [
        refund for refund in order.refunds if all(leg.status is S.SUCCEEDED for leg in order.legs(refund.key))
    ]
    keys = {refund.key for refund in certain}
    settled = attrs.evolve(
        order, requests=tuple(one for one in order.requests if one.key in keys), refunds=tuple(certain)
    )
    assert units_owed(settled) == owed
    failed = attrs.evolve(order, refunds=tuple(attrs.evolve(leg, status=S.FAILED) for leg in order.refunds))
    assert units_owed(failed) == quantities
    done = attrs.evolve(order, refunds=tuple(attrs.evolve(leg, status=S.SUCCEEDED) for leg in order.refunds))
    assert all(units_owed(done)[name] <= owed[name] for name in quantities)


NOTHING = {"keys": 0, "book": 0}
FREE = {
    **{name: owed for name, (_, owed) in TABLE.items()},
    "planned": {"keys": 1, "book": 1},
    "pending": {"keys": 1, "book": 1},
    "one leg pending": {"keys": 1, "book": 1},
    "all money, pending": NOTHING,
    "revised, pending": {"keys": 1, "book": 0},
}


@pytest.mark.parametrize("name", FREE)
def test_units_free(name):
    """What is owed, less what a refund that is under way may give back."""
    order, _ = TABLE[name]
    assert units_free(order) == FREE[name]


def test_a_revision_that_is_under_way_frees_nothing():
    """The return before it counts until it is done, and what it would add is not there yet."""
    three_keys = (make_line(id="keys", quantity=3, total=eur("40.00"), tax=None),)
    order = with_return(an_order(), "a", {"keys": 1}, S.SUCCEEDED)
    assert units_free(with_revision(order, "b", three_keys, S.PENDING)) == {"keys": 1, "book": 0}


@given(histories(), st.data())
def test_laws_of_units_free(order, data):
    """However the refunds that are under way end, what was handed over by then is not too much."""
    free = units_free(order)
    ends = [
        attrs.evolve(leg, status=data.draw(st.sampled_from([S.SUCCEEDED, S.FAILED])))
        if leg.status is S.PENDING
        else leg
        for leg in order.refunds
    ]
    owed = units_owed(attrs.evolve(order, refunds=tuple(ends)))
    assert all(0 <= free[name] <= owed[name] for name in owed)
    nothing_open = attrs.evolve(order, refunds=tuple(leg for leg in ends if leg.status is S.SUCCEEDED))
    assert units_free(nothing_open) == units_owed(nothing_open)
