"""What a refund comes to when the wire is faulty: one table, and the vendor's books beside it."""

from collections.abc import Iterator

import pytest

from refundkit.errors import GatewayError, GatewayUnavailableError, OutcomeUnknownError
from refundkit.gateways.base import RefundCall
from refundkit.model.refunds import RefundStatus
from refundkit.model.reports import RefundReport
from refundkit.money import Money
from tests.wire.faults import ENDLESS_BYTES, FAULTS, REDIRECTS, STATUSES
from tests.wire.shops import AMOUNT, BEFORE, VENDORS, Shop, Street, check_silent

NONE = Money.of(0, "EUR")

NOT_EXECUTED = frozenset({"not executed"})
UNKNOWN = frozenset({"unknown"})
DONE = frozenset({"done"})
# A reset may overtake the end of the handshake: then it is certain that not a byte was sent.
EITHER = NOT_EXECUTED | UNKNOWN

# The three gateways agree, whatever their clients are made of.
OUTCOMES = {
    "connection refused": NOT_EXECUTED,
    "kept connection closed": DONE,
    "accepted, then closed": UNKNOWN,
    "accepted, then reset": EITHER,
    "closed unsent": UNKNOWN,
    "closed executed": UNKNOWN,
    "reset unsent": UNKNOWN,
    "reset executed": UNKNOWN,
    "hang unsent": UNKNOWN,
    "hang executed": UNKNOWN,
    "head truncated": UNKNOWN,
    "body truncated": UNKNOWN,
    "byte by byte": UNKNOWN,
    "longer than told": UNKNOWN,
    "shorter than told": UNKNOWN,
    "last chunk missing": UNKNOWN,
    "wrongly packed": UNKNOWN,
    "endless": UNKNOWN,
    "no HTTP": UNKNOWN,
    "no JSON": UNKNOWN,
    "HTML with status 200": UNKNOWN,
    "a list": UNKNOWN,
    "another shape": UNKNOWN,
    "empty 200": UNKNOWN,
    "empty 204": UNKNOWN,
    **{f"{status} {when}": UNKNOWN for status in STATUSES for when in ("unsent", "executed")},
    **{f"redirect {status}": UNKNOWN for status in REDIRECTS},
    "credentials echoed": UNKNOWN,
    "answer of another": UNKNOWN,
    "asked twice": DONE,
    "answered twice": DONE,
}

# What the books may say after each: how much has moved.
MOVED = {
    "not executed": {NONE},
    "unknown": {NONE, AMOUNT},
    "declined": {NONE},
    "done": {AMOUNT},
}

# And what it says after a fault that is called so.
NAMED = {"unsent": {NONE}, "executed": {AMOUNT}}


def tried(shop: Shop, call: RefundCall) -> RefundReport | GatewayError:
    """Ask for a refund, whatever comes of it."""
    try:
        return shop.gateway.refund(call)
    except GatewayError as error:
        return error


def class_of(answer: RefundReport | GatewayError) -> str:
    """Say which of the four classes *answer* belongs to."""
    if isinstance(answer, RefundReport):
        return "declined" if answer.status is RefundStatus.FAILED else "done"
    return {GatewayUnavailableError: "not executed", OutcomeUnknownError: "unknown"}[type(answer)]


@pytest.fixture(name="shop", params=VENDORS)
def known(request: pytest.FixtureRequest, street: Street, fault: str) -> Iterator[Shop]:
    """Open a shop that has given something back already, so that there is a connection and a token."""
    with street.shop(request.param, FAULTS[fault]) as shop:
        shop.give_back(shop.call(BEFORE))
        yield shop


def test_the_table_is_complete() -> None:
    """No fault is without an outcome, and none is left over."""
    assert list(OUTCOMES) == list(FAULTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_has_its_class(shop: Shop, fault: str) -> None:
    """Law E4: "not executed" is said only where the books have nothing; E2: asking again gives back once."""
    call = shop.call(AMOUNT)
    shop.proxy.strike_once(FAULTS[fault], shop.vendor.is_refund)
    answer = tried(shop, call)
    assert shop.proxy.met == 1
    assert class_of(answer) in OUTCOMES[fault]
    moved = shop.returned - BEFORE
    assert moved in MOVED[class_of(answer)]
    assert moved in NAMED.get(fault.rpartition(" ")[2], {NONE, AMOUNT})
    check_silent(answer)

    shop.proxy.heal()
    shop.give_back(call)
    assert shop.returned - BEFORE == AMOUNT


@pytest.mark.parametrize("fault", [f"redirect {status}" for status in REDIRECTS])
def test_no_redirect_is_followed(shop: Shop, fault: str) -> None:
    """Neither the request nor a credential reaches another host, for refunds and looks alike."""
    shop.proxy.strike(FAULTS[fault])
    tried(shop, shop.call(AMOUNT))
    with pytest.raises(GatewayUnavailableError):
        shop.gateway.fetch((shop.payment,))
    assert shop.proxy.met >= 2
    assert shop.trap.asked == []


@pytest.mark.parametrize("fault", ["endless"])
def test_no_answer_is_read_without_end(shop: Shop, fault: str) -> None:
    """Law S3: a client hangs up long before; what was sent by then is mostly in the system's buffers."""
    shop.proxy.strike_once(FAULTS[fault], shop.vendor.is_refund)
    tried(shop, shop.call(AMOUNT))
    assert shop.proxy.sent < ENDLESS_BYTES // 2


@pytest.mark.parametrize("fault", ["answer of another"])
def test_an_answer_about_another_refund_is_no_proof(shop: Shop, fault: str) -> None:
    """A refund of the same amount, whose answer was mixed up with another's, is not taken for done."""
    shop.proxy.strike_once(FAULTS[fault], shop.vendor.is_refund)
    answer = tried(shop, shop.call(BEFORE))
    assert class_of(answer) == "unknown"
    assert "another refund" in str(answer) or "APIConnectionError" in str(answer)
