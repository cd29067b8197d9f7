"""What a look at a payment comes to when the wire is faulty: the truth, or that it is not known."""

import pytest

from refundkit.errors import GatewayUnavailableError
from refundkit.model.reports import PaymentReport
from tests.wire.faults import FAULTS
from tests.wire.shops import AMOUNT, MOST_TRIES, VENDORS, Shop, Street, check_silent

# After these a look has an answer all the same, and it is the right one.
HARMLESS = {"kept connection closed", "asked twice", "answered twice"}
# Shopify has one question: the answer that it gave before is an answer to the next one, too.
MAYBE = {("answer of another", "shopify")}


def looked(shop: Shop) -> tuple[PaymentReport, ...] | GatewayUnavailableError:
    """Fetch the payment; anything but an answer and "could not be asked" is an error of the test."""
    try:
        return shop.gateway.fetch((shop.payment,))
    except GatewayUnavailableError as error:
        return error


def healthy(shop: Shop) -> tuple[PaymentReport, ...]:
    """Look until there is an answer."""
    shop.proxy.heal()
    answers = (looked(shop) for _ in range(MOST_TRIES))
    return next(answer for answer in answers if isinstance(answer, tuple))


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_look_tells_the_truth_or_nothing(street: Street, vendor: str, fault: str) -> None:
    """Law T2: wherever a fault strikes, no refund and no dispute is taken for absent; and the call returns."""
    with street.shop(vendor, FAULTS[fault]) as shop:
        shop.give_back(shop.call(AMOUNT))
        truth = healthy(shop)
        # Where a fault takes time, the last look of all is enough.
        looks = shop.vendor.looks[-1:] if FAULTS[fault].waits else shop.vendor.looks
        for number, look in enumerate(looks, 1):
            shop.proxy.strike_once(FAULTS[fault], look)
            answer = looked(shop)
            assert shop.proxy.met == number
            assert answer == truth or (fault not in HARMLESS and isinstance(answer, GatewayUnavailableError))
            is_told = fault in HARMLESS or (fault, vendor) in MAYBE
            assert is_told or isinstance(answer, GatewayUnavailableError)
            check_silent(answer)
            assert healthy(shop) == truth


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_good_connection_is_kept(street: Street, vendor: str) -> None:
    """Reading answers part by part leaves the connection as good as reading them at once."""
    with street.shop(vendor, FAULTS["asked twice"]) as shop:
        shop.give_back(shop.call(AMOUNT))
        healthy(shop)
        assert shop.proxy.accepted == 1
