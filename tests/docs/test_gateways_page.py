"""docs/reference/gateways.md says what the built-in gateways can do: its tables are compared with the code."""

import inspect
import re
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from refundkit import Capabilities, Gateway, ManualGateway, Money, Payment
from refundkit.builtin import refundkit_gateways
from refundkit.gateways.paypal import PayPalGateway
from refundkit.gateways.shopify import ShopifyGateway
from refundkit.gateways.stripe import StripeGateway

TEXT = (Path(__file__).parents[2] / "docs/reference/gateways.md").read_text(encoding="utf-8")
FIELDS = [field.name for field in attrs.fields(Capabilities)]

GATEWAYS = {
    "stripe": StripeGateway(api_key="sk_test_1"),
    "paypal": PayPalGateway(client_id="A", client_secret="E", live=False),
    "shopify": ShopifyGateway(shop="example.myshopify.com", token="shpat_TheTokenOfThePage", test=True),
    "manual": ManualGateway(),
}


def table(header: str) -> dict[str, dict[str, str]]:
    """Return the table whose first column is *header*: the rows by their first cell, the cells by their column."""
    lines = TEXT.splitlines()
    (start,) = [number for number, line in enumerate(lines) if line.startswith(f"| {header} |")]
    names = cells(lines[start])
    rows = [cells(line) for line in lines[start + 2 :]]
    length = next(number for number, row in enumerate(rows) if not row)
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows[:length]}


def cells(line: str) -> list[str]:
    """Take a line of a table apart, without code marks and links."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line.replace("`", ""))
    return [cell.strip() for cell in plain.strip("|").split("|")] if line.startswith("|") else []


def shown(value: object) -> str:
    """Write the value of a capability as the page does."""
    if isinstance(value, frozenset):
        return str(len(value))
    return "for ever" if value == timedelta.max else str(value)


def can(kind: str, group: str | None = "the order") -> Capabilities:
    """Return what a gateway can do with a payment of its own."""
    paid = Payment(id="p", gateway=kind, reference="r", captured=Money.of(1, "EUR"), group=group)
    return GATEWAYS[kind].capabilities(paid)


def answers_itself(kind: str, method: str) -> bool:
    """Say whether a gateway has a *method* of its own, instead of that of its base, which refuses."""
    return getattr(type(GATEWAYS[kind]), method) is not getattr(Gateway, method)


def test_every_gateway_is_listed() -> None:
    """The built-in gateways, each by its kind and its class, and in every table."""
    classes = {kind: row["class"] for kind, row in table("kind").items()}
    assert classes == {one.kind: f"{_module(one)}.{one.__name__}" for one in refundkit_gateways()}
    assert list(classes) == list(GATEWAYS)
    for header in ("capability", "call"):
        assert [name for row in table(header).values() for name in row][1:5] == list(GATEWAYS)
    for header in ("gateway", "account at"):
        assert list(table(header)) == list(GATEWAYS)


def _module(gateway: type[Gateway]) -> str:
    return gateway.__module__.removesuffix(".gateway")


@pytest.mark.parametrize("kind", GATEWAYS)
def test_every_capability_is_true(kind: str) -> None:
    """Each field of Capabilities has a row, in its order, and each gateway its value."""
    rows = table("capability")
    told = {name: row[kind].removesuffix(" *") for name, row in rows.items()}
    real = {name: shown(getattr(can(kind), name)) for name in FIELDS}
    assert told == {**real, "currencies": real["currencies"].replace("None", "all")}
    assert list(rows) == FIELDS


def test_the_footnote_is_true() -> None:
    """A starred cell is another one for a payment without its group; no other cell is."""
    starred = {(kind, name) for name, row in table("capability").items() for kind in row if "*" in row[kind]}
    differing = {
        (kind, name)
        for kind in GATEWAYS
        for name in FIELDS
        if getattr(can(kind), name) != getattr(can(kind, group=None), name)
    }
    assert starred == differing == {("paypal", "knows_absence")}
    assert can("paypal", group=None).knows_absence is False


@pytest.mark.parametrize("kind", GATEWAYS)
def test_what_a_gateway_can_be_asked_is_true(kind: str) -> None:
    """Webhooks and imports by whether it overrides the base; a person's word by its capability."""
    told = {call: row[kind] for call, row in table("call").items()}
    asked = {
        "desk.refund(), desk.refresh()": True,
        "desk.receive()": answers_itself(kind, "parse_webhook"),
        "desk.import_order()": answers_itself(kind, "import_order"),
        "desk.confirm()": can(kind).by_person,
    }
    assert told == {call: "yes" if answered else "no" for call, answered in asked.items()}


def test_the_extras_are_those_of_the_project() -> None:
    """What is to be installed for a gateway is an extra that there is."""
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    extras = re.findall(r"refundkit\[(\w+)\]", " ".join(row["install"] for row in table("kind").values()))
    assert extras == ["stripe", "paypal", "shopify"]
    assert all(re.search(rf"^{extra} = \[", project, re.MULTILINE) for extra in extras)


def test_each_of_these_gateways_is_for_test_orders() -> None:
    """As the table says of its options; money in hand knows no difference."""
    assert {kind: gateway.test for kind, gateway in GATEWAYS.items()} == {
        "stripe": True,
        "paypal": True,
        "shopify": True,
        "manual": None,
    }


def test_the_options_of_manual_refunds_are_documented() -> None:
    """Name and default of each; the other gateways' stand on their own pages."""
    parameters = inspect.signature(ManualGateway).parameters.values()
    told = {name: row["default"] for name, row in table("option").items()}
    assert told == {
        one.name: str(one.default.value) if one.name == "settles" else repr(one.default) for one in parameters
    }
