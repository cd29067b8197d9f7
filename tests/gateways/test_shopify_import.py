"""Orders of Shopify's become Orders: lines, shipping, tenders, taxes and discounts, exactly."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from refundkit.errors import GatewayUnavailableError, InvalidValueError
from refundkit.gateways.shopify.importing import OTHER_CHARGES
from refundkit.gateways.shopify.reader import MOST_PAGES
from refundkit.model.lines import LineKind
from refundkit.model.orders import Order
from refundkit.model.payments import PaymentStatus
from refundkit.money import Money
from refundkit.testing.sandbox.shopify import ShopifySandbox
from tests.gateways import wire
from tests.gateways.shopify_cases import ORDER, gateway, gateway_to, money, sale

ROUTE = "POST /admin/api/2026-10/graphql.json"
MUGS = {"name": "Mug, blue", "sku": "MUG-1", "quantity": 3, "price": "20.00"}


@pytest.fixture(name="shopify")
def sandbox() -> Iterator[ShopifySandbox]:
    """Run a shop."""
    with ShopifySandbox() as running:
        yield running


def imported(shopify: ShopifySandbox, *amounts: Any, **options: Any) -> Order:
    """Place an order and import it."""
    return gateway_to(shopify).import_order(shopify.place_order(*amounts, **options))


def test_everything_about_an_order(shopify: ShopifySandbox) -> None:
    """Who, what, when, how much, and by what it was paid."""
    shipping = {"title": "Express", "price": "5.00", "tax": "0.80", "rate": "19"}
    order = imported(
        shopify, "45.00", ("gift_card", "20.00"), lines=[MUGS], shipping=[shipping], email="jo@example.com"
    )
    assert order.id.startswith("gid://shopify/Order/")
    assert order.metadata["name"] == f"#{order.id.rpartition('/')[2]}"
    assert (order.currency, order.customer.email, order.test) == ("USD", "jo@example.com", False)
    mugs, sent = order.lines
    assert (mugs.name, mugs.sku, mugs.quantity, mugs.kind) == ("Mug, blue", "MUG-1", 3, LineKind.ITEM)
    assert (mugs.total, mugs.unit_price) == (Money.of("60.00", "USD"), Money.of("20.00", "USD"))
    assert (mugs.tax, mugs.tax_rate, mugs.discount) == (Money.of(0, "USD"), None, None)
    assert (sent.name, sent.kind, sent.total) == ("Express", LineKind.SHIPPING, Money.of("5.00", "USD"))
    assert (sent.tax, sent.tax_rate) == (Money.of("0.80", "USD"), Decimal(19))
    card, gift = order.payments
    assert (card.method, card.captured, card.group) == (
        "shopify_payments",
        Money.of("45.00", "USD"),
        order.id,
    )
    assert (gift.method, gift.captured) == ("gift_card", Money.of("20.00", "USD"))
    assert order.total == order.captured == Money.of("65.00", "USD")
    assert order.placed_at is not None


def test_the_payments_carry_the_gateways_own_name(shopify: ShopifySandbox) -> None:
    """Two shops are two gateways."""
    order_id = shopify.place_order("50.00")
    order = gateway_to(shopify, name="shopify-uk").import_order(order_id)
    assert order.payments[0].gateway == "shopify-uk"


@pytest.mark.parametrize(("included", "total"), [(True, "50.00"), (False, "59.50")])
def test_a_total_has_its_tax_in_it(shopify: ShopifySandbox, included: bool, total: str) -> None:  # noqa: FBT001
    """Whether Shopify's prices have it or not; discounts are taken off before."""
    line = {**MUGS, "discount": "10.00", "tax": "9.50", "rate": "19"}
    order = imported(shopify, total, lines=[line], taxes_included=included)
    (mugs,) = order.lines
    assert (mugs.total, mugs.tax) == (Money.of(total, "USD"), Money.of("9.50", "USD"))
    assert (mugs.discount, mugs.tax_rate) == (Money.of("10.00", "USD"), Decimal(19))


def test_what_belongs_to_no_line_is_a_line_of_its_own(shopify: ShopifySandbox) -> None:
    """Duties, tips and rounding are part of the price."""
    order = imported(shopify, "67.50", lines=[MUGS], total="67.50")
    assert [(line.id, line.kind, str(line.total)) for line in order.lines[1:]] == [
        (OTHER_CHARGES, LineKind.FEE, "7.50 USD")
    ]


def test_an_order_that_costs_less_than_its_lines_is_not_imported(shopify: ShopifySandbox) -> None:
    """It was edited; what the customer owes now, nobody can tell from the lines."""
    with pytest.raises(InvalidValueError, match=r"cost 60\.00 USD, the order 40\.00 USD: it was edited"):
        imported(shopify, "40.00", lines=[MUGS], total="40.00")


def test_many_lines_come_in_pages(shopify: ShopifySandbox) -> None:
    """Fifty at a time, all of them, each once, in order."""
    lines = [{"name": f"Mug {number}", "price": "1.00"} for number in range(120)]
    order = imported(shopify, "120.00", lines=lines)
    assert [line.name for line in order.lines] == [f"Mug {number}" for number in range(120)]
    assert sum("lineItems" in one.json()["query"] for one in shopify.requests) == 3


def test_a_line_that_was_removed_is_none(shopify: ShopifySandbox) -> None:
    """Nothing of it was bought."""
    order = imported(shopify, "60.00", lines=[MUGS, {**MUGS, "quantity": 0}])
    assert len(order.lines) == 1


@pytest.mark.parametrize(
    ("kind", "status", "taken"),
    [
        ("CAPTURE", "SUCCESS", PaymentStatus.CAPTURED),
        ("CAPTURE", "PENDING", PaymentStatus.PENDING),
        ("SALE", "AWAITING_RESPONSE", PaymentStatus.PENDING),
        ("SALE", "FAILURE", None),
        ("SALE", "ERROR", None),
        ("AUTHORIZATION", "SUCCESS", None),
        ("VOID", "SUCCESS", None),
        ("REFUND", "SUCCESS", None),
    ],
)
def test_sales_and_captures_are_payments(
    shopify: ShopifySandbox, kind: str, status: str, taken: PaymentStatus | None
) -> None:
    """One payment for each that took money or still may; nothing else is one (law C5)."""
    order_id = shopify.place_order("50.00")
    shopify.add_transaction(order_id, kind, "10.00", status=status)
    statuses = [one.status for one in gateway_to(shopify).import_order(order_id).payments[1:]]
    assert statuses == ([taken] if taken else [])


def test_the_currency_is_the_customers(shopify: ShopifySandbox) -> None:
    """The shop's own is kept beside it, because a refund has to name the other one."""
    order = imported(shopify, "5000", currency="JPY", shop_currency="CAD")
    assert (order.currency, order.total) == ("JPY", Money.of(5000, "JPY"))
    assert order.payments[0].details == {"shop_currency": "CAD"}


def test_a_test_order_is_one_here_too(shopify: ShopifySandbox) -> None:
    """It must never meet live credentials (law S7)."""
    assert imported(shopify, "50.00", test=True).test is True


@pytest.mark.parametrize("email", [None, "", " "])
def test_an_order_may_have_no_address(shopify: ShopifySandbox, email: Any) -> None:
    """Not every order has one."""
    assert imported(shopify, "50.00", email=email).customer is None


@pytest.mark.parametrize("reference", ["1", "gid://shopify/Order/", "gid://shopify/Refund/1", "", "gid://x"])
def test_only_an_orders_id_is_asked_for(shopify: ShopifySandbox, reference: str) -> None:
    """Anything else is refused before it is sent (law S5)."""
    with pytest.raises(InvalidValueError, match="no id of a Shopify order"):
        gateway_to(shopify).import_order(reference)
    assert shopify.requests == []


def test_an_order_that_does_not_exist_is_not_imported(shopify: ShopifySandbox) -> None:
    """Or one that the app may not see."""
    with pytest.raises(GatewayUnavailableError, match="read_all_orders"):
        gateway_to(shopify).import_order("gid://shopify/Order/9")


# What cannot be read.


def head(**more: Any) -> dict[str, Any]:
    """Make the answer to the first query."""
    order = {
        "id": ORDER,
        "name": "#1",
        "createdAt": "2026-11-01T12:00:00Z",
        "currencyCode": "USD",
        "presentmentCurrencyCode": "USD",
        "taxesIncluded": True,
        "totalPriceSet": money("50.0"),
        "transactions": [sale()],
        "shippingLines": {"nodes": [], "pageInfo": {"hasNextPage": False}},
        **more,
    }
    return {"data": {"order": order}}


def page(*items: dict[str, Any], has_next: bool = False, cursor: Any = "c") -> dict[str, Any]:
    """Make the answer to a query for lines."""
    info = {"hasNextPage": has_next, "endCursor": cursor}
    return {"data": {"order": {"id": ORDER, "lineItems": {"nodes": list(items), "pageInfo": info}}}}


def item(**more: Any) -> dict[str, Any]:
    """Make a line item."""
    known = {"id": "gid://shopify/LineItem/1", "name": "Mug", "sku": "", "quantity": 1}
    sums = {"originalUnitPriceSet": money("50"), "originalTotalSet": money("50")}
    return {**known, **sums, "discountAllocations": [], "taxLines": [], **more}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (head(presentmentCurrencyCode=None), page(item())),
        (head(totalPriceSet=None), page(item())),
        (head(transactions=None), page(item())),
        (head(shippingLines={"nodes": [], "pageInfo": {"hasNextPage": True}}), page(item())),
        (head(shippingLines=None), page(item())),
        (head(), page(item(quantity="1"))),
        (head(), page(item(quantity=True))),
        (head(), page(item(taxLines=None))),
        (head(), page(item(originalTotalSet=money("x")))),
        (head(), page(item(), has_next=True, cursor=None)),
        (head(), page(item(), has_next=True)),
        (head(), {"data": {"order": None}}),
        (head(), wire.Reply(b"", 500)),
    ],
)
def test_an_order_that_cannot_be_read_is_not_imported(first: Any, second: Any) -> None:
    """Nothing is guessed about what was bought."""
    with wire.running() as script:
        script.on(ROUTE, first, second)
        with pytest.raises((GatewayUnavailableError, InvalidValueError)):
            gateway(base_url=script.url).import_order(ORDER)
        assert len(script.asked) <= MOST_PAGES + 1


@pytest.mark.parametrize(
    ("rates", "rate"),
    [
        (["8.875"], Decimal("8.875")),
        (["5.0", "9.975"], Decimal("14.975")),
        (["5.0", None], None),
        ([None], None),
        (["1001"], None),
        ([], None),
    ],
)
def test_the_rates_of_a_lines_taxes_add_up(rates: list[str | None], rate: Decimal | None) -> None:
    """Exactly as they were written, or not at all."""
    taxes = b",".join(
        b'{"ratePercentage": %s, "priceSet": {"presentmentMoney": {"amount": "1", "currencyCode": "USD"}}}'
        % (b"null" if one is None else one.encode())
        for one in rates
    )
    lines = wire.Reply(json_of(page(item(taxLines="TAXES"))).replace(b'"TAXES"', b"[" + taxes + b"]"))
    with wire.running() as script:
        script.on(ROUTE, head(), lines)
        order = gateway(base_url=script.url).import_order(ORDER)
    assert order.lines[0].tax_rate == rate


def json_of(value: Any) -> bytes:
    """Write *value* as the wire would."""
    return wire.Reply(value).raw
